"""Write the reference pages, or with ``--check`` compare them with what is there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lustre_wire.capture.outputs import write_whole
from tools.reference import pages

DIRECTORY = Path(__file__).parent.parent.parent / "docs" / "reference"


def differing(directory: Path = DIRECTORY) -> list[str]:
    """Names of pages that are missing, not as they would be written, or not written any more."""
    made = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.md")}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit status 1 where a page differs")
    if parser.parse_args(arguments).check:
        found = differing()
        for name in found:
            print(f"docs/reference/{name} differs from the declarations", file=sys.stderr)
        return 1 if found else 0
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    made = pages()
    for path in DIRECTORY.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        write_whole(DIRECTORY / name, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
