"""``lustre-wire last-rcvd``: what a server knows of its clients after a restart."""

from __future__ import annotations

import click

from lustre_wire.cli.inputs import whole_file
from lustre_wire.cli.names import DIALECT, default_dialect
from lustre_wire.cli.output import examples, json_option, paint, print_json, print_node, say
from lustre_wire.dialects import Dialect
from lustre_wire.payloads import last_rcvd
from lustre_wire.text import struct_tree


@click.command(
    epilog=examples("""
        lustre-wire last-rcvd last_rcvd --dialect 1.8
        lustre-wire last-rcvd last_rcvd --dialect 2.0 --json
    """)
)
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@click.option("--dialect", "-d", type=DIALECT, help="Dialect of the server; the latest one if not given.")
@json_option
def command(file: str, dialect: Dialect | None, as_json: bool) -> int:
    """Show the last_rcvd FILE of a server: the server's own data, and the slot of every client it knows.

    The exit status is 1 if the file has features that the dialect does not know: such a server refuses to start on it.
    """
    found = last_rcvd.read(whole_file(file), dialect or default_dialect())
    unknown = found.unknown_features()
    if as_json:
        print_json(last_rcvd.to_json(found))
        return int(bool(unknown))
    print_node(struct_tree(found.server, found.dialect, name="server"))
    for slot, client in found.connected.items():
        at = found.server.lsd_client_start + slot * found.server.lsd_client_size
        print_node(struct_tree(client, found.dialect, name=f"client {slot}", offset=at))
    say(f"{len(found.connected)} clients, last transaction {found.last_transno()}")
    for name, bits in unknown.items():
        say(paint(f"{name} has bits unknown to dialect {found.dialect.name}: {bits:#x}", fg="red"))
    return int(bool(unknown))
