"""The rows of `benchmarks.compare`: started once for each state in each round, with that state's packages on the path.

Standing alone on purpose, since both states run this very file: it imports lustre_wire's public names and nothing else
of the project. The arguments are the folder of the fixtures and the folder that lustre_wire must come from. It prints
the rows' names as a JSON list; then, for each name read from standard input, seconds of processor time an item, or null
where this state has no such thing.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import lustre_wire as lw
from lustre_wire import bulk
from lustre_wire.capture import read_messages
from lustre_wire.cli.decode import command as decode
from lustre_wire.cli.main import cli
from lustre_wire.engines import record
from lustre_wire.text import brief

try:
    from lustre_wire.jsontext import json_text, json_text_of
except ImportError:  # a state before there was any: what the command did

    def json_text(message: Any) -> str:
        return json.dumps(lw.to_json(message), separators=(",", ":"))

    def json_text_of(data: bytes, dialect: Any, *, request: Any = None) -> str:
        return json_text(lw.decode(data, dialect, request=request))


Call = Callable[[], Any]
#: (items of one call, the call)
Work = tuple[int, Call]
#: From a message's bytes and its dialect
Maker = Callable[[bytes, Any], Call]
ROWS = 4096
#: Of one series; a series shorter than this is repeated within one measurement.
SECONDS, SERIES = 0.004, 5

MAKERS: dict[str, Callable[[], Work]] = {}


def row(name: str, make: Callable[[], Work]) -> None:
    """A row whose inputs are made when its turn comes."""
    MAKERS[name] = make


def measured(work: Callable[[], Any]) -> float:
    """Seconds of processor time of one call, the best series: what else the machine does only makes one slower."""
    work()
    calls, best = 1, float("inf")
    series = 0
    while series < SERIES:
        begun = time.process_time()
        for _ in range(calls):
            work()
        taken = time.process_time() - begun
        if taken < SECONDS:
            calls *= 2
            continue
        best, series = min(best, taken / calls), series + 1
    return best


def noise(size: int) -> bytes:
    """Bytes without a pattern, the same in both states."""
    return Random(7).randbytes(size)


class Recorded:
    """The recorded messages of the fixtures."""

    def __init__(self, fixtures: Path) -> None:
        lines = (line for file in sorted((fixtures / "golden").glob("*.jsonl")) for line in file.open(encoding="utf-8"))
        found = (json.loads(line) for line in lines)
        self.rows = [r for r in found if r.get("msg_format", "") in ("lustre_msg_v1", "lustre_msg_v2")]

    def named(self, name: str, dialect: str = "2.0") -> bytes:
        """The newest recording of a name."""
        return bytes.fromhex([r["hex"] for r in self.rows if (r["id"], r["dialect"]) == (name, dialect)][-1])

    def all(self, dialect: str, **wanted: Any) -> list[bytes]:
        """Those of a dialect whose members are as wanted."""
        rows = (r for r in self.rows if r["dialect"] == dialect and all(r[k] == v for k, v in wanted.items()))
        return [bytes.fromhex(r["hex"]) for r in rows]

    def longest(self, opcode: int, direction: str, dialect: str = "2.0") -> bytes:
        """The longest little-endian message of an operation."""
        return max(self.all(dialect, opc=opcode, direction=direction, endian="little"), key=len)


def single(recorded: Recorded) -> None:
    """One message or struct at a time."""
    for dialect, name, order in (
        ("2.0", "mdt_body", "little"), ("2.0", "mdt_body", "big"), ("2.0", "mdt_rec_create", "little"),
        ("2.0", "ptlrpc_body", "little"), ("2.0", "ldlm_request", "little"), ("1.8", "mds_body", "little"),
    ):  # fmt: skip
        row(f"decode {name}, {order}", partial(struct, dialect, name, order, decode=True))
        row(f"encode {name}, {order}", partial(struct, dialect, name, order, decode=False))
    for name, title in (("getattr-d20", "getattr request"), ("intent-open-d20-append-sync", "open request")):
        for what, make in (("decode", decoding), ("encode", encoding), ("to_json", to_json), ("from_json", from_json)):
            row(f"{what} {title}", partial(one, make, recorded, name))
    row("decode every recorded request", partial(mix, recorded, decoding))
    row("encode every recorded request", partial(mix, recorded, encoding))
    row("translate an open", partial(translating, recorded))


def struct(dialect: str, name: str, order: Any, *, decode: bool) -> Work:
    cls = lw.dialect(dialect).structs[name]
    data = noise(cls.__wire__.size)
    value = record.unpack(cls, data, byteorder=order)
    reading, writing = partial(record.unpack, cls, data), partial(record.pack, value)
    return 1, partial(reading if decode else writing, byteorder=order)


def decoding(data: bytes, dialect: Any) -> Call:
    return lambda: lw.decode(data, dialect)


def encoding(data: bytes, dialect: Any) -> Call:
    message = lw.decode(data, dialect)
    return lambda: lw.encode(message)


def to_json(data: bytes, dialect: Any) -> Call:
    message = lw.decode(data, dialect)
    return lambda: lw.to_json(message)


def from_json(data: bytes, dialect: Any) -> Call:
    form = lw.to_json(lw.decode(data, dialect))
    return lambda: lw.from_json(form)


def one(make: Maker, recorded: Recorded, name: str) -> Work:
    return 1, make(recorded.named(name), lw.dialect("2.0"))


def mix(recorded: Recorded, make: Maker) -> Work:
    """All requests of both recorded dialects, one after the other."""
    works = [make(data, lw.dialect(d)) for d in ("1.8", "2.0") for data in recorded.all(d, direction="request")]
    return len(works), lambda: [work() for work in works]


def translating(recorded: Recorded) -> Work:
    session = lw.Session()
    session.identify(inode=10597059, generation=286397204, fid=(0x200000400, 0x21, 0))
    target, message = lw.dialect("2.0"), lw.decode(recorded.named("intent-open-d18-openlock", "1.8"), lw.dialect("1.8"))
    return 1, lambda: lw.translate(message, target, session=session)


def told(capture: Path) -> None:
    """Messages as text: one by one, and the command on a capture, its output dropped."""
    found = [c for c in read_messages(io.BytesIO(capture.read_bytes())) if c.is_rpc and c.certain is not None]
    asked = [c.request.format if c.request is not None else None for c in found]
    dialects: list[Any] = [c.certain for c in found]
    inputs = list(zip([c.raw for c in found], dialects, asked, strict=True))
    decoded = [lw.decode(data, dialect, request=request) for data, dialect, request in inputs]
    count = len(found)
    row("JSON text of a message", lambda: (count, lambda: [json_text(m) for m in decoded]))
    row("JSON text from bytes", lambda: (count, lambda: [json_text_of(d, at, request=by) for d, at, by in inputs]))
    row("line of a message", lambda: (count, lambda: [brief(m) for m in decoded]))
    numbers = ["--numbers"] if any(p.name == "numbers" for p in decode.params) else []  # as before JSON had names
    row("file to JSON", lambda: (count, partial(command, "decode", "--json", *numbers, str(capture))))
    row("file to lines", lambda: (count, partial(command, "decode", str(capture))))


def command(*words: str) -> None:
    """A command in this process."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.suppress(SystemExit):
        cli.main(list(words))


def many(recorded: Recorded) -> None:
    """Rows and streams."""
    for order in ("little", "big"):
        row(f"bulk unpack, {order}", partial(unpacking, order=order))
        row(f"bulk pack, {order}", partial(packing, order))
    row("bulk unpack, three fields", partial(unpacking, fields=("fid1.f_seq", "valid", "size")))
    row("bulk unpack, one row", partial(unpacking, rows=1))
    row("bulk unpack, new columns", partial(unpacking, new=True))
    row("bulk pack_messages", messages)
    replies = recorded.longest(33, "reply") * ROWS
    mixed = b"".join(data for data in recorded.all("2.0") if len(data) % 8 == 0) * 10
    for title, stream in (("getattr replies", replies), ("every recorded message", mixed)):
        row(f"bulk index, {title}", partial(indexing, stream))
        row(f"bulk swab in place, {title}", partial(swabbing, stream))
        row(f"bulk swab into out, {title}", partial(swabbing, stream, bytearray(stream)))
    row("bulk translate, known opens", translating_many)
    row("bulk translate, a new translator", partial(translating_many, new=True))


def unpacking(rows: int = ROWS, fields: Any = None, order: Any = "little", *, new: bool = False) -> Work:
    cls = lw.dialect("2.0").structs["mdt_body"]
    data = noise(cls.__wire__.size * rows)
    columns = bulk.unpack(cls, data, None, fields, order)
    return rows, lambda: bulk.unpack(cls, data, None, fields, order, None if new else columns)


def packing(order: Any) -> Work:
    cls = lw.dialect("2.0").structs["mdt_body"]
    data = noise(cls.__wire__.size * ROWS)
    columns, out = bulk.unpack(cls, data, byteorder=order), bytearray(len(data))
    return ROWS, lambda: bulk.pack(cls, columns, out, order)


def opens(count: int) -> bytes:
    columns: dict[str, Any] = {
        "pb_last_xid": list(range(count)), "rec.cr_fid.id": [100_000 + i % 64 for i in range(count)],
        "rec.cr_fid.generation": 77, "rec.cr_time": list(range(count)), "rec.cr_flags": 3, "rec.cr_opcode": 6,
    }  # fmt: skip
    names = [b"file-%d.dat" % (i * 7919) for i in range(count)]
    return bytes(bulk.pack_messages("LDLM_ENQUEUE/INTENT_OPEN", columns, names, dialect="1.8"))


def messages() -> Work:
    bodies = bulk.unpack(lw.dialect("2.0").structs["mdt_body"], noise(216 * ROWS))
    columns = {f"mdt_body.{name}": column for name, column in bodies.items()}
    names = bulk.Strings.of([b"file-%d" % i for i in range(ROWS)])
    out = bytearray(bulk.pack_messages("MDS_GETATTR_NAME", columns, names, dialect="2.0"))
    return ROWS, lambda: bulk.pack_messages("MDS_GETATTR_NAME", columns, names, dialect="2.0", out=out)


def indexing(stream: bytes) -> Work:
    index = bulk.index(stream, "2.0")
    return index.rows, lambda: bulk.index(stream, "2.0", out=index)


def swabbing(stream: bytes, out: Any = None) -> Work:
    data = bytearray(stream)
    return bulk.index(data, "2.0").rows, lambda: bulk.swab(data, "2.0", out)


def translating_many(*, new: bool = False) -> Work:
    stream = opens(ROWS)
    known = bulk.Translator("1.8", "2.0")
    out = bytearray(known.run(stream).data)
    if new:
        return ROWS, lambda: bulk.Translator("1.8", "2.0").run(stream, out=out)
    return ROWS, lambda: known.run(stream, out=out)


def main() -> None:
    """Entry point of the script."""
    fixtures, state = Path(sys.argv[1]), Path(sys.argv[2])
    if not Path(lw.__file__).is_relative_to(state):
        raise SystemExit(f"lustre_wire is {lw.__file__}, not the one of {state}")
    recorded = Recorded(fixtures)
    single(recorded)
    many(recorded)
    told(fixtures / "captures" / "05-namespace.pcap")
    print(json.dumps(list(MAKERS)), flush=True)
    for line in sys.stdin:
        name = line.rstrip("\n")
        try:
            items, work = MAKERS[name]()
        except (AttributeError, ImportError, lw.WireError) as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            print("null", flush=True)
            continue
        print(json.dumps(measured(work) / items), flush=True)


if __name__ == "__main__":
    main()
