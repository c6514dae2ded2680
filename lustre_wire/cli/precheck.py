"""``lustre-wire precheck``: what stands in the way of an upgrade or downgrade."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from lustre_wire.capture.connections import AUTO
from lustre_wire.capture.outputs import STDIN
from lustre_wire.cli.inputs import Inputs, port_option, src_of, whole_file
from lustre_wire.cli.main import UNUSABLE
from lustre_wire.cli.names import default_dialect
from lustre_wire.cli.output import examples, json_option, paint, print_json, say
from lustre_wire.cli.releases import RELEASE
from lustre_wire.cli.targetfiles import TargetFiles, is_image
from lustre_wire.cli.translate import BROKEN, IMPOSSIBLE, Conversations
from lustre_wire.dialects import Dialect, all_dialects
from lustre_wire.payloads.files import recognise
from lustre_wire.payloads.precheck import Finding, of_file, of_targets
from lustre_wire.payloads.reading import server
from lustre_wire.payloads.target import Target, assemble
from lustre_wire.rpc import REPLY, Message

#: Where FIDs for files of old clients are taken from, so that no file lacks one.
_SEQUENCE = 0x200000400


@click.command(
    epilog=examples("""
        lustre-wire precheck /mnt/copy-of-mdt /mnt/copy-of-ost0 --from 1.8 --to 2.0
        lustre-wire precheck CONFIGS/lustre-client --from 2.1 --to 1.8
        lustre-wire precheck client.pcap mdt.img --from 1.8 --to 2.0 --json
        getfattr -R -d -m - -e hex /mnt/mdt/ROOT | lustre-wire precheck - --from 2.10 --to 2.7
    """)
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(allow_dash=True))
@click.option("--from", "old", type=RELEASE, required=True, help="The release that runs now.")
@click.option("--to", "new", type=RELEASE, required=True, help="The release to go to, newer or older.")
@port_option
@json_option
def command(paths: tuple[str, ...], old: str, new: str, port: int, as_json: bool) -> int:
    """Look for what stands in the way of going from one release to another.

    PATH is a target (a folder of its files, or an ldiskfs image), a file of one, a listing of getfattr -e hex, or a
    capture of the clients' traffic. Targets given together are compared with each other. Each finding says what the
    other release does with what is there, in which function, and what to do; the exit status is 0 if there is none.
    """
    found = list(_findings(paths, old, new, port))
    for finding in found:
        if as_json:
            print_json(finding.to_json())
            continue
        say(paint(finding.rule, fg="red", bold=True), f": {finding}", sep="")
        say(f"    {finding.advice}")
    if as_json:
        print_json({"from": old, "to": new, "ready": not found, "findings": len(found)})
    else:
        say(f"{old} -> {new}: {f'not ready, {len(found)} findings' if found else 'ready'}")
    return int(bool(found))


def _findings(paths: tuple[str, ...], old: str, new: str, port: int) -> Iterator[Finding]:
    light, targets = default_dialect(), list[tuple[str, Target]]()
    for path in paths:
        if path != STDIN and (Path(path).is_dir() or is_image(path)):
            files = TargetFiles(path)
            targets.append((path, assemble(files, light, new)))
            if files.unread:
                raise click.exceptions.Exit(UNUSABLE)
            continue
        file = recognise(path, whole_file(path), light, new) if not _is_capture(path) else None
        yield from of_file(path, file, new) if file is not None else _of_capture(path, old, new, port)
    yield from of_targets(targets, new)


def _is_capture(path: str) -> bool:
    """Whether a file is a capture by its first bytes; captures may be larger than any file of a target."""
    if path == STDIN:
        return False
    with Path(path).open("rb") as stream:
        return stream.read(4) in _CAPTURES


_CAPTURES = frozenset(bytes.fromhex(d) for d in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a"))


def _of_capture(path: str, old: str, new: str, port: int) -> Iterator[Finding]:
    """What clients ask for that the new release does not give, and what of their traffic cannot be carried over."""
    target = _dialect_of(new)
    conversations = Conversations(target, (), (), _SEQUENCE) if target is not None else None
    refused, lost = Counter[str](), Counter[str]()
    inputs = Inputs((path,), AUTO, port)
    for captured in inputs:
        message = captured.message
        if message is None or message.direction == REPLY:
            continue
        if _lacks_fid(message, new):
            refused[src_of(captured) or path] += 1
        elif conversations is not None:
            outcome = conversations.translate(captured)
            if outcome.what in (IMPOSSIBLE, BROKEN):
                lost[f"{outcome.operation}: {outcome.why}"] += 1
    if inputs.unusable:
        raise click.exceptions.Exit(UNUSABLE)
    for client, count in refused.items():
        what = f"{count} connects to an MDT without OBD_CONNECT_FID"
        yield Finding("connect flags", f"{path}, client {client}", what, server(new).needs_fid)
    for why, count in lost.items():
        yield Finding("translation", path, f"{count} requests, {why}")


def _dialect_of(release: str) -> Dialect | None:
    return next((each for each in all_dialects() if server(each).release == release), None)


def _lacks_fid(message: Message, new: str) -> bool:
    """Whether a message is the connect of a client that the new release's MDT refuses."""
    if server(new).needs_fid is None or message.name != "MDS_CONNECT":
        return False
    data = getattr(message.buffers, "connect_data", None)
    fid = message.dialect.constants["OBD_CONNECT_FID"]
    return data is not None and not data.ocd_connect_flags & fid
