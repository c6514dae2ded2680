"""The strategies draw what they promise: right by construction, every struct and RPC format, small when shrunk."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire import bulk
from lustre_wire.dialects import all_dialects
from lustre_wire.engines import record, reference
from lustre_wire.schema import U32, Flex, spec_of, u16, u32, wire_struct
from lustre_wire.testing import conversations, damaged, messages, structs
from lustre_wire.testing.messages import formats_of

FAST = settings(max_examples=20, deadline=None)
STRUCTS = sorted(
    {cls for d in all_dialects() for cls in d.structs.values()}, key=lambda c: (c.__module__, c.__qualname__)
)
FORMATS = [(d.name, form.key) for d in all_dialects() for form in d.formats]


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda c: f"{c.__module__.split('.')[-2]}.{c.__name__}")
def test_every_struct_is_drawn_and_survives_both_byte_orders(cls: Any) -> None:
    @FAST
    @given(structs(cls), st.sampled_from(("little", "big")))
    def check(value: Any, order: Any) -> None:
        assert type(value) is cls
        if not spec_of(cls).is_union:
            data = record.pack(value, byteorder=order)
            assert record.unpack(cls, data, byteorder=order) == value

    check()


@pytest.mark.parametrize("direction", ["request", "reply"])
@pytest.mark.parametrize(("dialect", "name"), FORMATS, ids=lambda v: str(v))
def test_every_format_is_drawn_right_by_construction(dialect: str, name: str, direction: str) -> None:
    @settings(max_examples=8, deadline=None)
    @given(messages(dialect, name=name, direction=direction))
    def check(message: lw.Message) -> None:
        assert message.format is not None and message.format.key == name
        request = message.format if direction == "reply" else None
        back = lw.decode(lw.encode(message), dialect, request=request)
        assert (back.buffers, back.body) == (message.buffers, message.body)
        assert back.format is message.format and not back.extra

    check()


@settings(max_examples=60, deadline=None)
@given(conversations())
def test_a_conversation_begins_with_connect_and_ends_with_disconnect(exchanges: Any) -> None:
    names = [e.request.name for e in exchanges]
    assert names[0].endswith("_CONNECT") and names[-1].endswith("_DISCONNECT")
    assert [e.request.name for e in exchanges] == [e.reply.name for e in exchanges]
    assert len({e.xid for e in exchanges}) == len(exchanges)
    assert len({e.request.format.portal for e in exchanges}) == 1
    for e in exchanges:
        assert lw.decode(lw.encode(e.reply), e.reply.dialect, request=e.request).buffers == e.reply.buffers


@settings(max_examples=300, deadline=None)
@given(damaged(), st.sampled_from([d.name for d in all_dialects()]))
def test_damage_gives_a_faithful_message_or_a_wire_error(data: bytes, dialect: str) -> None:
    try:
        message = lw.decode(data, dialect)
    except lw.WireError:
        return
    assert lw.encode(message) == data


def test_a_failing_struct_shrinks_to_the_field_that_matters() -> None:
    body = lw.dialect("2.0").structs["mdt_body"]
    found = find(structs(body), lambda b: b.nlink > 1000)
    assert found == body(nlink=found.nlink)


def test_a_struct_of_the_user_is_drawn_too() -> None:
    @wire_struct(size=8)
    class Sized:
        kind: u16
        other: u16 = 7
        n: u32 = 0
        items: Annotated[list[int], Flex(U32, count="n")] = []

    @FAST
    @given(structs(Sized))
    def check(value: Any) -> None:
        assert value.n == len(value.items)
        assert reference.unpack(Sized, record.pack(value)) == value

    check()


def test_types_are_enough_once_hypothesis_is_imported() -> None:
    """The entry point registers every declared struct, in a fresh process that imports nothing of the test kit."""
    script = (
        "from hypothesis import strategies as st, find\n"
        "from lustre_codecs.structs.attributes import MdtBody\n"
        "assert type(find(st.from_type(MdtBody), lambda b: b.mbo_mode > 3)) is type(MdtBody())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("make", [
    lambda name: messages("2.17", name=name, direction="request"),
    lambda name: lw.build("2.17", name),
    lambda name: bulk.pack_messages(name, {}, rows=1, dialect="2.17"),
    lambda name: bulk.pack_messages(lw.dialect("2.17").rpcs[name], {}, rows=1, dialect="2.17"),
])  # fmt: skip
def test_what_lives_in_another_message_is_no_message_of_its_own(make: Any) -> None:
    inside = [form.key for form in lw.dialect("2.17").formats if form.within is not None]
    inside.sort()
    assert len(inside) == 19 and inside[0] == "MDS_BATCH sub GETATTR"
    assert inside[0] not in {form.key for form in formats_of(lw.dialect("2.17"))}
    with pytest.raises(lw.WireError, match=r"MDS_BATCH sub GETATTR is no message of its own: it is sent in MDS_BATCH"):
        make(inside[0])


def test_no_such_format_is_one_clear_error() -> None:
    with pytest.raises(lw.WireError, match="no RPC format"):
        messages("2.0", opcode=65000)
    with pytest.raises(lw.WireError, match="XYZ_CONNECT"):
        conversations(target="XYZ")
