"""What 2.0 has of its own on the disks of its servers.

Source: lustre_disk.h and lustre_idl.h of 2.0.0.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.common import disk as common
from lustre_codecs.common.structs import LuFid
from lustre_codecs.v2_0 import constants as k
from lustre_wire.schema import U32, Shown, WireFlag, u32, u64, wire_struct


class ObdIncompat(WireFlag, extends=common.ObdIncompat):
    """Features without which a target must not be used."""

    OBD_INCOMPAT_IAM_DIR = k.OBD_INCOMPAT_IAM_DIR
    OBD_INCOMPAT_LMA = k.OBD_INCOMPAT_LMA


class LmaCompat(WireFlag):
    """lma_compat: which further attributes of a file count."""

    LMAC_HSM = k.LMAC_HSM
    LMAC_SOM = k.LMAC_SOM


@wire_struct(size=64, byteorder="little")
class LustreMdtAttrs:
    """The attribute trusted.lma of a file on an MDT: its FID, and its size where SOM keeps it."""

    lma_compat: Annotated[LmaCompat, U32] = LmaCompat(0)
    lma_incompat: Annotated[u32, Shown.HEX] = 0
    lma_self_fid: LuFid = LuFid()
    lma_flags: Annotated[u64, Shown.HEX] = 0
    lma_ioepoch: u64 = 0
    lma_som_size: u64 = 0
    lma_som_blocks: u64 = 0
    lma_som_mountid: u64 = 0


@wire_struct(size=32, byteorder="little", swab=False)
class FilterFid:
    """The attribute trusted.fid of an object: the file it belongs to, and its own id and sequence."""

    ff_parent: LuFid = LuFid()
    ff_objid: u64 = 0
    ff_seq: u64 = 0
