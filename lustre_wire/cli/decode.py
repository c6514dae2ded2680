"""``lustre-wire decode``: the messages of captures and files, one line each, as a tree, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

import click

from lustre_wire.capture import Captured
from lustre_wire.capture.rpcs import Statistics
from lustre_wire.cli.filters import Filters, filter_options, rpc_of
from lustre_wire.cli.inputs import NANO, dialect_option, dst_of, files_argument, latency, messages, port_option, src_of
from lustre_wire.cli.inside import records_in
from lustre_wire.cli.output import examples, json_option, paint, print_json, print_node
from lustre_wire.cli.summary import Summary
from lustre_wire.jsonform import to_json
from lustre_wire.rpc import REPLY
from lustre_wire.text import brief, message_tree, status_text


@click.command(
    epilog=examples("""
        lustre-wire decode client.pcap
        lustre-wire decode client.pcap --opcode 'MDS_REINT*' --nid 10.0.0.1@tcp -v
        lustre-wire decode client.pcap --json | jq 'select(.format == "MDS_GETATTR")'
        lustre-wire decode client.pcap --summary
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
@click.option("--verbose", "-v", is_flag=True, help="Every field of each message, with its offset in bytes.")
@json_option
def command(
    files: tuple[str, ...],
    dialect: str,
    port: int,
    limit: int | None,
    summary: bool,
    verbose: bool,
    as_json: bool,
    **filters: Any,
) -> int:
    """Show the messages of FILEs, replies with their requests.

    FILE is a pcap or pcapng capture, recorded messages or the JSON this command makes, hexadecimal digits, or one raw
    message; - is standard input. A line shows time, sender and receiver, transfer id, operation, what it is about, and
    of a reply the status and how long it took. The exit status is 1 if a message could not be decoded.
    """
    statistics, counted, wanted = Statistics(), Summary(), Filters(**filters)
    show = counted.add if summary else _show_json if as_json else _show_tree if verbose else _show_line
    found = (captured for file in files for captured in messages(file, dialect, port, statistics))
    broken = 0
    for captured in islice(filter(wanted, found), limit):
        show(captured)
        broken += captured.error is not None
    if summary:
        counted.print(statistics, as_json)
    segments = statistics.segments
    if segments.other_ports and not segments.segments:
        click.echo(f"nothing on TCP port {port}, {segments.other_ports:,} segments on others: see --port", err=True)
    return int(bool(broken))


# --- one line ---------------------------------------------------------------------------------------------------------


def _clock(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{rest // 1000:06}"


def _iso(time_ns: int) -> str | None:
    if not time_ns:
        return None
    seconds, rest = divmod(time_ns, NANO)
    return f"{_second(seconds)}.{rest:09}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _head(captured: Captured) -> Iterator[str]:
    """When, who and which transfer, as far as it is known."""
    if captured.time_ns:
        yield paint(_clock(captured.time_ns), dim=True)
    if src_of(captured) or dst_of(captured):
        yield f"{src_of(captured)} -> {dst_of(captured)}"
    if captured.match_bits is not None and not captured.kind.startswith("lnet"):
        yield paint(f"x{captured.match_bits}", dim=True)


def _line(captured: Captured) -> str:
    return " ".join((*_head(captured), *_what(captured)))


def _what(captured: Captured) -> Iterator[str]:
    message = captured.message
    about = rpc_of(captured)
    name = about.name if about is not None else ""
    if captured.error is not None:
        yield paint(f"{captured.kind} not decoded: {captured.error}", fg="red")
    elif message is None:
        yield paint(f"{captured.kind}{f' for {name}' if name else ''}: {len(captured.raw)} bytes", dim=True)
    elif message.direction == REPLY:
        yield f"  {'<-' if captured.kind == REPLY else captured.kind}"
        yield paint(name, fg="cyan")
        yield paint(status_text(message), fg="red" if message.status else "green")
        taken = latency(captured)
        if taken is not None:
            yield paint(f"+{taken:.6f}s", dim=True)
    else:
        yield paint(name, fg="cyan", bold=True)
    if message is not None and (text := brief(message)):
        yield text
    if captured.missing:
        yield paint(f"({captured.missing} bytes missing)", fg="yellow")


def _show_line(captured: Captured) -> None:
    click.echo(_line(captured))


# --- tree and JSON ----------------------------------------------------------------------------------------------------


def _show_tree(captured: Captured) -> None:
    click.echo(_line(captured))
    message = captured.message
    if message is not None:
        click.echo(f"  dialect {message.dialect.name}, {message.order}-endian, {len(captured.raw)} bytes")
        for node in message_tree(message).children:
            print_node(node)
    for node in records_in(captured):
        print_node(node)


def _show_json(captured: Captured) -> None:
    out: dict[str, Any] = {
        "time": _iso(captured.time_ns), "kind": captured.kind, "src": src_of(captured) or None,
        "dst": dst_of(captured) or None, "xid": captured.match_bits, "portal": captured.portal,
    }  # fmt: skip
    if captured.offset:
        out["offset"] = captured.offset
    taken = latency(captured)
    if taken is not None:
        out["latency"] = taken
    if captured.missing:
        out["missing"] = captured.missing
    if captured.message is not None:
        out |= to_json(captured.message)
    else:
        about = rpc_of(captured)
        out |= {"of": about.name if about is not None else None, "hex": captured.raw.hex()}
    if captured.error is not None:
        out["error"] = str(captured.error)
    print_json(out)
