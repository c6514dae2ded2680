"""RPC formats through all releases: against the slot lists of the facts, and as 1.8 and 2.0 declared them."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.history.test_walk import at, dialect, facts
from lustre_codecs.enums.metadata import ItOp
from lustre_codecs.enums.ptlrpc import Opcode
from lustre_codecs.enums.update import UpdateType
from lustre_codecs.line import LINE
from lustre_codecs.rpcs.ldlm import LdlmEnqueueIntentOpen
from lustre_codecs.rpcs.mds import MdsGetattr, MdsReadpage
from lustre_codecs.senders import client_1_8_9
from lustre_wire.errors import SchemaError
from lustre_wire.schema.margins import Margin
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import release
from lustre_wire.schema.rpc import Blob, Buffers, FixedText, Items, RpcFormat, SlotSpec, Text, Uncounted
from lustre_wire.schema.rpc_history import RpcHistory, variant
from lustre_wire.schema.types import Scalar, Struct
from lustre_wire.schema.views import changed, history_of

#: Lustre's formats by the name of ours: one, or those that followed each other.
FORMATS: dict[str, tuple[str, ...]] = {
    **{f"{target}_CONNECT": ("MDS_CONNECT", "CONNECT") for target in ("OST", "MDS", "MGS")},
    **{f"{target}_DISCONNECT": ("MDS_DISCONNECT",) for target in ("OST", "MDS", "MGS")},
    **{f"SEC_CTX_{step}": ("SEC_CTX",) for step in ("INIT", "INIT_CONT", "FINI")},
    **{f"{service}_SET_INFO": ("OBD_SET_INFO",) for service in ("OST", "MDS", "LDLM")},
    "QUOTA_DQACQ": ("MDS_QUOTA_DQACQ", "QUOTA_DQACQ"), "QUOTA_DQREL": ("MDS_QUOTA_DQACQ",),
    "MDS_GETSTATUS": ("MDS_GETSTATUS", "MDS_GET_ROOT"),
    "MDS_REINT/CREATE": ("MDS_REINT_CREATE_RMT_ACL", "MDS_REINT_CREATE_ACL"),
    "LDLM_ENQUEUE/GLIMPSE": ("LDLM_ENQUEUE_LVB",), "LDLM_ENQUEUE/INTENT_READDIR": ("LDLM_ENQUEUE",),
    "LDLM_ENQUEUE/INTENT_OPEN_CREAT": ("LDLM_INTENT_OPEN",), "LDLM_ENQUEUE/INTENT_LOOKUP": ("LDLM_INTENT_GETATTR",),
    "OST_READ": ("OST_BRW_READ",), "OST_WRITE": ("OST_BRW_WRITE",),
    "OST_SET_INFO/GRANT_SHRINK": ("OST_SET_GRANT_INFO",),
    "OBD_LOG_CANCEL": ("LOG_CANCEL",), "OBD_QC_CALLBACK": ("QC_CALLBACK",),
    **{f"LDLM_ENQUEUE/INTENT_QUOTA_{what}": ("LDLM_INTENT_QUOTA",) for what in ("DQACQ", "CONN")},
    "LDLM_ENQUEUE/INTENT_GLIMPSE_DOM": ("LDLM_INTENT",), "MDS_BATCH sub GETATTR": ("BUT_GETATTR",),
    "LDLM_GL_CALLBACK/DESC": ("LDLM_GL_DESC_CALLBACK", "LDLM_GL_CALLBACK_DESC"),
    "MDS_CLOSE/INTENT": ("MDS_RELEASE_CLOSE", "MDS_INTENT_CLOSE", "MDS_CLOSE_INTENT"),
    "MDS_SET_INFO/CHANGELOG_CLEAR": ("MDT_SET_INFO",),
    "MDS_GET_INFO/FIEMAP": ("OST_GET_INFO_FIEMAP",),
    **{f"{service}_GET_INFO/FID2PATH": ("MDS_FID2PATH",) for service in ("MDS", "OST")},
    "MGS_TARGET_REG": ("MGS_TARGET_REG_NIDLIST", "MGS_TARGET_REG"),
}  # fmt: skip
#: Ours without a format of Lustre's: nothing but 1.8, or operations that no 2.x packs.
WITHOUT = {"MDS_SETXATTR": "1.8 alone", "MGS_EXCEPTION": "never sent", "MGS_TARGET_DEL": "never sent"}
#: Lustre's names of slots that ours name otherwise: after what 1.8 and 2.0 hold there.
SLOTS = {
    "TGTUUID": "target_uuid", "CLUUID": "client_uuid", "CONN": "conn_handle", "MDT_EPOCH": "mdt_ioepoch",
    "OBD_QUOTACTL": "quotactl", "OBD_QUOTA_ITER": "quota_iter", "DLM_LVB": "lvb",
    "SETINFO_KEY": "key", "SETINFO_VAL": "val", "GETINFO_KEY": "key", "GETINFO_VAL": "val", "GETINFO_VALLEN": "vallen",
    "SEQ_OPC": "opc", "SEQ_RANGE": "lu_seq_range", "FLD_OPC": "opc", "FLD_MDFLD": "fld_range",
    "MDS_HSM_PROGRESS": "hsm_progress", "MDS_HSM_ARCHIVE": "archive_ids", "MDS_HSM_REQUEST": "hsm_request",
    "MDS_HSM_USER_ITEM": "hsm_user_item", "MDS_HSM_CURRENT_ACTION": "hsm_current_action", "DLM_GL_DESC": "gl_desc",
    "U32": "resync_ids", "OST_LADVISE_HDR": "ladvise_hdr", "OST_LADVISE": "ladvise",
    "BUT_HEADER": "but_update_header", "BUT_BUF": "but_update_buffer", "BUT_REPLY": "batch_update_reply",
    "OUT_UPDATE": "object_update", "OUT_UPDATE_REPLY": "object_update_reply", "OUT_UPDATE_BUF": "out_update_buffer",
}  # fmt: skip
SLOTS_OF = {
    "LLOG_ORIGIN_HANDLE_NEXT_BLOCK": {"EADATA": "log_block"}, "LLOG_ORIGIN_HANDLE_PREV_BLOCK": {"EADATA": "log_block"},
    "OBD_LOG_CANCEL": {"LOGCOOKIES": "llog_cookies"}, "LLOG_CATINFO server": {"STRING": "output"},
    "FLD_READ": {"GENERIC_DATA": "lu_seq_range_array"}, "MDS_HSM_REQUEST": {"GENERIC_DATA": "hsm_data"},
    "LDLM_ENQUEUE/INTENT_GETXATTR server": {"EADATA": "xattr_names"},
}  # fmt: skip
#: The same, where 2.0 has another name.
SLOTS_OF_2_0 = {
    "MDS_REINT/CREATE": {"EADATA": "eadata_or_symtgt", "SYMTGT": "eadata_or_symtgt"},
    "MDS_REINT/RENAME": {"NAME": "old_name", "SYMTGT": "new_name"},
}  # fmt: skip
#: In 2.0 there is one format for all that is created; later it is that of all but symlinks.
CREATE_SYM = "MDS_REINT_CREATE_SYM"
#: Formats that servers begin to read with, or with fewer slots than the ones they end with: their slots are the first
#: ones of ours.
BEGINNINGS = {
    "MDS_REINT": "MDS_REINT/SETATTR", "MDS_REINT_CREATE": "MDS_REINT/CREATE", "MDS_REINT_CREATE_SLAVE":
    "MDS_REINT/CREATE", CREATE_SYM: "MDS_REINT/CREATE", "LDLM_CALLBACK": "LDLM_BL_CALLBACK",
    "LDLM_INTENT": "LDLM_ENQUEUE/INTENT_OPEN", "OST_CONNECT": "OST_CONNECT", "OST_DISCONNECT": "OST_DISCONNECT",
}  # fmt: skip
#: What none of ours is like: servers read any key with it, and its answer has no inside.
UNDECLARED = {"OST_GET_INFO_GENERIC", "OST_GET_INFO"}


#: Those that facts tell of; updates are no messages there.
HISTORIES = [
    history
    for module in map(import_module, LINE.modules)
    for declared in vars(module).values()
    if isinstance(history := history_of(declared), RpcHistory) and "variant" not in history.options
    if history.cls.__module__ == module.__name__ and history.opcode.name not in WITHOUT
    if not isinstance(history.opcode, UpdateType)
]


@cache
def forms(name: str) -> dict[str, RpcFormat]:
    return {form.key: form for form in dialect(name).formats}


def lustre_names(ours: str) -> tuple[str, ...]:
    """What Lustre calls a format of ours."""
    plain = ours.removeprefix("LDLM_ENQUEUE/INTENT_") if ours.startswith("LDLM_ENQUEUE/INTENT_") else None
    return FORMATS.get(ours) or ((f"LDLM_INTENT_{plain}",) if plain else (ours.replace("/", "_"),))


def fact_of(names: tuple[str, ...], name: str) -> dict[str, Any] | None:
    found = (at(facts()["rqf"].get(f"RQF_{rqf}", []), name) for rqf in names)
    return next((span[0] for span in found if span is not None), None)


def slots_of(ours: str, fact: dict[str, Any], side: str, name: str) -> list[tuple[str, str]]:
    """Lustre's name and ours of the slots of one side in a release, without the ptlrpc_body."""
    names = SLOTS | SLOTS_OF.get(ours, {}) | SLOTS_OF.get(f"{ours} {side}", {})
    names |= SLOTS_OF_2_0.get(ours, {}) if name == "2.0.0" else {}
    plain = [rmf.removeprefix("RMF_") for rmf in fact[side] if rmf != "RMF_PTLRPC_BODY"]
    return [(rmf, names.get(rmf, rmf.lower())) for rmf in plain]


@pytest.mark.parametrize("name", [name for name in facts()["releases"] if name.startswith("2.")])
class TestEveryRelease:
    def test_has_the_formats_of_the_facts(self, name: str) -> None:
        ours = {"MDS_GETSTATUS" if key == "MDS_GET_ROOT" else key for key, f in forms(name).items() if not f.variant}
        known = {rqf for key in ours for rqf in lustre_names(key)} | UNDECLARED | BEGINNINGS.keys()
        wanted = {rqf.removeprefix("RQF_") for rqf, spans in facts()["rqf"].items() if at(spans, name) is not None}
        assert wanted <= known
        unknown = {key for key in ours if fact_of(lustre_names(key), name) is None} - WITHOUT.keys()
        assert not {key for key in unknown if not key.startswith("OUT_UPDATE sub ")}  # updates are no messages there

    def test_slots(self, name: str) -> None:
        """Each slot of each side: its place, whether it is an array, its struct and the fixed size of it."""
        wrong: list[Any] = []
        for key, form in forms(name).items():
            ours = "MDS_GETSTATUS" if key == "MDS_GET_ROOT" else key
            fact = fact_of(lustre_names(ours), name)
            if fact is None or form.variant:
                continue
            wrong += differs(ours, form, fact, name)
        assert not wrong

    def test_beginnings(self, name: str) -> None:
        for rqf, ours in BEGINNINGS.items():
            fact = fact_of((rqf,), name)
            if fact is None or (rqf == CREATE_SYM and "MDS_REINT/CREATE_SYM" in forms(name)):
                continue
            for side, made in (("client", forms(name)[ours].request), ("server", forms(name)[ours].reply)):
                own = [slot.name for slot in made.__slot_specs__]
                wanted = [slot for _, slot in slots_of(ours, fact, side, name)]
                assert own[: len(wanted)] == wanted, rqf


def differs(ours: str, form: RpcFormat, fact: dict[str, Any], name: str) -> list[Any]:
    """The sides and slots of a format that are not what the facts say of it in a release."""
    wrong: list[Any] = []
    for side, made in (("client", form.request), ("server", form.reply)):
        wanted = slots_of(ours, fact, side, name)
        if [slot.name for slot in made.__slot_specs__] != [own for _, own in wanted]:
            wrong.append((ours, side, [slot.name for slot in made.__slot_specs__], wanted))
            continue
        for slot, (rmf, _) in zip(made.__slot_specs__, wanted, strict=True):
            said = (at(facts()["rmf"][f"RMF_{rmf}"], name) or [{}])[0]
            if not agrees(slot, rmf, said):
                wrong.append((ours, side, slot.name, slot.type, said))
    return wrong


def agrees(slot: SlotSpec, rmf: str, fact: dict[str, Any]) -> bool:
    """Whether a slot is what Lustre's layout.c says of it: an array, text, a struct or number, or bytes."""
    struct, flags = fact.get("struct"), fact.get("flags", ())
    if isinstance(slot.type, Items) or "struct_array" in flags:
        return isinstance(slot.type, Items) and (rmf in ARRAYS or "struct_array" in flags)
    if BYTES & {rmf, struct, slot.name}:
        return isinstance(slot.type, Blob)
    if rmf in TEXTS or "string" in flags:
        return isinstance(slot.type, (Text, FixedText))
    if struct is None and rmf not in INSIDE:
        return isinstance(slot.type, Blob)
    if isinstance(slot.type, Scalar):
        return slot.type.size == NUMBERS[str(struct)]
    assert isinstance(slot.type, Struct), (rmf, slot)
    names = INSIDE.get(rmf, (struct, str(struct).removesuffix("_v1")))
    return rmf == "REC_REINT" or slot.type.cls.__wire__.name in names


#: Bytes for us: structs of several kinds or with something behind them, and text that is a page in 1.8.
BYTES = {"MDT_MD", "DEFAULT_MDT_MD", "NIOBUF_INLINE", "ACL", "ldlm_wire_lvb", "output"}
#: Slots that hold several structs without being said to.
ARRAYS = ("LOGCOOKIES", "FID_ARRAY")
#: Slots that hold text without being said to.
TEXTS = ("SYMTGT",)
#: Slots of any length that have an inside.
INSIDE = {"FIEMAP_VAL": ("ll_user_fiemap", "fiemap")}
NUMBERS = {"__u32": 4, "obd_id": 8, "__u64": 8}


def test_what_is_left_to_declare_is_not_declared() -> None:
    known = {rqf for name in facts()["releases"] for key in forms(name) for rqf in lustre_names(key)}
    assert not known & UNDECLARED
    assert {f"RQF_{rqf}" for rqf in UNDECLARED | BEGINNINGS.keys()} <= facts()["rqf"].keys()


# The 1.8 and 2.0 dialects, as they were declared before there were histories.

BOTH = [("1.8", "1.8.9-wc1"), ("2.0", "2.0.0")]
KEYS = [(short, full, key) for short, full in BOTH for key in sorted(form.key for form in lw.dialect(short).formats)]


@pytest.mark.parametrize(("short", "full"), BOTH)
def test_all_formats_are_there(short: str, full: str) -> None:
    assert forms(full).keys() == {form.key for form in lw.dialect(short).formats}


@pytest.mark.parametrize(("short", "full", "key"), KEYS, ids=[f"{short}-{key}" for short, _, key in KEYS])
def test_the_view_is_what_the_dialect_declared(short: str, full: str, key: str) -> None:
    now, was = forms(full)[key], lw.dialect(short).rpcs[key]
    for field in fields(RpcFormat):
        if field.compare:
            assert plain(getattr(now, field.name)) == plain(getattr(was, field.name)), field.name


def plain(value: Any) -> Any:
    """What a declaration says, its structs by name and its numbers as numbers."""
    if isinstance(value, type) and issubclass(value, Buffers):
        return [plain(slot) for slot in value.__slot_specs__]
    if hasattr(value, "__wire__"):
        return value.__wire__.name, value.__wire__.size
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if is_dataclass(value):
        return type(value).__name__, [(f.name, plain(getattr(value, f.name))) for f in fields(value)]
    return int(value) if isinstance(value, int) else value


# What the notation does.


def test_buffers_of_every_release_are_those_declared() -> None:
    """What the type checker was told holds at run time."""
    for name in ("1.8.0", "2.1.6", "2.17.0"):
        request = forms(name)["LDLM_ENQUEUE/INTENT_OPEN"].request()
        assert isinstance(request, LdlmEnqueueIntentOpen.Request)
        request.rec_reint = None
        assert request.rec_reint is None


def test_buffers_and_their_declarations_pickle() -> None:
    request = forms("2.12.9")["MDS_GETATTR"].request()
    again = pickle.loads(pickle.dumps(request))
    assert type(again) is type(request)
    assert pickle.loads(pickle.dumps(MdsGetattr.Reply)) is MdsGetattr.Reply


def test_a_number_of_several_flags_is_what_they_are_then() -> None:
    assert number_at(ItOp.IT_OPEN | ItOp.IT_CREAT, release("2.0")) == 3


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.cls.__name__)
def test_what_releases_share_is_what_each_has_by_itself(history: RpcHistory) -> None:
    """Newest first: a view that one release made serves another only where its own would be the same."""
    for side in history.sides().values():
        shared, alone = copy.copy(side), copy.copy(side)
        shared.views, shared._at = {}, {}
        for when in reversed([release(name) for name in facts()["releases"] if history.exists(release(name))]):
            alone.views = {}
            assert shared.view(when).__slot_specs__ == alone.make(when).__slot_specs__, when


def test_bulk_data_follow_their_struct() -> None:
    """A format's view is another where what its bulk holds is."""
    history: Any = history_of(MdsReadpage)
    assert {name: forms(name)["MDS_READPAGE"].bulk_holds.head.__wire__.name for name in ("1.8.0", "2.0.0")} == {  # type: ignore[union-attr]
        "1.8.0": "ll_dir_entry", "2.0.0": "lu_dirpage",
    }  # fmt: skip
    assert any(inner.cls.__name__ == "LuDirpage" for inner in history.inner())


def unheld(history: RpcHistory, margin: Margin) -> list[str]:
    """The dates of a margin that could as well be one release of the main line later."""
    line, found = facts()["mainline"], []
    for i, (releases, state) in enumerate(margin.changes):
        lives = margin is history.alive or history.exists(releases[-1])
        if releases[-1].name in line[1:-1] and lives:
            later = release(line[line.index(releases[-1].name) + 1])
            margin.changes[i] = ((*releases[:-1], later), state)
            if holds(history):
                found.append(releases[-1].name)
            margin.changes[i] = (releases, state)
    return found


#: Formats that are another one's in Lustre too; since when they are used for this, no list says.
BORROWED = {"LdlmEnqueueIntentGlimpseDom", "MdsGetInfoFiemap", "MdsReintCreateSym"}
#: Their sizes are in no list of slots; that they are 2.0's is held above, by what 2.0 declared.
UUIDS = ("target_uuid", "client_uuid")


class TestDatesAreHeld:
    """A date of a format or of a buffer, moved by one release, is found by the facts."""

    @pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.cls.__name__)
    def test_moved_dates(self, history: RpcHistory) -> None:
        assert holds(history) or history.cls.__name__ in BORROWED
        assert not unheld(history, history.alive)
        slots = {name: slot for side in history.sides().values() for name, slot in side.slots.items()}
        dates = {
            name: unheld(history, slot.alive) + unheld(history, slot.type)
            for name, slot in slots.items() if name not in UUIDS
        }  # fmt: skip
        forget_views(history)
        assert not {name: found for name, found in dates.items() if found}


def forget_views(history: RpcHistory) -> None:
    for one in (history, *history.sides().values()):
        one._at.clear()
    changed()


def holds(history: RpcHistory) -> bool:
    """Whether the releases of the facts have the format, and each buffer as they say."""
    forget_views(history)
    for name in facts()["releases"]:
        if not name.startswith("2."):
            continue
        try:
            form = history.format(release(name))
        except SchemaError:
            return False
        key = "MDS_GETSTATUS" if history.opcode == Opcode.MDS_GETSTATUS else history.c_name(release(name))
        fact = fact_of(lustre_names(key), name)
        if (form is None) != (fact is None):
            return False
        if form is not None and fact is not None and differs(key, form, fact, name):
            return False
    return True


class TestVariants:
    def test_one_is_what_its_operation_is_but_for_what_it_says(self) -> None:
        own, sent = forms("2.1.0")["MDS_GETATTR"], forms("2.1.0")["MDS_GETATTR (1.8.9)"]
        assert sent.match == {**own.match, "[2]": Uncounted()}
        assert (sent.portal, sent.also_on, sent.reply) == (own.portal, own.also_on, own.reply)
        assert [slot.name for slot in sent.request.__slot_specs__] == ["mdt_body"]

    def test_one_has_a_life_of_its_own(self) -> None:
        assert "MDS_GETATTR (1.8.9)" in forms("2.7.0")
        assert "MDS_GETATTR (1.8.9)" not in forms("2.8.0")
        assert "MDS_GETATTR (1.8.9)" not in forms("1.8.9-wc1")

    def test_one_under_another_opcode_keeps_its_name(self) -> None:
        form = forms("2.0.0")["MDS_UNPIN (1.8.9)"]
        assert form.opcode == forms("2.0.0")["MDS_CLOSE"].opcode != forms("2.0.0")["MDS_UNPIN"].opcode

    def test_the_life_of_one(self) -> None:
        assert lw.history("MDS_GETATTR (1.8.9)").spans == (("2.0.0", "2.7.0", Opcode.MDS_GETATTR),)

    def test_of_nothing_is_refused(self) -> None:
        with pytest.raises(SchemaError, match="no operation"):
            variant(client_1_8_9.Connect, "1.8.9")
