"""The object service: objects with their bytes, extent locks, glimpses (ost/ost_handler.c, obdfilter/)."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

import attrs

from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm import Extent, policy_of, server
from lustre_wire.recovery.ldlm.locks import reply_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.service import answered
from lustre_wire.recovery.target import Handling, Target, Wait
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import checksums
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.grants import Grants
from lustre_wire.testbed.hardware import Hardware, Turns
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form, packer
from lustre_wire.testbed.quota import Quota, charge

#: Bytes of one bulk transfer; of one object; how many objects there may be.
MAX_BULK = 1 << 20
MAX_OBJECT = 1 << 26
MAX_OBJECTS = 1 << 20


@attrs.define(slots=True, frozen=True)
class Object:
    """An object's attributes; its bytes are a file of the store."""

    id: int
    size: int = 0
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    uid: int = 0
    gid: int = 0


class Objects:
    """The service of an OST."""

    metadata, remembers = False, True

    def __init__(self, dialect: Any, store: Any, hardware: Hardware) -> None:
        self.dialect, self.store, self.hardware = dialect, store, hardware
        self._disk = Turns()
        self.pack, self.k = packer(dialect), names(dialect)
        self.personality = self.pack.personality
        self.supported = self.personality.ost_flags & self.personality.ost_supported
        self.supported2 = self.personality.ost_supported2
        self.quota = Quota(self.k, store, "bytes", lambda: self.target.now)
        self.grants = Grants(self.k, lambda: hardware.capacity - store.file_bytes)
        self.target: Target = None  # type: ignore[assignment]  # set by the node, which makes both
        self.handlers: dict[type, Any] = {
            op.ObjectGetAttr: self._getattr, op.ObjectSetAttr: self._setattr, op.ObjectCreate: self._create,
            op.ObjectDestroy: self._destroy, op.ObjectPunch: self._punch, op.ObjectSync: self._sync,
            op.ObjectRead: self._read, op.ObjectWrite: self._write, op.StatFs: self._statfs, op.GetInfo: self._getinfo,
            op.SetInfo: self._setinfo, op.ObjectQuota: self._quotactl, op.Enqueue: self._enqueue,
            op.Cancel: self._cancel, op.ObjectSeek: self._seek,
        }  # fmt: skip

    def handle(self, request: Incoming, now: float) -> Handling:
        found = self.pack.read(request.message)
        handler = self.handlers.get(type(found[1])) if found is not None else None
        if found is None or handler is None:
            return Answer(-errno.EOPNOTSUPP, failed=True)
        if not isinstance(found[1], op.Cancel):
            server.cancel(self.target.namespace, request, getattr(found[1], "cancels", ()))
        answer: Answer = yield from answered(handler(found[0], found[1], request, now))
        return answer

    def reconstruct(self, request: Incoming, slot: Any, close: bool) -> Answer:
        raise Refused(-errno.EPROTO)  # an OST's requests can be done twice; it never gets here

    def connected(self, export: Export, data: Any) -> None:
        """Complete what is granted (filter_connect_internal); `data` has what the client said."""
        k = self.k
        if not data.ocd_brw_size:  # of no use to either side
            export.granted &= ~int(k.OBD_CONNECT_BRW_SIZE)
        flags = data.ocd_connect_flags = export.granted
        data.ocd_grant = self.grants.connected(export, data.ocd_grant) if flags & k.OBD_CONNECT_GRANT else 0
        data.ocd_brw_size = min(data.ocd_brw_size, MAX_BULK) if flags & k.OBD_CONNECT_BRW_SIZE else 0
        data.ocd_cksum_types = (
            checksums.known(k, int(data.ocd_cksum_types), int(self.personality.checksums))
            if flags & k.OBD_CONNECT_CKSUM
            else 0
        )
        for name, value in self.personality.connect.get("OST", {}).items():
            setattr(data, name, value)

    def dropped(self, export: Export) -> None:
        """A client's grant goes with it."""
        self.grants.dropped(export)

    def recovered(self) -> None:
        """Objects nobody refers to are the MDS's to delete."""

    # -- objects -------------------------------------------------------------------------------------------------

    @property
    def last_id(self) -> int:
        return int(self.store.get("last_id", 0))

    def get(self, number: int) -> Object:
        """An object.

        Raises:
            Refused: -ENOENT.
        """
        found = self.store.get(("object", number))
        if found is None:
            raise Refused(-errno.ENOENT)
        return found  # type: ignore[no-any-return]

    def _file(self, number: int) -> str:
        return f"object {number}"

    def _put(self, obj: Object) -> None:
        self._charge(obj.id, obj)
        self.store.set(("object", obj.id), obj)

    def _charge(self, number: int, after: Object | None) -> None:
        before: Object | None = self.store.get(("object", number))
        charge(self.store, *(None if obj is None else (obj.uid, obj.gid, obj.size) for obj in (before, after)))

    def result(self, obj: Object, asked: op.ObjectOp) -> Result:
        """What an answer says of an object, as far as the dialect says it of this operation."""
        return Result(
            id=obj.id, seq=asked.seq, valid=self.personality.valid(asked), size=obj.size, mtime=obj.mtime,
            atime=obj.atime, ctime=obj.ctime, blocks=(obj.size + 511) // 512, owner=obj.uid, group=obj.gid,
            mode=stat.S_IFREG | 0o666, parent_seq=asked.parent_seq, parent_oid=asked.parent_oid, handle=asked.handle,
        )  # fmt: skip

    def lvb(self, number: int) -> Any:
        obj = self.store.get(("object", number)) or Object(number)
        return self.dialect.structs["ost_lvb"](
            lvb_size=obj.size, lvb_mtime=obj.mtime, lvb_atime=obj.atime, lvb_ctime=obj.ctime,
            lvb_blocks=(obj.size + 511) // 512,
        )  # fmt: skip

    def answer(self, form: Form, request: Incoming, result: Result, status: int = 0) -> Answer:
        assert request.message.format is not None
        return Answer(status, self.pack.buffers(form, request.message.format.name, result))

    # -- operations ----------------------------------------------------------------------------------------------

    def _getattr(self, form: Form, asked: op.ObjectGetAttr, request: Incoming, now: float) -> Answer:
        return self.answer(form, request, self.result(self.get(asked.id), asked))

    def _setattr(self, form: Form, asked: op.ObjectSetAttr, request: Incoming, now: float) -> Answer:
        k, obj = self.k, self.get(asked.id)
        transaction = self.target.begin(request)
        changes: dict[str, tuple[int, Any]] = {
            "mtime": (k.OBD_MD_FLMTIME, asked.mtime), "atime": (k.OBD_MD_FLATIME, asked.atime),
            "ctime": (k.OBD_MD_FLCTIME, asked.ctime), "uid": (k.OBD_MD_FLUID, asked.owner),
            "gid": (k.OBD_MD_FLGID, asked.group),
        }  # fmt: skip
        obj = attrs.evolve(obj, **{name: value for name, (bit, value) in changes.items() if asked.valid & bit})
        self._put(obj)
        transaction.finish()
        return self.answer(form, request, self.result(obj, asked))

    def _create(self, form: Form, asked: op.ObjectCreate, request: Incoming, now: float) -> Answer:
        """Objects up to `id`; or after a crash of the MDS, delete what it never used (O1)."""
        if asked.flags & self.k.OBD_FL_DELORPHAN:
            for number in range(asked.id + 1, self.last_id + 1):
                self._remove(number)
            last = min(asked.id, MAX_OBJECTS)
        else:
            last = min(max(asked.id, self.last_id), self.last_id + 1024, MAX_OBJECTS)
        for number in range(self.last_id + 1, last + 1):
            self._put(Object(number))
        self.store.set("last_id", last)
        self.target.commit()
        return self.answer(form, request, self.result(Object(last), asked))

    def _remove(self, number: int) -> None:
        self._charge(number, None)
        self.store.delete(("object", number))
        self.store.remove(self._file(number))

    def _destroy(self, form: Form, asked: op.ObjectDestroy, request: Incoming, now: float) -> Answer:
        if ("object", asked.id) not in self.store:
            self._give_back(asked)
            raise Refused(-errno.ENOENT)
        transaction = self.target.begin(request)
        self._remove(asked.id)
        transaction.finish()
        if asked.lcookie is not None:
            self.target.commit()
            self._give_back(asked)
        return self.answer(form, request, self.result(Object(asked.id), asked))

    def _give_back(self, asked: op.ObjectDestroy) -> None:
        """Tell the MDT that an object is gone for good: the cookie it gave goes back (filter_cancel_cookies_cb)."""
        if asked.lcookie is None or not asked.valid & self.k.OBD_MD_FLCOOKIE:
            return
        for export in self.target.exports.values():
            if export.connected and export.granted & self.k.OBD_CONNECT_MDS:
                self.target.callbacks.say(export, "OBD_LOG_CANCEL", llog_cookies=[asked.lcookie])

    def _punch(self, form: Form, asked: op.ObjectPunch, request: Incoming, now: float) -> Answer:
        obj = self.get(asked.id)
        self._room(obj, asked.size)
        transaction = self.target.begin(request)
        end = min(asked.blocks, obj.size)
        if asked.blocks >= obj.size:
            self.store.truncate(self._file(obj.id), asked.size)
            obj = attrs.evolve(obj, size=asked.size)
        elif asked.size < end:
            self.store.write(self._file(obj.id), asked.size, bytes(end - asked.size))
        self._put(attrs.evolve(obj, mtime=asked.mtime or obj.mtime))
        transaction.finish()
        return self.answer(form, request, self.result(self.get(asked.id), asked))

    def _seek(self, form: Form, asked: op.ObjectSeek, request: Incoming, now: float) -> Answer:
        """Where data or a hole begins (tgt_lseek). Holes inside of an object are not known: it has one, behind its end,
        as on a disk that knows none."""
        obj = self.get(asked.id)
        if asked.mode not in (os.SEEK_DATA, os.SEEK_HOLE) or asked.size >> 63:
            raise Refused(-errno.EPROTO)
        result = self.result(obj, asked)
        result.mode, result.size = asked.mode, asked.size if asked.mode == os.SEEK_DATA else obj.size
        if asked.size >= obj.size:
            result.size = -errno.ENXIO & 0xFFFFFFFFFFFFFFFF
        return self.answer(form, request, result)

    def _room(self, obj: Object, size: int) -> None:
        """Is there room for an object to be so large?"""
        if size > MAX_OBJECT:
            raise Refused(-errno.EFBIG, failed=True)
        if size > obj.size and self.store.file_bytes + size - obj.size > self.hardware.capacity:
            raise Refused(-errno.ENOSPC, failed=True)

    def _sync(self, form: Form, asked: op.ObjectSync, request: Incoming, now: float) -> Answer:
        obj = self.get(asked.id) if asked.valid & self.k.OBD_MD_FLID else Object(0)  # no object: the whole target
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

    def _read(self, form: Form, asked: op.ObjectRead, request: Incoming, now: float) -> Answer:
        """The bytes up to the end of the object, and as the status how many (ost/ost_handler.c: ost_brw_read)."""
        ranges, obj = self._ranges(asked), self.get(asked.id)
        data = b""
        for at, length in ranges:
            there = max(0, min(length, obj.size - at))
            data += self.store.read(self._file(obj.id), at, there).ljust(there, b"\0")
            if there < length:
                break
        result = self._checked(asked, self.result(obj, asked), data)
        self._promised(result, self.grants.transfer(request.export, asked, []))
        short = self._short(asked)
        result.short = data if short else None
        answer = self.answer(form, request, result, len(data))
        answer.bulk = None if short else data
        return answer

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

    def _write(self, form: Form, asked: op.ObjectWrite, request: Incoming, now: float) -> Handling:
        """Fetch the data when the disk comes to it, and have it there before the answer (synchronous journal)."""
        ranges = self._ranges(asked)
        self.get(asked.id)
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
        obj, at = self._owned(self.get(asked.id), asked), 0
        size = max([obj.size, *(offset + length for offset, length in ranges)])
        over = self.quota.over(obj.uid, obj.gid, size - obj.size)
        if over:  # a body that says whose limit it is; what it writes is not kept (osc_brw_fini_request)
            return self.answer(form, request, self._limited(self.result(obj, asked), over), -errno.EDQUOT)
        more = self.grants.transfer(request.export, asked, list(asked.niobufs))
        transaction = self.target.begin(request)
        for offset, length in ranges:
            self._room(obj, offset + length)
            self.store.write(self._file(obj.id), offset, request.sink[at : at + length])
            at += length
        self._put(attrs.evolve(obj, size=size, mtime=max(obj.mtime, asked.mtime)))
        transaction.finish()
        self.target.commit()
        result = self._checked(asked, self.result(self.get(asked.id), asked), request.sink)
        result.flags |= short
        self._promised(result, more)
        result.rcs = [0] * len(ranges)
        return self.answer(form, request, result)

    def _statfs(self, form: Form, asked: op.StatFs, request: Incoming, now: float) -> Answer:
        used = sum(1 for _ in self.store.items("object"))
        statfs = self.dialect.structs["obd_statfs"](
            os_type=0x0BD00BD0, os_blocks=1 << 20, os_bfree=(1 << 20) - used, os_bavail=(1 << 20) - used,
            os_files=1 << 20, os_ffree=(1 << 20) - used, os_bsize=4096, os_namelen=255,
        )  # fmt: skip
        return self.answer(form, request, Result(statfs=statfs))

    def _getinfo(self, form: Form, asked: op.GetInfo, request: Incoming, now: float) -> Answer:
        if not asked.key.startswith(b"last_id"):
            raise Refused(-errno.EINVAL, failed=True)
        answer = self.answer(form, request, Result())
        answer.buffers["obd_id"] = self.last_id
        return answer

    def _setinfo(self, form: Form, asked: op.SetInfo, request: Incoming, now: float) -> Answer:
        if not asked.key.startswith(b"mds_conn"):
            raise Refused(-errno.EINVAL, failed=True)
        return Answer(0)

    def _quotactl(self, form: Form, asked: op.ObjectQuota, request: Incoming, now: float) -> Answer:
        done = self.quota.control(asked.quota)
        self.target.commit()
        return self.answer(form, request, Result(quota=done))

    # -- locks ---------------------------------------------------------------------------------------------------

    def _enqueue(self, form: Form, asked: op.Enqueue, request: Incoming, now: float) -> Handling:
        k, wanted = self.k, asked.dlm_req
        kind, resource = int(wanted.lock_desc.l_resource.lr_type), tuple(wanted.lock_desc.l_resource.lr_name.name)
        policy, mode = policy_of(self.dialect, kind, wanted.lock_desc.l_policy_data), int(wanted.lock_desc.l_req_mode)
        space, number = self.target.namespace, resource[self.personality.object_word]
        if wanted.lock_flags & k.LDLM_FL_HAS_INTENT:
            holders = [o for o in space.holders(kind, resource, mode, policy, request.export) if o.owner is not None]
            if holders:
                seen = yield from self._glimpse(holders, now)
                reply, lvb = reply_of(self.dialect, None, 0), self.lvb(number)
                if seen is not None:
                    lvb.lvb_size = max(lvb.lvb_size, seen.lvb_size)
                return self.answer(form, request, Result(dlm_rep=reply, lvb=lvb), k.ELDLM_LOCK_ABORTED)
        reply, status = server.enqueue(space, request, wanted)
        if reply is None:
            return Answer(status, failed=True)
        return self.answer(form, request, Result(dlm_rep=reply, lvb=self.lvb(number)))

    def _glimpse(self, holders: list[Any], now: float) -> Any:
        """Ask who may write at the end what size and times he has (obdfilter: filter_intent_policy)."""
        last = max(holders, key=lambda lock: lock.policy.end if isinstance(lock.policy, Extent) else 0)
        wait = Wait()
        self.target.callbacks.glimpse(last, wait, now)
        yield wait
        lvb = last.data
        obj = self.store.get(("object", last.resource[self.personality.object_word]))
        if lvb is not None and obj is not None and lvb.lvb_size > obj.size:
            self._put(attrs.evolve(obj, mtime=max(obj.mtime, int(lvb.lvb_mtime))))
        return lvb

    def _cancel(self, form: Form, asked: op.Cancel, request: Incoming, now: float) -> Answer:
        return server.answer_cancel(self.target.namespace, request, asked.cancels)
