"""Changes of the namespace: mds/mds_reint.c and mdt/mdt_reint.c without the dialect."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable
from typing import Any

import attrs

from lustre_wire.errors import WireError
from lustre_wire.payloads import acl
from lustre_wire.recovery.exports import Answer, Incoming
from lustre_wire.recovery.target import Handling
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import layouts, pages
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.mds import striped
from lustre_wire.testbed.mds.mdt import ACL, DEFAULT_LMV, LMV, Mdt
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form
from lustre_wire.testbed.space import Inode, filename, xattr_name

#: Bytes of the longest path and its NUL (linux/limits.h).
PATH_MAX = 4096
#: What Linux answers where a name is "." or ".." (fs/namei.c): to making, to unlinking, to removing a directory.
EXISTS, UNLINK, RMDIR = (errno.EEXIST, errno.EEXIST), (errno.EISDIR, errno.EISDIR), (errno.EINVAL, errno.ENOTEMPTY)


XATTR_IGNORED, XATTR_DENIED = (b"trusted.lma", b"trusted.link"), (b"trusted.lov", LMV)


class Changes:
    """Changes of names and attributes on an MDT.

    Args:
        is_open: whether somebody has an object open.
        understood: reads a layout that somebody wants.
        discard: has what everybody knows of a file's data thrown away.

    Attributes:
        made_by_name: a create sent again is looked up by name where no file has the FID it chose: it may have been
            done by a server that names files itself. No release does so.
    """

    def __init__(
        self, mdt: Mdt, is_open: Callable[[Inode], bool], understood: Callable[[bytes], layouts.Layout | None],
        discard: Callable[[Inode], None],
    ) -> None:  # fmt: skip
        self.mdt, self.k, self.is_open, self.understood, self.discard = mdt, mdt.k, is_open, understood, discard
        self.made_by_name = False

    def create(self, form: Form, asked: op.Create, request: Incoming) -> Handling:
        parent = self.mdt.space.need_dir(asked.parent)
        name = filename(asked.name, dots=EXISTS)
        target = (asked.data or b"").rstrip(b"\0") if stat.S_ISLNK(asked.mode) else b""
        if stat.S_IFMT(asked.mode) not in pages.EXT2_TYPES or b"\0" in target:
            raise Refused(-errno.EINVAL)
        if stat.S_ISLNK(asked.mode) and not 0 < len(target) < PATH_MAX:
            raise Refused(-(errno.ENAMETOOLONG if target else errno.ENOENT))
        wish = self._stripes(asked, replay=self.mdt.target.is_replay(request))
        yield from self.mdt.locked(request, [(parent, int(self.k.MDS_INODELOCK_UPDATE))])
        parent = self.mdt.space.living_dir(asked.parent)
        if self.mdt.space.lookup(parent, name) is not None:
            raise Refused(-errno.EEXIST)
        self.mdt.quota.need(asked.uid, asked.gid, 1)
        self._room(parent)
        transaction = self.mdt.target.begin(request)
        transaction.versions("create", parent=parent.ino, name=None, child=None)
        ino, generation, fid = self.mdt.space.new(asked.mode, asked.child, again=transaction.replay)
        folder = stat.S_ISDIR(asked.mode)
        mode = asked.mode if stat.S_ISLNK(asked.mode) else asked.mode & ~asked.umask
        inode = Inode(
            ino, generation, mode, fid, asked.uid, asked.gid, atime=asked.time, mtime=asked.time,
            ctime=asked.time, rdev=asked.rdev, nlink=2 if folder else 1, parent=parent.ino, size=len(target),
            target=target, btime=asked.time, md=parent.md if folder else b"",
        )  # fmt: skip
        self.mdt.space.add(inode)
        self.mdt.space.link(parent, name, inode, asked.time)
        if wish.stripes:
            inode = striped.make(self.mdt.space, self.mdt.space.get(ino), wish)
        for shard in inode.shards:
            self.mdt.target.store.set(("version", shard), transaction.transno)
        transaction.touch("create", parent=parent.ino, child=inode.ino)
        transaction.finish()
        return self.mdt.answer(form, request, self.mdt.attributes(inode, md=bool(wish.stripes)))

    def _stripes(self, asked: op.Create, *, replay: bool) -> striped.Wanted:
        """How a new directory is to be striped. What its client knows of the parent is not asked for, and only a replay
        says which stripes it has."""
        ea, most = asked.ea or b"", self.mdt.personality.most_shards
        known = asked.flags & self.k.flag("MDS_OPEN_DEFAULT_LMV")
        if not most or not stat.S_ISDIR(asked.mode) or known or not ea.strip(b"\0"):
            return striped.Wanted()
        try:
            if striped.is_layout(self.mdt.dialect, ea):
                wish = striped.wanted(self.mdt.dialect, ea, most)
                return wish if replay else attrs.evolve(wish, idents=())
        except WireError:
            pass
        raise Refused(-errno.EINVAL)

    def _room(self, parent: Inode) -> None:
        status = self.mdt.room(parent)
        if status:
            raise Refused(status)

    def made(self, asked: op.Create) -> Inode | None:
        """What a create made: by the identity the client chose, or by name (R25)."""
        made = self.mdt.space.find(asked.child) if self.mdt.space.by_fid else None
        if made is not None or (self.mdt.space.by_fid and not self.made_by_name):
            return made
        return self.mdt.space.lookup(self.mdt.space.need_dir(asked.parent), asked.name)

    def link(self, form: Form, asked: op.Link, request: Incoming) -> Handling:
        bits = int(self.k.MDS_INODELOCK_UPDATE)
        wanted = [(self.mdt.space.need_dir(asked.parent), bits), (self.mdt.space.need(asked.source), bits)]
        name = filename(asked.name, dots=EXISTS)
        yield from self.mdt.locked(request, wanted)
        parent, source = self.mdt.space.living_dir(asked.parent), self.mdt.space.need(asked.source)
        taken = self.mdt.space.lookup(parent, name) is not None
        if taken and (self.mdt.personality.link_looks_up or not source.is_dir):
            raise Refused(-errno.EEXIST)
        if source.is_dir:
            raise Refused(-errno.EPERM)
        self._room(parent)
        transaction = self.mdt.target.begin(request)
        transaction.versions("link", target_dir=parent.ino, source=source.ino, name=None)
        source = attrs.evolve(source, nlink=source.nlink + 1, ctime=asked.time)
        self.mdt.space.put(source)
        self.mdt.space.store.delete(("orphan", source.ino))
        self.mdt.space.link(parent, name, source, asked.time)
        transaction.touch("link", target_dir=parent.ino, source=source.ino)
        transaction.finish()
        return self.mdt.answer(form, request, self.mdt.attributes(source))

    def unlink(self, form: Form, asked: op.Unlink, request: Incoming) -> Handling:
        parent = self.mdt.space.need_dir(asked.parent)
        name = filename(asked.name, dots=RMDIR if stat.S_ISDIR(asked.mode) else UNLINK)
        child = self.mdt.space.lookup(parent, name)
        if child is None:
            raise Refused(-errno.ENOENT)
        full = int(self.k.MDS_INODELOCK_LOOKUP | self.k.MDS_INODELOCK_UPDATE)
        yield from self.mdt.locked(request, [(parent, int(self.k.MDS_INODELOCK_UPDATE)), (child, full)])
        parent = self.mdt.space.need_dir(asked.parent)
        child = self.mdt.space.lookup(parent, name)
        if child is None:
            raise Refused(-errno.ENOENT)
        if child.is_dir != stat.S_ISDIR(asked.mode):
            raise Refused(-(errno.EISDIR if child.is_dir else errno.ENOTDIR))
        if not striped.empty(self.mdt.space, child):
            raise Refused(-errno.ENOTEMPTY)
        transaction = self.mdt.target.begin(request)
        transaction.versions("unlink", parent=parent.ino, child=child.ino)
        transaction.touch("unlink", parent=parent.ino, child=child.ino)
        self.mdt.space.unlink(parent, name, child, asked.time)
        result = self._one_name_less(child, asked.time, request)
        transaction.finish()
        return self.mdt.answer(form, request, result)

    def _one_name_less(self, inode: Inode, time: int, request: Incoming) -> Result:
        """An object lost a name; the last one takes it away, or makes it an orphan while it is open."""
        left = 0 if inode.is_dir else inode.nlink - 1
        changed = attrs.evolve(inode, nlink=left, ctime=time)
        if left:
            self.mdt.space.put(changed)
            return self.mdt.attributes(changed)
        if self.is_open(inode):
            self.mdt.space.put(changed)
            self.mdt.space.store.set(("orphan", inode.ino), True)
            return self.mdt.attributes(changed)
        self.discard(changed)
        return self.mdt.remove(changed, request.export.uuid)

    def rename(self, form: Form, asked: op.Rename, request: Incoming) -> Handling:
        source_dir, target_dir = self.mdt.space.need_dir(asked.source_dir), self.mdt.space.need_dir(asked.target_dir)
        if not asked.old or not asked.new:
            raise Refused(-errno.ENOENT)
        if not {asked.old, asked.new}.isdisjoint((b".", b"..")):
            raise Refused(-errno.EBUSY)
        old = self.mdt.space.lookup(source_dir, filename(asked.old))
        if old is None:
            raise Refused(-errno.ENOENT)
        new = self.mdt.space.lookup(target_dir, filename(asked.new))
        update, full = int(self.k.MDS_INODELOCK_UPDATE), int(self.k.MDS_INODELOCK_LOOKUP | self.k.MDS_INODELOCK_UPDATE)
        wanted = [(source_dir, update), (target_dir, update), (old, full), *([(new, full)] if new is not None else [])]
        yield from self.mdt.locked(request, wanted)
        return self._renamed(form, asked, request)

    def _renamed(self, form: Form, asked: op.Rename, request: Incoming) -> Answer:
        source_dir, target_dir = self.mdt.space.need_dir(asked.source_dir), self.mdt.space.living_dir(asked.target_dir)
        old, new = self.mdt.space.lookup(source_dir, asked.old), self.mdt.space.lookup(target_dir, asked.new)
        self._may_rename(source_dir, target_dir, old, new)
        assert old is not None
        transaction = self.mdt.target.begin(request)
        transaction.versions(
            "rename", source_dir=source_dir.ino, target_dir=target_dir.ino, old=old.ino, new=new.ino if new else None
        )
        transaction.touch(
            "rename", source_dir=source_dir.ino, target_dir=target_dir.ino, old=old.ino, new=new.ino if new else None
        )
        result = self.mdt.attributes(old)
        if new is not None and new.ino != old.ino:
            target_dir = self.mdt.space.unlink(target_dir, asked.new, new, asked.time)
            result = self._one_name_less(new, asked.time, request)
        if new is None or new.ino != old.ino:
            self.mdt.space.unlink(self.mdt.space.get(source_dir.ino), asked.old, old, asked.time)
            moved = attrs.evolve(old, parent=target_dir.ino, ctime=asked.time)
            self.mdt.space.put(moved)
            self.mdt.space.link(self.mdt.space.get(target_dir.ino), asked.new, moved, asked.time)
        transaction.finish()
        return self.mdt.answer(form, request, result)

    def _may_rename(self, source_dir: Inode, target_dir: Inode, old: Inode | None, new: Inode | None) -> None:
        if old is None:
            raise Refused(-errno.ENOENT)
        if self.mdt.space.holds(old, target_dir):
            raise Refused(-errno.EINVAL)
        if new is not None and self.mdt.space.holds(new, source_dir):
            raise Refused(-errno.ENOTEMPTY)
        if new is None and source_dir.ino != target_dir.ino:
            self._room(target_dir)
        if new is not None and new.ino != old.ino:
            if new.is_dir and not old.is_dir:
                raise Refused(-errno.EISDIR)
            if old.is_dir and not new.is_dir:
                raise Refused(-errno.ENOTDIR)
            if not striped.empty(self.mdt.space, new):
                raise Refused(-errno.ENOTEMPTY)

    def setattr(self, form: Form, asked: op.SetAttr, request: Incoming) -> Handling:
        k, inode = self.k, self.mdt.space.need(asked.ident)
        locking = self.mdt.personality.locking
        bits = k.MDS_INODELOCK_LOOKUP | k.MDS_INODELOCK_UPDATE if locking is None else locking.setattr
        yield from self.mdt.locked(request, [(inode, int(bits))])
        inode = self.mdt.space.need(asked.ident)
        transaction = self.mdt.target.begin(request)
        checked = asked.valid & (k.MDS_ATTR_MODE | k.MDS_ATTR_UID | k.MDS_ATTR_GID | k.MDS_ATTR_ATTR_FLAG)
        if checked:
            transaction.versions("setattr", object=inode.ino)
        inode = self._changed(inode, asked)
        if inode.is_dir and asked.ea:
            inode = self._defaults(inode, asked.ea)
        self.mdt.space.put(inode)
        for shard in map(self.mdt.space.get, inode.shards):  # they are one directory (lod_attr_set)
            self.mdt.space.put(attrs.evolve(shard, mode=inode.mode, uid=inode.uid, gid=inode.gid))
        if checked:
            transaction.touch("setattr", object=inode.ino)
        transaction.finish()
        return self.mdt.answer(form, request, self.mdt.attributes(inode))

    def _changed(self, inode: Inode, asked: op.SetAttr) -> Inode:
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

    def _defaults(self, inode: Inode, ea: bytes) -> Inode:
        """A directory with what it says of what is made in it: of files, or of subdirectories."""
        if not self.mdt.personality.most_shards or not striped.is_layout(self.mdt.dialect, ea):
            return attrs.evolve(inode, md=self._default(ea))
        values = {name: value for name, value in inode.xattrs if name != DEFAULT_LMV}
        if not striped.is_usual(self.mdt.dialect, ea):
            values[DEFAULT_LMV] = ea
        return attrs.evolve(inode, xattrs=tuple(sorted(values.items())))

    def _default(self, ea: bytes) -> bytes:
        """What a directory says of new files; nothing where all of it is what is usual anyhow (LOVEA_DELETE_VALUES)."""
        wanted = self.understood(ea)
        usual = layouts.Layout((layouts.Component(stripes=0),))
        return b"" if wanted is None or wanted == usual else ea

    def _mode(self, inode: Inode, name: bytes, value: bytes | None) -> int:
        """The mode of an object when an attribute is set: an access control list says what mode goes with it."""
        if name != ACL or value is None:
            return inode.mode
        try:
            entries = acl.read(value, self.mdt.dialect).a_entries
        except WireError:
            raise Refused(-errno.EINVAL) from None
        perms = {int(entry.e_tag): int(entry.e_perm) for entry in entries}
        k = self.k
        user, group, mask, other = (
            perms.get(tag) for tag in (k.ACL_USER_OBJ, k.ACL_GROUP_OBJ, k.ACL_MASK, k.ACL_OTHER)
        )
        bits = [inode.mode >> 6 & 7 if user is None else user]
        bits.append(mask if mask is not None else inode.mode >> 3 & 7 if group is None else group)
        bits.append(inode.mode & 7 if other is None else other)
        return inode.mode & ~0o777 | bits[0] << 6 | bits[1] << 3 | bits[2]

    def setxattr(self, form: Form, asked: op.SetXattr, request: Incoming) -> Handling:
        inode, name = self.mdt.space.need(asked.ident), xattr_name(asked.name)
        if name in XATTR_DENIED:
            raise Refused(-errno.EACCES)
        if name in XATTR_IGNORED:
            return self.mdt.answer(form, request, self.mdt.attributes(inode))
        locking = self.mdt.personality.locking
        bits = self.k.MDS_INODELOCK_UPDATE if locking is None else locking.setxattr
        yield from self.mdt.locked(request, [(inode, int(bits))])
        inode = self.mdt.space.need(asked.ident)
        values = dict(inode.xattrs)
        if asked.valid & self.k.OBD_MD_FLXATTRRM:
            if values.pop(name, None) is None:
                raise Refused(-errno.ENODATA)
        else:
            values[name] = asked.value or b""
            if sum(len(key) + len(value) for key, value in values.items()) > self.mdt.target.limits.xattrs:
                raise Refused(-errno.ENOSPC)
        transaction = self.mdt.target.begin(request)
        transaction.versions("setxattr", object=inode.ino)
        mode = self._mode(inode, name, values.get(name))
        inode = attrs.evolve(inode, xattrs=tuple(sorted(values.items())), mode=mode)
        self.mdt.space.put(inode)
        transaction.touch("setxattr", object=inode.ino)
        transaction.finish()
        return self.mdt.answer(form, request, self.mdt.attributes(inode))
