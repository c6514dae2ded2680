"""Building a log: an empty one, records appended as a server appends them, records cancelled.

Source: obdclass/llog_lvfs.c:llog_lvfs_write_rec and obdclass/llog.c:llog_cancel_rec of 1.8.9-wc1 and 2.0.0; the same
rule by the chunks of the log's own header in obdclass/llog_osd.c:llog_osd_write_rec of 2.17.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.payloads.config import Config
from lustre_wire.payloads.llog import (
    HEAD,
    HEADER,
    TAIL,
    WORD,
    Chunk,
    LogFile,
    LogRecord,
    check_length,
    is_whole,
    write_record,
)
from lustre_wire.payloads.wire import place
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["append", "cancel", "new_log"]


@checked
def new_log(
    dialect_: Dialect | str, *, order: ByteOrder = "little", uuid: bytes = b"config_uuid", timestamp: int = 0,
    flags: int | None = None, record_size: int = 0, cat_idx: int = 0,
) -> LogFile:  # fmt: skip
    """An empty log.

    Args:
        order: byte order to write.
        uuid: `llh_tgtuuid`.
        timestamp: creation time in seconds.
        flags: `llh_flags`; that of a plain log where it is not given.
        record_size: `llh_size`: 64 for a catalogue, 0 for records of any length.
        cat_idx: the slot of a plain log in its catalogue.
    """
    found = dialect(dialect_)
    k, cls = found.constants, found.structs[HEADER]
    header = cls(
        llh_timestamp=timestamp, llh_count=1, llh_bitmap_offset=place(cls, "llh_bitmap")[0], llh_size=record_size,
        llh_flags=k["LLOG_F_IS_PLAIN"] if flags is None else flags, llh_cat_idx=cat_idx,
    )  # fmt: skip
    header.llh_tgtuuid.uuid = uuid
    header.llh_hdr.lrh_len = header.llh_tail.lrt_len = spec_of(cls).size
    header.llh_hdr.lrh_type = found.enums["LlogOp"](k["LLOG_HDR_MAGIC"])
    header.llh_bitmap[0] = 1
    return LogFile(found, order, header)


@checked
def append(log: LogFile, value: Any, kind: int | None = None) -> LogRecord:
    """Add a record at the end, behind a padding record where the chunk has no room for it.

    A server wants room for one more record of the least size behind each that does not fill its chunk. A record 8 or
    16 bytes shorter than a chunk (8,176 or 8,184 bytes) has none even in a chunk of its own: a server pads all of the
    chunk before it, and stops (LASSERT in llog_lvfs_pad) at the record that follows, which is refused here.

    Args:
        value: a `Config`, a wire struct that the dialect's logs have, or the bytes of a body, a multiple of 8.
        kind: `lrh_type`, needed for bytes.

    Raises:
        WireError: a record the dialect does not know, one longer than a chunk, a full log, one whose last chunk has no
            room for padding, or one without a header.
    """
    if log.header is None:
        raise WireError("expected a log with a header", path="llog")
    record = _new_record(log, value, kind)
    size = int(record.header.lrh_len)
    check_length(size, log.dialect, log.chunk_size)
    left = _room(log)
    if not left:
        log.chunks.append(Chunk())
        left = _room(log)
    least = log.dialect.constants["LLOG_MIN_REC_SIZE"]
    if left != size and left < size + least:
        if left < least:
            raise WireError(f"{left} bytes are left of the chunk, a padding record needs {least}", path="lrh_len")
        _place(log, _padding(log, left), live=False)
        log.chunks.append(Chunk())
    _place(log, record, live=True)
    return record


@checked
def cancel(log: LogFile, record: LogRecord) -> None:
    """Take a record out of the bitmap; its bytes stay.

    Raises:
        WireError: it is not live.
    """
    if not log.is_live(record):
        raise WireError("expected a live record", path=f"record {record.index}")
    word, bit = divmod(record.index, WORD)
    log.header.llh_bitmap[word] &= ~(1 << bit)
    log.header.llh_count -= 1


def _room(log: LogFile) -> int:
    """Bytes left in the last chunk; 0 where there is none."""
    if not log.chunks:
        return 0
    last = log.chunks[-1]
    if last.rest.strip(b"\0"):
        raise WireError("the log ends in bytes that are no record", path="llog")
    last.rest = b""
    used = sum(int(record.header.lrh_len) for record in last.records)
    return log.chunk_size - used


def _new_record(log: LogFile, value: Any, kind: int | None) -> LogRecord:
    found = log.dialect
    if isinstance(value, Config):
        kind = found.constants["OBD_CFG_REC"]
    elif kind is None:
        records: Mapping[int, Any] = found.part("llog").records
        kind = next((k for k, cls in records.items() if cls is type(value)), None)
    if kind is None:
        raise WireError(f"no record type for {type(value).__name__}", path="lrh_type", dialect=found.name)
    if hasattr(type(value), "__wire__") and is_whole(type(value)):
        names = [field.name for field in spec_of(value).fields]
        header, tail = getattr(value, names[0]), getattr(value, names[-1])
    else:
        header, tail = found.structs[HEAD](), found.structs[TAIL]()
    header.lrh_type = found.enums["LlogOp"](kind)
    record = LogRecord(log.order, header, value, tail)
    header.lrh_len = tail.lrt_len = len(write_record(record))
    return record


def _padding(log: LogFile, size: int) -> LogRecord:
    head, tail = log.dialect.structs[HEAD](), log.dialect.structs[TAIL]()
    body = bytes(size - spec_of(head).size - spec_of(tail).size)
    head.lrh_type = log.dialect.enums["LlogOp"](log.dialect.constants["LLOG_PAD_MAGIC"])
    head.lrh_len = tail.lrt_len = size
    return LogRecord(log.order, head, body, tail)


def _place(log: LogFile, record: LogRecord, *, live: bool) -> None:
    index, words = int(log.header.llh_tail.lrt_index) + 1, log.header.llh_bitmap
    if index >= WORD * len(words):
        raise WireError(f"expected at most {WORD * len(words) - 1} records", path="lrh_index")
    record.header.lrh_index = record.tail.lrt_index = log.header.llh_tail.lrt_index = index
    if live:
        words[index // WORD] |= 1 << index % WORD
        log.header.llh_count += 1
    log.chunks[-1].records.append(record)
