"""Where the numbers and buffers lie that the conditions of formats look at."""

from __future__ import annotations

from dataclasses import dataclass

from lustre_wire.errors import SchemaError
from lustre_wire.schema.rpc import Items, SlotSpec
from lustre_wire.schema.types import Scalar, Struct, as_type


@dataclass(frozen=True)
class Peek:
    """Where a number or a buffer that a condition looks at lies.

    Attributes:
        index: of the buffer, as in `SlotSpec`.
        offset: of the number in it, in bytes.
        scalar: the number's type, None for a whole buffer.
        fixed_order: "little" or "big" where the number's struct fixes it, "" for the sender's byte order.
    """

    index: int
    offset: int = 0
    scalar: Scalar | None = None
    fixed_order: str = ""


def resolve(slots: tuple[SlotSpec, ...], path: str) -> Peek:
    """Find what a condition's path names.

    Raises:
        SchemaError: no such slot or field.
    """
    if path.startswith("["):
        return Peek(int(path[1:-1]))
    name, *rest = path.split(".")
    found = next((s for s in slots if s.name == name), None)
    if found is None:
        raise SchemaError(f"no buffer {name!r}", path=path)
    kind, offset, order = found.type, 0, ""
    for part in rest:
        if not isinstance(kind, Struct) or part not in kind.cls.__wire__.by_name:
            raise SchemaError(f"no field {part!r}", path=path)
        order = order or ("" if kind.cls.__wire__.order == "sender" else kind.cls.__wire__.order)
        inner = kind.cls.__wire__.by_name[part]
        kind, offset = inner.type, offset + inner.offset
    kind = as_type(kind.element) if isinstance(kind, Items) else kind
    return Peek(found.index, offset, kind if isinstance(kind, Scalar) else None, order)
