"""Extended attributes of objects on MDTs and OSTs, of all releases; little-endian.

Source: lustre_user.h, lustre_idl.h of 1.8.9-wc1, 2.0.0, 2.4.0, 2.10.8 and 2.17.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from lustre_codecs.enums.layout import (
    LMV_MAGIC_STRIPE,
    LMV_MAGIC_V1,
    LOV_MAGIC_COMP_V1,
    LOV_MAGIC_FOREIGN,
    LOV_MAGIC_JOIN_V1,
    LOV_MAGIC_V1,
    LOV_MAGIC_V3,
)
from lustre_codecs.enums.metadata import LmaCompat
from lustre_codecs.structs.disk import FilterFid, LustreMdtAttrs, LustreOstAttrs, LustreSomAttrs
from lustre_codecs.structs.hsm import HsmAttrs
from lustre_codecs.structs.layouts import (
    LmvMdsMdV1,
    LovCompMdV1,
    LovForeignMd,
    LovMdsMdV1,
    LovMdsMdV3,
)
from lustre_wire.schema import Chars, Flex, Magic, Raw, Shown, u8, u16, u32, u64, wire_struct
from lustre_wire.schema.files import Attribute
from lustre_wire.schema.views import newest_view, view

LOV_MAGIC_SEL: Final = 0x0BD80BD0
LMV_USER_MAGIC: Final = 0x0CD30CD0


@wire_struct(size=32, c_name="lov_mds_md_join", byteorder="little", swab=False)
class LovMdsMdJoin:
    """trusted.lov of a joined file of 1.8: its parts stand in a log, which the rest names as far as it is there."""

    lmm_magic: Annotated[u32, Shown.HEX, Magic(LOV_MAGIC_JOIN_V1)] = LOV_MAGIC_JOIN_V1
    lmm_pattern: u32 = 0
    lmm_object_id: u64 = 0
    lmm_object_gr: u64 = 0
    lmm_stripe_size: u32 = 0
    lmm_stripe_count: u32 = 0
    lmmj_rest: Annotated[bytes, Flex(Raw(1))] = b""


@wire_struct(size=48, byteorder="little", swab=False)
class LmvUserMdV1:
    """trusted.dmv: how directories in this one are striped by default."""

    lum_magic: Annotated[u32, Shown.HEX, Magic(LMV_USER_MAGIC)] = LMV_USER_MAGIC
    lum_stripe_count: u32 = 0
    lum_stripe_offset: u32 = 0
    lum_hash_type: Annotated[u32, Shown.HEX] = 0
    lum_type: u32 = 0
    lum_max_inherit: u8 = 0
    lum_max_inherit_rr: u8 = 0
    lum_padding1: u16 = 0
    lum_padding2: u32 = 0
    lum_padding3: u32 = 0
    lum_pool_name: Annotated[bytes, Chars(16)] = bytes(16)


@wire_struct(size=8, byteorder="little", swab=False)
class Version:
    """trusted.version: the object's last transaction."""

    version: Annotated[u64, Shown.HEX] = 0


#: A layout with objects is read as 2.2 and 2.3 wrote it: its count has 16 bits and its objects a number and a sequence.
_LOV: Final[Mapping[int, type]] = {
    LOV_MAGIC_V1: view(LovMdsMdV1, "2.2.0"),
    LOV_MAGIC_V3: view(LovMdsMdV3, "2.2.0"),
    LOV_MAGIC_COMP_V1: newest_view(LovCompMdV1),
    LOV_MAGIC_SEL: newest_view(LovCompMdV1),
    LOV_MAGIC_FOREIGN: newest_view(LovForeignMd),
    LOV_MAGIC_JOIN_V1: LovMdsMdJoin,
}
_LMV: Final[Mapping[int, type]] = {
    LMV_MAGIC_V1: newest_view(LmvMdsMdV1), LMV_MAGIC_STRIPE: newest_view(LmvMdsMdV1), LMV_USER_MAGIC: LmvUserMdV1,
}  # fmt: skip
_OF_OST: Final = newest_view(LustreOstAttrs)

#: What the attributes of objects hold; trusted.link and the ACLs have readers of their own.
ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    Attribute("trusted.lov", by_magic=_LOV),
    Attribute("trusted.lmv", by_magic=_LMV),
    Attribute("trusted.dmv", by_magic=_LMV),
    Attribute(
        "trusted.lma", structs=(newest_view(LustreMdtAttrs), _OF_OST, view(LustreMdtAttrs, "2.0.0")),
        by_bits={_OF_OST: ("loa_lma.lma_compat", LmaCompat.LMAC_STRIPE_INFO)},
    ),
    Attribute(
        "trusted.fid",
        structs=tuple(view(FilterFid, when) for when in ("2.4.0", "2.0.0", "2.10.0", "2.17.0")),
    ),
    Attribute("trusted.hsm", structs=(newest_view(HsmAttrs),)),
    Attribute("trusted.som", structs=(newest_view(LustreSomAttrs),)),
    Attribute("trusted.version", structs=(Version,)),
)  # fmt: skip
