"""Messages and wire structs as plain JSON types, and back.

Integers are numbers, nested structs objects, arrays lists, bytes hexadecimal strings, with the exact C field names.
What no field covers stands under "extra", so that ``encode(from_json(to_json(message)))`` gives the same bytes. What
opaque bytes hold is shown beside their "hex" as "inside", which `from_json` does not look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.embedded import Piece, bytes_in, inside
from lustre_wire.engines.payload import Extra, codec, whole_value
from lustre_wire.errors import WireError
from lustre_wire.frames.lustre_msg import LustreMsgV1, LustreMsgV2
from lustre_wire.kinds import checked
from lustre_wire.rpc import REPLY, REQUEST, Generic, Message
from lustre_wire.schema.nodes import Cell, Emitter, Group, Node, Overlap, unhex
from lustre_wire.schema.rpc import RpcFormat, SlotSpec
from lustre_wire.schema.struct import spec_of

BODY = "ptlrpc_body"


# --- values ---------------------------------------------------------------------------------------------------------


@checked
def struct_to_json(obj: Any) -> dict[str, Any]:
    """One wire struct (or union) as a JSON object.

    Raises:
        SchemaError: `obj` is no wire struct.
    """
    made: dict[str, Any] = _writer(spec_of(obj).cls)(obj)
    return made


@lru_cache(maxsize=2048)
def _writer(cls: Any) -> Callable[[Any], Any]:
    """A function that gives the JSON object of a struct."""
    em, node = Emitter(_int=int.from_bytes), spec_of(cls).node
    em.function("to_json(o)", [f"return {_json(em, node, 'o')}"])
    made: Callable[[Any], Any] = em.compile(f"json {node.name}")["to_json"]
    return made


def _json(em: Emitter, node: Node, value: str) -> str:
    """The expression of a node's plain JSON value."""
    if isinstance(node, Cell):
        made: str = node.kind.json(em, node, value)
        return made
    if isinstance(node, Group):
        return "{" + ", ".join(f"{m.name!r}: {_json(em, m, f'{value}.{m.name}')}" for m in node.members) + "}"
    if isinstance(node, Overlap):
        return _union_json(em, node, value)
    if node.joined:
        return _json(em, node.node, value)
    each = em.local("e")
    return f"[{_json(em, node.node, each)} for {each} in {value}]"


def _union_json(em: Emitter, node: Overlap, value: str) -> str:
    """A union's bytes, or where they tell which member counts that member."""
    telling = spec_of(node.cls).telling
    if telling is None:
        return f"{{'raw': {value}.raw.hex()}}"
    where, members, other = telling
    told = em.local("t")
    cases = "".join(
        f"{{{name!r}: {_json(em, node.view(name), f'{value}.{name}')}}} if {told} == {name!r} else "
        for name in dict.fromkeys(members.values())
    )
    rest = f"{{{other!r}: {_json(em, node.view(other), f'{value}.{other}')}}}"
    choice = f"({told} := {em.const('_t', members)}.get({value}.raw[{where.start}:{where.stop}], {other!r}))"
    return f"({cases.replace(told, choice, 1)}{rest})"


@checked
def struct_from_json(cls: Any, obj: Any, path: str = "") -> Any:
    """A wire struct from its JSON object; fields left out keep their defaults.

    Raises:
        WireError: an unknown field or a value of the wrong kind; `path` says which.
    """
    node: Group | Overlap = spec_of(cls).node
    return _from_json(node, obj, path or node.name)


def _from_json(node: Node, value: Any, path: str) -> Any:
    if isinstance(node, Cell):
        return node.kind.from_json(value, path)
    if isinstance(node, Group):
        members, values = spec_of(node.cls).members, {}
        for name, each in _mapping(value, path).items():
            if name not in members:
                raise WireError(f"{spec_of(node.cls).name} has no field {name!r}", path=path)
            values[name] = _from_json(members[name], each, f"{path}.{name}")
        return node.cls(**values)
    if isinstance(node, Overlap):
        return _union_from_json(node, _mapping(value, path), path)
    if node.joined:
        return _from_json(node.node, value, path)
    if not isinstance(value, list):
        raise WireError(f"expected a list, got {type(value).__name__}", path=path)
    return [_from_json(node.node, each, f"{path}[{i}]") for i, each in enumerate(value)]


def _union_from_json(node: Overlap, fields: Mapping[str, Any], path: str) -> Any:
    raw = unhex(fields["raw"], f"{path}.raw") if "raw" in fields else bytes(node.width)
    if len(raw) != node.width:
        raise WireError(f"expected {node.width} bytes, got {len(raw)}", path=f"{path}.raw")
    made, views = node.cls(raw=raw), spec_of(node.cls).members
    for name, value in fields.items():
        if name == "raw":
            continue
        if name not in views:
            raise WireError(f"{spec_of(node.cls).name} has no member {name!r}", path=path)
        inner = _from_json(views[name], value, f"{path}.{name}")
        try:
            setattr(made, name, inner)
        except WireError as error:  # a number, or a list, that its field does not take
            raise error.within(f"{path}.{name}") from None
    return made


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise WireError(f"expected an object, got {type(value).__name__}", path=path)
    return value


def _number(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WireError(f"expected a number, got {type(value).__name__}", path=path)
    return value


# --- buffers --------------------------------------------------------------------------------------------------------


def _slot_to_json(node: Node, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(node, Group):
        return {"struct": spec_of(node.cls).name, "fields": struct_to_json(value)}
    if isinstance(node, Cell):
        return {node.kind.json_key: _slot_writer(node.kind)(value)}
    if isinstance(node, Overlap):
        return {"fields": _slot_writer(node)(value)}
    if isinstance(node.node, Group):
        return {"struct": spec_of(node.node.cls).name, "items": [struct_to_json(each) for each in value]}
    return {"items": _slot_writer(node)(value)}


@lru_cache(maxsize=2048)
def _slot_writer(what: Any) -> Callable[[Any], Any]:
    """A function that gives the plain JSON value of a buffer that is no struct, by its kind or node."""
    em = Emitter(_int=int.from_bytes)
    node = what if not hasattr(what, "buffer") else what.buffer("")
    em.function("to_json(v)", [f"return {_json(em, node, 'v')}"])
    made: Callable[[Any], Any] = em.compile(f"json of a buffer {type(what).__name__}")["to_json"]
    return made


def _slot_from_json(node: Node, entry: Mapping[str, Any], order: Any, path: str) -> Any:
    if "hex" in entry:
        data = unhex(entry["hex"], path)
        return _whole_buffer(node, data, order, path) if data else None
    key = "fields" if isinstance(node, (Group, Overlap)) else node.kind.json_key if isinstance(node, Cell) else "items"
    if key in entry:
        return _from_json(node, entry[key], path)
    unknown = set(entry) & {"fields", "text", "value", "items"}
    if unknown:
        raise WireError(f"does not go with {sorted(unknown)[0]!r}", path=path)
    return None


def _whole_buffer(node: Node, data: bytes, order: Any, path: str) -> Any:
    """A buffer given as its bytes."""
    size, fits = len(data), len(data) == node.width
    if isinstance(node, Cell) and not node.width:
        value, rest = node.kind.torn(data)
        if rest != b"":
            raise WireError("expected a string that ends with its only NUL", path=path)
        return value
    if isinstance(node, Group) and node.tail is not None:
        fits = size >= node.width
    elif not isinstance(node, (Group, Cell)) and not isinstance(node, Overlap):
        fits = size % node.stride == 0
    if not fits:
        raise WireError(f"{size} bytes do not make what the buffer holds", path=path)
    return whole_value(node, data, order)


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
            told = {**_slot_to_json(spec.node, value), **_inside(message, spec, value)}
            buffers.append({"name": spec.name, **told, **_buffer_extra(extra, i)})
    header = struct_to_json(message.header)
    out: dict[str, Any] = {
        "dialect": message.dialect.name, "direction": message.direction, "opcode": message.opcode,
        "format": message.format.name if message.format is not None else None, "endian": message.order,
        "header": header, "buffers": buffers,
    }  # fmt: skip
    if message.format is not None and message.format.variant:
        out["variant"] = message.format.variant
    around = message_extra(extra)
    if around:
        out["extra"] = around
    return out


def _inside(message: Message, spec: SlotSpec, value: Any) -> dict[str, Any]:
    """What opaque bytes hold, for who reads them; the bytes stand beside it, and they count."""
    if value is None or not spec.looked_into:
        return {}
    found = inside(spec, bytes_in(value), message)
    if found is None:
        return {}
    told = _slot_to_json(*found.found) if found.found is not None else {}
    if found.pieces:
        told["pieces"] = [_piece_to_json(one) for one in found.pieces]
    return {"inside": told}


def _piece_to_json(piece: Piece) -> dict[str, Any]:
    name = {"name": piece.name.decode("utf-8", "surrogateescape")} if piece.name else {}
    return name | (_slot_to_json(*piece.found) if piece.found is not None else {"hex": piece.data.hex()})


def message_extra(extra: Extra | None) -> dict[str, Any]:
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
        body = _slot_from_json(spec_of(found.body).alone, entries[0], order, BODY) or found.body()
        _read_buffer_extra(entries[0], 0, extra)
        entries = entries[1:]
    first = 0 if body is None and isinstance(header, LustreMsgV2) else 1
    if form is None:
        buffers: Any = Generic([unhex(e.get("hex", ""), f"buffers[{i}]") for i, e in enumerate(entries, first)])
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
        setattr(buffers, spec.name, _slot_from_json(spec.node, entry, order, spec.name))
        _read_buffer_extra(entry, i if any(s.present for s in specs.values()) else spec.index, extra)
    return buffers


def _read_buffer_extra(entry: Mapping[str, Any], index: int, extra: Extra) -> None:
    said = _mapping(entry.get("extra", {}), f"buffers[{index}].extra")
    for key, mapping in (("tail", extra.tails), ("raw", extra.raw)):
        if key in said:
            mapping[index] = unhex(said[key], f"buffers[{index}].extra.{key}")
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
        extra.more = [unhex(data, "extra.more") for data in _required(said, "more", list)]
    if "count" in said:
        extra.count = _size(said["count"], "extra.count")
        most = max(_MOST_BUFFERS, listed + 1)  # a lustre_msg v1 does not list the ptlrpc_body
        if extra.count > most:
            raise WireError(f"expected at most {most} buffers, got {extra.count:#x}", path="extra.count")
    extra.gap = unhex(said.get("header_padding", ""), "extra.header_padding")
    extra.trailing = unhex(said.get("trailing", ""), "extra.trailing")
    for key, data in _mapping(said.get("padding", {}), "extra.padding").items():
        if not isinstance(key, str) or not _INDEX.fullmatch(key):
            raise WireError(f"expected a buffer index, got {key!r}", path="extra.padding")
        extra.padding[int(key)] = unhex(data, "extra.padding")
