"""Adaptive timeouts: estimates from what the server reports, deadlines from estimates (lustre_import.h)."""

from __future__ import annotations

import attrs

#: Seconds; obd_support.h of both releases.
OBD_TIMEOUT = 100
AT_EARLY_MARGIN = 5
AT_EXTRA = 30
AT_HISTORY = 600
AT_BINS = 4
INITIAL_CONNECT_TIMEOUT = max(5, OBD_TIMEOUT // 20)
PING_INTERVAL = max(OBD_TIMEOUT // 4, 1)
RECOVERY_SOFT = OBD_TIMEOUT * 3
RECOVERY_HARD = OBD_TIMEOUT * 9


def timeout_of(estimate: int) -> int:
    """Seconds to allow for a service estimated at `estimate` seconds."""
    return estimate + (estimate >> 2) + 5


def estimate_of(timeout: int) -> int:
    """The estimate behind a timeout, at least 1."""
    return max(((timeout << 2) - 20) // 5, 1)


@attrs.define(slots=True)
class Estimate:
    """The longest service time of the recent past, in seconds, in bins of `AT_HISTORY` / `AT_BINS`."""

    current: int = INITIAL_CONNECT_TIMEOUT
    bins: list[int] = attrs.field(factory=lambda: [0] * AT_BINS)
    began: float = 0.0
    measured: bool = False

    def measure(self, seconds: int, now: float) -> None:
        """One service time; 0 says nothing."""
        if seconds <= 0:
            return
        width = AT_HISTORY / AT_BINS
        shift = AT_BINS if not self.measured else min(int((now - self.began) // width), AT_BINS)
        if shift:
            self.bins = ([0] * shift + self.bins)[:AT_BINS]
            self.began = now
        self.bins[0] = max(self.bins[0], seconds)
        self.current = max(self.bins)
        self.measured = True
