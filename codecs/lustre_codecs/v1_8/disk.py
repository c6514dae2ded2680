"""What 1.8 adds to the features of a target on disk."""

from __future__ import annotations

from lustre_codecs.common import disk as common
from lustre_codecs.v1_8 import constants as k
from lustre_wire.schema import WireFlag


class ObdRocompat(WireFlag, extends=common.ObdRocompat):
    """Features without which a target must not be written."""

    OBD_ROCOMPAT_CROW = k.OBD_ROCOMPAT_CROW
