"""What the records of a configuration log say.

Source: obdclass/obd_config.c, mgs/mgs_llog.c, utils/lctl.c and utils/lustre_cfg.c of 1.8.9-wc1 and 2.0.0. The pool
commands name the file system first: class_process_config looks for the pool in buffer 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lustre_codecs.enums.config import LcfgCommand
from lustre_codecs.structs.disk import CfgMarker32
from lustre_codecs.structs.layouts import LmvDesc, LovDesc
from lustre_codecs.structs.llog import CfgMarker
from lustre_wire.schema.commands import Command
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import Release
from lustre_wire.schema.views import history_of, view

_STRIPING: Final = (
    "ld_uuid", "ld_default_stripe_count", "ld_default_stripe_size", "ld_default_stripe_offset", "ld_pattern",
)  # fmt: skip
_MARKER: Final = ("marker", ("cm_step", "cm_flags", "cm_tgtname", "cm_comment"))
_TARGET: Final = ("ost uuid", "index", "generation")
_POOL: Final = ("fsname", "pool")
_ALL: Final = (0, 1, 2, 3)
_MDC: Final = ("mdt uuid", "index", "generation", "mdc uuid")

_COMMANDS: Final[Mapping[LcfgCommand, Command]] = {
    LcfgCommand.LCFG_ATTACH: Command("attach", ("type", "uuid"), order=(1, 0, 2)),
    LcfgCommand.LCFG_DETACH: Command("detach", device=True),
    LcfgCommand.LCFG_SETUP: Command(
        "setup", ("argument 1", "argument 2", "argument 3", "argument 4"), device=True,
        structs={LovDesc: ("lov_setup", _STRIPING), LmvDesc: ("lmv_setup", ("ld_uuid",))},
    ),
    LcfgCommand.LCFG_CLEANUP: Command("cleanup", device=True),
    LcfgCommand.LCFG_ADD_UUID: Command("add_uuid", ("uuid",), order=(1,), header="lcfg_nid"),
    LcfgCommand.LCFG_DEL_UUID: Command("del_uuid", ("uuid",), order=(1,)),
    LcfgCommand.LCFG_MOUNTOPT: Command("mount_option", ("profile", "lov", "mdc")),
    LcfgCommand.LCFG_DEL_MOUNTOPT: Command("del_mount_option", ("profile",)),
    LcfgCommand.LCFG_SET_TIMEOUT: Command("set_timeout", header="lcfg_num"),
    LcfgCommand.LCFG_SET_LDLM_TIMEOUT: Command("set_ldlm_timeout", header="lcfg_num"),
    LcfgCommand.LCFG_SET_UPCALL: Command("set_lustre_upcall", ("upcall",)),
    LcfgCommand.LCFG_ADD_CONN: Command("add_conn", ("uuid",), device=True),
    LcfgCommand.LCFG_DEL_CONN: Command("del_conn", ("uuid",), device=True),
    LcfgCommand.LCFG_LOV_ADD_OBD: Command("lov_modify_tgts add", _TARGET, order=_ALL),
    LcfgCommand.LCFG_LOV_ADD_INA: Command("lov_modify_tgts add_inactive", _TARGET, order=_ALL),
    LcfgCommand.LCFG_LOV_DEL_OBD: Command("lov_modify_tgts del", _TARGET, order=_ALL),
    LcfgCommand.LCFG_PARAM: Command("param", ("parameter",), device=True),
    LcfgCommand.LCFG_MARKER: Command("marker", ("marker",), structs={CfgMarker: _MARKER, CfgMarker32: _MARKER}),
    LcfgCommand.LCFG_LOG_START: Command("log_start", ("log", "config uuid")),
    LcfgCommand.LCFG_LOG_END: Command("log_end", ("log", "config uuid")),
    LcfgCommand.LCFG_POOL_NEW: Command("pool_new", _POOL, dotted=True),
    LcfgCommand.LCFG_POOL_ADD: Command("pool_add", (*_POOL, "ost"), dotted=True),
    LcfgCommand.LCFG_POOL_REM: Command("pool_remove", (*_POOL, "ost"), dotted=True),
    LcfgCommand.LCFG_POOL_DEL: Command("pool_destroy", _POOL, dotted=True),
    LcfgCommand.LCFG_ADD_MDC: Command("modify_mdc_tgts add", _MDC, order=(0, 1, 2, 3, 4)),
    LcfgCommand.LCFG_DEL_MDC: Command("modify_mdc_tgts del", _MDC, order=(0, 1, 2, 3, 4)),
    LcfgCommand.LCFG_SPTLRPC_CONF: Command("sptlrpc_conf", ("rule",)),
}


def at(release: Release) -> Mapping[int, Command]:
    """The commands of a release by number, with the structs as they are there."""
    known = {n: command for name, command in _COMMANDS.items() if (n := number_at(name, release)) is not None}
    return {int(n): replace(command, structs=_structs(command, release)) for n, command in known.items()}


def _structs(command: Command, release: Release) -> dict[type, tuple[str, tuple[str, ...]]]:
    there = {cls: said for cls, said in command.structs.items() if (h := history_of(cls)) and h.exists(release)}
    return {view(cls, release): said for cls, said in there.items()}
