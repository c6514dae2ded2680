"""What holds for every message of every kind, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import messages as recorded_messages
from compat_tests.translate.pairs import fields, session
from lustre_wire.testing.messages import messages
from lustre_wire.translate import rules_between

FEW = settings(
    max_examples=3, deadline=None, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip
RULES = rules_between("1.8", "2.0")
OTHER = {"1.8": "2.0", "2.0": "1.8"}

#: Every kind of message that has a counterpart.
KINDS = [
    (dialect, form.key, direction)
    for dialect in OTHER
    for form in lw.dialect(dialect).formats
    for direction in ("request", "reply")
    if form.name in {f.name for f in lw.dialect(OTHER[dialect]).formats} | {"MDS_SETXATTR", "MDS_REINT/SETXATTR"}
    and not (form.variant and direction == "reply")
]


def _structs(obj: Any) -> Iterator[Any]:
    if hasattr(type(obj), "__wire__"):
        yield obj
        for field in type(obj).__wire__.fields:
            if not type(obj).__wire__.is_union:
                yield from _structs(getattr(obj, field.name))
    elif isinstance(obj, list):
        for each in obj:
            yield from _structs(each)


def _named(message: lw.Message) -> lw.Message:
    """Random values but where a name or number exists in one dialect alone: files made by 1.8, objects of group 0."""
    for struct in _all_structs(message):
        _name(struct)
    return message


def _agreed(message: lw.Message) -> lw.Message:
    """Random values where both dialects have words for them, and nothing said where one of them has none."""
    for spec in type(message.buffers).__slot_specs__:
        epoch = spec.name == "mdt_ioepoch" and message.name != "MDS_CLOSE"
        if epoch or "capa" in spec.name or "rec_join" in spec.name:
            empty = None if spec.optional else type(getattr(message.buffers, spec.name))()
            setattr(message.buffers, spec.name, empty)
    for struct in _all_structs(_named(message)):
        _quiet(struct)
    message.body.pb_flags = message.body.pb_op_flags = message.body.pb_transno = 0
    return message


def _all_structs(message: lw.Message) -> Iterator[Any]:
    for spec in type(message.buffers).__slot_specs__:
        yield from _structs(getattr(message.buffers, spec.name))


#: Values both dialects have words for; everything else is drawn.
_AGREED = {
    "o_valid": 0x1000001, "o_ioepoch": 0, "ioepoch": 0, "io_epoch": 0, "cr_flags": 1, "gid_h": 0,
    "ocd_connect_flags": 0x40000000,
}  # fmt: skip


def _quiet(struct: Any) -> None:
    kind = type(struct).__wire__
    for name in kind.by_name:
        if "padding" in name or name == "o_parent_ver":
            setattr(struct, name, 0)
        elif name in _AGREED:
            setattr(struct, name, _AGREED[name])
    if kind.name == "mdt_ioepoch":
        struct.flags = 4


def _name(struct: Any) -> None:
    kind = type(struct).__wire__
    for name in kind.by_name:
        if name.endswith(("_h", "bias")) or name in ("o_gr", "ioo_gr", "ioo_seq", "oi_seq", "o_parent_seq"):
            setattr(struct, name, 0)
    if kind.name == "lu_fid":
        struct.f_seq, struct.f_oid, struct.f_ver = 12 + struct.f_seq % 0xFFFFFF00, struct.f_oid | 1, 0
    if kind.name == "ll_fid":
        struct.id, struct.generation = 12 + struct.id % 0xFFFFFF00, struct.generation | 1
    if kind.name == "ldlm_resource_desc":
        first, second, _, fourth = struct.lr_name.name
        metadata = struct.lr_type in (10, 12, 13)
        struct.lr_name.name = [12 + first % 0xFFFFFF00, second % 0xFFFFFFFF | 1 if metadata else 0, 0, fourth]
    if kind.name == "ldlm_lock_desc" and struct.l_resource.lr_type == 13:
        struct.l_policy_data.raw = bytes(32)


def _of_kind(dialect: str, form: str, direction: str) -> st.SearchStrategy[lw.Message]:
    found = messages(dialect, name=form, direction=direction)
    return found.filter(lambda m: m.format is not None and m.format.key == form)


def _session() -> lw.Session:
    return lw.Session(fids=lw.FidAllocator(0x200000400), keep_created=True)


def _try(message: lw.Message, dialect: str, session: lw.Session) -> Any:
    """The translation, or the error where it is impossible."""
    try:
        return lw.translate(message, dialect, session=session, on_loss="report")
    except lw.Untranslatable as error:
        assert error.errno > 0
        return error


@pytest.mark.parametrize(("dialect", "form", "direction"), KINDS)
def test_what_is_translated_is_strictly_right_again_and_comes_back_but_for_what_the_report_names(
    dialect: str, form: str, direction: str
) -> None:
    translated = []

    @FEW
    @given(_of_kind(dialect, form, direction), _of_kind(dialect, form, direction))
    def check(agreed: lw.Message, named: lw.Message) -> None:
        one(_agreed(agreed))
        one(_named(named))

    def one(message: lw.Message) -> None:
        before = lw.encode(message)
        there = _try(message, OTHER[dialect], _session())
        assert lw.encode(message) == before, "the source is not changed"
        if isinstance(there, lw.Untranslatable):
            return
        translated.append(form)
        data = lw.encode(there.message)
        assert lw.decode(data, OTHER[dialect], request=there.message.format, strict=True) == there.message
        assert lw.translate(there.message, OTHER[dialect]).message is there.message
        assert lw.encode(_try(message, OTHER[dialect], _session()).message) == data, "the same again"
        _commutes(message, data, dialect)
        back = _try(there.message, dialect, _session())
        if not isinstance(back, lw.Untranslatable):
            _comes_back(message, there.report, back)

    check()
    if not _never(form, direction, dialect):
        assert translated, "some message of this kind can be translated"


def _never(form: str, direction: str, dialect: str) -> bool:
    """Kinds that are impossible by rule, or unless the session knows the new file's other name."""
    name, _, variant = form.partition(" (")
    if name in RULES.new_only or variant.startswith("without"):
        return True
    if direction == "request":
        joins = name.startswith("LDLM_ENQUEUE/INTENT_OPEN") and variant.startswith("1.8.9")
        return joins or name == "MDS_DONE_WRITING" or (dialect == "1.8" and name in ("MDS_PIN", "MDS_UNPIN"))
    return dialect == "1.8" and name in ("MDS_READPAGE", "MDS_REINT/CREATE")


def _commutes(message: lw.Message, data: bytes, dialect: str) -> None:
    """Swapping the bytes first or last makes no difference."""
    order = message.order
    message.order = "little" if order == "big" else "big"
    swapped = _try(message, OTHER[dialect], _session()).message
    message.order = swapped.order = order
    assert lw.encode(swapped) == data


def _renames() -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for rule in RULES.structs:
        for field in rule.fields:
            if field.old and field.new:
                out.setdefault(field.new.rpartition(".")[2], set()).add(field.old.rpartition(".")[2])
                out.setdefault(field.old.rpartition(".")[2], set()).add(field.new.rpartition(".")[2])
    return out


#: 1.8 has the EA size and the MDS's number where 2.0 has the I/O epoch.
RENAMES = _renames() | {"o_ioepoch": {"o_easize", "o_mds"}}
#: Follow from what is reported, or are the zeroes behind a body that 1.8.9 sends longer than 1.8 needs.
FOLLOWS = ("header.lm_buflens", "header.lm_bufcount", "header.lm_magic", "extra.count", "ptlrpc_body.extra")


@pytest.mark.parametrize("dialect", OTHER)
def test_every_recorded_message_comes_back_but_for_what_the_reports_name(dialect: str) -> None:
    back_again = 0
    for recorded in recorded_messages():
        message = recorded.decode()
        if recorded.dialect != dialect or message.version != 2:
            continue
        known = session()
        known.fids = lw.FidAllocator(0x200000700)
        there = _try(message, OTHER[dialect], known)
        if isinstance(there, lw.Untranslatable):
            continue
        read = lw.decode(lw.encode(there.message), OTHER[dialect], request=there.message.format, strict=True)
        back = _try(read, dialect, known)
        if isinstance(back, lw.Untranslatable):
            assert message.name in ("MDS_READPAGE", "MDS_PIN", "MDS_UNPIN"), "these go one way alone"
            continue
        lw.encode(back.message)
        _comes_back(message, there.report, back)
        back_again += 1
    assert back_again > 250


def _comes_back(message: lw.Message, there: Any, back: Any) -> None:
    entries = [e for report in (there, back.report) for e in report.entries]
    buffers = {e.path for e in entries if "." not in e.path}
    told = {word for e in entries for word in _inside(e.path)} | {e.name for e in entries}
    told |= {other for name in told for other in RENAMES.get(name, ())}
    here, again = fields(message), fields(back.message)
    for key in here.keys() | again.keys():
        if (
            key.removeprefix("extra.") in buffers
            or here.get(key) == again.get(key)
            or key.startswith(FOLLOWS)
            or key.endswith("extra.tail")
        ):
            continue
        if {here.get(key), again.get(key)} <= {None, 0, ""} or key == "header.lm_repsize":
            continue
        named = key.partition(".")[0] in buffers or _inside(key) & told
        assert named, f"{key}: {here.get(key)!r} became {again.get(key)!r}, and no report says so"


def _inside(path: str) -> set[str]:
    """The names in a path behind that of the buffer, without indices."""
    return {word.partition("[")[0] for word in path.split(".")[1:]}
