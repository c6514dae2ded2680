"""A client's operations on the bytes of files: extent locks, bulk I/O, sizes by glimpse, and file locks."""

from __future__ import annotations

import errno
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Extent, Flock, Lock
from lustre_wire.recovery.ldlm.locks import ResName, request_of
from lustre_wire.recovery.ldlm.policies import EOF
from lustre_wire.recovery.names import names
from lustre_wire.testbed import checksums, layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.node import ConnectedNode, OpenFile
from lustre_wire.testbed.operations import Ident, Result
from lustre_wire.testbed.packing import packer, result_of
from lustre_wire.testbed.tasks import OperationFailed

#: Bytes a client wants to be able to write without asking (OSC_MAX_DIRTY_DEFAULT).
MAX_DIRTY = 32 << 20


def flock_resource(ident: Ident, dialect: Dialect) -> ResName:
    """The resource of an object's file locks, as a dialect names it."""
    words = [ident[0], ident[1], 0, 0]
    words[packer(dialect).personality.flock_slot] = int(names(dialect).LDLM_FLOCK)
    return (words[0], words[1], words[2], words[3])


class FileIo(ConnectedNode):
    """A client that reads and writes the files it has open."""

    def write(self, number: int, offset: int, data: bytes) -> Any:
        file = self._usable(number)
        for stripe, at, length, start in layouts.pieces(len(file.objects), offset, len(data)):
            index, obj = file.objects[stripe]
            lock = yield from self._extent(index, obj, "LCK_PW")
            try:
                yield from self._transfer(op.ObjectWrite, index, obj, at, data[start : start + length])
            finally:
                self.release(self.oscs[index], lock)
        file.size_changed = True
        return len(data)

    def read(self, number: int, offset: int, length: int) -> Any:
        file = self._usable(number)
        size = yield from self._file_size(file.objects)
        length = max(0, min(length, size - offset))
        out = bytearray(length)
        for stripe, at, count, start in layouts.pieces(len(file.objects), offset, length):
            index, obj = file.objects[stripe]
            lock = yield from self._extent(index, obj, "LCK_PR")
            try:
                out[start : start + count] = yield from self._transfer(op.ObjectRead, index, obj, at, count)
            finally:
                self.release(self.oscs[index], lock)
        return bytes(out)

    def _usable(self, number: int) -> OpenFile:
        file = self.file(number)
        if file.dead or not file.objects:
            raise OperationFailed(-errno.EIO)
        return file

    def _extent(self, index: int, obj: int, mode: str) -> Any:
        osc = self.oscs[index]
        k = names(osc.dialect)
        wanted = getattr(k, mode)
        resource = layouts.resource(osc.dialect, index, obj)
        held = osc.locks.match(k, k.LDLM_EXTENT, resource, wanted | k.LCK_PW, Extent(0, EOF))
        return held or (yield from self.lock(osc, k.LDLM_EXTENT, resource, wanted, Extent(0, EOF)))

    def _transfer(self, kind: Any, index: int, obj: int, at: int, what: bytes | int) -> Any:
        osc = self.oscs[index]
        k, structs = names(osc.dialect), osc.dialect.structs
        length = what if isinstance(what, int) else len(what)
        asked = kind(
            id=obj, seq=layouts.sequence_of(osc.dialect, index), mtime=self.seconds(),
            valid=k.OBD_MD_FLID | k.OBD_MD_FLGROUP | k.OBD_MD_FLMTIME,
            ioobj=[layouts.ioobj(osc.dialect, index, obj)],
            niobufs=[structs["niobuf_remote"](rnb_offset=at, rnb_len=length)],
        )  # fmt: skip
        self._announce(osc, index, asked)
        if osc.granted & k.OBD_CONNECT_CKSUM:
            asked.valid |= k.OBD_MD_FLCKSUM | k.OBD_MD_FLFLAGS
            types = int(osc.connect_data.ocd_cksum_types)
            asked.flags |= k.OBD_FL_CKSUM_ADLER if types & k.OBD_CKSUM_ADLER else k.OBD_FL_CKSUM_CRC32
            asked.cksum = 0 if isinstance(what, int) else checksums.of(k, what, asked.valid, asked.flags, at)
        options: dict[str, Any] = {"expects": length} if isinstance(what, int) else {"data": what}
        request = yield from self.ask(osc, asked, **options)
        if request.status < 0:
            raise OperationFailed(request.status)
        said = result_of(request)
        self._promised(index)
        self.promised[index] += said.grant if said.valid & k.OBD_MD_FLGRANT else 0
        return (request.sink or b"").ljust(length if isinstance(what, int) else 0, b"\0")

    def _announce(self, osc: Import, index: int, asked: op.ObjectIo) -> None:
        """Say what this client holds of what it was granted, and what it wants (osc_announce_cached)."""
        k = names(osc.dialect)
        if osc.granted & k.OBD_CONNECT_GRANT:
            asked.valid |= k.OBD_MD_FLBLOCKS | k.OBD_MD_FLGRANT
            asked.grant, asked.mode = self._promised(index), MAX_DIRTY

    def _promised(self, index: int) -> int:
        """What an OST granted since this client is connected with it: a new connection says all there is
        (osc_init_grant)."""
        data = self.oscs[index].connect_data
        if data is not self._said[index]:
            self._said[index], self.promised[index] = data, int(data.ocd_grant) if data is not None else 0
        return self.promised[index]

    def _file_size(self, objects: list[tuple[int, int]]) -> Any:
        """The size of a file: a glimpse at each object."""
        sizes = []
        for index, obj in objects:
            sizes.append((yield from self._glimpse(index, obj)))
        return layouts.file_size(len(objects), sizes) if objects else 0

    def _glimpse(self, index: int, obj: int) -> Any:
        osc = self.oscs[index]
        k = names(osc.dialect)
        lock = osc.locks.request(k.LDLM_EXTENT, layouts.resource(osc.dialect, index, obj), k.LCK_PR, Extent(0, EOF))
        body = request_of(osc.dialect, lock, k.LDLM_FL_HAS_INTENT, 1)
        request = yield from self.ask(osc, op.Enqueue(dlm_req=body), "LDLM_ENQUEUE/GLIMPSE")
        result = result_of(request) if request.reply is not None else None
        osc.locks.answered(lock, osc.dialect, result.dlm_rep if result else None, request.status)
        if request.status < 0 or result is None:
            raise OperationFailed(request.status or -errno.EIO)
        if not request.status:
            self.release(osc, lock)
        return int(result.lvb.lvb_size) if result.lvb is not None else 0

    def truncate(self, number: int, size: int) -> Any:
        """Cut a file, or lengthen it: every object to what is left of it."""
        file = self._usable(number)
        for stripe, (index, obj) in enumerate(file.objects):
            osc = self.oscs[index]
            k = names(osc.dialect)
            lock = yield from self._extent(index, obj, "LCK_PW")
            left = layouts.object_size(len(file.objects), stripe, size)
            valid = k.OBD_MD_FLID | k.OBD_MD_FLGROUP | k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS
            try:
                seq = layouts.sequence_of(osc.dialect, index)
                yield from self.want(
                    osc, op.ObjectPunch(id=obj, seq=seq, valid=valid, size=left, blocks=EOF, mtime=self.seconds())
                )
            finally:
                self.release(osc, lock)
        file.size_changed = True

    def fsync(self, number: int) -> Any:
        """A file's bytes are on disk."""
        file = self._usable(number)
        for index, obj in file.objects:
            k = names(self.oscs[index].dialect)
            valid = k.OBD_MD_FLID | k.OBD_MD_FLGROUP | k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS
            seq = layouts.sequence_of(self.oscs[index].dialect, index)
            yield from self.want(self.oscs[index], op.ObjectSync(id=obj, seq=seq, valid=valid, blocks=EOF))

    def _destroy(self, result: Result) -> Any:
        """The last name of a file is gone: its objects go too."""
        k = names(self.metadata().dialect)
        if not result.valid & k.OBD_MD_FLEASIZE or not result.md:
            return
        objects, cookies = layouts.objects(self.metadata().dialect, result.md), list(result.cookies or ())
        for stripe, (index, obj) in enumerate(objects):
            asked = op.ObjectDestroy(id=obj, valid=k.OBD_MD_FLID | k.OBD_MD_FLGROUP)
            if result.valid & k.flag("OBD_MD_FLCOOKIE") and len(cookies) >= len(objects):
                cls = self.oscs[index].dialect.structs["llog_cookie"]  # opaque, and an OST may be of another release
                asked.valid, asked.lcookie = (
                    asked.valid | k.OBD_MD_FLCOOKIE,
                    record.unpack(cls, record.pack(cookies[stripe])),
                )
            request = yield from self.ask(self.oscs[index], asked)
            if request.status not in (0, -errno.ENOENT, -errno.EINTR):
                raise OperationFailed(request.status)

    def flock(self, number: int, mode: str, start: int = 0, end: int = EOF, pid: int = 1, *, wait: bool = True) -> Any:
        """Lock a range of a file for a process: ``LCK_PR``, ``LCK_PW``, or ``LCK_NL`` to unlock."""
        file, mdc = self.file(number), self.metadata()
        if file.dead:
            raise OperationFailed(-errno.EIO)
        k = names(mdc.dialect)
        flags = 0 if wait or mode == "LCK_NL" else k.LDLM_FL_BLOCK_NOWAIT
        resource = flock_resource(file.ident, mdc.dialect)
        lock: Lock = yield from self.lock(mdc, k.LDLM_FLOCK, resource, getattr(k, mode), Flock(start, end, pid), flags)
        return lock
