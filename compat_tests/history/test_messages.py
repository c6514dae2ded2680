"""Recorded messages, in views of the histories: read, spelled out and packed as in the dialects of 1.8 and 2.0."""

from __future__ import annotations

from functools import cache

import pytest

import lustre_wire as lw
from compat_tests.recorded import messages
from lustre_codecs.line import LINE
from lustre_wire.dialects import Dialect
from lustre_wire.schema.margins import lasting
from lustre_wire.schema.releases import release

RELEASES = {"1.8": "1.8.9-wc1", "2.0": "2.0.0"}


@cache
def of_histories(name: str) -> Dialect:
    """The dialect that the line would make, were the name not announced."""
    when = release(RELEASES[name])
    traits = {key: lasting(value).at(when).value for key, value in LINE.traits.items()}
    traits = {key: value(when) if callable(value) else value for key, value in traits.items()}
    return Dialect(name, LINE.modules, release=when, **traits)


@pytest.mark.parametrize("name", RELEASES)
def test_messages(name: str) -> None:
    dialect = of_histories(name)
    wrong = []
    for recorded in (m for m in messages() if m.dialect == name):
        request, was = recorded.request(), recorded.decode()
        form = dialect.rpcs[request.format.key] if request is not None and request.format is not None else None
        message = lw.decode(recorded.data, dialect, request=form)
        if lw.to_json(message) != lw.to_json(was) or lw.encode(message) != recorded.data:
            wrong.append(str(recorded))
    assert not wrong
