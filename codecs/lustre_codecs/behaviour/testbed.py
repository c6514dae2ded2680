"""The testbed's messages in each release that it plays."""

from __future__ import annotations

from typing import Final

from lustre_codecs.behaviour import testbed_1_8, testbed_2_0, testbed_2_17
from lustre_wire.schema.margins import dated
from lustre_wire.schema.releases import Release
from lustre_wire.testbed.packing import Personality

_PERSONALITIES: Final = dated({
    "1.8": testbed_1_8.PERSONALITY, "2.0": testbed_2_0.PERSONALITY, "2.1": None, "2.17": testbed_2_17.PERSONALITY,
})  # fmt: skip


def at(release: Release) -> Personality | None:
    """How the testbed speaks a release."""
    found: Personality | None = _PERSONALITIES.at(release).value
    return found
