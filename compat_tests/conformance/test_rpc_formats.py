"""The RPC declarations against the table of operations, row by row and buffer by buffer.

The facts say for each operation of each dialect: number, service class, portals, bulk, and the buffers of request and
reply with name, type, size and whether a sender may leave them empty.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.facts import DIALECTS, rpc_formats
from compat_tests.recorded import messages
from lustre_wire.schema.rpc import Blob, FixedText, Items, RpcFormat, SlotSpec, Text
from lustre_wire.schema.types import Scalar, Struct, as_type

#: Rows without a declaration: what no node sends in that dialect, and why.
UNDECLARED = {
    "1.8": {
        "MDS_WRITEPAGE": "never sent, no handler",
        "MDS_IS_SUBDIR": "never sent, no handler",
        "MDS_GET_INFO": "not in 1.8",
        "MDS_REINT/SETXATTR": "not in 1.8: MDS_SETXATTR does it",
        "LDLM_ENQUEUE/INTENT_CREATE": "never sent; the server refuses it",
        "LDLM_ENQUEUE/INTENT_TRUNC": "never sent; the server refuses it",
        "LDLM_ENQUEUE/INTENT_GETXATTR": "never sent; the server refuses it",
        "LDLM_SET_INFO": "not in 1.8",
        "OST_REPLY": "never sent, no handler",
        "OST_OPEN": "never sent, no handler",
        "OST_CLOSE": "never sent, no handler",
        "LLOG_ORIGIN_HANDLE_CLOSE": "never sent",
        "LLOG_ORIGIN_HANDLE_WRITE_REC": "never sent, no handler",
        "FLD_QUERY": "not in 1.8",
        "SEC_CTX_INIT": "a number only: 1.8 has no security policies",
        "SEC_CTX_INIT_CONT": "a number only: 1.8 has no security policies",
        "SEC_CTX_FINI": "a number only: 1.8 has no security policies",
    },
    "2.0": {
        "MDS_SETXATTR": "never sent, no handler: MDS_REINT/SETXATTR does it",
        "LDLM_ENQUEUE/INTENT_TRUNC": "never sent; the server refuses it",
        "LDLM_ENQUEUE/INTENT_GETXATTR": "never sent; the server refuses it",
        "OST_REPLY": "never sent, no handler",
        "OST_OPEN": "never sent, no handler",
        "OST_CLOSE": "never sent, no handler",
        "LLOG_ORIGIN_HANDLE_CLOSE": "never sent",
        "LLOG_ORIGIN_HANDLE_WRITE_REC": "never sent, no handler",
    },
}

#: What the 1.8.9 client's code could pack for a 2.0 server and never does.
NEVER_TO_2_0 = {"LDLM_ENQUEUE/INTENT_UNLINK": "llite never asks for it; the name would lie behind the last buffer"}

CLASSES = {"OBD": 0x10000, "MDS": 0x20000, "OST": 0x30000, "DLM": 0x40000, "LOG": 0x50000, "MGS": 0x60000}


@cache
def table() -> dict[str, dict[str, Any]]:
    return {dialect: rpc_formats(dialect) for dialect in DIALECTS}


def rows(*, declared: bool) -> list[Any]:
    """(dialect, name) of the rows with, or without, a declaration."""
    return [
        pytest.param(dialect, name, id=f"{dialect}-{name}")
        for dialect, facts in table().items()
        for name in facts
        if (name not in UNDECLARED[dialect]) is declared
    ]


def buffers_of(side: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The buffers of one side of a row, without the ptlrpc_body that begins every message."""
    return [] if side is None else [b for b in side["buffers"] if b["name"] != "ptlrpc_body"]


def struct_named(fact: dict[str, Any]) -> str:
    """``"struct ost_body (obdo)"`` -> ``"ost_body"``."""
    found = re.match(r"struct (\w+)", fact["type"])
    return found.group(1) if found else ""


def check_type(slot: SlotSpec, fact: dict[str, Any]) -> None:
    """The declared type of a buffer is the one of the table, its size too where the table has one."""
    kind = slot.type
    if isinstance(kind, Struct):
        assert kind.cls.__wire__.name == struct_named(fact)
        assert fact.get("size") in (None, kind.size, slot.room) or not isinstance(fact["size"], int)
        assert fact.get("min_size", kind.size) in (kind.size, slot.minimum)
    elif isinstance(kind, Items):
        element = as_type(kind.element)
        assert fact["length"] == "array"
        assert element.size == fact["element_size"]
        if isinstance(element, Struct):
            assert element.cls.__wire__.name == struct_named(fact)
    elif isinstance(kind, Scalar):
        assert fact["type"] == f"__u{kind.size * 8}"
        assert fact["size"] == kind.size
    elif isinstance(kind, FixedText):
        assert (fact["type"], fact["size"]) == ("string", kind.size)
    elif isinstance(kind, Text):
        assert fact["length"] == "string"
    else:
        assert isinstance(kind, Blob)
        assert fact["length"] == "opaque"
        assert kind.size == (fact["size"] if isinstance(fact["size"], int) and fact["type"] in FILLED else 0)


#: Opaque buffers that a correct sender fills: a block of a log, and text output of that size.
FILLED = {"opaque", "string", "text"}


def check_side(slots: tuple[SlotSpec, ...], facts: list[dict[str, Any]]) -> None:
    assert [s.name for s in slots] == [b["name"] for b in facts]
    assert [s.index for s in slots] == [b["index"] for b in facts]
    for slot, fact in zip(slots, facts, strict=True):
        assert slot.optional == fact["optional"], slot.name
        check_type(slot, fact)


@pytest.mark.parametrize(("dialect", "name"), rows(declared=True))
def test_buffers(dialect: str, name: str) -> None:
    row, form = table()[dialect][name], lw.dialect(dialect).rpcs[name]
    check_side(form.request.__slot_specs__, buffers_of(row["request"]))
    check_side(form.reply.__slot_specs__, buffers_of(row["reply"]))


@pytest.mark.parametrize(("dialect", "name"), rows(declared=True))
def test_number_class_and_portals(dialect: str, name: str) -> None:
    row, form = table()[dialect][name], lw.dialect(dialect).rpcs[name]
    request = row["request"]
    assert form.opcode == row["opcode"]
    assert form.version == CLASSES[row["pb_version_class"]]
    assert (form.portal, form.reply_portal) == (request["portal"], request["reply_portal"])
    assert set(form.also_on) == set(request.get("also_accepted_on", ()))
    if row["reply"] is not None:
        assert form.reply_portal == row["reply"]["portal"]
    assert (form.status or "live") == row["status"]


@pytest.mark.parametrize(("dialect", "name"), rows(declared=True))
def test_bulk(dialect: str, name: str) -> None:
    """Who moves the data: the server PUTs what the client reads and GETs what it writes."""
    bulk, form = table()[dialect][name]["bulk"], lw.dialect(dialect).rpcs[name]
    if bulk is None:
        assert (form.bulk_portal, form.bulk) == (None, "")
    else:
        assert form.bulk_portal == bulk["portal"]
        assert form.bulk == ("server PUT" if bulk["direction"].startswith("server to client") else "server GET")


@pytest.mark.parametrize(("dialect", "name"), rows(declared=True))
def test_intent_and_reint_are_told_apart(dialect: str, name: str) -> None:
    row, form = table()[dialect][name], lw.dialect(dialect).rpcs[name]
    wanted = {int(v) for v in form.match.values() if isinstance(v, int)}
    for key in ("intent_opc", "sub_opcode"):
        if row.get(key) is not None and row["status"] != "absent":
            assert row[key] in wanted, key


@pytest.mark.parametrize(("dialect", "name"), rows(declared=False))
def test_rows_without_a_declaration_are_never_sent(dialect: str, name: str) -> None:
    row = table()[dialect][name]
    assert name not in lw.dialect(dialect).rpcs
    assert row["status"] in ("absent", "reserved")
    assert row["reply"] is None


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_every_row_is_declared_or_listed(dialect: str) -> None:
    declared = {form.name for form in lw.dialect(dialect).formats}
    assert set(table()[dialect]) == declared | set(UNDECLARED[dialect])
    live = {name for name, row in table()[dialect].items() if row["status"] == "live"}
    assert live <= declared


# --- what the 1.8.9 client sends to a 2.0 server ---------------------------------------------------------------------


def forms_from_1_8_9(row: dict[str, Any]) -> list[RpcFormat]:
    """The 2.0 formats that could be the 1.8.9 client's form of a row."""
    return list(lw.dialect("2.0").by_opcode[row["request_to_2_0_server"]["opcode"]])


#: Two buffers have another name in 1.8.9's source than in 2.0.0's.
RENAMED = {"mdt_epoch": "mdt_ioepoch", "xattr_name": "name", "input": "eadata"}


def fits(form: RpcFormat, buffers: list[dict[str, Any]]) -> bool:
    slots = form.request.__slot_specs__
    names = [RENAMED.get(b["name"], b["name"]) for b in buffers]
    return [s.name for s in slots][: len(names)] == names and all(s.optional for s in slots[len(names) :])


TO_2_0 = [name for name, row in table()["1.8"].items() if "request_to_2_0_server" in row and name not in NEVER_TO_2_0]


@pytest.mark.parametrize("name", TO_2_0)
def test_the_1_8_9_client_to_a_2_0_server(name: str) -> None:
    """Its request is either 2.0's own or declared as the variant "1.8.9"."""
    facts = table()["1.8"][name]["request_to_2_0_server"]
    buffers = buffers_of(facts)
    fitting = [f for f in forms_from_1_8_9(table()["1.8"][name]) if fits(f, buffers)]
    assert fitting
    assert {f.variant for f in fitting} <= {"", "1.8.9"}
    for form in fitting:
        assert form.portal == facts["portal"]
        for slot, fact in zip(form.request.__slot_specs__, buffers, strict=False):
            if isinstance(slot.type, Struct) and fact["size"] and isinstance(fact["size"], int):
                assert slot.type.size == fact["size"], slot.name


RECORDED_TO_2_0 = [
    m for m in messages() if m.dialect == "2.0" and m.direction == "request" and m.row["lustre_version"] != "2.0.0"
]


@pytest.mark.parametrize("recorded", RECORDED_TO_2_0, ids=str)
def test_recorded_1_8_9_messages_have_a_form_of_their_own(recorded: Any) -> None:
    """Nothing is left over but zeroes: a body in a longer buffer, and what a replayed open leaves behind itself."""
    extra = recorded.decode(strict=True).extra
    if extra is not None:
        assert not extra.trailing.strip(b"\0")
        assert not any(tail.strip(b"\0") for tail in extra.tails.values())
        assert not (extra.cut or extra.raw or extra.padding or extra.more or extra.gap)
        assert extra.count is None


@pytest.mark.parametrize(
    "recorded",
    [m for m in messages() if m.direction == "request" and m.row["lustre_version"] == "2.0.0"],
    ids=str,
)
def test_the_2_0_0_client_never_gets_the_form_of_1_8_9(recorded: Any) -> None:
    form = recorded.decode().format
    assert form is not None
    assert form.variant == ""
