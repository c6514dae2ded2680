"""Builds the C core with AddressSanitizer and UndefinedBehaviorSanitizer and runs the bulk tests on it.

``python compat_tests/bulk/sanitize.py [pytest arguments]`` from the project's root. Nothing is installed: the package
is copied to a temporary folder and tested there. Exit status 0: no warning, no finding, all tests pass.
"""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = Path("lustre_wire/engines/bulk")
FLAGS = [
    "-std=c11", "-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
]  # fmt: skip
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Werror"]


def check_warnings(compiler: str) -> None:
    """Compile each file of the core alone, with every warning an error (cffi's own file is not ours to judge)."""
    for source in sorted((ROOT / CORE).glob("*.c")):
        if source.name != "_core.c":
            for level in ("-O0", "-O3"):
                command = [compiler, "-std=c11", level, *STRICT, "-c", str(source), "-o", os.devnull]
                subprocess.run(command, check=True)


def build(folder: Path) -> None:
    """The core with sanitizers, in a copy of the package."""
    ignore = shutil.ignore_patterns("*.so", "__pycache__", "_core.c")
    shutil.copytree(ROOT / "lustre_wire", folder / "lustre_wire", ignore=ignore)
    for name in ("codecs", "compat_tests", "fixtures", "pyproject.toml", "benchmarks"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    here = Path.cwd()
    os.chdir(folder)
    try:
        ffi = runpy.run_path(str(CORE / "build.py"))["ffibuilder"]
        name, preamble, suffix, options = ffi._assigned_source
        options["extra_compile_args"] = FLAGS
        options["extra_link_args"] = ["-fsanitize=address,undefined"]
        ffi._assigned_source = (name, preamble, suffix, options)
        ffi.compile(tmpdir=".")
    finally:
        os.chdir(here)


def main(arguments: list[str]) -> int:
    compiler = os.environ.get("CC", "gcc")
    check_warnings(compiler)
    asked = [compiler, "-print-file-name=libasan.so"]
    library = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        environment = os.environ | {
            "LD_PRELOAD": library,
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=1",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "PYTHONMALLOC": "malloc",
            "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'codecs'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        tests = [sys.executable, "-m", "pytest", "-q", "compat_tests/bulk", *arguments]
        return subprocess.run(tests, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
