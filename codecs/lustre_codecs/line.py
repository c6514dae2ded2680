"""The dialects of all releases: views of the histories of `structs`, `enums`, `transport`, `rpcs` and `senders`."""

from __future__ import annotations

from typing import Final

from lustre_codecs.structs.ptlrpc import PtlrpcBody
from lustre_wire.dialects import Line
from lustre_wire.schema.views import view

LINE: Final = Line(
    packages=tuple(f"lustre_codecs.{name}" for name in ("structs", "enums", "transport", "rpcs", "senders")),
    traits={
        "body": lambda release: view(PtlrpcBody, release),
        "body_minimum": {"1.8": 88, "2.0": 152},  # what 1.6 peers send; a peer without a job id
        "containers": {"1.8": frozenset({1, 2}), "2.0": frozenset({2})},
        "flavour_mask": {"1.8": 0, "2.0": 0xFFFFF},  # the source part above it does not wrap anything (lustre_sec.h)
    },
    called={"1.8.9-wc1": "1.8", "2.0.0": "2.0"},
)
