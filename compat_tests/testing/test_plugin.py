"""The pytest plugin in somebody else's project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from compat_tests.recorded import FIXTURES

TESTS = """
import lustre_wire as lw

def test_each_dialect(lustre_dialect):
    print("dialect", lustre_dialect.name)

def test_messages(lustre_dialect, lustre_messages):
    some = lustre_messages(5, name="OBD_PING", direction="request")
    assert [m.name for m in some] == ["OBD_PING"] * 5
    again = lustre_messages(5, name="OBD_PING", direction="request")
    assert [lw.encode(m) for m in some] == [lw.encode(m) for m in again]

def test_testbed(lustre_testbed):
    lustre_testbed.do(lustre_testbed.clients[0].mkdir("/made"))
    assert lustre_testbed.do(lustre_testbed.clients[0].getattr("/made")) is not None
"""

RECORDED_TESTS = """
def test_recorded(lustre_dialect, lustre_recorded):
    assert {c.message.dialect for c in lustre_recorded} == {lustre_dialect}
    assert len(lustre_recorded) > 400
"""


def _pytest(folder: Path, *argv: str, tests: str = TESTS) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider", str(folder), *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_fixtures_run_over_every_dialect(tmp_path: Path) -> None:
    done = _pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout and "dialect 1.8" in done.stdout and "dialect 2.0" in done.stdout


def test_one_dialect_can_be_chosen(tmp_path: Path) -> None:
    done = _pytest(tmp_path, "--lustre-dialect", "1.8")
    assert "3 passed" in done.stdout and "dialect 2.0" not in done.stdout


def test_an_unknown_dialect_is_one_clear_error(tmp_path: Path) -> None:
    done = _pytest(tmp_path, "--lustre-dialect", "9.9")
    assert done.returncode != 0 and "no dialect '9.9'" in done.stdout + done.stderr


def test_recordings_are_given_by_name(tmp_path: Path) -> None:
    files = sorted((FIXTURES / "golden").glob("*dialect-*.jsonl"))
    named = [part for file in files for part in ("--lustre-recorded", str(file))]
    assert "2 passed" in _pytest(tmp_path, *named, tests=RECORDED_TESTS).stdout
    without = _pytest(tmp_path, tests=RECORDED_TESTS)
    assert without.returncode != 0 and "needs --lustre-recorded" in without.stdout + without.stderr


LOADED = """
import sys
from importlib.metadata import distribution
for name in ("hypothesis", "numpy", "pyarrow", "atheris"):
    sys.modules[name] = None
found = [entry for entry in distribution("lustre-wire").entry_points]
for entry in found:
    entry.load()
print(len(found))
"""


def test_entry_points_load_nothing_that_is_optional() -> None:
    """pytest and hypothesis load them in every project of an environment, whatever is installed there."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) >= 5
