"""The metadata service: what an MDS of either release does with a request, dialect left to the forms."""

from __future__ import annotations

import errno
import itertools
import stat
from collections.abc import Callable
from typing import Any

import attrs

from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.payloads import batch
from lustre_wire.payloads.wire import head_at
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm import server
from lustre_wire.recovery.ldlm.locks import reply_of
from lustre_wire.recovery.service import answered
from lustre_wire.recovery.target import Handling, Target, Wait
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import checksums, packing, pages, receivers
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.mds import striped, xattrs
from lustre_wire.testbed.mds.changes import PATH_MAX, Changes
from lustre_wire.testbed.mds.data import Data
from lustre_wire.testbed.mds.mdt import FIRST_SEQ, Mdt
from lustre_wire.testbed.mds.opens import Opens
from lustre_wire.testbed.operations import Ident, Result
from lustre_wire.testbed.packing import Form
from lustre_wire.testbed.space import ROOT_INO, Inode, filename, xattr_name

#: What a batch with something else in it is answered (include/linux/errno.h).
ENOTSUPP = 524
#: Bytes of the longest batch, and of its answer.
MAX_BATCH = 1 << 20
#: Bytes of the name in front of a question for a path.
PATH_KEY = 16


class Metadata:
    """The service of an MDT.

    Attributes:
        mdt: what its parts share; `opens`, `changes` and `data` are those parts.
        ask_osts: asks every OST an `obd_quotactl`, puts what they say into the list, and wakes; None without OSTs.
    """

    metadata, remembers = True, True

    def __init__(self, dialect: Any, store: Any, stripes: int = 1, osts: int = 0) -> None:
        self.mdt = Mdt(dialect, store)
        self.k = self.mdt.k
        self.data = Data(self.mdt, store)
        self.opens = Opens(self.mdt, self.data, stripes, osts)
        self.changes = Changes(self.mdt, self.opens.is_open, self.opens.understood, self.data.discard)
        personality = self.mdt.pack.personality
        self.supported = personality.mds_flags & personality.mds_supported
        self.supported2 = personality.mds_supported2
        opens, changes = self.opens, self.changes
        self.ask_osts: Callable[[Any, list[Any], Wait], None] | None = None
        self.handlers: dict[type, Any] = {
            op.GetStatus: self._getstatus, op.GetAttr: self._getattr, op.GetAttrName: self._getattr_name,
            op.Lookup: self._lookup, op.Open: opens.open, op.Close: opens.close, op.Create: changes.create,
            op.Link: changes.link, op.Unlink: changes.unlink, op.Rename: changes.rename, op.SetAttr: changes.setattr,
            op.SetXattr: changes.setxattr, op.GetXattr: self._getxattr, op.StatFs: self._statfs, op.Sync: self._sync,
            op.ReadPage: self._readpage, op.Enqueue: self._enqueue, op.Cancel: self._cancel, op.SeqQuery: self._seq,
            op.FldQuery: self._fld, op.Quota: self._quota, op.CreateLink: changes.create,
            op.Batch: self._batch, op.Convert: self._convert, op.DoneWriting: opens.done_writing,
            op.LayoutGet: opens.layout, op.XattrsGet: self._xattrs, op.FidToPath: self._path,
            **(self.data.transfers if personality.locking is not None else {}),
        }  # fmt: skip

    @property
    def target(self) -> Target:
        return self.mdt.target

    @target.setter
    def target(self, target: Target) -> None:
        self.mdt.target = self.data.target = target

    # -- Service -------------------------------------------------------------------------------------------------

    def handle(self, request: Incoming, now: float) -> Handling:
        found = self.mdt.pack.read(request.message)
        handler = self.handlers.get(type(found[1])) if found is not None else None
        if found is None or handler is None:
            return self.unreadable(request)
        form, asked = found
        if packing.has_broken_string(request.message):
            return Answer(-errno.EINVAL)
        if not isinstance(asked, op.Cancel):
            riding = getattr(asked, "cancels", ()) or server.riding(getattr(asked, "dlm_req", None))
            server.cancel(self.mdt.target.namespace, request, riding)
        try:
            answer: Answer = yield from answered(handler(form, asked, request))
        except Refused as refused:
            if self.mdt.personality.locking is None or not isinstance(asked, (op.Lookup, op.Open)):
                raise
            answer = self._not_found(form, request, refused.status)
        finally:
            self.mdt.unlock(request)
        return self._scrubbed(answer)

    def _not_found(self, form: Form, request: Incoming, status: int) -> Answer:
        """An intent that fails: the lock is aborted, and why is in the reply to it (mdt_intent_getattr)."""
        k = self.k
        reply = reply_of(self.mdt.dialect, None, 0, int(k.DISP_IT_EXECD | k.DISP_LOOKUP_EXECD), status)
        return self.mdt.answer(form, request, Result(dlm_rep=reply), k.ELDLM_LOCK_ABORTED)

    def unreadable(self, request: Incoming) -> Answer:
        """What a request is answered that says nothing here. Whoever replays an open takes every answer for a body, but
        that it is not connected (mdc/mdc_request.c: mdc_replay_open): it is evicted."""
        if self.target.is_replay(request):
            return Answer(-errno.ENOTCONN, failed=True, evicts=True)
        return Answer(-errno.EOPNOTSUPP, failed=True)

    def _scrubbed(self, answer: Answer) -> Answer:
        """What takes FIDs away is on disk before anybody is answered (mds/mds_reint.c: mds_lookup)."""
        if self.mdt.space.scrubbed:
            self.mdt.target.commit()
            self.mdt.space.scrubbed = False
        return answer

    def reconstruct(self, request: Incoming, slot: Any, close: bool) -> Answer:
        found = self.mdt.pack.read(request.message)
        assert found is not None
        form, asked = found
        status = (slot.lcd_last_close_result if close else slot.lcd_last_result) & 0xFFFFFFFF
        signed = status - ((status & 0x80000000) << 1)
        if isinstance(asked, op.Open):
            return self._scrubbed(self.opens.reconstructed(form, asked, request))
        inode = None
        if isinstance(asked, op.Create):
            inode = self.changes.made(asked)
            if inode is None:
                raise Refused(-errno.ENOENT)
        elif getattr(asked, "ident", op.NOBODY) != op.NOBODY:
            inode = self.mdt.space.find(asked.ident)
        result = self.mdt.attributes(inode) if inode is not None else Result()
        return self._scrubbed(self.mdt.answer(form, request, result, signed))

    def connected(self, export: Export, data: Any) -> None:
        personality, flags = self.mdt.personality, export.granted
        data.ocd_ibits_known = int(data.ocd_ibits_known) & int(self.k.MDS_INODELOCK_FULL)
        if flags & self.k.OBD_CONNECT_CKSUM:
            data.ocd_cksum_types = checksums.known(self.k, int(data.ocd_cksum_types), int(personality.checksums))
        if flags & self.k.OBD_CONNECT_BRW_SIZE:
            data.ocd_brw_size = min(data.ocd_brw_size, receivers.MAX_BRW)
        if flags & self.k.OBD_CONNECT_GRANT:
            data.ocd_grant = self.data.grants.connected(export, data.ocd_grant)
        if flags & self.k.flag("OBD_CONNECT_GRANT_PARAM"):
            self.data.pages[export.uuid] = int(data.ocd_grant_blkbits)
        for name, value in personality.connect.get("MDS", {}).items():
            setattr(data, name, value)

    def dropped(self, export: Export) -> None:
        for handle in list(export.files):
            self.opens.drop(export, handle)
        self.mdt.unlinks.left_by(export.uuid)
        self.data.grants.dropped(export)
        self.data.pages.pop(export.uuid, None)

    def recovered(self) -> None:
        held = {f.ino for e in self.mdt.target.exports.values() for f in e.files.values()}
        for orphan in list(self.mdt.space.orphans()):
            if orphan.ino not in held:
                self.mdt.remove(orphan)

    # -- answers -------------------------------------------------------------------------------------------------

    # -- reading -------------------------------------------------------------------------------------------------

    def _getstatus(self, form: Form, asked: op.GetStatus, request: Incoming) -> Answer:
        return self.mdt.answer(form, request, self.mdt.attributes(self.mdt.space.get(ROOT_INO)))

    def _getattr(self, form: Form, asked: op.GetAttr, request: Incoming) -> Answer:
        inode = self.mdt.space.need(asked.ident)
        result = self.mdt.attributes(inode, md=bool(asked.valid & self.k.OBD_MD_FLEASIZE), asked=asked.valid)
        if asked.valid & self.k.OBD_MD_LINKNAME and stat.S_ISLNK(inode.mode):
            result.md, result.easize = inode.target + b"\0", len(inode.target) + 1
            result.valid |= self.k.OBD_MD_LINKNAME
        return self.mdt.answer(form, request, result)

    def _getattr_name(self, form: Form, asked: op.GetAttrName, request: Incoming) -> Answer:
        inode = self.mdt.space.lookup(self.mdt.space.need_dir(asked.ident), filename(asked.name))
        if inode is None:
            raise Refused(-errno.ENOENT)
        result = self.mdt.attributes(inode, md=bool(asked.valid & self.k.OBD_MD_FLEASIZE), asked=asked.valid)
        return self.mdt.answer(form, request, result)

    def _lookup(self, form: Form, asked: op.Lookup, request: Incoming) -> Handling:
        k = self.k
        inode = self._looked_up(asked.parent, asked.child, asked.name)
        positive = k.DISP_LOOKUP_NEG if inode is None else k.DISP_LOOKUP_POS
        found = int(k.DISP_IT_EXECD | k.DISP_LOOKUP_EXECD | positive)
        if inode is None:
            reply = reply_of(self.mdt.dialect, None, 0, found)
            return self.mdt.answer(form, request, Result(dlm_rep=reply), k.ELDLM_LOCK_ABORTED)
        locking, mode = self.mdt.personality.locking, ""
        bits = int(k.MDS_INODELOCK_LOOKUP | (0 if asked.intent == k.IT_LOOKUP else k.MDS_INODELOCK_UPDATE))
        if locking is not None:
            bits, mode = int(locking.lookup if asked.intent == k.IT_LOOKUP else locking.getattr), locking.mode
            if not asked.name and not inode.nlink:  # what has no link might be another MDT's (mdt_is_remote_object)
                bits &= ~int(k.MDS_INODELOCK_LOOKUP)
        yield from self.mdt.locked(request, [(inode, bits)], "LCK_PR")
        self.mdt.unlock(request)
        inode = self.mdt.space.get(inode.ino)
        if locking is not None:
            bits |= self.mdt.free_bits(request, inode, self._tried(inode, asked), mode)
        reply = self.mdt.grant(request, asked.dlm_req, inode, bits, mode)
        reply.lock_policy_res1 = found
        result = self.mdt.looked_up(inode, asked)
        result.dlm_rep = reply
        self.data.size(result, inode, bits)
        return self.mdt.answer(form, request, result)

    def _tried(self, inode: Inode, asked: op.Lookup) -> int:
        """Inode bits that are granted besides, if they are free: of a file's layout, and of its data where it was asked
        for by name (mdt_getattr_name_lock)."""
        locking = self.mdt.personality.locking
        assert locking is not None
        data = locking.data if asked.name and self.data.part(inode) is not None else 0
        return int(locking.layout | data if inode.is_file else 0)

    def _batch(self, form: Form, asked: op.Batch, request: Incoming) -> Handling:
        """Many lookups in one message (mdt/mdt_batch.c: mdt_batch). The first that fails ends it, and its status is the
        message's; what was done before stands in the answer, which has the room that was asked for then."""
        order = request.message.order
        try:
            head, at = head_at(asked.head, 0, "but_update_header", self.mdt.dialect, order)
        except WireError:
            raise Refused(-errno.EPROTO, failed=True) from None
        sizes = [int(piece.bub_size) for piece in asked.pieces or ()]
        inline, room = int(head.buh_inline_length), int(head.buh_reply_size)
        if head.buh_magic != self.k.BUT_HEADER_MAGIC or not head.buh_count or room > MAX_BATCH:
            raise Refused(-errno.EPROTO, failed=True)
        pieces = [asked.head[at : at + inline]]
        if not inline:
            if len(sizes) < head.buh_count or sum(sizes) > MAX_BATCH:
                raise Refused(-errno.EPROTO, failed=True)
            yield Wait(bulk=sum(sizes))
            ends = list(itertools.accumulate(sizes))
            pieces = [request.sink[end - size : end] for end, size in zip(ends, sizes, strict=True)]
        done, status = list[batch.Submessage](), 0
        try:
            asks = [one for piece in pieces for one in batch.read(piece, self.mdt.dialect, order).messages]
        except WireError:
            raise Refused(-errno.EPROTO, failed=True) from None
        for one in asks:
            if len(done) > head.buh_update_count:
                status = -errno.EOVERFLOW
                break
            answer = self._batched(one, request)
            if answer.status:
                status = answer.status
                break
            assert one.format is not None
            done.append(batch.Submessage(LustreMsgV2(), one.format, one.format.reply(**answer.buffers), b""))
        made = self.mdt.dialect.structs["batch_update_reply"](burp_magic=self.k.BUT_REPLY_MAGIC)
        value = batch.write(batch.Batch(made, tuple(done)), order)
        if len(value) > room:
            raise Refused(-errno.EOVERFLOW, failed=True)
        return self.mdt.answer(form, request, Result(value=value.ljust(room if status else 0, b"\0")), status)

    def _batched(self, one: batch.Submessage, request: Incoming) -> Answer:
        """One of many: nobody is waited for. A file of many names is left out, whose locks `link` may wait for
        (mdt_getattr_name_lock)."""
        found = self.mdt.pack.read_buffers(one.format.name, one.buffers) if one.format is not None else None
        if found is None or not isinstance(found[1], op.BatchGetAttr):
            return Answer(-ENOTSUPP)
        form, asked = found
        locking = self.mdt.personality.locking
        assert locking is not None
        try:
            inode = self._looked_up(asked.parent, asked.child, asked.name)
        except Refused as refused:
            return Answer(refused.status)
        if inode is None:
            return Answer(-errno.ENOENT)
        if inode.is_file and inode.nlink > 1:
            return Answer(-errno.ECANCELED)
        bits = int(locking.getattr | self._tried(inode, asked))
        bits = self.mdt.free_bits(request, inode, bits, locking.mode)
        if not bits:
            return Answer(-errno.EBUSY)
        reply = self.mdt.grant(request, asked.dlm_req, inode, bits, locking.mode)
        reply.lock_policy_res1 = int(self.k.DISP_IT_EXECD | self.k.DISP_LOOKUP_EXECD | self.k.DISP_LOOKUP_POS)
        result = self.mdt.looked_up(inode, asked)
        result.dlm_rep = reply
        self.data.size(result, inode, bits)
        return Answer(0, self.mdt.pack.buffers(form, form.format, result))

    def _convert(self, form: Form, asked: op.Convert, request: Incoming) -> Answer:
        reply, status = server.convert(self.mdt.target.namespace, request, asked.dlm_req)
        return self.mdt.answer(form, request, Result(dlm_rep=reply), status)

    def _looked_up(self, parent: Ident, child: Ident, name: bytes) -> Inode | None:
        if not name:
            return self.mdt.space.find(child if child != op.NOBODY else parent)
        return self.mdt.space.lookup(self.mdt.space.need_dir(parent), filename(name))

    def _xattrs(self, form: Form, asked: op.XattrsGet, request: Incoming) -> Handling:
        """All extended attributes and a lock on them, granted whether they fit or not (mdt_intent_getxattr)."""
        locking = self.mdt.personality.locking
        assert locking is not None
        inode = self.mdt.space.need(asked.ident)
        yield from self.mdt.locked(request, [(inode, int(locking.xattr))], "LCK_PR")
        self.mdt.unlock(request)
        inode = self.mdt.space.get(inode.ino)
        reply = self.mdt.grant(request, asked.dlm_req, inode, int(locking.xattr))
        result, found = Result(dlm_rep=reply), xattrs.listed(self.mdt, inode)
        names_, values = (b"".join(name + b"\0" for name, _ in found), b"".join(value for _, value in found))
        if max(len(names_), len(values)) > asked.size:
            reply.lock_policy_res2 = -errno.ERANGE & 0xFFFFFFFFFFFFFFFF
        else:
            result.valid, result.easize, result.value = int(self.k.OBD_MD_FLXATTR), len(names_), names_
            result.aclsize, result.values, result.max_mdsize = len(values), values, len(found)
            result.lengths = [len(value) for _, value in found]
        return self.mdt.answer(form, request, result)

    def _getxattr(self, form: Form, asked: op.GetXattr, request: Incoming) -> Answer:
        inode = self.mdt.space.need(asked.ident)
        if asked.valid & self.k.OBD_MD_FLXATTRLS:
            value = b"".join(name + b"\0" for name, _ in xattrs.listed(self.mdt, inode))
        elif asked.name == b"trusted.lov" and inode.md:
            value = inode.md
        else:
            held = dict(xattrs.listed(self.mdt, inode)).get(xattr_name(asked.name))
            if held is None:
                raise Refused(-errno.ENODATA, failed=True)
            value = held
        if asked.size and len(value) > asked.size:
            raise Refused(-errno.ERANGE, failed=True)
        result = self.mdt.attributes(inode)
        result.value, result.easize = value if asked.size else b"", len(value)
        return self.mdt.answer(form, request, result)

    def _statfs(self, form: Form, asked: op.StatFs, request: Incoming) -> Answer:
        used = sum(1 for _ in self.mdt.space.store.items("inode"))
        statfs = self.mdt.dialect.structs["obd_statfs"](
            os_type=0x0BD00BD0, os_blocks=1 << 20, os_bfree=(1 << 20) - used, os_bavail=(1 << 20) - used,
            os_files=1 << 20, os_ffree=(1 << 20) - used, os_bsize=4096, os_namelen=255,
        )  # fmt: skip
        return self.mdt.answer(form, request, Result(statfs=statfs))

    def _sync(self, form: Form, asked: op.Sync, request: Incoming) -> Answer:
        self.mdt.target.commit()
        inode = self.mdt.space.find(asked.ident)
        return self.mdt.answer(form, request, self.mdt.attributes(inode) if inode is not None else Result())

    def _readpage(self, form: Form, asked: op.ReadPage, request: Incoming) -> Answer:
        folder = self.mdt.space.need_dir(asked.ident)
        result = self.mdt.attributes(folder)
        if self.mdt.pack.personality.directory == "blocks":
            data, result.size = pages.blocks(self.mdt.dialect, self.mdt.space, folder, asked.offset, asked.size)
        else:
            read = pages.many if self.mdt.personality.pages_at_once else pages.pages
            data = read(self.mdt.dialect, self.mdt.space, folder, asked.offset, asked.size)
        answer = self.mdt.answer(form, request, result)
        answer.bulk = data
        return answer

    def _seq(self, form: Form, asked: op.SeqQuery, request: Incoming) -> Answer:
        start = self.mdt.new_sequence()
        self.mdt.target.commit()
        return self.mdt.answer(form, request, Result(start=start, end=start + 1))

    def _fld(self, form: Form, asked: op.FldQuery, request: Incoming) -> Answer:
        """Every sequence is on the one MDT, number 0 (fld/fld_handler.c: fld_server_lookup)."""
        known = FIRST_SEQ <= asked.start < self.mdt.space.store.get("next_seq", FIRST_SEQ)
        if not known and asked.start not in (self.mdt.personality.root[0], striped.OWN_SEQ):
            raise Refused(-errno.ENOENT, failed=True)
        return self.mdt.answer(form, request, Result(start=asked.start, end=asked.start + 1))

    def _path(self, form: Form, asked: op.FidToPath, request: Incoming) -> Answer:
        """The path of an object under the root (mdt_handler.c: mdt_rpc_fid2path)."""
        cls = self.mdt.dialect.structs["getinfo_fid2path"]
        size, at = cls.__wire__.size, PATH_KEY
        if len(asked.key) < at + size or not 0 < asked.vallen - size <= PATH_MAX:
            raise Refused(-errno.EINVAL)
        said = record.unpack(cls, asked.key[at : at + size])
        if said.gf_pathlen != asked.vallen - size:
            raise Refused(-errno.EINVAL)
        inode = self.mdt.space.need((said.gf_fid.f_seq, said.gf_fid.f_oid, said.gf_fid.f_ver))
        path = self.mdt.space.path(inode, said.gf_pathlen)
        root = self.mdt.space.ident(self.mdt.space.get(ROOT_INO))
        said.gf_fid.f_seq, said.gf_fid.f_oid, said.gf_fid.f_ver = root
        value = (record.pack(said) + path).ljust(asked.vallen, b"\0")
        return self.mdt.answer(form, request, Result(value=value))

    def _quota(self, form: Form, asked: op.Quota, request: Incoming) -> Handling:
        """Limits and usage; what an owner has on the OSTs, and when his time of grace is over there, is what they say
        (mds_get_space)."""
        quota, k = asked.quota, self.k
        done = self.mdt.quota.control(quota)
        self.mdt.target.commit()
        shared = (k.LUSTRE_Q_GETQUOTA, k.LUSTRE_Q_SETQUOTA, k.LUSTRE_Q_SETINFO)
        if self.ask_osts is not None and int(quota.qc_cmd) in shared:
            wait, answers = Wait(), list[Any]()
            self.ask_osts(attrs.evolve(quota), answers, wait)
            yield wait
            if int(quota.qc_cmd) == k.LUSTRE_Q_GETQUOTA:
                done.qc_dqblk.dqb_curspace = sum(answer.qc_dqblk.dqb_curspace for answer in answers)
                ends = [int(answer.qc_dqblk.dqb_btime) for answer in answers if answer.qc_dqblk.dqb_btime]
                done.qc_dqblk.dqb_btime = min(ends, default=0)
        return self.mdt.answer(form, request, Result(quota=done))

    # -- plain locks ---------------------------------------------------------------------------------------------

    def _enqueue(self, form: Form, asked: op.Enqueue, request: Incoming) -> Answer | Handling:
        desc = asked.dlm_req.lock_desc
        bits = int(desc.l_policy_data.l_inodebits.bits) if desc.l_resource.lr_type == self.k.LDLM_IBITS else 0
        if bits and bits == self.data.bit:
            return self.data.enqueue(form, asked, request)
        reply, status = server.enqueue(self.mdt.target.namespace, request, asked.dlm_req)
        if reply is None:
            return Answer(status, failed=True)
        return self.mdt.answer(form, request, Result(dlm_rep=reply))

    def _cancel(self, form: Form, asked: op.Cancel, request: Incoming) -> Answer:
        return server.answer_cancel(self.mdt.target.namespace, request, asked.cancels)
