"""Hierarchical storage."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since
from lustre_wire.schema.numbers import constant


class HsmAction(WireEnum, since="2.0"):
    """hai_action: what a copy tool is to do."""

    HSMA_ARCHIVE = 0x14
    HSMA_RESTORE = 0x15
    HSMA_REMOVE = 0x16
    HSMA_CANCEL = 0x17


class HsmUserAction(WireEnum, since="2.1"):
    """hur_action: what a user asks for."""

    HUA_NONE = 1
    HUA_ARCHIVE = 0xa
    HUA_RESTORE = 0xb
    HUA_RELEASE = 0xc
    HUA_REMOVE = 0xd
    HUA_CANCEL = 0xe


class HsmProgressStates(WireEnum, since="2.1"):
    """How far an action is."""

    HPS_NONE = 0
    HPS_WAITING = 1
    HPS_RUNNING = 2
    HPS_DONE = 3


class HsmProgressFlags(WireFlag, since="2.1"):
    """hp_flags."""

    HP_FLAG_COMPLETED = 1
    HP_FLAG_RETRY = 2


class HsmStates(WireFlag, since="2.1"):
    """What a file is to archives."""

    HS_NONE = 0, since("2.8")
    HS_EXISTS = 1
    HS_DIRTY = 2
    HS_RELEASED = 4
    HS_ARCHIVED = 8
    HS_NORELEASE = 0x10
    HS_NOARCHIVE = 0x20
    HS_LOST = 0x40
    HS_PCCRW = 0x80, since("2.16")
    HS_PCCRO = 0x100, since("2.16")


class HssValid(WireFlag, since="2.4"):
    """hss_valid: what of the state is set."""

    HSS_SETMASK = 1
    HSS_CLEARMASK = 2
    HSS_ARCHIVE_ID = 4


class KucTransport(WireEnum, since="2.0"):
    """kuc_transport: whom the message is for."""

    KUC_TRANSPORT_GENERIC = 1
    KUC_TRANSPORT_HSM = 2
    KUC_TRANSPORT_CHANGELOG = 3, since("2.0").until("2.10")


# Requests
KUC_MAGIC: Final = constant(0x191c, since("2.0"))
HAL_VERSION: Final = constant(1, since("2.0"))
HSM_FORCE_ACTION: Final = constant(1, since("2.4"))
HSM_GHOST_COPY: Final = constant(2, since("2.4"))
HSM_REQ_BLOCKING: Final = constant(4, since("2.17"))
HSMR_ARCHIVE: Final = constant(0xa, since("2.0").until("2.1"))
HSMR_RESTORE: Final = constant(0xb, since("2.0").until("2.1"))
HSMR_RELEASE: Final = constant(0xc, since("2.0").until("2.1"))
HSMR_REMOVE: Final = constant(0xd, since("2.0").until("2.1"))
HSMR_CANCEL: Final = constant(0xe, since("2.0").until("2.1"))
