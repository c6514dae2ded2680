"""Bytes of files that an MDT keeps itself (Data-on-MDT): mdt/mdt_io.c and mdt_lvb.c of 2.17.0."""

from __future__ import annotations

import errno
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.engines import record
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm import Bits, Lock
from lustre_wire.recovery.target import Handling
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.mds.mdt import INODE, Mdt
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form
from lustre_wire.testbed.space import Inode
from lustre_wire.testbed.transfers import MAX_BULK, Bytes, Object

#: Bits of the offset in a page of a client that does not say how large its pages are.
PAGE_BITS = 12


class Data(Bytes):
    """Transfers, locks and glimpses of what an MDT keeps.

    Attributes:
        pages: by client: bits of the offset in a page of its.
    """

    def __init__(self, mdt: Mdt, store: Any) -> None:
        super().__init__(mdt.dialect, store, Hardware())
        self.mdt = mdt
        self.pages: dict[bytes, int] = {}

    # -- objects -------------------------------------------------------------------------------------------------

    def found(self, asked: op.ObjectOp) -> Object:
        inode = self.mdt.space.find((asked.seq, asked.id, 0))
        if inode is None:
            raise Refused(-errno.ENOENT)
        if not inode.is_file:
            raise Refused(-errno.EPERM)
        return self.of(inode)

    def readable(self, asked: op.ObjectRead) -> Object:
        """A read of what is gone has no bytes: its client may have been evicted just now (mdt_preprw_read)."""
        gone = self.mdt.space.find((asked.seq, asked.id, 0)) is None
        return Object(0) if gone else self.found(asked)

    def of(self, inode: Inode) -> Object:
        """A file's own object."""
        return Object(inode.ino, inode.size, inode.mtime, inode.atime, inode.ctime, inode.uid, inode.gid, inode.written)

    def keep(self, obj: Object) -> None:
        inode = self.mdt.space.get(obj.id)
        self.mdt.space.put(attrs.evolve(inode, size=obj.size, mtime=obj.mtime, written=obj.written))

    def left(self) -> int:
        space, limits = self.mdt.space, self.target.limits
        return (limits.inodes - space.inodes) * INODE - int(self.store.file_bytes)

    def most(self, obj: Object) -> int:
        part = self.part(self.mdt.space.get(obj.id))
        return part.end if part is not None else 0

    def part(self, inode: Inode) -> layouts.Component | None:
        """The component of a file that is here."""
        if not inode.is_file or not inode.md or not self.mdt.personality.locking:
            return None
        return layouts.read(self.dialect, inode.md).on_mdt

    def result(self, obj: Object, asked: op.ObjectOp) -> Result:
        made = super().result(obj, asked)
        made.valid = self.personality.valid(asked, mdt=True)
        return made

    # -- locks ---------------------------------------------------------------------------------------------------

    @property
    def bit(self) -> int:
        """The inode bit that protects data."""
        locking = self.mdt.personality.locking
        return int(locking.data) if locking is not None else 0

    def value_of(self, lock: Lock) -> Any:
        """Of a lock on data, but not of one on the layout too (ldlm_server_completion_ast)."""
        locking = self.mdt.personality.locking
        if locking is None or not isinstance(lock.policy, Bits) or not lock.policy.bits & self.bit:
            return None
        if lock.policy.bits & locking.layout:
            return None
        inode = self.mdt.space.find((lock.resource[0], lock.resource[1], 0))
        return self.lvb_of(self.of(inode)) if inode is not None else None

    def known_by(self, export: Export, inode: Inode, *, writes: bool) -> bool:
        """Has a client a lock on the data already, with which it can do what it opens a file for
        (mdt_dom_client_has_lock)?"""
        k, space = self.k, self.target.namespace
        held = space.holders(k.LDLM_IBITS, self.mdt.name(inode), k.LCK_EX, Bits(self.bit))
        modes = k.LCK_PW if writes else k.LCK_PR | k.LCK_PW
        return any(lock.owner is export and lock.granted & modes for lock in held)

    def enqueue(self, form: Form, asked: op.Enqueue, request: Incoming) -> Handling | Answer:
        """A lock on data alone, or with an intent that is none of the MDT's, a glimpse (mdt_glimpse_enqueue)."""
        k, wanted = self.k, asked.dlm_req
        name = tuple(wanted.lock_desc.l_resource.lr_name.name)
        lvb = self.lvb_of(self.of(self.mdt.space.need((int(name[0]), int(name[1]), 0))))
        if wanted.lock_flags & k.LDLM_FL_HAS_INTENT:
            space, bits = self.target.namespace, Bits(self.bit)
            against = space.holders(k.LDLM_IBITS, name, int(wanted.lock_desc.l_req_mode), bits)
            if against:
                writers = [lock for lock in against if lock.granted == k.LCK_PW and lock.owner is not None]
                asks = writers and not wanted.lock_flags & k.LDLM_FL_BLOCK_NOWAIT  # asked for ahead: nobody waits
                return self.glimpsed(form, request, writers[0] if asks else None, lvb)
        return self.locked(form, request, wanted, lvb)

    def discard(self, inode: Inode) -> None:
        """A file is gone: who has its data throws it away, and nobody waits for that (mdt_dom_discard_data)."""
        if self.part(inode) is None:
            return
        space = self.target.namespace

        def granted(lock: Lock) -> None:
            space.cancel(lock.cookie)

        space.enqueue(
            self.k.LDLM_IBITS, self.mdt.name(inode), self.k.LCK_PW, Bits(self.bit),
            flags=self.k.LDLM_FL_DISCARD_DATA, notify=granted,
        )  # fmt: skip

    # -- what goes with other answers ----------------------------------------------------------------------------

    def size(self, result: Result, inode: Inode, granted: int) -> None:
        """Say how large the data is, to whom has a lock on it (mdt_pack_size2body)."""
        if granted & self.bit:
            obj = self.of(inode)
            result.dom_size, result.dom_blocks = obj.size, obj.blocks
            result.valid |= int(self.mdt.personality.bodies.dom_size)

    def inline(self, form: Form, request: Incoming, result: Result, inode: Inode) -> None:
        """The data itself in the answer to an open that takes the locks on it and on the layout along, where the client
        has room for it: all of it, or what of its end does not fill a page (mdt_dom_read_on_open)."""
        room, size = min(int(request.message.header.lm_repsize), MAX_BULK), result.dom_size
        locking, part, message = self.mdt.personality.locking, self.part(inode), request.message
        assert locking is not None and message.format is not None
        bits = int(result.dlm_rep.lock_desc.l_policy_data.l_inodebits.bits)
        if not room or not size or part is None or ~bits & (locking.layout | self.bit):
            return
        buffers = self.pack.buffers(form, message.format.name, result)
        room -= len(rpc.encode(rpc.build(self.dialect, message.format.name, rpc.REPLY, **buffers)))
        length = size
        if size > room:
            length = size % (1 << max(self.pages.get(request.export.uuid, 0), PAGE_BITS))
            if size >= part.size or not 0 < length <= room:
                return
        piece = self.dialect.structs["niobuf_remote"](rnb_offset=size - length, rnb_len=length)
        result.inline = record.pack(piece) + self.bytes_of(self.of(inode), size - length, length)
