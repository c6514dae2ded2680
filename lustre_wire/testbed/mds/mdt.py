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
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form, packer
from lustre_wire.testbed.quota import Quota
from lustre_wire.testbed.space import Inode, Space

MAX_MDSIZE, MAX_COOKIESIZE = 1024, 128


class Mdt:
    """An MDT as its handlers see it.

    Attributes:
        space: files and directories; `quota` says who may have how many.
        pack: reads and writes messages; `k` has the dialect's numbers.
        target: what it is served by; set by the node, which makes both.
    """

    def __init__(self, dialect: Any, store: Any) -> None:
        self.dialect, self.pack, self.k = dialect, packer(dialect), names(dialect)
        self.space = Space(store, by_fid=self.pack.personality.client_names)
        self.quota = Quota(self.k, store, "inodes", lambda: self.target.now)
        self.target: Target = None  # type: ignore[assignment]

    def attributes(self, inode: Inode, *, md: bool = False) -> Result:
        """A body with an object's attributes, and its layout where asked for."""
        k = self.k
        valid = (
            k.OBD_MD_FLID | k.OBD_MD_FLATIME | k.OBD_MD_FLMTIME | k.OBD_MD_FLCTIME | k.OBD_MD_FLMODE | k.OBD_MD_FLTYPE
            | k.OBD_MD_FLUID | k.OBD_MD_FLGID | k.OBD_MD_FLFLAGS | k.OBD_MD_FLNLINK | k.OBD_MD_FLGENER | k.OBD_MD_FLRDEV
        )  # fmt: skip
        if not inode.is_file or not inode.md:
            valid |= k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS
        size = self.space.listed(inode, "size", lambda: pages.directory_size(inode)) if inode.is_dir else inode.size
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

    def room(self, parent: Inode) -> int:
        """-ENOSPC where no other object, or no other name in a directory, can be made; otherwise 0."""
        limits = self.target.limits
        full = self.space.inodes >= limits.inodes or len(parent.entries) >= limits.entries
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

    def grant(self, request: Incoming, dlm_req: Any, inode: Inode, bits: int) -> Any:
        """A lock for the client on what its intent found: the `ldlm_reply`."""
        desc = dlm_req.lock_desc
        desc.l_resource.lr_type, desc.l_resource.lr_name.name = self.k.LDLM_IBITS, list(self.name(inode))
        desc.l_policy_data.l_inodebits.bits = bits
        reply, status = server.enqueue(self.target.namespace, request, dlm_req)
        if reply is None:
            raise Refused(status, failed=True)
        return reply
