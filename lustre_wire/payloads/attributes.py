"""Extended attributes of objects: layouts, FIDs, parents, states, as `getfattr` prints them in hexadecimal.

Which attribute holds which struct is declared for all releases; a composite layout is its head and the layouts that it
points to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads import acl, linkea
from lustre_wire.payloads.reading import Fault, Reading
from lustre_wire.payloads.wire import pack, unpack
from lustre_wire.schema.files import Attribute
from lustre_wire.schema.servers import Does
from lustre_wire.schema.struct import spec_of

__all__ = ["Composite", "Listed", "Value", "examine_listing", "read", "to_json", "write"]

_LINK: Final = "trusted.link"
_ACLS: Final = ("system.posix_acl_access", "system.posix_acl_default")
#: A line of getfattr -e hex, and the line that names the file.
_LINE: Final = re.compile(r"([\w.]+)\s*=\s*0x([0-9a-fA-F]*)$")
_FILE: Final = re.compile(r"# file: (.*)$")
_IGNORES: Final = Does("takes it for no attribute of its own", "osd-ldiskfs/osd_handler.c:osd_xattr_get")


@attrs.define(slots=True)
class Composite:
    """A composite layout: its head with the entries, each component's own layout, and what lies between them."""

    head: Any
    components: list[Any]
    data: bytes


@attrs.define(slots=True)
class Value:
    """The value of an attribute: what it holds (a struct, a `Composite`, `Links`, bytes) and what is left over."""

    name: str
    holds: Any
    rest: bytes = b""


@attrs.define(slots=True)
class Listed:
    """The attributes of one object, as they were listed: what names it, and the values by name."""

    about: str
    values: list[Value] = attrs.field(factory=list)


@checked
def read(name: str, data: bytes, dialect_: Dialect | str) -> Value:
    """The value of an attribute; bytes where the name is not Lustre's.

    Raises:
        WireError: no struct of that attribute has this size or magic.
    """
    found, data = dialect(dialect_), octets(data, "data")
    if name == _LINK:
        return Value(name, linkea.read(data, _with_links(found)))
    if name in _ACLS:
        return Value(name, acl.read(data, found))
    declared = next((each for each in found.part("files").attributes if each.name == name), None)
    if declared is None:
        return Value(name, data)
    return _declared(declared, data)


def _with_links(found: Dialect) -> Dialect:
    """Link EAs are of 2.0 and later; an older server's administrator meets them all the same."""
    return found if "link_ea_header" in found.structs else dialect(found.part("files").links)


def _declared(declared: Attribute, data: bytes) -> Value:
    cls: Any = None
    if declared.by_magic:
        magic = int.from_bytes(data[:4], "little")
        cls = declared.by_magic.get(magic)
        if cls is None:
            raise WireError(f"expected a known magic, got {magic:#x}", path=declared.name, offset=0)
    else:
        sized = [each for each in declared.structs if spec_of(each).size == len(data)]
        cls = next((each for each in sized if _has_bits(declared, each, data)), None)
        if cls is None:
            sizes = " or ".join(str(size) for size in sorted({spec_of(each).size for each in declared.structs}))
            raise WireError(f"expected {sizes} bytes, got {len(data)}", path=declared.name, offset=0)
    made = unpack(cls, data, "little")
    written = pack(made, "little")
    if hasattr(made, "lcm_entries"):
        return Value(declared.name, _composite(declared, made, data))
    if hasattr(made, "lmm_objects") and made.lmm_objects and len(made.lmm_objects) < made.lmm_stripe_count:
        raise TruncatedError(
            f"expected {made.lmm_stripe_count} objects, got {len(made.lmm_objects)}", path="lmm_objects"
        )  # fmt: skip
    return Value(declared.name, made, data[len(written) :])


def _has_bits(declared: Attribute, cls: Any, data: bytes) -> bool:
    if cls not in declared.by_bits:
        return True
    name, bits = declared.by_bits[cls]
    return bool(attrgetter(name)(unpack(cls, data, "little")) & bits)


def _composite(declared: Attribute, head: Any, data: bytes) -> Composite:
    components = []
    for number, entry in enumerate(head.lcm_entries):
        part = data[entry.lcme_offset : entry.lcme_offset + entry.lcme_size]
        if len(part) < entry.lcme_size:
            path = f"lcm_entries[{number}].lcme_size"
            raise TruncatedError(f"expected {entry.lcme_size} bytes, got {len(part)}", path=path)
        cls = declared.by_magic.get(int.from_bytes(part[:4], "little"))
        components.append(unpack(cls, part, "little") if cls is not None and cls is not type(head) else part)
    if len(head.lcm_entries) < head.lcm_entry_count:
        raise TruncatedError(
            f"expected {head.lcm_entry_count} entries, got {len(head.lcm_entries)}", path="lcm_entries"
        )  # fmt: skip
    return Composite(head, components, data)


@checked
def write(value: Value) -> bytes:
    """The bytes of an attribute's value. A composite layout is written as it was read.

    Raises:
        WireError: a value that does not fit its field.
    """
    holds = value.holds
    if isinstance(holds, bytes):
        return holds + value.rest
    if isinstance(holds, Composite):
        return holds.data
    return (linkea.write(holds) if isinstance(holds, linkea.Links) else pack(holds, "little")) + value.rest


@checked
def examine_listing(data: bytes, dialect_: Dialect | str) -> Reading[list[Listed]]:
    """What ``getfattr -d -m - -e hex`` printed, or JSON lines with "xattrs" in hexadecimal, object by object.

    Raises:
        WireError: no such dialect.
    """
    found, listed, faults = dialect(dialect_), list[Listed](), list[Fault]()
    at = 0
    for line in octets(data, "data").splitlines(keepends=True):
        for about, name, digits in _attributes(line.decode("utf-8", "surrogateescape").strip()):
            if about is not None and (not listed or not name or listed[-1].about != about):
                listed.append(Listed(about))
            if name and listed:
                try:
                    listed[-1].values.append(read(name, bytes.fromhex(digits), found))
                except (WireError, ValueError) as error:
                    listed[-1].values.append(Value(name, digits.encode("utf-8", "surrogatepass")))
                    told = error if isinstance(error, WireError) else WireError(str(error))
                    faults.append(Fault.of(told, _IGNORES, within=f"{listed[-1].about} {name}", base=at))
        at += len(line)
    return Reading(listed, faults)


def _attributes(line: str) -> Iterator[tuple[str | None, str, str]]:
    """(what names the object or None, name, hexadecimal digits) of a line."""
    named, valued = _FILE.match(line), _LINE.match(line)
    if named is not None:
        yield named[1], "", ""
    elif valued is not None:
        yield None, valued[1], valued[2]
    elif line.startswith("{"):
        try:
            row = json.loads(line)
        except ValueError:
            return
        values = row.get("xattrs") if isinstance(row, dict) else None
        if isinstance(values, dict):
            about = " ".join(f"{key} {value}" for key, value in row.items() if key != "xattrs")
            yield about, "", ""
            yield from ((None, str(name), str(digits)) for name, digits in values.items())


@checked
def to_json(value: Value) -> dict[str, Any]:
    """An attribute as plain JSON types: "name", and "struct" with "fields", "components", "links" or "hex"."""
    holds = value.holds
    out: dict[str, Any] = {"name": value.name}
    if isinstance(holds, bytes):
        return {**out, "hex": holds.hex()}
    if isinstance(holds, linkea.Links):
        links = [{"parent": struct_to_json(link.parent), "name": link.name.decode("utf-8", "surrogateescape")}
                 for link in holds.links]  # fmt: skip
        return {**out, "links": links}
    head = holds.head if isinstance(holds, Composite) else holds
    out |= {"struct": spec_of(head).name, "fields": struct_to_json(head)}
    if isinstance(holds, Composite):
        out["components"] = [c.hex() if isinstance(c, bytes) else struct_to_json(c) for c in holds.components]
    return out
