"""What targets and the MGS tell each other.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.disk import LddFlags
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import in32, padding, since
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import U64, Array, Chars, Flex, u32


@history(size=1024, text="{mgs_param}")
class MgsSendParam(Wire):
    """One configuration parameter for the MGS."""

    mgs_param: Annotated[bytes, Chars(1024)]


@history(size=4544, text=("{mti_svname}", " {mti_flags}", " {mti_params}"))
class MgsTargetInfo(Wire):
    """What a target tells the MGS when it registers."""

    mti_lustre_ver: Annotated[u32, Shown.RELEASE]
    mti_stripe_index: u32
    mti_config_ver: u32
    mti_flags: in32[LddFlags]
    mti_nid_count: u32
    mti_instance: u32                                    = padding("padding").since("2.2")
    mti_fsname: Annotated[bytes, Chars(64)]
    mti_svname: Annotated[bytes, Chars(64)]
    mti_uuid: Annotated[bytes, Chars(40)]
    mti_nids: Annotated[list[int], Array(U64, 32), Shown.NID]
    mti_params: Annotated[bytes, Chars(4096)]
    mti_nidlist: Annotated[list[bytes], Flex(Chars(64))] = since("2.16")
