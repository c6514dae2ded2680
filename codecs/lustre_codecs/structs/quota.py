"""Quota.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.quota import LquotaEntryFlags, LquotaFlags, LquotaType, QifValid, QuotaCmd, QuotaDqacqFlags
from lustre_codecs.structs.fid import LuFid, LustreHandle
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import as_sent, in32, in64, pad32, pad64, since, was
from lustre_wire.schema.shorthand import bytes64, id32, time64
from lustre_wire.schema.types import U64, Array, ByValue, Chars, Flex, u32, u64
from lustre_wire.schema.union import WireUnion


@history(size=24)
class ObdDqinfo(Wire):
    """Grace times of a quota type, in seconds (lustre_user.h)."""

    dqi_bgrace: u64
    dqi_igrace: u64
    dqi_flags: u32
    dqi_valid: u32


@history(size=72)
class ObdDqblk(Wire):
    """Quota limits (KiB, inodes) and usage (bytes, inodes) of one id (lustre_user.h)."""

    dqb_bhardlimit: u64
    dqb_bsoftlimit: u64
    dqb_curspace: u64
    dqb_ihardlimit: u64
    dqb_isoftlimit: u64
    dqb_curinodes: u64
    dqb_btime: time64
    dqb_itime: time64
    dqb_valid: in32[QifValid]
    dqb_padding: pad32 = was("padding").since("2.2")


@history(size=112, text="{qc_cmd} type {qc_type} id {qc_id}")
class ObdQuotactl(Wire):
    """A quota command with its argument and answer."""

    qc_cmd: in32[QuotaCmd]
    qc_type: in32[LquotaType] = was(type=u32).since("2.4")
    qc_id: id32
    qc_stat: u32
    qc_dqinfo: ObdDqinfo
    qc_dqblk: ObdDqblk
    qc_poolname: Annotated[bytes, Flex(Chars(1))] = since("2.14")


@history(size={"1.8": 32, "2.4": None}, text=("id {qd_id} count {qd_count}", " flags {qd_flags}"))
class QunitData(Wire):
    """Quota unit acquired or released by an OST; `qd_count` in bytes or inodes."""

    qd_id: id32
    qd_flags: in32[LquotaFlags]
    qd_count: u64
    qd_qunit: u64
    padding: pad64


@history(size={"1.8": 16, "2.0": None})
class QunitDataOld2(Wire):
    """Quota unit in the old 16-byte form, for peers without OBD_CONNECT_CHANGE_QS."""

    qd_id: id32
    qd_flags: in32[LquotaFlags]
    qd_count: u64


@history(size={"1.8": 32, "2.4": None})
class QuotaAdjustQunit(Wire):
    """Change of quota unit sizes, broadcast by the master."""

    qaq_flags: in32[LquotaFlags]
    qaq_id: id32
    qaq_bunit_sz: bytes64
    qaq_iunit_sz: u64
    padding1: u64 = was(type=pad64).since("2.0")


@history(
    size={"2.4": 16}, swab_as="qid_fid",
    told=ByValue("qid_fid.f_oid", ((0, "qid_uid"),), "qid_fid", last="qid_fid.f_ver"),
)  # fmt: skip
class LquotaId(WireUnion):
    """Whose quota: an id of a user, group or project, which of them the index says, or a FID."""

    qid_fid: LuFid
    qid_uid: u64
    qid_gid: u64
    qid_projid: u64


@history(size={"2.4": 16}, byteorder="little", swab=False)
class LquotaAcctRec(Wire):
    """Usage of one id: bytes and inodes."""

    bspace: u64
    ispace: u64


@history(
    size={"2.4": 32}, byteorder="little", swab=False,
    text="hard {qbr_hardlimit} soft {qbr_softlimit} time {qbr_time} granted {qbr_granted}",
)  # fmt: skip
class LquotaGlbRec(Wire):
    """Limits of one id, in the global index."""

    qbr_hardlimit: u64
    qbr_softlimit: u64
    qbr_time: u64
    qbr_granted: u64


@history(
    size={"2.4": 40},
    text=("", "qunit {lvb_id_qunit}", " released {lvb_id_rel}", " may release {lvb_id_may_rel}", " {lvb_flags}"),
)  # fmt: skip
class LquotaLvb(Wire):
    """Value block of a quota lock; of a global one `lvb_id_may_rel` is the version of the index."""

    lvb_flags: in64[LquotaEntryFlags]
    lvb_id_may_rel: u64
    lvb_id_rel: u64
    lvb_id_qunit: u64
    lvb_pad1: u64


@history(size={"2.4": 8}, byteorder="little", swab=False, text="granted {qsr_granted}")
class LquotaSlvRec(Wire):
    """What a slave was granted, in its index."""

    qsr_granted: u64


@history(size={"2.4": 112}, text=("{qb_fid} id {qb_id}", " count {qb_count}", " usage {qb_usage}", " {qb_flags}"))
class QuotaBody(Wire):
    """Quota acquired, released or reported."""

    qb_fid: LuFid
    qb_id: as_sent[LquotaId]
    qb_flags: in32[QuotaDqacqFlags]
    qb_padding: pad32
    qb_count: u64
    qb_usage: u64
    qb_slv_ver: u64
    qb_lockh: as_sent[LustreHandle]
    qb_glb_lockh: as_sent[LustreHandle]
    qb_padding1: Annotated[list[int], Array(U64.as_sent(), 4)]
