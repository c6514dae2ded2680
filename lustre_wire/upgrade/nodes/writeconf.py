"""Erasing the configuration (tunefs.lustre --writeconf): never under a mounted client (G5, G7)."""

from __future__ import annotations

from lustre_wire.errors import WireError
from lustre_wire.recovery.target import Target
from lustre_wire.testbed.mgs import Configuration


class WriteconfRefused(WireError):
    """Clients are mounted: what they built from the old log would not fit what comes later."""


def writeconf(target: Target, logs: dict[bytes, bytes]) -> None:
    """Put new logs in the place of all there are.

    Raises:
        WriteconfRefused: clients are mounted; evict them or unmount them first.
    """
    service = target.service
    assert isinstance(service, Configuration)
    mounted = sorted(export.uuid.decode() for export in target.exports.values() if export.connected)
    if mounted:
        raise WriteconfRefused(f"{len(mounted)} clients are mounted, {mounted[0]} among them")
    service.logs.clear()
    service.logs.update(logs)
