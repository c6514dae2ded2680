"""llog: log files, blocks of them as NEXT_BLOCK sends them, and the configuration logs among them.

A log is chunks of 8192 bytes, or of more from 2.8 on. The first is the header with the bitmap of live records; records
never cross a chunk, and what is left of one is filled with a padding record. A writer uses its own byte order, so each
record is told apart by its type. Source: obdclass/llog.c, llog_lvfs.c and llog_swab.c of 1.8.9-wc1 and 2.0.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads import updates
from lustre_wire.payloads.config import Config, command_lines, config_to_json, read_config, write_config
from lustre_wire.payloads.reading import Fault, Reading, server
from lustre_wire.payloads.wire import OTHER, exactly, pack, peek, place, round8, rounded, unpack
from lustre_wire.schema.commands import LogTypes
from lustre_wire.schema.nodes import ByteOrder, Group
from lustre_wire.schema.servers import Does, Server
from lustre_wire.schema.struct import spec_of

__all__ = [
    "Chunk", "LogFile", "LogRecord", "Step", "read_chunk", "read_log", "records_as_commands", "scan_log",
    "steps", "to_json", "unknown_to", "write_log", "write_record",
]  # fmt: skip

HEADER: Final = "llog_log_hdr"
HEAD: Final = "llog_rec_hdr"
TAIL: Final = "llog_rec_tail"
WORD: Final = 32
_OUTSIDE: Final = "outside markers"
_SKIPPED: Final = "group marked CM_SKIP"
_NO_COMMAND: Final = "no command"
_LMV: Final = "for an LMV"


@attrs.define(slots=True)
class LogRecord:
    """One record.

    Attributes:
        order: the byte order of whoever wrote it.
        header, tail: its `LlogRecHdr` and `LlogRecTail`.
        value: what it says: a `Config`, a wire struct of the whole record or of its body, or the body's bytes.
    """

    order: ByteOrder
    header: Any
    value: Any
    tail: Any

    @property
    def index(self) -> int:
        """Its number in the log, from 1."""
        return int(self.header.lrh_index)

    @property
    def type(self) -> int:
        """lrh_type."""
        return int(self.header.lrh_type)

    @property
    def config(self) -> Config | None:
        """The configuration command, if it is one."""
        return self.value if isinstance(self.value, Config) else None


@attrs.define(slots=True)
class Chunk:
    """8192 bytes of a log or more, from `offset` on: records, and the bytes behind the last of them."""

    records: list[LogRecord] = attrs.field(factory=list)
    rest: bytes = b""
    offset: int = attrs.field(default=0, eq=False)


@attrs.define(slots=True)
class LogFile:
    """A whole log.

    Attributes:
        dialect: in whose light it was read.
        order: the byte order of its header.
        header: the `LlogLogHdr` struct; None where nothing was ever written, or the header cannot be read.
        chunks: what follows it.
    """

    dialect: Dialect
    order: ByteOrder
    header: Any
    chunks: list[Chunk] = attrs.field(factory=list)

    @property
    def chunk_size(self) -> int:
        """Bytes of the header and of each chunk behind it."""
        return spec_of(self.header).size

    @property
    def records(self) -> list[LogRecord]:
        """All records, padding and cancelled ones included."""
        return [record for chunk in self.chunks for record in chunk.records]

    @checked
    def is_live(self, record: LogRecord) -> bool:
        """Whether the header's bitmap has the record: not padding, and not cancelled."""
        word, bit = divmod(record.index, WORD)
        words = self.header.llh_bitmap if self.header is not None else ()
        return word < len(words) and bool(words[word] >> bit & 1)

    @property
    def live_records(self) -> list[LogRecord]:
        """The records that a reader of the log processes."""
        return [record for record in self.records if self.is_live(record)]

    @checked
    def type_name(self, record: LogRecord) -> str:
        """The type of a record by name, also one of later releases, or its number where none has a name for it."""
        name = str(self.dialect.enums["LlogOp"].name_of(record.type))
        return str(self.dialect.part("llog").names.name_of(record.type)) if name.isdigit() else name

    @property
    def configs(self) -> list[Config]:
        """The configuration commands of the live records."""
        return [record.value for record in self.live_records if isinstance(record.value, Config)]


@checked
def scan_log(data: bytes, dialect_: Dialect | str, release: str = "") -> Reading[LogFile]:
    """A log file as far as it can be read: what stands before a record without a possible length, and behind its chunk.

    The faults are those that keep bytes from being read, with what a node of `release` does, or of the dialect's own;
    `logcheck.examine` also compares what has been read.

    Raises:
        WireError: no such dialect or release.
    """
    found, data = dialect(dialect_), octets(data, "data")
    log, reader = LogFile(found, "little", None), server(release or found).log
    reading = Reading(log)
    if data:
        _read_header(data, log, reader.header, reading.faults)
    if log.header is not None:
        size = log.chunk_size
        for at in range(size, len(data), size):
            end = min(at + size, len(data))
            log.chunks.append(_read_chunk(data, at, end, size, log, reader.length, reading.faults))
    return reading


def _read_header(data: bytes, log: LogFile, does: Does, faults: list[Fault]) -> None:
    found = log.dialect
    cls, magic = found.structs[HEADER], found.constants["LLOG_HDR_MAGIC"]
    sizes: Mapping[int, Any] = found.part("llog").headers
    least = spec_of(cls).size
    if len(data) < spec_of(found.structs[HEAD]).size:
        faults.append(Fault(HEADER, 0, f"{least} bytes", str(len(data)), does, unread=True, short=True))
        return
    kinds = {order: peek(cls, "llh_hdr.lrh_type", data, order) for order in OTHER}
    if magic not in kinds.values():
        at, expected = place(cls, "llh_hdr.lrh_type")[0], f"{magic:#x} in either byte order"
        faults.append(Fault("llh_hdr.lrh_type", at, expected, f"{kinds['little']:#x}", does, unread=True))
        return
    log.order = next(order for order, kind in kinds.items() if kind == magic)
    size = peek(cls, "llh_hdr.lrh_len", data, log.order)
    if size not in sizes:
        names = " or ".join(map(str, sizes))
        faults.append(Fault("llh_hdr.lrh_len", 0, names, str(size), does, unread=True))
    elif len(data) < size:
        faults.append(Fault(HEADER, 0, f"{size} bytes", str(len(data)), does, unread=True, short=True))
    else:
        log.header = unpack(sizes[size], data, log.order, 0, size)


@checked
def read_log(data: bytes, dialect_: Dialect | str) -> LogFile:
    """A whole log file.

    Raises:
        TruncatedError: it ends inside its header or a record.
        WireError: no llog header, or a record whose length makes no sense.
    """
    return scan_log(data, dialect_).checked(dialect(dialect_))


@checked
def read_chunk(data: bytes, dialect_: Dialect | str, order: ByteOrder = "little") -> Chunk:
    """The records of one chunk, as a NEXT_BLOCK reply carries it; `order` is that of the log's header.

    Raises:
        TruncatedError: it ends inside a record.
        WireError: a record whose length makes no sense.
    """
    found, data = dialect(dialect_), octets(data, "data")
    log, faults = LogFile(found, order, None), list[Fault]()
    reader = server(found).log
    most, does = max(len(data), reader.largest), reader.length
    chunk = _read_chunk(data, 0, len(data), most, log, does, faults)
    return Reading(chunk, faults).checked(found)


def _read_chunk(
    data: bytes, at: int, end: int, most: int, log: LogFile, does: Does, faults: list[Fault]
) -> Chunk:  # fmt: skip
    """The records from `at` to `end`; a fault where one is longer than `most` or than what is left, or none at all."""
    found, chunk = log.dialect, Chunk(offset=at)
    head, least = found.structs[HEAD], found.constants["LLOG_MIN_REC_SIZE"]
    while end - at >= spec_of(head).size and peek(head, "lrh_index", data, log.order, at):
        written = _order_of_record(data, at, found, log.order)
        size = peek(head, "lrh_len", data, written, at)
        if not least <= size <= most or size % 8:
            expected = f"a multiple of 8 from {least} to {most}"
            faults.append(Fault("lrh_len", at, expected, str(size), does, unread=True))
            break
        if at + size > end:
            expected = f"a record of {size} bytes"
            faults.append(Fault("lrh_len", at, expected, str(end - at), does, unread=True, short=True))
            break
        chunk.records.append(_read_record(data[at : at + size], found, written))
        at += size
    chunk.rest = data[at:end]
    return chunk


def _order_of_record(data: bytes, at: int, found: Dialect, order: ByteOrder) -> ByteOrder:
    """The byte order of a record: that of its type, or where that is 0, the one in which its length is possible."""
    head, mask, magic = found.structs[HEAD], found.constants["LLOG_OP_MASK"], found.constants["LLOG_OP_MAGIC"]
    other = OTHER[order]
    if peek(head, "lrh_type", data, other, at) & mask == magic:
        return other
    old = not peek(head, "lrh_type", data, order, at)
    if old and peek(head, "lrh_len", data, order, at) > spec_of(found.structs[HEADER]).size:
        return other
    return order


def check_length(size: int, found: Dialect, most: int) -> None:
    """Refuse a record length that no record has in chunks of `most` bytes."""
    least = found.constants["LLOG_MIN_REC_SIZE"]
    if not least <= size <= most or size % 8:
        raise WireError(f"expected a multiple of 8 from {least} to {most}, got {size}", path="lrh_len", offset=0)


def _read_record(data: bytes, found: Dialect, order: ByteOrder) -> LogRecord:
    head, tail = found.structs[HEAD], found.structs[TAIL]
    header = unpack(head, data, order)
    cls = _struct_of(found, header.lrh_type)
    if cls is not None and is_whole(cls):
        whole = exactly(cls, data, order) if len(data) == spec_of(cls).size else None
        if whole is not None:
            names = [field.name for field in spec_of(cls).fields]
            return LogRecord(order, getattr(whole, names[0]), whole, getattr(whole, names[-1]))
    start, stop = spec_of(head).size, len(data) - spec_of(tail).size
    body = data[start:stop]
    value: Any = None
    if header.lrh_type == found.constants["OBD_CFG_REC"]:
        value = _config(body, found)
    elif cls is not None and not is_whole(cls):
        value = exactly(cls, body, order)
    if value is not None and _body(value, order) != body:
        value = None
    return LogRecord(order, header, body if value is None else value, unpack(tail, data, order, stop))


def _config(body: bytes, found: Dialect) -> Config | None:
    """The command in a body, or None: a log with a broken command is still a log."""
    try:
        return read_config(body, found)
    except WireError:
        return None


def _struct_of(found: Dialect, kind: int) -> Any:
    part: LogTypes = found.part("llog")
    return part.records.get(int(kind)) or part.later.get(int(kind))


def is_whole(cls: Any) -> bool:
    """Whether a struct is a whole record, head and tail included."""
    node = spec_of(cls).node
    first = node.members[0] if isinstance(node, Group) else None
    return isinstance(first, Group) and spec_of(first.cls).name == HEAD


# --- writing --------------------------------------------------------------------------------------------------------


@checked
def write_record(record: LogRecord) -> bytes:
    """The bytes of a record.

    Raises:
        WireError: a value that does not fit its field.
    """
    value = record.value
    if hasattr(type(value), "__wire__") and is_whole(type(value)):
        return pack(value, record.order)
    return pack(record.header, record.order) + _body(value, record.order) + pack(record.tail, record.order)


def _body(value: Any, order: ByteOrder) -> bytes:
    if isinstance(value, Config):
        data = write_config(value)
        return data.ljust(round8(len(data)), b"\0")
    return bytes(value) if isinstance(value, (bytes, bytearray)) else rounded(value, order)


@checked
def write_log(log: LogFile) -> bytes:
    """The bytes of a log file.

    Raises:
        WireError: a value that does not fit its field.
    """
    out = [pack(log.header, log.order)] if log.header is not None else []
    for chunk in log.chunks:
        out += map(write_record, chunk.records)
        out.append(chunk.rest)
    return b"".join(out)


# --- configuration logs ---------------------------------------------------------------------------------------------


@attrs.define(slots=True)
class Step:
    """A live record of a configuration log as a reader takes it; `skipped` says why it passes it over, or is empty.

    `config` is None where the record is no command.
    """

    record: LogRecord
    config: Config | None
    skipped: str = ""


@checked
def steps(log: LogFile) -> Iterator[Step]:
    """The live records of a configuration log as a node of its dialect takes them.

    Commands count between a START and an END marker, if the group is not marked CM_SKIP and the release has such
    devices. In a group whose START marker has CM_EXCLUDE, an OST is added as an inactive one.

    Source: obdclass/obd_config.c:class_config_llog_handler of 1.8.9-wc1 and 2.0.0.
    """
    flags = log.dialect.enums["CfgMarkerFlags"].__members__
    start, end, skip, exclude = (int(flags[name]) for name in ("CM_START", "CM_END", "CM_SKIP", "CM_EXCLUDE"))
    reason, excluded, behaviour = _OUTSIDE, False, server(log.dialect)
    for record in log.live_records:
        config = record.config
        if config is None:
            yield Step(record, None, _NO_COMMAND)
            continue
        marker = config.struct()
        if not hasattr(marker, "cm_flags"):
            lmv = _LMV if not reason and behaviour.skips_lmv is not None and _is_lmv(config) else ""
            yield Step(record, _inactive(config) if excluded else config, reason or lmv)
            continue
        if marker.cm_flags & start:
            reason, excluded = _SKIPPED if marker.cm_flags & skip else "", bool(marker.cm_flags & exclude)
        elif marker.cm_flags & end:
            reason, excluded = _OUTSIDE, False
        yield Step(record, config)


def _inactive(config: Config) -> Config:
    """An OST that is added, added as inactive; other commands as they are."""
    commands = config.dialect.enums["LcfgCommand"].__members__
    if config.command != commands["LCFG_LOV_ADD_OBD"]:
        return config
    return attrs.evolve(config, header=attrs.evolve(config.header, lcfg_command=commands["LCFG_LOV_ADD_INA"]))


@checked
def records_as_commands(log: LogFile) -> list[str]:
    """The lctl script that a configuration log is; commands a reader passes over stand behind ``# skipped:``."""
    lines: list[str] = []
    taken: list[Config] = []
    for step in steps(log):
        if step.config is not None and not step.skipped:
            taken.append(step.config)
            continue
        lines += command_lines(taken)
        taken = []
        record = step.record
        size = int(record.header.lrh_len)
        stranger = f"record {record.index} is no command: type {record.type:#x}, {size} bytes"
        lines.append(f"# skipped: {stranger if step.config is None else step.config.line()}")
    return lines + command_lines(taken)


@checked
def to_json(log: LogFile) -> dict[str, Any]:
    """A log as plain JSON types: "dialect", "endian", "header", and of each record what it says.

    A record has "index", "type", "endian", "live", and "config", "struct" with "fields", or "hex"; one of a transaction
    also "updates", each with "type", "fid" and "params".
    """
    records = []
    for record in log.records:
        entry = {
            "index": record.index, "type": log.type_name(record), "endian": record.order,
            "live": log.is_live(record),
        }  # fmt: skip
        records.append({**entry, **_value_to_json(record.value), **_updates_to_json(record, log.dialect)})
    header = struct_to_json(log.header) if log.header is not None else None
    return {"dialect": log.dialect.name, "endian": log.order, "header": header, "records": records}


def _value_to_json(value: Any) -> dict[str, Any]:
    if isinstance(value, Config):
        return {"config": config_to_json(value)}
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return {"struct": spec_of(value).name, "fields": struct_to_json(value)}


def _updates_to_json(record: LogRecord, of: Dialect) -> dict[str, Any]:
    """The updates of a transaction; nothing of another record."""
    if not hasattr(record.value, "ur_update_count"):
        return {}
    found = updates.read_records(record.value, updates.declared_by(of), record.order)
    made = (
        {"type": int(one.type), "fid": struct_to_json(one.fid), "params": [param.hex() for param in one.params]}
        for one in found
    )
    return {"updates": list(made)}


@checked
def unknown_to(log: LogFile, other: Dialect | str) -> list[tuple[LogRecord, Does]]:
    """The live records that a node of another release does not take, and what it does: "skips" or "refuses" them.

    Clients without LMVs pass over all that is for one. A command that no device knows, or a device of a type that does
    not exist, is refused if the command has the bit LCFG_REQUIRED; a record of a type that the release does not know is
    not processed. The verdict's `function` is the one of Lustre that decides.

    Args:
        other: the release, or the dialect that stands for one.

    Raises:
        WireError: no such release or dialect.
    """
    behaviour = server(other)
    found = ((record, _verdict(record, behaviour)) for record in log.live_records)
    return [(record, verdict) for record, verdict in found if verdict is not None]


def _verdict(record: LogRecord, behaviour: Server) -> Does | None:
    config = record.config
    if record.type not in behaviour.records:
        return behaviour.stranger
    if config is None:
        return None
    if behaviour.skips_lmv is not None and _is_lmv(config):
        return behaviour.skips_lmv
    number, k = int(config.command), config.dialect
    if number not in behaviour.commands:
        return behaviour.refused if number & k.constants["LCFG_REQUIRED"] else behaviour.optional
    attach = k.enums["LcfgCommand"].__members__["LCFG_ATTACH"]
    return behaviour.attach if number == attach and config.text(1) not in behaviour.types else None


def _is_lmv(config: Config) -> bool:
    """Whether a command is about an LMV, which clients without one tell by these names."""
    attach = config.dialect.enums["LcfgCommand"].__members__["LCFG_ATTACH"]
    return config.device.endswith("clilmv") or (config.command == attach and config.text(1) == "lmv")
