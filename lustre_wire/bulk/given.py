"""What callers give: columns as buffers, sequences or single values, and names; a `WireError` for anything else."""

from __future__ import annotations

import reprlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any

from lustre_wire import dialects
from lustre_wire.dialects import Dialect
from lustre_wire.engines.bulk.columns import check_size, column_bytes, integers, whole
from lustre_wire.engines.bulk.leaves import Leaf
from lustre_wire.errors import WireError
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of


def kind_of(value: Any, kinds: Any, what: str, path: str) -> Any:
    """The value, which is of one of these types.

    Raises:
        WireError: it is not.
    """
    if not isinstance(value, kinds):
        raise WireError(f"expected {what}, got {type(value).__name__}", path=path)
    return value


def one_of(value: Any, known: tuple[str, ...], path: str) -> str:
    """The value, which is one of these texts.

    Raises:
        WireError: it is not.
    """
    if not isinstance(value, str) or value not in known:
        got = reprlib.repr(value) if isinstance(value, str) else type(value).__name__
        raise WireError(f"expected {' or '.join(map(repr, known))}, got {got}", path=path)
    return value


def each(values: Any, kinds: Any, what: str, path: str) -> list[Any]:
    """The values of an iterable, which are of one of these types.

    Raises:
        WireError: they are not, or it is none.
    """
    try:
        return [kind_of(value, kinds, what, path) for value in values]
    except (TypeError, ValueError):  # of a released view, the latter
        raise WireError(f"expected {what}, got {type(values).__name__}", path=path) from None


def struct_class(cls: Any) -> type:
    """A class made by `wire_struct`.

    Raises:
        WireError: it is none.
    """
    if not isinstance(cls, type):
        raise WireError(f"expected a class made by wire_struct, got {type(cls).__name__}", path="cls")
    spec_of(cls)
    return cls


def byte_order(order: Any) -> ByteOrder:
    """The byte order that a name says.

    Raises:
        WireError: neither.
    """
    known: dict[str, ByteOrder] = {"little": "little", "big": "big"}
    return known[one_of(order, tuple(known), "byteorder")]


def dialect_of(dialect: Any) -> Dialect:
    """A dialect, or the one of a name.

    Raises:
        WireError: neither.
    """
    return dialects.dialect(kind_of(dialect, (str, Dialect), "a dialect or its name", "dialect"))


def names_of(names: Any, path: str) -> tuple[str, ...]:
    """One name or several.

    Raises:
        WireError: neither.
    """
    return (names,) if isinstance(names, str) else tuple(each(names, str, "names", path))


def offsets_of(offsets: Any, path: str) -> memoryview:
    """Offsets, or any integers that are not negative, as a column of unsigned 64-bit integers.

    Raises:
        WireError: none, or of more than one dimension.
    """
    if isinstance(offsets, (list, tuple, range)):
        return _array("Q", offsets, (), path)
    column = integers(offsets, "Q", path)
    if memoryview(offsets).ndim != 1:
        raise WireError("expected one offset for each row", path=path)
    return column.cast("Q")


def common_rows(columns: Mapping[str, memoryview], leaves: Mapping[str, Leaf], rows: int | None, path: str) -> int:
    """Number of rows, which all columns must have."""
    parts = {name: divmod(view.nbytes, leaves[name].pitch) for name, view in columns.items()}
    for name, (count, rest) in parts.items():
        if rest:
            what = f"expected whole rows of {leaves[name].pitch} bytes, got {rest} bytes more than {count} of them"
            raise WireError(what, path=name)
    counts = {name: count for name, (count, _) in parts.items()}
    found: set[int] = {*counts.values(), *(() if rows is None else (whole(rows, "rows"),))}
    if len(found) != 1:
        raise WireError(f"expected columns of one length, got {counts or 'none'}", path=path)
    return found.pop()


def is_one(value: Any, leaf: Leaf) -> bool:
    """Whether a value stands for every row: an integer, or bytes of a field's own length."""
    if isinstance(value, (int, Integral)):
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
        WireError: neither integers that fit nor a buffer of them.
    """
    if isinstance(value, (list, tuple, range)):
        return _array(leaf.code, value, leaf.shape, leaf.name).cast("B")
    return column_bytes(value, leaf)


def _array(code: str, values: Any, shape: tuple[int, ...], path: str) -> memoryview:
    try:
        check_size(8 * len(values), path)
        return memoryview(array(code, _numbers(values, shape)))
    except (TypeError, OverflowError) as error:
        raise WireError(str(error), path=path) from None


def _numbers(values: Iterable[Any], shape: tuple[int, ...]) -> Iterator[int]:
    """The integers of a sequence, in which a row of an array may be a sequence too, as long as the array."""
    for value in values:
        if isinstance(value, (int, Integral)):
            yield int(value)
            continue
        row = value.tolist() if hasattr(value, "tolist") else value
        if not shape or not isinstance(row, (list, tuple, range, bytes, bytearray)) or len(row) != shape[0]:
            wanted = f"an integer or {shape[0]} of them" if shape else "an integer"
            raise TypeError(f"expected {wanted}, got {type(value).__name__}")
        yield from _numbers(row, shape[1:])
