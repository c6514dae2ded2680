"""``lustre-wire conformance``: another implementation against the conformance vectors."""

from __future__ import annotations

import io
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from lustre_wire.cli.names import command_words
from lustre_wire.cli.output import examples, json_option, print_json, say


@click.command(
    epilog=examples("""
        lustre-wire conformance fixtures/vectors --exec ./my-codec
        lustre-wire conformance fixtures/vectors --exec ./my-codec --known failures.txt --json
        lustre-wire conformance --serve < questions.jsonl
    """)
)
@click.argument("vectors", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--exec", "argv", metavar="COMMAND", help="The implementation: reads questions, writes answers.")
@click.option("--known", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Ids that are known to fail, one a line; an entry that passes is an error.")  # fmt: skip
@click.option("--timeout", default=300.0, show_default=True, type=click.FloatRange(0, min_open=True),
              help="Seconds for the whole run.")  # fmt: skip
@click.option("--serve", is_flag=True, help="Be the implementation: answer questions from standard input.")
@json_option
def command(
    vectors: Path | None, argv: str | None, known: Path | None, timeout: float, serve: bool, as_json: bool
) -> int:
    """Run an implementation over conformance VECTORS (a file or folder of JSON lines).

    A question is {"id", "dialect", "direction", "format", "hex"}; the answer is {"id", "decoded", "hex"} or {"id",
    "error"}, one JSON object a line, in any order. The exit status is 1 if a vector fails that is not known to.
    """
    if find_spec("hypothesis") is None:
        raise click.UsageError("conformance needs the extra 'testing': pip install 'lustre-wire[testing]'")
    from lustre_wire.testing import conformance
    from lustre_wire.testing.vectors import read_vectors

    if serve:
        questions = io.TextIOWrapper(sys.stdin.buffer, "utf-8", "backslashreplace")
        conformance.serve(questions, sys.stdout)
        return 0
    if vectors is None or not argv:
        raise click.UsageError("expected VECTORS and --exec COMMAND")
    listed = known.read_text("utf-8", "backslashreplace").splitlines() if known is not None else []
    names = [line.strip() for line in listed if line.strip() and not line.startswith("#")]
    result = conformance.run(command_words(argv), read_vectors(vectors), timeout=timeout, known=names)
    if as_json:
        print_json(result.to_json())
    else:
        for name, fault in result.failed.items():
            say(f"failed {name}: {fault}")
        for name in result.stale:
            say(f"stale {name}: listed as known to fail, but it passes or there is no such vector")
        say(f"{len(result.passed)} passed, {len(result.failed)} failed, {len(result.known)} known to fail")
    return 0 if result.ok else 1
