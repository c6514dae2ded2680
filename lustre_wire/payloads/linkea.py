"""The link EA of 2.0 (trusted.link): the names of a file, each with the directory it is in.

The head has its writer's byte order; the entries are big-endian. Source: mdd/mdd_internal.h and lustre_idl.h of 2.0.0.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import order_of, pack, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["Link", "Links", "build", "read", "write"]

_HEAD: Final = "link_ea_header"
_ENTRY: Final = "link_ea_entry"
_FID: Final = "lu_fid"


@attrs.define(slots=True)
class Link:
    """One name of a file: the `LuFid` of the directory, and the name."""

    parent: Any
    name: bytes


@attrs.define(slots=True)
class Links:
    """A link EA: its `LinkEaHeader`, the byte order of that, the names, and what follows them."""

    dialect: Dialect
    order: ByteOrder
    head: Any
    links: list[Link] = attrs.field(factory=list)
    rest: bytes = b""


@checked
def read(data: bytes, dialect_: Dialect | str) -> Links:
    """A link EA from bytes.

    Raises:
        TruncatedError: shorter than its head, or than the names it announces.
        WireError: another magic, or an entry shorter than its fields; or a dialect without link EAs.
    """
    found, data = dialect(dialect_), octets(data, "data")
    cls, entry = found.structs.get(_HEAD), found.structs.get(_ENTRY)
    if cls is None or entry is None:
        raise WireError("files do not know their names", path=_HEAD, dialect=found.name)
    order = order_of(cls, "leh_magic", found.constants["LINK_EA_MAGIC"], data)
    head = unpack(cls, data, order, 0, spec_of(cls).size)
    made = Links(found, order, head)
    at, least = spec_of(cls).size, spec_of(entry).size
    for number in range(head.leh_reccount):
        if len(data) - at < least:
            raise TruncatedError(f"expected {least} bytes, got {len(data) - at}", path=f"link {number}", offset=at)
        size = int.from_bytes(unpack(entry, data, "big", at, at + least).lee_reclen, "big")
        if size < least:
            raise WireError(f"expected at least {least}, got {size}", path=f"link {number}.lee_reclen", offset=at)
        if at + size > len(data):
            raise TruncatedError(f"expected {size} bytes, got {len(data) - at}", path=f"link {number}", offset=at)
        whole = unpack(entry, data, "big", at, at + size)
        made.links.append(Link(unpack(found.structs[_FID], whole.lee_parent_fid, "big"), whole.lee_name))
        at += size
    made.rest = data[at:]
    return made


@checked
def write(links: Links) -> bytes:
    """The bytes of a link EA; count and length in its head are written as they stand.

    Raises:
        WireError: a value that does not fit its field.
    """
    entry = links.dialect.structs[_ENTRY]
    out = [pack(links.head, links.order)]
    for number, link in enumerate(links.links):
        size = spec_of(entry).size + len(link.name)
        if size >> 16:
            raise WireError(f"a name of {len(link.name)} bytes does not fit", path=f"link {number}")
        made = entry(
            lee_reclen=size.to_bytes(2, "big"), lee_parent_fid=pack(link.parent, "big"), lee_name=link.name
        )  # fmt: skip
        out.append(pack(made, "big"))
    return b"".join([*out, links.rest])


@checked
def build(names: list[Link], dialect_: Dialect | str, order: ByteOrder = "little") -> Links:
    """A link EA with these names: count and length in its head are those of the names.

    Raises:
        WireError: a value that does not fit its field, or a dialect without link EAs.
    """
    found = dialect(dialect_)
    cls = found.structs.get(_HEAD)
    if cls is None:
        raise WireError("files do not know their names", path=_HEAD, dialect=found.name)
    made = Links(found, order, cls(leh_magic=found.constants["LINK_EA_MAGIC"], leh_reccount=len(names)), list(names))
    made.head.leh_len = len(write(made))
    return made
