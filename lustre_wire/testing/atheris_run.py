"""Runs the fuzz entry points under Atheris (extra ``fuzz``).

::

    python -m lustre_wire.testing.atheris_run one_message --seconds 60 --seeds fixtures/vectors
    python -m lustre_wire.testing.atheris_run all --runs 2000

Each entry point runs in a process of its own, with a corpus folder of its own that grows from run to run.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

from lustre_wire.capture.outputs import write_whole
from lustre_wire.testing.vectors import read_vectors

_CHILD = "--child"


def main() -> int:
    """Exit status 0, or that of the first entry point that failed."""
    if sys.argv[1:2] == [_CHILD]:
        return _child(sys.argv[2], sys.argv[3:])
    options = _options()
    from lustre_wire.testing.entry_points import ENTRY_POINTS

    names = list(ENTRY_POINTS) if options.entry == "all" else [options.entry]
    unknown = [name for name in names if name not in ENTRY_POINTS]
    if unknown:
        print(f"no entry point {unknown[0]!r}; there are {', '.join(ENTRY_POINTS)} and all", file=sys.stderr)
        return 2
    for name in names:
        corpus = options.corpus / name
        _seed(corpus, options.seeds)
        limits = [f"-runs={options.runs}"] if options.runs else [f"-max_total_time={options.seconds}"]
        argv = [sys.executable, "-m", __spec__.name, _CHILD, name, *limits, "-timeout=10", str(corpus)]
        print(f"{name}:", *limits, flush=True)
        status = subprocess.run(argv, check=False).returncode
        if status:
            return status
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Runs the fuzz entry points under Atheris.")
    parser.add_argument("entry", help="name of an entry point, or all")
    parser.add_argument("--seconds", type=int, default=60, help="how long each runs (default 60)")
    parser.add_argument("--runs", type=int, default=0, help="how many inputs each gets, instead of --seconds")
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz-corpus"), help="folder the corpora are kept in")
    parser.add_argument(
        "--seeds",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a folder of conformance vectors or a single file to begin the corpora with (repeatable)",
    )
    return parser.parse_args()


def _seed(corpus: Path, seeds: list[Path]) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for path in seeds:
        for data in [v.data for v in read_vectors(path)] if path.is_dir() else [path.read_bytes()]:
            write_whole(corpus / hashlib.sha256(data).hexdigest()[:16], data)


def _child(name: str, argv: list[str]) -> int:
    import atheris

    with atheris.instrument_imports(include=["lustre_wire", "lustre_codecs"]):
        from lustre_wire.testing.entry_points import ENTRY_POINTS

    entry = ENTRY_POINTS[name]
    atheris.Setup([sys.argv[0], *argv], entry)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
