"""The declarations of 2.0 against 2.0's own table of formats: which field stands in which buffer, and how long it is.

The table (ptlrpc/layout.c of 2.0.0) lists fields; a format is the list of fields of its request ("client") and of its
reply ("server"). It knows no optional buffers.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.schema.rpc import FixedText, Items, SlotSpec, Text
from lustre_wire.schema.types import Scalar, Struct, as_type

#: Formats whose operations have other names here.
OPERATIONS = {
    "RQF_OBD_SET_INFO": ("OST_SET_INFO", "MDS_SET_INFO", "LDLM_SET_INFO"),
    "RQF_SEC_CTX": ("SEC_CTX_INIT", "SEC_CTX_INIT_CONT", "SEC_CTX_FINI"),
    "RQF_QC_CALLBACK": ("OBD_QC_CALLBACK",),
    "RQF_LOG_CANCEL": ("OBD_LOG_CANCEL",),
    "RQF_MDS_QUOTA_DQACQ": ("QUOTA_DQACQ", "QUOTA_DQREL"),
    "RQF_MDS_REINT_CREATE_RMT_ACL": ("MDS_REINT/CREATE",),
    "RQF_MDS_REINT_CREATE_SLAVE": ("MDS_REINT/CREATE",),
    "RQF_MDS_REINT_CREATE_SYM": ("MDS_REINT/CREATE",),
    "RQF_MDS_CONNECT": ("MDS_CONNECT", "OST_CONNECT", "MGS_CONNECT"),
    "RQF_MDS_DISCONNECT": ("MDS_DISCONNECT", "MGS_DISCONNECT"),
    "RQF_LDLM_ENQUEUE": ("LDLM_ENQUEUE", "LDLM_ENQUEUE/INTENT_READDIR"),
    "RQF_LDLM_ENQUEUE_LVB": ("LDLM_ENQUEUE", "LDLM_ENQUEUE/GLIMPSE"),
    "RQF_LDLM_INTENT_OPEN": ("LDLM_ENQUEUE/INTENT_OPEN", "LDLM_ENQUEUE/INTENT_OPEN_CREAT"),
    "RQF_LDLM_INTENT_GETATTR": ("LDLM_ENQUEUE/INTENT_GETATTR", "LDLM_ENQUEUE/INTENT_LOOKUP"),
    "RQF_LDLM_INTENT_CREATE": ("LDLM_ENQUEUE/INTENT_CREATE",),
    "RQF_LDLM_INTENT_UNLINK": ("LDLM_ENQUEUE/INTENT_UNLINK",),
    "RQF_OST_BRW_READ": ("OST_READ",),
    "RQF_OST_BRW_WRITE": ("OST_WRITE",),
    "RQF_OST_SET_GRANT_INFO": ("OST_SET_INFO/GRANT_SHRINK",),
    "RQF_OST_GET_INFO_LAST_ID": ("OST_GET_INFO/LAST_ID",),
    "RQF_OST_GET_INFO_FIEMAP": ("OST_GET_INFO/FIEMAP",),
}

#: Formats that a server starts from before it knows which operation it has, or that stand for several.
STEPS = {
    "RQF_MDS_REINT": "extended by the code of the record",
    "RQF_MDS_REINT_CREATE": "extended to one of the three formats of a create",
    "RQF_LDLM_INTENT": "extended by the code of the intent",
    "RQF_LDLM_CALLBACK": "what the callbacks have in common",
    "RQF_OST_GET_INFO_GENERIC": "extended by the key",
}


@cache
def table() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads((FIXTURES / "facts" / "msgformats-2.0.json").read_text())
    return loaded


def operations(name: str) -> tuple[str, ...]:
    plain = name.removeprefix("RQF_")
    return OPERATIONS.get(name) or (plain.replace("MDS_REINT_", "MDS_REINT/"),)


FORMATS = [(name, operation) for name in table()["formats"] if name not in STEPS for operation in operations(name)]


def check(slot: SlotSpec, field: dict[str, Any]) -> None:
    kind, size, struct = slot.type, field["size"], field["struct"]
    if isinstance(kind, Items):
        assert as_type(kind.element).size == size
    elif isinstance(kind, Struct):
        assert size in (-1, kind.size)
        # Every record of a reint lies over mdt_rec_reint.
        assert struct in (None, kind.cls.__wire__.name) or struct == "mdt_rec_reint"
    elif isinstance(kind, Scalar):
        assert size == kind.size
    elif isinstance(kind, (Text, FixedText)):
        assert field["flags"] == "RMF_F_STRING"
        assert size == (kind.size or -1)
    else:
        # A field without a fixed size, or one whose size is only the least there is (layouts and ACLs).
        assert size in (-1, None) or field["flags"] == "RMF_F_NO_SIZE_CHECK" or field["flags"] == "RMF_F_STRING"


@pytest.mark.parametrize(("name", "operation"), FORMATS)
def test_fields_stand_where_the_table_has_them(name: str, operation: str) -> None:
    form = lw.dialect("2.0").rpcs[operation]
    for side, slots in (("client", form.request.__slot_specs__), ("server", form.reply.__slot_specs__)):
        first, *fields = table()["formats"][name][side]
        assert first == "RMF_PTLRPC_BODY"
        assert len(slots) == len(fields)
        for slot, field in zip(slots, fields, strict=True):
            check(slot, table()["fields"][field])


@pytest.mark.parametrize("name", list(STEPS))
def test_a_step_is_the_beginning_of_its_operations(name: str) -> None:
    """What a server looks at first is a prefix of the formats it may become."""
    steps = table()["formats"][name]
    longer = [f for other, f in table()["formats"].items() if f["client"][: len(steps["client"])] == steps["client"]]
    assert len(longer) > 1


def test_every_operation_of_the_table_is_declared() -> None:
    assert {operation for _, operation in FORMATS} <= set(lw.dialect("2.0").rpcs)
