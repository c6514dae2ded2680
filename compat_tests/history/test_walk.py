"""Every release against the facts: each asserted size, offset, field size and number, in that release's dialect.

What is not declared yet is listed here and counted, so that the list can only shrink.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_codecs.line import LINE
from lustre_wire.dialects import Dialect
from lustre_wire.schema import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.releases import release
from lustre_wire.schema.types import Array, Chars, Flex, Raw, Struct, as_type

#: Structs whose assertions are of no concern, and why.
SET_ASIDE = {
    "kib_": "RDMA traffic of InfiniBand drivers: not on TCP",
    "kptl_": "Portals traffic of ptllnd: not on TCP",
}
#: Asserted structs that no history declares yet: born after 2.0, LNet's frames, the disk's, HSM's.
UNDECLARED = frozenset({
    "_lnet_hdr_nid4", "barrier_lvb", "changelog_ext_jobid", "changelog_ext_rec", "changelog_ext_rename",
    "gss_wire_ctx", "hsm_action_item", "hsm_action_list", "hsm_attrs", "hsm_current_action", "hsm_progress",
    "hsm_progress_kernel", "hsm_request", "hsm_state_set", "hsm_user_import", "hsm_user_item", "hsm_user_request",
    "hsm_user_state", "idx_info", "ladvise_hdr", "layout_intent", "ldlm_gl_barrier_desc", "ldlm_gl_lquota_desc",
    "lfsck_reply", "lfsck_request", "llog_unlink64_rec", "llog_update_record", "lmv_mds_md_v1",
    "lnet_acceptor_connreq", "lnet_acceptor_connreq_v2", "lnet_counters_common", "lnet_handle_wire",
    "lnet_handle_wire_t", "lnet_hdr", "lnet_hdr_t", "lnet_magicversion", "lnet_magicversion_t",
    "lnet_ni_large_status", "lnet_ni_status", "lnet_nid", "lnet_nid_t", "lnet_pid_t", "lnet_ping_info",
    "lnet_process_id_packed", "lov_comp_md_entry_v1", "lov_comp_md_v1", "lov_foreign_md", "lov_hsm_base",
    "lov_hsm_md", "lquota_acct_rec", "lquota_glb_rec", "lquota_id", "lquota_lvb", "lquota_slv_rec", "lr_server_data",
    "lsd_client_data", "lsd_reply_data_v1", "lsd_reply_data_v2", "lsd_reply_header", "lu_idxpage", "lu_ladvise",
    "lu_page", "lu_pcc_attach", "lu_pcc_detach", "lu_pcc_detach_fid", "lu_pcc_state", "lustre_access_log_info_v1",
    "lustre_disk_data", "lustre_mdt_attrs", "lustre_msg_v1", "lustre_msg_v2", "lustre_ost_attrs", "lustre_som_attrs",
    "lustre_swap_layouts", "mdc_swap_layouts", "mdt_rec_resync", "mgs_config_body", "mgs_config_res",
    "mgs_nidtbl_entry", "mgs_target_nidlist", "nodemap_cluster_rec", "nodemap_cluster_roles_rec",
    "nodemap_fileset_header_rec", "nodemap_fileset_rec", "nodemap_global_rec", "nodemap_id_rec", "nodemap_key",
    "nodemap_offset_rec", "nodemap_range2_rec", "nodemap_range_rec", "nodemap_rec", "nodemap_user_capabilities_rec",
    "object_update", "object_update_param", "object_update_reply", "object_update_request", "object_update_result",
    "ofd_access_entry_v1", "ost_lvb_v1", "out_update_buffer", "out_update_header", "quota_body", "rawobj_s",
    "rsc_downcall_data", "rsi_downcall_data", "scrub_file", "som_attrs", "update", "update_buf", "update_op",
    "update_ops", "update_params", "update_records", "update_reply",
})  # fmt: skip
#: Fields whose declaration is simpler than the C struct: only the offset is held to the facts.
SIMPLER = {
    "lu_dirpage.ldp_entries[0]": "bytes: each entry has its own length",
    "getinfo_fid2path.gf_u.gf_path[0]": "the member of an anonymous union that carries the answer",
}


@cache
def facts() -> dict[str, Any]:
    return dict(json.loads((FIXTURES / "facts" / "wire-history.json").read_text()))


@cache
def order() -> dict[str, int]:
    return {name: place for place, name in enumerate(facts()["releases"])}


def at(spans: list[list[Any]], name: str) -> list[Any] | None:
    """What a fact says of a release: the values behind the first and the last release of its span."""
    return next((s[2:] for s in spans if order()[s[0]] <= order()[name] <= order()[s[1]]), None)


@cache
def dialect(name: str) -> Dialect:
    """The release as a view of the histories (1.8 and 2.0 are still modules of their own)."""
    return Dialect(name, LINE.modules, body=None, body_minimum=0, release=release(name))


@cache
def asserted(name: str) -> tuple[tuple[str, int, dict[str, list[Any]]], ...]:
    """The structs a release asserts: name, size, and of each field offset, size and size of an element."""
    found = []
    for struct, fact in facts()["structs"].items():
        size = at(fact["size"], name)
        if size is not None and not struct.startswith(tuple(SET_ASIDE)):
            fields = {f: said for f, spans in fact["fields"].items() if (said := at(spans, name)) is not None}
            found.append((struct, size[0], fields))
    return tuple(found)


def located(spec: StructSpec, path: str) -> tuple[int, int] | None:
    """Offset and size of a field as the facts spell it: dotted, an element in brackets. Only its own name will do."""
    offset, size = 0, spec.size
    for part in path.removeprefix("gf_u.").split("."):
        name, _, index = part.rstrip("]").partition("[")
        found: FieldSpec | None = next((f for f in (*spec.fields, *spec.overlays) if f.name == name), None)
        if found is None:
            return None
        offset, size = offset + found.offset, found.size
        if index:
            kind = found.type
            assert isinstance(kind, (Array, Flex, Chars, Raw))
            size = as_type(kind.element).size if isinstance(kind, (Array, Flex)) else 1
            offset += int(index) * size
        if isinstance(found.type, Struct):
            spec = spec_of(found.type.cls)
    return offset, size


def test_the_releases_are_those_of_the_facts() -> None:
    assert set(lw.releases()) == set(facts()["releases"])
    assert [r for r in lw.releases() if r in facts()["mainline"]] == facts()["mainline"]
    for name, branch in facts()["releases_of_branches"].items():
        assert release(name).base is release(branch["base"])


@pytest.mark.parametrize("name", facts()["releases"])
class TestEveryRelease:
    def test_structs(self, name: str) -> None:
        wrong: list[Any] = []
        for struct, size, fields in asserted(name):
            if struct in UNDECLARED:
                continue
            spec = spec_of(dialect(name).structs[struct])
            if spec.size != size:
                wrong.append((struct, spec.size, size))
            for field, (offset, *sizes) in fields.items():
                found = located(spec, field)
                if sizes[0] is None or f"{struct}.{field}" in SIMPLER:
                    found, sizes = found and (found[0], 0), [0]
                if found != (offset, sizes[0]):
                    wrong.append((struct, field, found, (offset, sizes[0])))
        assert not wrong

    def test_numbers(self, name: str) -> None:
        """Names that some release's declarations know, in this release: the number asserted, or no number at all."""
        have = {n: int(v) for n, v in dialect(name).constants.items() if isinstance(v, int)}
        wanted = {n: found[0] for n, spans in facts()["constants"].items() if (found := at(spans, name)) is not None}
        wrong = {n: (have.get(n), number) for n, number in wanted.items() if n in declared() and have.get(n) != number}
        assert not wrong

    def test_connect_flags(self, name: str) -> None:
        """All of them, and none that the release has not."""
        spans = {n: s for n, s in facts()["connect"].items() if n.startswith("OBD_CONNECT_")}
        wanted = {n: found[0] for n, s in spans.items() if (found := at(s, name)) is not None}
        members = dialect(name).enums["ObdConnect"].__members__
        have = {n: int(m) for n, m in members.items() if n.startswith("OBD_CONNECT_")}
        assert {n: v for n, v in have.items() if n in spans} == {n: v for n, v in wanted.items() if n in have}
        assert not {n for n in wanted if n not in have and not n.startswith("OBD_CONNECT2_")}


@cache
def declared() -> frozenset[str]:
    return frozenset(n for name in facts()["releases"] for n in dialect(name).constants)


def test_what_is_left_to_declare_is_asserted_and_undeclared() -> None:
    """The list above holds nothing that is declared by now, nor anything that no release asserts."""
    everywhere = {struct for name in facts()["releases"] for struct, _, _ in asserted(name)}
    have = {struct for name in facts()["releases"] for struct in dialect(name).structs}
    assert everywhere >= UNDECLARED
    assert not UNDECLARED & have


def test_most_assertions_are_covered() -> None:
    """Counted, so that what is covered can only grow."""
    rows = [(struct, 1 + len(fields)) for name in facts()["releases"] for struct, _, fields in asserted(name)]
    covered = sum(count for struct, count in rows if struct not in UNDECLARED)
    assert covered >= 16_593
