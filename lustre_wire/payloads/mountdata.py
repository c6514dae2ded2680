"""CONFIGS/mountdata: what a target is and how to mount it. Source: include/lustre_disk.h of 1.8.9-wc1 and 2.0.0."""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import order_of, pack, text, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["MountData", "read", "to_json", "write"]

_STRUCT: Final = "lustre_disk_data"


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
    found = dialect(dialect_)
    data = octets(data, "data")
    cls = found.structs[_STRUCT]
    size = spec_of(cls).size
    order = order_of(cls, "ldd_magic", found.constants["LDD_MAGIC"], data)
    return MountData(found, order, unpack(cls, data, order, 0), data[size:])


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
