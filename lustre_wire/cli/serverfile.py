"""How any file of a server is shown: logs, descriptions, numbers, tables, attributes, directories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from lustre_wire.cli.output import print_node, print_table, say
from lustre_wire.dialects import Dialect
from lustre_wire.payloads import attributes, directory, last_rcvd, llog, mountdata, records, tables
from lustre_wire.payloads.attributes import Composite, Listed
from lustre_wire.payloads.directory import BlockEntry
from lustre_wire.payloads.files import ServerFile
from lustre_wire.payloads.inside import text_of, type_of, updates_of
from lustre_wire.payloads.last_rcvd import LastRcvd
from lustre_wire.payloads.linkea import Links
from lustre_wire.payloads.llog import LogFile, LogRecord
from lustre_wire.payloads.mountdata import MountData
from lustre_wire.payloads.records import RecordFile
from lustre_wire.payloads.tables import Table
from lustre_wire.schema.struct import spec_of
from lustre_wire.text import struct_text, struct_tree
from lustre_wire.text.values import field_text, hexed, quoted

#: What of a log's header is shown.
_LOG_HEAD: Final = ("llh_timestamp", "llh_count", "llh_flags", "llh_size", "llh_cat_idx", "llh_tgtuuid")


def show(file: ServerFile, dialect: Dialect) -> None:
    """Print what a file holds; nothing where nothing could be read."""
    value = file.reading.value
    if isinstance(value, list):
        (show_listing if value and isinstance(value[0], Listed) else show_blocks)(value, dialect)
    elif value is not None:
        _SHOW[type(value)](value, dialect)


def to_json(file: ServerFile, dialect: Dialect) -> dict[str, Any]:
    """A file as plain JSON types: "path", "kind", "faults", and what its reader gives."""
    out: dict[str, Any] = {"path": file.path, "kind": file.kind}
    value = file.reading.value
    if isinstance(value, list):
        out["objects" if value and isinstance(value[0], Listed) else "entries"] = _list_to_json(value, dialect)
    elif value is not None:
        out |= {key: told for key, told in _JSON[type(value)](value).items() if key != "kind"}
    return {**out, "faults": [fault.to_json() for fault in file.reading.faults]}


def show_log(log: LogFile, *, as_records: bool = False) -> None:
    """A configuration log as its commands, another as a table of its records."""
    if log.header is None:
        say("uninitialised log: nothing was ever written to it")
    elif as_records or not log.configs:
        rows = [row for record in log.records for row in _rows(record, log)]
        title = f"{len(log.live_records)} live of {len(log.records)} records, {log.order}-endian"
        print_table(["record#", "", "type", "says"], rows, title=title)
    else:
        for line in llog.records_as_commands(log):
            say(line)


def _rows(record: LogRecord, log: LogFile) -> Iterator[list[str]]:
    """A log record, and below it the updates that one of a transaction has."""
    live = "live" if log.is_live(record) else ""
    yield [str(record.index), live, type_of(record, log.dialect), text_of(record, log.dialect)]
    for update in updates_of(record, log.dialect):
        yield ["", "", f"  {update.name}", update.text]


def _show_log_file(log: LogFile, dialect: Dialect) -> None:
    """The log behind what its header says."""
    if log.header is not None:
        fields = spec_of(log.header).by_name
        told = [f"{name[4:]} {field_text(fields[name], getattr(log.header, name), dialect)}" for name in _LOG_HEAD]
        say(f"  {', '.join(told)}")
    show_log(log)


def show_last_rcvd(found: LastRcvd) -> None:
    """The server's own data, and the slot of every client."""
    print_node(struct_tree(found.server, found.dialect, name="server"))
    for slot, client in found.connected.items():
        at = found.server.lsd_client_start + slot * found.server.lsd_client_size
        print_node(struct_tree(client, found.dialect, name=f"client {slot}", offset=at))
    say(f"{len(found.connected)} clients, last transaction {found.last_transno()}")


def _show_records(file: RecordFile, dialect: Dialect) -> None:
    if file.head is not None:
        print_node(struct_tree(file.head, dialect, name=file.kind.name))
    for number, record in enumerate(file.records):
        say(f"{number:>7}  {struct_text(record, dialect)}")


def _show_table(table: Table, dialect: Dialect) -> None:
    print_node(struct_tree(table.head, dialect, name=table.name))
    for entry in table.entries:
        told = [_text(part, dialect) for part in (entry.key, entry.record) if part is not None]
        say(f"{entry.offset:>7}  {' -> '.join(told)}")


def _text(value: Any, dialect: Dialect) -> str:
    return hexed(value) if isinstance(value, bytes) else struct_text(value, dialect)


def show_listing(objects: list[Listed], dialect: Dialect) -> None:
    """Objects with their attributes."""
    for listed in objects:
        say(listed.about)
        for value in listed.values:
            _show_attribute(value, dialect)


def _show_attribute(value: attributes.Value, dialect: Dialect) -> None:
    holds = value.holds
    if isinstance(holds, Links):
        for link in holds.links:
            say(f"  {value.name}: {quoted(link.name)} in {struct_text(link.parent, dialect)}")
    elif isinstance(holds, Composite):
        say(f"  {value.name}: {struct_text(holds.head, dialect)}")
        for number, component in enumerate(holds.components):
            say(f"    component {number}: {_text(component, dialect)}")
    else:
        say(f"  {value.name}: {_text(holds, dialect)}")


def show_blocks(blocks: list[list[BlockEntry]], dialect: Dialect) -> None:
    """The entries in use of directory blocks."""
    rows = []
    for entry in (entry for block in blocks for entry in block if entry.inode):
        fid = directory.fid_of(entry, dialect)
        rows.append([str(entry.inode), quoted(entry.name), struct_text(fid, dialect) if fid is not None else ""])
    print_table(["inode#", "name", "fid"], rows)


def _list_to_json(value: list[Any], dialect: Dialect) -> list[Any]:
    if value and isinstance(value[0], Listed):
        return [
            {"about": each.about, "attributes": [attributes.to_json(v) for v in each.values]} for each in value
        ]  # fmt: skip
    return [
        {"inode": entry.inode, "name": quoted(entry.name), "type": entry.file_type}
        for block in value for entry in block if entry.inode
    ]  # fmt: skip


_SHOW: Final[dict[type, Callable[[Any, Dialect], None]]] = {
    LogFile: _show_log_file,
    LastRcvd: lambda found, _: show_last_rcvd(found),
    MountData: lambda found, _: print_node(struct_tree(found.data, found.dialect, name=found.service)),
    RecordFile: _show_records,
    Table: _show_table,
}
_JSON: Final[dict[type, Callable[[Any], dict[str, Any]]]] = {
    LogFile: llog.to_json, LastRcvd: last_rcvd.to_json, MountData: mountdata.to_json, RecordFile: records.to_json,
    Table: tables.to_json,
}  # fmt: skip
