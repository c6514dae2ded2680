"""Logs: their records and RPCs, configuration commands, changelogs.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.config import CfgMarkerFlags, LcfgCommand
from lustre_codecs.enums.llog import ChangelogRecExtraFlags, ChangelogRecFlags, ChangelogRecType, LlogFlags, LlogOp
from lustre_codecs.enums.metadata import MdsOpen, ObdMd
from lustre_codecs.structs.fid import LlFid, LlogLogid, LuFid, ObdUuid, OstId
from lustre_codecs.structs.layouts import MdsExtentDesc
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import called, in16, in32, in64, over, pad32, pad64, padding, since, until, was
from lustre_wire.schema.shorthand import hex32, id32, time64
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import U32, Array, Chars, Flex, Hole, u16, u32, u64


@history(size=16, text="{lrh_type} {lrh_index} ({lrh_len} bytes)")
class LlogRecHdr(Wire):
    """Head of every llog record; `lrh_len` in bytes counts head, body and tail."""

    lrh_len: u32
    lrh_index: u32
    lrh_type: in32[LlogOp]
    lrh_id: u32 = padding("padding").padding("lrh_padding", "2.2").since("2.4")


@history(size=8, text="{lrt_index} ({lrt_len} bytes)")
class LlogRecTail(Wire):
    """Tail of every llog record; repeats length and index."""

    lrt_len: u32
    lrt_index: u32


@history(size={"1.8": 40, "2.4": None}, swab=False)
class LlogOrphanRec(Wire):
    """Log record: an orphan object."""

    lor_hdr: LlogRecHdr
    lor_oid: u64
    lor_ogen: u32
    lor_padding: u32 = was("padding").since("2.2")
    lor_tail: LlogRecTail


@history(size=16, swab=False, text="mount {mnt_cnt} connection {conn_cnt}")
class LlogGen(Wire):
    """Generation of a log: mount count and connection count."""

    mnt_cnt: u64
    conn_cnt: u64


@history(size={"1.8": 40, "2.4": 64}, swab={"1.8": False, "2.4": True})
class LlogGenRec(Wire):
    """Log record: generation."""

    lgr_hdr: LlogRecHdr
    lgr_gen: LlogGen
    padding1: pad64 = since("2.4")
    padding2: pad64 = since("2.4")
    padding3: pad64 = since("2.4")
    lgr_tail: LlogRecTail


@history(size=8192)
class LlogLogHdr(Wire):
    """Record 0 of an llog: 8192 bytes with the bitmap of live records (little-endian words, never swapped)."""

    llh_hdr: LlogRecHdr
    llh_timestamp: time64
    llh_count: u32
    llh_bitmap_offset: u32
    llh_size: u32
    llh_flags: in32[LlogFlags]
    llh_cat_idx: u32
    llh_tgtuuid: ObdUuid
    llh_reserved: pad32
    llh_bitmap: Annotated[list[int], Array(U32.as_sent(), 2024)]
    llh_tail: LlogRecTail


@history(size=32, swab=False)
class LlogCatid(Wire):
    """Identity of a catalogue, as the CATALOGS file holds it."""

    lci_logid: LlogLogid
    lci_padding1: u32
    lci_padding2: u32
    lci_padding3: u32


@history(size=64)
class LlogLogidRec(Wire):
    """Catalogue entry: a log."""

    lid_hdr: LlogRecHdr
    lid_id: LlogLogid
    lid_padding1: pad32  = was("padding1").since("2.2")
    lid_padding2: pad64  = was("padding2", type=pad32).was("", "2.2", type=pad32).since("2.4")
    lid_padding3: pad64  = since("2.4")
    lid_padding3_: pad32 = called("lid_padding3").was("padding3").since("2.2").until("2.4")
    lid_padding4: pad32  = was("padding4").since("2.2").until("2.4")
    lid_padding5: pad32  = was("padding5").since("2.2").until("2.4")
    lid_tail: LlogRecTail


@history(size={"1.8": 72, "2.0": None}, swab=False)
class LlogArrayRec(Wire):
    """Log record: one extent of a joined file."""

    lmr_hdr: LlogRecHdr
    lmr_med: MdsExtentDesc
    lmr_tail: LlogRecTail


@history(size={"1.8": 56, "2.4": None}, swab=False)
class LlogCreateRec(Wire):
    """Log record: an object created."""

    lcr_hdr: LlogRecHdr
    lcr_fid: LlFid
    lcr_oid: u64
    lcr_oseq: u32    = was("lcr_ogr").since("2.0")
    lcr_padding: u32 = was("padding").since("2.2")
    lcr_tail: LlogRecTail


@history(size=40)
class LlogUnlinkRec(Wire):
    """Log record: objects to destroy."""

    lur_hdr: LlogRecHdr
    lur_oid: u64
    lur_oseq: u32 = was("lur_ogr").since("2.0")
    lur_count: u32
    lur_tail: LlogRecTail


@history(size={"1.8": 48, "2.4": None})
class LlogSetattrRec(Wire):
    """Log record: owner to set, 32-bit ids."""

    lsr_hdr: LlogRecHdr
    lsr_oid: u64
    lsr_oseq: u32      = was("lsr_ogr").since("2.0")
    lsr_uid: id32
    lsr_gid: id32
    lsr_padding: pad32 = was("padding").since("2.2")
    lsr_tail: LlogRecTail


@history(size={"1.8": 56, "2.4": 64})
class LlogSetattr64Rec(Wire):
    """Log record: owner to set, ids in two halves."""

    lsr_hdr: LlogRecHdr
    lsr_oid: u64       = until("2.4")
    lsr_oseq: u32      = was("lsr_ogr").since("2.0").until("2.4")
    lsr_oi: OstId      = since("2.4", same_as=("lsr_oid", "lsr_oseq", "lsr_padding"))
    lsr_padding: pad32 = was("padding").since("2.2").until("2.4")
    lsr_uid: id32
    lsr_uid_h: u32     = was(type=pad32).since("2.4")
    lsr_gid: id32
    lsr_gid_h: u32     = was(type=pad32).since("2.4")
    lsr_valid: in64[ObdMd] = padding("lsr_padding", "2.4").since("2.5.3", "2.6")
    lsr_tail: LlogRecTail


@history(size={"1.8": 48, "2.4": 64})
class LlogSizeChangeRec(Wire):
    """Log record: a size to be refreshed."""

    lsc_hdr: LlogRecHdr
    lsc_fid: LlFid
    lsc_ioepoch: u32    = was("lsc_io_epoch").since("2.0")
    lsc_padding1: pad32 = was("padding").was("lsc_padding", "2.2").since("2.4")
    lsc_padding2: pad64 = since("2.4")
    lsc_padding3: pad64 = since("2.4")
    lsc_tail: LlogRecTail


@history(size=32, swab=False, text="{lgc_lgl} record {lgc_index}")
class LlogCookie(Wire):
    """Where a log record is: what the OST sends back once it has done its part, to 2.9. The buffer for it stays."""

    lgc_lgl: LlogLogid
    lgc_subsys: u32
    lgc_index: u32
    lgc_padding: u32


@history(size=48, text=("", "{lgd_logid}", " index {lgd_index}", " length {lgd_len}", " offset {lgd_cur_offset}"))
class LlogdBody(Wire):
    """Body of the llog RPCs."""

    lgd_logid: LlogLogid
    lgd_ctxt_idx: u32
    lgd_llh_flags: in32[LlogFlags]
    lgd_index: u32
    lgd_saved_index: u32
    lgd_len: u32
    lgd_cur_offset: u64


@history(size=40, text="{lgdc_logid} {lgdc_gen}")
class LlogdConnBody(Wire):
    """Body of a log connect."""

    lgdc_gen: LlogGen
    lgdc_logid: LlogLogid
    lgdc_ctxt_idx: u32


@history(
    size={"2.0": 64}, swab=False,
    text={
        "2.0": "{cr_index} {cr_type} {cr_tfid} in {cr_pfid} {cr_name}",
        "2.7": "{cr_index} {cr_type} {cr_tfid} in {cr_pfid}",
    },
)  # fmt: skip
class ChangelogRec(Wire):
    """One change of the namespace; the name follows, from 2.7 behind the optional parts that `cr_flags` announces."""

    cr_namelen: u16
    cr_flags: in16[ChangelogRecFlags]
    cr_type: in32[ChangelogRecType]
    cr_index: u64
    cr_prev: u64
    cr_time: u64
    cr_tfid: LuFid
    cr_markerflags: u32                        = over("cr_tfid")
    cr_pfid: LuFid
    cr_name: Annotated[bytes, Flex(Chars(1), count="cr_namelen")] = until("2.7")
    cr_tails: Annotated[bytes, Flex(Chars(1))] = since("2.7")


@history(size={"2.0": 12}, swab=False, text="up to {cs_recno} for reader {cs_id}")
class ChangelogSetinfo(Wire):
    """Purge a changelog up to a record, for one reader."""

    cs_recno: u64
    cs_id: u32


@history(size={"2.0": 88})
class LlogChangelogRec(Wire):
    """Log record: a change of the namespace."""

    cr_hdr: LlogRecHdr
    cr: ChangelogRec
    cr_do_not_use: LlogRecTail = was("cr_tail").since("2.7")


@history(size={"2.0": 40})
class LlogChangelogUserRec(Wire):
    """Log record: a reader of the changelog."""

    cur_hdr: LlogRecHdr
    cur_id: u32
    cur_time: u32 = padding("cur_padding").since("2.11")
    cur_endrec: u64
    cur_tail: LlogRecTail


@history(size=160, text="{cm_tgtname} {cm_comment} {cm_flags}")
class CfgMarker(Wire):
    """Start or end of a group of records in a configuration log; times in seconds."""

    cm_step: u32
    cm_flags: in32[CfgMarkerFlags]
    cm_vers: Annotated[u32, Shown.RELEASE]
    cm_padding: pad32 = was("padding").since("2.2")
    cm_createtime: time64
    cm_canceltime: time64
    cm_tgtname: Annotated[bytes, Chars(64)]
    cm_comment: Annotated[bytes, Chars(64)]


@history(size=32, text="{lcfg_command}")
class LustreCfg(Wire):
    """Head of a configuration command; the buffers follow, each rounded up to 8 bytes (lustre_cfg.h)."""

    lcfg_version: hex32
    lcfg_command: in32[LcfgCommand]
    lcfg_num: u32
    lcfg_flags: u32
    lcfg_nid: Annotated[u64, Shown.NID]
    lcfg_nal: pad32
    lcfg_bufcount: u32
    lcfg_buflens: Annotated[list[int], Flex(U32, count="lcfg_bufcount")]


@history(size={"2.7": 32})
class ChangelogExtRename(Wire):
    """Tail of a changelog record of a rename: source and its parent (lustre_user.h)."""

    cr_sfid: LuFid
    cr_spfid: LuFid


@history(size={"2.7": 32}, swab=False)
class ChangelogExtJobid(Wire):
    """Tail of a changelog record: the job (lustre_user.h)."""

    cr_jobid: Annotated[bytes, Chars(32)]


@history(size={("2.1.6", "2.3"): 96, "2.7": None})
class ChangelogExtRec(Wire):
    """A changelog record with the source of a rename (lustre_user.h)."""

    cr_namelen: u16
    cr_flags: u16
    cr_type: in32[ChangelogRecType]
    cr_index: u64
    cr_prev: u64
    cr_time: u64
    cr_tfid: LuFid
    cr_pfid: LuFid
    cr_sfid: LuFid
    cr_spfid: LuFid


@history(size={"2.4": 64})
class LlogUnlink64Rec(Wire):
    """Log record: objects of a FID to destroy."""

    lur_hdr: LlogRecHdr
    lur_fid: LuFid
    lur_count: u32
    lur_padding1: pad32
    lur_padding2: pad64
    lur_padding3: pad64
    lur_tail: LlogRecTail


@history(size={"2.11": 8}, swab=False)
class ChangelogExtExtraFlags(Wire):
    """Tail of a changelog record: which further tails follow (lustre_user.h)."""

    cr_extra_flags: in64[ChangelogRecExtraFlags]


@history(size={"2.11": 16}, swab=False)
class ChangelogExtUidgid(Wire):
    """Tail of a changelog record: whose process it was (lustre_user.h)."""

    cr_uid: u64
    cr_gid: u64


@history(size={"2.11": 24}, swab=False)
class ChangelogExtNid(Wire):
    """Tail of a changelog record: the client (lustre_user.h)."""

    cr_nid: Annotated[u64, Shown.NID]
    extra: u64
    padding: u32
    hole_0: Annotated[bytes, Hole(4)]


@history(size={"2.11": 4}, swab=False)
class ChangelogExtOpenmode(Wire):
    """Tail of a changelog record: flags of an open (lustre_user.h)."""

    cr_openflags: in32[MdsOpen]


@history(size={"2.11": 256}, swab=False)
class ChangelogExtXattr(Wire):
    """Tail of a changelog record: the name of an attribute (lustre_user.h)."""

    cr_xattr: Annotated[bytes, Chars(256)]


@history(size={"2.15": 80})
class LlogChangelogUserRec2(Wire):
    """Log record: a named reader of the changelog, and what it wants to see."""

    cur_hdr: LlogRecHdr
    cur_id: u32
    cur_time: Annotated[u32, Shown.TIME]
    cur_endrec: u64
    cur_mask: hex32
    cur_padding1: pad32
    cur_name: Annotated[bytes, Chars(16)]
    cur_padding2: pad64
    cur_padding3: pad64
    cur_tail: LlogRecTail
