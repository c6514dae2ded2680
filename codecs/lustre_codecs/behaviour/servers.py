"""What servers of each release make of the files they find: feature words, logs, configuration commands.

The masks are MDT_INCOMPAT_SUPP, MDT_ROCOMPAT_SUPP (mds/mds_internal.h, mdt/mdt_internal.h), FILTER_*_SUPP
(obdfilter/filter_internal.h), OFD_*_SUPP (ofd/ofd_internal.h) and, from 2.6 on, tgt_scd (target/tgt_lastrcvd.c) of each
release; the function named with them compares. lsd_feature_compat is compared by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lustre_codecs.behaviour import llog
from lustre_codecs.disk import attributes as ea
from lustre_codecs.enums.config import LcfgCommand
from lustre_codecs.enums.disk import ObdCompat, ObdIncompat, ObdRocompat
from lustre_codecs.enums.layout import (
    LMV_MAGIC_STRIPE,
    LMV_MAGIC_V1,
    LOV_MAGIC_COMP_V1,
    LOV_MAGIC_FOREIGN,
    LOV_MAGIC_JOIN_V1,
    LOV_MAGIC_V1,
    LOV_MAGIC_V3,
)
from lustre_codecs.enums.llog import LlogOp
from lustre_codecs.enums.metadata import LmaIncompat
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import Release, release
from lustre_wire.schema.servers import Does, LogReader, Server, Servers, TargetKind

_IN: Final = ObdIncompat
_RO: Final = ObdRocompat
_COMMON: Final = _IN.OBD_INCOMPAT_COMMON_LR

# --- feature words ----------------------------------------------------------------------------------------------------



def _kind(rocompat: int, incompat: int, function: str, keeps_clients: bool | None = None) -> TargetKind:
    """A kind of target whose `function` reads last_rcvd."""
    return TargetKind(
        rocompat, incompat, keeps_clients=keeps_clients,
        features=Does("refuses to start: -EINVAL", function),
        sizes=Does("refuses to start: -EINVAL", function),
        slots=Does("takes what stands there for clients", function),
        cut=Does("leaves that client out", function),
        twice=Does("forgets the second slot", function),
    )  # fmt: skip


_MDS_1_8_0: Final = _kind(
    _RO.OBD_ROCOMPAT_LOVOBJID, _IN.OBD_INCOMPAT_MDT | _COMMON | _IN.OBD_INCOMPAT_FID,
    "mds/mds_fs.c:mds_init_server_data",
)  # fmt: skip
_MDS_1_8: Final = replace(_MDS_1_8_0, keeps_clients=False)
_MDT_2_0: Final = _kind(
    _RO.OBD_ROCOMPAT_LOVOBJID, _MDS_1_8.incompat | _IN.OBD_INCOMPAT_IAM_DIR,
    "mdt/mdt_recovery.c:mdt_server_data_init", keeps_clients=True,
)  # fmt: skip
_MDT_2_2: Final = replace(
    _MDT_2_0, incompat=_MDT_2_0.incompat | _IN.OBD_INCOMPAT_LMM_VER | _IN.OBD_INCOMPAT_MULTI_OI
)  # fmt: skip
_MDT_2_4: Final = replace(_MDT_2_2, index=_MDT_2_2.features)
_TGT: Final = "target/tgt_lastrcvd.c:tgt_server_data_init"
_TGT_INDEX: Final = Does("refuses to start: -EINVAL", _TGT)
_MDT_2_6: Final = replace(
    _kind(_MDT_2_4.rocompat, _MDT_2_4.incompat, _TGT, keeps_clients=True), index=_TGT_INDEX
)  # fmt: skip
_MDT_2_8: Final = replace(_MDT_2_6, incompat=_MDT_2_6.incompat | _IN.OBD_INCOMPAT_MULTI_RPCS)

_FILTER_INIT: Final = "obdfilter/filter.c:filter_init_server_data"
_FILTER: Final = replace(
    _kind(0, _IN.OBD_INCOMPAT_GROUPS | _IN.OBD_INCOMPAT_OST | _COMMON, _FILTER_INIT),
    sizes=Does("stops the node: it divides by one of them", _FILTER_INIT),
)
_OFD_INIT: Final = "ofd/ofd_fs.c:ofd_server_data_init"
_OFD_2_4: Final = replace(
    _kind(0, _FILTER.incompat, _OFD_INIT), index=Does("refuses to start: -EINVAL", _OFD_INIT), fills_index=True
)  # fmt: skip
_OFD_2_5_3: Final = replace(_OFD_2_4, incompat=_OFD_2_4.incompat | _IN.OBD_INCOMPAT_FID)
_OST_2_6: Final = replace(
    _kind(0, _IN.OBD_INCOMPAT_OST | _COMMON | _IN.OBD_INCOMPAT_FID, _TGT), index=_TGT_INDEX
)  # fmt: skip
_OST_2_7: Final = replace(_OST_2_6, rocompat=_RO.OBD_ROCOMPAT_IDX_IN_IDIF)

# --- logs -------------------------------------------------------------------------------------------------------------

_LLOG: Final = "obdclass/llog.c"
_PROCESS: Final = f"{_LLOG}:llog_process_thread"
_LVFS_NEXT: Final = "obdclass/llog_lvfs.c:llog_lvfs_next_block"
_LVFS: Final = LogReader(
    largest=8192,
    header=Does("refuses the log: -EIO", "obdclass/llog_lvfs.c:llog_lvfs_read_header"),
    kind=Does("stops the node: LBUG", f"{_LLOG}:llog_init_handle"),
    count=Does("counts down from it, and destroys the log too early or never", f"{_LLOG}:llog_cancel_rec"),
    last=Does("gives the next record the number behind it", "obdclass/llog_lvfs.c:llog_lvfs_write_rec"),
    never_last=Does("takes no notice until it writes", _PROCESS, noticed=False),
    length=Does("stops: -EINVAL", _PROCESS),
    behind=Does("skips it", _PROCESS),
    ahead=Does("takes it for the record whose turn it is", _PROCESS),
    ends=Does("stops as at the end of the log, without a word", _PROCESS),
    missing=Does("stops: -EIO", _LVFS_NEXT),
    tail=Does("seeks by its index: stops with -EINVAL at 0, passes over the chunk if it is too low", _LVFS_NEXT),
    inner_tail=Does("goes astray where it reads the log backwards", f"{_LLOG}:llog_reverse_process"),
    catalogue=Does("stops: -EINVAL", "obdclass/llog_cat.c:llog_cat_process_cb"),
    unknown=Does("stops: -EINVAL", "obdfilter/filter_log.c:filter_recov_log_mds_ost_cb"),
)
_HEADER: Final = "obdclass/llog_osd.c:llog_osd_read_header"
_NEXT: Final = "obdclass/llog_osd.c:llog_osd_next_block"
_OSD_2_4: Final = replace(
    _LVFS,
    header=Does("refuses the log: -EIO", _HEADER),
    kind=Does("refuses the log: -EINVAL", _LVFS.kind.function),
    last=Does(_LVFS.last, "obdclass/llog_osd.c:llog_osd_write_rec"),
    ends=Does("reads the chunk again, and again", _PROCESS),
    missing=Does("stops: -EIO", _NEXT),
    tail=Does("stops the node: LASSERT", _NEXT),
    unknown=Does("passes over it undone", "osp/osp_sync.c:osp_sync_process_record"),
)
_OSD_2_6: Final = replace(_OSD_2_4, missing=Does("cancels all that is left of the log", _PROCESS))
_OSD_2_8: Final = replace(
    _OSD_2_6,
    largest=32768,
    ahead=Does("stops: -ERANGE", _PROCESS),
    ends=Does("stops", _PROCESS),
    tail=Does("stops: -EINVAL", _NEXT),
    header_tail=Does("refuses the log: -EIO", _HEADER),
    bitmap=Does("looks for the bitmap there", _PROCESS),
)
_BAD: Final = Does("passes over the rest of the chunk", f"{_LLOG}:llog_verify_record")
_AT_ONCE: Final = Does("stops at once, as at the end of the log", _PROCESS)
_OSD_2_13: Final = replace(_OSD_2_8, never_last=_AT_ONCE)
_OSD_2_12_9: Final = replace(_OSD_2_13, length=_BAD, magic=_BAD, ends=_BAD)
_OSD_2_15: Final = replace(_OSD_2_12_9, ahead=Does("goes on from there", _PROCESS))

# --- configuration commands -------------------------------------------------------------------------------------------

#: The MGS takes the commands about nodemaps as ioctls; they never stand in a log.
_IN_LOGS: Final = tuple(command for command in LcfgCommand if not command.name.startswith("LCFG_NODEMAP_"))


def _commands(name: str) -> frozenset[int]:
    there = (number_at(command, release(name)) for command in _IN_LOGS)
    return frozenset(number for number in there if number is not None)


#: 1.8 has a type "mdt" too, which is the service; its logs attach "mds", and that is what 2.0 takes for "mdt".
_TYPES_1_8: Final = frozenset(
    ("mds", "mdc", "lov", "osc", "ost", "obdfilter", "mgs", "mgc", "obdecho", "echo_client")
)  # fmt: skip
_TYPES_2_0: Final = _TYPES_1_8 | {"mdt", "lmv", "mdd", "cmm", "osd-ldiskfs"}
_TYPES_2_4: Final = _TYPES_2_0 - {"cmm"} | {"lod", "osp", "lwp", "qmt", "osd-zfs"}
_RECORDS_1_8: Final = frozenset({
    *map(int, llog.at(release("1.8.9-wc1")).records), LlogOp.LLOG_PAD_MAGIC, LlogOp.OBD_CFG_REC, LlogOp.PTL_CFG_REC,
})  # fmt: skip
_RECORDS_2_0: Final = _RECORDS_1_8 - {LlogOp.LLOG_JOIN_REC} | {LlogOp.CHANGELOG_REC, LlogOp.CHANGELOG_USER_REC}
_RECORDS_2_4: Final = _RECORDS_2_0 | {LlogOp.MDS_UNLINK64_REC}
_RECORDS_2_5: Final = _RECORDS_2_4 | {LlogOp.HSM_AGENT_REC}
_RECORDS_2_8: Final = _RECORDS_2_5 | {LlogOp.UPDATE_REC}
_RECORDS_2_15: Final = _RECORDS_2_8 | {LlogOp.CHANGELOG_USER_REC2}
_LAYOUTS_2_0: Final = frozenset({LOV_MAGIC_V1, LOV_MAGIC_V3})
_LAYOUTS_2_6: Final = _LAYOUTS_2_0 | {LMV_MAGIC_V1, LMV_MAGIC_STRIPE, ea.LMV_USER_MAGIC}
_LAYOUTS_2_10: Final = _LAYOUTS_2_6 | {LOV_MAGIC_COMP_V1}
_LAYOUTS_2_13: Final = _LAYOUTS_2_10 | {LOV_MAGIC_FOREIGN, ea.LOV_MAGIC_SEL}
_LMA: Final = LmaIncompat
_LMA_2_4: Final = int(_LMA.LMAI_AGENT | _LMA.LMAI_REMOTE_PARENT)
_LMA_2_6: Final = int(_LMA_2_4 | _LMA.LMAI_STRIPED)
_LMA_2_8: Final = int(_LMA_2_6 | _LMA.LMAI_ORPHAN)
_LMA_2_14: Final = int(_LMA_2_8 | _LMA.LMAI_ENCRYPT)

_HANDLER: Final = "obdclass/obd_config.c:class_config_llog_handler"
_SANITY: Final = "lustre_cfg.h:lustre_cfg_sanity_check"
_COMMAND: Final = "obdclass/obd_config.c:class_process_config"
_1_8_0: Final = Server(
    "1.8.0", {"MDT": _MDS_1_8_0, "OST": _FILTER}, _LVFS,
    command=Does("stops: -EINVAL, and the mount fails", f"include/{_SANITY}"),
    overrun=Does("takes the end of the record for the rest of it", _HANDLER),
    marker=Does("takes what stands there for one", _HANDLER),
    stranger=Does("skips", _HANDLER),
    refused=Does("refuses", _COMMAND),
    optional=Does("skips", _COMMAND),
    tools=Does("does not mount it as what it is", "utils/mount_lustre.c:main"),
    skips_lmv=Does("skips", _HANDLER),
    mountdata=Does("refuses to mount: -EINVAL", "obdclass/obd_mount.c:ldd_parse"),
    commands=_commands("1.8.0"), types=_TYPES_1_8, records=_RECORDS_1_8,
    attach=Does("refuses", "obdclass/obd_config.c:class_attach"),
    layouts=_LAYOUTS_2_0 | {LOV_MAGIC_JOIN_V1},
    layout=Does("gives an error for the file: -EINVAL", "lov/lov_pack.c:lov_unpackmd"),
    lma=0, lma_other=Does("knows nothing of it: the object is taken for an ordinary one", "mds/mds_open.c:mds_open"),
)  # fmt: skip
_1_8_9: Final = replace(
    _1_8_0, release="1.8.9-wc1", targets={"MDT": _MDS_1_8, "OST": _FILTER}, commands=_commands("1.8.9-wc1")
)  # fmt: skip
_2_0_0: Final = replace(
    _1_8_9, release="2.0.0", targets={"MDT": _MDT_2_0, "OST": _FILTER}, skips_lmv=None, commands=_commands("2.0.0"),
    types=_TYPES_2_0, records=_RECORDS_2_0, layouts=_LAYOUTS_2_0,
    lma_other=Does("refuses the object: -EOPNOTSUPP", "osd-ldiskfs/osd_handler.c"),
    needs_fid=Does("refuses the client: -EBADE", "mdt/mdt_handler.c:mdt_connect_internal"),
)  # fmt: skip
_2_2_0: Final = replace(_2_0_0, release="2.2.0", targets={"MDT": _MDT_2_2, "OST": _FILTER})
_2_4_0: Final = replace(
    _2_2_0, release="2.4.0", targets={"MDT": _MDT_2_4, "OST": _OFD_2_4}, log=_OSD_2_4, mountdata=None,
    commands=_commands("2.4.0"), types=_TYPES_2_4, records=_RECORDS_2_4, lma=_LMA_2_4,
)  # fmt: skip
_2_5_0: Final = replace(
    _2_4_0, release="2.5.0", commands=_commands("2.5.0"), records=_RECORDS_2_5
)  # fmt: skip
_2_6_0: Final = replace(
    _2_5_0, release="2.6.0", targets={"MDT": _MDT_2_6, "OST": _OST_2_6}, log=_OSD_2_6, layouts=_LAYOUTS_2_6,
    lma=_LMA_2_6,
)  # fmt: skip
_2_7_0: Final = replace(_2_6_0, release="2.7.0", targets={"MDT": _MDT_2_6, "OST": _OST_2_7})
_2_8_0: Final = replace(
    _2_7_0, release="2.8.0", targets={"MDT": _MDT_2_8, "OST": _OST_2_7}, log=_OSD_2_8, records=_RECORDS_2_8,
    lma=_LMA_2_8,
)  # fmt: skip
_2_10_0: Final = replace(
    _2_8_0, release="2.10.0", layouts=_LAYOUTS_2_10, command=Does(_1_8_0.command, f"include/uapi/linux/{_SANITY}")
)  # fmt: skip
_2_11_0: Final = replace(
    _2_10_0, release="2.11.0", command=Does(_1_8_0.command, f"include/uapi/linux/lustre/{_SANITY}")
)  # fmt: skip
_2_13_0: Final = replace(_2_11_0, release="2.13.0", log=_OSD_2_13, layouts=_LAYOUTS_2_13)
_2_14_0: Final = replace(_2_13_0, release="2.14.0", lma=_LMA_2_14)
_2_15_0: Final = replace(_2_14_0, release="2.15.0", log=_OSD_2_15, records=_RECORDS_2_15)

#: Every release that has files of its own, in the order of the releases.
_SERVERS: Final[Mapping[str, Server]] = {
    server.release: server
    for server in (
        _1_8_0,
        _1_8_9,
        _2_0_0,
        replace(_2_0_0, release="2.1.0"),
        replace(_2_0_0, release="2.1.6"),
        _2_2_0,
        replace(_2_2_0, release="2.3.0"),
        _2_4_0,
        _2_5_0,
        replace(_2_5_0, release="2.5.3", targets={"MDT": _MDT_2_4, "OST": _OFD_2_5_3}),
        _2_6_0,
        _2_7_0,
        _2_8_0,
        replace(_2_8_0, release="2.9.0"),
        _2_10_0,
        replace(_2_10_0, release="2.10.8"),
        _2_11_0,
        replace(_2_11_0, release="2.12.0"),
        replace(_2_11_0, release="2.12.9", log=_OSD_2_12_9),
        _2_13_0,
        _2_14_0,
        _2_15_0,
        *(replace(_2_15_0, release=name) for name in ("2.15.8", "2.16.0", "2.16.1")),
        replace(_2_15_0, release="2.17.0", overrun=None),
    )
}

_FEATURES: Final = {
    "lsd_feature_compat": ObdCompat,
    "lsd_feature_rocompat": ObdRocompat,
    "lsd_feature_incompat": ObdIncompat,
}


def at(release: Release) -> Servers:
    """What servers of a release make of files, and those of every other."""
    return Servers(_SERVERS[release.name], _SERVERS, _FEATURES)
