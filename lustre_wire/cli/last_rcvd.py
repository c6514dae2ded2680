"""``lustre-wire last-rcvd``: what a server knows of its clients after a restart."""

from __future__ import annotations

import click

from lustre_wire.cli.faults import faults_status, print_faults
from lustre_wire.cli.inputs import whole_file
from lustre_wire.cli.output import examples, json_option, print_json
from lustre_wire.cli.releases import light_of, release_option
from lustre_wire.cli.serverfile import show_last_rcvd
from lustre_wire.payloads import last_rcvd


@click.command(
    epilog=examples("""
        lustre-wire last-rcvd last_rcvd --dialect 1.8
        lustre-wire last-rcvd last_rcvd --dialect 2.0 --json
    """)
)
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@release_option
@json_option
def command(file: str, release: str | None, as_json: bool) -> int:
    """Show the last_rcvd FILE of a server: the server's own data, and the slot of every client it knows.

    What a server of that dialect would not start on, or would not read, follows, and makes the exit status 1.
    """
    reading = last_rcvd.examine(whole_file(file), light_of(release), release or "")
    found = reading.value
    if found is None:
        raise reading.faults[0].error(light_of(release))
    if as_json:
        print_json({**last_rcvd.to_json(found), "faults": [fault.to_json() for fault in reading.faults]})
        return faults_status(reading)
    show_last_rcvd(found)
    return print_faults(reading)
