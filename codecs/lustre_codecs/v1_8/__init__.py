"""Lustre 1.8, from the facts of 1.8.9-wc1."""

from __future__ import annotations

from typing import Final

from lustre_codecs.common import disk as common_disk
from lustre_codecs.common import lnet as common_lnet
from lustre_codecs.common import rpcs as common_rpcs
from lustre_codecs.common import structs as common_structs
from lustre_codecs.common.constants import ObdConnect, Opcode
from lustre_codecs.v1_8 import constants, disk, lnet, rpcs, structs
from lustre_wire.dialects import Dialect

DIALECT: Final = Dialect(
    name="1.8",
    modules=(common_structs, structs, common_disk, disk, common_lnet, lnet, common_rpcs, rpcs, constants),
    body=common_structs.PtlrpcBody,
    body_minimum=88,  # what 1.6 peers send
    containers=frozenset({1, 2}),
    # the 1.8.9 client packs metadata requests for 2.0 when this was granted (mdc/mdc_internal.h: mdc_exp_is_2_0_server)
    grants={Opcode.MDS_CONNECT: (ObdConnect.OBD_CONNECT_FID, 0)},
)
