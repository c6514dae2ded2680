"""``lustre-wire verify``: recorded messages through every engine and back."""

from __future__ import annotations

from collections import Counter
from typing import Final

import attrs
import click

from lustre_wire.capture import Captured
from lustre_wire.cli.engines import findings
from lustre_wire.cli.inputs import Inputs, dialect_option, files_argument, port_option
from lustre_wire.cli.output import examples, json_option, print_json, print_table, progress, say
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.errors import WireError
from lustre_wire.rpc import Message
from lustre_wire.schema.rpc import RpcFormat

_MOST_FINDINGS: Final = 20
_UNDECODED: Final = "(not decoded)"


@attrs.define(slots=True)
class Tally:
    """What a run saw. `kinds` counts messages by (dialect, format, direction); `failed` pairs records with findings."""

    passed: int = 0
    others: Counter[str] = attrs.field(factory=Counter)
    kinds: Counter[tuple[str, str, str]] = attrs.field(factory=Counter)
    failed_kinds: Counter[tuple[str, str, str]] = attrs.field(factory=Counter)
    failed: list[tuple[str, list[str]]] = attrs.field(factory=list)


@click.command(
    epilog=examples("""
        lustre-wire verify recorded.jsonl
        lustre-wire verify fixtures/golden/*.jsonl
        lustre-wire verify recorded.jsonl --no-coverage
    """)
)
@files_argument
@dialect_option
@port_option
@click.option("--coverage/--no-coverage", default=True, help="Which formats were seen, and which never were.")
@json_option
def command(files: tuple[str, ...], dialect: str, port: int, coverage: bool, as_json: bool) -> int:
    """Check recorded messages: decode, every engine's values, encode, JSON form.

    FILE holds recorded messages (JSON lines with the bytes under "hex"), or is anything else that decode reads; - is
    standard input. Each message must decode, have the same values in the record, reference and bulk engines, and come
    back byte for byte from encoding and from its JSON form. The last line is "N passed, N failed"; the exit status is 1
    if any failed.
    """
    tally, inputs = Tally(), Inputs(files, dialect, port)
    for captured in progress(inputs, "verifying"):
        _verify(inputs.place, captured, tally)
    if as_json:
        _print_json(tally)
        return inputs.status(bool(tally.failed))
    if coverage:
        _print_coverage(tally)
    for name, found in tally.failed[:_MOST_FINDINGS]:
        for finding in found:
            say(f"{name}: {finding}")
    if len(tally.failed) > _MOST_FINDINGS:
        say(f"... and {len(tally.failed) - _MOST_FINDINGS} more")
    say(f"{tally.passed} passed, {len(tally.failed)} failed")
    return inputs.status(bool(tally.failed))


def _verify(place: str, captured: Captured, tally: Tally) -> None:
    message, found = captured.message, []
    if message is not None:
        kind = (message.dialect.name, _format_name(message), message.direction)
        try:
            found = findings(message, captured.raw)
        except WireError as error:
            found = [str(error)]
    elif captured.error is not None:
        kind = (captured.error.dialect, _UNDECODED, captured.direction)
        found = [str(captured.error)]
    else:
        tally.others[captured.kind] += 1
        return
    tally.kinds[kind] += 1
    if found:
        tally.failed.append((place, found))
        tally.failed_kinds[kind] += 1
    else:
        tally.passed += 1


def _format_name(message: Message) -> str:
    return message.format.key if message.format is not None else message.name


def _unseen(tally: Tally) -> dict[str, list[str]]:
    """Formats of which no message was there, for each dialect that was."""
    out = {}
    for name in sorted({dialect_name for dialect_name, key, _ in tally.kinds if key != _UNDECODED}):
        seen = {format_name for each, format_name, _ in tally.kinds if each == name}
        out[name] = [form.key for form in _own_formats(name) if form.key not in seen]
    return out


def _own_formats(name: str) -> list[RpcFormat]:
    """Those of messages that travel by themselves."""
    return [form for form in named_dialect(name).formats if form.within is None]


def _print_coverage(tally: Tally) -> None:
    rows = [
        [*kind, str(count), str(tally.failed_kinds[kind]) if tally.failed_kinds[kind] else ""]
        for kind, count in sorted(tally.kinds.items())
    ]
    print_table(["dialect", "format", "direction", "messages#", "failed#"], rows, title="Seen")
    for name, formats in _unseen(tally).items():
        total = len(_own_formats(name))
        say("")
        say(f"Dialect {name}: {total - len(formats)} of {total} formats seen. Never seen:")
        for key in formats:
            status = named_dialect(name).rpcs[key].status
            say(f"  {key}{f' ({status})' if status else ''}")
    if tally.others:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.others.items()))
        say("")
        say(f"No RPC messages, not checked: {kinds}")
    say("")


def _print_json(tally: Tally) -> None:
    for (name, key, direction), count in sorted(tally.kinds.items()):
        failed = tally.failed_kinds[name, key, direction]
        print_json({"dialect": name, "format": key, "direction": direction, "messages": count, "failed": failed})
    for name, formats in _unseen(tally).items():
        print_json({"dialect": name, "never_seen": formats})
    for record, found in tally.failed:
        print_json({"record": record, "findings": found})
    print_json({"passed": tally.passed, "failed": len(tally.failed), "not_checked": dict(tally.others)})
