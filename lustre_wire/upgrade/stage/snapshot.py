"""What can only be seen at the moment a server reaches a state of its stop."""

from __future__ import annotations

import attrs


@attrs.frozen
class Snapshot:
    """A server that just reached a state; `pending` is for how many clients it still waits."""

    time: float
    nid: int
    state: str
    pending: int
