"""Open and close: mds/mds_open.c and mdt/mdt_open.c without the dialect."""

from __future__ import annotations

import errno
import stat
from typing import Any

import attrs

from lustre_wire.errors import WireError
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm.locks import reply_of
from lustre_wire.recovery.target import Handling, Wait
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.mds.data import Data
from lustre_wire.testbed.mds.mdt import Mdt
from lustre_wire.testbed.operations import NOBODY, Ident, Result
from lustre_wire.testbed.packing import Form
from lustre_wire.testbed.space import Inode, filename

#: Seconds that a close's time of access lies above the known one before it is written (MAX_ATIME_DIFF).
ATIME_DIFF = 60


@attrs.define(slots=True, eq=False)
class OpenFile:
    """An open handle of a client."""

    handle: int
    ino: int
    flags: int
    xid: int


class Opens:
    """Opens and closes of an MDT.

    Attributes:
        pool: objects made on the OSTs and not yet used, by OST index.
        stripes: how many objects a new file gets; `osts` how many OSTs there are to make them.
        thirsty: opens that wait for objects to be made.
        data: what the MDT keeps of files itself.
        access: of each object that is open to be written, the epoch and how many write it; of one that is executed, 0
            and how many do, below 0 (mds_get_write_access, mds_deny_write_access).
    """

    def __init__(self, mdt: Mdt, data: Data, stripes: int, osts: int) -> None:
        self.mdt, self.k, self.data, self.stripes, self.osts = mdt, mdt.k, data, stripes, osts
        self.pool: dict[int, list[int]] = {}
        self.thirsty: list[Wait] = []
        self.access: dict[int, tuple[int, int]] = {}
        self.epoch = 0

    def open(self, form: Form, asked: op.Open, request: Incoming) -> Handling:
        k, replay = self.k, self.mdt.target.is_replay(request)
        found = int(k.DISP_IT_EXECD | k.DISP_LOOKUP_EXECD)
        if replay and request.message.transno <= self.mdt.target.found_committed:
            return self._reopened(form, asked, request)
        if asked.flags & k.flag("MDS_OPEN_BY_FID"):
            named = self.mdt.space.need(asked.child)
            return self._opened(form, asked, request, named, named, found)
        parent = self.mdt.space.need_dir(asked.parent)
        creating = bool(asked.flags & k.MDS_OPEN_CREAT)
        name = filename(asked.name, dots=(errno.EISDIR, errno.EISDIR) if creating else (0, 0))
        inode = self.mdt.space.lookup(parent, name)
        if inode is None and not creating:
            reply = reply_of(self.mdt.dialect, None, 0, found | int(k.DISP_LOOKUP_NEG), -errno.ENOENT)
            return self.mdt.answer(form, request, Result(dlm_rep=reply), k.ELDLM_LOCK_ABORTED)
        while inode is None and not replay and self._dry():
            wait = Wait()
            self.thirsty.append(wait)
            yield wait
        if inode is None:
            yield from self.mdt.locked(request, [(parent, int(k.MDS_INODELOCK_UPDATE))])
            parent = self.mdt.space.living_dir(asked.parent)
            inode = self.mdt.space.lookup(parent, name)
        return self._opened(form, asked, request, parent, inode, found)

    def _opened(
        self, form: Form, asked: op.Open, request: Incoming, parent: Inode, inode: Inode | None, found: int
    ) -> Answer:
        k, created = self.k, inode is None
        status = self._may_open(asked, inode)
        if len(request.export.files) >= self.mdt.target.limits.opens:
            status = -errno.EMFILE
        elif created and not status:
            status = self.mdt.room(parent)
        if status:
            there = k.DISP_LOOKUP_NEG if created else k.DISP_LOOKUP_POS
            reply = reply_of(self.mdt.dialect, None, 0, found | int(there), status)
            return self.mdt.answer(form, request, Result(dlm_rep=reply), k.ELDLM_LOCK_ABORTED)
        transaction = self.mdt.target.begin(request)
        if asked.flags & k.MDS_OPEN_CREAT:
            transaction.versions("open", parent=parent.ino, child=None if inode is None else inode.ino)
            if inode is not None and not self.mdt.target.rules.found_open_versions:
                request.versions = (0, 0, 0, 0)
        if inode is None:
            inode = self._make_file(asked, request, parent, transaction.replay)
            transaction.touch("open", parent=parent.ino, child=inode.ino)
        handle = self._hold(request, inode, asked.flags)
        found |= int(k.DISP_LOOKUP_NEG | k.DISP_OPEN_CREATE if created else k.DISP_LOOKUP_POS) | int(k.DISP_OPEN_OPEN)
        transaction.finish(found)
        return self._open_answer(form, request, inode, handle, found, asked)

    def _may_open(self, asked: op.Open, inode: Inode | None) -> int:
        k = self.k
        if inode is None:
            return -errno.EDQUOT if self.mdt.quota.over(asked.uid, asked.gid, 1) else 0
        if asked.flags & k.MDS_OPEN_CREAT and asked.flags & k.MDS_OPEN_EXCL:
            return -errno.EEXIST
        if inode.is_dir and asked.flags & self.mdt.personality.write_mode:
            return -errno.EISDIR
        if asked.flags & k.MDS_OPEN_DIRECTORY and not inode.is_dir:
            return -errno.ENOTDIR
        count = self.access.get(inode.ino, (0, 0))[1]
        return -errno.ETXTBSY if count * self._access(asked.flags) < 0 else 0

    def _access(self, flags: int) -> int:
        """1 for an open to write, -1 for one to execute, 0 for others: the first two exclude each other."""
        if flags & self.mdt.personality.write_mode:
            return 1
        return -1 if flags & self.k.MDS_FMODE_EXEC else 0

    def _make_file(self, asked: op.Open, request: Incoming, parent: Inode, replay: bool) -> Inode:
        wanted = self._wanted(asked, parent, replay)
        ino, generation, fid = self.mdt.space.new(asked.mode, asked.child, again=replay)
        md = asked.ea if replay and asked.ea.strip(b"\0") else self._stripe(ino, fid, wanted)
        if replay:
            self._objects_used(md)
        mode = stat.S_IFREG | stat.S_IMODE(asked.mode) & ~asked.umask
        inode = Inode(
            ino, generation, mode, fid, asked.uid, asked.gid, atime=asked.time,
            mtime=asked.time, ctime=asked.time, parent=parent.ino, md=md, btime=asked.time,
        )  # fmt: skip
        self.mdt.space.add(inode)
        self.mdt.space.link(parent, asked.name, inode, asked.time)
        return inode

    def _dry(self) -> bool:
        """Are there no objects for a new file yet?"""
        return len(self.pool) < self.osts or any(not stock for stock in self.pool.values())

    def _wanted(self, asked: op.Open, parent: Inode, replay: bool) -> layouts.Layout | None:
        """The layout a new file is to have, if its user or its directory says."""
        said = asked.ea if asked.flags & self.k.MDS_OPEN_HAS_EA and not replay else parent.md
        return self.understood(said)

    def understood(self, said: bytes) -> layouts.Layout | None:
        """A layout as somebody wants it.

        Raises:
            Refused: one that cannot be made.
        """
        try:
            return layouts.asked(self.mdt.dialect, said)
        except WireError:
            raise Refused(-errno.EINVAL) from None

    def _stripe(self, ino: int, fid: Ident, wanted: layouts.Layout | None = None) -> bytes:
        """A layout of objects made in advance; none where no OST is known. Its first component is made at once."""
        if not self.osts:
            return b""
        layout = wanted or layouts.Layout((layouts.Component(stripes=self.stripes),))
        most = len(self.pool)
        components = [
            each if each.on_mdt else attrs.evolve(each, stripes=min(each.stripes or self.stripes, most))
            for each in layout.components
        ]
        components[0] = self._made(components[0], ino)
        return self._written(ino, fid, attrs.evolve(layout, components=tuple(components)))

    def _made(self, component: layouts.Component, ino: int) -> layouts.Component:
        """A component with its objects."""
        if component.on_mdt:
            return component
        order = sorted(self.pool)
        first = order.index(component.first) if component.first in order else ino
        picked = [order[(first + number) % len(order)] for number in range(component.stripes)]
        if any(not self.pool[index] for index in picked):
            raise Refused(-errno.ENOSPC)
        return attrs.evolve(component, objects=tuple((index, self.pool[index].pop(0)) for index in picked))

    def _written(self, ino: int, fid: Ident, layout: layouts.Layout) -> bytes:
        number, seq = (fid[1], fid[0]) if self.mdt.personality.object_sequences[0] else (ino, 0)
        md = layouts.write(self.mdt.dialect, number, layout, seq)
        self._objects_used(md)
        return md

    def layout(self, form: Form, asked: op.LayoutGet, request: Incoming) -> Handling:
        """The layout of what the lock is on, as the lock's value. Of one that is about to be written the components
        between two bytes are made, and everybody else gives back what he knows of it (mdt_intent_layout,
        mdt_layout_change)."""
        k, locking, resource = self.k, self.mdt.personality.locking, asked.dlm_req.lock_desc.l_resource
        assert locking is not None
        inode = self.mdt.space.need((int(resource.lr_name.name[0]), int(resource.lr_name.name[1]), 0))
        if asked.opc in (k.LAYOUT_INTENT_WRITE, k.LAYOUT_INTENT_TRUNC):
            if inode.md and layouts.read(self.mdt.dialect, inode.md).unmade(asked.start, asked.end):
                yield from self._make_components(asked, request, inode)
        elif asked.opc != k.LAYOUT_INTENT_ACCESS:
            raise Refused(-errno.EINVAL)
        inode = self.mdt.space.get(inode.ino)
        reply = self.mdt.grant(request, asked.dlm_req, inode, int(locking.layout))
        reply.lock_flags &= ~k.LDLM_FL_LOCK_CHANGED
        reply.lock_policy_res1 = int(k.DISP_IT_EXECD)
        return self.mdt.answer(form, request, Result(dlm_rep=reply, md=inode.md))

    def _make_components(self, asked: op.LayoutGet, request: Incoming, inode: Inode) -> Any:
        locking, replay = self.mdt.personality.locking, self.mdt.target.is_replay(request)
        assert locking is not None
        while not replay and self._dry():
            wait = Wait()
            self.thirsty.append(wait)
            yield wait
        yield from self.mdt.locked(request, [(inode, int(locking.layout))])
        inode = self.mdt.space.get(inode.ino)
        transaction = self.mdt.target.begin(request)
        if replay and asked.ea:
            md = asked.ea
            self._objects_used(md)
        else:
            layout = layouts.read(self.mdt.dialect, inode.md)
            made = tuple(
                self._made(each, inode.ino)
                if each.objects is None and each.meets(asked.start, asked.end) else each
                for each in layout.components
            )  # fmt: skip
            md = self._written(inode.ino, inode.fid, layouts.Layout(made, (layout.generation or 0) + 1))
        self.mdt.space.put(attrs.evolve(inode, md=md))
        transaction.finish()
        self.mdt.unlock(request)

    def _objects_used(self, md: bytes) -> None:
        """Note the last object used on each OST (lov_objid): what lies above is an orphan after a crash."""
        try:
            used = layouts.objects(self.mdt.dialect, md) if md else []
        except WireError:  # a replay brought it
            raise Refused(-errno.EINVAL) from None
        for index, number in used:
            key = ("lov_objid", index)
            self.mdt.space.store.set(key, max(number, self.mdt.space.store.get(key, 0)))
            pool = self.pool.get(index)
            if pool is not None:
                self.pool[index] = [other for other in pool if other > number]

    def _hold(self, request: Incoming, inode: Inode, flags: int) -> int:
        handle = self.mdt.target.handles.new()
        request.export.files[handle] = OpenFile(handle, inode.ino, flags, request.xid)
        access = self._access(flags)
        if access:
            epoch, count = self.access.get(inode.ino, (0, 0))
            if access > 0 and not epoch:
                epoch = self.epoch = self.epoch + 1
            self.access[inode.ino] = epoch, count + access
        return handle

    def _let_go(self, known: OpenFile) -> None:
        """The epoch of an object ends with its last writer."""
        access = self._access(known.flags)
        if access:
            epoch, count = self.access[known.ino]
            if count == access:
                del self.access[known.ino]
            else:
                self.access[known.ino] = epoch, count - access

    def _open_answer(
        self, form: Form, request: Incoming, inode: Inode, handle: int, found: int, asked: op.Open | None = None,
        *, replayed: bool = False,
    ) -> Answer:  # fmt: skip
        bodies, inode = self.mdt.personality.bodies, self.mdt.space.get(inode.ino)
        by_fid = asked is not None and asked.flags & self.k.flag("MDS_OPEN_BY_FID")
        bare = replayed and not bodies.replayed_layout
        result = self.mdt.attributes(
            inode, md=True, asked=int(bodies.acl | (0 if by_fid or bare else bodies.asked_max))
        )
        result.md = None if bare else result.md
        self.mdt.default_lmv(inode, result)
        result.handle, result.valid = handle, result.valid | int(bodies.handle)
        if bodies.epochs and self._access(request.export.files[handle].flags) > 0:
            result.epoch = self.access[inode.ino][0]
        if self.mdt.personality.locking is None:
            result.dlm_rep = reply_of(self.mdt.dialect, None, int(self.k.LDLM_FL_LOCK_CHANGED), found)
            return self.mdt.answer(form, request, result, self.k.ELDLM_LOCK_ABORTED)
        result.dlm_rep = self._locked(request, inode, asked, found) if asked is not None else None
        status = 0
        if result.dlm_rep is None:
            result.dlm_rep, status = reply_of(self.mdt.dialect, None, 0, found), self.k.ELDLM_LOCK_ABORTED
        else:
            self.data.size(result, inode, int(result.dlm_rep.lock_desc.l_policy_data.l_inodebits.bits))
            self.data.inline(form, request, result, inode)
        return self.mdt.answer(form, request, result, status)

    def _locked(self, request: Incoming, inode: Inode, asked: op.Open, found: int) -> Any:
        """The lock an open takes along, its `ldlm_reply`: what is free of it, or None (mdt_object_open_lock).

        One that is asked to keep the handle has a mode by what it opens for; any other open of a file has all that a
        getattr would get.
        """
        k, locking, mode, keeps = self.k, self.mdt.personality.locking, "LCK_PR", asked.flags & self.k.MDS_OPEN_LOCK
        assert locking is not None
        writes, more = bool(asked.flags & self.mdt.personality.write_mode), 0
        data = not keeps and self.data.part(inode) and not self.data.known_by(request.export, inode, writes=writes)
        if keeps and not asked.flags & k.MDS_FMODE_EXEC:
            mode = "LCK_CW" if writes else "LCK_CR"
        elif data:
            mode, more = "LCK_PW" if writes else "LCK_PR", int(locking.data)
        wanted = int(locking.open) if keeps else 0
        if inode.is_file and inode.md:
            more |= int(locking.layout | locking.lookup & ~k.MDS_INODELOCK_PERM)
            more |= int(locking.getattr) if mode != "LCK_CR" else 0
        bits = self.mdt.free_bits(request, inode, wanted | more, mode)
        useful = bits & ~wanted if keeps else bits & (locking.layout | locking.data)
        if (not useful and bits != wanted) or not bits:
            return None
        keeps = wanted and bits & wanted == wanted
        reply = self.mdt.grant(request, asked.dlm_req, inode, bits, mode)
        reply.lock_policy_res1 = found | (int(k.DISP_OPEN_LOCK) if keeps else 0)
        return reply

    def _reopened(self, form: Form, asked: op.Open, request: Incoming) -> Answer:
        """An open whose effect is on disk: only the handle is new (R3, R19); versions are not compared (V6)."""
        k = self.k
        known = next((f for f in request.export.files.values() if f.xid == request.xid), None)
        inode = self.mdt.space.find(asked.child) if asked.child != NOBODY else None
        if inode is None:
            inode = self.mdt.space.lookup(self.mdt.space.need_dir(asked.parent), asked.name)
        if inode is None:
            raise Refused(-errno.ENOENT, failed=True)
        handle = known.handle if known is not None else self._hold(request, inode, asked.flags)
        request.transno = request.message.transno
        found = int(k.DISP_IT_EXECD | k.DISP_LOOKUP_EXECD | k.DISP_LOOKUP_POS | k.DISP_OPEN_OPEN)
        return self._open_answer(form, request, inode, handle, found, replayed=True)

    def reconstructed(self, form: Form, asked: op.Open, request: Incoming) -> Answer:
        """The answer to an open that got lost: the disposition kept in the slot, the handle found by xid (R25)."""
        known = next((f for f in request.export.files.values() if f.xid == request.xid), None)
        inode = self.mdt.space.find(asked.child) if self.mdt.space.by_fid and asked.child != NOBODY else None
        inode = self.mdt.space.get(known.ino) if known is not None else inode
        if inode is None:
            inode = self.mdt.space.lookup(self.mdt.space.need_dir(asked.parent), asked.name)
        if inode is None:
            raise Refused(-errno.ENOENT)
        handle = known.handle if known is not None else self._hold(request, inode, asked.flags)
        return self._open_answer(form, request, inode, handle, request.disposition)

    def close(self, form: Form, asked: op.Close, request: Incoming) -> Answer:
        bodies, known = self.mdt.personality.bodies, request.export.files.get(asked.handle)
        if known is None:
            raise Refused(-errno.ESTALE, failed=True)
        transaction = self.mdt.target.begin(request)
        inode = self.mdt.space.get(known.ino)
        changed = inode
        if asked.atime > inode.atime + ATIME_DIFF:
            changed = attrs.evolve(inode, atime=asked.atime)
            if bodies.rough_size and asked.valid & bodies.rough_size and inode.is_file:
                changed = attrs.evolve(changed, size=asked.size)
        if asked.valid & bodies.telling and inode.is_file:
            changed = attrs.evolve(changed, told=(asked.size, asked.blocks))
        self.mdt.space.put(changed)
        result = self.drop(request.export, asked.handle, request.export.uuid) or self.mdt.attributes(changed)
        transaction.finish()
        return self.mdt.answer(form, request, result)

    def done_writing(self, form: Form, asked: op.DoneWriting, request: Incoming) -> Answer:
        """Nobody is asked for it. 1.8 answers with an empty body (mds_done_writing); where size on MDT is not granted,
        as it is not by default, no handle waits for it (mdt_done_writing)."""
        stale = not self.mdt.personality.bodies.epochs
        return self.mdt.answer(form, request, Result(), -errno.ESTALE if stale else 0)

    def drop(self, export: Export, handle: int, told: bytes = b"") -> Result | None:
        """Take an open handle away. Where the object is gone with it, what the client that closes it is told."""
        known = export.files.pop(handle, None)
        if known is None:
            return None
        self._let_go(known)
        if ("orphan", known.ino) not in self.mdt.space.store:
            return None
        if any(f.ino == known.ino for e in self.mdt.target.exports.values() for f in e.files.values()):
            return None
        gone = self.mdt.space.get(known.ino)
        self.data.discard(gone)
        return self.mdt.remove(gone, told)

    def is_open(self, inode: Inode) -> bool:
        exports: Any = self.mdt.target.exports.values()
        return any(f.ino == inode.ino for export in exports for f in export.files.values())
