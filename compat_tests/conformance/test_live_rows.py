"""Every operation that a 2.17 node sends or serves, made from the declarations alone: also those no capture shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.testing.messages import messages

ROWS: dict[str, dict[str, Any]] = json.loads((FIXTURES / "facts" / "rpc-formats-2.17.json").read_text())["dialects"][
    "2.17"
]
LIVE = sorted(name for name, row in ROWS.items() if row["status"] == "live")


@pytest.mark.parametrize("name", LIVE)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_a_live_operation_goes_to_bytes_and_json_and_back(name: str, data: st.DataObject) -> None:
    form = lw.dialect("2.17").rpcs[name]
    assert form.opcode == ROWS[name]["opcode"]
    message = data.draw(messages("2.17", name=form.key))
    sent = lw.encode(message)
    known = form if message.direction == "reply" else None
    again = lw.decode(sent, "2.17", request=known)
    assert again.format == form
    assert lw.encode(again) == sent
    assert lw.encode(lw.from_json(lw.to_json(again))) == sent
