"""Messages without a test around them: a fixed number, the same every time."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from lustre_wire.dialects import Dialect
from lustre_wire.rpc import Message
from lustre_wire.testing.messages import messages


def sample(dialect: Dialect | str | None, count: int, *, seed: int = 0, **which: Any) -> list[Message]:
    """`count` messages drawn from `lustre_wire.testing.messages`, the same for the same `seed` and library version.

    Args:
        dialect: a dialect, its name, or None for any.
        count: how many.
        which: passed on: ``opcode=``, ``name=``, ``direction=``, ``order=``.

    Raises:
        WireError: no format of the dialect fits.
    """
    out: list[Message] = []

    @seeded(seed)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(messages(dialect, **which))
    def draw(message: Message) -> None:
        out.append(message)

    while len(out) < count:  # hypothesis draws no value twice, so a format with few values ends early
        before = len(out)
        draw()
        if len(out) == before:
            break
    return out[:count]
