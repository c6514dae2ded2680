"""Whatever decodes can be given to translate: it gives a message that can be written and read, or a WireError."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings

import lustre_wire as lw
from compat_tests.recorded import messages
from lustre_wire.testing import Mutator
from lustre_wire.testing.messages import damaged

OTHER = {"1.8": "2.0", "2.0": "1.8"}
COUNT = 3000


def _through(data: bytes, dialect: str, request: lw.Message | None) -> bool:
    """Whether the bytes could be decoded and translated; then what comes out can be read again."""
    with suppress(lw.WireError):
        found = lw.decode(data, dialect, request=request)
        known = lw.Session(fids=lw.FidAllocator(0x200000400), keep_created=True)
        made = lw.translate(found, OTHER[dialect], session=known, request=request, on_loss="report").message
        out = lw.encode(made)
        assert lw.encode(lw.decode(out, OTHER[dialect], request=made.format)) == out
        return True
    return False


def test_mutated_recorded_messages() -> None:
    mutator = Mutator([(m.dialect, m.data) for m in messages()], seed=4)
    through = sum(_through(mutator.data(number), dialect, None) for number in range(COUNT) for dialect in OTHER)
    assert through > COUNT // 10


def test_mutated_replies_in_the_light_of_their_requests() -> None:
    through = 0
    for recorded in messages():
        request = recorded.request()
        if request is not None:
            mutator = Mutator([(recorded.dialect, recorded.data)], seed=5, confuse=False)
            through += sum(_through(mutator.data(number), recorded.dialect, request) for number in range(3))
    assert through > 100


@settings(max_examples=200, deadline=None)
@given(damaged())
def test_damaged_messages(data: bytes) -> None:
    for dialect in OTHER:
        _through(data, dialect, None)
