"""A client's operations on the bytes of files: extent locks, bulk I/O, sizes by glimpse, and file locks."""

from __future__ import annotations

import errno
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Bits, Extent, Flock, Lock
from lustre_wire.recovery.ldlm.locks import ResName, request_of
from lustre_wire.recovery.ldlm.policies import EOF
from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import Request
from lustre_wire.testbed import checksums, layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.node import ConnectedNode, OpenFile
from lustre_wire.testbed.operations import Ident, Result
from lustre_wire.testbed.packing import packer, result_of
from lustre_wire.testbed.tasks import OperationFailed

#: Bytes a client wants to be able to write without asking (OSC_MAX_DIRTY_DEFAULT).
MAX_DIRTY = 32 << 20
#: An object on an OST, (OST index, object id), or None: the file's own on the MDT.
Place = tuple[int, int] | None


def flock_resource(ident: Ident, dialect: Dialect) -> ResName:
    """The resource of an object's file locks, as a dialect names it."""
    words = [ident[0], ident[1], 0, 0]
    words[packer(dialect).personality.flock_slot] = int(names(dialect).LDLM_FLOCK)
    return (words[0], words[1], words[2], words[3])


class FileIo(ConnectedNode):
    """A client that reads and writes the files it has open."""

    def write(self, number: int, offset: int, data: bytes) -> Any:
        file = yield from self._laid_out(number, offset, offset + len(data), writes=True)
        for piece in self._pieces(file, offset, len(data)):
            owner, lock = yield from self._extent(file, piece.object, "LCK_PW")
            try:
                yield from self._transfer(
                    op.ObjectWrite, file, piece.object, piece.at, data[piece.start : piece.start + piece.length]
                )
            finally:
                self.release(owner, lock)
        file.size_changed = True
        return len(data)

    def read(self, number: int, offset: int, length: int) -> Any:
        file = yield from self._laid_out(number, offset, offset + length)
        size = yield from self._file_size(file.layout, file.ident)
        length = max(0, min(length, size - offset))
        out = bytearray(length)
        for piece in self._pieces(file, offset, length):
            owner, lock = yield from self._extent(file, piece.object, "LCK_PR")
            try:
                got = yield from self._transfer(op.ObjectRead, file, piece.object, piece.at, piece.length)
                out[piece.start : piece.start + piece.length] = got
            finally:
                self.release(owner, lock)
        return bytes(out)

    def _usable(self, number: int) -> OpenFile:
        file = self.file(number)
        if file.dead or file.layout is None:
            raise OperationFailed(-errno.EIO)
        return file

    # -- layouts -------------------------------------------------------------------------------------------------

    def _laid_out(self, number: int, start: int, end: int, *, writes: bool = False) -> Any:
        """A file with its layout as it is now; what is to be written between two bytes has its objects then."""
        file = self._usable(number)
        assert file.layout is not None
        if file.layout.generation is None:
            return file
        if not self._knows(file) or (writes and file.layout.unmade(start, end)):
            k = names(self.metadata().dialect)
            yield from self._ask_layout(file, k.LAYOUT_INTENT_WRITE if writes else k.LAYOUT_INTENT_ACCESS, start, end)
        return file

    def _knows(self, file: OpenFile) -> bool:
        """Is the layout of a file known since a lock was taken that this client still has?"""
        mdc, lock = self.metadata(), file.known
        held = lock is not None and mdc.locks.locks.get(lock.cookie) is lock
        return held and lock is not None and not lock.flags & names(mdc.dialect).LDLM_FL_CBPENDING

    def _ask_layout(self, file: OpenFile, opc: int, start: int, end: int) -> Any:
        """Ask for a layout, with the lock on it (IT_LAYOUT); the answer is kept for a replay where it changed it."""
        mdc = self.metadata()
        k = names(mdc.dialect)
        resource = (file.ident[0], file.ident[1], 0, 0)
        lock = mdc.locks.request(k.LDLM_IBITS, resource, k.LCK_CR, Bits(int(k.MDS_INODELOCK_LAYOUT)))
        body = request_of(mdc.dialect, lock, k.LDLM_FL_HAS_INTENT, 1)
        asked = op.LayoutGet(opc=opc, start=start, end=end, intent=k.IT_LAYOUT, dlm_req=body)

        def saved(done: Request) -> None:
            packer(done.message.dialect).amend(done.message, ea=result_of(done).md)

        request = yield from self.ask(mdc, asked, keep=opc == k.LAYOUT_INTENT_WRITE, saved=saved)
        result = result_of(request) if request.reply is not None else None
        mdc.locks.answered(lock, mdc.dialect, result.dlm_rep if result else None, request.status)
        if not request.transno:
            request.keep = False
        if request.status or result is None or not result.md:
            raise OperationFailed(min(request.status, 0) or -errno.EIO)
        file.layout, file.known = layouts.read(mdc.dialect, result.md), lock
        self.release(mdc, lock)

    def _pieces(self, file: OpenFile, offset: int, length: int) -> list[layouts.Piece]:
        """A range of a file, object by object; of what has none there is nothing to be read, or room to write."""
        assert file.layout is not None
        try:
            return layouts.pieces(file.layout, offset, length)
        except ValueError:
            raise OperationFailed(-errno.EFBIG) from None

    # -- locks on data -------------------------------------------------------------------------------------------

    def _owner(self, obj: Place) -> Import:
        """Who has an object: the OST, or for None the MDT."""
        return self.metadata() if obj is None else self.oscs[obj[0]]

    def _covering(self, ident: Ident, obj: Place) -> tuple[int, ResName, Any]:
        """Type, resource and policy of a lock on all of an object of a file."""
        dialect = self._owner(obj).dialect
        k = names(dialect)
        if obj is None:
            return k.LDLM_IBITS, (ident[0], ident[1], 0, 0), Bits(int(k.MDS_INODELOCK_DOM))
        return k.LDLM_EXTENT, layouts.resource(dialect, *obj), Extent(0, EOF)

    def _extent(self, file: OpenFile, obj: Place, mode: str) -> Any:
        """A lock on an object, and whose it is."""
        owner = self._owner(obj)
        k = names(owner.dialect)
        wanted = getattr(k, mode)
        kind, resource, policy = self._covering(file.ident, obj)
        held = owner.locks.match(k, kind, resource, wanted | k.LCK_PW, policy)
        return owner, held or (yield from self.lock(owner, kind, resource, wanted, policy))

    # -- data ----------------------------------------------------------------------------------------------------

    def _named(self, ident: Ident, obj: Place) -> tuple[Import, int, int]:
        """Who has an object, and its number and sequence there."""
        owner = self._owner(obj)
        if obj is None:
            return owner, ident[1], ident[0]
        return owner, obj[1], layouts.sequence_of(owner.dialect, obj[0])

    def _at(self, owner: Import, kind: Any) -> int:
        """The portal for data, where that is not the format's own: of an MDT one for transfers, one for the rest."""
        if owner is not self.mdc:
            return 0
        k = names(owner.dialect)
        moves = kind in (op.ObjectRead, op.ObjectWrite, op.ObjectPunch)
        return int(k.MDS_IO_PORTAL if moves else k.MDS_REQUEST_PORTAL)

    def _transfer(self, kind: Any, file: OpenFile, obj: Place, at: int, what: bytes | int) -> Any:
        owner, number, seq = self._named(file.ident, obj)
        k, structs = names(owner.dialect), owner.dialect.structs
        length = what if isinstance(what, int) else len(what)
        asked = kind(
            id=number, seq=seq, mtime=self.seconds(), valid=k.OBD_MD_FLID | k.OBD_MD_FLGROUP | k.OBD_MD_FLMTIME,
            ioobj=[layouts.ioobj(owner.dialect, seq, number)],
            niobufs=[structs["niobuf_remote"](rnb_offset=at, rnb_len=length)],
        )  # fmt: skip
        self._announce(owner, asked)
        if owner.granted & k.OBD_CONNECT_CKSUM:
            asked.valid |= k.OBD_MD_FLCKSUM | k.OBD_MD_FLFLAGS
            types = int(owner.connect_data.ocd_cksum_types)
            asked.flags |= k.OBD_FL_CKSUM_ADLER if types & k.OBD_CKSUM_ADLER else k.OBD_FL_CKSUM_CRC32
            asked.cksum = 0 if isinstance(what, int) else checksums.of(k, what, asked.valid, asked.flags, at)
        options: dict[str, Any] = {"expects": length} if isinstance(what, int) else {"data": what}
        request = yield from self.ask(owner, asked, portal=self._at(owner, kind), **options)
        if request.status < 0:
            raise OperationFailed(request.status)
        said = result_of(request)
        self._promised(owner)
        self.promised[owner] += said.grant if said.valid & k.OBD_MD_FLGRANT else 0
        return (request.sink or b"").ljust(length if isinstance(what, int) else 0, b"\0")

    def _announce(self, owner: Import, asked: op.ObjectIo) -> None:
        """Say what this client holds of what it was granted, and what it wants (osc_announce_cached)."""
        k = names(owner.dialect)
        if owner.granted & k.OBD_CONNECT_GRANT:
            asked.valid |= k.OBD_MD_FLBLOCKS | k.OBD_MD_FLGRANT
            asked.grant, asked.mode = self._promised(owner), MAX_DIRTY

    def _promised(self, owner: Import) -> int:
        """What a server granted since this client is connected with it: a new connection says all there is
        (osc_init_grant)."""
        data = owner.connect_data
        if data is not self._said[owner]:
            self._said[owner], self.promised[owner] = data, int(data.ocd_grant) if data is not None else 0
        return self.promised[owner]

    # -- sizes ---------------------------------------------------------------------------------------------------

    def _file_size(self, layout: layouts.Layout | None, ident: Ident) -> Any:
        """The size of a file: a glimpse at each object."""
        if layout is None:
            return 0
        sizes = list[int]()
        for part in layouts.parts(layout):
            size = yield from self._glimpse(ident, part.object)
            sizes.append(size)
        return layouts.file_size(layout, sizes)

    def _glimpse(self, ident: Ident, obj: Place) -> Any:
        owner = self._owner(obj)
        k = names(owner.dialect)
        kind, resource, policy = self._covering(ident, obj)
        lock = owner.locks.request(kind, resource, k.LCK_PR, policy)
        body = request_of(owner.dialect, lock, k.LDLM_FL_HAS_INTENT, 1)
        name = "LDLM_ENQUEUE" if obj is None else "LDLM_ENQUEUE/GLIMPSE"
        request = yield from self.ask(owner, op.Enqueue(dlm_req=body), name)
        result = result_of(request) if request.reply is not None else None
        owner.locks.answered(lock, owner.dialect, result.dlm_rep if result else None, request.status)
        if request.status < 0 or result is None:
            raise OperationFailed(request.status or -errno.EIO)
        if not request.status:
            self.release(owner, lock)
        return int(result.lvb.lvb_size) if result.lvb is not None else 0

    def truncate(self, number: int, size: int) -> Any:
        """Cut a file, or lengthen it: every object to what is left of it."""
        file = yield from self._laid_out(number, 0, size + 1, writes=size > 0)
        for part in layouts.parts(file.layout):
            owner, lock = yield from self._extent(file, part.object, "LCK_PW")
            owner, obj, seq = self._named(file.ident, part.object)
            k = names(owner.dialect)
            left = layouts.object_size(file.layout.components[part.component], part.stripe, size)
            if part.object is None:
                left = min(size, file.layout.components[part.component].end)
            valid = k.OBD_MD_FLID | k.OBD_MD_FLGROUP | k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS
            asked = op.ObjectPunch(id=obj, seq=seq, valid=valid, size=left, blocks=EOF, mtime=self.seconds())
            try:
                yield from self.want(owner, asked, portal=self._at(owner, op.ObjectPunch))
            finally:
                self.release(owner, lock)
        file.size_changed = True

    def fsync(self, number: int) -> Any:
        """A file's bytes are on disk."""
        file = self._usable(number)
        assert file.layout is not None
        for part in layouts.parts(file.layout):
            owner, obj, seq = self._named(file.ident, part.object)
            k = names(owner.dialect)
            valid = k.OBD_MD_FLID | k.OBD_MD_FLGROUP | k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS
            asked = op.ObjectSync(id=obj, seq=seq, valid=valid, blocks=EOF)
            yield from self.want(owner, asked, portal=self._at(owner, op.ObjectSync))

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
