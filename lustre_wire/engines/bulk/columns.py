"""`Columns`: what a bulk call returns, a mapping from field name to column.

A column is a `memoryview` of this machine's own byte order, so it has a format, a shape and the buffer protocol:
``numpy.asarray(column)`` and ``pyarrow.py_buffer(column)`` see it without a copy.
"""

from __future__ import annotations

import operator
import os
import struct
import sys
from array import array
from collections.abc import Iterator, Mapping
from typing import Any, Final

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


_LARGEST = (1 << 63) - 1
#: No result is longer than this machine's memory, whatever number of rows is asked for.
_MOST = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def whole(value: Any, path: str, *, least: int = 0, most: int = _LARGEST) -> int:
    """A number of something.

    Raises:
        WireError: no integer, or out of bounds.
    """
    try:
        number: int = operator.index(value)
    except TypeError:
        raise WireError(f"expected an integer, got {type(value).__name__}", path=path) from None
    if not least <= number <= most:
        shown = str(number) if number.bit_length() <= 128 else f"one of {number.bit_length()} bits"
        raise WireError(f"expected an integer from {least} to {most}, got {shown}", path=path)
    return number


def check_size(size: int, path: str = "") -> None:
    """See that there can be so many bytes.

    Raises:
        WireError: this machine has no such memory.
    """
    if size > _MOST:
        raise WireError(f"expected a result of at most the {_MOST} bytes of this machine's memory", path=path)


def allocate(size: int) -> Any:
    """A writable buffer of `size` bytes of no particular content.

    Raises:
        WireError: there is no such memory.
    """
    check_size(size)
    try:
        if engine.core is None:
            return bytearray(size)
        return engine.core.ffi.buffer(engine.core.allocator("uint8_t[]", max(size, 1)), size)
    except MemoryError:
        raise WireError(f"there is no memory for a result of {size} bytes") from None


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
    view = viewed(data, path)
    if not view.c_contiguous:
        raise WireError("expected a contiguous buffer", path=path)
    if writable and view.readonly:
        raise WireError("expected a buffer that can be written", path=path)
    if view.ndim == 1 and view.format == "B":
        return view
    if not view.nbytes:
        return memoryview(bytearray() if writable else b"")
    try:
        return view.cast("B")
    except ValueError:  # elements of no native format: memoryview cannot show their bytes in place
        if writable or "O" in view.format:
            raise WireError(f"expected a buffer of plain elements, got format {view.format!r}", path=path) from None
        return memoryview(view.tobytes())


def viewed(data: Any, path: str) -> memoryview:
    """A view of its own of any object with the buffer protocol, which nobody else can release.

    Raises:
        WireError: no buffer, or one that was released.
    """
    try:
        return memoryview(data)
    except (TypeError, ValueError, BufferError) as error:
        what = f"expected an object with the buffer protocol, got {type(data).__name__}"
        raise WireError(what if isinstance(error, TypeError) else f"{what}: {error}", path=path) from None


_ORDERS: Final = {"<": "little", ">": "big", "!": "big"}
_UNSIGNED, _SIGNED = "BHILQN", "bhilqn"
#: Native format characters by (signed, size in bytes).
_CODES: Final = {(code in _SIGNED, struct.calcsize(code)): code for code in "BHIQbhiq"}


def _kind(format: str) -> tuple[bool, int, str] | None:
    """(signed, size in bytes, byte order) of integers of a buffer's format; None for anything else."""
    prefix, code = (format[0], format[1:]) if format[:1] in ("@", "=", "<", ">", "!") else ("@", format)
    if len(code) != 1 or code not in _UNSIGNED + _SIGNED or (code in "nN" and prefix != "@"):
        return None
    size = struct.calcsize(prefix + code)
    return code in _SIGNED, size, _ORDERS.get(prefix, sys.byteorder) if size > 1 else sys.byteorder


#: By format character of a column: formats of buffers whose bytes are that column's as they are.
_SAME: Final = {
    code: frozenset(
        f"{prefix}{other}"
        for prefix in ("", "@", "=", "<", ">", "!")
        for other in _UNSIGNED + _SIGNED
        if _kind(f"{prefix}{other}") == (*what, sys.byteorder)
    )
    for what, code in _CODES.items()
}


def _is_memory(view: memoryview) -> bool:
    """Whether a buffer is bytes without a type of their own (`bytes`, `mmap`), and not an array of small numbers."""
    return view.format == "B" and view.ndim == 1 and not (isinstance(view.obj, array) or hasattr(view.obj, "dtype"))


def integers(data: Any, code: str, path: str, *, memory: bool = False) -> memoryview:
    """The bytes of integers of format `code` in this machine's byte order, side by side, from any buffer of integers.

    Not copied where they are that already. Otherwise converted: the other byte order, other widths and signs as far as
    every value fits, elements that do not stand side by side.

    Args:
        memory: bytes without a type are taken as they are.

    Raises:
        WireError: no buffer, no integers, or a value that does not fit.
    """
    view = viewed(data, path)
    if (view.format in _SAME[code] and view.ndim) or (memory and _is_memory(view)):
        return flat(view, path) if view.c_contiguous else memoryview(view.tobytes())
    kind = _kind(view.format)
    if kind is None or not view.ndim:
        what = "a single value" if kind is not None else f"format {view.format!r}"
        raise WireError(f"expected a buffer of integers of {struct.calcsize(code)} bytes, got {what}", path=path)
    signed, size, order = kind
    found = array(_CODES[signed, size])
    found.frombytes(view.tobytes())
    if order != sys.byteorder:
        found.byteswap()
    if _CODES[signed, size] == code:
        return memoryview(found).cast("B")
    if size == struct.calcsize(code):  # of the other sign: what has no sign bit is the same number in both
        data = found.tobytes()
        if data[(size - 1 if sys.byteorder == "little" else 0) :: size].isascii():
            return memoryview(data)
    try:
        return memoryview(array(code, found)).cast("B")
    except OverflowError as error:
        raise WireError(str(error), path=path) from None


class Columns(Mapping[str, memoryview]):
    """Columns of `rows` rows by field name.

    Made by the calls of `lustre_wire.bulk`, which check what C relies on; its methods are for them.
    """

    __slots__ = ("_bounds", "_buffers", "_pointers", "_rows", "_spans", "_table", "_views")

    def __init__(self, table: Table, rows: int, buffers: tuple[memoryview, ...]) -> None:
        for buffer, leaf in zip(buffers, table.leaves, strict=True):
            if not 0 <= leaf.pitch * rows <= buffer.nbytes:
                raise WireError(f"expected {rows} rows, got {buffer.nbytes} bytes for them", path=leaf.name)
        self._table = table
        self._rows = rows
        self._buffers = buffers
        self._views: dict[str, memoryview] = {}
        self._pointers: Any = None
        self._spans: tuple[tuple[int, int], ...] | None = None
        self._bounds = (0, 0)

    @property
    def table(self) -> Table:
        """What the columns are."""
        return self._table

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self._rows

    @classmethod
    def allocate(cls, table: Table, rows: int) -> Columns:
        """New columns for `rows` rows; their content is arbitrary until they are filled.

        Raises:
            WireError: there is no such memory.
        """
        rows = whole(rows, "rows")
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
            WireError: a column is missing, too short, of another kind, size or byte order, not contiguous or read-only.
        """
        rows = rows if type(rows) is int and rows >= 0 else whole(rows, "rows")
        if isinstance(out, Columns) and out.table is table and out.rows >= rows:
            return out if out.rows == rows else out.slice(0, rows)
        if not isinstance(out, Mapping):
            raise WireError(f"expected columns by name, got {type(out).__name__}", path="out")
        buffers = []
        for leaf in table.leaves:
            if leaf.name not in out:
                raise WireError("no such column in out", path=leaf.name)
            buffers.append(_writable(out[leaf.name], leaf, rows))
        return cls(table, rows, tuple(buffers))

    def slice(self, start: int, stop: int) -> Columns:
        """Rows `start` to `stop`, in the same memory.

        Raises:
            WireError: there are no such rows.
        """
        stop = whole(stop, "stop", most=self.rows)
        start = whole(start, "start", most=stop)
        if not start:
            return Columns(self.table, stop, self._buffers)
        leaves = zip(self._buffers, self.table.leaves, strict=True)
        return Columns(self.table, stop - start, tuple(b[leaf.pitch * start : leaf.pitch * stop] for b, leaf in leaves))

    def grown(self, rows: int) -> Columns:
        """At least `rows` rows, of which the first ones are these.

        Raises:
            WireError: there is no such memory.
        """
        if whole(rows, "rows") <= self.rows:
            return self
        new = Columns.allocate(self.table, rows)
        for old, more in zip(self._buffers, new._buffers, strict=True):
            more[: old.nbytes] = old
        return new

    def bytes_of(self, number: int) -> memoryview:
        """The bytes of column `number`, and perhaps of further rows."""
        return memoryview(self._buffers[number])

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


def _writable(data: Any, leaf: Leaf, rows: int) -> memoryview:
    """The bytes of a caller's buffer that `rows` rows of `leaf` are written to."""
    view = flat(data, leaf.name, writable=True)
    given = viewed(data, leaf.name)
    if given.format not in _SAME[leaf.code] and not _is_memory(given):
        wanted = f"{leaf.itemsize} bytes in this machine's byte order ({leaf.code!r})"
        raise WireError(f"expected elements of {wanted}, got {given.format!r}", path=leaf.name)
    if view.nbytes < leaf.pitch * rows:
        raise WireError(f"expected {leaf.pitch * rows} bytes for {rows} rows, got {view.nbytes}", path=leaf.name)
    return view


def column_bytes(data: Any, leaf: Leaf) -> memoryview:
    """The bytes of a caller's column as one of `leaf`, converted where they are integers of another kind.

    Raises:
        WireError: no buffer of integers, rows of another shape, or a value that does not fit.
    """
    view = viewed(data, leaf.name)
    _, *shape = view.shape or (0,)
    if shape and tuple(shape) != leaf.shape:
        raise WireError(f"expected rows of shape {leaf.shape}, got {tuple(shape)}", path=leaf.name)
    return integers(view, leaf.code, leaf.name, memory=True)
