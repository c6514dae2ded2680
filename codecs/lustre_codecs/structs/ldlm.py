"""Locks.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.config import BarrierStatus
from lustre_codecs.enums.ldlm import LdlmFl, LdlmMode, LdlmType
from lustre_codecs.enums.metadata import Disposition, ItOp, MdsInodelock
from lustre_codecs.enums.quota import LquotaEntryFlags
from lustre_codecs.structs.fid import LustreHandle
from lustre_codecs.structs.quota import LquotaId
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import as_sent, in32, in64, over, pad32, pad64, since, until, was
from lustre_wire.schema.shorthand import hex64, time64
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import AS_SENT, U64, Array, Flex, Tag, s64, u32, u64
from lustre_wire.schema.union import WireUnion


@history(size=32, text="[{name[0]:#x}:{name[1]:#x}:{name[2]:#x}:{name[3]:#x}]")
class LdlmResId(Wire):
    """Name of a lock resource."""

    name: Annotated[list[int], Array(U64, 4), Shown.HEX]


@history(size=24, swab=False, text=("[{start}-{end}]", " gid {gid}"))
class LdlmExtent(Wire):
    """Byte range of an extent lock, both ends included; `gid` for group locks."""

    start: u64
    end: Annotated[u64, Shown.END]
    gid: u64


@history(size={"1.8": 8, "2.11": 16, "2.14": 24, "2.16": 32}, swab=False, text="{bits}")
class LdlmInodebits(Wire):
    """Which aspects of an inode a lock covers. On the server `cancel_bits` is the other name of `try_bits`."""

    bits: in64[MdsInodelock]
    try_bits: in64[MdsInodelock] = since("2.11")
    cancel_bits: u64             = over("try_bits").since("2.15")
    li_gid: u64                  = since("2.14")
    li_padding: u32              = since("2.16")
    li_initiator_id: u32         = since("2.16")


@history(
    size=32, swab=False, c_name={"1.8": "ldlm_flock", "2.1": "ldlm_flock_wire"},
    text=("[{lfw_start}-{lfw_end}] pid {lfw_pid}", " owner {lfw_owner}"),  # of who blocks it no sender says anything
)  # fmt: skip
class LdlmFlock(Wire):
    """Byte range and owner of a flock lock."""

    lfw_start: u64                        = was("start").since("2.1")
    lfw_end: Annotated[u64, Shown.OFFSET] = was("end").since("2.1")
    blocking_export: u64                  = until("2.1")
    lfw_owner: hex64                      = since("2.1")
    blocking_pid: pad32                   = until("2.1")
    lfw_padding: u32                      = since("2.1")
    lfw_pid: u32                          = was("pid").since("2.1")


@history(
    size=32, swab_as="l_flock",
    c_name={"1.8": "ldlm_policy_data_t", "2.1": "ldlm_wire_policy_data_t", "2.8": "ldlm_wire_policy_data"},
)  # fmt: skip
class LdlmPolicyData(WireUnion):
    """Policy of a lock; the resource's type says which member counts. A receiver swaps it by `l_flock`."""

    l_extent: LdlmExtent
    l_flock: LdlmFlock
    l_inodebits: LdlmInodebits


@history(size=8, text="intent {opc}")
class LdlmIntent(Wire):
    """What the client means to do with the lock it asks for."""

    opc: in64[ItOp]


@history(size=40, text=("", "{lr_type} {lr_name}"))
class LdlmResourceDesc(Wire):
    """Type and name of the resource a lock is on."""

    lr_type: in32[LdlmType]
    lr_pad: pad32 = was("lr_padding").since("2.8")
    lr_name: LdlmResId


POLICY_OF_TYPE = Tag(
    "l_resource.lr_type",
    ((LdlmType.LDLM_EXTENT, "l_extent"), (LdlmType.LDLM_FLOCK, "l_flock"), (LdlmType.LDLM_IBITS, "l_inodebits")),
)


@history(size=80, text=("", "{l_resource}", " {l_req_mode}", " granted {l_granted_mode}", " {l_policy_data}"))
class LdlmLockDesc(Wire):
    """A lock as one side describes it to the other."""

    l_resource: LdlmResourceDesc
    l_req_mode: in32[LdlmMode]
    l_granted_mode: in32[LdlmMode]
    l_policy_data: Annotated[LdlmPolicyData, POLICY_OF_TYPE]


#: Before the array became a flexible one, room for two handles was the struct's own.
_TWO_HANDLES = Annotated[list[LustreHandle], Flex(LustreHandle, minimum=2), AS_SENT]


@history(
    size={"1.8": 104, ("2.15.8", "2.16"): 88},
    text=("", "{lock_desc}", " flags {lock_flags}", " handle {lock_handle}"),
)  # fmt: skip
class LdlmRequest(Wire):
    """Lock request; the handles follow, more than one when locks are cancelled early."""

    lock_flags: in32[LdlmFl]
    lock_count: u32
    lock_desc: LdlmLockDesc
    lock_handle: Annotated[list[LustreHandle], Flex(LustreHandle), AS_SENT] = (
        was(type=_TWO_HANDLES).since("2.15.8", "2.16")
    )


@history(
    size=112,
    text=(
        "", "{lock_desc}", " flags {lock_flags}", " handle {lock_handle}", " disposition {lock_policy_res1}",
        " result {lock_policy_res2}",
    ),
)  # fmt: skip
class LdlmReply(Wire):
    """Answer to a lock request; for intents `lock_policy_res1` is the disposition and `lock_policy_res2` the result."""

    lock_flags: in32[LdlmFl]
    lock_padding: pad32
    lock_desc: LdlmLockDesc
    lock_handle: as_sent[LustreHandle]
    lock_policy_res1: in64[Disposition]
    lock_policy_res2: Annotated[u64, Shown.STATUS]


@history(size={"1.8": 40, "2.4": 56}, short={"without LVB_TYPE": 40}, text=("size {lvb_size}", " blocks {lvb_blocks}"))
class OstLvb(Wire):
    """Lock value block of an object: size in bytes, times in seconds, blocks of 512 bytes."""

    lvb_size: u64
    lvb_mtime: time64
    lvb_atime: time64
    lvb_ctime: time64
    lvb_blocks: u64
    lvb_mtime_ns: u32  = since("2.4")
    lvb_atime_ns: u32  = since("2.4")
    lvb_ctime_ns: u32  = since("2.4")
    lvb_padding: pad32 = since("2.4")


@history(size={"2.10": 16}, text="{lvb_status} MDT {lvb_index}")
class BarrierLvb(Wire):
    """State of a write barrier, as the value block of its lock."""

    lvb_status: in32[BarrierStatus]
    lvb_index: u32
    lvb_padding: pad64


@history(size={"2.10": 16}, text=("{lgbd_status}", " timeout {lgbd_timeout}"))
class LdlmGlBarrierDesc(Wire):
    """What a glimpse of a barrier lock tells: state, and a timeout in seconds."""

    lgbd_status: in32[BarrierStatus]
    lgbd_timeout: u32
    lgbd_padding: pad64


@history(
    size={"2.4": 64},
    text=(
        "id {gl_id}", " hardlimit {gl_hardlimit}", " softlimit {gl_softlimit}", " time {gl_time}", " version {gl_ver}",
        " {gl_flags}",
    ),
)  # fmt: skip
class LdlmGlLquotaDesc(Wire):
    """What a glimpse of a quota lock tells: the limits of one id; of a lock of that id `gl_hardlimit` is its qunit."""

    gl_id: LquotaId
    gl_flags: in64[LquotaEntryFlags]
    gl_ver: u64
    gl_hardlimit: u64
    gl_softlimit: u64
    gl_time: u64
    gl_pad2: pad64


@history(size={"2.4": 40})
class OstLvbV1(Wire):
    """`OstLvb` as peers without LVB_TYPE have it."""

    lvb_size: u64
    lvb_mtime: s64
    lvb_atime: s64
    lvb_ctime: s64
    lvb_blocks: u64


@history(size={"2.4": 64})
class LdlmGlDesc(WireUnion):
    """What a glimpse tells; the lock's resource says of what. Receivers swap it by that."""

    lquota_desc: LdlmGlLquotaDesc
    barrier_desc: LdlmGlBarrierDesc = since("2.10")
