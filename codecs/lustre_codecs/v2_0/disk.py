"""What 2.0 adds to the features of a target on disk."""

from __future__ import annotations

from lustre_codecs.common import disk as common
from lustre_codecs.v2_0 import constants as k
from lustre_wire.schema import WireFlag


class ObdIncompat(WireFlag, extends=common.ObdIncompat):
    """Features without which a target must not be used."""

    OBD_INCOMPAT_IAM_DIR = k.OBD_INCOMPAT_IAM_DIR
    OBD_INCOMPAT_LMA = k.OBD_INCOMPAT_LMA
