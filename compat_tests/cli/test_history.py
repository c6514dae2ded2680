"""history, and diff and layout of any release: what they say is what the facts assert."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.cli.test_commands import lines, run
from compat_tests.history.test_walk import SIMPLER, facts

STRUCTS = ("mdt_body", "obdo", "obd_connect_data", "lov_mds_md_v1", "ldlm_inodebits", "mgs_target_info")


def asserted(spans: list[list[Any]]) -> list[tuple[str, str, int, int]]:
    """Runs of releases whose headers assert a place and size."""
    return [(first, last, offset, size) for first, last, offset, size, *_ in spans if size is not None]


class TestHistory:
    @pytest.mark.parametrize("struct", STRUCTS)
    def test_fields_are_where_the_facts_have_them(self, struct: str) -> None:
        """Each asserted run lies within one that is shown with the same place."""
        (shown,) = lines("history", struct, "--json")
        order = lw.releases()
        for name, spans in facts()["structs"][struct]["fields"].items():
            if not name.isidentifier() or f"{struct}.{name}" in SIMPLER:
                continue  # within another struct
            for first, last, offset, size in asserted(spans):
                have = [
                    (row["first"], row["last"]) for row in shown["fields"].get(name, [])
                    if (row["offset"], row["size"]) == (offset, size)
                ]  # fmt: skip
                runs = {r for a, b in have for r in order[order.index(a) : order.index(b) + 1]}
                assert {first, last} <= runs, name

    def test_a_field_is_found_under_each_of_its_names(self) -> None:
        (new,) = lines("history", "mdt_body.mbo_open_handle", "--json")
        (old,) = lines("history", "mdt_body.handle", "--json")
        assert list(new["fields"]) == list(old["fields"]) == ["mbo_open_handle", "mbo_handle", "handle"]
        assert old["spans"] == [{"first": "1.8.0", "last": "2.5.3", "offset": 32, "size": 8}]

    @pytest.mark.parametrize("name", ["MDS_GETSTATUS", "MDS_GET_ROOT"])
    def test_a_format_is_found_under_each_of_its_names(self, name: str) -> None:
        (shown,) = lines("history", name, "--json")
        assert [row["name"] for row in shown["called"]] == ["MDS_GETSTATUS", "MDS_GET_ROOT"]
        assert {row["opcode"] for row in shown["spans"]} == {40}

    def test_numbers(self) -> None:
        names = ("OBD_CONNECT_GRANT_PARAM", "LOV_MAXPOOLNAME", "OBD_CONNECT_RMT_CLIENT")
        known = facts()["constants"]
        for name, shown in zip(names, lines("history", *names, "--json"), strict=True):
            said = {row["value"] for row in shown["spans"]}
            assert said == {value for _, _, value, *_ in known[name]}

    def test_an_enumeration_shows_its_members(self) -> None:
        (shown,) = lines("history", "ObdConnect", "--json")
        assert shown["fields"]["OBD_CONNECT_CROW"] == [{"first": "1.8.0", "last": "2.9.0", "value": 0x200}]

    def test_the_table_shows_older_names_below_the_newest(self) -> None:
        shown = run("history", "mdt_body").stdout.splitlines()
        at = next(i for i, line in enumerate(shown) if line.startswith("mbo_open_handle"))
        assert [line.split()[0] for line in shown[at : at + 3]] == ["mbo_open_handle", "mbo_handle", "handle"]
        shown = run("history", "MDS_GETSTATUS.request.name").stdout.splitlines()
        assert shown[2].split()[1:] == ["2.9.0", "2.17.0", "2"]

    @pytest.mark.parametrize(
        ("name", "close"),
        [
            ("mdt_bodi", "mdt_body"),
            ("mdt_body.mbo_projit", "mdt_body.mbo_projid"),
            ("OBD_CONECT_CROW", "OBD_CONNECT_CROW"),
        ],
    )
    def test_a_miss_says_what_comes_close(self, name: str, close: str) -> None:
        assert close in run("history", name, status=2).stderr

    @pytest.mark.parametrize("name", ["", ".", "a.b.c", "x" * 100_000, "\x1b[31m"])
    def test_any_other_name_is_a_miss(self, name: str) -> None:
        shown = run("history", name, status=2).stderr
        assert len(shown.splitlines()) == 1 and len(shown) < 500 and "\x1b" not in shown


class TestAnyRelease:
    def test_a_diff_knows_what_was_renamed(self) -> None:
        """The facts list renames; one that stayed in its place is one row that says so."""
        rows = lines("diff", "2.5", "2.6", *STRUCTS, "--json")
        said = {(row["old"].split()[-1], row["new"].split()[-1]) for row in rows if "renamed" in row["change"]}
        assert ("handle", "mbo_handle") in said
        assert ("nlink", "mbo_nlink") in said

    def test_another_meaning_of_the_same_bytes_is_another_field(self) -> None:
        rows = {row["name"]: row["change"] for row in lines("diff", "2.10", "2.17", "mdt_body", "--json")}
        assert rows["mdt_body.mbo_ioepoch"] == "only old"
        assert rows["mdt_body.mbo_version"] == "only new"

    @pytest.mark.parametrize(
        ("old", "new", "both"),
        [("2.2", "2.17", "ptlrpc_body:ptlrpc_body_v3"), ("2.8", "2.9", "MDS_GETSTATUS:MDS_GET_ROOT")],
    )
    def test_what_was_renamed_is_one_row_under_either_name(self, old: str, new: str, both: str) -> None:
        rows = [row for row in lines("diff", old, new, "--json") if row["kind"] in ("struct", "rpc")]
        said = {row["name"]: row["change"] for row in rows}
        assert "renamed" in said[both] and not {*both.split(":")} & said.keys()
        for name in both.split(":"):
            first = lines("diff", old, new, name, "--json")[0]
            assert first["name"] == both

    @pytest.mark.parametrize(("name", "shown"), [("ptlrpc_body", "ptlrpc_body_v3"), ("MDS_GETSTATUS", "MDS_GET_ROOT")])
    def test_layout_finds_names_of_other_releases(self, name: str, shown: str) -> None:
        (row,) = lines("layout", name, "--dialect", "2.17", "--json")
        assert row["name"] == shown
        assert row["dialect"] == "2.17"

    def test_a_diff_finds_names_of_yet_other_releases(self) -> None:
        assert lines("diff", "2.5", "2.17", "ptlrpc_body", "--json")[0]["name"] == "ptlrpc_body_v3"

    def test_a_release_differs_from_itself_in_nothing(self) -> None:
        assert lines("diff", "2.15.8", "2.15", "--json") == []
