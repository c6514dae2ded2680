"""Changes of the namespace: mds/mds_reint.c and mdt/mdt_reint.c without the dialect."""

from __future__ import annotations

import errno
import stat
from typing import TYPE_CHECKING, Any

import attrs

from lustre_wire.recovery.exports import Answer, Incoming
from lustre_wire.recovery.target import Handling
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form
from lustre_wire.testbed.space import Inode

if TYPE_CHECKING:
    from lustre_wire.testbed.mds import Metadata


class Changes:
    """The part of `Metadata` that changes names and attributes."""

    def _create(self: Metadata, form: Form, asked: op.Create, request: Incoming) -> Handling:  # type: ignore[misc]
        parent = self.space.need_dir(asked.parent)
        held = yield from self.locked([(parent, int(self.k.MDS_INODELOCK_UPDATE))])
        try:
            parent = self.space.need_dir(asked.parent)
            if self.space.lookup(parent, asked.name) is not None:
                raise Refused(-errno.EEXIST)
            transaction = self.target.begin(request)
            transaction.versions("create", parent=parent.ino, name=None, child=None)
            ino, generation, fid = self.space.new(asked.mode, asked.child, again=transaction.replay)
            folder = stat.S_ISDIR(asked.mode)
            inode = Inode(
                ino, generation, asked.mode, fid, asked.uid, asked.gid, atime=asked.time, mtime=asked.time,
                ctime=asked.time, rdev=asked.rdev, nlink=2 if folder else 1, parent=parent.ino,
                target=(asked.data or b"").rstrip(b"\0") if stat.S_ISLNK(asked.mode) else b"",
            )  # fmt: skip
            inode = attrs.evolve(inode, size=len(inode.target)) if inode.target else inode
            self.space.add(inode)
            self.space.link(parent, asked.name, inode, asked.time)
            transaction.touch(parent.ino, inode.ino)
            transaction.finish()
            return self.answer(form, request, self.attributes(inode))
        finally:
            self.unlocked(held)

    def _made(self: Metadata, asked: op.Create) -> Inode | None:  # type: ignore[misc]
        """What a create made: by the identity the client chose, or by name (R25)."""
        made = self.space.find(asked.child) if self.space.by_fid else None
        if made is not None or (self.space.by_fid and not self.made_by_name):
            return made
        return self.space.lookup(self.space.need_dir(asked.parent), asked.name)

    def _link(self: Metadata, form: Form, asked: op.Link, request: Incoming) -> Handling:  # type: ignore[misc]
        bits = int(self.k.MDS_INODELOCK_UPDATE)
        wanted = [(self.space.need_dir(asked.parent), bits), (self.space.need(asked.source), bits)]
        held = yield from self.locked(wanted)
        try:
            parent, source = self.space.need_dir(asked.parent), self.space.need(asked.source)
            if source.is_dir:
                raise Refused(-errno.EPERM)
            if self.space.lookup(parent, asked.name) is not None:
                raise Refused(-errno.EEXIST)
            transaction = self.target.begin(request)
            transaction.versions("link", target_dir=parent.ino, source=source.ino, name=None)
            source = attrs.evolve(source, nlink=source.nlink + 1, ctime=asked.time)
            self.space.put(source)
            self.space.store.delete(("orphan", source.ino))
            self.space.link(parent, asked.name, source, asked.time)
            transaction.touch(parent.ino, source.ino)
            transaction.finish()
            return self.answer(form, request, self.attributes(source))
        finally:
            self.unlocked(held)

    def _unlink(self: Metadata, form: Form, asked: op.Unlink, request: Incoming) -> Handling:  # type: ignore[misc]
        parent = self.space.need_dir(asked.parent)
        child = self.space.lookup(parent, asked.name)
        if child is None:
            raise Refused(-errno.ENOENT)
        full = int(self.k.MDS_INODELOCK_LOOKUP | self.k.MDS_INODELOCK_UPDATE)
        held = yield from self.locked([(parent, int(self.k.MDS_INODELOCK_UPDATE)), (child, full)])
        try:
            parent = self.space.need_dir(asked.parent)
            child = self.space.lookup(parent, asked.name)
            if child is None:
                raise Refused(-errno.ENOENT)
            if child.is_dir != stat.S_ISDIR(asked.mode):
                raise Refused(-(errno.EISDIR if child.is_dir else errno.ENOTDIR))
            if child.entries:
                raise Refused(-errno.ENOTEMPTY)
            transaction = self.target.begin(request)
            transaction.versions("unlink", parent=parent.ino, child=child.ino)
            self.space.unlink(parent, asked.name, child, asked.time)
            result = self._one_name_less(child, asked.time)
            transaction.touch(parent.ino, child.ino)
            transaction.finish()
            return self.answer(form, request, result)
        finally:
            self.unlocked(held)

    def _one_name_less(self: Metadata, inode: Inode, time: int) -> Result:  # type: ignore[misc]
        """An object lost a name; the last one takes it away, or makes it an orphan while it is open."""
        left = 0 if inode.is_dir else inode.nlink - 1
        changed = attrs.evolve(inode, nlink=left, ctime=time)
        if left:
            self.space.put(changed)
            return self.attributes(changed)
        if self.is_open(inode):
            self.space.put(changed)
            self.space.store.set(("orphan", inode.ino), True)
            return self.attributes(changed)
        self.space.remove(inode)
        return self.attributes(changed, md=True)

    def _rename(self: Metadata, form: Form, asked: op.Rename, request: Incoming) -> Handling:  # type: ignore[misc]
        source_dir, target_dir = self.space.need_dir(asked.source_dir), self.space.need_dir(asked.target_dir)
        old = self.space.lookup(source_dir, asked.old)
        if old is None:
            raise Refused(-errno.ENOENT)
        new = self.space.lookup(target_dir, asked.new)
        update, full = int(self.k.MDS_INODELOCK_UPDATE), int(self.k.MDS_INODELOCK_LOOKUP | self.k.MDS_INODELOCK_UPDATE)
        wanted = {source_dir.ino: (source_dir, update), target_dir.ino: (target_dir, update), old.ino: (old, full)}
        if new is not None:
            wanted[new.ino] = (new, full)
        held = yield from self.locked(list(wanted.values()))
        try:
            return self._renamed(form, asked, request)
        finally:
            self.unlocked(held)

    def _renamed(self: Metadata, form: Form, asked: op.Rename, request: Incoming) -> Answer:  # type: ignore[misc]
        source_dir, target_dir = self.space.need_dir(asked.source_dir), self.space.need_dir(asked.target_dir)
        old, new = self.space.lookup(source_dir, asked.old), self.space.lookup(target_dir, asked.new)
        self._may_rename(target_dir, old, new)
        assert old is not None
        transaction = self.target.begin(request)
        transaction.versions(
            "rename", source_dir=source_dir.ino, target_dir=target_dir.ino, old=old.ino, new=new.ino if new else None
        )
        result = self.attributes(old)
        if new is not None and new.ino != old.ino:
            target_dir = self.space.unlink(target_dir, asked.new, new, asked.time)
            result = self._one_name_less(new, asked.time)
        if new is None or new.ino != old.ino:
            self.space.unlink(self.space.get(source_dir.ino), asked.old, old, asked.time)
            moved = attrs.evolve(old, parent=target_dir.ino, ctime=asked.time)
            self.space.put(moved)
            self.space.link(self.space.get(target_dir.ino), asked.new, moved, asked.time)
        transaction.touch(source_dir.ino, target_dir.ino, old.ino, *([new.ino] if new else []))
        transaction.finish()
        return self.answer(form, request, result)

    def _may_rename(self: Metadata, target_dir: Inode, old: Inode | None, new: Inode | None) -> None:  # type: ignore[misc]
        if old is None:
            raise Refused(-errno.ENOENT)
        if new is not None and new.ino != old.ino:
            if new.is_dir and not old.is_dir:
                raise Refused(-errno.EISDIR)
            if old.is_dir and not new.is_dir:
                raise Refused(-errno.ENOTDIR)
            if new.entries:
                raise Refused(-errno.ENOTEMPTY)
        above = target_dir
        while old.is_dir and above.parent != above.ino:
            if above.ino == old.ino:
                raise Refused(-errno.EINVAL)
            above = self.space.get(above.parent)

    def _setattr(self: Metadata, form: Form, asked: op.SetAttr, request: Incoming) -> Handling:  # type: ignore[misc]
        k, inode = self.k, self.space.need(asked.ident)
        held = yield from self.locked([(inode, int(k.MDS_INODELOCK_LOOKUP | k.MDS_INODELOCK_UPDATE))])
        try:
            inode = self.space.need(asked.ident)
            transaction = self.target.begin(request)
            checked = asked.valid & (k.MDS_ATTR_MODE | k.MDS_ATTR_UID | k.MDS_ATTR_GID | k.MDS_ATTR_ATTR_FLAG)
            if checked:
                transaction.versions("setattr", object=inode.ino)
            inode = self._changed(inode, asked)
            self.space.put(inode)
            if checked:
                transaction.touch(inode.ino)
            transaction.finish()
            return self.answer(form, request, self.attributes(inode))
        finally:
            self.unlocked(held)

    def _changed(self: Metadata, inode: Inode, asked: op.SetAttr) -> Inode:  # type: ignore[misc]
        k = self.k
        changes: dict[str, tuple[int, Any]] = {
            "mode": (k.MDS_ATTR_MODE, stat.S_IFMT(inode.mode) | stat.S_IMODE(asked.mode)),
            "uid": (k.MDS_ATTR_UID, asked.owner),
            "gid": (k.MDS_ATTR_GID, asked.group),
            "size": (k.MDS_ATTR_SIZE, asked.size),
            "atime": (k.MDS_ATTR_ATIME, asked.atime),
            "mtime": (k.MDS_ATTR_MTIME, asked.mtime),
            "ctime": (k.MDS_ATTR_CTIME, asked.ctime),
            "flags": (k.MDS_ATTR_ATTR_FLAG, asked.attr_flags),
        }
        return attrs.evolve(inode, **{name: value for name, (bit, value) in changes.items() if asked.valid & bit})

    def _setxattr(self: Metadata, form: Form, asked: op.SetXattr, request: Incoming) -> Handling:  # type: ignore[misc]
        from lustre_wire.testbed.mds import XATTR_DENIED, XATTR_IGNORED

        inode = self.space.need(asked.ident)
        if asked.name in XATTR_DENIED:
            raise Refused(-errno.EACCES)
        if asked.name in XATTR_IGNORED:
            return self.answer(form, request, self.attributes(inode))
        held = yield from self.locked([(inode, int(self.k.MDS_INODELOCK_UPDATE))])
        try:
            inode = self.space.need(asked.ident)
            values = dict(inode.xattrs)
            if asked.valid & self.k.OBD_MD_FLXATTRRM:
                if values.pop(asked.name, None) is None:
                    raise Refused(-errno.ENODATA)
            else:
                values[asked.name] = asked.value or b""
            transaction = self.target.begin(request)
            transaction.versions("setxattr", object=inode.ino)
            inode = attrs.evolve(inode, xattrs=tuple(sorted(values.items())))
            self.space.put(inode)
            transaction.touch(inode.ino)
            transaction.finish()
            return self.answer(form, request, self.attributes(inode))
        finally:
            self.unlocked(held)
