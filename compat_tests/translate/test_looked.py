"""What rules say that they look at (`looks_at`) is what they look at, and nothing else: translations under watch.

Copy plans believe what rules say, so nothing here may be looked at in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.translate import pairs
from compat_tests.translate.watch import watched
from lustre_wire.bulk import copyplan
from lustre_wire.bulk.asking import WatchedSession
from lustre_wire.engines import payload
from lustre_wire.testing.messages import messages
from lustre_wire.translate import looked, rules_between
from lustre_wire.translate.looked import BODY, Looked, Path, looked_at
from lustre_wire.translate.rules import DOWN, UP, Looks

RULES = rules_between("1.8", "2.0")
OTHER = {"1.8": "2.0", "2.0": "1.8"}


def session() -> WatchedSession:
    known = pairs.session()
    known.fids = lw.FidAllocator(0x200000400)
    return WatchedSession(known)


@dataclass
class Seen:
    """One translation: what was looked at, the session's part of it by name."""

    direction: str
    message: lw.Message
    made: lw.Message
    asked: set[str]
    changed: set[str]
    read: set[Path]

    @property
    def kind(self) -> tuple[Any, ...]:
        return self.message.dialect.name, self.message.format.key, self.message.direction, self.made.format.key  # type: ignore[union-attr]

    def said(self) -> Looked:
        return looked_at(RULES, self.direction, self.message, self.made)

    def unsaid(self, said: Looked) -> set[Any]:
        """What was looked at and had not been said. What is read to change the session need not be: that is no plan."""
        unread = set() if self.changed else {path for path in self.read if not said.at(path)}
        return self.asked - said.asks | self.changed - said.changes | unread


def seen(message: lw.Message) -> Seen | None:
    """Translate a message under watch; None where that is impossible."""
    source, target = message.dialect, lw.dialect(OTHER[message.dialect.name])
    direction = UP if source.name == RULES.old else DOWN
    watching, reads = watched(message)
    asked: Any = session()
    try:
        made = lw.translate(watching, target, session=asked, on_loss="report").message
    except lw.WireError:
        return None
    if message.format is None or made.format is None or message.body is None:
        return None
    named = {
        i: s.name for i, s in enumerate(payload.codec(type(message.buffers), message.order).places(message.buffers), 1)
    }
    nothing = Looked(frozenset(), frozenset(), frozenset())
    carried = copyplan.carried(RULES, direction, nothing, message, made)
    paths = {m.path for m in carried.moves if m.path[0] == BODY or getattr(message.buffers, m.path[0]) is not None}
    paths |= {(named[i],) for i in carried.strings if getattr(message.buffers, named[i])}
    read = {path for path in paths if not reads.copied_only(path)}
    return Seen(direction, message, made, {name for name, _ in asked.asked}, asked.changed, read)


def recorded_ones() -> Iterator[lw.Message]:
    for row in recorded.messages():
        try:
            yield row.decode()
        except lw.WireError:
            continue


@pytest.fixture(scope="module")
def every() -> list[Seen]:
    return [one for message in recorded_ones() if (one := seen(message)) is not None]


def unsaid(every: list[Seen]) -> set[Any]:
    said: dict[Any, Looked] = {}
    for one in every:
        if one.kind not in said:
            said[one.kind] = one.said()
    return set().union(*(one.unsaid(said[one.kind]) for one in every))


def test_recorded_messages(every: list[Seen]) -> None:
    assert len(every) > 700
    assert unsaid(every) == set()


@pytest.mark.parametrize("name", OTHER)
@settings(
    max_examples=60, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip
@given(draw=st.data())
def test_any_message(name: str, draw: Any) -> None:
    one = seen(draw.draw(messages(name)))
    assert one is None or not one.unsaid(one.said())


def test_rules_that_do_not_say_what_they_look_at_are_found(every: list[Seen], monkeypatch: pytest.MonkeyPatch) -> None:
    """The check has teeth: what the recorded messages show when every function keeps silent."""
    monkeypatch.setattr(looked, "looks_of", lambda function: Looks())
    found = unsaid(every)
    assert {"fid_of", "inode_of", "open_file", "keep_created", "last_committed", "new_fid", "opened"} <= found
    assert {("rec", "cr_opcode"), ("eadata",), ("ptlrpc_body", "pb_transno"), ("ptlrpc_body", "pb_status")} <= found
    assert len(found) > 20
