"""Records of metadata changes.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.metadata import (
    LustreFl,
    MdsAttr,
    MdsInodeFl,
    MdsOpBias,
    MdsOpen,
    MdsReint,
    ObdMd,
    _MdsMakeHigh,
    _MdsOpenHigh,
)
from lustre_codecs.structs.fid import LlFid, LuFid, LustreHandle
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import called, in32, in64, over, pad16, pad32, padding, since, until, was
from lustre_wire.schema.shorthand import hex32, id32, mode32, time64
from lustre_wire.schema.shown import Given, NamedWhere, Shown
from lustre_wire.schema.types import AS_SENT, U32, U64, Array, Raw, u16, u32, u64
from lustre_wire.schema.union import WireUnion

#: The kind of file that a directory is (sys/stat.h); what else has this bit has no flags.
_DIRECTORY = 0o040000
#: The bits with which a setattr record sets a time: to now, or to the record's.
_SETS_ATIME = MdsAttr.MDS_ATTR_ATIME | MdsAttr.MDS_ATTR_ATIME_SET
_SETS_MTIME = MdsAttr.MDS_ATTR_MTIME | MdsAttr.MDS_ATTR_MTIME_SET
_SETS_CTIME = MdsAttr.MDS_ATTR_CTIME | MdsAttr.MDS_ATTR_CTIME_SET
_SETATTR = ("{sa_fid} set {sa_valid}", " {sa_mode}", " uid {sa_uid}", " gid {sa_gid}", " size {sa_size}")


@history(size={"1.8": 96, "2.0": None}, text=_SETATTR)
class MdsRecSetattr(Wire):
    """Set attributes, 1.8."""

    sa_opcode: in32[MdsReint]
    sa_fsuid: id32
    sa_fsgid: id32
    sa_cap: hex32
    sa_suppgid: id32
    sa_mode: Annotated[u32, Shown.MODE, Given("sa_valid", MdsAttr.MDS_ATTR_MODE)]
    sa_fid: LlFid
    sa_valid: in64[MdsAttr]
    sa_size: Annotated[u64, Given("sa_valid", MdsAttr.MDS_ATTR_SIZE)]
    sa_mtime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_MTIME)]
    sa_atime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_ATIME)]
    sa_ctime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_CTIME)]
    sa_uid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_UID)]
    sa_gid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_GID)]
    sa_attr_flags: Annotated[MdsInodeFl, U32, Given("sa_valid", MdsAttr.MDS_ATTR_ATTR_FLAG)]
    sa_padding: pad32


@history(size={"1.8": 96, "2.0": None}, text=("in {cr_fid}", " replay {cr_replayfid}", " {cr_mode}", " {cr_flags}"))
class MdsRecCreate(Wire):
    """Create or open, 1.8."""

    cr_opcode: in32[MdsReint]
    cr_fsuid: id32
    cr_fsgid: id32
    cr_cap: hex32
    cr_flags: Annotated[MdsOpen, U32, Shown.OCTAL]
    cr_mode: mode32
    cr_fid: LlFid
    cr_replayfid: LlFid
    cr_time: time64
    cr_rdev: Annotated[u64, Shown.DEVICE]
    cr_suppgid: id32
    cr_padding_1: pad32
    cr_padding_2: pad32
    cr_padding_3: pad32
    cr_padding_4: pad32
    cr_padding_5: pad32


@history(size={"1.8": 24, "2.0": None}, text="{jr_fid}")
class MdsRecJoin(Wire):
    """Join one file to another, 1.8."""

    jr_fid: LlFid
    jr_headsize: u64


@history(size={"1.8": 80, "2.0": None}, text="{lk_fid1} in {lk_fid2}")
class MdsRecLink(Wire):
    """Hard link, 1.8."""

    lk_opcode: in32[MdsReint]
    lk_fsuid: id32
    lk_fsgid: id32
    lk_cap: hex32
    lk_suppgid1: id32
    lk_suppgid2: id32
    lk_fid1: LlFid
    lk_fid2: LlFid
    lk_time: time64
    lk_padding_1: pad32
    lk_padding_2: pad32
    lk_padding_3: pad32
    lk_padding_4: pad32


@history(size={"1.8": 80, "2.0": None}, text=("in {ul_fid1}", " {ul_fid2}", " {ul_mode}"))
class MdsRecUnlink(Wire):
    """Unlink, 1.8."""

    ul_opcode: in32[MdsReint]
    ul_fsuid: id32
    ul_fsgid: id32
    ul_cap: hex32
    ul_suppgid: id32
    ul_mode: mode32
    ul_fid1: LlFid
    ul_fid2: LlFid
    ul_time: time64
    ul_padding_1: pad32
    ul_padding_2: pad32
    ul_padding_3: pad32
    ul_padding_4: pad32


@history(size={"1.8": 80, "2.0": None}, text="from {rn_fid1} to {rn_fid2}")
class MdsRecRename(Wire):
    """Rename, 1.8."""

    rn_opcode: in32[MdsReint]
    rn_fsuid: id32
    rn_fsgid: id32
    rn_cap: hex32
    rn_suppgid1: id32
    rn_suppgid2: id32
    rn_fid1: LlFid
    rn_fid2: LlFid
    rn_time: time64
    rn_padding_1: pad32
    rn_padding_2: pad32
    rn_padding_3: pad32
    rn_padding_4: pad32


@history(size={"2.0": 136})
class MdtRecReint(Wire):
    """The part all 2.0 metadata records have in common."""

    rr_opcode: in32[MdsReint]
    rr_cap: hex32
    rr_fsuid: id32
    rr_fsuid_h: pad32
    rr_fsgid: id32
    rr_fsgid_h: pad32
    rr_suppgid1: id32
    rr_suppgid1_h: pad32
    rr_suppgid2: id32
    rr_suppgid2_h: pad32
    rr_fid1: LuFid
    rr_fid2: LuFid
    rr_mtime: time64
    rr_atime: time64
    rr_ctime: time64
    rr_size: u64
    rr_blocks: u64
    rr_bias: in32[MdsOpBias]
    rr_mode: mode32
    rr_flags: u32
    rr_flags_h: u32       = padding("rr_padding_2").since("2.4")
    rr_umask: Annotated[u32, Shown.OCTAL] = padding("rr_padding_3").since("2.4")
    rr_mirror_id_old: u16 = was("rr_mirror_id", "2.12").since("2.16")
    rr_padding_4: pad16   = since("2.12")
    rr_padding_4_: pad32  = called("rr_padding_4").until("2.12")


@history(size=136, swab={"1.8": False, "2.0": True}, text=_SETATTR)
class MdtRecSetattr(Wire):
    """Set attributes, 2.0."""

    sa_opcode: in32[MdsReint]
    sa_cap: hex32
    sa_fsuid: id32
    sa_fsuid_h: pad32
    sa_fsgid: id32
    sa_fsgid_h: pad32
    sa_suppgid: id32
    sa_suppgid_h: pad32
    sa_padding_1: u32
    sa_padding_1_h: pad32
    sa_fid: LuFid
    sa_valid: in64[MdsAttr]
    sa_uid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_UID)]
    sa_gid: Annotated[u32, Shown.ID, Given("sa_valid", MdsAttr.MDS_ATTR_GID)]
    sa_size: Annotated[u64, Given("sa_valid", MdsAttr.MDS_ATTR_SIZE | MdsAttr.MDS_ATTR_LSIZE)]
    sa_blocks: Annotated[u64, Given("sa_valid", MdsAttr.MDS_ATTR_BLOCKS | MdsAttr.MDS_ATTR_LBLOCKS)]
    sa_mtime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_MTIME)]
    sa_atime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_ATIME)]
    sa_ctime: Annotated[u64, Shown.TIME, Given("sa_valid", _SETS_CTIME)]
    sa_attr_flags: Annotated[LustreFl, U32, Given("sa_valid", MdsAttr.MDS_ATTR_ATTR_FLAG)] = (
        was(type=Annotated[MdsInodeFl, U32, Given("sa_valid", MdsAttr.MDS_ATTR_ATTR_FLAG)]).since("2.2")
    )
    sa_mode: Annotated[u32, Shown.MODE, Given("sa_valid", MdsAttr.MDS_ATTR_MODE)]
    sa_bias: in32[MdsOpBias] = padding("sa_padding_2", swab=True).since("2.4")
    sa_projid: u32    = padding("sa_padding_3").since("2.10")
    sa_padding_4: u32 = was(type=pad32).since("2.4")
    sa_padding_5: pad32


@history(
    size=136, swab={"1.8": False, "2.0": True},
    text=("in {cr_fid1}", " new {cr_fid2}", " {cr_mode}", " {cr_flags_l}", " {cr_flags_h}"),
)  # fmt: skip
class MdtRecCreate(Wire):
    """Create or open, 2.0."""

    cr_opcode: in32[MdsReint]
    cr_cap: hex32
    cr_fsuid: id32
    cr_fsuid_h: pad32
    cr_fsgid: id32
    cr_fsgid_h: pad32
    cr_suppgid1: id32
    cr_suppgid1_h: pad32
    cr_suppgid2: id32
    cr_suppgid2_h: pad32
    cr_fid1: LuFid
    cr_fid2: LuFid
    cr_open_handle_old: LustreHandle                 = was("cr_old_handle").since("2.12")
    cr_time: time64
    cr_rdev: Annotated[u64, Shown.DEVICE]
    cr_archive_id: u32                               = over("cr_rdev").since("2.17")
    cr_ioepoch: u64
    cr_padding_1: u64
    cr_mode: mode32
    cr_bias: in32[MdsOpBias]
    cr_flags_l: Annotated[MdsOpen, U32, Shown.OCTAL] = was("cr_flags").since("2.1")
    cr_flags_h: Annotated[_MdsOpenHigh, U32, NamedWhere(_MdsMakeHigh, "cr_mode", _DIRECTORY)] = (
        padding("cr_padding_2").was("cr_flags_h", "2.1", type=in32[_MdsOpenHigh]).since("2.16")
    )
    cr_umask: Annotated[u32, Shown.OCTAL]            = padding("cr_padding_3").since("2.1.6", "2.4")
    cr_padding_4: pad32


@history(size={"1.8": 24, "2.0": None}, swab=False, text="{jr_fid}")
class MdtRecJoin(Wire):
    """Join one file to another, towards a 2.0 server."""

    jr_fid: LuFid
    jr_headsize: u64


@history(size=136, swab={"1.8": False, "2.0": True}, text="{lk_fid1} in {lk_fid2}")
class MdtRecLink(Wire):
    """Hard link, 2.0."""

    lk_opcode: in32[MdsReint]
    lk_cap: hex32
    lk_fsuid: id32
    lk_fsuid_h: pad32
    lk_fsgid: id32
    lk_fsgid_h: pad32
    lk_suppgid1: id32
    lk_suppgid1_h: pad32
    lk_suppgid2: id32
    lk_suppgid2_h: pad32
    lk_fid1: LuFid
    lk_fid2: LuFid
    lk_time: time64
    lk_padding_1: u64
    lk_padding_2: u64
    lk_padding_3: u64
    lk_padding_4: u64
    lk_bias: in32[MdsOpBias]
    lk_padding_5: u32
    lk_padding_6: u32
    lk_padding_7: u32 = was(type=pad32).since("2.4")
    lk_padding_8: u32 = was(type=pad32).since("2.4")
    lk_padding_9: pad32


@history(size=136, swab={"1.8": False, "2.0": True}, text=("in {ul_fid1}", " {ul_fid2}", " {ul_mode}"))
class MdtRecUnlink(Wire):
    """Unlink, 2.0."""

    ul_opcode: in32[MdsReint]
    ul_cap: hex32
    ul_fsuid: id32
    ul_fsuid_h: pad32
    ul_fsgid: id32
    ul_fsgid_h: pad32
    ul_suppgid1: id32
    ul_suppgid1_h: pad32
    ul_suppgid2: id32
    ul_suppgid2_h: pad32
    ul_fid1: LuFid
    ul_fid2: LuFid
    ul_time: time64
    ul_padding_2: u64
    ul_padding_3: u64
    ul_padding_4: u64
    ul_padding_5: u64
    ul_bias: in32[MdsOpBias]
    ul_mode: mode32
    ul_padding_6: u32
    ul_padding_7: u32 = was(type=pad32).since("2.4")
    ul_padding_8: u32 = was(type=pad32).since("2.4")
    ul_padding_9: pad32


@history(size=136, swab={"1.8": False, "2.0": True}, text="from {rn_fid1} to {rn_fid2}")
class MdtRecRename(Wire):
    """Rename, 2.0."""

    rn_opcode: in32[MdsReint]
    rn_cap: hex32
    rn_fsuid: id32
    rn_fsuid_h: pad32
    rn_fsgid: id32
    rn_fsgid_h: pad32
    rn_suppgid1: id32
    rn_suppgid1_h: pad32
    rn_suppgid2: id32
    rn_suppgid2_h: pad32
    rn_fid1: LuFid
    rn_fid2: LuFid
    rn_time: time64
    rn_padding_1: u64
    rn_padding_2: u64
    rn_padding_3: u64
    rn_padding_4: u64
    rn_bias: in32[MdsOpBias]
    rn_mode: mode32
    rn_padding_5: u32
    rn_padding_6: u32 = was(type=pad32).since("2.4")
    rn_padding_7: u32 = was(type=pad32).since("2.4")
    rn_padding_8: pad32


@history(size=136, swab={"1.8": False, "2.0": True}, text="{sx_fid} {sx_valid}")
class MdtRecSetxattr(Wire):
    """Set an extended attribute, 2.0."""

    sx_opcode: in32[MdsReint]
    sx_cap: hex32
    sx_fsuid: id32
    sx_fsuid_h: pad32
    sx_fsgid: id32
    sx_fsgid_h: pad32
    sx_suppgid1: id32
    sx_suppgid1_h: pad32
    sx_suppgid2: id32
    sx_suppgid2_h: pad32
    sx_fid: LuFid
    sx_padding_1: u64
    sx_padding_2: u32
    sx_padding_3: u32
    sx_valid: in64[ObdMd]
    sx_time: time64
    sx_padding_5: u64
    sx_padding_6: u64
    sx_padding_7: u64
    sx_size: u32
    sx_flags: u32
    sx_padding_8: u32
    sx_padding_9: u32  = was(type=pad32).since("2.4")
    sx_padding_10: u32 = was(type=pad32).since("2.4")
    sx_padding_11: pad32


@history(size={"2.11": 136}, text=("{rs_fid}", " mirror {rs_mirror_id_old}", " lease {rs_lease_handle}"))
class MdtRecResync(Wire):
    """Resynchronise a mirror."""

    rs_opcode: in32[MdsReint]
    rs_cap: u32
    rs_fsuid: u32
    rs_fsuid_h: Annotated[int, U32, AS_SENT]
    rs_fsgid: u32
    rs_fsgid_h: Annotated[int, U32, AS_SENT]
    rs_suppgid1: u32
    rs_suppgid1_h: Annotated[int, U32, AS_SENT]
    rs_suppgid2: u32
    rs_suppgid2_h: Annotated[int, U32, AS_SENT]
    rs_fid: LuFid
    rs_padding0: Annotated[bytes, Raw(16)]
    rs_lease_handle: LustreHandle = was("rs_handle").since("2.12")
    rs_padding1: u64
    rs_padding2: u64
    rs_padding3: u64
    rs_padding4: u64
    rs_bias: in32[MdsOpBias]
    rs_padding5: u32
    rs_padding6: u32
    rs_padding7: u32
    rs_mirror_id_new: u32 = padding("rs_padding8").since("2.16")
    rs_mirror_id_old: u16 = was("rs_mirror_id", "2.12").since("2.16")
    rs_padding9: pad32 = until("2.12")
    rs_padding9_: pad16 = called("rs_padding9").since("2.12")


@history(size={"2.11": 64})
class CloseDataResyncDone(Wire):
    """The components of a mirror that are in sync again; more than 15 of them stand in a buffer of their own."""

    resync_count: u32
    resync_ids_inline: Annotated[list[int], Array(U32, 15)]


@history(size={"2.5": 64}, c_name="close_data::")
class CloseDataSpecial(WireUnion):
    """What else a close with an intent says; `sa_bias` of the record beside it tells which member counts."""

    cd_reserved: Annotated[list[int], Array(U64, 8)]
    cd_resync: CloseDataResyncDone = since("2.11")
    cd_mirror_id: u16              = since("2.11")
    cd_archive_id: u32             = since("2.13")
    cd_data_version2: u64          = since("2.16")


@history(size={"2.5": 96}, text=("{cd_fid}", " data version {cd_data_version}"))
class CloseData(Wire):
    """What a close does beside closing: release a file to the archive, swap, merge, split or resync its layout."""

    cd_handle: LustreHandle
    cd_fid: LuFid
    cd_data_version: u64
    special: CloseDataSpecial
