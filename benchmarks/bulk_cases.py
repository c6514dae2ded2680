"""What the bulk engine is measured on, and against what: everything of one line is measured in turns, in one run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import lustre_wire as lw
from compat_tests.recorded import messages
from lustre_wire import bulk
from lustre_wire.engines import record, reference

Work = Callable[[], Any]
MdtBody = lw.dialect("2.0").structs["mdt_body"]
SIZE = MdtBody.__wire__.size
ROWS = 10_000
#: Bytes that are in no cache.
BEYOND = 400_000_000
SOME = ("fid1.f_seq", "valid", "size")


@dataclass(frozen=True)
class Case:
    """One piece of work, what it is compared with, and the least ratio (others' time to ours) that is wanted.

    `items` is how many rows or messages one run handles, and `bytes` how many bytes come out; where `rate` is given, so
    many million items a second are wanted. `scale` makes others' work as long as ours: (name -> factor).
    """

    name: str
    ours: Work
    items: int
    bytes: int
    others: dict[str, Work]
    wanted: dict[str, float]
    rate: float = 0
    scale: dict[str, float] = field(default_factory=dict)


def noise(size: int) -> Any:
    return np.random.default_rng(7).integers(0, 256, size, dtype=np.uint8)


def memcpy(size: int) -> Work:
    """A copy of as many bytes, to memory that was touched before."""
    source, target = noise(size), np.zeros(size, dtype=np.uint8)
    return lambda: np.copyto(target, source)


def numpy_columns(data: Any, order: str) -> Work:
    """The quickest numpy way to the same columns: one contiguous, native copy of each field of a structured array."""
    leaves = bulk.unpack(MdtBody, bytes(SIZE)).table.leaves
    sign = "<" if order == "little" else ">"
    swapped = bulk.unpack(MdtBody, bytes(SIZE), byteorder=order).table.leaves  # type: ignore[arg-type]
    signs = {leaf.name: sign if leaf.pieces[0].order == order else "<" for leaf in swapped}
    kinds = {leaf.name: np.dtype(f"{signs[leaf.name]}u{leaf.itemsize}") for leaf in leaves}
    whole = np.dtype({
        "names": list(kinds), "formats": list(kinds.values()), "offsets": [leaf.offset for leaf in leaves],
        "itemsize": SIZE,
    })  # fmt: skip
    rows = data.view(whole)
    out = {name: np.empty(len(rows), dtype=kind.newbyteorder("=")) for name, kind in kinds.items()}

    def work() -> None:
        for name, column in out.items():
            column[:] = rows[name]

    return work


def rows_inside(order: Any) -> list[Case]:
    """10,000 bodies, in the second-level cache for the better part."""
    data = noise(SIZE * ROWS)
    columns, out = bulk.unpack(MdtBody, data, byteorder=order), bytearray(SIZE * ROWS)
    some = bulk.unpack(MdtBody, data, None, SOME, order)
    one = data[:SIZE].tobytes()
    plain, codec = reference.struct(MdtBody, order), record.codec(MdtBody, order)

    block = data[: SIZE * bulk.BLOCK_ROWS]
    block_columns = bulk.unpack(MdtBody, block, byteorder=order)
    block_some = bulk.unpack(MdtBody, block, None, SOME, order)

    def unpack() -> Any:
        return bulk.unpack(MdtBody, data, byteorder=order, out=columns)

    def unpack_block() -> Any:
        return bulk.unpack(MdtBody, block, byteorder=order, out=block_columns)

    return [
        Case(
            f"unpack, all fields, {order}", unpack, ROWS, SIZE * ROWS,
            {"memcpy": memcpy(SIZE * ROWS), "numpy": numpy_columns(data, order), "construct": lambda: plain.parse(one),
             "record engine": lambda: codec.unpack(one, 0, SIZE)},
            {"memcpy": 0.85, "numpy": 1.3, "construct": 1500}, scale={"construct": ROWS, "record engine": ROWS},
        ),
        Case(
            f"pack, all fields, {order}", lambda: bulk.pack(MdtBody, columns, out, order), ROWS, SIZE * ROWS,
            {"memcpy": memcpy(SIZE * ROWS)}, {"memcpy": 0.85},
        ),
        Case(
            f"unpack, three fields, {order}", lambda: bulk.unpack(MdtBody, data, None, SOME, order, some), ROWS,
            20 * ROWS, {"all fields": unpack}, {"all fields": 3},
        ),
        Case(
            f"unpack, three fields, {order}, one block of 4,096 rows",
            lambda: bulk.unpack(MdtBody, block, None, SOME, order, block_some), bulk.BLOCK_ROWS, 20 * bulk.BLOCK_ROWS,
            {"all fields": unpack_block}, {"all fields": 3},
        ),
    ]  # fmt: skip


def rows_beyond(order: Any) -> list[Case]:
    """400 MB of bodies."""
    rows = BEYOND // SIZE
    data, out = noise(rows * SIZE), np.zeros(rows * SIZE, dtype=np.uint8)
    columns = bulk.unpack(MdtBody, data, byteorder=order)

    def blocks(fields: Any = None) -> None:
        for _ in bulk.iter_unpack(MdtBody, data, None, fields, order):
            pass

    copy = memcpy(rows * SIZE)
    return [
        Case(f"unpack in blocks, 400 MB, {order}", blocks, rows, rows * SIZE, {"memcpy": copy}, {"memcpy": 0.55}),
        Case(
            f"pack, 400 MB, {order}", lambda: bulk.pack(MdtBody, columns, out, order), rows, rows * SIZE,
            {"memcpy": copy}, {"memcpy": 0.55},
        ),
        Case(
            f"unpack in blocks, three fields, 400 MB, {order}", lambda: blocks(SOME), rows, 20 * rows,
            {"all fields": blocks}, {"all fields": 3},
        ),
    ]  # fmt: skip


def recorded(opcode: int, direction: str, dialect: str = "2.0") -> bytes:
    """The longest recorded message of an operation."""
    found = [m for m in messages() if m.row["opc"] == opcode and (m.dialect, m.direction) == (dialect, direction)]
    return max((m.data for m in found if m.endian == "little"), key=len)


GETATTR, PING = 33, 400


def streams() -> list[Case]:
    """Swabbing and indexing."""
    reply, ping = recorded(GETATTR, "reply"), recorded(PING, "request")
    mixed = b"".join(m.data for m in messages() if m.dialect == "2.0" and len(m.data) % 8 == 0)
    found = []
    for name, stream, wanted in (
        (f"{ROWS} getattr replies", reply * ROWS, 0.8),
        ("400 MB of getattr replies", reply * (BEYOND // len(reply)), 0.8),
        ("every recorded message, ten times", mixed * 10, 0.0),
    ):
        data, out = bytearray(stream), bytearray(stream)
        count, copy = bulk.index(data, "2.0").rows, memcpy(len(data))
        goals = {"memcpy": wanted} if wanted else {}
        found += [
            Case(
                f"swab in place: {name}", lambda d=data: bulk.swab(d, "2.0"), count, len(data), {"memcpy": copy}, goals,
            ),
            Case(
                f"swab into out: {name}", lambda d=data, o=out: bulk.swab(d, "2.0", o), count, len(data),
                {"memcpy": copy}, goals,
            ),
        ]  # fmt: skip
    for name, stream, rate in (
        (f"{ROWS} pings", ping * ROWS, 60),
        (f"{ROWS} getattr replies", reply * ROWS, 60),
        ("every recorded message, ten times", mixed * 10, 0),
    ):
        index = bulk.index(stream, "2.0")
        work = lambda s=stream, i=index: bulk.index(s, "2.0", out=i)  # noqa: E731
        found.append(Case(f"index: {name}", work, index.rows, len(stream), {}, {}, rate))
    return found


def replies() -> Case:
    """Answers to a batch of getattrs, every attribute from a column."""
    attributes = bulk.unpack(MdtBody, noise(SIZE * ROWS))
    columns = {f"mdt_body.{name}": column for name, column in attributes.items()}
    columns |= {"pb_transno": np.arange(ROWS, dtype=np.uint64), "pb_status": np.zeros(ROWS, dtype=np.uint32)}
    form = lw.dialect("2.0").rpcs["MDS_GETATTR"]
    out = bytearray(bulk.pack_messages(form, columns, direction="reply"))
    return Case(
        "pack_messages: getattr replies", lambda: bulk.pack_messages(form, columns, direction="reply", out=out), ROWS,
        len(out), {"memcpy": memcpy(len(out))}, {}, 10,
    )  # fmt: skip


def opens(count: int) -> bytes:
    """Opens of 1.8 in 64 directories, each with its own name, handles, process, user and time."""
    random = np.random.default_rng(3)
    parents = random.integers(0, 64, count)
    columns = {
        "pb_last_xid": np.arange(count, dtype=np.uint64),
        "pb_status": random.integers(1, 1 << 15, count).astype(np.uint32),
        "rec.cr_fid.id": (parents + 100_000).astype(np.uint64),
        "rec.cr_fid.generation": (parents + 77).astype(np.uint32),
        "rec.cr_time": np.arange(1_700_000_000, 1_700_000_000 + count, dtype=np.uint64), "rec.cr_flags": 3,
        "rec.cr_fsuid": random.integers(0, 1 << 16, count).astype(np.uint32), "rec.cr_opcode": 6,
        "dlm_req.lock_handle.cookie": random.integers(1, 1 << 60, (count, 2)).astype(np.uint64),
    }  # fmt: skip
    names = [b"file-%d.dat" % (i * 7919) for i in range(count)]
    return bytes(bulk.pack_messages("LDLM_ENQUEUE/INTENT_OPEN", columns, names, dialect="1.8"))


def translations() -> list[Case]:
    """Opens of 1.8 for a server of 2.0, by a translator that has seen such opens before."""
    found = []
    for count in (ROWS, 400_000):
        stream = opens(count)
        translator = bulk.Translator("1.8", "2.0")
        out = bytearray(translator.run(stream).data)
        first = stream[: bulk.index(stream[:4096], "1.8")["length"][0]]

        def single(data: bytes = first) -> Any:
            return lw.encode(lw.translate(lw.decode(data, "1.8"), "2.0").message)

        found.append(
            Case(
                f"translate: {count} opens, 1.8 to 2.0", lambda s=stream, o=out, t=translator: t.run(s, out=o), count,
                len(out), {"memcpy": memcpy(len(out)), "single-message path": single},
                {"memcpy": 0.4, "single-message path": 300}, scale={"single-message path": count},
            )
        )  # fmt: skip
    return found


def first_translation() -> Case:
    """The same by a translator that has seen nothing yet, and makes a plan for each directory."""
    stream = opens(ROWS)
    first = stream[: bulk.index(stream[:4096], "1.8")["length"][0]]
    size = bulk.Translator("1.8", "2.0").run(stream).data.nbytes

    def single() -> Any:
        return lw.encode(lw.translate(lw.decode(first, "1.8"), "2.0").message)

    return Case(
        f"translate: {ROWS} opens by a new translator", lambda: bulk.Translator("1.8", "2.0").run(stream), ROWS, size,
        {"single-message path": single}, {"single-message path": 18}, scale={"single-message path": ROWS},
    )  # fmt: skip


def two_threads() -> Case:
    """Twice the work in two threads, against one thread doing it all."""
    parts = [noise(SIZE * 4 * ROWS) for _ in range(2)]
    columns = [bulk.unpack(MdtBody, part, byteorder="big") for part in parts]

    def work(number: int) -> None:
        for _ in range(5):
            bulk.unpack(MdtBody, parts[number], byteorder="big", out=columns[number])

    def together() -> None:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def one() -> None:
        work(0)
        work(1)

    total = 40 * ROWS
    return Case("unpack in two threads", together, total, total * SIZE, {"one thread": one}, {"one thread": 1.5})


def inside() -> list[Case]:
    """Everything but what needs gigabytes."""
    small = [c for c in streams() if "400 MB" not in c.name]
    rows = [*rows_inside("little"), *rows_inside("big")]
    return [*rows, *small, replies(), *translations()[:1], first_translation(), two_threads()]
