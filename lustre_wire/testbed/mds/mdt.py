"""What all handlers of an MDT need: its objects, its locks, and answers in the request's own format."""

from __future__ import annotations

import errno
from typing import Any

from lustre_wire.recovery.exports import Answer, Incoming
from lustre_wire.recovery.ldlm import Bits, server
from lustre_wire.recovery.names import names
from lustre_wire.recovery.target import Target, Wait
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import pages
from lustre_wire.testbed.mds import striped
from lustre_wire.testbed.mds.unlinks import Unlinks
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form, packer
from lustre_wire.testbed.quota import Quota
from lustre_wire.testbed.space import Inode, Space

MAX_COOKIESIZE = 128
#: The first sequence given to a client (lustre_fid.h: FID_SEQ_NORMAL).
FIRST_SEQ = 0x200000400
#: Bytes an inode counts for, where room for inodes and for the bytes of files is one.
INODE = 1024
#: The attribute that is a directory's default layout over MDTs.
DEFAULT_LMV = b"trusted.dmv"
LMV = b"trusted.lmv"
ACL = b"system.posix_acl_access"


class Mdt:
    """An MDT as its handlers see it.

    Attributes:
        space: files and directories; `quota` says who may have how many.
        unlinks: objects of files that are gone.
        pack: reads and writes messages; `k` has the dialect's numbers.
        target: what it is served by; set by the node, which makes both.
    """

    def __init__(self, dialect: Any, store: Any) -> None:
        self.dialect, self.pack, self.k = dialect, packer(dialect), names(dialect)
        self.personality = self.pack.personality
        default = self.personality.default_lmv
        self.space = Space(
            store, by_fid=self.personality.client_names, root=self.personality.root,
            xattrs=((DEFAULT_LMV, default),) if default else (),
        )  # fmt: skip
        self.quota = Quota(self.k, store, "inodes", lambda: self.target.now)
        self.unlinks = Unlinks(dialect, store)
        self.target: Target = None  # type: ignore[assignment]

    def attributes(self, inode: Inode, *, md: bool = False, asked: int = 0) -> Result:
        """A body with an object's attributes, and its layout where asked for.

        Args:
            asked: `OBD_MD_*` the request has.
        """
        bodies, told = self.personality.bodies, inode.told
        valid = int(bodies.always | asked & (bodies.acl | bodies.asked_max))
        size = self.space.listed(inode, "size", lambda: pages.directory_size(inode)) if inode.is_dir else inode.size
        blocks = size // 512 if inode.is_dir else 0
        if not inode.is_file:
            valid |= int(bodies.not_file)
        elif not inode.md:
            valid |= int(bodies.no_objects)
        elif told is not None and md:
            valid |= int(bodies.told)
            size, blocks = told
        lmv = striped.layout(self.dialect, self.space, inode) if md and bodies.striped else b""
        data = lmv or (inode.md if md else None)
        acl = dict(inode.xattrs).get(ACL) if asked & bodies.acl else None
        if data:
            valid |= self.k.OBD_MD_FLDIREA if inode.is_dir else self.k.OBD_MD_FLEASIZE
            valid |= int(bodies.striped) if lmv else 0
        orphan = bodies.orphan_flags if ("orphan", inode.ino) in self.space.store else 0
        return Result(
            ident=self.space.ident(inode), valid=valid, size=size, atime=inode.atime, mtime=inode.mtime,
            blocks=blocks, btime=inode.btime, acl=acl,
            aclsize=len(acl or b""),
            ctime=inode.ctime, ino=inode.ino, generation=inode.generation, mode=inode.mode, owner=inode.uid,
            group=inode.gid,
            flags=inode.flags | (bodies.file_flags if inode.is_file else 0) | orphan, rdev=inode.rdev,
            nlink=inode.nlink,
            md=data or None,
            easize=len(data or b""), max_mdsize=bodies.max_mdsize, max_cookiesize=MAX_COOKIESIZE,
        )  # fmt: skip

    def remove(self, inode: Inode, told: bytes = b"") -> Result:
        """The last of an object, and what is said of it.

        Args:
            told: UUID of the client that is told, and where clients do that removes what it has on OSTs; otherwise, or
                without one, the MDT does.
        """
        for ino in inode.shards:
            self.space.remove(self.space.get(ino))
        self.space.remove(inode)
        bodies = self.personality.bodies
        result = self.attributes(inode, md=bodies.layout_of_removed)
        cookies = (
            self.unlinks.note(inode.md, told if bodies.layout_of_removed else b"") if inode.md and inode.is_file else []
        )
        if cookies:
            result.cookies, result.valid = cookies, result.valid | int(bodies.cookies)
            result.aclsize = sum(cookie.__wire__.size for cookie in cookies)
        return result

    def looked_up(self, inode: Inode, asked: Any, *, md: bool = True) -> Result:
        """What a lookup that asks for these bits, and has room for so long a layout, is told of what it found."""
        bodies = self.personality.bodies
        wanted = bodies.layout_where_asked
        result = self.attributes(inode, md=md and (not wanted or bool(asked.valid & wanted)), asked=asked.valid)
        if asked.easize and asked.valid & bodies.default_lmv_asked and self.default_lmv(inode, result):
            result.easize = len(dict(inode.xattrs)[DEFAULT_LMV])
            result.md = bytes(result.easize)
        return result

    def default_lmv(self, inode: Inode, result: Result) -> bool:
        """Say what a directory says of its subdirectories, if it does."""
        default = dict(inode.xattrs).get(DEFAULT_LMV)
        if not inode.is_dir or not default or not self.personality.default_lmv_room:
            return False
        result.valid |= int(self.personality.bodies.default_lmv_valid)
        result.default_lmv = default.ljust(self.personality.default_lmv_room, b"\0")
        return True

    def new_sequence(self) -> int:
        """The next sequence that nobody has."""
        start = self.space.store.get("next_seq", FIRST_SEQ)
        self.space.store.set("next_seq", start + 1)
        return int(start)

    def room(self, parent: Inode) -> int:
        """-ENOSPC where no other object, or no other name in a directory, can be made; otherwise 0."""
        limits, used = self.target.limits, self.space.inodes + self.space.store.file_bytes // INODE
        full = used >= limits.inodes or len(parent.entries) >= limits.entries
        return -errno.ENOSPC if full else 0

    def answer(self, form: Form, request: Incoming, result: Result, status: int = 0) -> Answer:
        """The reply in the request's own format."""
        message = request.message
        assert message.format is not None
        return Answer(status, self.pack.buffers(form, message.format.name, result))

    # -- locks ---------------------------------------------------------------------------------------------------

    def name(self, inode: Inode) -> tuple[int, int, int, int]:
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
                self.k.LDLM_IBITS, self.name(inode), getattr(self.k, mode), Bits(bits), notify=wait.wake
            )
            assert lock is not None
            request.locks.append(lock.cookie)
            if not lock.granted:
                yield wait

    def unlock(self, request: Incoming) -> None:
        while request.locks:
            self.target.namespace.cancel(request.locks.pop())

    def free_bits(self, request: Incoming, inode: Inode, bits: int, mode: str) -> int:
        """Those of some inode bits that nobody else has a lock against."""
        space, k = self.target.namespace, self.k
        each = (1 << number for number in range(bits.bit_length()) if bits & 1 << number)
        return sum(
            bit for bit in each
            if not space.holders(k.LDLM_IBITS, self.name(inode), getattr(k, mode), Bits(bit), request.export)
        )  # fmt: skip

    def grant(self, request: Incoming, dlm_req: Any, inode: Inode, bits: int, mode: str = "") -> Any:
        """A lock for the client on what its intent found: the `ldlm_reply`.

        Args:
            mode: ``"LCK_PR"``, or "" for what was asked for.
        """
        desc = dlm_req.lock_desc
        if mode:
            desc.l_req_mode = getattr(self.k, mode)
        desc.l_resource.lr_type, desc.l_resource.lr_name.name = self.k.LDLM_IBITS, list(self.name(inode))
        desc.l_policy_data.l_inodebits.bits = bits
        reply, status = server.enqueue(self.target.namespace, request, dlm_req)
        if reply is None:
            raise Refused(status, failed=True)
        return reply
