"""What servers keep on disk beside the files themselves: last_rcvd, mountdata, and the markers of 32-bit servers.

Source: lustre_disk.h and obdclass/obd_config.c of 1.8.9-wc1 and 2.0.0.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.common import constants as k
from lustre_codecs.common.constants import CfgMarkerFlags, Disposition, LddFlags, LddMountType
from lustre_wire.schema import U32, U64, Array, Chars, Flex, Raw, Shown, WireFlag, u16, u32, u64, wire_struct


class ObdCompat(WireFlag):
    """Features that a version without them may ignore."""

    OBD_COMPAT_OST = k.OBD_COMPAT_OST
    OBD_COMPAT_MDT = k.OBD_COMPAT_MDT
    OBD_COMPAT_20 = k.OBD_COMPAT_20


class ObdRocompat(WireFlag):
    """Features without which a target must not be written."""

    OBD_ROCOMPAT_LOVOBJID = k.OBD_ROCOMPAT_LOVOBJID


class ObdIncompat(WireFlag):
    """Features without which a target must not be used."""

    OBD_INCOMPAT_GROUPS = k.OBD_INCOMPAT_GROUPS
    OBD_INCOMPAT_OST = k.OBD_INCOMPAT_OST
    OBD_INCOMPAT_MDT = k.OBD_INCOMPAT_MDT
    OBD_INCOMPAT_COMMON_LR = k.OBD_INCOMPAT_COMMON_LR
    OBD_INCOMPAT_FID = k.OBD_INCOMPAT_FID
    OBD_INCOMPAT_SOM = k.OBD_INCOMPAT_SOM


@wire_struct(size=512, byteorder="little", swab=False)
class LrServerData:
    """Head of last_rcvd: the server, its last transaction and where its clients' slots are (sizes in bytes)."""

    lsd_uuid: Annotated[bytes, Raw(40), Shown.TEXT] = bytes(40)
    lsd_last_transno: u64 = 0
    lsd_compat14: u64 = 0
    lsd_mount_count: u64 = 0
    lsd_feature_compat: Annotated[ObdCompat, U32] = ObdCompat(0)
    lsd_feature_rocompat: Annotated[ObdRocompat, U32] = ObdRocompat(0)
    lsd_feature_incompat: Annotated[ObdIncompat, U32] = ObdIncompat(0)
    lsd_server_size: u32 = k.LR_SERVER_SIZE
    lsd_client_start: u32 = k.LR_CLIENT_START
    lsd_client_size: u16 = k.LR_CLIENT_SIZE
    lsd_subdir_count: u16 = 0
    lsd_catalog_oid: u64 = 0
    lsd_catalog_ogen: u32 = 0
    lsd_peeruuid: Annotated[bytes, Raw(40), Shown.TEXT] = bytes(40)
    lsd_ost_index: u32 = 0
    lsd_mdt_index: u32 = 0
    lsd_start_epoch: u32 = 0
    lsd_trans_table: Annotated[list[int], Array(U64, 16)] = [0] * 16
    lsd_trans_table_time: Annotated[u32, Shown.TIME] = 0
    lsd_expire_intervals: u32 = 0
    lsd_padding: Annotated[bytes, Raw(224)] = bytes(224)


@wire_struct(size=128, byteorder="little", swab=False)
class LsdClientData:
    """One client's slot of last_rcvd: its last requests, to answer them again after a restart.

    `lcd_last_data` is the disposition of an open. What a slot has beyond its 128 bytes is `lcd_padding`.
    """

    lcd_uuid: Annotated[bytes, Raw(40), Shown.TEXT] = bytes(40)
    lcd_last_transno: u64 = 0
    lcd_last_xid: u64 = 0
    lcd_last_result: Annotated[u32, Shown.STATUS] = 0
    lcd_last_data: Annotated[Disposition, U32] = Disposition(0)
    lcd_last_close_transno: u64 = 0
    lcd_last_close_xid: u64 = 0
    lcd_last_close_result: Annotated[u32, Shown.STATUS] = 0
    lcd_last_close_data: u32 = 0
    lcd_pre_versions: Annotated[list[int], Array(U64, 4)] = [0] * 4
    lcd_last_epoch: u32 = 0
    lcd_first_epoch: u32 = 0
    lcd_padding: Annotated[bytes, Flex(Raw(1))] = b""


@wire_struct(size=12288, swab=False)
class LustreDiskData:
    """CONFIGS/mountdata: what a target is and how to mount it, in the byte order of its server."""

    ldd_magic: Annotated[u32, Shown.HEX] = k.LDD_MAGIC
    ldd_feature_compat: Annotated[ObdCompat, U32] = ObdCompat(0)
    ldd_feature_rocompat: Annotated[ObdRocompat, U32] = ObdRocompat(0)
    ldd_feature_incompat: Annotated[ObdIncompat, U32] = ObdIncompat(0)
    ldd_config_ver: u32 = 0
    ldd_flags: Annotated[LddFlags, U32] = LddFlags(0)
    ldd_svindex: Annotated[u32, Shown.HEX] = 0
    ldd_mount_type: Annotated[LddMountType, U32] = LddMountType(0)
    ldd_fsname: Annotated[bytes, Chars(64)] = bytes(64)
    ldd_svname: Annotated[bytes, Chars(64)] = bytes(64)
    ldd_uuid: Annotated[bytes, Raw(40), Shown.TEXT] = bytes(40)
    ldd_userdata: Annotated[bytes, Chars(824)] = bytes(824)
    ldd_padding: Annotated[bytes, Raw(3072)] = bytes(3072)
    ldd_mount_opts: Annotated[bytes, Chars(4096)] = bytes(4096)
    ldd_params: Annotated[bytes, Chars(4096)] = bytes(4096)


@wire_struct(size=152, c_name="cfg_marker32", swab=False)
class CfgMarker32:
    """A marker as a 32-bit server wrote it: times of 4 bytes, in seconds."""

    cm_step: u32 = 0
    cm_flags: Annotated[CfgMarkerFlags, U32] = CfgMarkerFlags(0)
    cm_vers: Annotated[u32, Shown.RELEASE] = 0
    padding: u32 = 0
    cm_createtime: Annotated[u32, Shown.TIME] = 0
    cm_canceltime: Annotated[u32, Shown.TIME] = 0
    cm_tgtname: Annotated[bytes, Chars(64)] = bytes(64)
    cm_comment: Annotated[bytes, Chars(64)] = bytes(64)
