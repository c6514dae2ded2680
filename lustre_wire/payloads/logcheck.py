"""What is not right about a log, and what the nodes that read it do about it.

What the header, the bitmap, the indexes and the tails of a log announce is compared with what is there. Which function
of Lustre does what about it is in each release's table of servers (`lustre_wire.schema.servers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.payloads.config import Config, read_config
from lustre_wire.payloads.llog import HEAD, TAIL, WORD, Chunk, LogFile, LogRecord, scan_log
from lustre_wire.payloads.reading import Fault, Reading, server, servers
from lustre_wire.payloads.wire import offset_in
from lustre_wire.schema.servers import Does, Server
from lustre_wire.schema.struct import spec_of

__all__ = ["examine"]


@checked
def examine(data: bytes, dialect_: Dialect | str, release: str = "") -> Reading[LogFile]:
    """A log file as far as it can be read, with everything about it that is not as a server writes it.

    Args:
        release: whose nodes' doings the faults tell. If not given, it is the dialect's, or where logs have chunks of
            that size since later only, the first that has them.

    Raises:
        WireError: no such dialect or release.
    """
    found = dialect(dialect_)
    reading = scan_log(data, found, release)
    log = reading.value
    if log.header is not None:
        judge = server(release) if release else _first_reader(log)
        more = _Checker(log, judge, bool(log.configs)).faults(whole=not reading.faults)
        reading.faults = sorted([*reading.faults, *more], key=lambda fault: fault.offset or 0)
    return reading


def _first_reader(log: LogFile) -> Server:
    later = (each for each in servers().values() if each.log.largest >= log.chunk_size)
    own = server(log.dialect)
    return own if own.log.largest >= log.chunk_size else next(later, own)


@attrs.define
class _Checker:
    """One log under the eyes of one release; `_next` is the index whose turn it is."""

    _log: LogFile
    _server: Server
    _configs: bool
    _seen: set[int] = attrs.field(factory=set)
    _next: int = 1

    def faults(self, *, whole: bool) -> Iterator[Fault]:
        """All faults but those of a scan; `whole` where that had none."""
        yield from self._header()
        for number, chunk in enumerate(self._log.chunks, 1):
            yield from self._order(chunk)
            for at, record in _placed(chunk):
                yield from self._tail(record, at, last=record is chunk.records[-1])
                yield from self._content(record, at)
            if whole and (chunk.rest.strip(b"\0") or (chunk.rest and number < len(self._log.chunks))):
                at = chunk.offset + sum(int(record.header.lrh_len) for record in chunk.records)
                found = f"{len(chunk.rest)} bytes that are none"
                yield Fault("lrh_index", at, "a record", found, self._server.log.ends, unread=False)
        yield from self._bitmap(whole)

    def _header(self) -> Iterator[Fault]:
        header, reader = self._log.header, self._server.log
        size, unnoticed = self._log.chunk_size, Does("takes no notice", reader.header.function, noticed=False)
        if size > reader.largest:
            yield self._in_header("llh_hdr.lrh_len", f"at most {reader.largest}", size, reader.header)
        kinds = self._log.dialect.constants
        if not header.llh_flags & (kinds["LLOG_F_IS_CAT"] | kinds["LLOG_F_IS_PLAIN"]):
            flags = f"{int(header.llh_flags):#x}"
            yield self._in_header("llh_flags", "LLOG_F_IS_CAT or LLOG_F_IS_PLAIN", flags, reader.kind)
        live = sum(int(word).bit_count() for word in header.llh_bitmap)
        if header.llh_count != live:
            yield self._in_header("llh_count", f"{live}, the bits of the bitmap", header.llh_count, reader.count)
        begins = offset_in(header, "llh_bitmap")
        if header.llh_bitmap_offset != begins:
            does = reader.bitmap or unnoticed
            yield self._in_header("llh_bitmap_offset", str(begins), header.llh_bitmap_offset, does)
        if header.llh_tail.lrt_len != size:
            does = reader.header_tail or unnoticed
            yield self._in_header("llh_tail.lrt_len", str(size), header.llh_tail.lrt_len, does)

    def _in_header(self, path: str, expected: str, found: object, does: Does) -> Fault:
        return Fault(path, offset_in(self._log.header, path), expected, str(found), does)

    def _order(self, chunk: Chunk) -> Iterator[Fault]:
        """Whether each index follows the one before it. One that does not, but whose follower does, is a slip."""
        reader = self._server.log
        for number, (at, record) in enumerate(_placed(chunk), 1):
            index, turn = record.index, self._next
            then = chunk.records[number].index if number < len(chunk.records) else 0
            slip = index > turn and then == turn + 1
            self._seen.add(index)
            if index != turn:
                does = reader.behind if index < turn else reader.ahead
                offset = at + offset_in(record.header, "lrh_index")
                yield Fault(f"record {turn}.lrh_index", offset, str(turn), str(index), does)
            if index >= turn:
                self._next = turn + 1 if slip else index + 1

    def _tail(self, record: LogRecord, at: int, *, last: bool) -> Iterator[Fault]:
        reader, head, tail = self._server.log, record.header, record.tail
        begins = at + int(head.lrh_len) - spec_of(self._log.dialect.structs[TAIL]).size
        for name, expected in (("lrt_len", head.lrh_len), ("lrt_index", head.lrh_index)):
            found = getattr(tail, name)
            if found != expected:
                offset = begins + offset_in(tail, name)
                does = reader.tail if last else reader.inner_tail
                yield Fault(f"record {record.index}.{name}", offset, str(expected), str(found), does)

    def _content(self, record: LogRecord, at: int) -> Iterator[Fault]:
        log, reader, k = self._log, self._server.log, self._log.dialect.constants
        kind, path = record.type, f"record {record.index}"
        if reader.magic is not None and kind & k["LLOG_OP_MASK"] != k["LLOG_OP_MAGIC"]:
            yield Fault(f"{path}.lrh_type", at, f"{k['LLOG_OP_MAGIC']:#x} and some bits", f"{kind:#x}", reader.magic)
        elif not log.is_live(record):
            return
        elif log.header.llh_flags & k["LLOG_F_IS_CAT"]:
            if kind != k["LLOG_LOGID_MAGIC"]:
                yield Fault(f"{path}.lrh_type", at, f"{k['LLOG_LOGID_MAGIC']:#x}", f"{kind:#x}", reader.catalogue)
        elif kind == k["OBD_CFG_REC"]:
            yield from self._command(record, at)
        elif self._configs and kind != k.get("PTL_CFG_REC"):  # which not every release has
            yield Fault(f"{path}.lrh_type", at, f"{k['OBD_CFG_REC']:#x}", f"{kind:#x}", self._server.stranger)
        elif not self._configs and log.type_name(record).isdigit():
            yield Fault(f"{path}.lrh_type", at, "a type of log records", f"{kind:#x}", reader.unknown)

    def _command(self, record: LogRecord, at: int) -> Iterator[Fault]:
        body, path = at + spec_of(self._log.dialect.structs[HEAD]).size, f"record {record.index}"
        config = record.config
        if config is None:
            yield self._no_command(record, body)
        elif _is_marker(config) and config.struct() is None:
            size = len(config.buffers[1]) if len(config.buffers) > 1 else 0
            yield Fault(f"{path}.buffer 1", body, "a cfg_marker", f"{size} bytes", self._server.marker)

    def _no_command(self, record: LogRecord, body: int) -> Fault:
        """Why a record of a command is none."""
        path, does, found = f"record {record.index}", self._server.command, self._log.dialect
        try:
            read_config(record.value, found)
        except WireError as error:
            around = spec_of(found.structs[HEAD]).size + spec_of(found.structs[TAIL]).size
            if self._server.overrun is not None and _reads(record.value + bytes(around), found):
                does = self._server.overrun
            return Fault.of(error, does, within=path, base=body)
        return Fault(path, body, "a lustre_cfg", f"{len(record.value)} bytes that are none", does)

    def _bitmap(self, whole: bool) -> Iterator[Fault]:
        """Live indexes without a record; and the header's last index, where every record was found."""
        header, reader = self._log.header, self._server.log
        words = enumerate(header.llh_bitmap)
        live = (WORD * at + bit for at, word in words if word for bit in range(WORD) if word >> bit & 1)
        missing = [index for index in live if index and index not in self._seen]
        if missing:
            offset = offset_in(header, "llh_bitmap") + missing[0] // 8
            yield Fault("llh_bitmap", offset, f"records {_ranges(missing)}", "none", reader.missing)
        last = max(self._seen, default=0)
        if whole and not missing and header.llh_tail.lrt_index != last:
            does = reader.last if header.llh_tail.lrt_index else reader.never_last
            yield self._in_header("llh_tail.lrt_index", str(last), header.llh_tail.lrt_index, does)


def _placed(chunk: Chunk) -> Iterator[tuple[int, LogRecord]]:
    """The records of a chunk, each with its offset in the file."""
    at = chunk.offset
    for record in chunk.records:
        yield at, record
        at += int(record.header.lrh_len)


def _reads(data: bytes, found: Dialect) -> bool:
    """Whether bytes are a command and something behind it."""
    try:
        read_config(data, found)
    except WireError:
        return False
    return True


def _is_marker(config: Config) -> bool:
    return bool(config.command == config.dialect.enums["LcfgCommand"].__members__["LCFG_MARKER"])


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers in rising order, those that follow each other as a range: ``2, 10-28``."""
    numbers = list(numbers)
    breaks = [(a, b) for a, b in pairwise(numbers) if b != a + 1]
    starts, ends = [numbers[0], *(b for _, b in breaks)], [*(a for a, _ in breaks), numbers[-1]]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
