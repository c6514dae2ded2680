"""lustre-wire as users get it: a wheel in an empty environment with pytest and no extra (`make plain`).

pytest must run, every module must be importable that needs no extra, and every command must work or say in one line
which extra it needs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
CAPTURE = ROOT / "fixtures" / "captures" / "02-lnet-ping-discover.pcap"
VECTORS = ROOT / "fixtures" / "vectors" / "recorded-1.8.jsonl"

TESTS = """
def test_of_somebody_else():
    pass

def test_fixtures_that_need_no_extra(lustre_dialect, lustre_testbed):
    lustre_testbed.do(lustre_testbed.clients[0].mkdir("/made"))
"""

#: Prints the modules that cannot be imported, other than those that begin with an import of an extra.
IMPORTS = """
import importlib, pkgutil
import lustre_wire, lustre_codecs
EXTRAS = {"hypothesis", "numpy", "pyarrow", "atheris"}
count = 0
for package in (lustre_wire, lustre_codecs):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=lambda name: None):
        if module.name.endswith((".__main__", ".engines.bulk.build")):
            continue
        try:
            found = importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            assert error.name in EXTRAS and module.name.startswith("lustre_wire.testing"), (module.name, error)
        else:
            count += 1
            for name in getattr(found, "__all__", ()):
                getattr(found, name)
for name in lustre_wire.__all__:
    getattr(lustre_wire, name)
print(count, "modules")
"""

#: Words of a command, and its exit status; 2 with an extra named in one line.
COMMANDS: list[tuple[list[str], int]] = [
    (["--help"], 0), (["bench", "--seconds", "0.001"], 0), (["decode", str(CAPTURE)], 0),
    (["conformance", str(VECTORS), "--exec", "true"], 2), (["fuzz", "--count", "1"], 2), (["layout"], 0),
    (["diff", "1.8", "2.0"], 0), (["verify", str(CAPTURE)], 0),
    (["translate", str(CAPTURE), "--to", "2.0", "--allow", "os_granted"], 0),
    (["testbed", "run", "quiet", "--dialect", "1.8"], 0), (["upgrade", "--list"], 0),
]  # fmt: skip


def main() -> int:
    """Exit status 0; 1 with what is wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        source = folder / "source"  # a copy: a build in the sources would find what an earlier one left there
        for part in ("lustre_wire", "codecs"):
            shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        for part in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
            shutil.copy(ROOT / part, source)
        _done([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(source)], folder)
        venv.create(folder / "venv", with_pip=True)
        bin_ = folder / "venv" / "bin"
        (wheel,) = folder.glob("*.whl")
        _done([str(bin_ / "pip"), *pip[3:], "install", str(wheel), "pytest"], folder)
        (folder / "test_mine.py").write_text(TESTS)
        _done([str(bin_ / "python"), "-m", "pytest", "-q", "-W", "error", str(folder / "test_mine.py")], folder)
        _done([str(bin_ / "python"), "-W", "error", "-c", IMPORTS], folder)
        for words, status in COMMANDS:
            done = _done([str(bin_ / "lustre-wire"), *words], folder, status)
            if status and not (done.count("\n") == 1 and "lustre-wire[" in done):
                sys.exit(f"lustre-wire {' '.join(words)}: expected one line that names an extra, got:\n{done}")
    print("the plain install works")
    return 0


def _done(argv: list[str], folder: Path, status: int = 0) -> str:
    """What a command says; leaves if its status is another one."""
    done = subprocess.run(argv, capture_output=True, text=True, cwd=folder, check=False, timeout=600)
    said = done.stdout + done.stderr
    if done.returncode != status:
        sys.exit(f"{' '.join(argv)}: status {done.returncode}, expected {status}:\n{said}")
    return said


if __name__ == "__main__":
    sys.exit(main())
