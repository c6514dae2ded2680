"""Conformance vectors: messages with their decoded form, and messages that must be refused, for any implementation.

A vector is one JSON object on a line:

====================  ==================================================================================
``id``                unique name
``dialect``           "1.8" or "2.0"
``direction``         "request" or "reply"
``format``            RPC format name, for a reply that of the request it answers; null where none applies
``source``            "recorded" (from Lustre's own code) or "derived" (made from the declarations)
``hex``               the whole message
``decoded``           its JSON form as `lustre_wire.to_json` gives it, without what it shows as "inside" of opaque
                      bytes; absent where it must be refused
``must_fail``         why a receiver refuses it; absent otherwise
====================  ==================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lustre_wire.capture.inputs import json_of
from lustre_wire.capture.outputs import write_whole
from lustre_wire.dialects import Dialect, all_dialects
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.jsonform import to_json
from lustre_wire.rpc import REPLY, REQUEST, Message, decode, encode
from lustre_wire.schema.struct import spec_of
from lustre_wire.testing.sampling import sample

RECORDED, DERIVED = "recorded", "derived"
_NEEDED = ("id", "dialect", "direction", "hex")
#: Hypothesis draws the simplest message first; a later one says more.
_DRAWN = 4


@dataclass(frozen=True)
class Vector:
    """One vector; see the module's table."""

    id: str
    dialect: str
    direction: str
    format: str | None
    source: str
    data: bytes
    decoded: dict[str, Any] | None
    must_fail: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        out: dict[str, Any] = {
            "id": self.id, "dialect": self.dialect, "direction": self.direction, "format": self.format,
            "source": self.source, "hex": self.data.hex(),
        }  # fmt: skip
        return {**out, "must_fail": self.must_fail} if self.must_fail else {**out, "decoded": self.decoded}

    @classmethod
    def from_json(cls, obj: Any) -> Vector:
        """The vector that `to_json` described.

        Raises:
            WireError: something is missing or of the wrong kind.
        """
        if not isinstance(obj, dict) or not all(isinstance(obj.get(k), str) for k in _NEEDED):
            raise WireError("expected a vector with id, dialect, direction and hex")
        try:
            data = bytes.fromhex(obj["hex"])
        except ValueError as error:
            raise WireError(f"{error}", path=f"{obj['id']}.hex") from None
        return cls(
            obj["id"], obj["dialect"], obj["direction"], obj.get("format"), obj.get("source", ""), data,
            obj.get("decoded"), obj.get("must_fail", ""),
        )  # fmt: skip


def read_vectors(path: Path) -> list[Vector]:
    """The vectors of a JSON-lines file, or of every ``*.jsonl`` file of a folder in the order of their names.

    Raises:
        WireError: a line that is no vector; two vectors with one id.
        OSError: a file cannot be read.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    found = [Vector.from_json(json_of(line, f"line {n} of {file.name}")) for file in files for n, line in _lines(file)]
    seen: set[str] = set()
    for vector in found:
        if vector.id in seen:
            raise WireError(f"two vectors are called {vector.id!r}")
        seen.add(vector.id)
    return found


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    yield from ((n, line) for n, line in enumerate(file.read_bytes().split(b"\n"), 1) if line.strip())


def write_vectors(vectors: Iterable[Vector], path: Path) -> None:
    """Write a JSON-lines file.

    Raises:
        WireError: it is a link, or no file.
        OSError: the file cannot be written.
    """
    lines = (json.dumps(v.to_json(), separators=(",", ":")) + "\n" for v in vectors)
    write_whole(path, "".join(lines).encode())


def of_message(name: str, message: Message, source: str) -> Vector:
    """A vector that says how a message decodes."""
    form = message.format.key if message.format is not None else None
    data = encode(message)
    return Vector(name, message.dialect.name, message.direction, form, source, data, shape_of(to_json(message)), "")


def shape_of(told: dict[str, Any]) -> dict[str, Any]:
    """A message's JSON form without what it shows as "inside" of opaque bytes, which no implementation has to know."""
    buffers = [{k: v for k, v in buffer.items() if k != "inside"} for buffer in told["buffers"]]
    return {**told, "buffers": buffers}


def derived() -> Iterator[Vector]:
    """Vectors made from the declarations: every format in use, both directions and byte orders; lengths at their
    bounds; each thing a receiver refuses."""
    for dialect in all_dialects():
        for form in dialect.formats:
            if form.status:
                continue
            for direction in (REQUEST, REPLY):
                for order in ("little", "big"):
                    drawn = sample(dialect, _DRAWN, name=form.key, direction=direction, order=order, seed=form.opcode)
                    message = max(drawn, key=lambda m: sum(map(bool, encode(m))))
                    name = f"{dialect.name}/{form.key}/{direction}/{order}"
                    yield of_message(name, message, DERIVED)
        yield from _bounds(dialect)
        yield from _refused(dialect)


def _ping(dialect: Dialect) -> Message:
    return sample(dialect, 1, name="OBD_PING", direction=REQUEST, order="little")[0]


def _bounds(dialect: Dialect) -> Iterator[Vector]:
    """Messages at the edges of what a receiver accepts: bodies of other sizes, a tail, empty buffers."""
    message = _ping(dialect)
    data = encode(message)
    first = data[lustre_msg.split(data).offsets[0] :]
    whole = spec_of(dialect.body).size
    for size in sorted({dialect.body_minimum, whole, whole + 40}):
        yield _bounded(dialect, f"ptlrpc_body of {size} bytes", _joined(_sized(first, size)))
    yield _bounded(dialect, "bytes behind the message", data + b"behind")
    body = _sized(first, whole)
    yield _bounded(dialect, "two empty buffers", _joined(body, b"", b""))
    yield _bounded(dialect, "a last buffer of one byte", _joined(body, b"\1"))


def _joined(*buffers: bytes) -> bytes:
    return lustre_msg.join(LustreMsgV2(), list(buffers), "little")


def _sized(data: bytes, size: int) -> bytes:
    return data[:size].ljust(size, b"\0")


def _bounded(dialect: Dialect, what: str, data: bytes) -> Vector:
    return of_message(f"{dialect.name}/bounds/{what}", decode(data, dialect), DERIVED)


def _refused(dialect: Dialect) -> Iterator[Vector]:
    data = encode(_ping(dialect))
    header, first = lustre_msg.V2, lustre_msg.split(data).offsets[0]
    body = {name: first + field.offset for name, field in spec_of(dialect.body).by_name.items()}
    count, lengths, magic = header.bufcount.start, header.size, header.magic.start

    def word(at: int, value: int) -> bytes:
        return data[:at] + value.to_bytes(4, "little") + data[at + 4 :]

    cases = {
        "no bytes": (b"", "shorter than the magic"),
        "cut in the magic": (data[: magic + 3], "shorter than the magic"),
        "cut in the header": (data[: header.size - 1], "shorter than the header"),
        "cut in the buffer lengths": (data[: header.size + 3], "shorter than the buffer lengths say"),
        "cut in the last buffer": (data[:-1], "shorter than the buffers"),
        "another magic": (word(magic, 0x0BD00BD9), "no lustre_msg magic"),
        "no buffers": (_joined(), "no ptlrpc_body"),
        "more buffers than bytes": (word(count, 1000), "shorter than the buffer lengths say"),
        "a count that wraps 32 bits": (word(count, 0x1FFFFFF8), "shorter than the buffer lengths say"),
        "a length that wraps 32 bits": (word(lengths, 0xFFFFFFF9), "shorter than the buffers"),
        "a ptlrpc_body that is too short": (
            _joined(data[first : first + dialect.body_minimum - 1]),
            "ptlrpc_body shorter than its receiver accepts",
        ),
        "another message type": (word(body["pb_type"], 4714), "pb_type is no request, reply or error"),
        "another message version": (word(body["pb_version"], 4), "pb_version is not 3"),
    }
    for what, (bad, reason) in cases.items():
        yield Vector(f"{dialect.name}/refused/{what}", dialect.name, REQUEST, None, DERIVED, bad, None, reason)
