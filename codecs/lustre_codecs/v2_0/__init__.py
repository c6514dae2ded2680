"""Lustre 2.0, from the facts of 2.0.0."""

from __future__ import annotations

from typing import Final

from lustre_codecs.common import disk as common_disk
from lustre_codecs.common import lnet as common_lnet
from lustre_codecs.common import rpcs as common_rpcs
from lustre_codecs.common import structs as common_structs
from lustre_codecs.common.constants import ObdConnect, Opcode
from lustre_codecs.v2_0 import constants, disk, from_1_8_9, hsm, lnet, rpcs, structs
from lustre_wire.dialects import Dialect
from lustre_wire.schema import spec_of

DIALECT: Final = Dialect(
    name="2.0",
    modules=(
        common_structs, structs, common_disk, disk, hsm, common_lnet, lnet, common_rpcs, from_1_8_9, rpcs, constants,
    ),
    body=common_structs.PtlrpcBody,
    body_minimum=spec_of(common_structs.PtlrpcBody).size,
    flavour_mask=0xFFFFF,  # the source part above it does not wrap anything (lustre_sec.h)
    # an MDT refuses clients without FID (mdt/mdt_handler.c: mdt_connect_internal); only 2.0 and later grant FULL20
    grants={
        Opcode.MDS_CONNECT: (ObdConnect.OBD_CONNECT_FID, ObdConnect.OBD_CONNECT_FID),
        Opcode.OST_CONNECT: (ObdConnect.OBD_CONNECT_FULL20, ObdConnect.OBD_CONNECT_FULL20),
        Opcode.MGS_CONNECT: (ObdConnect.OBD_CONNECT_FULL20, ObdConnect.OBD_CONNECT_FULL20),
    },
)
