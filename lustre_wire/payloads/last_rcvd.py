"""last_rcvd: what a server knows of its clients after a restart, one slot for each.

Source: include/lustre_disk.h, obdfilter/filter.c, mds/mds_fs.c and mdt/mdt_recovery.c of 1.8.9-wc1 and 2.0.0. All of it
is little-endian.
"""

from __future__ import annotations

import re
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.reading import Fault, Reading, server
from lustre_wire.payloads.wire import pack, place, text, unpack
from lustre_wire.schema.servers import Does, TargetKind
from lustre_wire.schema.struct import spec_of

__all__ = ["LastRcvd", "examine", "read", "to_json", "write"]

_SERVER: Final = "lr_server_data"
_CLIENT: Final = "lsd_client_data"
#: The kind and the index that a target's name ends in.
_NAME: Final = re.compile(r"-(MDT|OST)([0-9a-fA-F]{4})(?:_UUID)?$")


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

    @property
    def kind(self) -> str:
        """What the target is by its name, "MDT" or "OST", or by its features where the name does not say."""
        named = _NAME.search(text(self.server.lsd_uuid))
        if named is not None:
            return named[1]
        is_ost = self.server.lsd_feature_incompat & self.dialect.enums["ObdIncompat"].__members__["OBD_INCOMPAT_OST"]
        return "OST" if is_ost else "MDT"

    @property
    def index(self) -> int | None:
        """The index that the target's name has; None where it has none."""
        named = _NAME.search(text(self.server.lsd_uuid))
        return int(named[2], 16) if named is not None else None

    @checked
    def unknown_features(self, release: str = "") -> dict[str, int]:
        """The bits for which a server of a release (that of the dialect if not given) refuses to start, by field.

        Nobody looks at lsd_feature_compat.

        Raises:
            WireError: no such release.
        """
        kind = server(release or self.dialect).targets[self.kind]
        words = {"lsd_feature_rocompat": int(kind.rocompat), "lsd_feature_incompat": int(kind.incompat)}
        unknown = {name: int(getattr(self.server, name)) & ~known for name, known in words.items()}
        return {name: bits for name, bits in unknown.items() if bits}

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
    made = examine(data, dialect_).checked(dialect(dialect_))
    assert made is not None  # only a file shorter than the server's data, which checked refuses
    return made


@checked
def examine(data: bytes, dialect_: Dialect | str, release: str = "") -> Reading[LastRcvd | None]:
    """A last_rcvd file as far as it can be read, with what a server does not accept; None if the head is not whole.

    Args:
        release: whose servers' doings the faults tell; those of the dialect if not given.

    Raises:
        WireError: no such dialect or release.
    """
    found, data = dialect(dialect_), octets(data, "data")
    behaviour = server(release or found)
    cls = found.structs[_SERVER]
    size = spec_of(cls).size
    if len(data) < size:
        does = behaviour.targets["MDT"].features
        return Reading(None, [Fault(_SERVER, 0, f"{size} bytes", str(len(data)), does, unread=True, short=True)])
    made = LastRcvd(found, unpack(cls, data, "little"))
    kind = behaviour.targets[made.kind]
    faults = [
        _in_head(cls, name, f"none of {bits:#x}", f"{int(getattr(made.server, name)):#x}", kind.features)
        for name, bits in made.unknown_features(release).items()
    ]
    index, called = made.server.lsd_osd_index, spec_of(cls).by_name["lsd_osd_index"].name
    compared = kind.index is not None and made.index is not None and (index or not kind.fills_index)
    if compared and index != made.index:
        faults.append(_in_head(cls, called, str(made.index), index, kind.index))
    faults += _sizes(made, kind)
    if not any(fault.unread for fault in faults):
        faults += _slots(made, data, kind)
    return Reading(made, faults)


def _in_head(cls: Any, name: str, expected: str, found: object, does: Does | None, *, unread: bool = False) -> Fault:
    return Fault(name, place(cls, name)[0], expected, str(found), does, unread=unread)


def _sizes(made: LastRcvd, kind: TargetKind) -> list[Fault]:
    head, least = spec_of(made.server).size, spec_of(made.dialect.structs[_CLIENT]).size
    needed = {"lsd_server_size": 1, "lsd_client_start": head, "lsd_client_size": least}
    values = {name: int(getattr(made.server, name)) for name in needed}
    return [
        _in_head(
            type(made.server), name, f"at least {needed[name]}", value, kind.slots if value else kind.sizes,
            unread=name != "lsd_server_size",
        )
        for name, value in values.items() if value < needed[name]
    ]  # fmt: skip


def _slots(made: LastRcvd, data: bytes, kind: TargetKind) -> list[Fault]:
    """Read the slots; the faults are a slot the file ends in, and clients that have two."""
    cls, start, size = made.dialect.structs[_CLIENT], made.server.lsd_client_start, made.server.lsd_client_size
    made.gap = data[spec_of(made.server).size : start]
    at, faults, slots = start, list[Fault](), dict[bytes, int]()
    while at + size <= len(data):
        made.clients.append(unpack(cls, data, "little", at, at + size))
        at += size
    made.rest = data[at:]
    for slot, client in made.connected.items():
        first = slots.setdefault(client.lcd_uuid.split(b"\0")[0], slot)
        if first != slot:
            who = f"a client other than that of slot {first}"
            faults.append(Fault(f"client {slot}", start + slot * size, who, text(client.lcd_uuid), kind.twice))
    if made.rest.strip(b"\0"):
        expected = f"{size} bytes"
        faults.append(Fault(f"client {len(made.clients)}", at, expected, str(len(made.rest)), kind.cut, short=True))
    return faults


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
