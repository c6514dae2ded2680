"""``lustre-wire target``: what a whole target is, from its files."""

from __future__ import annotations

import click

from lustre_wire.cli.main import FINDINGS, FINE, UNUSABLE
from lustre_wire.cli.output import examples, json_option, paint, print_json, say
from lustre_wire.cli.releases import light_of, newest, release_option
from lustre_wire.cli.targetfiles import TargetFiles
from lustre_wire.payloads.target import Target, assemble, to_json
from lustre_wire.text.values import named, quoted


@click.command(
    epilog=examples("""
        lustre-wire target /mnt/copy-of-mdt
        lustre-wire target mdt.img --release 2.17
        lustre-wire target /dev/mapper/ost0 --json
    """)
)
@click.argument("path", metavar="DIR|IMAGE", type=click.Path(exists=True))
@release_option
@json_option
def command(path: str, release: str | None, as_json: bool) -> int:
    """Read a whole target: a folder of its files, or an ldiskfs image or device, which debugfs reads.

    Says what it is, which version wrote it, its features, the clients it knows, what waits in its logs, and how far its
    objects are. What the servers of that release would not take as it stands follows, and makes the exit status 1.
    """
    contents = TargetFiles(path)
    target = assemble(contents, light_of(release), release or newest())
    if as_json:
        print_json(to_json(target))
    elif not target.files:
        say("no file of a target")
    else:
        _show(target)
    if contents.unread:
        return UNUSABLE
    return FINDINGS if not target.files or any(fault.matters for _, fault in target.all_faults()) else FINE


def _show(target: Target) -> None:
    say(paint(f"{target.name or 'a target without a name'}: {' and '.join(target.roles)}", bold=True))
    if target.written_by:
        say(f"  newest marker written by {target.written_by}")
    _show_description(target)
    _show_clients(target)
    for path, count in target.pending.items():
        say(f"  {count} records wait in {path}")
    for path, numbers in target.object_numbers.items():
        shown = ", ".join(map(str, numbers[:16])) + (", ..." if len(numbers) > 16 else "")
        say(f"  {path}: {shown or 'empty'}")
    kinds: dict[str, list[str]] = {}
    for path, file in target.files.items():
        kinds.setdefault(file.kind, []).append(path)
    for kind, paths in kinds.items():
        say(f"  {kind}: {', '.join(paths)}")
    if target.others:
        say(f"  not recognised: {', '.join(target.others)}")
    for path, fault in target.all_faults():
        where = f"{path}: " if path else ""
        say(paint(f"{where}{fault}", fg="red" if fault.matters else "yellow"))


def _show_description(target: Target) -> None:
    if target.description is None:
        return
    for name, values in target.description.parameters.items():
        say(f"  {name}={' '.join(values)}")


def _show_clients(target: Target) -> None:
    found = target.clients
    if found is None:
        return
    for name, bits in found.dialect.part("servers").features.items():
        say(f"  {name.removeprefix('lsd_feature_')}: {named(bits, int(getattr(found.server, name)))}")
    say(f"  mounted {found.server.lsd_mount_count} times, last transaction {found.last_transno()}")
    say(f"  {len(found.connected)} clients")
    for slot, client in found.connected.items():
        transno, xid = client.lcd_last_transno, client.lcd_last_xid
        say(f"    slot {slot}: {quoted(client.lcd_uuid)}, last transaction {transno}, request {xid}")
