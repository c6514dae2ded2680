"""The record engine: one wire struct to a Python object and back, for every single-message decode and encode.

For each class and byte order straight-line Python is generated once (see `straightline`) and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from lustre_wire.engines.straightline import Generator, at_least, counted
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import FAULTS, flat
from lustre_wire.schema.nodes import PREFIX, ByteOrder, Cell, Group, Node, Overlap, Repeat, access, resolved
from lustre_wire.schema.struct import spec_of

_T = TypeVar("_T")

#: What writing a value that does not fit raises; `fault` says which value it was.
UNFIT: Final = (*FAULTS, WireError)


@dataclass(frozen=True)
class Codec:
    """The generated functions of one class in one byte order.

    `unpack(buffer, offset, end)` makes an object of the `size` bytes at `offset` (the caller has checked that they lie
    before `end`) and of as many elements of a flexible tail as fit before `end`. `pack(object)` gives the bytes.
    """

    cls: type
    size: int
    unpack: Callable[[Any, int, int], Any]
    pack: Callable[[Any], bytes]
    flexible: bool


_codecs: dict[tuple[type, str], Codec] = {}


def nested_codec(cls: type, order: ByteOrder) -> Codec:
    """The codec of a struct inside another one, where its own lack of a swab function does not count."""
    found = _codecs.get((cls, order))
    if found is None:
        found = _codecs[cls, order] = _made(cls, order, fixed=False)
    return found


def bare_codec(cls: type, order: ByteOrder) -> Codec:
    """The codec of a struct's fixed part: of a flexible tail it reads and writes the elements that are always there."""
    return _made(cls, order, fixed=True)


def _made(cls: type, order: ByteOrder, *, fixed: bool) -> Codec:
    node = spec_of(cls).node
    if not isinstance(node, Group):
        raise WireError("a union is read with its outer struct, which says what member counts", path=node.name)
    functions = Generator(order, nested_codec, node.width).compile(node, fixed=fixed)
    return Codec(cls, node.width, *functions, node.tail is not None and not fixed)


def codec(cls: type, order: ByteOrder) -> Codec:
    """The codec of a struct that stands alone in a buffer of a message with byte order `order`.

    A struct whose format fixes its byte order is read in that; one without a swab function stays as sent, which a
    little-endian receiver reads as little-endian.

    Raises:
        SchemaError: `cls` is no wire struct.
    """
    return nested_codec(cls, standing_order(cls, order))


def standing_order(cls: type, order: ByteOrder) -> ByteOrder:
    """Byte order of a struct that stands alone in a buffer of a message with byte order `order`."""
    return resolved(spec_of(cls).alone.order, order)


def member(union: Overlap, name: str) -> Callable[[bytes], Any]:
    """What reads a member of a union from the union's bytes, as a value of its own: faster than through the union."""
    node = union.view(name)
    at, end = node.offset, node.offset + node.width
    if isinstance(node, Group):
        read = codec(node.cls, "little").unpack
        return lambda raw: read(raw, at, end)
    if isinstance(node, Cell):
        one = access(node)[0]
        return lambda raw: one(raw, at)
    cls = union.cls
    return lambda raw: getattr(cls(raw=raw), name)


def unpack(cls: type[_T], data: Any, *, byteorder: ByteOrder = "little", offset: int = 0) -> _T:
    """One wire struct from bytes.

    Args:
        cls: a class made by `wire_struct`.
        data: any object with the buffer protocol.
        byteorder: the sender's byte order.
        offset: where the struct begins, in bytes; a flexible tail extends to the end of `data`.

    Raises:
        TruncatedError: fewer bytes than the struct's size.
    """
    functions = _codec_for(cls, byteorder)
    data = flat(data)
    end = len(data)
    if not isinstance(offset, int):
        raise WireError(f"expected a number, got {type(offset).__name__}", path="offset")
    if offset < 0 or end - offset < functions.size:
        raise TruncatedError(
            f"expected {functions.size} bytes, got {max(0, end - offset)}", path=spec_of(cls).name, offset=offset
        )
    made: _T = functions.unpack(data, offset, end)
    return made


def pack(obj: Any, *, byteorder: ByteOrder = "little") -> bytes:
    """The bytes of one wire struct.

    Raises:
        WireError: a value that does not fit its field; `path` names the field.
    """
    return checked(_codec_for(type(obj), byteorder), obj)


def _codec_for(cls: type, byteorder: ByteOrder) -> Codec:
    try:
        return codec(cls, byteorder)
    except (KeyError, TypeError, ValueError):
        if not isinstance(byteorder, str) or byteorder not in PREFIX:
            raise WireError("expected byte order little or big", path="byteorder") from None
        raise


def checked(functions: Codec, obj: Any) -> bytes:
    """Pack, and say which field is at fault where that fails; an error that no field is at fault for comes out."""
    try:
        return functions.pack(obj)
    except UNFIT:
        spec = spec_of(functions.cls)
        found = fault(spec.node, obj, spec.name)
        if found is None:
            raise
    raise found


def fault(node: Node, value: Any, path: str, *, at_end: bool = True) -> WireError | None:
    """What is wrong with a value, its path in it, or None; `at_end`: nothing follows, so that a tail may be longer."""
    try:
        if isinstance(node, Cell):
            access(node)[1](value) if node.width else memoryview(value)
        elif isinstance(node, Group):
            for member in node.members:
                if isinstance(value, node.cls) and not hasattr(value, member.name):
                    return WireError("has no value", path=f"{path}.{member.name}")
                end = at_end and member is node.members[-1]
                found = fault(member, getattr(value, member.name), f"{path}.{member.name}", at_end=end)
                if found is not None:
                    return found
        elif isinstance(node, Repeat):
            (at_least if node.tail and at_end else counted)(value, node.width if node.joined else node.count, path)
            for i, each in enumerate(() if node.joined else value):
                found = fault(node.node, each, f"{path}[{i}]", at_end=False)
                if found is not None:
                    return found
            if node.joined:
                bytes(value)
        elif len(value.raw) != node.width:
            return WireError(f"expected {node.width} bytes, got {len(value.raw)}", path=path)
        else:
            bytes(value.raw)
    except WireError as error:
        error.path = path
        return error
    except UNFIT as error:
        return WireError(str(error), path=path)
    return None
