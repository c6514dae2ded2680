"""Why a row of an index is no whole message."""

from __future__ import annotations

import enum

from lustre_wire.engines.bulk.numbers import C


class Reason(enum.IntEnum):
    """Why a row of an index is not a whole message of the dialect; from CONTAINER on its extent is known."""

    GOOD = C.LW_GOOD
    TRUNCATED = C.LW_TRUNCATED
    NO_MAGIC = C.LW_NO_MAGIC
    CONTAINER = C.LW_CONTAINER
    NO_BODY = C.LW_NO_BODY
    BAD_TYPE = C.LW_BAD_TYPE
    BAD_VERSION = C.LW_BAD_VERSION
    WRAPPED = C.LW_WRAPPED
    NO_RPC = C.LW_NO_RPC
    NO_FORMAT = C.LW_NO_FORMAT
