"""Messages and wire structs as plain JSON types, and back.

Integers are numbers, nested structs objects, arrays lists, bytes hexadecimal strings, with the exact C field names.
What no field covers stands under "extra", so that ``encode(from_json(to_json(message)))`` gives the same bytes. What
opaque bytes hold is shown beside their "hex" as "inside", which `from_json` does not look at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.embedded import holding
from lustre_wire.engines.payload import Extra, codec, read_value
from lustre_wire.engines.straightline import foreign_build, foreign_parse
from lustre_wire.errors import WireError
from lustre_wire.frames.lustre_msg import LustreMsgV1, LustreMsgV2
from lustre_wire.kinds import checked, octets
from lustre_wire.rpc import REPLY, REQUEST, Generic, Message
from lustre_wire.schema.rpc import Blob, FixedText, Items, RpcFormat, SlotSpec, Text
from lustre_wire.schema.struct import StructSpec, spec_of
from lustre_wire.schema.types import Array, Chars, FieldType, Flex, Foreign, Hole, Raw, Scalar, Struct, as_type

BODY = "ptlrpc_body"


# --- values ---------------------------------------------------------------------------------------------------------


@checked
def struct_to_json(obj: Any) -> dict[str, Any]:
    """One wire struct (or union) as a JSON object.

    Raises:
        SchemaError: `obj` is no wire struct.
    """
    spec = spec_of(obj)
    if spec.is_union:
        return {"raw": obj.raw.hex()}
    return {f.name: _to_json(f.type, getattr(obj, f.name)) for f in spec.fields}


def _to_json(kind: FieldType, value: Any) -> Any:
    if isinstance(kind, Scalar):
        return int(value)
    if isinstance(kind, Struct):
        return struct_to_json(value)
    if isinstance(kind, Foreign):
        return foreign_build(kind.codec, value, kind.size, "").hex()
    if isinstance(value, (bytes, bytearray)):
        return octets(value).hex()
    if isinstance(kind, (Array, Flex, Items)):
        element = as_type(kind.element)
        return [_to_json(element, v) for v in value]
    raise TypeError(type(kind).__name__)


@checked
def struct_from_json(cls: Any, obj: Any, path: str = "") -> Any:
    """A wire struct from its JSON object; fields left out keep their defaults.

    Raises:
        WireError: an unknown field or a value of the wrong kind; `path` says which.
    """
    spec = spec_of(cls)
    where = path or spec.name
    fields = _mapping(obj, where)
    if spec.is_union:
        return _union_from_json(spec, fields, where)
    values = {}
    for name, value in fields.items():
        field = spec.by_name.get(name)
        if field is None:
            raise WireError(f"{spec.name} has no field {name!r}", path=where)
        made = _from_json(field.type, value, f"{where}.{name}")
        values[name] = field.enum(made) if field.enum is not None else made
    return spec.cls(**values)


def _union_from_json(spec: StructSpec, fields: Mapping[str, Any], path: str) -> Any:
    raw = _hex(fields["raw"], f"{path}.raw") if "raw" in fields else bytes(spec.size)
    if len(raw) != spec.size:
        raise WireError(f"expected {spec.size} bytes, got {len(raw)}", path=f"{path}.raw")
    made = spec.cls(raw=raw)
    for name, value in fields.items():
        if name == "raw":
            continue
        member = spec.by_name.get(name)
        if member is None:
            raise WireError(f"{spec.name} has no member {name!r}", path=path)
        inner = _from_json(member.type, value, f"{path}.{name}")
        try:
            setattr(made, name, inner)
        except WireError as error:  # a number, or a list, that its field does not take
            raise error.within(f"{path}.{name}") from None
    return made


def _from_json(kind: FieldType, value: Any, path: str) -> Any:
    if isinstance(kind, Scalar):
        return _number(value, path)
    if isinstance(kind, Struct):
        return struct_from_json(kind.cls, value, path)
    if isinstance(kind, (Raw, Chars, Hole)):
        return _hex(value, path)
    if isinstance(kind, Foreign):
        return foreign_parse(kind.codec, _hex(value, path), path)
    if isinstance(kind, (Array, Flex, Items)):
        element = as_type(kind.element)
        if isinstance(element, (Raw, Chars)):
            return _hex(value, path)
        if not isinstance(value, list):
            raise WireError(f"expected a list, got {type(value).__name__}", path=path)
        return [_from_json(element, v, f"{path}[{i}]") for i, v in enumerate(value)]
    raise TypeError(type(kind).__name__)


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise WireError(f"expected an object, got {type(value).__name__}", path=path)
    return value


def _number(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WireError(f"expected a number, got {type(value).__name__}", path=path)
    return value


def _hex(value: Any, path: str) -> bytes:
    if not isinstance(value, str):
        raise WireError(f"expected hexadecimal digits, got {type(value).__name__}", path=path)
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise WireError(f"expected hexadecimal digits: {error}", path=path) from None


def _text(data: bytes) -> str:
    """Bytes as text that `_bytes` turns back into the same bytes, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def _bytes(value: Any, path: str) -> bytes:
    if not isinstance(value, str):
        raise WireError(f"expected a string, got {type(value).__name__}", path=path)
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise WireError(f"expected text: {error.reason}", path=path) from None


# --- buffers --------------------------------------------------------------------------------------------------------


def _slot_to_json(kind: FieldType, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(kind, Struct):
        return {"struct": kind.cls.__wire__.name, "fields": struct_to_json(value)}
    if isinstance(kind, (Text, FixedText)):
        return {"text": _text(value)}
    if isinstance(kind, Blob):
        return {"hex": octets(value).hex()}
    if isinstance(kind, Scalar):
        return {"value": int(value)}
    assert isinstance(kind, Items)
    element = as_type(kind.element)
    named = {"struct": element.cls.__wire__.name} if isinstance(element, Struct) else {}
    return {**named, "items": _to_json(kind, value)}


def _slot_from_json(kind: FieldType, entry: Mapping[str, Any], order: Any, path: str) -> Any:
    if "hex" in entry:
        data = _hex(entry["hex"], path)
        if not data or isinstance(kind, Blob):
            return data or None
        return _whole_buffer(kind, data, order, path)
    if isinstance(kind, Struct) and "fields" in entry:
        return struct_from_json(kind.cls, entry["fields"], path)
    if isinstance(kind, (Text, FixedText)) and "text" in entry:
        return _bytes(entry["text"], path)
    if isinstance(kind, Scalar) and "value" in entry:
        return _number(entry["value"], path)
    if isinstance(kind, Items) and "items" in entry:
        return _from_json(kind, entry["items"], path)
    unknown = set(entry) & {"fields", "text", "value", "items"}
    if unknown:
        raise WireError(f"does not go with {sorted(unknown)[0]!r}", path=path)
    return None


def _whole_buffer(kind: FieldType, data: bytes, order: Any, path: str) -> Any:
    """A buffer given as its bytes, for a slot that has a type."""
    if isinstance(kind, Text):
        if data.find(0) != len(data) - 1:
            raise WireError("expected a string that ends with its only NUL", path=path)
        return data[:-1]
    fits = len(data) % as_type(kind.element).size == 0 if isinstance(kind, Items) else len(data) == kind.size
    if isinstance(kind, Struct) and kind.cls.__wire__.tail is not None:
        fits = len(data) >= kind.size
    if not fits:
        raise WireError(f"{len(data)} bytes do not make a {type(kind).__name__}", path=path)
    return read_value(kind, data, order)


def _buffer_extra(extra: Extra | None, index: int) -> dict[str, Any]:
    if extra is None:
        return {}
    out: dict[str, Any] = {}
    for key, mapping in (("tail", extra.tails), ("raw", extra.raw)):
        if index in mapping:
            out[key] = mapping[index].hex()
    if index in extra.cut:
        out["length"] = extra.cut[index]
    return {"extra": out} if out else {}


# --- messages -------------------------------------------------------------------------------------------------------


@checked
def to_json(message: Message) -> dict[str, Any]:
    """A message as plain JSON types.

    Keys: "dialect", "direction", "opcode", "format", "endian", "header", "buffers", "variant" and "extra" where needed.
    Buffer 0, the ptlrpc_body, is the first entry of "buffers" in a lustre_msg v2.
    """
    extra = message.extra
    buffers: list[dict[str, Any]] = []
    if message.body is not None:
        body = {"name": BODY, "struct": message.body.__wire__.name, "fields": struct_to_json(message.body)}
        buffers.append({**body, **_buffer_extra(extra, 0)})
    if isinstance(message.buffers, Generic):
        first = 0 if message.body is None and message.version == 2 else 1
        for i, data in enumerate(message.buffers.buffers, first):
            buffers.append({"name": f"buffer_{i}", "hex": data.hex(), **_buffer_extra(extra, i)})
    else:
        in_place = codec(type(message.buffers), message.order).places(message.buffers)
        for i, spec in enumerate(in_place, 1):
            value = getattr(message.buffers, spec.name)
            told = {**_slot_to_json(spec.type, value), **_inside(message, spec, value)}
            buffers.append({"name": spec.name, **told, **_buffer_extra(extra, i)})
    header = struct_to_json(message.header)
    out: dict[str, Any] = {
        "dialect": message.dialect.name, "direction": message.direction, "opcode": message.opcode,
        "format": message.format.name if message.format is not None else None, "endian": message.order,
        "header": header, "buffers": buffers,
    }  # fmt: skip
    if message.format is not None and message.format.variant:
        out["variant"] = message.format.variant
    around = _message_extra(extra)
    if around:
        out["extra"] = around
    return out


def _inside(message: Message, spec: SlotSpec, value: Any) -> dict[str, Any]:
    """What opaque bytes hold, for who reads them; the bytes stand beside it, and they count."""
    if value is None or not isinstance(spec.type, Blob):
        return {}
    found = holding(spec, octets(value), message.buffers, message.dialect, message.order)
    return {"inside": _slot_to_json(*found)} if found is not None else {}


def _message_extra(extra: Extra | None) -> dict[str, Any]:
    if extra is None:
        return {}
    out: dict[str, Any] = {}
    if extra.more:
        out["more"] = [data.hex() for data in extra.more]
    if extra.count is not None:
        out["count"] = extra.count
    if extra.gap:
        out["header_padding"] = extra.gap.hex()
    if extra.trailing:
        out["trailing"] = extra.trailing.hex()
    if extra.padding:
        out["padding"] = {str(i): data.hex() for i, data in extra.padding.items()}
    return out


def from_json(obj: Any) -> Message:
    """The message that `to_json` described.

    Of each buffer, "fields" (or "text", "value", "items", "hex") counts; fields left out keep their defaults; lengths
    and counts follow from the buffers.

    Raises:
        WireError: what is missing, unknown or of the wrong kind, with its path.
    """
    whole = _mapping(obj, "message")
    found = dialect(_required(whole, "dialect", str))
    try:
        return _message_from_json(whole, found)
    except WireError as error:
        error.dialect = found.name
        raise


def _required(obj: Mapping[str, Any], key: str, kind: type) -> Any:
    value = obj.get(key)
    if not isinstance(value, kind):
        raise WireError(f"expected {key!r} of type {kind.__name__}, got {type(value).__name__}", path=key)
    return value


def _message_from_json(whole: Mapping[str, Any], found: Dialect) -> Message:
    direction = _required(whole, "direction", str)
    if direction not in (REQUEST, REPLY):
        raise WireError(f"expected 'request' or 'reply', got {direction!r}", path="direction")
    order = whole.get("endian", "little")
    if order not in ("little", "big"):
        raise WireError(f"expected 'little' or 'big', got {order!r}", path="endian")
    head = _mapping(whole.get("header", {}), "header")
    header = struct_from_json(LustreMsgV1 if "lm_handle" in head else LustreMsgV2, head, "header")
    form = _format_of(whole, found)
    entries = [_mapping(e, f"buffers[{i}]") for i, e in enumerate(_required(whole, "buffers", list))]
    body = None
    extra = Extra()
    if entries and entries[0].get("name") == BODY:
        body = _slot_from_json(Struct(found.body), entries[0], order, BODY) or found.body()
        _read_buffer_extra(entries[0], 0, extra)
        entries = entries[1:]
    first = 0 if body is None and isinstance(header, LustreMsgV2) else 1
    if form is None:
        buffers: Any = Generic([_hex(e.get("hex", ""), f"buffers[{i}]") for i, e in enumerate(entries, first)])
        for i, entry in enumerate(entries, first):
            _read_buffer_extra(entry, i, extra)
    else:
        buffers = _read_slots(form.request if direction == REQUEST else form.reply, entries, order, extra)
    _read_message_extra(_mapping(whole.get("extra", {}), "extra"), extra, len(header.lm_buflens))
    return Message(found, direction, order, header, body, form, buffers, extra if extra else None)


def _format_of(whole: Mapping[str, Any], found: Dialect) -> RpcFormat | None:
    name = whole.get("format")
    if name is None:
        return None
    variant = whole.get("variant")
    key = f"{name} ({variant})" if variant else name
    form = found.rpcs.get(key) if isinstance(key, str) else None
    if form is None:
        raise WireError(f"no RPC format {key!r}", path="format")
    return form


def _read_slots(side: Any, entries: list[Mapping[str, Any]], order: Any, extra: Extra) -> Any:
    specs = {s.name: s for s in side.__slot_specs__}
    buffers = side()
    for i, entry in enumerate(entries, 1):
        name = entry.get("name")
        spec = specs.get(name) if isinstance(name, str) else None
        if spec is None:
            raise WireError(f"no buffer {entry.get('name')!r} in {side.__qualname__}", path=f"buffers[{i}]")
        setattr(buffers, spec.name, _slot_from_json(spec.type, entry, order, spec.name))
        _read_buffer_extra(entry, i if any(s.present for s in specs.values()) else spec.index, extra)
    return buffers


def _read_buffer_extra(entry: Mapping[str, Any], index: int, extra: Extra) -> None:
    said = _mapping(entry.get("extra", {}), f"buffers[{index}].extra")
    for key, mapping in (("tail", extra.tails), ("raw", extra.raw)):
        if key in said:
            mapping[index] = _hex(said[key], f"buffers[{index}].extra.{key}")
    if "length" in said:
        extra.cut[index] = _size(said["length"], f"buffers[{index}].extra.length")


def _size(value: Any, path: str) -> int:
    number = _number(value, path)
    if number < 0:
        raise WireError(f"expected a size, got {number}", path=path)
    return number


#: More buffers than any message has. One that has more lists their lengths in its header: the count alone, which would
#: only fill memory with lengths, is not believed.
_MOST_BUFFERS: Final = 1 << 10
#: A buffer's number in decimal, as a key. Longer ones number no buffer, and `int` takes its time with them.
_INDEX: Final = re.compile(r"[0-9]{1,8}", re.ASCII)


def _read_message_extra(said: Mapping[str, Any], extra: Extra, listed: int) -> None:
    if "more" in said:
        extra.more = [_hex(data, "extra.more") for data in _required(said, "more", list)]
    if "count" in said:
        extra.count = _size(said["count"], "extra.count")
        most = max(_MOST_BUFFERS, listed + 1)  # a lustre_msg v1 does not list the ptlrpc_body
        if extra.count > most:
            raise WireError(f"expected at most {most} buffers, got {extra.count:#x}", path="extra.count")
    extra.gap = _hex(said.get("header_padding", ""), "extra.header_padding")
    extra.trailing = _hex(said.get("trailing", ""), "extra.trailing")
    for key, data in _mapping(said.get("padding", {}), "extra.padding").items():
        if not isinstance(key, str) or not _INDEX.fullmatch(key):
            raise WireError(f"expected a buffer index, got {key!r}", path="extra.padding")
        extra.padding[int(key)] = _hex(data, "extra.padding")
