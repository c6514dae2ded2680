"""The bytes of objects, which an OST and an MDT serve alike (target/tgt_handler.c; obdfilter/, ofd/, mdt/mdt_io.c)."""

from __future__ import annotations

import errno
import os
import stat
from abc import ABC, abstractmethod
from typing import Any

import attrs

from lustre_wire.recovery.exports import Answer, Incoming
from lustre_wire.recovery.ldlm import Lock, server
from lustre_wire.recovery.ldlm.locks import reply_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.target import Handling, Target, Wait
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import checksums
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.grants import Grants
from lustre_wire.testbed.hardware import Hardware, Turns
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form, packer

#: Bytes of one bulk transfer, and of a block of the disk.
MAX_BULK, BLOCK = 1 << 20, 4096


@attrs.define(slots=True, frozen=True)
class Object:
    """An object's attributes; its bytes are a file of the store.

    Attributes:
        written: a bit for each block of 4096 bytes that there is; the others are holes.
    """

    id: int
    size: int = 0
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    uid: int = 0
    gid: int = 0
    written: int = 0

    @property
    def blocks(self) -> int:
        """Of 512 bytes, on disk."""
        return self.written.bit_count() * (BLOCK // 512)

    @property
    def weight(self) -> int:
        """Bytes it takes to keep it as it was (`Store`)."""
        return self.written.bit_length() // 8


def _whole(size: int) -> int:
    """How many blocks it takes."""
    return -(-size // BLOCK)


def _mask(start: int, end: int) -> int:
    """A bit for each of the blocks from `start` to `end`."""
    return (1 << end) - (1 << start) if start < end else 0


class Bytes(ABC):
    """What is done with the bytes of the objects of a target.

    Args:
        hardware: what its disk can do.

    Attributes:
        transfers: handlers by operation.
        grants: what clients may write without asking.
    """

    def __init__(self, dialect: Any, store: Any, hardware: Hardware) -> None:
        self.dialect, self.store, self.hardware = dialect, store, hardware
        self._disk = Turns()
        self.pack, self.k = packer(dialect), names(dialect)
        self.personality = self.pack.personality
        self.grants = Grants(self.k, self.left)
        self._target: Target | None = None  # set by the node, which makes both
        self.transfers: dict[type, Any] = {
            op.ObjectPunch: self._punch, op.ObjectSync: self._sync, op.ObjectSeek: self._seek,
            op.ObjectRead: self._read, op.ObjectWrite: self._write,
        }  # fmt: skip

    @property
    def target(self) -> Target:
        """What it is served by."""
        assert self._target is not None
        return self._target

    @target.setter
    def target(self, target: Target) -> None:
        self._target, target.callbacks.value_of = target, self.value_of

    # -- what differs --------------------------------------------------------------------------------------------

    @abstractmethod
    def found(self, asked: op.ObjectOp) -> Object:
        """The object that is asked for.

        Raises:
            Refused: -ENOENT.
        """

    @abstractmethod
    def keep(self, obj: Object) -> None:
        """Its attributes have changed."""

    @abstractmethod
    def left(self) -> int:
        """How many bytes are free."""

    @abstractmethod
    def most(self, obj: Object) -> int:
        """How long an object may be, in bytes."""

    @abstractmethod
    def value_of(self, lock: Lock) -> Any:
        """What goes with a lock that is granted late: the attributes of what it is on, or None."""

    def over(self, obj: Object, more: int) -> int:
        """`OBD_MD_FL*QUOTA` of the owners that would pass their limit with so many more bytes."""
        return 0

    def file(self, number: int) -> str:
        """The file of the store that has an object's bytes."""
        return f"object {number}"

    # -- answers -------------------------------------------------------------------------------------------------

    def result(self, obj: Object, asked: op.ObjectOp) -> Result:
        """What an answer says of an object, as far as the dialect says it of this operation."""
        return Result(
            id=asked.id, seq=asked.seq, valid=self.personality.valid(asked), size=obj.size, mtime=obj.mtime,
            atime=obj.atime, ctime=obj.ctime, blocks=obj.blocks, owner=obj.uid, group=obj.gid,
            mode=stat.S_IFREG | 0o666, parent_seq=asked.parent_seq, parent_oid=asked.parent_oid, handle=asked.handle,
        )  # fmt: skip

    def lvb_of(self, obj: Object) -> Any:
        """An object's attributes as the value of a lock on it."""
        return self.dialect.structs["ost_lvb"](
            lvb_size=obj.size, lvb_mtime=obj.mtime, lvb_atime=obj.atime, lvb_ctime=obj.ctime, lvb_blocks=obj.blocks,
        )  # fmt: skip

    def answer(self, form: Form, request: Incoming, result: Result, status: int = 0) -> Answer:
        assert request.message.format is not None
        return Answer(status, self.pack.buffers(form, request.message.format.name, result))

    # -- operations ----------------------------------------------------------------------------------------------

    def _punch(self, form: Form, asked: op.ObjectPunch, request: Incoming) -> Answer:
        """Cut an object off; nobody frees bytes in its middle (filter_truncate, ofd_punch_hdl)."""
        obj = self.found(asked)
        if asked.blocks != op.EOF:
            raise Refused(-self.personality.punch_error, failed=True)
        self.room(obj, asked.size)
        transaction = self.target.begin(request)
        self.store.truncate(self.file(obj.id), asked.size)
        written = obj.written & _mask(0, _whole(asked.size))
        self.keep(attrs.evolve(obj, size=asked.size, written=written, mtime=asked.mtime or obj.mtime))
        transaction.finish()
        return self.answer(form, request, self.result(self.found(asked), asked))

    def _seek(self, form: Form, asked: op.ObjectSeek, request: Incoming) -> Answer:
        """Where data or a hole begins (tgt_lseek): there is a hole behind the end, wherever one looks for it, and data
        where a block was written (osd_lseek)."""
        obj = self.found(asked)
        if asked.mode not in (os.SEEK_DATA, os.SEEK_HOLE) or asked.size >> 63:
            raise Refused(-errno.EPROTO)
        result = self.result(obj, asked)
        result.mode, wanted = asked.mode, obj.written if asked.mode == os.SEEK_DATA else ~obj.written
        ahead = wanted >> asked.size // BLOCK
        begins = (asked.size // BLOCK + (ahead & -ahead).bit_length() - 1) * BLOCK
        if asked.mode == os.SEEK_DATA and (not ahead or asked.size >= obj.size or begins >= obj.size):
            result.size = -errno.ENXIO & op.EOF
        else:
            result.size = max(asked.size, begins if asked.mode == os.SEEK_DATA else min(begins, obj.size))
        return self.answer(form, request, result)

    def room(self, obj: Object, size: int) -> None:
        """Is there room for an object to be so large?

        Raises:
            Refused: -EFBIG or -ENOSPC.
        """
        if size > self.most(obj):
            raise Refused(-errno.EFBIG, failed=True)
        if size > obj.size and size - obj.size > self.left():
            raise Refused(-errno.ENOSPC, failed=True)

    def _sync(self, form: Form, asked: op.ObjectSync, request: Incoming) -> Answer:
        obj = self.found(asked) if asked.valid & self.k.OBD_MD_FLID else Object(0)  # no object: the whole target
        self.target.commit()
        return self.answer(form, request, self.result(obj, asked))

    def _ranges(self, asked: op.ObjectIo) -> list[tuple[int, int]]:
        ranges = [(n.rnb_offset, n.rnb_len) for n in asked.niobufs or ()]
        objects = list(asked.ioobj or [])
        if len(objects) != 1 or not 0 < len(ranges) <= 256 or objects[0].ioo_bufcnt != len(ranges):
            raise Refused(-errno.EPROTO, failed=True)
        if sum(length for _, length in ranges) > MAX_BULK or any(at >> 62 for at, _ in ranges):
            raise Refused(-errno.EINVAL, failed=True)
        return ranges

    def _read(self, form: Form, asked: op.ObjectRead, request: Incoming) -> Answer:
        """The bytes up to the end of the object, and as the status how many (ost/ost_handler.c: ost_brw_read)."""
        ranges, obj = self._ranges(asked), self.readable(asked)
        data = b""
        for at, length in ranges:
            there = max(0, min(length, obj.size - at))
            data += self.bytes_of(obj, at, there)
            if there < length:
                break
        result = self._checked(asked, self.result(obj, asked), data)
        self._promised(result, self.grants.transfer(request.export, asked, []))
        short = self._short(asked)
        result.short = data if short else None
        answer = self.answer(form, request, result, len(data))
        answer.bulk = None if short else data
        return answer

    def readable(self, asked: op.ObjectRead) -> Object:
        """The object that is to be read."""
        return self.found(asked)

    def bytes_of(self, obj: Object, at: int, length: int) -> bytes:
        """Bytes of an object, zeroes where there are none."""
        return bytes(self.store.read(self.file(obj.id), at, length)).ljust(length, b"\0")

    def _short(self, asked: op.ObjectIo) -> int:
        """Is the data in the message itself? `OBD_FL_SHORT_IO`, or 0."""
        return int(asked.flags & self.k.flag("OBD_FL_SHORT_IO") if asked.valid & self.k.OBD_MD_FLFLAGS else 0)

    def _checked(self, asked: op.ObjectIo, result: Result, data: bytes) -> Result:
        """The checksum of a transfer's bytes, where the client wants to compare it (ost: ost_checksum_bulk)."""
        k = self.k
        if asked.valid & k.OBD_MD_FLCKSUM:
            result.valid |= int(k.OBD_MD_FLCKSUM | k.OBD_MD_FLFLAGS)
            result.flags = checksums.flag(k, asked.valid, asked.flags)
            result.cksum = checksums.of(k, data, asked.valid, asked.flags, asked.niobufs[0].rnb_offset)
        return result

    def _owned(self, obj: Object, asked: op.ObjectWrite) -> Object:
        """An object belongs to whom the first write says (obdfilter: filter_commitrw_write)."""
        k = self.k
        if obj.uid or obj.gid or not asked.valid & (k.OBD_MD_FLUID | k.OBD_MD_FLGID):
            return obj
        return attrs.evolve(obj, uid=asked.owner, gid=asked.group)

    def _limited(self, result: Result, over: int) -> Result:
        k = self.k
        result.valid |= int(k.OBD_MD_FLUSRQUOTA | k.OBD_MD_FLGRPQUOTA | k.OBD_MD_FLUID | k.OBD_MD_FLGID)
        for bit, flag in ((k.OBD_MD_FLUSRQUOTA, k.OBD_FL_NO_USRQUOTA), (k.OBD_MD_FLGRPQUOTA, k.OBD_FL_NO_GRPQUOTA)):
            result.flags |= int(flag) if over & bit else 0
        return result

    def _promised(self, result: Result, more: int | None) -> None:
        """What is granted besides stands in the answer to a transfer."""
        if more is not None:
            result.valid, result.grant = result.valid | int(self.k.OBD_MD_FLGRANT), more

    def _write(self, form: Form, asked: op.ObjectWrite, request: Incoming) -> Handling:
        """Fetch the data when the disk comes to it, and have it there before the answer (synchronous journal)."""
        ranges, now = self._ranges(asked), self.target.now
        self.found(asked)
        bulk = sum(length for _, length in ranges)
        begins, done = self._disk.take(now, bulk / self.hardware.writing)
        if begins > now:
            yield Wait(until=begins)
        short = self._short(asked)
        if short:
            request.sink = asked.short or b""
        else:
            yield Wait(bulk=bulk)
        if len(request.sink) != bulk:
            raise Refused(-errno.ETIMEDOUT, failed=True)
        if done > now:
            yield Wait(until=done)
        obj = self._owned(self.found(asked), asked)
        size = max([obj.size, *(offset + length for offset, length in ranges)])
        over = self.over(obj, size - obj.size)
        if over:  # a body that says whose limit it is; what it writes is not kept (osc_brw_fini_request)
            return self.answer(form, request, self._limited(self.result(obj, asked), over), -errno.EDQUOT)
        more = self.grants.transfer(request.export, asked, list(asked.niobufs))
        transaction = self.target.begin(request)
        at, written = 0, obj.written
        for offset, length in ranges:
            self.room(obj, offset + length)
            self.store.write(self.file(obj.id), offset, request.sink[at : at + length])
            written |= _mask(offset // BLOCK, _whole(offset + length))
            at += length
        self.keep(attrs.evolve(obj, size=size, written=written, mtime=max(obj.mtime, asked.mtime)))
        transaction.finish()
        self.target.commit()
        result = self._checked(asked, self.result(self.found(asked), asked), request.sink)
        result.flags |= short
        self._promised(result, more)
        result.rcs = [0] * len(ranges)
        return self.answer(form, request, result)

    # -- glimpses ------------------------------------------------------------------------------------------------

    def glimpsed(self, form: Form, request: Incoming, holder: Any, lvb: Any) -> Handling:
        """What an object's attributes are, where another may be about to change them: he is asked, and the lock is not
        granted (filter_intent_policy, mdt_glimpse_enqueue).

        Args:
            holder: the lock of who may write at the end; None where nobody is to be asked.
            lvb: the attributes on disk.
        """
        if holder is not None:
            wait = Wait()
            self.target.callbacks.glimpse(holder, wait, self.target.now)
            yield wait
            for field in lvb.__wire__.fields if holder.data is not None else ():  # never less (filter_lvbo_update)
                setattr(lvb, field.name, max(getattr(lvb, field.name), getattr(holder.data, field.name)))
        reply = reply_of(self.dialect, None, 0)
        return self.answer(form, request, Result(dlm_rep=reply, lvb=lvb), int(self.k.ELDLM_LOCK_ABORTED))

    def locked(self, form: Form, request: Incoming, wanted: Any, lvb: Any) -> Answer:
        """A lock on an object, with its attributes (ldlm_handle_enqueue)."""
        reply, status = server.enqueue(self.target.namespace, request, wanted)
        if reply is None:
            return Answer(status, failed=True)
        return self.answer(form, request, Result(dlm_rep=reply, lvb=lvb))
