"""A client's operations on files, each a generator of requests."""

from __future__ import annotations

import errno
import stat
from contextlib import suppress
from typing import Any

from lustre_wire import rpc
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Bits, Lock
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import Request
from lustre_wire.testbed import layouts, pages
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.file_io import FileIo
from lustre_wire.testbed.client.node import OpenFile
from lustre_wire.testbed.mds import striped
from lustre_wire.testbed.operations import Ident, Result
from lustre_wire.testbed.packing import packer, result_of
from lustre_wire.testbed.tasks import Call, OperationFailed, Steps

PAGE = 4096
#: What a client asks of a getattr.
LAYOUT_ROOM = 1024


class ClientNode(FileIo):
    """A client with all that users call."""

    # -- names ---------------------------------------------------------------------------------------------------

    def resolve(self, path: str) -> Any:
        """The identity of a path."""
        ident = self.root
        for part in [p for p in path.encode().split(b"/") if p]:
            ident = (yield from self.lookup(self._stripe(ident, part), part)).ident
        return ident

    def parent(self, path: str) -> Any:
        """The identity of a path's directory, and the last name."""
        folder, _, name = path.rstrip("/").rpartition("/")
        ident = yield from self.resolve(folder)
        return self._stripe(ident, name.encode()), name.encode()

    def _stripe(self, folder: Ident, name: bytes) -> Ident:
        """The directory a name is in, or the stripe of it (lmv_locate_tgt)."""
        layout = self.striped.get(folder)
        if layout is None:
            return folder
        fids = layout.lmv_stripe_fids
        fid = fids[striped.spread(names(self.metadata().dialect), int(layout.lmv_hash_type), len(fids), name)]
        return int(fid.f_seq), int(fid.f_oid), int(fid.f_ver)

    def _note_stripes(self, result: Result) -> None:
        """Note how a directory is striped, if an answer says that it is."""
        dialect = self.metadata().dialect
        valid = packer(dialect).personality.bodies.striped
        if valid and result.valid & valid == valid and result.md:
            self.striped[result.ident] = striped.read(dialect, result.md[: result.easize])

    def lookup(self, parent: Ident, name: bytes) -> Any:
        """An entry of a directory: from the cache while its lock is held, or asked for together with a lock."""
        mdc = self.metadata()
        k = names(mdc.dialect)
        cached = self.names.get((parent, name))
        if cached is not None and cached[1].cookie in mdc.locks.locks and not cached[1].flags & k.LDLM_FL_CBPENDING:
            return Result(ident=cached[0])
        result, lock = yield from self._intent(parent, name, k.IT_LOOKUP, "LDLM_ENQUEUE/INTENT_LOOKUP")
        self.names[parent, name] = (result.ident, lock)
        self.release(mdc, lock)
        return result

    def getattr(self, path: str) -> Any:
        """Attributes of a path; the size of a file is what its objects say."""
        parts = path.strip("/")
        if not parts:
            mdc = self.metadata()
            valid = names(mdc.dialect).OBD_MD_FLID | names(mdc.dialect).OBD_MD_FLMODE
            return (yield from self.want(mdc, op.GetAttr(ident=self.root, valid=valid)))
        folder, name = yield from self.parent(path)
        k = names(self.metadata().dialect)
        result, lock = yield from self._intent(folder, name, k.IT_GETATTR, "LDLM_ENQUEUE/INTENT_GETATTR")
        self.names[folder, name] = (result.ident, lock)
        self.release(self.metadata(), lock)
        if stat.S_ISREG(result.mode) and result.md:
            result.size = yield from self._file_size(layouts.read(self.metadata().dialect, result.md), result.ident)
        return result

    def _intent(self, parent: Ident, name: bytes, intent: int, form: str) -> Any:
        mdc = self.metadata()
        k = names(mdc.dialect)
        bits = k.MDS_INODELOCK_LOOKUP if intent == k.IT_LOOKUP else k.MDS_INODELOCK_UPDATE
        lock = mdc.locks.request(k.LDLM_IBITS, (parent[0], parent[1], 0, 0), k.LCK_CR, Bits(bits))
        body = request_of(mdc.dialect, lock, k.LDLM_FL_HAS_INTENT, 1)
        asked = op.Lookup(
            parent=parent, name=name, intent=intent, dlm_req=body, easize=LAYOUT_ROOM,
            valid=packer(mdc.dialect).personality.lookup_valid,
        )  # fmt: skip
        request = yield from self.ask(mdc, asked, form)
        result = result_of(request) if request.reply is not None else None
        mdc.locks.answered(lock, mdc.dialect, result.dlm_rep if result else None, request.status)
        if request.status < 0 or result is None:
            raise OperationFailed(request.status or -errno.EIO)
        if request.status:
            raise OperationFailed(_signed(result.dlm_rep.lock_policy_res2) or -errno.ENOENT)
        self._note_stripes(result)
        return result, lock

    # -- open and close ------------------------------------------------------------------------------------------

    def open(self, path: str, flags: int, mode: int = 0o644, layout: bytes = b"") -> Any:
        """Open, and make where the flags say so; the client's own number for the file.

        Args:
            layout: what a new file is to have: a `lov_user_md`, or a composite one.
        """
        parent, name = yield from self.parent(path)
        mdc = self.metadata()
        k, own = names(mdc.dialect), packer(mdc.dialect).personality
        create = bool(flags & k.MDS_OPEN_CREAT)
        flags |= int(k.MDS_OPEN_HAS_EA) if layout else 0
        child = (yield from self.new_ident()) if create and own.client_names else op.NOBODY
        wanted = k.LCK_CW if create else k.LCK_CR
        cancels: tuple[int, ...] = ()
        if create:
            cancels = mdc.locks.early_cancels(k, [((parent[0], parent[1], 0, 0), k.MDS_INODELOCK_UPDATE)])
        lock = mdc.locks.request(k.LDLM_IBITS, (parent[0], parent[1], 0, 0), wanted, Bits(own.open_bits))
        body = request_of(mdc.dialect, lock, k.LDLM_FL_HAS_INTENT, 1, cancels)
        asked = op.Open(
            parent=parent, child=child, name=name, intent=k.IT_OPEN | (k.IT_CREAT if create else 0), flags=flags,
            mode=stat.S_IFREG | (mode if create else 0), time=self.seconds(), dlm_req=body, ea=layout,
        )  # fmt: skip
        form = "LDLM_ENQUEUE/INTENT_OPEN_CREAT" if create else "LDLM_ENQUEUE/INTENT_OPEN"
        request = yield from self.ask(mdc, asked, form, keep=True, saved=self._open_saved)
        said = result_of(request) if request.reply is not None else None
        mdc.locks.answered(lock, mdc.dialect, said.dlm_rep if said else None, request.status)
        if request.status < 0 or said is None:
            raise OperationFailed(request.status or -errno.EIO)
        if not request.status:
            self.release(mdc, lock)
        failed = _signed(said.dlm_rep.lock_policy_res2)
        if failed or not said.handle:
            request.keep = False
            raise OperationFailed(failed or -errno.EIO)
        return self._opened(request, said, lock)

    def _opened(self, request: Request, result: Result, lock: Lock) -> int:
        """Note what was opened, and that the lock that came along says its layout, if it does."""
        layout = layouts.read(request.message.dialect, result.md) if result.md and stat.S_ISREG(result.mode) else None
        number = max(self.files, default=0) + 1
        file = OpenFile(number, result.ident, result.handle, result.mode, layout, request)
        bit = names(request.message.dialect).flag("MDS_INODELOCK_LAYOUT")
        if lock.granted and isinstance(lock.policy, Bits) and lock.policy.bits & bit:
            file.known = lock
        self.files[number] = file
        request.replayed = lambda _, reply: self._open_replayed(file, reply)
        return number

    def _open_saved(self, request: Request) -> None:
        """What an open's replay has to say: which object, its layout, the old handle (mdc_set_open_replay_data)."""
        result = result_of(request)
        if not result.handle:
            request.keep = False
            return
        k = names(request.message.dialect)
        replay = {"child": result.ident, "old_handle": result.handle, "epoch": result.epoch}
        if result.md:
            replay["ea"] = result.md
        packer(request.message.dialect).amend(request.message, **replay)
        request.message.buffers.dlm_req.lock_flags |= k.LDLM_FL_INTENT_ONLY

    def _open_replayed(self, file: OpenFile, reply: rpc.Message) -> None:
        pack = packer(file.request.message.dialect)
        result = pack.result(pack.form(file.request.op), reply)
        if result.handle:
            file.handle = result.handle
            if file.closing is not None:
                packer(file.closing.message.dialect).amend(file.closing.message, handle=result.handle)

    def close(self, number: int) -> Any:
        """Close; objects of a file that went with it are destroyed."""
        file, mdc = self.file(number), self.metadata()
        size = (yield from self._file_size(file.layout, file.ident)) if file.size_changed else 0
        valid = packer(mdc.dialect).personality.close_valid[int(file.size_changed)]
        now = self.seconds()
        asked = op.Close(
            ident=file.ident, handle=file.handle, valid=valid, mode=file.mode, atime=now, mtime=now, ctime=now,
            size=size, blocks=(size + 511) // 512,
        )  # fmt: skip
        del self.files[number]
        if file.dead:
            raise OperationFailed(-errno.EIO)
        pack = packer(mdc.dialect)
        form = pack.form(asked)
        request = mdc.wrap(pack.request(asked), op=asked, wants_replay=True, lane=form.lane)
        file.closing = request

        def committed(_: Request) -> None:
            file.request.keep = False

        request.committed = committed
        request = yield from self.call(mdc, request)
        if request.status < 0:
            file.request.keep = False
            raise OperationFailed(request.status)
        yield from self._destroy(result_of(request))

    def call(self, owner: Import, request: Request) -> Any:
        return (yield Call(owner, request))

    def new_ident(self) -> Any:
        """The next FID of this client's sequence; a new sequence from the server when there is none."""
        if not self.sequence[0]:
            k = names(self.metadata().dialect)
            got = yield from self.want(self.metadata(), op.SeqQuery(opc=k.SEQ_ALLOC_META))
            self.sequence = [got.start, 0]
        self.sequence[1] += 1
        return self.sequence[0], self.sequence[1], 0

    # -- changes -------------------------------------------------------------------------------------------------

    def make(
        self, path: str, mode: int, data: bytes | None = None, rdev: int = 0, ea: bytes | None = None
    ) -> Any:  # fmt: skip
        """mkdir, symlink, mknod: `mode` says which."""
        mdc = self.metadata()
        parent, name = yield from self.parent(path)
        child = (yield from self.new_ident()) if packer(mdc.dialect).personality.client_names else op.NOBODY
        asked = self.making(parent, child, name, mode, data)
        asked.time, asked.rdev, asked.cancels, asked.ea = self.seconds(), rdev, self._early(parent), ea
        result = yield from self.want(mdc, asked, saved=self._create_saved)
        self._note_stripes(result)
        return result.ident

    def making(self, parent: Ident, child: Ident, name: bytes, mode: int, data: bytes | None = None) -> op.Create:
        """The operation that makes something: a symbolic link to `data`, with its NUL, may have one of its own."""
        if not stat.S_ISLNK(mode) or op.CreateLink not in packer(self.metadata().dialect).by_operation:
            return op.Create(parent=parent, child=child, name=name, mode=mode, data=data)
        target = (data or b"").removesuffix(b"\0")  # a string there, whose NUL is its format's
        return op.CreateLink(parent=parent, child=child, name=name, mode=mode, data=target)

    def mkdir(self, path: str, mode: int = 0o755, layout: bytes | None = None) -> Any:
        """Make a directory.

        Args:
            layout: how it is to be striped: a `lmv_user_md_v1`.
        """
        return (yield from self.make(path, stat.S_IFDIR | mode, ea=layout))

    def symlink(self, target: str, path: str) -> Any:
        return (yield from self.make(path, stat.S_IFLNK | 0o777, target.encode() + b"\0"))

    def readlink(self, path: str) -> Any:
        mdc = self.metadata()
        ident = yield from self.resolve(path)
        valid = names(mdc.dialect).OBD_MD_LINKNAME
        result = yield from self.want(mdc, op.GetAttr(ident=ident, valid=valid, easize=LAYOUT_ROOM))
        return (result.md or b"").rstrip(b"\0").decode()

    def _create_saved(self, request: Request) -> None:
        """A replayed create asks for the identity the server gave (mdc_store_inode_generation)."""
        result = result_of(request)
        packer(request.message.dialect).amend(request.message, child=result.ident)
        if result.md:  # a striped directory is made again as it was
            packer(request.message.dialect).amend(request.message, ea=result.md)

    def _early(self, *idents: Ident) -> tuple[int, ...]:
        """Locks to give up with a change of these objects."""
        mdc = self.metadata()
        k = names(mdc.dialect)
        bits = k.MDS_INODELOCK_LOOKUP | k.MDS_INODELOCK_UPDATE
        return mdc.locks.early_cancels(k, [((i[0], i[1], 0, 0), bits) for i in idents if i != op.NOBODY])

    def link(self, old: str, new: str) -> Any:
        source = yield from self.resolve(old)
        parent, name = yield from self.parent(new)
        asked = op.Link(
            source=source, parent=parent, name=name, time=self.seconds(), cancels=self._early(source, parent)
        )
        return (yield from self.want(self.metadata(), asked))

    def unlink(self, path: str, *, folder: bool = False) -> Any:
        parent, name = yield from self.parent(path)
        child = yield from self.resolve(path)
        mode = stat.S_IFDIR if folder else stat.S_IFREG
        asked = op.Unlink(
            parent=parent, child=child, name=name, mode=mode, time=self.seconds(), cancels=self._early(parent, child)
        )
        result = yield from self.want(self.metadata(), asked)
        yield from self._destroy(result)

    def rmdir(self, path: str) -> Any:
        return (yield from self.unlink(path, folder=True))

    def rename(self, old: str, new: str) -> Any:
        source_dir, old_name = yield from self.parent(old)
        target_dir, new_name = yield from self.parent(new)
        asked = op.Rename(
            source_dir=source_dir, target_dir=target_dir, old=old_name, new=new_name, time=self.seconds(),
            cancels=self._early(source_dir, target_dir),
        )  # fmt: skip
        result = yield from self.want(self.metadata(), asked)
        yield from self._destroy(result)

    def setattr(self, path: str, valid: int, **values: Any) -> Any:
        """`valid` are `MDS_ATTR_*`; values by the names of `operations.SetAttr`."""
        ident = yield from self.resolve(path)
        asked = op.SetAttr(ident=ident, valid=valid, cancels=self._early(ident), **values)
        return (yield from self.want(self.metadata(), asked))

    def setxattr(self, path: str, name: bytes, value: bytes) -> Any:
        ident = yield from self.resolve(path)
        k = names(self.metadata().dialect)
        asked = op.SetXattr(ident=ident, valid=k.OBD_MD_FLXATTR, name=name, value=value, time=self.seconds())
        return (yield from self.want(self.metadata(), asked))

    def removexattr(self, path: str, name: bytes) -> Any:
        ident = yield from self.resolve(path)
        asked = op.SetXattr(ident=ident, valid=names(self.metadata().dialect).OBD_MD_FLXATTRRM, name=name)
        return (yield from self.want(self.metadata(), asked))

    def getxattr(self, path: str, name: bytes) -> Any:
        ident = yield from self.resolve(path)
        k = names(self.metadata().dialect)
        asked = op.GetXattr(ident=ident, valid=k.OBD_MD_FLXATTR, name=name, size=LAYOUT_ROOM)
        return (yield from self.want(self.metadata(), asked)).value or b""

    def listxattr(self, path: str) -> Any:
        ident = yield from self.resolve(path)
        asked = op.GetXattr(ident=ident, valid=names(self.metadata().dialect).OBD_MD_FLXATTRLS, size=LAYOUT_ROOM)
        value = (yield from self.want(self.metadata(), asked)).value or b""
        return [name for name in value.split(b"\0") if name]

    def readdir(self, path: str) -> Any:
        """The names in a directory, in either page format; of one of several stripes those of each."""
        folder = yield from self.getattr(path)
        if not folder.size:  # a directory without a size has no entries (liblustre/dir.c: llu_iop_filldirentries)
            return []
        layout = self.striped.get(folder.ident)
        if layout is None:
            return (yield from self._listed(folder.ident))
        found = [b".", b".."]
        for fid in layout.lmv_stripe_fids:  # each of which has these two
            names_ = yield from self._listed((int(fid.f_seq), int(fid.f_oid), int(fid.f_ver)))
            found += [name for name in names_ if name not in (b".", b"..")]
        return found

    def _listed(self, ident: Ident) -> Any:
        mdc = self.metadata()
        found: list[bytes] = []
        offset = 0
        while True:
            request = yield from self.ask(mdc, op.ReadPage(ident=ident, offset=offset, size=PAGE))
            if request.status < 0:
                raise OperationFailed(request.status)
            data = request.sink or b""
            if packer(mdc.dialect).personality.directory == "blocks":
                found += [name for name, _ in pages.read_blocks(mdc.dialect, data)]
                offset += PAGE
                if offset >= result_of(request).size:
                    return found
            else:
                entries, offset = pages.read_pages(mdc.dialect, data)
                found += [name for name, _ in entries]
                if offset == pages.end_of(mdc.dialect):
                    return found

    def statfs(self) -> Any:
        """Statistics of the MDS and of every OST."""
        out = [(yield from self.want(self.metadata(), op.StatFs())).statfs]
        for osc in self.oscs.values():
            result = yield from self.want(osc, op.StatFs(), "OST_STATFS")
            out.append(result.statfs)
        return out

    def sync(self) -> Any:
        """Everything done so far is on the disk of the MDS."""
        yield from self.want(self.metadata(), op.Sync())

    def unmount(self) -> Steps:
        """Close what is open, give locks back, disconnect. A file its server has forgotten is closed already."""
        for handle in list(self.files):
            with suppress(OperationFailed):
                yield from self.close(handle)
        for owner in self.imports():
            if owner.state is ImportState.FULL:
                request = owner.request(owner.config.disconnect, no_resend=True)
                yield Call(owner, request)
                owner.set_state(ImportState.CLOSED)


def _signed(value: int) -> int:
    """An errno that travelled as an unsigned 64-bit number."""
    return value - (1 << 64) if value >> 63 else value
