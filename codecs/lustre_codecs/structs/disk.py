"""What targets keep on disk beside the files themselves.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.config import CfgMarkerFlags
from lustre_codecs.enums.disk import (
    LDD_MAGIC,
    LR_CLIENT_SIZE,
    LR_CLIENT_START,
    LR_SERVER_SIZE,
    LddFlags,
    LddMountType,
    ObdCompat,
    ObdIncompat,
    ObdRocompat,
)
from lustre_codecs.enums.metadata import Disposition, LmaCompat
from lustre_codecs.structs.fid import LlFid, LuFid
from lustre_codecs.structs.layouts import OstLayout
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import as_sent, in32, since, until, usual, was
from lustre_wire.schema.shorthand import hex32, hex64
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import U16, U32, U64, Array, Chars, Flex, Raw, u16, u32, u64


@history(size=512, byteorder="little", swab=False)
class LrServerData(Wire):
    """Head of last_rcvd: the server, its last transaction and where its clients' slots are, in bytes."""

    lsd_uuid: Annotated[bytes, Raw(40), Shown.TEXT]
    lsd_last_transno: u64
    lsd_compat14: u64
    lsd_mount_count: u64
    lsd_feature_compat: in32[ObdCompat]
    lsd_feature_rocompat: in32[ObdRocompat]
    lsd_feature_incompat: in32[ObdIncompat]
    lsd_server_size: u32  = usual(LR_SERVER_SIZE)
    lsd_client_start: u32 = usual(LR_CLIENT_START)
    lsd_client_size: u16  = usual(LR_CLIENT_SIZE)
    lsd_subdir_count: u16
    lsd_catalog_oid: u64
    lsd_catalog_ogen: u32
    lsd_peeruuid: Annotated[bytes, Raw(40), Shown.TEXT]
    lsd_osd_index: u32 = was("lsd_ost_index").since("2.4")
    lsd_mdt_index: u32 = until("2.4", padding="lsd_padding1")
    lsd_start_epoch: u32
    lsd_trans_table: Annotated[list[int], Array(U64, 16)]
    lsd_trans_table_time: Annotated[u32, Shown.TIME]
    lsd_expire_intervals: u32
    lsd_padding: Annotated[bytes, Raw(224)]


@history(size=128, byteorder="little", swab=False)
class LsdClientData(Wire):
    """One client's slot of last_rcvd: its last requests, to answer them again after a restart (lustre_disk.h).

    `lcd_last_data` is the disposition of an open. What a slot has beyond its 128 bytes is `lcd_padding`.
    """

    lcd_uuid: Annotated[bytes, Raw(40), Shown.TEXT]
    lcd_last_transno: u64
    lcd_last_xid: u64
    lcd_last_result: Annotated[u32, Shown.STATUS]
    lcd_last_data: in32[Disposition]
    lcd_last_close_transno: u64
    lcd_last_close_xid: u64
    lcd_last_close_result: Annotated[u32, Shown.STATUS]
    lcd_last_close_data: u32
    lcd_pre_versions: Annotated[list[int], Array(U64, 4)]
    lcd_last_epoch: u32
    lcd_first_epoch: u32 = until("2.8")
    lcd_generation: u32  = since("2.8")
    lcd_padding: Annotated[bytes, Flex(Raw(1))]


@history(size=12288, swab=False)
class LustreDiskData(Wire):
    """CONFIGS/mountdata: what a target is and how to mount it, in the byte order of its server (lustre_disk.h)."""

    ldd_magic: hex32 = usual(LDD_MAGIC)
    ldd_feature_compat: in32[ObdCompat]
    ldd_feature_rocompat: in32[ObdRocompat]
    ldd_feature_incompat: in32[ObdIncompat]
    ldd_config_ver: u32
    ldd_flags: in32[LddFlags]
    ldd_svindex: hex32
    ldd_mount_type: in32[LddMountType]
    ldd_fsname: Annotated[bytes, Chars(64)]
    ldd_svname: Annotated[bytes, Chars(64)]
    ldd_uuid: Annotated[bytes, Raw(40), Shown.TEXT]
    ldd_userdata: Annotated[bytes, Chars(824)]
    ldd_padding: Annotated[bytes, Raw(3072)]
    ldd_mount_opts: Annotated[bytes, Chars(4096)]
    ldd_params: Annotated[bytes, Chars(4096)]


@history(size=152, c_name="cfg_marker32", swab=False)
class CfgMarker32(Wire):
    """A marker as a 32-bit server wrote it: times of 4 bytes, in seconds (obd_config.c)."""

    cm_step: u32
    cm_flags: in32[CfgMarkerFlags]
    cm_vers: Annotated[u32, Shown.RELEASE]
    padding: u32
    cm_createtime: Annotated[u32, Shown.TIME]
    cm_canceltime: Annotated[u32, Shown.TIME]
    cm_tgtname: Annotated[bytes, Chars(64)]
    cm_comment: Annotated[bytes, Chars(64)]


@history(
    size={"1.8": 32, "2.4": 16, "2.10": 44, "2.11": 52}, byteorder="little", swab={"1.8": False, "2.10": True},
    text=("of {ff_fid}", "of {ff_parent}"),
)  # fmt: skip
class FilterFid(Wire):
    """The attribute trusted.fid of an object: the file it belongs to, and its own name or part of the layout."""

    ff_fid: LlFid          = until("2.0")
    ff_parent: LuFid       = since("2.0")
    ff_objid: u64          = until("2.4")
    ff_seq: u64            = was("ff_group").since("2.0").until("2.4")
    ff_layout: OstLayout   = since("2.10")
    ff_layout_version: u32 = since("2.11")
    ff_range: u32          = since("2.11")


@history(size={"2.0": 64, "2.4": 24}, byteorder="little", text="{lma_self_fid}")
class LustreMdtAttrs(Wire):
    """The attribute trusted.lma: an object's FID, and the file's size where SOM keeps it there."""

    lma_compat: in32[LmaCompat]
    lma_incompat: hex32
    lma_self_fid: LuFid
    lma_flags: hex64     = until("2.4")
    lma_ioepoch: u64     = until("2.4")
    lma_som_size: u64    = until("2.4")
    lma_som_blocks: u64  = until("2.4")
    lma_som_mountid: u64 = until("2.4")


@history(
    size={"2.8": 32}, byteorder="little", swab=False, c_name={"2.8": "lsd_reply_data", "2.16": "lsd_reply_data_v1"},
)  # fmt: skip
class LsdReplyDataV1(Wire):
    """One reply to be given again (lustre_disk.h)."""

    lrd_transno: u64
    lrd_xid: u64
    lrd_data: u64
    lrd_result: u32
    lrd_client_gen: u32


@history(size={"2.16": 64}, byteorder="little", swab=False)
class LsdReplyDataV2(Wire):
    """One reply to be given again, of a batch (lustre_disk.h)."""

    lrd_transno: u64
    lrd_xid: u64
    lrd_data: u64
    lrd_result: u32
    lrd_client_gen: u32
    lrd_batch_idx: u32
    lrd_padding: Annotated[list[int], Array(U32, 7)]


@history(size={"2.8": 32}, byteorder="little", swab=False)
class LsdReplyHeader(Wire):
    """Head of the file of replies (lustre_disk.h)."""

    lrh_magic: u32
    lrh_header_size: u32
    lrh_reply_size: u32
    lrh_pad: Annotated[bytes, Raw(20)]


@history(size={"2.10": 64}, byteorder="little")
class LustreOstAttrs(Wire):
    """The attribute trusted.lma of an object on an OST (lustre_user.h)."""

    loa_lma: as_sent[LustreMdtAttrs]
    loa_parent_fid: LuFid
    loa_stripe_size: u32
    loa_comp_id: u32
    loa_comp_start: u64
    loa_comp_end: u64


@history(size={"2.11": 24}, byteorder="little", text="size {lsa_size} blocks {lsa_blocks}")
class LustreSomAttrs(Wire):
    """The attribute trusted.som: size and blocks that the MDT believes (lustre_user.h)."""

    lsa_valid: u16
    lsa_reserved: Annotated[list[int], Array(U16.as_sent(), 3)]
    lsa_size: u64
    lsa_blocks: u64


@history(size={"2.4": 40, "2.8": None}, swab=False)
class SomAttrs(Wire):
    """The attribute trusted.som of SOM as it was."""

    som_compat: u32
    som_incompat: u32
    som_ioepoch: u64
    som_size: u64
    som_blocks: u64
    som_mountid: u64
