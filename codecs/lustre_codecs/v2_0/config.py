"""The configuration commands of 2.0: what it adds are metadata targets and security rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lustre_codecs.common import config as common
from lustre_codecs.v2_0.constants import LcfgCommand
from lustre_wire.schema.commands import Command

_MDC: Final = ("mdt uuid", "index", "generation", "mdc uuid")

COMMANDS: Final[Mapping[int, Command]] = {
    **common.COMMANDS,
    LcfgCommand.LCFG_ADD_MDC: Command("modify_mdc_tgts add", _MDC, order=(0, 1, 2, 3, 4)),
    LcfgCommand.LCFG_DEL_MDC: Command("modify_mdc_tgts del", _MDC, order=(0, 1, 2, 3, 4)),
    LcfgCommand.LCFG_SPTLRPC_CONF: Command("sptlrpc_conf", ("rule",)),
}
