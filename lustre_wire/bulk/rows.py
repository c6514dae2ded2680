"""Rows of one wire struct to columns, and columns to rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from lustre_wire.bulk.given import (
    byte_order,
    column_of,
    common_rows,
    is_one,
    kind_of,
    names_of,
    offsets_of,
    one,
    struct_class,
)
from lustre_wire.engines import bulk as engine
from lustre_wire.engines import record
from lustre_wire.engines.bulk import by_record
from lustre_wire.engines.bulk.columns import Columns, allocate, flat, whole
from lustre_wire.engines.bulk.leaves import Table, all_leaves, table
from lustre_wire.engines.bulk.plans import plan
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

#: Rows of a block of `iter_unpack`: as many as stay in the second-level cache.
BLOCK_ROWS = 4096


def unpack(
    cls: type,
    buffer: Any,
    stride: int | None = None,
    fields: Iterable[str] | None = None,
    byteorder: ByteOrder = "little",
    out: Mapping[str, Any] | None = None,
    *,
    offsets: Any = None,
) -> Columns:
    """Columns of the rows of one struct in a buffer.

    Args:
        cls: a class made by `wire_struct`; of a flexible tail only the elements within its size are columns.
        buffer: any contiguous object with the buffer protocol; it is not copied.
        stride: bytes from one row to the next; the struct's size unless given.
        fields: names of the columns wanted, nested ones dotted (``"fid1.f_seq"``), a struct's name for all of its
            fields; everything unless given. A union is a column of bytes; its members' integers can be named too.
        byteorder: "little" or "big", the sender's. Columns are in this machine's own byte order.
        out: columns to write to, as a former result or a mapping to writable buffers of the columns' own elements (or
            of plain bytes); new memory unless given.
        offsets: where each row begins, in bytes, instead of `stride`: a sequence or buffer of integers of any kind.

    Returns:
        Field name to column. Integers are typed columns of one dimension, arrays have more, bytes are (rows, n).

    Raises:
        TruncatedError: a row that is not wholly in the buffer; `offset` says where it would begin.
        WireError: no such field, an unusable buffer or argument, or `out` overlaps the input or the offsets.
    """
    what = _table(cls, byteorder, fields, out)
    size = what.size
    data = flat(buffer, "buffer")
    places = offsets_of(offsets, "offsets") if offsets is not None else None
    rows = len(places) if places is not None else _rows(data.nbytes, size, _stride(stride, size))
    columns = Columns.allocate(what, rows) if out is None else Columns.over(what, rows, out)
    if out is not None and (columns.overlaps(data) or (places is not None and columns.overlaps(places))):
        raise WireError("out overlaps the input", path="out")
    _fill(data, places, _stride(stride, size), columns)
    return columns


def iter_unpack(
    cls: type,
    buffer: Any,
    stride: int | None = None,
    fields: Iterable[str] | None = None,
    byteorder: ByteOrder = "little",
    *,
    offsets: Any = None,
    block: int = BLOCK_ROWS,
) -> Iterator[Columns]:
    """The same in blocks of `block` rows that reuse one piece of memory: the fastest way through a large input.

    Each result is valid until the next one is asked for. Arguments and errors as in `unpack`; errors in arguments are
    raised at once, a row out of bounds when its block is reached.

    Raises:
        ValueError: from the iterator, where two threads ask it for the next block at once.
    """
    block = whole(block, "block", least=1)
    what = _table(cls, byteorder, fields, None)
    size = what.size
    data = flat(buffer, "buffer")
    step = _stride(stride, size)
    places = offsets_of(offsets, "offsets") if offsets is not None else None
    rows = len(places) if places is not None else _rows(data.nbytes, size, step)
    return _blocks(data, places, step, rows, Columns.allocate(what, min(block, rows)))


def _blocks(data: memoryview, places: memoryview | None, step: int, rows: int, whole: Columns) -> Iterator[Columns]:
    for first in range(0, rows, max(whole.rows, 1)):
        count = min(whole.rows, rows - first)
        columns = whole if count == whole.rows else whole.slice(0, count)
        if places is None:
            _fill(data[first * step :], None, step, columns)
        else:
            _fill(data, places[first : first + count], step, columns)
        yield columns


def _fill(data: memoryview, places: memoryview | None, step: int, columns: Columns) -> None:
    core, rows, size = engine.native(), columns.rows, columns.table.size
    if core is None:
        starts = places if places is not None else range(0, rows * step, step) if step else [0] * rows
        done = by_record.unpack(data, starts, columns)
    else:
        c_places = core.ffi.NULL if places is None else core.pointer(places, "uint64_t *")
        c_data, c_columns = core.pointer(data), columns.pointers(core)
        done = core.lib.lw_unpack(plan(core, columns.table), c_data, data.nbytes, c_places, step, rows, c_columns)
    if done < rows:
        at = places[done] if places is not None else done * step
        what = f"row {done} needs {size} bytes, the buffer has {data.nbytes}"
        raise TruncatedError(what, path=columns.table.path, offset=at)


def pack(
    cls: type,
    columns: Mapping[str, Any],
    out: Any = None,
    byteorder: ByteOrder = "little",
    *,
    rows: int | None = None,
) -> memoryview:
    """Rows of one struct, side by side, from columns.

    Args:
        cls: a class made by `wire_struct`.
        columns: field name to column: a buffer or sequence of integers, or one integer (for a field of bytes one
            ``bytes``) for every row. Integers of another width, sign or byte order are converted, if all of them fit;
            bytes without a type of their own are taken as the column's. A field that is not named has the declaration's
            default.
        out: a writable buffer of at least rows times the struct's size; new memory unless given.
        byteorder: "little" or "big", the byte order to write.
        rows: number of rows, where no column says it.

    Returns:
        The rows, a view of `out`.

    Raises:
        WireError: no such field, columns of different length, values that are no integers or do not fit, more rows than
            this machine has memory for, `out` too short or overlapping.
    """
    struct_class(cls)
    given, fill = _given(cls, byteorder, columns, rows)
    size = given.table.size * given.rows
    target = flat(out, "out", writable=True) if out is not None else memoryview(allocate(size)).cast("B")
    if target.nbytes < size:
        raise WireError(f"expected at least {size} bytes for {given.rows} rows, got {target.nbytes}", path="out")
    target = target[:size]
    if out is not None and given.overlaps(target):
        raise WireError("out overlaps the columns", path="out")
    _write(fill, given, target)
    return target


def _write(fill: bytes, given: Columns, target: memoryview) -> None:
    """Run the pack plan of checked columns into a buffer of the right size."""
    core = engine.native()
    if core is None:
        by_record.pack(fill, given, target)
    elif given.rows:
        c_fill = core.ffi.NULL if given.table.whole else core.pointer(fill)
        core.lib.lw_pack(plan(core, given.table), c_fill, given.pointers(core), given.rows, core.pointer(target))


def _given(cls: type, order: ByteOrder, columns: Mapping[str, Any], rows: int | None) -> tuple[Columns, bytes]:
    """The columns that vary, and one row with everything else."""
    if isinstance(columns, Columns) and rows in (None, columns.rows):
        what = columns.table
        if what.cls is cls and what.order == order:
            return columns, _defaults(cls, order)
    leaves = {leaf.name: leaf for leaf in all_leaves(cls, byte_order(order))}
    varying: dict[str, memoryview] = {}
    fixed: dict[str, memoryview] = {}
    for name, value in kind_of(columns, Mapping, "columns by name", "columns").items():
        leaf = leaves.get(name)
        if leaf is None:
            raise WireError(f"no column {name!r}", path=spec_of(cls).name)
        if is_one(value, leaf):
            fixed[name] = column_of(one(value, leaf), leaf)
        else:
            varying[name] = column_of(value, leaf)
    count = common_rows(varying, leaves, rows, spec_of(cls).name)
    fill = _defaults(cls, order)
    if fixed:
        row = memoryview(bytearray(fill))
        _write(fill, Columns(table(cls, order, tuple(fixed)), 1, tuple(fixed.values())), row)
        fill = bytes(row)
    return Columns(table(cls, order, tuple(varying)), count, tuple(varying.values())), fill


def _defaults(cls: type, order: ByteOrder) -> bytes:
    """The bytes of a struct whose fields have their declared defaults."""
    found = _default_rows.get((cls, order))
    if found is None:
        try:
            found = record.pack(cls(), byteorder=order)
        except TypeError:  # a field without a default
            found = bytes(spec_of(cls).size)
        found = _default_rows[cls, order] = found[: spec_of(cls).size]
    return found


_default_rows: dict[tuple[type, str], bytes] = {}


def _table(cls: type, order: ByteOrder, fields: Iterable[str] | None, out: Mapping[str, Any] | None) -> Table:
    if fields is None and isinstance(out, Columns):
        if out.table.cls is cls and out.table.order == order:
            return out.table
        fields = tuple(out)
    if fields is not None and type(fields) is not tuple:
        fields = names_of(fields, "fields")
    try:
        return _asked(cls, order, fields)
    except (TypeError, ValueError):  # something without a hash: it is said what
        return _asked.__wrapped__(cls, order, fields)


@lru_cache(maxsize=2048)
def _asked(cls: type, order: ByteOrder, fields: tuple[str, ...] | None) -> Table:
    """The table of arguments that are what they should be: they are looked at once."""
    names = None if fields is None else names_of(fields, "fields")
    return table(struct_class(cls), byte_order(order), names)


def _stride(stride: int | None, size: int) -> int:
    if stride is None:
        return size
    if whole(stride, "stride") < size:
        raise WireError(f"expected at least the struct's {size} bytes, got {stride}", path="stride")
    return stride


def _rows(total: int, size: int, stride: int) -> int:
    """Rows in a buffer whose last row may end before its stride does."""
    if not stride:
        raise WireError("a struct without size has no rows", path="stride")
    rows, rest = divmod(total, stride)
    if rest and rest < size:
        what = f"{total} bytes do not make rows of {size} every {stride}"
        raise TruncatedError(what, path="buffer", offset=rows * stride)
    return rows + bool(rest)
