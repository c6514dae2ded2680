"""``lustre-wire decode``: the messages of captures and files, one line each, as a tree, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final

import attrs
import click

from lustre_wire.capture import Captured
from lustre_wire.capture.captured import BULK, LNET_PING_REPLY, LNET_PUSH, LNET_SELFTEST
from lustre_wire.capture.connected import Connected, Releases, connected
from lustre_wire.capture.rpcs import Statistics
from lustre_wire.cli.filters import Filters, filter_options, rpc_of
from lustre_wire.cli.inputs import NANO, Inputs, dialect_option, dst_of, files_argument, latency, port_option, src_of
from lustre_wire.cli.main import UNUSABLE
from lustre_wire.cli.output import Styled, examples, json_option, line_of, lines_of, paint, print_node, say
from lustre_wire.cli.remembered import Remembered
from lustre_wire.cli.settled import moved_by, reply_to, settled
from lustre_wire.cli.summary import Summary
from lustre_wire.dialects import Dialect
from lustre_wire.engines.jsontext import quoted
from lustre_wire.errors import WireError
from lustre_wire.frames.lnet import LNET_NI_STATUS_DOWN
from lustre_wire.frames.lnet_large import LnetPingFeature, parse_ping_info
from lustre_wire.frames.nid import nid_str, parse_nid
from lustre_wire.frames.selftest import selftest_type
from lustre_wire.rpc import REPLY, Message
from lustre_wire.schema.rpc import Buffers
from lustre_wire.text import Node, brief, cut_tree, message_tree, status_text
from lustre_wire.text.layouts import composite_text
from lustre_wire.text.line import reply_status, service_of
from lustre_wire.text.numbers import LAST_SECOND, signed, status
from lustre_wire.text.quoting import json_line
from lustre_wire.text.values import quoted as shown_text

#: How an interface of a ping reply is called that is not up; the loopback, whose status is a counter, is not shown.
_STATUS: Final = {LNET_NI_STATUS_DOWN: " down"}
_LOOPBACK: Final = parse_nid("0@lo")
#: Of the operations in one message those that a line shows.
_MOST_TOLD: Final = 3


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
    told = Remembered()
    releases = Releases()
    asked = partial(_json, names=not numbers, data=data or numbers, releases=releases)
    tell = asked if as_json else partial(_line, told=told)
    broken = shown = 0
    with lines_of(inputs.live or verbose) as put:
        messages = settled((captured for _, captured in inputs), inputs.live)
        if not (as_json or summary or connections):
            messages = told.seen(messages)  # also of what the filters leave out
        elif as_json and not numbers:
            messages = releases.seen(messages)
        for captured in islice(filter(wanted, messages), limit):
            if summary:
                counted.add(captured)
            elif connections:
                if (found := connected(captured)) is not None:
                    put(_connection(found, as_json))
            else:
                put(tell(captured))
            if verbose and not as_json and not summary and not connections:
                _show_tree(captured)
            shown += 1
            broken += captured.error is not None
    if summary:
        counted.show(inputs.statistics, as_json)
    _say_losses(inputs.statistics, port, summary)
    unmet = shown != limit and wanted.unmet()
    return UNUSABLE if unmet else inputs.status(bool(broken))


def _connection(found: Connected, as_json: bool) -> str:
    """A connection as a line, or as a JSON object."""
    if as_json:
        return json_line({"time": _iso(found.time_ns), **attrs.asdict(found, filter=attrs.filters.exclude("time_ns"))})
    sides = f"{found.client} ({found.client_release or '?'}) -> {found.server} ({found.server_release or '?'})"
    short = (flag.removeprefix("OBD_CONNECT_").removeprefix("OBD_CONNECT2_") for flag in found.flags)
    granted = "|".join(short) if not found.status else f"refused: {status(found.status)}"
    clock = [paint(_clock(found.time_ns), dim=True)] if found.time_ns else []
    target = paint(shown_text(found.target.encode()), fg="cyan")
    carried = [f"socklnd {found.socklnd}"] if found.socklnd else []
    return line_of([*clock, sides, *carried, target, f"read as {found.dialect}", granted])


def _say_losses(statistics: Statistics, port: int, summary: bool) -> None:
    """On standard error, why there may be less to see than there was; a summary counts what is lost itself."""
    segments = statistics.segments
    if segments.other_ports and not segments.segments:
        say(f"nothing on TCP port {port}, {segments.other_ports:,} segments on others: see --port", err=True)
    if segments.lost and not summary:
        say(f"{segments.lost:,} bytes are not in the capture: packets were cut or lost", err=True)


# --- one line ---------------------------------------------------------------------------------------------------------


def _clock(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, NANO)
    return f"{_second(seconds, '%H:%M:%S')}.{rest // 1000:06}"


def _iso(time_ns: int) -> str | None:
    if not time_ns:
        return None
    seconds, rest = divmod(time_ns, NANO)
    return f"{_second(seconds, '%Y-%m-%dT%H:%M:%S')}.{rest:09}Z"


@lru_cache(maxsize=2)
def _second(seconds: int, form: str) -> str:
    """A time in the calendar; one that a damaged file gives and no calendar has stays a number."""
    return f"{datetime.fromtimestamp(seconds, UTC):{form}}" if 0 <= seconds <= LAST_SECOND else str(seconds)


def _head(captured: Captured) -> Iterator[str | Styled]:
    """When, who and which transfer, as far as it is known."""
    if captured.time_ns:
        yield paint(_clock(captured.time_ns), dim=True)
    src, dst, xid = src_of(captured), dst_of(captured), captured.match_bits
    if src or dst:
        yield f"{src} -> {dst}"
    if xid is not None and not captured.kind.startswith("lnet"):
        yield paint(f"x{xid}", dim=True)


def _what(captured: Captured, told: Remembered) -> Iterator[str | Styled]:
    whole = captured.message
    message = whole or captured.partial
    about = rpc_of(captured)
    name = about.name if about is not None else ""
    if message is None and captured.error is not None:
        yield paint(f"{captured.kind} not decoded: {captured.error}", fg="red")
    elif message is None:
        told_of = f" for {name}" if name else _lnet_name(captured)
        yield paint(f"{captured.kind}{told_of}: {len(captured.raw)} bytes", dim=True)
        if (asked := _moves_for(captured)) is not None:
            text = _some_of(_inside().records_of_bulk(asked, captured.raw, deep=False))
            yield from [told.line(text, asked.dialect)] if text else ()
        if captured.kind in (LNET_PING_REPLY, LNET_PUSH):
            yield from _interfaces(captured)
    elif message.direction == REPLY:
        yield f"  {'<-' if captured.kind == REPLY else captured.kind}"
        yield paint(name, fg="cyan")
        yield paint(status_text(message), fg="red" if message.status else "green")
        taken = latency(captured)
        if taken is not None:
            yield paint(f"+{taken:.6f}s", dim=True)
    else:
        yield paint(name, fg="cyan", bold=True)
        if target := told.target(captured):
            yield paint(target, fg="cyan")
    if whole is not None:
        if text := " ".join(filter(None, (brief(whole), composite_text(whole), _many(captured, whole)))):
            yield told.line(text, whole.dialect)
        if whole.direction != REPLY and (who := _sender(whole)):
            yield paint(who, dim=True)
    if captured.partial is not None:
        yield paint(f"(cut: {captured.there} of {captured.there + captured.missing} bytes)", fg="yellow")
    elif captured.missing:
        yield paint(f"({captured.missing} bytes missing)", fg="yellow")


def _lnet_name(captured: Captured) -> str:
    """Which message of LNet selftest it is."""
    kind = selftest_type(captured.raw) if captured.kind == LNET_SELFTEST else None
    return f" {kind.name.removeprefix('SRPC_MSG_')}" if kind is not None else ""


def _interfaces(captured: Captured) -> Iterator[str]:
    """What a node says of itself: its interfaces, those that are down, and what it can; nothing where it is cut."""
    try:
        found = parse_ping_info(captured.raw)
    except WireError:
        return
    told: list[Any] = [*found.info.pi_ni, *found.large]
    yield ", ".join(f"{nid_str(ni.ns_nid)}{_STATUS.get(ni.ns_status, '')}" for ni in told if ni.ns_nid != _LOOPBACK)
    names = [name.removeprefix("LNET_PING_FEAT_") for name in LnetPingFeature.names_of(int(found.info.pi_features))]
    yield f"features {'|'.join(names) or 0}"
    if captured.kind == LNET_PUSH:
        yield f"number {found.push}"


def _sender(message: Message) -> str:
    """The job, and the user, that a request says it is of."""
    job = bytes(getattr(message.body, "pb_jobid", b"")).rstrip(b"\0")
    user = int(getattr(message.body, "pb_uid", 0))
    told = [f"job {shown_text(job)}"] if job else []
    return " ".join([*told, f"uid {user}"] if user or (job and hasattr(message.body, "pb_uid")) else told)


def _line(captured: Captured, told: Remembered) -> str:
    return line_of([*_head(captured), *_what(captured, told)])


# --- tree and JSON ----------------------------------------------------------------------------------------------------


def _show_tree(captured: Captured) -> None:
    message, partial = captured.message, captured.partial
    said = message or partial
    if said is not None:
        say(f"  dialect {said.dialect.name}, {said.order}-endian, {len(captured.raw)} bytes")
        for node in (message_tree(said) if partial is None else cut_tree(said, captured.there)).children:
            print_node(node)
    asked = captured.request.message if captured.request is not None and captured.kind == BULK else None
    for node in _inside().records_of_bulk(asked, captured.raw, reply=reply_to(captured)) if asked is not None else ():
        print_node(node)
    for node in _inside().records_in(message, moved=moved_by(captured)) if message is not None else ():
        print_node(node)


@lru_cache(maxsize=1024)
def _errno(status: int, dialect: Dialect, service: int) -> str:
    """The status of a reply, and its name."""
    name = reply_status(status, dialect, service).partition(" ")[2]
    return f'"status":{signed(status)},"errno":{quoted(name) if name else "null"}'


def _records(captured: Captured) -> list[dict[str, Any]]:
    """The records that logs and pages in a message, or in the bulk data it belongs to, consist of."""
    request, form = captured.request, captured.format
    side = None if form is None else form.reply if captured.direction == REPLY else form.request
    if captured.kind == BULK and request is not None and request.format is not None and request.message is not None:
        held, asked = request.format.bulk_holds, request.message
        nodes = (
            _inside().records_of_bulk(asked, captured.raw, deep=False, reply=reply_to(captured))
            if held is not None else ()
        )  # fmt: skip
    elif side is not None and _with_records(side) and (message := captured.message) is not None:
        nodes = _inside().records_in(message, deep=False, moved=moved_by(captured))
    else:
        return []
    return [_told(each, each is not node) for node in nodes for each in (node, *node.children)]


def _told(node: Node, inner: bool) -> dict[str, Any]:
    """A record by its name and text; of a message in a message its buffers too, of a transaction its updates."""
    told: dict[str, Any] = {"name": node.name, "text": node.text}
    if not inner or not node.children:
        return told
    held = "updates" if node.name.startswith(_inside().LOG_RECORD) else "buffers"
    return told | {held: [_told(each, False) for each in node.children]}


def _many(captured: Captured, message: Message) -> str:
    """The operations of a message that has messages inside."""
    if message.format is None or message.format.opcode not in message.dialect.inside:
        return ""
    return _some_of(_inside().records_in(message, deep=False, moved=moved_by(captured)))


def _moves_for(captured: Captured) -> Message | None:
    """The request whose operations bulk data are; None where they are anything else."""
    request = captured.request
    if captured.kind != BULK or request is None or request.format is None or request.dialect is None:
        return None
    return request.message if request.format.opcode in request.dialect.inside else None


def _some_of(nodes: Iterator[Node]) -> str:
    """The first operations of messages in messages."""
    told = [f"{each.name} {each.text}" for node in nodes for each in node.children]
    more = f", ... {len(told)} in all" if len(told) > _MOST_TOLD else ""
    return f"{', '.join(told[:_MOST_TOLD])}{more}"


@lru_cache(maxsize=1024)
def _with_records(side: type[Buffers]) -> bool:
    """Whether a buffer may hold records."""
    return any(slot.with_records for slot in side.__slot_specs__)


def _inside() -> Any:
    from lustre_wire.payloads import inside  # loads the readers of logs and directories

    return inside


def _file_data(captured: Captured) -> bool:
    """Whether it is what a file's reads and writes move."""
    form = captured.request.format if captured.kind == BULK and captured.request is not None else None
    return form is not None and form.name.partition("/")[0] in ("OST_READ", "OST_WRITE")


@lru_cache(maxsize=4096)
def _between(src: str, dst: str, src_release: str, dst_release: str) -> str:
    """Who sends to whom, and their releases as far as they are known."""
    ends = f'"src":{quoted(src) if src else "null"},"dst":{quoted(dst) if dst else "null"}'
    told = (("src_release", src_release), ("dst_release", dst_release))
    return ends + "".join(f',"{key}":{quoted(release)}' for key, release in told if release)


def _json(captured: Captured, names: bool, data: bool, releases: Releases) -> str:
    src, dst = src_of(captured), dst_of(captured)
    iso, xid, portal = _iso(captured.time_ns), captured.match_bits, captured.portal
    time = "null" if iso is None else f'"{iso}"'
    frame = f'"frame":{captured.packet},' if captured.packet else ""
    head = (
        f'{{"time":{time},{frame}"kind":"{captured.kind}",{_between(src, dst, releases.of(src), releases.of(dst))},'
        f'"xid":{"null" if xid is None else xid},"portal":{"null" if portal is None else portal}'
    )
    if offset := captured.offset:
        head += f',"offset":{offset}'
    if (taken := latency(captured)) is not None:
        head += f',"latency":{taken!r}'
    if missing := captured.missing:
        head += f',"missing":{missing}'
    more: dict[str, Any] = {}
    text = captured.json_text(names)
    if text is None and (partial := captured.partial) is not None:
        form = partial.format.key if partial.format is not None else None
        more |= {
            "dialect": partial.dialect.name, "direction": partial.direction, "opcode": partial.opcode, "format": form,
            "status": partial.status, "transno": partial.transno, "endian": partial.order, "hex": captured.raw.hex(),
        }  # fmt: skip
    elif text is None:
        about = rpc_of(captured)
        more |= {"of": about.name if about is not None else None}
        more |= {"bytes": len(captured.raw)} if not data and _file_data(captured) else {"hex": captured.raw.hex()}
    if captured.error is not None:
        more["error"] = str(captured.error)
    if more:
        head += f",{json_line(more)[1:-1]}"
    records = _records(captured) if names else ()
    told = f',"records":{json_line(records)}' if records else ""
    if text is None:
        return f"{head}{told}}}"
    if names and captured.direction == REPLY and (status := captured.status):
        head += f",{_errno(status, captured.dialect, service_of(captured.format))}"
    return f"{head},{text[1:-1]}{told}}}"
