"""Lustre 2.0, from the facts of 2.0.0."""

from __future__ import annotations

from typing import Final

from lustre_codecs.common import rpcs as common_rpcs
from lustre_codecs.common import structs as common_structs
from lustre_codecs.v2_0 import constants, rpcs, structs
from lustre_wire.dialects import Dialect
from lustre_wire.frames import lustre_msg

DIALECT: Final = Dialect(
    name="2.0",
    modules=(lustre_msg, common_structs, structs, common_rpcs, rpcs, constants),
    body=common_structs.PtlrpcBody,
    body_minimum=common_structs.PtlrpcBody.__wire__.size,
    flavour_mask=0xFFFFF,  # the source part above it does not wrap anything (lustre_sec.h)
)
