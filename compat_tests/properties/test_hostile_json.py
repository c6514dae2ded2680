"""from_json takes what to_json gives, and refuses everything else with a WireError."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import messages
from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.jsonform import struct_from_json
from lustre_wire.testing import messages as made_messages

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SAMPLES = list({(m.dialect, m.kind, m.direction): m for m in messages()}.values())
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 1 << 64, 1 << 200, 1.5, "", "zz", "\ud800", "00" * 9, [], [0] * 100, {}, {"raw": "00"},
)  # fmt: skip


def refused_or_encoded(obj: Any) -> None:
    """The only two ways an object may go."""
    try:
        data = lw.encode(lw.from_json(obj))
    except lw.WireError as error:
        assert error.message
        return
    assert isinstance(data, bytes)


@given(ANY_JSON)
def test_any_json(obj: Any) -> None:
    refused_or_encoded(obj)


@given(
    st.fixed_dictionaries(
        {"dialect": st.sampled_from(("1.8", "2.0")) | ANY_JSON, "direction": st.sampled_from(("request", "reply"))},
        optional=dict.fromkeys(("opcode", "format", "variant", "endian", "header", "buffers", "extra"), ANY_JSON),
    )
)
def test_any_json_with_the_right_keys(obj: Any) -> None:
    refused_or_encoded(obj)


def places(obj: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of an object."""
    found: list[tuple[Any, Any]] = []
    items = obj.items() if isinstance(obj, dict) else enumerate(obj) if isinstance(obj, list) else ()
    for key, value in list(items):
        found.append((obj, key))
        found += places(value)
    return found


@pytest.mark.parametrize("number", range(len(ODD_VALUES)))
def test_every_value_of_a_message_replaced(number: int) -> None:
    """In a sample of the recorded messages, each value in turn by something odd."""
    for recorded in SAMPLES[number :: 2 * len(ODD_VALUES)]:
        whole = lw.to_json(recorded.decode())
        for index in range(len(places(whole))):
            obj = copy.deepcopy(whole)
            container, key = places(obj)[index]
            container[key] = ODD_VALUES[number]
            refused_or_encoded(obj)


@pytest.mark.parametrize("recorded", SAMPLES[::5], ids=str)
def test_every_key_of_a_message_left_out(recorded: Any) -> None:
    whole = lw.to_json(recorded.decode())
    for index, (container, _) in enumerate(places(whole)):
        if isinstance(container, dict):
            obj = copy.deepcopy(whole)
            inner, key = places(obj)[index]
            del inner[key]
            refused_or_encoded(obj)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(made_messages())
def test_messages_survive_json(message: lw.Message) -> None:
    data = lw.encode(message)
    text = json.dumps(lw.to_json(message))
    assert lw.encode(lw.from_json(json.loads(text))) == data


@settings(max_examples=100)
@given(st.data())
def test_irregular_messages_survive_json(draw: st.DataObject) -> None:
    """What no field covers stands under "extra": odd lengths, padding, more buffers, bytes behind the message."""
    recorded = draw.draw(st.sampled_from(SAMPLES))
    data = bytearray(recorded.data)
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    data += draw.draw(st.binary(max_size=9))
    try:
        message = lw.decode(bytes(data), recorded.dialect)
    except lw.WireError:
        return
    assert lw.encode(lw.from_json(json.loads(json.dumps(lw.to_json(message))))) == data


def nested(depth: int) -> Any:
    """A list in a list in a list ..."""
    obj: Any = []
    for _ in range(depth):
        obj = [obj]
    return obj


@pytest.mark.parametrize(
    "wrap",
    [lambda deep: deep, lambda deep: {"dialect": "2.0", "direction": "request", "format": "OBD_PING", "buffers": deep}],
)
def test_deep_nesting_is_no_recursion(wrap: Callable[[Any], Any]) -> None:
    """The declared types, not the object, say how deep from_json goes."""
    with pytest.raises(lw.WireError):
        lw.from_json(wrap(nested(100_000)))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"dialect": "9.9"}, ""),
        ({"dialect": None}, "dialect"),
        ({"direction": "sideways"}, "direction"),
        ({"endian": "middle"}, "endian"),
        ({"format": "NO_SUCH"}, "format"),
        ({"buffers": 7}, "buffers"),
        ({"header": {"lm_magic": "x"}}, "header.lm_magic"),
        ({"header": {"nothing": 1}}, "header"),
        ({"extra": {"count": -1}}, "extra.count"),
        ({"extra": {"padding": {"a": "00"}}}, "extra.padding"),
        ({"extra": {"padding": {"\N{SUPERSCRIPT TWO}": "00"}}}, "extra.padding"),
        ({"extra": {"padding": {"9" * 5000: "00"}}}, "extra.padding"),
        ({"extra": {"padding": {3: "00"}}}, "extra.padding"),
        ({"buffers": [{"name": "ptlrpc_body", "hex": "zz"}]}, "ptlrpc_body"),
        ({"buffers": [{"name": "ptlrpc_body", "hex": "00"}]}, "ptlrpc_body"),
        ({"buffers": [{"name": "ptlrpc_body", "text": "x"}]}, "ptlrpc_body"),
    ],
)
def test_errors_say_where(change: dict[str, Any], path: str) -> None:
    whole = lw.to_json(lw.build("2.0", "OBD_PING"))
    with pytest.raises(lw.WireError) as caught:
        lw.from_json({**whole, **change})
    assert caught.value.path == path


def test_members_of_unions_say_where_too() -> None:
    policy = lw.dialect("2.0").structs["ldlm_policy_data_t"]
    for member, field in (("l_extent", "start"), ("l_inodebits", "bits")):
        with pytest.raises(lw.WireError, match="expected a number from 0 to") as caught:
            struct_from_json(policy, {member: {field: 1 << 64}})
        assert caught.value.path == f"ldlm_policy_data_t.{member}.{field}"


class TestNumbersThatWouldMakeMemory:
    """What stands under "extra" is believed as far as there is something it speaks of."""

    def test_a_count_of_buffers_takes_no_memory(self) -> None:
        whole = lw.to_json(lw.build("2.0", "OBD_PING"))
        with pytest.raises(lw.WireError) as caught:
            lw.from_json({**whole, "extra": {"count": 1 << 24}})
        assert caught.value.path == "extra.count"

    def test_a_message_of_many_empty_buffers_survives(self) -> None:
        """Its header lists their lengths, so that the count is believed."""
        data = lustre_msg.join(
            lustre_msg.LustreMsgV2(), [record.pack(lw.build("2.0", "OBD_PING").body)] + [b""] * 5000, "little"
        )
        message = lw.decode(data, "2.0")
        assert message.format is not None and lw.encode(lw.from_json(lw.to_json(message))) == data

    @pytest.mark.parametrize("told", [{"tail": "aa"}, {"length": 3}, {"raw": "aa"}])
    def test_of_a_buffer_that_is_not_there(self, told: dict[str, Any]) -> None:
        """The buffers of this format move up where one before them does not exist."""
        for recorded in SAMPLES:
            whole = lw.to_json(recorded.decode())
            whole["buffers"] = [*whole["buffers"], *({**entry, "extra": told} for entry in whole["buffers"][-1:])] * 3
            refused_or_encoded(whole)


@pytest.mark.parametrize("order", ["little", "big"])
def test_any_buffer_may_be_given_as_bytes(order: Any) -> None:
    ping = lw.build("2.0", "OBD_PING", order=order)
    ping.body.pb_conn_cnt = 7
    whole = lw.to_json(ping)
    whole["buffers"] = [{"name": "ptlrpc_body", "hex": record.pack(ping.body, byteorder=order).hex()}]
    assert lw.from_json(whole) == ping
