"""The dialects of all releases: views of the histories of `structs`, `enums`, `transport`, `rpcs` and `senders`."""

from __future__ import annotations

from typing import Final

from lustre_codecs.enums.connect import ObdConnect
from lustre_codecs.enums.ptlrpc import Opcode
from lustre_codecs.structs.ptlrpc import PtlrpcBody
from lustre_wire.dialects import Dialect, Grant, Line
from lustre_wire.schema.views import view

_FID: Final = int(ObdConnect.OBD_CONNECT_FID)
_FULL20: Final = int(ObdConnect.OBD_CONNECT_FULL20)
#: Flags that no 2.0 knows: each later connection has one of them, since 2.8 BULK_MBITS at least.
_LATER: Final = ~(2 * int(ObdConnect.OBD_CONNECT_LAYOUTLOCK) - 1) & 0xFFFFFFFFFFFFFFFF
_VERSION: Final = int(ObdConnect.OBD_CONNECT_VERSION)
#: Nothing but its version tells a 1.8 target without FIDs from another one.
_OLD: Final = Grant(none=_FULL20, before=0x02000000, version=_VERSION)
# 1.8.9 knows some of the later flags; its clients send to later servers what they send to 2.0
_MDS, _OTHER = (Grant(flag, some=_LATER, since=0x02010000, version=_VERSION) for flag in (_FID, _FULL20))

LINE: Final = Line(
    packages=tuple(f"lustre_codecs.{name}" for name in ("structs", "enums", "transport", "rpcs", "senders")),
    traits={
        "body": lambda release: view(PtlrpcBody, release),
        "body_minimum": {"1.8": 88, "2.0": 152},  # what 1.6 peers send; a peer without a job id
        "containers": {"1.8": frozenset({1, 2}), "2.0": frozenset({2})},
        "grants": {
            # the 1.8.9 client packs metadata requests for 2.0 when this was granted (mdc_exp_is_2_0_server)
            "1.8": {Opcode.MDS_CONNECT: Grant(none=_FID), Opcode.OST_CONNECT: _OLD, Opcode.MGS_CONNECT: _OLD},
            # an MDT refuses clients without FID (mdt_connect_internal); only 2.0 and later grant FULL20
            "2.0": {
                Opcode.MDS_CONNECT: Grant(_FID), Opcode.OST_CONNECT: Grant(_FULL20), Opcode.MGS_CONNECT: Grant(_FULL20),
            },
            "2.1": {
                Opcode.MDS_CONNECT: _MDS, Opcode.OST_CONNECT: _OTHER, Opcode.MGS_CONNECT: _OTHER,
            },
        },
        "behaviour": "lustre_codecs.behaviour",
        "translation": "lustre_codecs.translation.later",
        "flavour_mask": {"1.8": 0, "2.0": 0xFFFFF},  # the source part above it does not wrap anything (lustre_sec.h)
    },
    called={"1.8.9-wc1": "1.8", "2.0.0": "2.0"},
)


def _dialect(name: str) -> Dialect:
    found = LINE.dialect(name)
    assert found is not None
    return found


DIALECT_1_8: Final = _dialect("1.8")
DIALECT_2_0: Final = _dialect("2.0")
