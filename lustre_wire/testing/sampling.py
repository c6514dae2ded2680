"""Messages without a test around them: a fixed number, the same every time."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.rpc import Message
from lustre_wire.testing.messages import messages

_MOST: Final = 1 << 16


@checked
def sample(dialect: Dialect | str | None, count: int, *, seed: int = 0, **which: Any) -> list[Message]:
    """`count` messages drawn from `lustre_wire.testing.messages`, the same for the same `seed` and library version.

    Args:
        dialect: a dialect, its name, or None for any.
        count: how many.
        which: passed on: ``opcode=``, ``name=``, ``direction=``, ``order=``.

    Raises:
        WireError: no format of the dialect fits, or more than 65,536 messages.
        TypeError: a word that `messages` does not take.
    """
    if not 0 <= count <= _MOST:
        raise WireError(f"expected at most {_MOST} messages, got {count:#x}", path="count")
    out: list[Message] = []

    @seeded(seed)
    @settings(
        max_examples=max(count, 1),
        database=None,
        deadline=None,
        phases=[Phase.generate],
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
