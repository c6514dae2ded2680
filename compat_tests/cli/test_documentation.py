"""docs/cli.md: every example gives what stands below it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from lustre_wire.cli.main import COMMANDS, FINDINGS, FINE, cli

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "cli.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
#: (command line, expected lines)
EXAMPLES = [
    (command, output.rstrip().splitlines())
    for block in BLOCKS
    for command, _, output in (part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
]


def pattern(lines: list[str]) -> str:
    """A line of three dots stands for any lines, three dots at a line's end for the rest of it."""
    parts = [r"(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"\n" for line in lines]
    return "".join(parts)


@pytest.mark.parametrize(("command", "lines"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_example(command: str, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    program, *args = shlex.split(command)
    assert program == "lustre-wire"
    result = CliRunner().invoke(cli, args)
    assert result.exit_code in (FINE, FINDINGS)
    assert re.fullmatch(pattern(lines), result.stdout), result.stdout


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) > 10


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_table(name: str) -> None:
    assert f"| `{name}` | {COMMANDS[name].removesuffix('.')} |" in PAGE
