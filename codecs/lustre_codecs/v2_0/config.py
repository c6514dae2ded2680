"""The configuration commands of 2.0: what it adds are metadata targets and security rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lustre_codecs.common import config as common
from lustre_codecs.v2_0.constants import LcfgCommand
from lustre_codecs.v2_0.structs import LmvDesc
from lustre_wire.schema.commands import Command

_SETUP: Final = common.COMMANDS[LcfgCommand.LCFG_SETUP]
_MDC: Final = ("mdt uuid", "index", "generation", "mdc uuid")

COMMANDS: Final[Mapping[int, Command]] = {
    **common.COMMANDS,
    LcfgCommand.LCFG_SETUP: replace(_SETUP, structs={**_SETUP.structs, LmvDesc: ("lmv_setup", ("ld_uuid",))}),
    LcfgCommand.LCFG_ADD_MDC: Command("modify_mdc_tgts add", _MDC, order=(0, 1, 2, 3, 4)),
    LcfgCommand.LCFG_DEL_MDC: Command("modify_mdc_tgts del", _MDC, order=(0, 1, 2, 3, 4)),
    LcfgCommand.LCFG_SPTLRPC_CONF: Command("sptlrpc_conf", ("rule",)),
}
