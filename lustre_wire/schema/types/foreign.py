"""Fields that somebody else's codec describes."""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from lustre_wire.errors import WireError
from lustre_wire.schema.nodes import ByteOrder, Cell, Emitter, Form, fit, unhex
from lustre_wire.schema.types.base import CellType, Showing


class ConstructLike(Protocol):
    """What a foreign definition must offer; every fixed-size `construct` object does."""

    def parse(self, data: bytes) -> Any: ...

    def build(self, obj: Any) -> bytes: ...

    def sizeof(self) -> int: ...


@dataclass(frozen=True)
class Foreign(CellType):
    """A field described by somebody else's fixed-size codec, such as a user's own construct definition."""

    codec: Any

    form: ClassVar[Form] = Form.FOREIGN

    @property
    def size(self) -> int:  # type: ignore[override]
        return int(self.codec.sizeof())

    @property
    def c_type(self) -> str:
        return f"foreign[{self.size}]"

    def load(self, em: Emitter, cell: Cell, raw: str, order: ByteOrder) -> str:
        return f"{em.use(foreign_parse)}({em.const('_c', self.codec)}, {raw}, {cell.name!r})"

    def store(self, em: Emitter, cell: Cell, value: str, path: str, order: ByteOrder) -> str:
        return f"{em.use(foreign_build)}({em.const('_c', self.codec)}, {value}, {cell.width}, {path!r})"

    def construct(self, cs: Any, cell: Cell, order: ByteOrder) -> Any:
        return self.codec

    def json(self, em: Emitter, cell: Cell, value: str) -> str:
        return f"{self.store(em, cell, value, '', 'little')}.hex()"

    def from_json(self, value: Any, path: str) -> Any:
        return foreign_parse(self.codec, unhex(value, path), path)

    def text(self, show: Showing, value: Any, field: Any) -> str:
        return show.opaque(show.applied(self.codec.build, value), None)

    def draw(self, st: Any) -> Any:
        return super().draw(st).map(self.codec.parse)


def foreign_errors() -> tuple[type[Exception], ...]:
    """What somebody else's codec may raise on bytes or values that are not its own."""
    construct = sys.modules.get("construct")
    own = (construct.ConstructError,) if construct is not None else ()
    return (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, EOFError, struct.error, *own)


def foreign_parse(codec: Any, data: bytes, path: str) -> Any:
    """What a foreign codec reads from `data`."""
    try:
        return codec.parse(data)
    except foreign_errors() as error:
        raise WireError(f"the field's own codec refuses it: {error}", path=path) from None


def foreign_build(codec: Any, value: Any, size: int, path: str) -> bytes:
    """The bytes that a foreign codec makes of `value`."""
    try:
        data = codec.build(value)
    except foreign_errors() as error:
        raise WireError(f"the field's own codec refuses it: {error}", path=path) from None
    return fit(data, size, path, False)
