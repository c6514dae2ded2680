"""Every date is needed: moved by one release, some assertion or header fact disagrees, or it is said to be inferred.

The facts hold no swabs and not every struct; what they are silent of was read from the headers of 1.8.9, 2.0.0 and
2.17.0, or of the tags between, and is inferred as far as the tests can tell. It is counted here, release by release.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from compat_tests.history.test_walk import (
    SIMPLER,
    at,
    dialect,
    facts,
    located,
    numbers,
    present,
    spans_of_names,
)
from compat_tests.recorded import FIXTURES
from lustre_codecs.line import LINE
from lustre_wire.errors import SchemaError
from lustre_wire.schema import spec_of
from lustre_wire.schema.history import StructHistory
from lustre_wire.schema.margins import Margin
from lustre_wire.schema.numbers import EnumHistory, number_at
from lustre_wire.schema.releases import Release, release
from lustre_wire.schema.views import changed, history_of


def declared(kind: type) -> dict[str, Any]:
    """Name -> history, of what the modules of the line declare."""
    found = {}
    for name in LINE.modules:
        module = import_module(name)
        for value in vars(module).values():
            history = history_of(value)
            if isinstance(history, kind) and value.__module__ == module.__name__:
                found[value.__name__] = history
    return found


STRUCTS: dict[str, StructHistory] = declared(StructHistory)
ENUMS: dict[str, EnumHistory] = declared(EnumHistory)


def constants() -> dict[str, Any]:
    named = (item for module in LINE.modules for item in vars(import_module(module)).items())
    return {name: value for name, value in named if isinstance(getattr(value, "margin", None), Margin)}


@cache
def said_of(struct: str) -> list[tuple[Release, int | None, dict[str, list[Any]]]]:
    """What each release says of a struct: its size where asserted, and where its fields are."""
    fact = facts()["structs"].get(struct)
    if fact is None:
        return []
    out = []
    for name in facts()["releases"]:
        size = at(fact["size"], name)
        fields = {f: said for f, spans in fact["fields"].items() if (said := at(spans, name)) is not None}
        out.append((release(name), size[0] if size else None, fields))
    return out


def is_there(struct: str, name: str) -> bool | None:
    """Whether a release's headers have a struct; None where the facts do not say."""
    if struct not in facts()["structs"] or struct in READ_OTHERWISE:
        return None
    known = facts()["present"]["structs"].get(struct, [])
    return at(facts()["structs"][struct]["size"], name) is not None or at(known, name) is not None


def fits(history: StructHistory, names: set[str]) -> bool:
    """Whether all that is asserted of a struct of these names is so in its views, where the headers have it."""
    history._at.clear()
    for name in facts()["releases"]:
        when = release(name)
        if not history.exists(when):
            if any(is_there(struct, name) for struct in names):
                return False
            continue
        struct = history.c_name(when)
        if is_there(struct, name) is False:
            return False
        try:
            spec = history.view(when).__wire__
        except SchemaError:
            return False
        for _, size, fields in [said for said in said_of(struct) if said[0] is when]:
            if size is not None and spec.size != size:
                return False
            for field, (offset, *sizes) in fields.items():
                found = located(spec, field)
                if found is None or (found[0] != offset and f"{struct}.{field}" not in SIMPLER):
                    return False
                if sizes[0] not in (None, found[1]) and f"{struct}.{field}" not in SIMPLER:
                    return False
    return True


def dates(history: StructHistory) -> Iterator[tuple[str, Margin]]:
    """What of a struct is dated by its own margins; those of its options say nothing of places."""
    yield "size", history.size
    for place in (*history.places, *history.overlays):
        yield place.name, place.margin


def moved(margin: Margin) -> Iterator[str]:
    """Move one release after the other to the next of the main line, or leave it out where it is the last of its own.

    Yields the one moved; it is back in its place afterwards.
    """
    line = facts()["mainline"]
    for i, (made, state) in enumerate(margin.changes):
        for when in made:
            later = line[line.index(when.name) + 1 :] if when.name in line else []
            others = [release(later[0])] if later else []
            margin.changes[i] = ((*(r for r in made if r is not when), *others), state)
            changed()
            yield when.name
            margin.changes[i] = (made, state)
            changed()


#: Structs whose presence is read otherwise than the facts do, and why.
READ_OTHERWISE = {
    "lu_dirent": "1.8 has it in a header of its client", "lu_dirpage": "as lu_dirent", "luda_type": "as lu_dirent",
    "posix_acl_xattr_entry": "the kernel's, where Lustre's headers have it not",
    "posix_acl_xattr_header": "as posix_acl_xattr_entry",
}  # fmt: skip
#: Dates of asserted structs that no fact holds: read from the headers of the tags between.
INFERRED_DATES = {
    # a padding or a flexible array that nothing asserts; in whose name it is, the offsets of its neighbours do not show
    ("MdsBody", "padding_4", "2.0.0"), ("ChangelogRec", "cr_tails", "2.7.0"), ("ObdQuotactl", "qc_poolname", "2.14.0"),
    ("QuotaAdjustQunit", "padding1", "2.0.0"), ("LustreCapa", "lc_opc", "2.0.0"),
    ("LlogSetattr64Rec", "lsr_uid_h", "2.4.0"), ("LlogSetattr64Rec", "lsr_gid_h", "2.4.0"),
    ("MdtRecSetattr", "sa_padding_4", "2.4.0"), ("MdtRecLink", "lk_padding_7", "2.4.0"),
    ("MdtRecLink", "lk_padding_8", "2.4.0"), ("MdtRecUnlink", "ul_padding_7", "2.4.0"),
    ("MdtRecUnlink", "ul_padding_8", "2.4.0"), ("MdtRecRename", "rn_padding_6", "2.4.0"),
    ("MdtRecRename", "rn_padding_7", "2.4.0"), ("MdtRecSetxattr", "sx_padding_9", "2.4.0"),
    ("MdtRecSetxattr", "sx_padding_10", "2.4.0"),
    # flags by other names: LUSTRE_*_FL for MDS_*_FL
    ("MdtBody", "mbo_flags", "2.2.0"), ("MdtRecSetattr", "sa_attr_flags", "2.2.0"),
    ("MdtRecCreate", "cr_flags_h", "2.16.0"),  # a mkdir's of their own
    ("ObdQuotactl", "qc_type", "2.4.0"),  # without names before
    # renamed or born before the struct was asserted
    ("LrServerData", "lsd_osd_index", "2.4.0"), ("LrServerData", "lsd_mdt_index", "2.4.0"),
    ("LsdReplyDataV1", "size", "2.8.0"), ("MgsConfigBody", "mcb_rec_nid_size", "2.9.0"),
    ("MgsConfigRes", "mcr_nm_cur_pass", "2.9.0"), ("MdtRecResync", "rs_lease_handle", "2.12.0"),
    # members of a union whose size alone is asserted
    ("NodemapRec", "nrr2", "2.16.0"), ("NodemapRec", "ncrr", "2.16.0"), ("NodemapRec", "nor", "2.17.0"),
    ("NodemapRec", "nfhr", "2.17.0"), ("NodemapRec", "nfr", "2.17.0"), ("NodemapRec", "nucr", "2.17.0"),
    # second names of a place
    ("LovOstDataV1", "l_ost_type", "2.17.0"), ("MdtRecCreate", "cr_archive_id", "2.17.0"),
}  # fmt: skip
#: Declared structs of which no release asserts anything: known of the headers of 1.8.9, 2.0.0 and 2.17.0 only.
INFERRED = {
    "BulkSpecHash", "CfgMarker32", "ExtAclXattrEntry", "ExtAclXattrHeader", "FilterFid", "HsmExtent", "Krb5Header",
    "KsockLnetMsg", "KucHdr", "LdlmPolicyData", "LlDirEntry", "LnetPingInfo", "LnetPingInfoPiBody", "LovUserMdJoin",
    "LovUserMdV1", "LovUserMdV3", "LovUserOstDataJoin", "LovUserOstDataV1", "LuExtent", "LuFid", "MdFld",
    "MdsRemotePerm", "MdtEpoch", "MdtRecJoin", "MgsNidtblEntryU", "OstIdEither", "OstIdOld", "PlainBulkToken",
    "PlainHeader", "PtlrpcBulkSecDesc", "PtlrpcUserDesc", "SptlrpcFlavor", "SptlrpcFlavorUBulk", "SptlrpcFlavorURpc",
    "SptlrpcRule",
    # born after 2.0, the same in the headers of every tag since
    "BatchUpdateReply", "BatchUpdateRequest", "ButUpdateBuffer", "ButUpdateHeader", "ChangelogExtExtraFlags",
    "ChangelogExtNid", "ChangelogExtOpenmode", "ChangelogExtUidgid", "ChangelogExtXattr", "LlogChangelogUserRec2",
    "Fid2pathKey", "Fid2pathRooted", "LlcryptContextV1", "LlcryptContextV2", "LmmOstId", "LmvForeignMd",
    "LmvUserMdsData", "LogOstId", "LuSeqRangeArray", "OutReadReply",
    # born after 2.0, with dates of their own
    "CloseData", "CloseDataResyncDone", "CloseDataSpecial", "LdlmGlDesc", "LmvDefault", "LmvUserMdV1", "LuFidLe",
    "LuOrphanRec", "LuOrphanRecV2", "LuOrphanRecV3", "UpdateAttributes",
}  # fmt: skip
#: What wire structs of the layout files no dialect has: LNet's self-test, drivers of other networks, memory.
NO_CONCERN = ("lst_", "sfw_", "srpc_", "test_", "kib_", "kptl_", "lov_stripe_md")


def is_inferred(history: Any) -> bool:
    """Whether no release asserts anything of a struct."""
    return not history.c_names() & set(facts()["structs"])


def test_what_is_never_asserted_is_said_to_be_inferred() -> None:
    assert {name for name, history in STRUCTS.items() if is_inferred(history)} == INFERRED


@pytest.mark.parametrize(("layout", "name"), [("1.8", "1.8.9-wc1"), ("2.0", "2.0.0")])
def test_every_wire_struct_is_declared(layout: str, name: str) -> None:
    """Also those that no release asserts: they come from the layout files."""
    structs = json.loads((FIXTURES / "facts" / f"layout-{layout}.json").read_text())
    wire = {struct for struct, fact in structs.items() if fact["wire"] and not struct.startswith(NO_CONCERN)}
    have = {struct: dialect(name).structs[struct] for struct in wire}
    assert {struct: structs[struct]["size"] for struct in wire} == {s: spec_of(c).size for s, c in have.items()}


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_every_date_of_a_struct_is_held(name: str) -> None:
    """Moved by one release it is found, but for those listed; this is the walk of one struct, so first it must pass."""
    history = STRUCTS[name]
    if is_inferred(history):
        return
    names = history.c_names()
    assert fits(history, names)
    free = {(name, place, when) for place, margin in dates(history) for when in moved(margin) if fits(history, names)}
    history._at.clear()
    assert free == {date for date in INFERRED_DATES if date[0] == name}


@cache
def number_facts() -> dict[str, dict[str, tuple[bool, int | None]]]:
    """Of every name that the facts know, and release: whether it is there, and its number where that is said."""
    known = {**spans_of_names(), **{n: facts()["constants"][n] for n in facts()["constants"] if n in spans_of_names()}}
    dated = facts()["value_changes"]
    out: dict[str, dict[str, tuple[bool, int | None]]] = {}
    for name in facts()["releases"]:
        said, there = numbers(name), present(name)
        for n in {*known, *dated}:
            change = at(dated[n], name) if n in dated else None
            span = at(spans_of_names()[n], name) if n in known else change
            value = said.get(n, change[0] if change else span[0] if span else None)
            if span is not None and value is None:
                continue  # a name whose number the headers leave to others
            out.setdefault(n, {})[name] = (n in there or change is not None, value)
    return out


def numbered() -> Iterator[tuple[str, Margin, Any]]:
    """Every name of an enumeration or constant with a past: its margin, and its number in a release."""
    for history in ENUMS.values():
        for name in history.declared:
            yield name, history.margins.get(name, history.life), lambda when, h=history, n=name: h.number(n, when)
    for name, value in constants().items():
        yield name, value.margin, lambda when, v=value: number_at(v, when)


def agrees(name: str, number: Any) -> bool:
    """Whether a name has the number that the facts say in each release, and none where it is not there."""
    for when, (there, value) in number_facts()[name].items():
        have = number(release(when))
        if (have is not None) != there or (there and value not in (have, have & 0xFFFFFFFF)):
            return False
    return True


def test_every_date_of_a_number_is_held() -> None:
    """Without exception, of the names that the facts know."""
    wrong, free = [], []
    for name, margin, number in numbered():
        if name in number_facts():
            wrong += [] if agrees(name, number) else [name]
            free += [(name, when) for when in moved(margin) if agrees(name, number)]
    assert not wrong
    assert not free


#: What releases call themselves: held to their names by test_views.
OWN_VERSION = {f"LUSTRE_{part}" for part in ("MAJOR", "MINOR", "PATCH", "FIX", "VERSION_STRING", "VERSION_CODE")}


def test_inferred_numbers() -> None:
    """Dates of names that the facts do not know were read from the headers of the tags; counted, release by release."""
    held = sum(len(margin.changes) for name, margin, _ in numbered() if name in number_facts())
    known = number_facts().keys() | OWN_VERSION
    inferred = sum(len(margin.changes) for name, margin, _ in numbered() if name not in known)
    assert held > 1.35 * inferred
