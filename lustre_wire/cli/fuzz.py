"""``lustre-wire fuzz``: mutated messages for our decoder, a command, or a server on loopback."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lustre_wire.cli.names import DIALECT, command_words, default_dialect
from lustre_wire.cli.output import examples, json_option, print_json, say, say_now
from lustre_wire.dialects import Dialect
from lustre_wire.rpc import encode

if TYPE_CHECKING:
    from lustre_wire.testing.fuzzing import Summary
    from lustre_wire.testing.mutate import Mutator
    from lustre_wire.testing.targets import Target

_BASES = 200
_DEFAULT_COUNT = 10_000


@click.command(
    epilog=examples("""
        lustre-wire fuzz --dialect 1.8 --count 100000
        lustre-wire fuzz --exec ./my-parser --seconds 60 --findings found/
        lustre-wire fuzz --connect 127.0.0.1:9988 --corpus messages/
        lustre-wire fuzz --dialect 1.8 --seed 7 --show 4711 --json
    """)
)
@click.option("--dialect", "-d", type=DIALECT, help="Which dialect; the latest one if not given.")
@click.option("--exec", "argv", metavar="COMMAND", help="Give each input to this command on standard input.")
@click.option("--connect", metavar="HOST:PORT", help="Send each input to a socklnd server on a loopback address.")
@click.option("--corpus", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of *.bin messages"
              " to make mutants of; otherwise they are drawn from the declarations.")  # fmt: skip
@click.option("--findings", type=click.Path(file_okay=False, path_type=Path), help="Folder to keep findings in.")
@click.option("--seed", default=0, show_default=True, help="What all choices depend on.")
@click.option("--start", default=0, show_default=True, help="Number of the first mutant.")
@click.option("--count", type=click.IntRange(1), help=f"How many mutants; {_DEFAULT_COUNT} unless --seconds is given.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="How long to go on.")
@click.option("--timeout", default=5.0, show_default=True, type=click.FloatRange(0, min_open=True),
              help="Seconds after which one input counts as a hang.")  # fmt: skip
@click.option("--minimise/--no-minimise", default=True, show_default=True, help="Reduce findings to what matters.")
@click.option("--show", type=int, metavar="NUMBER", help="Print this mutant and its changes, and give it to nobody.")
@json_option
def command(
    dialect: Dialect | None,
    argv: str | None,
    connect: str | None,
    corpus: Path | None,
    findings: Path | None,
    seed: int,
    start: int,
    count: int | None,
    seconds: float | None,
    timeout: float,
    minimise: bool,
    show: int | None,
    as_json: bool,
) -> int:
    """Try mutated messages on a parser.

    Without --exec or --connect it is our own decoder. Mutants change lengths, counts, magics, opcodes, flags, strings
    and handles, and mix the dialects. Each is made again from its seed and number. The exit status is 1 if something
    was found.
    """
    if find_spec("hypothesis") is None:
        raise click.UsageError("fuzzing needs the extra 'testing': pip install 'lustre-wire[testing]'")
    from lustre_wire.testing.fuzzing import keep, run

    if argv is not None and connect is not None:
        raise click.UsageError("--exec and --connect exclude each other")
    if findings is not None and corpus is not None and findings.exists() and findings.samefile(corpus):
        raise click.UsageError("--findings and --corpus are the same folder")
    if findings is not None:  # before a run that may take hours
        there = next(each for each in (findings.absolute(), *findings.absolute().parents) if each.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise click.UsageError(f"--findings {findings}: {there} is no folder that can be written")
    chosen = dialect or default_dialect()
    mutator = _mutator(chosen, corpus, seed)
    if show is not None:
        print_json(mutator.mutant(show).to_json()) if as_json else _show(mutator, show)
        return 0
    target = _target(chosen, argv, connect, timeout)
    if count is None and seconds is None:
        count = _DEFAULT_COUNT
    ticker = _Ticker()
    try:
        summary = run(target, mutator, count=count, seconds=seconds, start=start, minimise=minimise, on_progress=ticker)
    finally:
        ticker.done()
        target.close()
    kept = keep(summary.findings, findings) if findings is not None else []
    if as_json:
        print_json(summary.to_json())
    else:
        _report(summary, [str(path) for path in kept])
    return 1 if summary.findings else 0


def _mutator(dialect: Dialect, corpus: Path | None, seed: int) -> Mutator:
    from lustre_wire.testing.fuzzing import corpus as read_corpus
    from lustre_wire.testing.mutate import Mutator
    from lustre_wire.testing.sampling import sample

    if corpus is not None:
        return Mutator([(dialect, data) for data in read_corpus(corpus)], seed=seed)
    return Mutator([(m.dialect, encode(m)) for m in sample(None, _BASES)], seed=seed)


def _target(dialect: Dialect, argv: str | None, connect: str | None, timeout: float) -> Target:
    from lustre_wire.testing.ports import socklnd_target
    from lustre_wire.testing.targets import CommandTarget, DecoderTarget

    if argv is not None:
        return CommandTarget(command_words(argv), timeout=timeout)
    if connect is None:
        return DecoderTarget(dialect, slow=timeout)
    host, _, port = connect.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise click.UsageError(f"--connect takes HOST:PORT, got {connect!r}")
    portal = int(dialect.constants["MDS_REQUEST_PORTAL"])
    return socklnd_target(host.strip("[]"), int(port), portal=portal, timeout=timeout)


class _Ticker:
    """How far a run is, on standard error when that is a terminal."""

    _EVERY = 0.2

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, summary: Summary) -> None:
        if summary.seconds >= self._next:
            self._next = summary.seconds + self._EVERY
            rate = summary.tried / summary.seconds if summary.seconds else 0.0
            say_now(f"{summary.tried} inputs, {rate:.0f}/s, {len(summary.findings)} findings ")

    def done(self) -> None:
        if self._next:
            say_now("")


def _show(mutator: Mutator, number: int) -> None:
    mutant = mutator.mutant(number)
    say(f"mutant {number} of seed {mutant.seed}: {mutant.base.origin}")
    for change in mutant.changes:
        old, new = (data.hex() if len(data) <= 16 else f"{len(data)} bytes" for data in (change.old, change.new))
        say(f"  byte {change.offset} {change.path or 'end'}: {old or 'nothing'} -> {new or 'nothing'}")
    say(mutant.data.hex())


def _report(summary: Summary, kept: list[str]) -> None:
    for finding in summary.findings:
        mutant = finding.mutant
        say(
            f"{finding.outcome.kind}: seed {mutant.seed} mutant {mutant.number} of {mutant.base.origin}, "
            f"{len(finding.smallest)} bytes are enough: {finding.outcome.detail}"
        )
    for path in kept:
        say(f"kept {path}")
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(summary.outcomes.items()))
    say(f"{summary.tried} inputs in {summary.seconds:.1f} s: {counts}")
