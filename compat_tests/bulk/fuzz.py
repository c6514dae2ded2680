"""Builds and runs the fuzz target of the walks over streams.

``python -m compat_tests.bulk.fuzz [--seconds N]`` from the project's root: with clang's libFuzzer where clang is
installed, otherwise with gcc and the target's own driver. Both with AddressSanitizer and UndefinedBehaviorSanitizer.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from compat_tests.recorded import messages
from lustre_wire.bulk import geometry
from lustre_wire.frames.lustre_msg import MAGIC

HERE = Path(__file__).resolve().parent
CORE = HERE.parents[1] / "lustre_wire" / "engines" / "bulk"


def plans_header() -> str:
    """The tables of the index, and recorded messages, as C."""
    what = geometry.rules(None)
    containers = ",\n".join("{" + _members(row) + "}" for row in geometry.containers(what))
    types = ", ".join(map(str, what.types))
    plans = ",\n".join(
        f"{{.magic_at = {MAGIC.start}, .n_containers = 4, .containers = containers, .version = {what.version}, "
        f".n_types = {len(what.types)}, .types = {{{types}}}, .framing = {{{_members(geometry.framing(name))}}}}}"
        for name in geometry.FRAMINGS
    )
    seeds = ",\n".join(f"{{{len(data)}, (const uint8_t[]){{{', '.join(map(str, data))}}}}}" for data in _seeds())
    return (
        f"static const lw_container containers[] = {{{containers}}};\n"
        f"static const lw_index_plan plans[] = {{{plans}}};\n"
        "#ifdef STANDALONE\n"
        f"static const struct {{ size_t size; const uint8_t *data; }} seeds[] = {{{seeds}}};\n#endif\n"
    )


def _members(row: dict[str, int]) -> str:
    return ", ".join(f".{name} = {value}u" for name, value in row.items())


def _seeds() -> list[bytes]:
    return [one.data for one in messages()[::25]]


def main() -> int:
    """Entry point of the module; exit status 0 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    chosen = parser.parse_args()
    clang = shutil.which("clang")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plans.h").write_text(plans_header())
        sanitizers = "address,undefined" + (",fuzzer" if clang else "")
        command = [
            clang or "gcc", "-std=c11", "-g", "-O1", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all",
            f"-I{CORE}", f"-I{folder}", str(HERE / "fuzz_index.c"), str(CORE / "index.c"), "-o", str(folder / "fuzz"),
        ]  # fmt: skip
        subprocess.run(command if clang else [*command, "-DSTANDALONE"], check=True)
        if not clang:
            return subprocess.run([str(folder / "fuzz"), str(chosen.seconds)], check=False).returncode
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, data in enumerate(_seeds()):
            (corpus / str(number)).write_bytes(data)
        limits = [f"-max_total_time={chosen.seconds}", "-max_len=4096", f"-artifact_prefix={Path.cwd()}/"]
        return subprocess.run([str(folder / "fuzz"), *limits, str(corpus)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
