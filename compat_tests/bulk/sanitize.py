"""Builds the C core with sanitizers and runs the bulk tests, and threads that disturb each other, on it.

``python compat_tests/bulk/sanitize.py [pytest arguments]`` from the project's root: the bulk tests and the threads of
`compat_tests.bulk.stress` with AddressSanitizer and UndefinedBehaviorSanitizer, the threads that share objects also
with ThreadSanitizer where the compiler has it. Nothing is installed: the package is copied to a temporary folder and
tested there. Exit status 0: no warning, no finding, all tests pass.
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
FLAGS = ["-std=c11", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
MEMORY, THREADS = "address,undefined", "thread"
#: Seconds of the threads under each sanitizer.
STRESS = "12"
#: Scenarios without a thread that changes an input, which is a race of the caller's own making.
SHARED = ["one_translator", "one_index", "plans_made_at_once"]
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Werror"]


def check_warnings(compiler: str) -> None:
    """Compile each file of the core alone, with every warning an error (cffi's own file is not ours to judge)."""
    for source in sorted((ROOT / CORE).glob("*.c")):
        if source.name != "_core.c":
            for level in ("-O0", "-O3"):
                command = [compiler, "-std=c11", level, *STRICT, "-c", str(source), "-o", os.devnull]
                subprocess.run(command, check=True)


def build(folder: Path, sanitizers: str) -> None:
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
        options["extra_compile_args"] = [*FLAGS, f"-fsanitize={sanitizers}"]
        options["extra_link_args"] = [f"-fsanitize={sanitizers}"]
        ffi._assigned_source = (name, preamble, suffix, options)
        ffi.compile(tmpdir=".")
    finally:
        os.chdir(here)


def library(compiler: str, name: str) -> str:
    """A sanitizer's own library, "" where the compiler has none."""
    asked = [compiler, f"-print-file-name=lib{name}.so"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    return found if Path(found).is_absolute() else ""


def run(compiler: str, sanitizers: str, preload: str, commands: list[list[str]]) -> bool:
    """Whether all commands, which are arguments to Python, end well on a core built with the sanitizers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, sanitizers)
        environment = os.environ | {
            "LD_PRELOAD": preload,
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:allocator_may_return_null=1",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "TSAN_OPTIONS": "halt_on_error=1:report_signal_unsafe=0",
            "PYTHONMALLOC": "malloc",
            "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'codecs'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = [subprocess.run([sys.executable, *c], cwd=folder, env=environment, check=False) for c in commands]
        return not any(one.returncode for one in done)


def main(arguments: list[str]) -> int:
    """Entry point of the script."""
    compiler = os.environ.get("CC", "gcc")
    check_warnings(compiler)
    stress = ["-m", "compat_tests.bulk.stress", STRESS]
    tests = ["-m", "pytest", "-q", "compat_tests/bulk", *arguments]
    good = run(compiler, MEMORY, library(compiler, "asan"), [stress, tests])
    threads = library(compiler, "tsan")
    if threads:
        good = run(compiler, THREADS, threads, [[*stress, *SHARED]]) and good
    else:
        print("no ThreadSanitizer here: the threads ran under AddressSanitizer only", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
