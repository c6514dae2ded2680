"""Identities: files, objects, logs, handles.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.fid import FidSeq, LuSeqRangeType
from lustre_wire.schema.history import Wire, history, same_bytes
from lustre_wire.schema.margins import in32, pad32, since, until, was
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import ByValue, Chars, Flex, Hole, u32, u64
from lustre_wire.schema.union import WireUnion


@history(size=16, text="[{f_seq:#x}:{f_oid:#x}:{f_ver:#x}]")
class LuFid(Wire):
    """File identifier: sequence, object in the sequence, version (zero for a live object) (lustre_user.h)."""

    f_seq: u64
    f_oid: u32
    f_ver: u32


@same_bytes(LuFid, size={"2.6": 16}, c_name="lu_fid", byteorder="little", text="[{f_seq:#x}:{f_oid:#x}:{f_ver:#x}]")
class LuFidLe(LuFid):
    """A file identifier that is written little-endian by whoever sends it (fid_cpu_to_le)."""


@history(size=16, text=("{id}/{generation}", "/{f_type}"))
class LlFid(Wire):
    """File identity of 1.8: inode number, generation and type (lustre_user.h)."""

    id: u64
    generation: u32
    f_type: Annotated[u32, Shown.OCTAL]


@history(size={"2.4": 16}, swab=False, c_name="ostid", text="{oi_id}:{oi_seq}")
class OstIdOld(Wire):
    """Object id and sequence in an `OstId`."""

    oi_id: u64
    oi_seq: u64


@history(
    size={"2.4": 16}, c_name="ost_id::oi", swab_as="oi_fid",
    told=ByValue("oi.oi_seq", ((FidSeq.FID_SEQ_OST_MDT0, "oi"), (FidSeq.FID_SEQ_LOV_DEFAULT, "oi")), "oi_fid"),
)  # fmt: skip
class OstIdEither(WireUnion):
    """An object: id and sequence, or a FID; the sequence's value says which (ostid_seq). Receivers swap by it too, but
    with each of these values that is what they do with a FID.
    """

    oi: OstIdOld
    oi_fid: LuFid


@history(size={"2.0": 16}, swab={"2.0": False, "2.4": True}, text=("{oi_id}:{oi_seq}", "{oi}"))
class OstId(Wire):
    """Object id and sequence; from 2.4 they or a FID (lustre_user.h)."""

    oi_id: u64      = until("2.4")
    oi_seq: u64     = until("2.4")
    oi: OstIdEither = since("2.4", same_as=("oi_id", "oi_seq"))


@history(size={"2.4": 16}, c_name="ost_id::log", text="{oi_id:x}#{oi_seq:x}")
class LogOstId(Wire):
    """Object id and sequence of a log: an `OstId` that is never a FID (logid_to_fid)."""

    oi_id: u64
    oi_seq: u64


@history(size={"2.4": 16}, c_name="ost_id::lmm", text="{oi_seq:#x}:{oi_id}")
class LmmOstId(Wire):
    """The file's own id and sequence in its layout: an `OstId` that is never a FID (fid_to_lmm_oi)."""

    oi_id: u64
    oi_seq: u64


@history(
    size=24, swab={"1.8": False, "2.0": True},
    text=("[{lsr_start:#x}-{lsr_end:#x}) MDT {lsr_mdt}", "[{lsr_start:#x}-{lsr_end:#x}) {lsr_flags} {lsr_index}"),
)  # fmt: skip
class LuSeqRange(Wire):
    """A range of FID sequences."""

    lsr_start: u64
    lsr_end: u64
    lsr_mdt: u32       = until("2.2")
    lsr_index: u32     = since("2.2")
    lsr_padding: pad32 = until("2.2")
    lsr_flags: in32[LuSeqRangeType] = since("2.2")


@history(size={"2.6": 8}, byteorder="little")
class LuSeqRangeArray(Wire):
    """Ranges of FID sequences, one behind the other."""

    lsra_count: u32
    lsra_padding: pad32
    lsra_lsr: Annotated[list[LuSeqRange], Flex(LuSeqRange, count="lsra_count")]


@history(size={"2.0": 16, "2.2": None}, swab=False, text=("sequence {mf_seq:#x}", " on MDT {mf_mds}"))
class MdFld(Wire):
    """A sequence and the server that has it."""

    mf_seq: u64
    mf_mds: u32
    hole_0: Annotated[bytes, Hole(4)]


@history(size=8, swab=False, text="{cookie:#x}")
class LustreHandle(Wire):
    """A handle: opaque to everybody but the node that made it."""

    cookie: u64


@history(size=40, text="{uuid}")
class ObdUuid(Wire):
    """A UUID as text, NUL-padded (lustre_user.h)."""

    uuid: Annotated[bytes, Chars(40)]


@history(
    size=20, swab={"1.8": False, "2.4": True},
    text=("#{lgl_oid:x}#{lgl_oseq:x}#{lgl_ogen:08x}", "#{lgl_oi}#{lgl_ogen:08x}"),
)  # fmt: skip
class LlogLogid(Wire):
    """Identity of a log object."""

    lgl_oid: u64  = until("2.4")
    lgl_oseq: u64 = was("lgl_ogr").since("2.0").until("2.4")
    lgl_oi: LogOstId = since("2.4", same_as=("lgl_oid", "lgl_oseq"))
    lgl_ogen: u32
