"""CONFIGS/mountdata: what a target is and how to mount it. Source: include/lustre_disk.h of 1.8.9-wc1 and 2.0.0."""

from __future__ import annotations

import re
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.reading import Fault, Reading, server
from lustre_wire.payloads.wire import offset_in, order_of, pack, text, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["MountData", "examine", "read", "to_json", "write"]

_STRUCT: Final = "lustre_disk_data"
#: The index in a service's name: behind "-", ":" before it has registered, "=" before it has its final name.
_INDEX: Final = re.compile(r"[-:=](?:MDT|OST)([0-9a-fA-F]{4})$")


@attrs.define(slots=True)
class MountData:
    """One mountdata file: `data` is its `LustreDiskData`, `order` its server's byte order, `rest` what follows it."""

    dialect: Dialect
    order: ByteOrder
    data: Any
    rest: bytes = b""

    @property
    def service(self) -> str:
        """The target's name, as ``lustre-OST0000``."""
        return text(self.data.ldd_svname)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The parameters by name; one that stands several times has several values."""
        out: dict[str, list[str]] = {}
        for word in text(self.data.ldd_params).split():
            name, _, value = word.partition("=")
            out.setdefault(name, []).append(value)
        return out


@checked
def read(data: bytes, dialect_: Dialect | str) -> MountData:
    """A mountdata file from bytes, in whichever byte order its server has.

    Raises:
        TruncatedError: shorter than the struct.
        WireError: another magic.
    """
    made = examine(data, dialect_).checked(dialect(dialect_))
    assert made is not None  # only a file without the magic, or cut short, which checked refuses
    return made


@checked
def examine(data: bytes, dialect_: Dialect | str, release: str = "") -> Reading[MountData | None]:
    """A mountdata file, with what a server does not accept; None if it is none, or not whole.

    Args:
        release: whose servers' doings the faults tell; those of the dialect if not given.

    Raises:
        WireError: no such dialect or release.
    """
    found, data = dialect(dialect_), octets(data, "data")
    behaviour = server(release or found)
    cls = found.structs[_STRUCT]
    try:
        order = order_of(cls, "ldd_magic", found.constants["LDD_MAGIC"], data)
        made = MountData(found, order, unpack(cls, data, order, 0), data[spec_of(cls).size :])
    except WireError as error:
        return Reading(None, [Fault.of(error, behaviour.mountdata or behaviour.tools, unread=True)])
    faults = []
    for name in ("ldd_feature_rocompat", "ldd_feature_incompat"):
        if behaviour.mountdata is not None and getattr(made.data, name):
            found_bits = f"{int(getattr(made.data, name)):#x}"
            faults.append(Fault(name, offset_in(made.data, name), "0", found_bits, behaviour.mountdata))
    index = _INDEX.search(made.service)
    if index is not None and made.data.ldd_svindex != int(index[1], 16):
        at, expected = offset_in(made.data, "ldd_svindex"), str(int(index[1], 16))
        faults.append(Fault("ldd_svindex", at, expected, str(made.data.ldd_svindex), behaviour.tools))
    return Reading(made, faults)


@checked
def write(file: MountData) -> bytes:
    """The bytes of a mountdata file.

    Raises:
        WireError: a value that does not fit its field.
    """
    return pack(file.data, file.order) + file.rest


@checked
def to_json(file: MountData) -> dict[str, Any]:
    """A mountdata file as plain JSON types: "dialect", "endian", "service", "parameters" and the "fields"."""
    return {
        "dialect": file.dialect.name, "endian": file.order, "service": file.service, "parameters": file.parameters,
        "fields": struct_to_json(file.data),
    }  # fmt: skip
