"""Adding a release is a patch of declarations: 2.17.0 is taken away and put back, in a copy of them.

`2.17.0.patch` is what the release added, as `git apply` reads it. Where one of its lines is edited, apply it in reverse
to the old declarations and take the difference to the new ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lustre_codecs

PATCH = Path(__file__).with_name("2.17.0.patch")
SOURCE = Path(lustre_codecs.__path__[0])
DECLARATIONS = ("enums", "structs", "transport", "rpcs", "senders", "releases.py", "line.py")

#: What each release of a copy of the declarations says, held to the facts as the tests of walk and formats do it.
WALK = """
import lustre_codecs, lustre_wire as lw
from compat_tests.history import test_formats
from compat_tests.history.test_walk import TestEveryRelease
assert lustre_codecs.__path__ == [{copy!r}], lustre_codecs.__path__
walk = TestEveryRelease()
for name in lw.releases():
    walk.test_structs(name)
    walk.test_numbers(name)
    walk.test_no_number_stays_behind(name)
    walk.test_connect_flags(name)
    if name.startswith("2."):
        test_formats.TestEveryRelease().test_slots(name)
print(*lw.releases())
"""


def apply(copy: Path, *how: str) -> None:
    done = subprocess.run(["git", "apply", *how, str(PATCH)], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def walked(copy: Path) -> list[str]:
    """The releases of a copy, each of which was held to the facts."""
    root = Path(__file__).parent.parent.parent
    env = {**os.environ, "PYTHONPATH": f"{copy.parent}{os.pathsep}{root}", "PYTHONDONTWRITEBYTECODE": "1"}
    code = WALK.format(copy=str(copy))
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def texts(copy: Path) -> dict[str, str]:
    return {str(path.relative_to(copy)): path.read_text() for path in copy.rglob("*.py")}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    made = tmp_path / "lustre_codecs"
    shutil.copytree(SOURCE, made, ignore=shutil.ignore_patterns("__pycache__"))
    return made


@pytest.mark.skipif(shutil.which("git") is None, reason="git applies the patch")
def test_a_release_is_taken_away_and_put_back(copy: Path) -> None:
    before = texts(copy)
    apply(copy, "--reverse")
    assert not [file for file, text in texts(copy).items() if file.startswith(DECLARATIONS) and '"2.17' in text]
    without = walked(copy)
    assert without[-1] == "2.16.1"
    apply(copy)
    assert texts(copy) == before
    assert walked(copy) == [*without, "2.17.0"]


def test_the_patch_is_of_declarations_alone() -> None:
    """No test, no engine, and nothing that says how a release is found."""
    files = {line.split("/", 1)[1] for line in PATCH.read_text().splitlines() if line.startswith("+++ ")}
    assert all(file.startswith(DECLARATIONS) for file in files)
