"""``lustre-wire mountdata``: what a target is and how to mount it."""

from __future__ import annotations

import click

from lustre_wire.cli.faults import faults_status, print_faults
from lustre_wire.cli.inputs import whole_file
from lustre_wire.cli.names import DIALECT, default_dialect
from lustre_wire.cli.output import examples, json_option, print_json, print_node
from lustre_wire.dialects import Dialect
from lustre_wire.payloads import mountdata
from lustre_wire.text import struct_tree


@click.command(
    epilog=examples("""
        lustre-wire mountdata CONFIGS/mountdata --dialect 1.8
        lustre-wire mountdata CONFIGS/mountdata --json
    """)
)
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@click.option("--dialect", "-d", type=DIALECT, help="Dialect of the server; the latest one if not given.")
@json_option
def command(file: str, dialect: Dialect | None, as_json: bool) -> int:
    """Show the CONFIGS/mountdata FILE of a target.

    What a server of that dialect would not mount follows, and makes the exit status 1.
    """
    reading = mountdata.examine(whole_file(file), dialect or default_dialect())
    found = reading.value
    if found is None:
        raise reading.faults[0].error(dialect)
    if as_json:
        print_json({**mountdata.to_json(found), "faults": [fault.to_json() for fault in reading.faults]})
        return faults_status(reading)
    print_node(struct_tree(found.data, found.dialect, name=found.service))
    return print_faults(reading)
