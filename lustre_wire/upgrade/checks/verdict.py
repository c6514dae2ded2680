"""What a check says of a play, and the register of checks by the number of their invariant."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play
from lustre_wire.upgrade.stage.snapshot import Snapshot

#: Seconds a commit and the last messages may take beyond the callback timeout.
SLACK = 1.0


@attrs.define(slots=True)
class Verdict:
    """`seen`: how often the invariant applied; `wrong`: where it did not hold."""

    seen: int = 0
    wrong: list[str] = attrs.field(factory=list)

    def must(self, holds: bool, why: str) -> None:
        self.seen += 1
        if not holds:
            self.wrong.append(why)


Check = Callable[["Play", Verdict], None]
#: What must hold, in words, and the check: by the number of the invariant.
CHECKS: dict[str, tuple[str, Check]] = {}


def invariant(name: str) -> Callable[[Check], Check]:
    """Register a check under the invariant's number; its first line says what must hold."""

    def register(check: Check) -> Check:
        CHECKS[name] = ((check.__doc__ or "").strip().splitlines()[0], check)
        return check

    return register


def snapshots(play: Play, state: ServerState) -> list[Snapshot]:
    """What servers looked like that came into this state."""
    return [snapshot for snapshot in play.snapshots if snapshot.state == state]


def at(play: Play, time: float, nid: int) -> str:
    """When and where, for people."""
    return f"{time:.3f} {play.name_of(nid)}"
