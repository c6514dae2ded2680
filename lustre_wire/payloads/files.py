"""Any file of a target: what it is, by its contents where they say so and else by its path, and what it holds."""

from __future__ import annotations

from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads import attributes, directory, last_rcvd, logcheck, mountdata, records, tables
from lustre_wire.payloads.directory import PAGE, BlockEntry
from lustre_wire.payloads.llog import HEADER, LogFile
from lustre_wire.payloads.reading import Fault, Reading
from lustre_wire.payloads.wire import OTHER, peek, place
from lustre_wire.schema.servers import Does
from lustre_wire.schema.struct import spec_of

__all__ = ["ServerFile", "recognise"]

_LISTING: Final = (b"# file: ", b"{")
_MISREADS: Final = Does("stops reading the directory: -EIO", "ldiskfs/namei.c:ext4_check_dir_entry")


@attrs.define(slots=True)
class ServerFile:
    """A file: its path, what kind it is, and what was read of it.

    `reading.value` is a `LogFile`, `LastRcvd`, `MountData`, `RecordFile`, `Table`, list of `Listed`, or list of blocks.
    """

    path: str
    kind: str
    reading: Reading[Any]


@checked
def recognise(path: str, data: bytes, dialect_: Dialect | str, release: str = "") -> ServerFile | None:
    """What a file is and what it holds; None where neither its contents nor its path say.

    Args:
        path: where it lies in its target; ``--`` may stand for ``/``.
        release: whose servers' doings its faults tell; those of the dialect if not given.

    Raises:
        WireError: no such dialect or release.
    """
    found, data = dialect(dialect_), octets(data, "data")
    part = found.part("files")
    is_index, is_quota = tables.is_index(data, found), tables.is_quota(data, found)
    if _is_log(data, found) or (part.logs.search(path) and not is_index and not is_quota):
        reading = logcheck.examine(data, found, release)
        return ServerFile(path, _kind_of_log(reading.value), reading)
    if path.endswith("mountdata") or _starts_as_mountdata(data, found):
        return ServerFile(path, "mountdata", mountdata.examine(data, found, release))
    if is_index:
        table = tables.examine_index(data, path, found)
        return ServerFile(path, table.value.name, table)
    if is_quota:
        table = tables.examine_quota(data, found)
        return ServerFile(path, table.value.name, table)
    kind = records.kind_of(path, data, found)
    if kind is not None:
        return ServerFile(path, kind.name, records.examine(data, kind))
    if path.endswith("last_rcvd") or _has_slots(data, found):
        return ServerFile(path, "last_rcvd", last_rcvd.examine(data, found, release))
    if _is_directory(data):
        return ServerFile(path, "directory", _blocks(data, part.blocks))
    if data.startswith(_LISTING):
        return ServerFile(path, "extended attributes", attributes.examine_listing(data, found))
    return None


def _is_log(data: bytes, found: Dialect) -> bool:
    cls, magic = found.structs[HEADER], found.constants["LLOG_HDR_MAGIC"]
    at, size = place(cls, "llh_hdr.lrh_type")
    return len(data) >= at + size and magic in (peek(cls, "llh_hdr.lrh_type", data, order) for order in OTHER)


def _kind_of_log(log: LogFile) -> str:
    if log.header is None:
        return "log"
    if log.header.llh_flags & log.dialect.constants["LLOG_F_IS_CAT"]:
        return "catalogue"
    if log.configs:
        return "configuration log"
    return "log"


def _is_directory(data: bytes) -> bool:
    """Whether bytes are whole blocks, the first entry a directory called ".": length of the name, type, name."""
    return bool(data) and len(data) % PAGE == 0 and data[6] == 1 and data[7] & 0xF == 2 and data[8:9] == b"."


def _starts_as_mountdata(data: bytes, found: Dialect) -> bool:
    magic = int(found.constants["LDD_MAGIC"])
    return data[:4] in (magic.to_bytes(4, "little"), magic.to_bytes(4, "big"))


def _has_slots(data: bytes, found: Dialect) -> bool:
    """Whether the sizes are there that every last_rcvd has."""
    cls, k = found.structs["lr_server_data"], found.constants
    sizes = {"lsd_server_size": "LR_SERVER_SIZE", "lsd_client_start": "LR_CLIENT_START"}
    return len(data) >= spec_of(cls).size and all(peek(cls, f, data, "little") == k[name] for f, name in sizes.items())


def _blocks(data: bytes, dialect_: str) -> Reading[list[list[BlockEntry]]]:
    blocks, faults = list[list[BlockEntry]](), list[Fault]()
    for at in range(0, len(data), PAGE):
        try:
            blocks += directory.read_blocks(data[at : at + PAGE], dialect_)
        except WireError as error:
            faults.append(Fault.of(error, _MISREADS, base=at, unread=True))
    return Reading(blocks, faults)
