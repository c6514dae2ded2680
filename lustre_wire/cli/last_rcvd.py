"""``lustre-wire last-rcvd``: what a server knows of its clients after a restart."""

from __future__ import annotations

import click

from lustre_wire.cli.faults import faults_status, print_faults
from lustre_wire.cli.inputs import whole_file
from lustre_wire.cli.names import DIALECT, default_dialect
from lustre_wire.cli.output import examples, json_option, print_json
from lustre_wire.cli.serverfile import show_last_rcvd
from lustre_wire.dialects import Dialect
from lustre_wire.payloads import last_rcvd


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

    What a server of that dialect would not start on, or would not read, follows, and makes the exit status 1.
    """
    reading = last_rcvd.examine(whole_file(file), dialect or default_dialect())
    found = reading.value
    if found is None:
        raise reading.faults[0].error(dialect)
    if as_json:
        print_json({**last_rcvd.to_json(found), "faults": [fault.to_json() for fault in reading.faults]})
        return faults_status(reading)
    show_last_rcvd(found)
    return print_faults(reading)
