"""The engines against each other: what one reads and writes, all must; a disagreement becomes a test to paste."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lustre_wire import bulk
from lustre_wire.engines import record, reference
from lustre_wire.engines.bulk import by_record
from lustre_wire.errors import WireError
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of
from lustre_wire.testing.mutate import minimised

Outcome = tuple[str, Any]
Reader = Callable[[Any, bytes, ByteOrder], Any]


@dataclass(frozen=True)
class Disagreement:
    """Two engines that do not agree about the same bytes of a struct."""

    cls: Any
    order: ByteOrder
    data: bytes
    engine: str
    what: str

    def as_test(self) -> str:
        """A test to paste; it fails as long as the engines disagree."""
        name = spec_of(self.cls).name
        return (
            f"from {self.cls.__module__} import {self.cls.__qualname__}\n"
            "from lustre_wire.testing.differential import disagreements\n\n\n"
            f"def test_{name}_{self.order}_endian_is_read_alike_by_{self.engine}() -> None:\n"
            f"    # {self.what}\n"
            f"    data = bytes.fromhex({self.data.hex()!r})\n"
            f"    assert list(disagreements({self.cls.__qualname__}, data, {self.order!r})) == []\n"
        )


def _by_construct(cls: Any, data: bytes, order: ByteOrder) -> Any:
    return reference.unpack(cls, data, byteorder=order)


def _by_compiled_construct(cls: Any, data: bytes, order: ByteOrder) -> Any:
    return reference.unpack(cls, data, byteorder=order, compiled=True)


#: The engines that make objects, beside the record engine they are compared with.
READERS: dict[str, Reader] = {"reference": _by_construct, "reference_compiled": _by_compiled_construct}


def disagreements(cls: Any, data: bytes, order: ByteOrder) -> Iterator[Disagreement]:
    """What the engines do not agree about in one struct's bytes: values, bytes written back, or whether it is readable.

    Args:
        cls: a class made by `wire_struct`.
        data: the bytes; a flexible tail takes all of them.
        order: the sender's byte order.
    """
    wanted = _tried(lambda: record.unpack(cls, data, byteorder=order))
    for engine, read in READERS.items():
        got = _tried(lambda read=read: read(cls, data, order))  # type: ignore[misc]
        if got != wanted:
            yield Disagreement(cls, order, data, engine, f"{engine} gives {got[1]!r}, record {wanted[1]!r}")
    if wanted[0] != "value":
        return
    value = wanted[1]
    for engine, written in (
        ("record", record.pack(value, byteorder=order)),
        ("reference", reference.pack(value, byteorder=order)),
    ):
        if written != data[: len(written)]:
            yield Disagreement(cls, order, data, engine, f"{engine} writes {written.hex()}")
    yield from _columns(cls, data[: spec_of(cls).size], order)


def _tried(read: Callable[[], Any]) -> Outcome:
    try:
        return "value", read()
    except WireError:
        return "error", "WireError"


def _columns(cls: Any, data: bytes, order: ByteOrder) -> Iterator[Disagreement]:
    """The bulk engine's columns of one row, which has no flexible tail, against the fields of the object."""
    if not data:
        return
    value = record.unpack(cls, data, byteorder=order)
    columns = bulk.unpack(cls, data, stride=len(data), byteorder=order)
    for number, leaf in enumerate(columns.table.leaves):
        wanted = list(by_record.found(value, leaf.steps))
        got = list(by_record.values(leaf, columns.bytes_of(number)[: leaf.pitch]))
        if got != wanted:
            yield Disagreement(cls, order, data, "bulk", f"bulk gives {leaf.name} = {got!r}, record {wanted!r}")
            return
    again = bytes(bulk.pack(cls, columns, byteorder=order))
    if again != data:
        yield Disagreement(cls, order, data, "bulk", f"bulk writes {again.hex()}")


def smallest(found: Disagreement) -> Disagreement:
    """The same disagreement in the bytes nearest to all zero."""
    base = bytes(len(found.data))

    def still(data: bytes) -> bool:
        return any(d.engine == found.engine for d in disagreements(found.cls, data, found.order))

    data = minimised(found.data, base, still)
    return next(d for d in disagreements(found.cls, data, found.order) if d.engine == found.engine)
