"""The metadata service: what an MDS of either release does with a request, dialect left to the forms."""

from __future__ import annotations

import errno
import stat
from typing import Any

import attrs

from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm import Bits, server
from lustre_wire.recovery.ldlm.locks import reply_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.target import Handling, Target, Wait
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import operations as op
from lustre_wire.testbed import packing, pages
from lustre_wire.testbed.mds_change import Changes
from lustre_wire.testbed.mds_open import Opens
from lustre_wire.testbed.operations import Ident, Result
from lustre_wire.testbed.packing import Form, packer
from lustre_wire.testbed.space import ROOT_INO, Inode, Space, filename, xattr_name

MAX_MDSIZE, MAX_COOKIESIZE = 1024, 128
XATTR_IGNORED, XATTR_DENIED = (b"trusted.lma", b"trusted.link"), (b"trusted.lov",)


@attrs.define(slots=True, eq=False)
class OpenFile:
    """An open handle of a client."""

    handle: int
    ino: int
    flags: int
    xid: int


class Metadata(Opens, Changes):
    """The service of an MDT.

    Attributes:
        pool: objects made on the OSTs and not yet used, by OST index.
        stripes: how many objects a new file gets; `osts` how many OSTs there are to make them.
        thirsty: opens that wait for objects to be made.
        made_by_name: a create sent again is looked up by name where no file has the FID it chose: it may have been
            done by a server that names files itself. No release does so.
    """

    metadata, remembers = True, True

    def __init__(self, target_dialect: Any, store: Any, stripes: int = 1, osts: int = 0) -> None:
        self.pack = packer(target_dialect)
        self.k = names(target_dialect)
        self.dialect = target_dialect
        self.space = Space(store, by_fid=self.pack.personality.client_names)
        self.supported = self.pack.personality.mds_flags & self.pack.personality.mds_supported
        self.pool: dict[int, list[int]] = {}
        self.stripes, self.osts = stripes, osts
        self.thirsty: list[Wait] = []
        self.made_by_name = False
        self.target: Target = None  # type: ignore[assignment]  # set by the node, which makes both
        self.handlers: dict[type, Any] = {
            op.GetStatus: self._getstatus, op.GetAttr: self._getattr, op.GetAttrName: self._getattr_name,
            op.Lookup: self._lookup, op.Open: self._open, op.Create: self._create, op.Link: self._link,
            op.Unlink: self._unlink, op.Rename: self._rename, op.SetAttr: self._setattr, op.GetXattr: self._getxattr,
            op.SetXattr: self._setxattr, op.StatFs: self._statfs, op.Sync: self._sync, op.Close: self._close,
            op.ReadPage: self._readpage, op.Enqueue: self._enqueue, op.Cancel: self._cancel, op.SeqQuery: self._seq,
        }  # fmt: skip

    # -- Service -------------------------------------------------------------------------------------------------

    def handle(self, request: Incoming, now: float) -> Handling:
        found = self.pack.read(request.message)
        handler = self.handlers.get(type(found[1])) if found is not None else None
        if found is None or handler is None:
            return Answer(-errno.EOPNOTSUPP, failed=True)
        form, asked = found
        if packing.has_broken_string(request.message):
            return Answer(-errno.EINVAL)
        if not isinstance(asked, op.Cancel):
            riding = getattr(asked, "cancels", ()) or server.riding(getattr(asked, "dlm_req", None))
            server.cancel(self.target.namespace, request, riding)
        try:
            answer: Answer = yield from handler(form, asked, request)
        finally:
            self._unlock(request)
        return self._scrubbed(answer)

    def _scrubbed(self, answer: Answer) -> Answer:
        """What takes FIDs away is on disk before anybody is answered (mds/mds_reint.c: mds_lookup)."""
        if self.space.scrubbed:
            self.target.commit()
            self.space.scrubbed = False
        return answer

    def reconstruct(self, request: Incoming, slot: Any, close: bool) -> Answer:
        found = self.pack.read(request.message)
        assert found is not None
        form, asked = found
        status = (slot.lcd_last_close_result if close else slot.lcd_last_result) & 0xFFFFFFFF
        signed = status - ((status & 0x80000000) << 1)
        if isinstance(asked, op.Open):
            return self._scrubbed(self._reconstruct_open(form, asked, request))
        inode = None
        if isinstance(asked, op.Create):
            inode = self._made(asked)
            if inode is None:
                raise Refused(-errno.ENOENT)
        elif getattr(asked, "ident", op.NOBODY) != op.NOBODY:
            inode = self.space.find(asked.ident)
        result = self.attributes(inode) if inode is not None else Result()
        return self._scrubbed(self.answer(form, request, result, signed))

    def connected(self, export: Export, data: Any) -> None:
        data.ocd_ibits_known = int(data.ocd_ibits_known) & int(self.k.MDS_INODELOCK_FULL)

    def dropped(self, export: Export) -> None:
        for handle in list(export.files):
            self._drop_open(export, handle)

    def recovered(self) -> None:
        held = {f.ino for e in self.target.exports.values() for f in e.files.values()}
        for orphan in list(self.space.orphans()):
            if orphan.ino not in held:
                self.space.remove(orphan)

    # -- answers -------------------------------------------------------------------------------------------------

    def attributes(self, inode: Inode, *, md: bool = False) -> Result:
        """A body with an object's attributes, and its layout where asked for."""
        k = self.k
        valid = (
            k.OBD_MD_FLID | k.OBD_MD_FLATIME | k.OBD_MD_FLMTIME | k.OBD_MD_FLCTIME | k.OBD_MD_FLMODE | k.OBD_MD_FLTYPE
            | k.OBD_MD_FLUID | k.OBD_MD_FLGID | k.OBD_MD_FLFLAGS | k.OBD_MD_FLNLINK | k.OBD_MD_FLGENER | k.OBD_MD_FLRDEV
        )  # fmt: skip
        if not inode.is_file or not inode.md:
            valid |= k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS
        size = pages.directory_size(inode) if inode.is_dir else inode.size
        data = inode.md if md and inode.is_file else None
        if data:
            valid |= k.OBD_MD_FLEASIZE
        return Result(
            ident=self.space.ident(inode), valid=valid, size=size, atime=inode.atime, mtime=inode.mtime,
            blocks=size // 512 if inode.is_dir else 0,
            ctime=inode.ctime, ino=inode.ino, generation=inode.generation, mode=inode.mode, owner=inode.uid,
            group=inode.gid, flags=inode.flags, rdev=inode.rdev, nlink=inode.nlink, md=data or None,
            easize=len(data or b""), max_mdsize=MAX_MDSIZE, max_cookiesize=MAX_COOKIESIZE,
        )  # fmt: skip

    def answer(self, form: Form, request: Incoming, result: Result, status: int = 0) -> Answer:
        """The reply in the request's own format."""
        message = request.message
        assert message.format is not None
        return Answer(status, self.pack.buffers(form, message.format.name, result))

    # -- locks ---------------------------------------------------------------------------------------------------

    def _name(self, inode: Inode) -> tuple[int, int, int, int]:
        ident = self.space.ident(inode)
        return ident[0], ident[1], 0, 0

    def locked(self, request: Incoming, wanted: list[tuple[Inode, int]], mode: str = "LCK_EX") -> Any:
        """Lock objects while a request is handled: every client that caches something of them gives it back first.

        However the handler ends, `handle` unlocks them.
        """
        merged: dict[int, tuple[Inode, int]] = {}  # an object is locked once, or its second lock waits for the first
        for inode, bits in wanted:
            merged[inode.ino] = inode, bits | merged.get(inode.ino, (inode, 0))[1]
        for _, (inode, bits) in sorted(merged.items()):
            wait = Wait()
            lock, _, _ = self.target.namespace.enqueue(
                self.k.LDLM_IBITS, self._name(inode), getattr(self.k, mode), Bits(bits), notify=wait.wake
            )
            assert lock is not None
            request.locks.append(lock.cookie)
            if not lock.granted:
                yield wait

    def _unlock(self, request: Incoming) -> None:
        while request.locks:
            self.target.namespace.cancel(request.locks.pop())

    def grant(self, request: Incoming, dlm_req: Any, inode: Inode, bits: int) -> Any:
        """A lock for the client on what its intent found: the `ldlm_reply`."""
        desc = dlm_req.lock_desc
        desc.l_resource.lr_type, desc.l_resource.lr_name.name = self.k.LDLM_IBITS, list(self._name(inode))
        desc.l_policy_data.l_inodebits.bits = bits
        reply, status = server.enqueue(self.target.namespace, request, dlm_req)
        if reply is None:
            raise Refused(status, failed=True)
        return reply

    # -- reading -------------------------------------------------------------------------------------------------

    def _getstatus(self, form: Form, asked: op.GetStatus, request: Incoming) -> Handling:
        return self.answer(form, request, self.attributes(self.space.get(ROOT_INO)))
        yield  # a generator like the others

    def _getattr(self, form: Form, asked: op.GetAttr, request: Incoming) -> Handling:
        inode = self.space.need(asked.ident)
        result = self.attributes(inode, md=bool(asked.valid & self.k.OBD_MD_FLEASIZE))
        if asked.valid & self.k.OBD_MD_LINKNAME and stat.S_ISLNK(inode.mode):
            result.md, result.easize = inode.target + b"\0", len(inode.target) + 1
            result.valid |= self.k.OBD_MD_LINKNAME
        return self.answer(form, request, result)
        yield

    def _getattr_name(self, form: Form, asked: op.GetAttrName, request: Incoming) -> Handling:
        inode = self.space.lookup(self.space.need_dir(asked.ident), filename(asked.name))
        if inode is None:
            raise Refused(-errno.ENOENT)
        return self.answer(form, request, self.attributes(inode, md=bool(asked.valid & self.k.OBD_MD_FLEASIZE)))
        yield

    def _lookup(self, form: Form, asked: op.Lookup, request: Incoming) -> Handling:
        k = self.k
        inode = self._looked_up(asked.parent, asked.child, asked.name)
        positive = k.DISP_LOOKUP_NEG if inode is None else k.DISP_LOOKUP_POS
        found = int(k.DISP_IT_EXECD | k.DISP_LOOKUP_EXECD | positive)
        if inode is None:
            reply = reply_of(self.dialect, None, 0, found)
            return self.answer(form, request, Result(dlm_rep=reply), k.ELDLM_LOCK_ABORTED)
        bits = int(k.MDS_INODELOCK_LOOKUP | (0 if asked.intent == k.IT_LOOKUP else k.MDS_INODELOCK_UPDATE))
        yield from self.locked(request, [(inode, bits)], "LCK_PR")
        self._unlock(request)
        reply = self.grant(request, asked.dlm_req, self.space.get(inode.ino), bits)
        reply.lock_policy_res1 = found
        result = self.attributes(self.space.get(inode.ino), md=True)
        result.dlm_rep = reply
        return self.answer(form, request, result)

    def _looked_up(self, parent: Ident, child: Ident, name: bytes) -> Inode | None:
        if not name:
            return self.space.find(child if child != op.NOBODY else parent)
        return self.space.lookup(self.space.need_dir(parent), filename(name))

    def _getxattr(self, form: Form, asked: op.GetXattr, request: Incoming) -> Handling:
        inode = self.space.need(asked.ident)
        if asked.valid & self.k.OBD_MD_FLXATTRLS:
            value = b"".join(name + b"\0" for name, _ in inode.xattrs)
        elif asked.name == b"trusted.lov" and inode.md:
            value = inode.md
        else:
            held = dict(inode.xattrs).get(xattr_name(asked.name))
            if held is None:
                raise Refused(-errno.ENODATA, failed=True)
            value = held
        if asked.size and len(value) > asked.size:
            raise Refused(-errno.ERANGE, failed=True)
        result = self.attributes(inode)
        result.value, result.easize = value if asked.size else b"", len(value)
        return self.answer(form, request, result)
        yield

    def _statfs(self, form: Form, asked: op.StatFs, request: Incoming) -> Handling:
        used = sum(1 for _ in self.space.store.items("inode"))
        statfs = self.dialect.structs["obd_statfs"](
            os_type=0x0BD00BD0, os_blocks=1 << 20, os_bfree=(1 << 20) - used, os_bavail=(1 << 20) - used,
            os_files=1 << 20, os_ffree=(1 << 20) - used, os_bsize=4096, os_namelen=255,
        )  # fmt: skip
        return self.answer(form, request, Result(statfs=statfs))
        yield

    def _sync(self, form: Form, asked: op.Sync, request: Incoming) -> Handling:
        self.target.commit()
        inode = self.space.find(asked.ident)
        return self.answer(form, request, self.attributes(inode) if inode is not None else Result())
        yield

    def _readpage(self, form: Form, asked: op.ReadPage, request: Incoming) -> Handling:
        folder = self.space.need_dir(asked.ident)
        result = self.attributes(folder)
        if self.pack.personality.directory == "blocks":
            data, result.size = pages.blocks(self.dialect, self.space, folder, asked.offset, asked.size)
        else:
            data = pages.pages(self.dialect, self.space, folder, asked.offset, asked.size)
        answer = self.answer(form, request, result)
        answer.bulk = data
        return answer
        yield

    def _seq(self, form: Form, asked: op.SeqQuery, request: Incoming) -> Handling:
        start = self.space.store.get("next_seq", 0x200000400)
        self.space.store.set("next_seq", start + 1)
        self.target.commit()
        return self.answer(form, request, Result(start=start, end=start + 1))
        yield

    # -- plain locks ---------------------------------------------------------------------------------------------

    def _enqueue(self, form: Form, asked: op.Enqueue, request: Incoming) -> Handling:
        reply, status = server.enqueue(self.target.namespace, request, asked.dlm_req)
        return self.answer(form, request, Result(dlm_rep=reply)) if reply is not None else Answer(status, failed=True)
        yield

    def _cancel(self, form: Form, asked: op.Cancel, request: Incoming) -> Handling:
        return server.answer_cancel(self.target.namespace, request, asked.cancels)
        yield
