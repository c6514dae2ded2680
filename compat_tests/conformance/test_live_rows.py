"""Every operation that a node sends or serves, made from the declarations alone: also those no capture shows."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests import facts
from lustre_wire.jsontext import json_text
from lustre_wire.testing.messages import messages
from lustre_wire.text import brief, message_tree

ROWS = facts.rpc_formats("2.17")
#: A request within MDS_BATCH is no message: it has no ptlrpc_body (compat_tests/payloads/test_updates.py).
LIVE = sorted(
    name for name, row in ROWS.items() if row["status"] == "live" and lw.dialect("2.17").rpcs[name].within is None
)
FEW = settings(
    max_examples=4, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


def goes_everywhere(message: lw.Message) -> None:
    """A strict receiver takes it for what it is, and it is the same after JSON; whoever reads it sees something."""
    sent, form = lw.encode(message), message.format
    again = lw.decode(sent, message.dialect, request=form if message.direction == "reply" else None, strict=True)
    assert again.format == form
    assert lw.encode(again) == sent
    assert lw.encode(lw.from_json(lw.to_json(again))) == sent
    assert json.loads(json_text(again)) == lw.to_json(again)
    assert "\n" not in brief(again)
    assert message_tree(again).name == message.name


@pytest.mark.parametrize("direction", ["request", "reply"])
@pytest.mark.parametrize("name", LIVE)
@FEW
@given(data=st.data())
def test_a_live_operation_of_2_17(name: str, direction: str, data: st.DataObject) -> None:
    form = lw.dialect("2.17").rpcs[name]
    assert form.opcode == ROWS[name]["opcode"]
    goes_everywhere(data.draw(messages("2.17", name=form.key, direction=direction)))


@pytest.mark.parametrize("release", ["2.0", "2.5", "2.12", "2.15"])
@settings(FEW, max_examples=150)
@given(data=st.data())
def test_operations_of_older_peers(release: str, data: st.DataObject) -> None:
    goes_everywhere(data.draw(messages(release)))
