"""What changes its meaning between releases behind 2.0: bits that were given to something else, a field cut anew.

All other changes the histories tell. Source: the headers of the releases that the histories name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lustre_codecs.enums.connect import ObdConnect
from lustre_codecs.enums.metadata import MdOpFlags
from lustre_codecs.structs.fid import LuSeqRange
from lustre_wire.schema.releases import Release
from lustre_wire.translate.rules import FieldRule, renamed
from lustre_wire.translate.steps import Changes

_CHANGES: Final = Changes(
    reused={
        # CROW and JOIN became LARGE_ACL and BARRIER (2.10), TRUNCLOCK OLD_FALLOC (2.15), REQPORTAL MGS_NIDLIST (2.17)
        ObdConnect: ("OBD_CONNECT_CROW", "OBD_CONNECT_JOIN", "OBD_CONNECT_TRUNCLOCK", "OBD_CONNECT_REQPORTAL"),
        # what closes said of size on MDS became the client's own MF_MDC_CANCEL_FID1 to 3 (2.8)
        MdOpFlags: ("MF_SOM_CHANGE", "MF_EPOCH_OPEN", "MF_EPOCH_CLOSE"),
    }
)

_FIELDS: Final[Mapping[str, Mapping[type, tuple[FieldRule, ...]]]] = {
    # the server of a range: an MDT's until OSTs got ranges, which lsr_flags tells apart (0: an MDT)
    "2.2.0": {LuSeqRange: (renamed("lsr_mdt", "lsr_index"),)},
}


def at(release: Release) -> Changes:
    """What changes at a release."""
    return replace(_CHANGES, fields=_FIELDS.get(release.name, {}))
