"""The file system checker, and OI scrub.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.lfsck import LfsckEvents, LfsckStatus, LfsckType, ScrubFlags, ScrubParam, ScrubStatus
from lustre_codecs.structs.fid import LuFid
from lustre_codecs.structs.layouts import OstLayout
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import in16, in32, in64, over, pad32, pad64, padding, since, until, was
from lustre_wire.schema.shorthand import id32
from lustre_wire.schema.types import AS_SENT, U32, U64, Array, Raw, s64, u16, u32, u64


@history(size={"2.6": 16}, text=("{lr_status}", " repaired {lr_repaired}"))
class LfsckReply(Wire):
    """State of a checker."""

    lr_status: in32[LfsckStatus]
    lr_padding_1: pad32
    lr_repaired: u64 = padding("lr_padding_2").since("2.9")


@history(size={"2.6": 96}, text=("{lr_event} {lr_active}", " {lr_fid}", " {lr_fid2}"))
class LfsckRequest(Wire):
    """An event, or a question, from one checker to another."""

    lr_event: in32[LfsckEvents]
    lr_index: u32
    lr_flags: Annotated[int, U32, AS_SENT]
    lr_valid: u32
    lr_speed: u32
    lr_status: Annotated[int, U32, AS_SENT] = over("lr_speed")
    lr_version: u16
    lr_active: in16[LfsckType]
    lr_param: u16
    lr_async_windows: u16
    lr_flags2: Annotated[int, U32, AS_SENT] = padding("lr_padding_1").since("2.7")
    lr_fid: LuFid
    lr_fid2: LuFid
    lr_comp_id: u32 = since("2.10")
    lr_fid3: LuFid = until("2.10")
    lr_padding_0: pad32 = since("2.10")
    lr_padding_1: pad64 = since("2.10")
    lr_padding_2: pad64 = was().was("lr_padding_1", "2.7").since("2.10")
    lr_padding_3: pad64 = was().was("lr_padding_2", "2.7").since("2.10")


@history(size={"2.6": 24}, text=("of {lor_fid}", " uid {lor_uid}", " gid {lor_gid}"))
class LuOrphanRec(Wire):
    """An object that no layout names: the file that it says it is of, and its owner. The key is the object's FID."""

    lor_fid: LuFid
    lor_uid: id32
    lor_gid: id32


@history(size={"2.10": 56}, text=("{lor_rec}", " {lor_layout}"))
class LuOrphanRecV2(Wire):
    """The same, and the component of a layout that the object says it belongs to."""

    lor_rec: LuOrphanRec
    lor_layout: OstLayout
    lor_padding: pad32


@history(size={"2.12": 72}, text=("{lor_rec}", " {lor_layout}", " version {lor_layout_version}", " range {lor_range}"))
class LuOrphanRecV3(Wire):
    """The same, and the versions of the layout that it belongs to."""

    lor_rec: LuOrphanRec
    lor_layout: OstLayout
    lor_layout_version: u32
    lor_range: u32
    lor_padding_1: pad32
    lor_padding_2: pad64


@history(size={"2.3": 400}, swab=False)
class ScrubFile(Wire):
    """State of the OI scrub, as the target keeps it (lustre_disk.h)."""

    sf_uuid: Annotated[bytes, Raw(16)]
    sf_flags: in64[ScrubFlags]
    sf_magic: u32
    sf_status: in16[ScrubStatus]
    sf_param: in16[ScrubParam]
    sf_time_last_complete: s64
    sf_time_latest_start: s64
    sf_time_last_checkpoint: s64
    sf_pos_latest_start: u64
    sf_pos_last_checkpoint: u64
    sf_pos_first_inconsistent: u64
    sf_items_checked: u64
    sf_items_updated: u64
    sf_items_failed: u64
    sf_items_updated_prior: u64
    sf_items_noscrub: u64
    sf_items_igif: u64
    sf_run_time: u32
    sf_success_count: u32
    sf_oi_count: u16
    sf_internal_flags: u16
    sf_reserved_1: u32
    sf_reserved_2: Annotated[list[int], Array(U64, 16)]
    sf_oi_bitmap: Annotated[bytes, Raw(128)]
