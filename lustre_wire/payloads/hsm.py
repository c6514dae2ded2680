"""What a 2.0 MDT tells the copy tools of hierarchical storage, as the value of LDLM_SET_INFO's key "hsm_send".

It has the MDT's own byte order, told by the magic. Source: libcfs_kernelcomm.h, lustre_user.h and mdt/mdt_handler.c of
2.0.0.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import encoded, order_of, pack, peek, round8, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["Actions", "build", "read", "write"]

_HEAD: Final = "kuc_hdr"
_LIST: Final = "hsm_action_list"
_ITEM: Final = "hsm_action_item"


@attrs.define(slots=True)
class Actions:
    """One message to a copy tool.

    Attributes:
        dialect: in whose light it was read.
        order: the byte order of the MDT.
        head: the `KucHdr` struct.
        list: the `HsmActionList`, whose `hal_fsname` has the name, its NUL and what rounds it up to 8 bytes.
        items: the `HsmActionItem` structs; `hai_data` has what rounds it up, too.
        rest: what follows the last one.
    """

    dialect: Dialect
    order: ByteOrder
    head: Any
    list: Any
    items: list[Any] = attrs.field(factory=list)
    rest: bytes = b""


@checked
def read(data: bytes, dialect_: Dialect | str) -> Actions:
    """A message to a copy tool from bytes.

    Raises:
        TruncatedError: shorter than its heads, or than the actions it announces.
        WireError: another magic, a name without a NUL, an action shorter than its fields; or a dialect without it.
    """
    found, data = dialect(dialect_), octets(data, "data")
    if _HEAD not in found.structs:
        raise WireError("there are no copy tools", path=_HEAD, dialect=found.name)
    head, lists, item = (found.structs[name] for name in (_HEAD, _LIST, _ITEM))
    order = order_of(head, "kuc_magic", found.constants["KUC_MAGIC"], data)
    at = spec_of(head).size
    name_at = at + spec_of(lists).size
    end = data.find(b"\0", name_at)
    if end < 0:
        raise TruncatedError("expected a name that ends with NUL", path="hal_fsname", offset=name_at)
    stop = name_at + round8(end + 1 - name_at)
    made = Actions(found, order, unpack(head, data, order), unpack(lists, data, order, at, stop))
    at, least = stop, spec_of(item).size
    for number in range(made.list.hal_count):
        size = peek(item, "hai_len", data, order, at)
        if size < least:
            raise WireError(f"expected at least {least}, got {size}", path=f"item {number}.hai_len", offset=at)
        if at + size > len(data):
            raise TruncatedError(f"expected {size} bytes, got {len(data) - at}", path=f"item {number}", offset=at)
        made.items.append(unpack(item, data, order, at, at + round8(size)))
        at = min(at + round8(size), len(data))
    made.rest = data[at:]
    return made


@checked
def write(actions: Actions) -> bytes:
    """The bytes of a message to a copy tool; lengths and the count are written as they stand.

    Raises:
        WireError: a value that does not fit its field.
    """
    parts = (actions.head, actions.list, *actions.items)
    return b"".join(pack(part, actions.order) for part in parts) + actions.rest


@checked
def build(fsname: str, items: list[Any], dialect_: Dialect | str, order: ByteOrder = "little") -> Actions:
    """A message with these actions: their lengths, their count and the length of the message are set.

    Raises:
        WireError: a value that does not fit its field, or a dialect without copy tools.
    """
    found = dialect(dialect_)
    if _HEAD not in found.structs:
        raise WireError("there are no copy tools", path=_HEAD, dialect=found.name)
    transport = found.enums["KucTransport"].__members__["KUC_TRANSPORT_HSM"]
    head = found.structs[_HEAD](kuc_magic=found.constants["KUC_MAGIC"], kuc_transport=transport)
    name = encoded(fsname, "fsname") + b"\0"
    padded = name.ljust(round8(len(name)), b"\0")
    lists = found.structs[_LIST](hal_version=found.constants["HAL_VERSION"], hal_count=len(items), hal_fsname=padded)
    sized = []
    for item in items:
        size = spec_of(item).size + len(item.hai_data)
        sized.append(attrs.evolve(item, hai_len=size, hai_data=item.hai_data + bytes(round8(size) - size)))
    made = Actions(found, order, head, lists, sized)
    head.kuc_msglen = len(write(made))
    return made
