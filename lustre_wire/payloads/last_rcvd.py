"""last_rcvd: what a server knows of its clients after a restart, one slot for each.

Source: include/lustre_disk.h, obdfilter/filter.c, mds/mds_fs.c and mdt/mdt_recovery.c of 1.8.9-wc1 and 2.0.0. All of it
is little-endian.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import pack, text, unpack
from lustre_wire.schema.enums import WireFlag
from lustre_wire.schema.struct import spec_of

__all__ = ["LastRcvd", "read", "to_json", "write"]

_SERVER: Final = "lr_server_data"
_CLIENT: Final = "lsd_client_data"


@attrs.define(slots=True)
class LastRcvd:
    """One last_rcvd file.

    Attributes:
        dialect: in whose light it was read.
        server: the `LrServerData` struct.
        clients: the `LsdClientData` of every slot, free ones included, by slot number.
        gap: what stands between the server's data and the first slot.
        rest: what the last slot leaves over.
    """

    dialect: Dialect
    server: Any
    clients: list[Any] = attrs.field(factory=list)
    gap: bytes = b""
    rest: bytes = b""

    @property
    def connected(self) -> dict[int, Any]:
        """The slots in use, by number: those whose UUID is not empty."""
        return {number: client for number, client in enumerate(self.clients) if client.lcd_uuid[:1].strip(b"\0")}

    def unknown_features(self) -> dict[str, int]:
        """The bits of the feature words that the dialect has no name for, by field.

        An MDT with unknown bits in rocompat or incompat refuses to start; unknown compat bits do not matter.
        """
        out = {}
        for field in spec_of(self.server).fields:
            if field.enum is not None and issubclass(field.enum, WireFlag):
                known = 0
                for member in self.dialect.enum_of(field.enum).__members__.values():
                    known |= int(member)
                unknown = int(getattr(self.server, field.name)) & ~known
                if unknown:
                    out[field.name] = unknown
        return out

    def last_transno(self) -> int:
        """The highest transaction number in the file, the clients' included: where a restarted server goes on."""
        numbers = [self.server.lsd_last_transno]
        for client in self.connected.values():
            numbers += [client.lcd_last_transno, client.lcd_last_close_transno]
        return int(max(numbers))


@checked
def read(data: bytes, dialect_: Dialect | str) -> LastRcvd:
    """A last_rcvd file from bytes.

    Raises:
        TruncatedError: shorter than the server's data.
        WireError: slots that overlap the server's data, or that are smaller than a client's data.
    """
    found = dialect(dialect_)
    data = octets(data, "data")
    try:
        return _read(data, found)
    except WireError as error:
        error.dialect = found.name
        raise


def _read(data: bytes, found: Dialect) -> LastRcvd:
    server_cls, client_cls = found.structs[_SERVER], found.structs[_CLIENT]
    server = unpack(server_cls, data, "little")
    head, least = spec_of(server_cls).size, spec_of(client_cls).size
    start, size = server.lsd_client_start, server.lsd_client_size
    if start < head:
        raise WireError(f"expected at least {head}, got {start}", path="lsd_client_start")
    if size < least:
        raise WireError(f"expected at least {least}, got {size}", path="lsd_client_size")
    made = LastRcvd(found, server, gap=data[head:start])
    at = start
    while at + size <= len(data):
        made.clients.append(unpack(client_cls, data, "little", at, at + size))
        at += size
    made.rest = data[at:]
    return made


@checked
def write(file: LastRcvd) -> bytes:
    """The bytes of a last_rcvd file.

    Raises:
        WireError: a value that does not fit its field, or a slot of another size than `lsd_client_size`.
    """
    server, out = file.server, [pack(file.server, "little")]
    gap = server.lsd_client_start - len(out[0])
    clients = [pack(client, "little") for client in file.clients]
    out.append(file.gap.ljust(gap, b"\0") if clients or file.rest else file.gap)
    for number, client in enumerate(clients):
        if len(client) > server.lsd_client_size:
            raise WireError(f"expected {server.lsd_client_size} bytes, got {len(client)}", path=f"clients[{number}]")
        out.append(client.ljust(server.lsd_client_size, b"\0"))
    return b"".join([*out, file.rest])


@checked
def to_json(file: LastRcvd) -> dict[str, Any]:
    """A last_rcvd file as plain JSON types: "dialect", "server", and "clients" with their slot numbers and UUIDs."""
    clients = [
        {"slot": number, "uuid": text(client.lcd_uuid), "fields": struct_to_json(client)}
        for number, client in file.connected.items()
    ]
    return {
        "dialect": file.dialect.name, "server": struct_to_json(file.server), "clients": clients,
        "unknown_features": file.unknown_features(),
    }  # fmt: skip
