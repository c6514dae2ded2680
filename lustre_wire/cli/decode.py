"""``lustre-wire decode``: the messages of captures and files, one line each, as a tree, or as JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

import attrs
import click

from lustre_wire.capture import Captured
from lustre_wire.capture.connected import Connected, Releases, connected
from lustre_wire.capture.rpcs import Statistics
from lustre_wire.cli.filters import Filters, filter_options
from lustre_wire.cli.inputs import Inputs, dialect_option, files_argument, port_option
from lustre_wire.cli.jsonline import JsonLines
from lustre_wire.cli.line import line
from lustre_wire.cli.main import UNUSABLE
from lustre_wire.cli.output import coloured, examples, json_option, line_of, lines_of, paint, print_node, say
from lustre_wire.cli.records import records_in
from lustre_wire.cli.remembered import Remembered
from lustre_wire.cli.settled import settled
from lustre_wire.cli.summary import Summary
from lustre_wire.cli.times import clock, iso
from lustre_wire.text import cut_tree, message_tree
from lustre_wire.text.numbers import status
from lustre_wire.text.quoting import json_line
from lustre_wire.text.values import quoted


@click.command(
    epilog=examples("""
        lustre-wire decode client.pcap
        lustre-wire decode client.pcap --opcode 'MDS_REINT*' --nid 10.0.0.1@tcp -v
        lustre-wire decode client.pcap --json | jq 'select(.format == "MDS_GETATTR")'
        lustre-wire decode client.pcap --summary
        lustre-wire decode client.pcap --connections
        lustre-wire decode --dialect 1.8 message.hex
        tcpdump -w - port 988 | lustre-wire decode -
    """)
)
@files_argument
@dialect_option
@port_option
@filter_options
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Stop after N messages.")
@click.option("--summary", is_flag=True, help="Count operations, failures and times instead of listing messages.")
@click.option("--connections", is_flag=True, help="List connections: targets, both releases, and what was granted.")
@click.option("--verbose", "-v", is_flag=True, help="Every field of each message, with its offset in bytes.")
@json_option
@click.option("--numbers", is_flag=True, help="With --json: numbers alone, without their names.")
@click.option("--data", is_flag=True, help="With --json: the data of reads and writes too.")
def command(
    files: tuple[str, ...],
    dialect: str,
    port: int,
    limit: int | None,
    summary: bool,
    connections: bool,
    verbose: bool,
    as_json: bool,
    numbers: bool,
    data: bool,
    **filters: Any,
) -> int:
    """Show the messages of FILEs, replies with their requests.

    FILE is a pcap or pcapng capture, recorded messages or the JSON this command makes, hexadecimal digits, or one raw
    message; - is standard input. A line shows time, sender and receiver, transfer id, operation, what it is about, and
    of a reply the status and how long it took; a message that the capture has only the beginning of is shown as far as
    it is there. The exit status is 1 if a message could not be decoded, 2 if a file could not be read or there is no
    such node or transfer in them.
    """
    if (numbers or data) and not as_json:
        raise click.UsageError("--numbers and --data say what --json shows")
    if summary and connections:
        raise click.UsageError("either --summary or --connections")
    inputs, counted, wanted = Inputs(files, dialect, port), Summary(), Filters(**filters)
    broken = shown = 0
    with lines_of(inputs.live or verbose) as put:
        messages = settled(inputs, inputs.live)
        show: Callable[[Captured], None]
        if summary:
            show = counted.add
        elif connections:
            show = partial(_show_connection, put, as_json)
        elif as_json:
            releases = Releases()
            messages = messages if numbers else releases.seen(messages)
            show = partial(_show_line, put, JsonLines(releases, not numbers, data or numbers))
        else:
            told = Remembered()
            messages = told.seen(messages)  # also of what the filters leave out
            show = partial(_show_tree if verbose else _show_line, put, partial(line, told=told, colour=coloured()))
        for captured in islice(filter(wanted, messages) if wanted.given else messages, limit):
            show(captured)
            shown += 1
            broken += captured.error is not None
    if summary:
        counted.show(inputs.statistics, as_json)
    _say_losses(inputs.statistics, port, summary)
    unmet = shown != limit and wanted.unmet()
    return UNUSABLE if unmet else inputs.status(bool(broken))


def _show_connection(put: Callable[[str], None], as_json: bool, captured: Captured) -> None:
    if (found := connected(captured)) is not None:
        put(_connection(found, as_json))


def _show_line(put: Callable[[str], None], tell: Callable[[Captured], str], captured: Captured) -> None:
    put(tell(captured))


def _connection(found: Connected, as_json: bool) -> str:
    """A connection as a line, or as a JSON object."""
    if as_json:
        return json_line({"time": iso(found.time_ns), **attrs.asdict(found, filter=attrs.filters.exclude("time_ns"))})
    sides = f"{found.client} ({found.client_release or '?'}) -> {found.server} ({found.server_release or '?'})"
    short = (flag.removeprefix("OBD_CONNECT_").removeprefix("OBD_CONNECT2_") for flag in found.flags)
    granted = "|".join(short) if not found.status else f"refused: {status(found.status)}"
    when = [paint(clock(found.time_ns), dim=True)] if found.time_ns else []
    target = paint(quoted(found.target.encode()), fg="cyan")
    carried = [f"socklnd {found.socklnd}"] if found.socklnd else []
    return line_of([*when, sides, *carried, target, f"read as {found.dialect}", granted], colour=coloured())


def _say_losses(statistics: Statistics, port: int, summary: bool) -> None:
    """On standard error, why there may be less to see than there was; a summary counts what is lost itself."""
    segments = statistics.segments
    if segments.other_ports and not segments.segments:
        say(f"nothing on TCP port {port}, {segments.other_ports:,} segments on others: see --port", err=True)
    if segments.lost and not summary:
        say(f"{segments.lost:,} bytes are not in the capture: packets were cut or lost", err=True)


def _show_tree(put: Callable[[str], None], tell: Callable[[Captured], str], captured: Captured) -> None:
    put(tell(captured))
    message, partial = captured.message, captured.partial
    said = message or partial
    if said is not None:
        say(f"  dialect {said.dialect.name}, {said.order}-endian, {len(captured.raw)} bytes")
        for node in (message_tree(said) if partial is None else cut_tree(said, captured.there)).children:
            print_node(node)
    for node in records_in(captured):
        print_node(node)
