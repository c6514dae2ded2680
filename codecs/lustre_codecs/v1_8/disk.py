"""What 1.8 has of its own on the disks of its servers.

Source: lustre_disk.h and lustre_idl.h of 1.8.9-wc1.
"""

from __future__ import annotations

from lustre_codecs.common import disk as common
from lustre_codecs.common.structs import LlFid
from lustre_codecs.v1_8 import constants as k
from lustre_wire.schema import WireFlag, u64, wire_struct


class ObdRocompat(WireFlag, extends=common.ObdRocompat):
    """Features without which a target must not be written."""

    OBD_ROCOMPAT_CROW = k.OBD_ROCOMPAT_CROW


@wire_struct(size=32, byteorder="little", swab=False)
class FilterFid:
    """The attribute trusted.fid of an object: the file it belongs to, and its own id and group."""

    ff_fid: LlFid = LlFid()
    ff_objid: u64 = 0
    ff_group: u64 = 0
