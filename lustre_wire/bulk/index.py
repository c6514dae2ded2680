"""Walking a stream of messages, or of frames that hold messages, into columns."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from lustre_wire.bulk import geometry, walk
from lustre_wire.bulk.given import dialect_of, kind_of, offsets_of, one_of
from lustre_wire.dialects import Dialect
from lustre_wire.engines import bulk as engine
from lustre_wire.engines.bulk.columns import Columns, flat, whole
from lustre_wire.engines.bulk.leaves import Leaf, Table
from lustre_wire.engines.bulk.numbers import C
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg

Framing = Literal["", "lnet", "socklnd", "socklnd4"]


def columns_table(columns: Mapping[int, tuple[str, str]]) -> Table:
    """A set of columns: (name, format character) by number."""
    sizes = {"B": 1, "I": 4, "i": 4, "Q": 8}
    leaves = tuple(Leaf(name, (name,), 0, code, sizes[code], (), ()) for _, (name, code) in sorted(columns.items()))
    return Table(None, "little", leaves, sum(leaf.pitch for leaf in leaves))


MESSAGES = columns_table({
    C.LW_OFFSET: ("offset", "Q"), C.LW_LENGTH: ("length", "I"), C.LW_MAGIC: ("magic", "I"),
    C.LW_BIG: ("big_endian", "B"), C.LW_REASON: ("reason", "B"), C.LW_TYPE: ("type", "I"),
    C.LW_OPCODE: ("opcode", "I"), C.LW_STATUS: ("status", "i"), C.LW_TRANSNO: ("transno", "Q"), C.LW_XID: ("xid", "Q"),
    C.LW_FLAGS: ("flags", "I"), C.LW_BUFCOUNT: ("buffer_count", "I"), C.LW_FIRST_BUFFER: ("first_buffer", "Q"),
    C.LW_MBITS: ("mbits", "Q"), C.LW_FRAME: ("frame", "Q"), C.LW_PORTAL: ("portal", "I"),
})  # fmt: skip
BUFFERS = columns_table({
    C.LW_BUFFER_OFFSET: ("buffer_offset", "Q"), C.LW_BUFFER_LENGTH: ("buffer_length", "I"),
})  # fmt: skip
# Columns by whether the stream is framed.
_NAMES = {
    framed: tuple(n for n in (*MESSAGES.numbers, *BUFFERS.numbers) if framed or n not in ("frame", "portal"))
    for framed in (False, True)
}
# A stream of ordinary messages fits in this at once; memory grows with what is found, never with what a header says.
_BYTES_A_ROW = 160
_BUFFERS_A_ROW = 4


class Room:
    """The memory a walk writes to, grown by doubling. One walk at a time: whoever grows it takes it from the others."""

    def __init__(self, rows: int, buffers: int) -> None:
        self.in_use = threading.Lock()
        self.messages = Columns.allocate(MESSAGES, rows)
        self.buffers = Columns.allocate(BUFFERS, buffers)
        self.pointers: Any = None

    def grow(self, rows: int, buffers: int) -> None:
        """Make room for more, and keep what is there."""
        self.messages = self.messages.grown(rows)
        self.buffers = self.buffers.grown(buffers)
        self.pointers = None

    def columns(self, core: engine.Core) -> Any:
        """The pointers that `lw_index` takes."""
        if self.pointers is None:
            both = (self.messages, self.buffers)
            made = [c.pointers(core)[i] for c in both for i in range(len(c))]
            self.pointers = core.ffi.new("uint8_t *[]", made)
        return self.pointers


class Index(Mapping[str, memoryview]):
    """What a stream holds: one row a message (or frame), or a stretch of bytes that is none; columns by name.

    `offset` and `length` (in bytes, with the padding of the last buffer) say where a row lies in the stream, `reason`
    is one of `Reason`, `magic` as its sender meant it, `big_endian` 1 or 0. `type`, `opcode`, `status`, `transno` and
    `flags` are those of the ptlrpc_body (of the header in a lustre_msg v1); 0 where they cannot be read. `mbits` are
    its match bits, 0 where it has none (`pb_mbits`, OBD_CONNECT_BULK_MBITS); `xid` is the match bits of the frame, 0 in
    a stream without frames. `buffer_count` buffers belong to a row, the first of
    which is number `first_buffer` of the columns `buffer_offset` (in the stream) and `buffer_length` (without padding).
    Framed streams also have `frame`, where the frame's headers begin, and `portal`.

    `ends` says where the walk ended, for each part of the stream: (offset in the stream, rows up to there).
    """

    __slots__ = ("_names", "_room", "buffers", "ends", "messages")

    def __init__(self, room: Room, rows: int, buffers: int, ends: list[tuple[int, int]], *, framed: bool) -> None:
        self._room = room
        self.ends = ends
        self.messages = room.messages.slice(0, rows)
        self.buffers = room.buffers.slice(0, buffers)
        self._names = _NAMES[framed]

    @property
    def room(self) -> Room:
        """The memory that the columns are in."""
        return self._room

    @property
    def rows(self) -> int:
        """Number of messages and bad stretches."""
        return self.messages.rows

    def __getitem__(self, name: str) -> memoryview:
        if not isinstance(name, str) or name not in self._names:
            raise KeyError(name)
        return self.buffers[name] if name in self.buffers.table.numbers else self.messages[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<Index {self.rows} rows, {self.buffers.rows} buffers>"


class Walker:
    """A walk through one stream, to be taken in one go or in steps; memory of a former one can be used again."""

    def __init__(
        self, stream: Any, dialect: Dialect | str | None, frames: Framing, parts: Sequence[int] | None = None
    ) -> None:
        one_of(frames, geometry.FRAMINGS, "frames")
        self.data = flat(stream, "stream")
        self.frames = frames
        self.dialect = dialect_of(dialect) if dialect is not None else None
        self.whole = parts is not None
        self.bounds = _bounds(self.data.nbytes, parts)
        self.part = self.position = 0
        core = engine.native()
        if core is None:
            self.step, self.rules = self._step_by_record, geometry.rules(self.dialect)
        else:
            self.step, self.plan = self._step, index_plan(core, self.dialect, frames, whole=self.whole)
            self.state, self.pointer = core.ffi.new("lw_walk *"), core.pointer(self.data)
        self.found: walk.Walk | None = None

    def take(self, room: Room, most: int | None) -> Index:
        """What lies between here and the end of the stream, or the next `most` rows of it."""
        rows = buffers = 0
        ends: list[tuple[int, int]] = []
        while rows != most and self.part < len(self.bounds) - 1:
            limit = room.messages.rows if most is None else most
            rows, buffers, done = self.step(room, rows, buffers, limit)
            if done:
                ends.append((self.position, rows))
                self._next_part()
            elif rows != limit:
                room.grow(0, room.buffers.rows * 2)
            elif most is None:
                room.grow(limit * 2, 0)
        return Index(room, rows, buffers, ends, framed=bool(self.frames))

    def _next_part(self) -> None:
        self.part += 1
        self.position = self.bounds[self.part]
        self.found = None

    def _step(self, room: Room, rows: int, buffers: int, most: int) -> tuple[int, int, bool]:
        core, state = engine.core, self.state
        assert core is not None
        state.position, state.rows, state.buffers = self.position, rows, buffers
        state.max_rows, state.max_buffers = most, room.buffers.rows
        done = core.lib.lw_index(self.plan, self.pointer, self.bounds[self.part + 1], state, room.columns(core))
        self.position = state.position
        return state.rows, state.buffers, bool(done)

    def _step_by_record(self, room: Room, rows: int, buffers: int, most: int) -> tuple[int, int, bool]:
        if self.found is None:
            part = self.data[: self.bounds[self.part + 1]]
            self.found = walk.Walk(part, self.rules, self.frames, self.position, whole=self.whole)
        rows, buffers, done = self.found.step(room, rows, buffers, most)
        self.position = self.found.position
        return rows, buffers, done


def _bounds(size: int, parts: Sequence[int] | None) -> list[int]:
    """Where the parts of a stream begin, and where the last one ends."""
    bounds = [0, size] if parts is None else [*offsets_of(parts, "parts"), size]
    if bounds[0] or bounds != sorted(bounds):
        raise WireError(f"expected offsets from 0 to {size} in ascending order", path="parts")
    return bounds


def index_plan(core: engine.Core, dialect: Dialect | None, frames: Framing, *, whole: bool = False) -> Any:
    """The `lw_index_plan` of a dialect (None for all) and framing, made once."""
    return _plan(core, dialect, frames, whole)[0]


@lru_cache(maxsize=64)
def _plan(core: engine.Core, dialect: Dialect | None, frames: Framing, whole: bool) -> tuple[Any, Any]:
    """The `lw_index_plan`, and the memory it points to."""
    what = geometry.rules(dialect)
    rows = geometry.containers(what)
    containers = core.ffi.new("lw_container[]", rows)
    plan = core.ffi.new("lw_index_plan *", {
        "magic_at": lustre_msg.MAGIC.start, "n_containers": len(rows), "containers": containers,
        "version": what.version, "n_types": len(what.types), "types": what.types,
        "framing": geometry.framing(frames), "whole": int(whole),
    })  # fmt: skip
    return plan, containers


def index(
    stream: Any,
    dialect: Dialect | str | None = None,
    *,
    frames: Framing = "",
    out: Index | None = None,
    parts: Sequence[int] | None = None,
) -> Index:
    """Where the messages of a stream are, and what they are.

    Args:
        stream: concatenated messages, or with `frames` the bytes of LNet or socklnd frames, as any contiguous object
            with the buffer protocol; nothing of it is copied.
        dialect: whose receivers' rules tell good messages from bad ones; those of any installed dialect unless given.
        frames: "" for bare messages, "lnet" for LNet messages, "socklnd" for LNet messages in socklnd's ("socklnd4" in
            those of version 4, whose NIDs are large).
        out: a former result, whose memory is used again as far as it is big enough; by one thread at a time.
        parts: where the stream's parts begin, which have nothing to do with each other (pieces of many connections).
            Then the walk of each part ends at its first bytes that are no whole message or frame: see `Index.ends`.

    Returns:
        One row for each message, frame, or stretch of bytes that is neither; rows without frames cover the whole
        stream. After bad bytes the walk goes on at the next place where a whole message of the dialect stands.

    Raises:
        WireError: an unusable buffer, dialect, framing or argument, or another thread is writing to `out`; never for
            what is in the stream.
    """
    walker = Walker(stream, dialect, frames, parts)
    if out is None:
        rows = walker.data.nbytes // _BYTES_A_ROW + 16
        return walker.take(Room(rows, rows * _BUFFERS_A_ROW), None)
    room: Room = kind_of(out, Index, "a former result", "out").room
    if not room.in_use.acquire(blocking=False):
        raise WireError("another thread is writing to its memory", path="out")
    try:
        return walker.take(room, None)
    finally:
        room.in_use.release()


def iter_index(
    stream: Any, dialect: Dialect | str | None = None, *, frames: Framing = "", block: int = 4096
) -> Iterator[Index]:
    """The same in blocks of at most `block` rows that use one piece of memory again and again.

    Each result is valid until the next one is asked for. Arguments and errors as in `index`.

    Raises:
        ValueError: from the iterator, where two threads ask it for the next block at once.
    """
    block = whole(block, "block", least=1)
    walker = Walker(stream, dialect, frames)
    block = min(block, walker.data.nbytes + 1)
    return _blocks(walker, Room(block, block * _BUFFERS_A_ROW), block)


def _blocks(walker: Walker, room: Room, block: int) -> Iterator[Index]:
    found = walker.take(room, block)
    while found.rows:
        yield found
        found = walker.take(room, block)
