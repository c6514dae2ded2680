"""`Columns`: what a bulk call returns, a mapping from field name to column.

A column is a `memoryview` of this machine's own byte order, so it has a format, a shape and the buffer protocol:
``numpy.asarray(column)`` and ``pyarrow.py_buffer(column)`` see it without a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import _cffi_backend  # type: ignore[import-untyped]

from lustre_wire.engines import bulk as engine
from lustre_wire.engines.bulk.leaves import Leaf, Table
from lustre_wire.errors import WireError

_address = _cffi_backend.FFI()
_INTEGER = _address.typeof("uintptr_t")
_LINE = 64
_PAGE = 4096
# Columns that begin at the same place in a page share the same few lines of the first-level cache: spread them.
_SPREAD = 3 * _LINE


def allocate(size: int) -> Any:
    """A writable buffer of `size` bytes of no particular content."""
    if engine.core is None:
        return bytearray(size)
    return engine.core.ffi.buffer(engine.core.allocator("uint8_t[]", max(size, 1)), size)


def span(view: memoryview) -> tuple[int, int]:
    """Addresses of the first byte of a buffer and of the first one behind it."""
    start = int(_address.cast(_INTEGER, _address.from_buffer(view))) if view.nbytes else 0
    return start, start + view.nbytes


def overlap(one: memoryview, other: memoryview) -> bool:
    """Whether two buffers share a byte."""
    (a, b), (c, d) = span(one), span(other)
    return a < d and c < b


def flat(data: Any, path: str, *, writable: bool = False) -> memoryview:
    """The bytes of any object with the buffer protocol, one after the other, not copied.

    Raises:
        WireError: no buffer, not contiguous, or read-only where it is to be written.
    """
    try:
        view = memoryview(data)
    except TypeError:
        raise WireError(f"expected an object with the buffer protocol, got {type(data).__name__}", path=path) from None
    if not view.c_contiguous:
        raise WireError("expected a contiguous buffer", path=path)
    if writable and view.readonly:
        raise WireError("expected a buffer that can be written", path=path)
    if view.ndim == 1 and view.format == "B":
        return view
    return view.cast("B") if view.nbytes else memoryview(bytearray() if writable else b"")


class Columns(Mapping[str, memoryview]):
    """Columns of `rows` rows by field name.

    Attributes:
        rows: number of rows.
        table: what the columns are.
    """

    __slots__ = ("_bounds", "_buffers", "_pointers", "_spans", "_views", "rows", "table")

    def __init__(self, table: Table, rows: int, buffers: tuple[memoryview, ...]) -> None:
        self.table = table
        self.rows = rows
        self._buffers = buffers
        self._views: dict[str, memoryview] = {}
        self._pointers: Any = None
        self._spans: tuple[tuple[int, int], ...] | None = None
        self._bounds = (0, 0)

    @classmethod
    def allocate(cls, table: Table, rows: int) -> Columns:
        """New columns for `rows` rows; their content is arbitrary until they are filled."""
        places, at = [], 0
        for number, leaf in enumerate(table.leaves):
            size = leaf.pitch * rows
            if size >= _PAGE:
                at = (at + _PAGE - 1) // _PAGE * _PAGE + number * _SPREAD % _PAGE
            places.append((at, size))
            at = (at + size + _LINE - 1) // _LINE * _LINE
        arena = memoryview(allocate(at)).cast("B")
        return cls(table, rows, tuple(arena[start : start + size] for start, size in places))

    @classmethod
    def over(cls, table: Table, rows: int, out: Mapping[str, Any]) -> Columns:
        """Columns in the caller's own buffers, which hold at least `rows` rows.

        Raises:
            WireError: a column is missing, too short, of another item size, not contiguous or read-only.
        """
        if isinstance(out, Columns) and out.table is table and out.rows >= rows:
            return out if out.rows == rows else out.slice(0, rows)
        buffers = []
        for leaf in table.leaves:
            if leaf.name not in out:
                raise WireError("no such column in out", path=leaf.name)
            buffers.append(column_bytes(out[leaf.name], leaf, rows, writable=True))
        return cls(table, rows, tuple(buffers))

    def slice(self, start: int, stop: int) -> Columns:
        """Rows `start` to `stop`, in the same memory."""
        if not start:
            return Columns(self.table, stop, self._buffers)
        leaves = zip(self._buffers, self.table.leaves, strict=True)
        return Columns(self.table, stop - start, tuple(b[leaf.pitch * start : leaf.pitch * stop] for b, leaf in leaves))

    def grown(self, rows: int) -> Columns:
        """At least `rows` rows, of which the first ones are these."""
        if rows <= self.rows:
            return self
        new = Columns.allocate(self.table, rows)
        for old, more in zip(self._buffers, new._buffers, strict=True):
            more[: old.nbytes] = old
        return new

    def bytes_of(self, number: int) -> memoryview:
        """The bytes of column `number`, and perhaps of further rows."""
        return self._buffers[number]

    def pointers(self, core: engine.Core) -> Any:
        """The C array of where the columns begin."""
        if self._pointers is None:
            self._pointers = core.ffi.new("uint8_t *[]", [core.pointer(b) for b in self._buffers] or 1)
        return self._pointers

    def overlaps(self, data: memoryview) -> bool:
        """Whether a column shares a byte with `data`."""
        if self._spans is None:
            self._spans = tuple(span(b) for b in self._buffers if b.nbytes)
            self._bounds = (min((a for a, _ in self._spans), default=0), max((b for _, b in self._spans), default=0))
        start, end = span(data)
        if end <= self._bounds[0] or self._bounds[1] <= start:
            return False
        return any(a < end and start < b for a, b in self._spans)

    def __getitem__(self, name: str) -> memoryview:
        found = self._views.get(name)
        if found is None:
            number = self.table.numbers[name]
            found = self._views[name] = shaped(self._buffers[number], self.table.leaves[number], self.rows)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.numbers)

    def __len__(self) -> int:
        return len(self.table.leaves)

    def __repr__(self) -> str:
        return f"<Columns {self.rows} rows: {', '.join(self)}>"


def shaped(data: memoryview, leaf: Leaf, rows: int) -> memoryview:
    """Bytes as the column they are; without rows it has one dimension only."""
    data = data[: leaf.pitch * rows]
    code: Any = leaf.code
    shape = (rows, *leaf.shape) if rows and leaf.shape else (data.nbytes // leaf.itemsize,)
    column: memoryview = data.cast(code, shape) if rows else data.cast(code)
    return column


def column_bytes(data: Any, leaf: Leaf, rows: int, *, writable: bool = False) -> memoryview:
    """The bytes of a caller's column, after checking that it can be one of `rows` rows of `leaf`."""
    view = flat(data, leaf.name, writable=writable)
    itemsize = memoryview(data).itemsize
    if itemsize not in (1, leaf.itemsize):
        raise WireError(f"expected elements of {leaf.itemsize} bytes, got {itemsize}", path=leaf.name)
    if view.nbytes < leaf.pitch * rows:
        raise WireError(f"expected {leaf.pitch * rows} bytes for {rows} rows, got {view.nbytes}", path=leaf.name)
    return view
