"""The object service: objects with their bytes, extent locks, glimpses (ost/ost_handler.c, obdfilter/)."""

from __future__ import annotations

import errno
from typing import Any

import attrs

from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm import Extent, Lock, policy_of, server
from lustre_wire.recovery.service import answered
from lustre_wire.recovery.target import Handling, Wait
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import checksums, layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form
from lustre_wire.testbed.quota import Quota, charge
from lustre_wire.testbed.transfers import MAX_BULK, Bytes, Object

#: Bytes of one object; how many objects there may be.
MAX_OBJECT = 1 << 26
MAX_OBJECTS = 1 << 20


class Objects(Bytes):
    """The service of an OST."""

    metadata, remembers = False, True

    def __init__(self, dialect: Any, store: Any, hardware: Hardware) -> None:
        super().__init__(dialect, store, hardware)
        self.supported = self.personality.ost_flags & self.personality.ost_supported
        self.supported2 = self.personality.ost_supported2
        self.quota = Quota(self.k, store, "bytes", lambda: self.target.now)
        self.handlers: dict[type, Any] = {
            op.ObjectGetAttr: self._getattr, op.ObjectSetAttr: self._setattr, op.ObjectCreate: self._create,
            op.ObjectDestroy: self._destroy, op.StatFs: self._statfs, op.GetInfo: self._getinfo,
            op.SetInfo: self._setinfo, op.ObjectQuota: self._quotactl, op.Enqueue: self._enqueue,
            op.Cancel: self._cancel, **self.transfers,
        }  # fmt: skip

    def handle(self, request: Incoming, now: float) -> Handling:
        found = self.pack.read(request.message)
        handler = self.handlers.get(type(found[1])) if found is not None else None
        if found is None or handler is None:
            return Answer(-errno.EOPNOTSUPP, failed=True)
        if not isinstance(found[1], op.Cancel):
            server.cancel(self.target.namespace, request, getattr(found[1], "cancels", ()))
        try:
            answer: Answer = yield from answered(handler(found[0], found[1], request))
        finally:
            while request.locks:
                self.target.namespace.cancel(request.locks.pop())
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

    def found(self, asked: op.ObjectOp) -> Object:
        found = self.store.get(("object", asked.id))
        if found is None:
            raise Refused(-errno.ENOENT)
        return found  # type: ignore[no-any-return]

    def keep(self, obj: Object) -> None:
        self._charge(obj.id, obj)
        self.store.set(("object", obj.id), obj)

    def _charge(self, number: int, after: Object | None) -> None:
        before: Object | None = self.store.get(("object", number))
        charge(self.store, *(None if obj is None else (obj.uid, obj.gid, obj.size) for obj in (before, after)))

    def left(self) -> int:
        return self.hardware.capacity - int(self.store.file_bytes)

    def most(self, obj: Object) -> int:
        return MAX_OBJECT

    def over(self, obj: Object, more: int) -> int:
        return self.quota.over(obj.uid, obj.gid, more)

    def lvb(self, number: int) -> Any:
        return self.lvb_of(self.store.get(("object", number)) or Object(number))

    def value_of(self, lock: Lock) -> Any:
        """What goes with a lock that is granted late: the attributes of its object."""
        return self.lvb(lock.resource[self.personality.object_word]) if isinstance(lock.policy, Extent) else None

    # -- operations ----------------------------------------------------------------------------------------------

    def _getattr(self, form: Form, asked: op.ObjectGetAttr, request: Incoming) -> Answer:
        return self.answer(form, request, self.result(self.found(asked), asked))

    def _setattr(self, form: Form, asked: op.ObjectSetAttr, request: Incoming) -> Answer:
        k, obj = self.k, self.found(asked)
        transaction = self.target.begin(request)
        changes: dict[str, tuple[int, Any]] = {
            "mtime": (k.OBD_MD_FLMTIME, asked.mtime), "atime": (k.OBD_MD_FLATIME, asked.atime),
            "ctime": (k.OBD_MD_FLCTIME, asked.ctime), "uid": (k.OBD_MD_FLUID, asked.owner),
            "gid": (k.OBD_MD_FLGID, asked.group),
        }  # fmt: skip
        obj = attrs.evolve(obj, **{name: value for name, (bit, value) in changes.items() if asked.valid & bit})
        self.keep(obj)
        transaction.finish()
        return self.answer(form, request, self.result(obj, asked))

    def _create(self, form: Form, asked: op.ObjectCreate, request: Incoming) -> Answer:
        """Objects up to `id`; or after a crash of the MDS, delete what it never used (O1)."""
        if asked.flags & self.k.OBD_FL_DELORPHAN:
            for number in range(asked.id + 1, self.last_id + 1):
                self._remove(number)
            last = min(asked.id, MAX_OBJECTS)
        else:
            last = min(max(asked.id, self.last_id), self.last_id + 1024, MAX_OBJECTS)
        for number in range(self.last_id + 1, last + 1):
            self.keep(Object(number))
        self.store.set("last_id", last)
        self.target.commit()
        return self.answer(form, request, self.result(Object(last), attrs.evolve(asked, id=last)))

    def _remove(self, number: int) -> None:
        self._charge(number, None)
        self.store.delete(("object", number))
        self.store.remove(self.file(number))

    def _destroy(self, form: Form, asked: op.ObjectDestroy, request: Incoming) -> Handling:
        """Remove an object, when everybody has thrown away what he knows of it (filter_prepare_destroy)."""
        if ("object", asked.id) in self.store:
            yield from self._discarded(request, asked.seq, asked.id)
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

    def _discarded(self, request: Incoming, seq: int, number: int) -> Any:
        wait, resource = Wait(), layouts.named(self.dialect, seq, number)
        lock, _, _ = self.target.namespace.enqueue(
            self.k.LDLM_EXTENT, resource, self.k.LCK_PW, Extent(), flags=self.k.LDLM_FL_DISCARD_DATA, notify=wait.wake
        )
        assert lock is not None
        request.locks.append(lock.cookie)
        if not lock.granted:
            yield wait

    def _give_back(self, asked: op.ObjectDestroy) -> None:
        """Tell the MDT that an object is gone for good: the cookie it gave goes back (filter_cancel_cookies_cb)."""
        if asked.lcookie is None or not asked.valid & self.k.OBD_MD_FLCOOKIE:
            return
        for export in self.target.exports.values():
            if export.connected and export.granted & self.k.OBD_CONNECT_MDS:
                self.target.callbacks.say(export, "OBD_LOG_CANCEL", llog_cookies=[asked.lcookie])

    def _statfs(self, form: Form, asked: op.StatFs, request: Incoming) -> Answer:
        used = sum(1 for _ in self.store.items("object"))
        statfs = self.dialect.structs["obd_statfs"](
            os_type=0x0BD00BD0, os_blocks=1 << 20, os_bfree=(1 << 20) - used, os_bavail=(1 << 20) - used,
            os_files=1 << 20, os_ffree=(1 << 20) - used, os_bsize=4096, os_namelen=255,
        )  # fmt: skip
        return self.answer(form, request, Result(statfs=statfs))

    def _getinfo(self, form: Form, asked: op.GetInfo, request: Incoming) -> Answer:
        if not asked.key.startswith(b"last_id"):
            raise Refused(-errno.EINVAL, failed=True)
        answer = self.answer(form, request, Result())
        answer.buffers["obd_id"] = self.last_id
        return answer

    def _setinfo(self, form: Form, asked: op.SetInfo, request: Incoming) -> Answer:
        if not asked.key.startswith(b"mds_conn"):
            raise Refused(-errno.EINVAL, failed=True)
        return Answer(0)

    def _quotactl(self, form: Form, asked: op.ObjectQuota, request: Incoming) -> Answer:
        done = self.quota.control(asked.quota)
        self.target.commit()
        return self.answer(form, request, Result(quota=done))

    # -- locks ---------------------------------------------------------------------------------------------------

    def _enqueue(self, form: Form, asked: op.Enqueue, request: Incoming) -> Handling:
        k, wanted = self.k, asked.dlm_req
        kind, resource = int(wanted.lock_desc.l_resource.lr_type), tuple(wanted.lock_desc.l_resource.lr_name.name)
        policy, mode = policy_of(self.dialect, kind, wanted.lock_desc.l_policy_data), int(wanted.lock_desc.l_req_mode)
        space, number = self.target.namespace, resource[self.personality.object_word]
        if wanted.lock_flags & k.LDLM_FL_HAS_INTENT:
            holders = [o for o in space.holders(kind, resource, mode, policy, request.export) if o.owner is not None]
            if holders:
                last = max(holders, key=lambda lock: lock.policy.end if isinstance(lock.policy, Extent) else 0)
                return (yield from self.glimpsed(form, request, last, self.lvb(number)))
        return self.locked(form, request, wanted, self.lvb(number))

    def _cancel(self, form: Form, asked: op.Cancel, request: Incoming) -> Answer:
        return server.answer_cancel(self.target.namespace, request, asked.cancels)
