"""Columns as a pyarrow Table; pyarrow is imported when this is called, and is an extra."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from lustre_wire.bulk.given import kind_of
from lustre_wire.bulk.index import BUFFERS
from lustre_wire.engines.bulk.columns import viewed
from lustre_wire.errors import WireError

_BY_BUFFER = frozenset(BUFFERS.numbers)


def table(columns: Mapping[str, memoryview]) -> Any:
    """A pyarrow Table that shares the memory of columns.

    Integers become integer columns, bytes fixed-size binaries, arrays fixed-size lists. Of an index, the columns by
    buffer are left out, since a table's columns have one length.

    Raises:
        WireError: pyarrow is not installed, there are no columns, or something else than columns of one length.
    """
    try:
        import pyarrow  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise WireError("bulk.table needs pyarrow, which is not installed") from None
    kind_of(columns, Mapping, "columns by name", "columns")
    kept = {name: _checked(name, column) for name, column in columns.items() if name not in _BY_BUFFER}
    if not kept:
        raise WireError("expected at least one column")
    lengths = {len(column) for column in kept.values()}
    if len(lengths) != 1:
        raise WireError(f"expected columns of one length, got {sorted(lengths)}")
    (rows,) = lengths
    return pyarrow.table({name: _array(pyarrow, column, rows) for name, column in kept.items()})


def _checked(name: Any, column: Any) -> memoryview:
    view = viewed(column, str(name))
    if not view.ndim or not view.c_contiguous or view.format not in tuple("BHIQbhiq"):
        raise WireError(f"expected a column of integers, got format {view.format!r}", path=str(name))
    return view


def _array(pyarrow: Any, column: memoryview, rows: int) -> Any:
    signed, shape = column.format.islower(), column.shape or (rows,)
    data = pyarrow.py_buffer(column)
    if len(shape) == 2 and column.itemsize == 1 and not signed:
        return pyarrow.Array.from_buffers(pyarrow.binary(shape[1]), rows, [None, data])
    kind = getattr(pyarrow, f"{'' if signed else 'u'}int{8 * column.itemsize}")()
    made = pyarrow.Array.from_buffers(kind, prod(shape), [None, data])
    for size in reversed(shape[1:]):
        made = pyarrow.FixedSizeListArray.from_arrays(made, size)
    return made
