"""The conformance vectors cover what they promise, and the runner tells good answers from bad ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from fixtures.build_vectors import recorded_vectors
from lustre_wire.cli.conformance import command
from lustre_wire.cli.main import cli
from lustre_wire.dialects import all_dialects
from lustre_wire.errors import WireError
from lustre_wire.testing import conformance
from lustre_wire.testing.vectors import DERIVED, RECORDED, Vector, read_vectors

VECTORS = read_vectors(FIXTURES / "vectors")
OURSELVES = f"{sys.executable} -m lustre_wire conformance --serve"


def test_every_format_in_use_is_there_in_both_directions_and_byte_orders() -> None:
    there = {(v.dialect, v.format, v.direction, v.decoded["endian"]) for v in VECTORS if v.decoded is not None}
    for dialect in all_dialects():
        for form in dialect.formats:
            if not form.status:
                for direction in ("request", "reply"):
                    for order in ("little", "big"):
                        assert (dialect.name, form.key, direction, order) in there


def test_recorded_vectors_are_the_recorded_messages() -> None:
    stored = {v.id: v for v in VECTORS if v.source == RECORDED}
    made = {v.id: v for v in recorded_vectors()}
    assert stored.keys() == made.keys()
    for name, vector in made.items():
        assert stored[name].data == vector.data
        assert stored[name].decoded == json.loads(json.dumps(vector.decoded)), name


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.must_fail], ids=lambda v: v.id)
def test_what_must_fail_fails(vector: Vector) -> None:
    with pytest.raises(lw.WireError):
        lw.decode(vector.data, vector.dialect)


def test_each_error_class_is_there_in_both_dialects() -> None:
    reasons: dict[str, set[str]] = {d.name: set() for d in all_dialects()}
    for vector in VECTORS:
        if vector.must_fail:
            reasons[vector.dialect].add(vector.id.split("/", 1)[1])
    assert reasons["1.8"] == reasons["2.0"] and len(reasons["1.8"]) >= 13


def test_this_library_passes_its_own_vectors() -> None:
    result = conformance.run(OURSELVES.split(), VECTORS)
    assert (result.failed, result.stale) == ({}, [])
    assert len(result.passed) == len(VECTORS)


def _answering(tmp_path: Path, body: str) -> str:
    script = tmp_path / "impl.py"
    script.write_text(
        "import json, sys\nfrom lustre_wire.testing.conformance import answer\n"
        f"for line in sys.stdin:\n    a = answer(json.loads(line))\n    {body}\n    print(json.dumps(a))\n"
    )
    return f"{sys.executable} {script}"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("a.get('hex') and a.update(hex=a['hex'][:-2] + '77')", "encodes to other bytes"),
        ("'decoded' in a and a['decoded']['header'].update(lm_repsize=1 << 40)", "header.lm_repsize: expected"),
        ("a = {'id': a['id'], 'error': 'no'}", "refused: no"),
        ("a = {'id': 'x'}", "no answer"),
    ],
)
def test_wrong_answers_are_found(tmp_path: Path, body: str, fault: str) -> None:
    some = [v for v in VECTORS if v.source == DERIVED and not v.must_fail][:5]
    result = conformance.run(_answering(tmp_path, body).split(), some)
    assert len(result.failed) == 5 and not result.passed and not result.ok
    assert all(fault in said for said in result.failed.values())


def test_the_list_of_known_failures_cannot_go_stale(tmp_path: Path) -> None:
    some = VECTORS[:10]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(v.to_json()) + "\n" for v in some))
    known = tmp_path / "known.txt"
    known.write_text(f"# nothing of this is true\n{some[0].id}\nno/such/vector\n")
    argv = [str(tmp_path / "some.jsonl"), "--exec", OURSELVES, "--known", str(known), "--json"]
    done = CliRunner().invoke(command, argv, standalone_mode=False)
    assert done.exception is None and done.return_value == 1
    assert sorted(json.loads(done.output)["stale"]) == sorted([some[0].id, "no/such/vector"])


def test_an_implementation_that_says_nothing_is_one_clear_error() -> None:
    with pytest.raises(lw.WireError, match="ended with status 3"):
        conformance.run([sys.executable, "-c", "raise SystemExit(3)"], VECTORS[:2])
    with pytest.raises(lw.WireError, match="line 1 of the answers"):
        conformance.run([sys.executable, "-c", "print('hello')"], VECTORS[:2])


@pytest.mark.parametrize("said", ["\\377\\n", '{"id":\\n', "[[\\n", "3\\n", "\\0\\n", '{"id":"\\377"}\\n'])
def test_answers_that_are_none(said: str) -> None:
    with pytest.raises(WireError, match="line 1 of the answers"):
        conformance.run(["printf", said], VECTORS[:3])


def test_answers_nested_without_an_end(tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("[" * 100_000 + "]" * 100_000 + "\n")
    with pytest.raises(WireError, match="line 1 of the answers: JSON nested too deeply"):
        conformance.run(["cat", str(tmp_path / "deep")], VECTORS[:3])
    vectors = VECTORS[:3]
    for depth in range(100, 1000, 50):
        answer = f'{{"id":"{vectors[0].id}","hex":"{vectors[0].data.hex()}","decoded":{"[" * depth}{"]" * depth}}}\n'
        (tmp_path / "deep").write_text(answer)
        try:
            result = conformance.run(["cat", str(tmp_path / "deep")], vectors[:1])
        except WireError:
            continue
        assert "decodes otherwise" in result.failed[vectors[0].id]


@pytest.mark.parametrize("asked", [b"\xff\n", b"[" * 100_000, b'{"id":"a","dialect":"1.8","hex":"","format":[]}', b"3"])
def test_questions_that_are_none(asked: bytes) -> None:
    result = CliRunner().invoke(cli, ["conformance", "--serve"], input=asked)
    assert result.exit_code in (0, 2) and isinstance(result.exception, SystemExit | None)
    assert result.stderr.count("\n") == (result.exit_code == 2)
