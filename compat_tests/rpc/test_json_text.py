"""JSON text by generated code, from a message and straight from its bytes, is that of `to_json`; lines are those of the
walk."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages
from lustre_wire import reading
from lustre_wire.capture import read_messages
from lustre_wire.dialects import names
from lustre_wire.embedded import recalled
from lustre_wire.engines import telling, whole
from lustre_wire.engines.often import USES, Often
from lustre_wire.frames import lustre_msg
from lustre_wire.jsonform import to_json
from lustre_wire.jsontext import inside_text, json_text, json_text_of, named_inside
from lustre_wire.reading import _Readers, told_at_once
from lustre_wire.rpc import Generic
from lustre_wire.schema.struct import spec_of
from lustre_wire.testing import messages as some
from lustre_wire.testing.mutate import Mutator
from lustre_wire.text.names import names_json, naming
from lustre_wire.text.quoting import json_line
from lustre_wire.text.structs import struct_text
from lustre_wire.text.values import walked

CAPTURES = sorted((Path(__file__).parents[2] / "fixtures" / "captures").glob("*.pcap"))


def expected(data: bytes, dialect: str, request: Any = None) -> str:
    return json_line(to_json(lw.decode(data, dialect, request=request)))


def quick(recorded: Recorded, inside: Any = inside_text, naming: Any = None) -> str | None:
    """The text straight from the bytes, None where it gives up."""
    data, dialect = recorded.data, lw.dialect(recorded.dialect)
    told = told_at_once(data, dialect, recorded.request(), inside, naming)
    return told[0] if told is not None else None


def without_names(told: Any) -> Any:
    """What JSON says without what its numbers are called: of the message, and of what opaque bytes hold."""
    if isinstance(told, list):
        return [without_names(each) for each in told]
    if not isinstance(told, dict):
        return told
    return {name: without_names(each) for name, each in told.items() if name != "names"}


@pytest.mark.parametrize("recorded", messages(), ids=str)
def test_recorded_messages_are_told_alike_however_often_they_come(recorded: Recorded) -> None:
    request = recorded.request()
    wanted = expected(recorded.data, recorded.dialect, request)
    message = recorded.decode()
    assert {json_text(message) for _ in range(USES + 1)} == {wanted}
    assert {json_text_of(recorded.data, recorded.dialect, request=request) for _ in range(USES + 1)} == {wanted}


def test_most_of_them_are_told_straight_from_their_bytes() -> None:
    told = 0
    for recorded in messages():
        for _ in range(USES):
            text = quick(recorded)
        told += text is not None
    assert told > len(messages()) * 0.7


@pytest.mark.parametrize("path", CAPTURES, ids=lambda p: p.stem)
@pytest.mark.parametrize("names", [False, True])
def test_captured_messages_are_told_as_they_are_when_they_were_read(path: Path, names: bool) -> None:
    """What a reply holds may be what its request asked for, whichever way it is told."""
    with path.open("rb") as file:
        for captured in read_messages(file):
            told, message = captured.json_text(names), captured.message
            assert told == (json_text(message, names=names) if message is not None else None)


@pytest.mark.parametrize("recorded", messages(), ids=str)
def test_names_of_numbers_are_the_same_from_an_object_and_from_bytes(recorded: Recorded) -> None:
    request, message = recorded.request(), recorded.decode()
    wanted = json_text(message, names=True)
    assert wanted.endswith(f',"names":{names_json(message)}}}')
    assert without_names(json.loads(wanted)) == json.loads(json_text(message))
    told = [json_text_of(recorded.data, recorded.dialect, request=request, names=True) for _ in range(USES + 1)]
    assert told == [wanted] * (USES + 1)


@given(st.data())
def test_names_of_messages_of_every_kind(data: st.DataObject) -> None:
    message = data.draw(some(data.draw(st.sampled_from([*names(), "2.17"]))))
    octets, request = lw.encode(message), message.format if message.direction == "reply" else None
    wanted = names_json(lw.decode(octets, message.dialect, request=request))
    for _ in range(USES + 1):
        told = json_text_of(octets, message.dialect, request=request, names=True)
        assert told.endswith(f',"names":{wanted}}}')


def test_names_are_told_straight_from_bytes() -> None:
    told = 0
    for recorded in messages():
        for _ in range(USES):
            text = quick(recorded, named_inside, naming(lw.dialect(recorded.dialect)))
        told += text is not None
    assert told > len(messages()) * 0.7


def test_without_the_c_core_the_text_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "core", None)
    monkeypatch.setattr(whole, "_sides", {})
    monkeypatch.setattr(reading, "_BY_MAGIC", {m: _Readers(o) for o, m in lustre_msg.MAGICS_V2.items()})
    told = 0
    for recorded in messages():
        for _ in range(USES):
            text = quick(recorded)
        if text is not None:
            assert text == expected(recorded.data, recorded.dialect, recorded.request())
            told += 1
    assert told > len(messages()) * 0.7


def test_short_opaque_bytes_are_told_once_and_of_the_right_kind() -> None:
    """What is recalled goes by the bytes, the dialect, the order, and by what the buffer may hold."""
    asked: list[Any] = []

    @recalled
    def tell(held: Any, data: bytes, dialect: Any, order: Any) -> str:
        asked.append((held, data, dialect, order))
        return f"{len(held)} {data.hex()} {dialect} {order}"

    cases: list[Any] = [((), b"a", "1.8", "little"), ((1,), b"a", "1.8", "little"), ((), b"a", "2.0", "little"),
                        ((), b"a", "1.8", "big"), ((), b"b", "1.8", "little")]  # fmt: skip
    texts = [[tell(*case) for case in cases] for _ in range(2)]
    assert texts[0] == texts[1] == [f"{len(h)} {d.hex()} {name} {order}" for h, d, name, order in cases]
    assert len(asked) == len(cases)
    long = bytes(4096)
    assert tell((), long, "1.8", "little") == tell((), long, "1.8", "little") and len(asked) == len(cases) + 2


@given(st.data())
def test_messages_of_every_kind(data: st.DataObject) -> None:
    message = data.draw(some(data.draw(st.sampled_from([*names(), "2.17"]))))
    octets = lw.encode(message)
    request = message.format if message.direction == "reply" else None
    read = lw.decode(octets, message.dialect, request=request)
    wanted = json_line(to_json(read))
    assert [json_text(read) for _ in range(USES + 1)] == [wanted] * (USES + 1)
    assert [json_text_of(octets, message.dialect, request=request) for _ in range(USES + 1)] == [wanted] * (USES + 1)


@pytest.mark.parametrize("tail", [b"", b"\1" * 8], ids=["regular", "with bytes behind it"])
@pytest.mark.parametrize("order", ["little", "big"])
def test_a_union_in_a_buffer_of_its_own(order: Any, tail: bytes) -> None:
    d217 = lw.dialect("2.17")
    desc = d217.structs["ldlm_gl_desc"](bytes(range(64)))
    sent = lw.build(d217, "LDLM_GL_CALLBACK/DESC", order=order, dlm_req=d217.structs["ldlm_request"](), gl_desc=desc)
    octets = lw.encode(sent) + tail
    read = lw.decode(octets, d217)
    assert read.buffers.gl_desc == desc and lw.encode(read) == octets
    assert lw.encode(lw.from_json(to_json(read))) == octets
    assert {json_text_of(octets, d217) for _ in range(USES + 1)} == {json_line(to_json(read))}


@pytest.mark.parametrize(
    "name", [b"plain", b'quo"te', b"back\\slash", b"del\x7f", b"\xff", "ü".encode(), b"%s", b"\n", b""]
)
def test_names_of_files_whatever_their_bytes(name: bytes) -> None:
    """The core writes plain strings; others are escaped by Python."""
    d217 = lw.dialect("2.17")
    octets = lw.encode(lw.build(d217, "MDS_REINT/UNLINK", rec_reint=d217.structs["mdt_rec_unlink"](), name=name))
    assert {json_text_of(octets, d217) for _ in range(USES)} == {expected(octets, "2.17")}


def test_about_half_of_the_shapes_need_no_generated_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only opaque bytes, unions told by a member, and names have to be looked at by Python."""
    shapes, generated = Counter[str](), Counter[str]()
    make, function = telling._Telling.by_core, telling._Telling.function
    monkeypatch.setattr(telling._Telling, "by_core", lambda *args: (shapes.update(["all"]), make(*args))[1])
    monkeypatch.setattr(telling._Telling, "function", lambda *args: (generated.update(["all"]), function(*args))[1])
    monkeypatch.setattr(whole, "_sides", {})
    monkeypatch.setattr(reading, "_BY_MAGIC", {m: _Readers(o) for o, m in lustre_msg.MAGICS_V2.items()})
    for recorded in messages():
        quick(recorded)
    assert shapes["all"] > 100 and generated["all"] < 0.6 * shapes["all"]


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_damaged_messages_are_told_or_refused_alike(dialect: str) -> None:
    """Where a message is not regular, the text gives up and the message is decoded."""
    bases = [m.data for m in messages() if m.direction == "request" and m.dialect == dialect][::4]
    for data in bases:
        for _ in range(USES):
            json_text_of(data, dialect)
    mutator = Mutator([(dialect, data) for data in bases], seed=16)
    for number in range(700):
        data = mutator.mutant(number).data
        assert _outcome(json_text_of, data, dialect) == _outcome(expected, data, dialect), number


def _outcome(told: Any, data: bytes, dialect: str) -> str:
    try:
        return str(told(data, dialect))
    except lw.WireError as error:
        return f"refused: {error}"


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("recorded", messages()[::3], ids=str)
def test_structs_read_alike_walked_and_by_their_function(recorded: Recorded, short: bool) -> None:
    message = recorded.decode()
    values = [message.header, message.body]
    if not isinstance(message.buffers, Generic):
        values += [getattr(message.buffers, slot.name) for slot in message.buffers.__slot_specs__]
    for value in values:
        if value is not None and hasattr(value, "__wire__"):
            wanted = walked(value, message.dialect, short)
            texts = [struct_text(value, message.dialect, short=short) for _ in range(USES + 1)]
            assert texts == [wanted] * (USES + 1), spec_of(value).name


def test_a_function_is_made_at_the_eighth_use() -> None:
    made: list[int] = []

    def make() -> Any:
        made.append(1)
        return lambda value: ("made", value)

    often = Often(lambda value: ("walked", value), make)
    assert [often.do(i)[0] for i in range(USES - 1)] == ["walked"] * (USES - 1) and not made
    assert [often.do(i)[0] for i in range(3)] == ["made"] * 3 and len(made) == 1
