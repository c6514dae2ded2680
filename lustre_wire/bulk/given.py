"""What callers give as columns: buffers, sequences, single values."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lustre_wire.engines.bulk.columns import column_bytes
from lustre_wire.engines.bulk.leaves import Leaf
from lustre_wire.errors import WireError


def common_rows(columns: Mapping[str, memoryview], leaves: Mapping[str, Leaf], rows: int | None, path: str) -> int:
    """Number of rows, which all columns must have."""
    counts = {name: view.nbytes / leaves[name].pitch for name, view in columns.items()}
    found = {*counts.values(), *(() if rows is None else (rows,))}
    if len(found) != 1:
        raise WireError(f"expected columns of one length, got {counts or 'none'}", path=path)
    (count,) = found
    if count != int(count) or count < 0:
        raise WireError(f"expected whole rows, got {count}", path=path)
    return int(count)


def is_one(value: Any, leaf: Leaf) -> bool:
    """Whether a value stands for every row: an integer, or bytes of a field's own length."""
    if isinstance(value, int):
        return True
    return isinstance(value, bytes) and leaf.code == "B" and bool(leaf.shape) and len(value) == leaf.pitch


def one(value: Any, leaf: Leaf) -> Any:
    """A column of one row that holds a value."""
    if isinstance(value, bytes):
        return value
    if leaf.shape:
        raise WireError("expected a column: this field is an array", path=leaf.name)
    return [value]


def column_of(value: Any, leaf: Leaf) -> memoryview:
    """The bytes of a caller's column; a sequence of integers is turned into one.

    Raises:
        WireError: neither a buffer of the right item size nor integers that fit.
    """
    if isinstance(value, (list, tuple, range)):
        try:
            value = array(leaf.code, _numbers(value))
        except (TypeError, OverflowError, ValueError) as error:
            raise WireError(str(error), path=leaf.name) from None
    return column_bytes(value, leaf, 0)


def _numbers(values: Iterable[Any]) -> Iterator[int]:
    for value in values:
        if isinstance(value, int):
            yield value
        else:
            yield from _numbers(value)
