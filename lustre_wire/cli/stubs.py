"""``lustre-wire stubs``: what type checkers need for code of one release."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from lustre_wire.capture.outputs import write_whole
from lustre_wire.cli.output import examples, say
from lustre_wire.errors import WireError
from lustre_wire.stubs import HEADER, stubs


@click.command(
    epilog=examples("""
        lustre-wire stubs 2.0
        lustre-wire stubs 2.12 -o build/typings
    """)
)
@click.argument("release")
@click.option(
    "--output", "-o", type=click.Path(file_okay=False, path_type=Path), default=Path("typings"), show_default=True,
    help="The directory where the checker looks for stubs.",
)  # fmt: skip
def command(release: str, output: Path) -> None:
    """Write stubs with the names of RELEASE alone.

    With them a field, a buffer, a flag or a struct that the release does not have is an error to mypy (mypy_path =
    typings) and pyright (which looks into typings by itself). Stubs written before are replaced.
    """
    files = stubs(release)
    tops = {Path(file).parts[0] for file in files}
    for top in tops:
        if not _is_ours(output / top):
            raise WireError(f"expected stubs or nothing in {output / top}, there is something else")
    for top in tops:
        if (output / top).exists():
            shutil.rmtree(output / top)
    for file, text in files.items():
        path = output / file
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    say(f"{len(files)} files in {output}")


def _is_ours(folder: Path) -> bool:
    """Whether nothing is there, or stubs that this command wrote."""
    if not folder.exists() and not folder.is_symlink():
        return True
    first = folder / "__init__.pyi"
    return not folder.is_symlink() and first.is_file() and first.read_text(errors="replace").startswith(HEADER)
