"""What the values of extended attributes are, as MDTs send them: by name.

Source: lustre_idl.h, lustre_user.h of the releases that have them; mdt/mdt_xattr.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lustre_codecs.structs.acl import ACL_XATTRS
from lustre_codecs.structs.directory import LinkEaHeader
from lustre_codecs.structs.disk import FilterFid, LustreMdtAttrs, LustreSomAttrs
from lustre_codecs.structs.hsm import HsmAttrs
from lustre_codecs.structs.layouts import (
    LmvMdsMdV1,
    LmvStripeMd,
    LmvUserMdV1,
    LovCompMdV1,
    LovForeignMd,
    LovMdsMdV1,
    LovMdsMdV3,
)
from lustre_wire.schema.holds import Records
from lustre_wire.schema.rpc import Names

_LAYOUTS: Final = (LovMdsMdV1, LovMdsMdV3, LovCompMdV1, LovForeignMd)

#: Extended attributes with an inside of their own.
XATTRS: Final[Mapping[str, Any]] = {
    **ACL_XATTRS,
    "trusted.lov": _LAYOUTS,
    "lustre.lov": _LAYOUTS,
    "trusted.lma": LustreMdtAttrs,
    "trusted.lmv": (LmvMdsMdV1, LmvStripeMd),
    "trusted.dmv": LmvUserMdV1,
    "trusted.link": Records(LinkEaHeader),
    "trusted.fid": FilterFid,
    "trusted.hsm": HsmAttrs,
    "trusted.som": LustreSomAttrs,
}
#: What comes back for the attribute asked for by name, or for no name: the names there are.
ANSWERS: Final[Mapping[str, Any]] = {"": Names(), **XATTRS}
