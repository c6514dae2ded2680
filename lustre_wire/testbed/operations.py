"""What a client asks for and a server answers, without a dialect: the neutral side of `packing`.

Times are seconds, sizes and offsets bytes, `valid` and flag words those of Lustre.
"""

from __future__ import annotations

from typing import Any

import attrs

#: What names an object: the three numbers of an `ll_fid` or of a `lu_fid`, in their order.
Ident = tuple[int, int, int]
NOBODY: Ident = (0, 0, 0)
#: The end of every object (OBD_OBJECT_EOF).
EOF = (1 << 64) - 1


@attrs.define(slots=True, kw_only=True)
class Operation:
    """Who asks."""

    uid: int = 0
    gid: int = 0
    cap: int = 0
    suppgid: int = 0
    suppgid2: int = 0


@attrs.define(slots=True, kw_only=True)
class GetStatus(Operation):
    """The root of the file system."""


@attrs.define(slots=True, kw_only=True)
class GetAttr(Operation):
    """Attributes of an object by identity."""

    ident: Ident = NOBODY
    valid: int = 0
    easize: int = 0


@attrs.define(slots=True, kw_only=True)
class GetAttrName(Operation):
    """Attributes of an entry of a directory."""

    ident: Ident = NOBODY
    name: bytes = b""
    valid: int = 0
    easize: int = 0


@attrs.define(slots=True, kw_only=True)
class Lookup(Operation):
    """IT_LOOKUP and IT_GETATTR: the attributes of `name` in `parent` (or of `child`), with a lock."""

    parent: Ident = NOBODY
    child: Ident = NOBODY
    name: bytes = b""
    valid: int = 0
    easize: int = 0
    intent: int = 0
    dlm_req: Any = None


@attrs.define(slots=True, kw_only=True)
class BatchGetAttr(Lookup):
    """The same as one of many in a `Batch`."""


@attrs.define(slots=True, kw_only=True)
class Batch(Operation):
    """Many operations in one message: `head` is a `but_update_header` with the operations behind it, or where they do
    not fit, `pieces` say how many bytes of bulk data have them."""

    head: bytes = b""
    pieces: Any = None


@attrs.define(slots=True, kw_only=True)
class LayoutGet(Operation):
    """IT_LAYOUT: the layout of what the lock is on, with the lock; what is written between two bytes is made before.

    `ea` comes with a replay: the layout as it was then.
    """

    opc: int = 0
    start: int = 0
    end: int = 0
    ea: bytes | None = None
    intent: int = 0
    dlm_req: Any = None


@attrs.define(slots=True, kw_only=True)
class XattrsGet(Operation):
    """IT_GETXATTR: every extended attribute, its values of at most `size` bytes together, with a lock."""

    ident: Ident = NOBODY
    valid: int = 0
    size: int = 0
    intent: int = 0
    dlm_req: Any = None


@attrs.define(slots=True, kw_only=True)
class Open(Operation):
    """IT_OPEN, with IT_CREAT where the file may be made.

    `child` is the identity the client gives a new file or, in a replay, the file that was opened; `old_handle` and
    `epoch` come with a replay.
    """

    parent: Ident = NOBODY
    child: Ident = NOBODY
    name: bytes = b""
    intent: int = 0
    flags: int = 0
    mode: int = 0
    umask: int = 0
    time: int = 0
    rdev: int = 0
    ea: bytes = b""
    old_handle: int = 0
    epoch: int = 0
    dlm_req: Any = None


@attrs.define(slots=True, kw_only=True)
class Create(Operation):
    """A directory, a symbolic link (`data` is the target with its NUL) or a special file.

    `ea` says how a directory is to be striped, or with `MDS_OPEN_DEFAULT_LMV` in `flags` what its client knows anyhow.
    """

    parent: Ident = NOBODY
    child: Ident = NOBODY
    name: bytes = b""
    mode: int = 0
    umask: int = 0
    time: int = 0
    rdev: int = 0
    flags: int = 0
    data: bytes | None = None
    ea: bytes | None = None
    cancels: tuple[int, ...] = ()


@attrs.define(slots=True, kw_only=True)
class CreateLink(Create):
    """A symbolic link, where that has a format of its own."""


@attrs.define(slots=True, kw_only=True)
class Link(Operation):
    source: Ident = NOBODY
    parent: Ident = NOBODY
    name: bytes = b""
    time: int = 0
    cancels: tuple[int, ...] = ()


@attrs.define(slots=True, kw_only=True)
class Unlink(Operation):
    """Unlink and rmdir: `mode` says which."""

    parent: Ident = NOBODY
    child: Ident = NOBODY
    name: bytes = b""
    mode: int = 0
    time: int = 0
    cancels: tuple[int, ...] = ()


@attrs.define(slots=True, kw_only=True)
class Rename(Operation):
    source_dir: Ident = NOBODY
    target_dir: Ident = NOBODY
    old: bytes = b""
    new: bytes = b""
    mode: int = 0
    time: int = 0
    cancels: tuple[int, ...] = ()


@attrs.define(slots=True, kw_only=True)
class SetAttr(Operation):
    """`valid` are `MDS_ATTR_*`."""

    ident: Ident = NOBODY
    valid: int = 0
    mode: int = 0
    owner: int = 0
    group: int = 0
    size: int = 0
    atime: int = 0
    mtime: int = 0
    ctime: int = 0
    attr_flags: int = 0
    ea: bytes | None = None
    cancels: tuple[int, ...] = ()


@attrs.define(slots=True, kw_only=True)
class GetXattr(Operation):
    """The value of `name`, or with `OBD_MD_FLXATTRLS` the list of names; at most `size` bytes, 0 to ask how many."""

    ident: Ident = NOBODY
    valid: int = 0
    name: bytes | None = None
    size: int = 0


@attrs.define(slots=True, kw_only=True)
class SetXattr(Operation):
    """Set, or with `OBD_MD_FLXATTRRM` remove."""

    ident: Ident = NOBODY
    valid: int = 0
    name: bytes = b""
    value: bytes | None = None
    size: int = 0
    flags: int = 0
    time: int = 0
    cancels: tuple[int, ...] = ()


@attrs.define(slots=True, kw_only=True)
class StatFs(Operation):
    """Of an MDS or an OST."""


@attrs.define(slots=True, kw_only=True)
class Sync(Operation):
    """One object, or everything."""

    ident: Ident = NOBODY


@attrs.define(slots=True, kw_only=True)
class Close(Operation):
    """Close an open handle. `valid` are `OBD_MD_*` or `MDS_ATTR_*`, as the dialect wants them."""

    ident: Ident = NOBODY
    handle: int = 0
    valid: int = 0
    mode: int = 0
    size: int = 0
    blocks: int = 0
    atime: int = 0
    mtime: int = 0
    ctime: int = 0
    epoch: int = 0
    epoch_flags: int = 0


@attrs.define(slots=True, kw_only=True)
class DoneWriting(Close):
    """The client that closed a file has written its last bytes: size on MDT."""


@attrs.define(slots=True, kw_only=True)
class ReadPage(Operation):
    """Directory pages from `offset` on: a byte offset or a hash."""

    ident: Ident = NOBODY
    offset: int = 0
    size: int = 0


@attrs.define(slots=True, kw_only=True)
class Enqueue(Operation):
    """A lock without an intent of the MDS, or a glimpse."""

    dlm_req: Any = None


@attrs.define(slots=True, kw_only=True)
class Cancel(Operation):
    cancels: tuple[int, ...] = ()


@attrs.define(slots=True, kw_only=True)
class Convert(Operation):
    """Some bits of a lock are given back: `dlm_req` says which are kept."""

    dlm_req: Any = None


@attrs.define(slots=True, kw_only=True)
class SeqQuery(Operation):
    """A range of identities for new files."""

    opc: int = 0
    start: int = 0
    end: int = 0


@attrs.define(slots=True, kw_only=True)
class FldQuery(Operation):
    """Which MDT the sequence `start` is on."""

    opc: int = 0
    start: int = 0


@attrs.define(slots=True, kw_only=True)
class Quota(Operation):
    """`quota` is an `obd_quotactl`: usage and limits, to be read or set."""

    quota: Any = None


@attrs.define(slots=True, kw_only=True)
class ObjectQuota(Quota):
    """The same of an OST."""


@attrs.define(slots=True, kw_only=True)
class LogOpen(Operation):
    name: bytes = b""


@attrs.define(slots=True, kw_only=True)
class ConfigRead(Operation):
    """What an MGS keeps in tables: of `kind`, from version `offset` on, in `units` pieces of 1 << `bits` bytes."""

    name: bytes = b""
    offset: int = 0
    kind: int = 0
    nid_size: int = 0
    bits: int = 0
    units: int = 0


@attrs.define(slots=True, kw_only=True)
class FidToPath(Operation):
    """The path of an object: `key` is the request's name and a `getinfo_fid2path`, `vallen` the bytes of the answer."""

    key: bytes = b""
    vallen: int = 0


@attrs.define(slots=True, kw_only=True)
class LogHeader(Operation):
    oid: int = 0
    oseq: int = 0
    ogen: int = 0
    flags: int = 0


@attrs.define(slots=True, kw_only=True)
class LogBlock(Operation):
    oid: int = 0
    oseq: int = 0
    ogen: int = 0
    flags: int = 0
    index: int = 0
    saved_index: int = 0
    length: int = 0
    offset: int = 0


@attrs.define(slots=True, kw_only=True)
class ObjectOp(Operation):
    """An OST object and its attributes (`obdo`).

    Some fields have a second name for what they hold in a transfer: `blocks` is `o_dirty`, `mode` is `o_undirty`,
    `misc` is `o_dropped`, `cksum` is `o_nlink`.
    """

    id: int = 0
    seq: int = 0
    valid: int = 0
    size: int = 0
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    blocks: int = 0
    grant: int = 0
    owner: int = 0
    group: int = 0
    mode: int = 0
    flags: int = 0
    misc: int = 0
    cksum: int = 0
    parent_seq: int = 0
    parent_oid: int = 0
    handle: int = 0


@attrs.define(slots=True, kw_only=True)
class ObjectGetAttr(ObjectOp):
    pass


@attrs.define(slots=True, kw_only=True)
class ObjectSetAttr(ObjectOp):
    pass


@attrs.define(slots=True, kw_only=True)
class ObjectCreate(ObjectOp):
    """Make objects up to `id`, or with `OBD_FL_DELORPHAN` delete those above it."""


@attrs.define(slots=True, kw_only=True)
class ObjectDestroy(ObjectOp):
    """`lcookie` is what the MDT gave for the object when its file went."""

    cancels: tuple[int, ...] = ()
    lcookie: Any = None


@attrs.define(slots=True, kw_only=True)
class ObjectPunch(ObjectOp):
    """Free the bytes from `size` to `blocks`, which is `EOF`: an object is cut off, or lengthened."""


@attrs.define(slots=True, kw_only=True)
class ObjectSync(ObjectOp):
    """Bytes from `size` to `blocks`."""


@attrs.define(slots=True, kw_only=True)
class ObjectSeek(ObjectOp):
    """Where from `size` on data or a hole begins: `mode` is `SEEK_DATA` or `SEEK_HOLE`."""


@attrs.define(slots=True, kw_only=True)
class ObjectIo(ObjectOp):
    """Bulk I/O: `ioobj` and `niobufs` as on the wire; `short` is data that is in the message itself."""

    ioobj: Any = None
    niobufs: Any = None
    short: bytes | None = None


@attrs.define(slots=True, kw_only=True)
class ObjectRead(ObjectIo):
    pass


@attrs.define(slots=True, kw_only=True)
class ObjectWrite(ObjectIo):
    pass


@attrs.define(slots=True, kw_only=True)
class GetInfo(Operation):
    key: bytes = b""


@attrs.define(slots=True, kw_only=True)
class SetInfo(Operation):
    key: bytes = b""
    value: bytes = b""


@attrs.define(slots=True, kw_only=True)
class Result:
    """Everything a reply may say; each operation fills its part.

    `inline` is the data that goes with an open, behind a `niobuf_remote`.
    """

    status: int = 0
    ident: Ident = NOBODY
    handle: int = 0
    valid: int = 0
    size: int = 0
    mtime: int = 0
    atime: int = 0
    ctime: int = 0
    blocks: int = 0
    epoch: int = 0
    ino: int = 0
    generation: int = 0
    mode: int = 0
    owner: int = 0
    group: int = 0
    flags: int = 0
    rdev: int = 0
    nlink: int = 0
    easize: int = 0
    max_mdsize: int = 0
    max_cookiesize: int = 0
    md: bytes | None = None
    cookies: Any = None
    value: bytes | None = None
    dlm_rep: Any = None
    lvb: Any = None
    statfs: Any = None
    id: int = 0
    seq: int = 0
    grant: int = 0
    cksum: int = 0
    rcs: Any = None
    quota: Any = None
    start: int = 0
    end: int = 0
    oid: int = 0
    oseq: int = 0
    ogen: int = 0
    index: int = 0
    saved_index: int = 0
    length: int = 0
    offset: int = 0
    log_header: Any = None
    block: bytes | None = None
    btime: int = 0
    default_lmv: bytes | None = None
    acl: bytes | None = None
    aclsize: int = 0
    values: bytes | None = None
    lengths: Any = None
    inline: bytes = bytes(16)
    dom_size: int = 0
    dom_blocks: int = 0
    short: bytes | None = None
    parent_seq: int = 0
    parent_oid: int = 0
