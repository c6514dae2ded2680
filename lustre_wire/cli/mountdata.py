"""``lustre-wire mountdata``: what a target is and how to mount it."""

from __future__ import annotations

import click

from lustre_wire.cli.faults import faults_status, print_faults
from lustre_wire.cli.inputs import whole_file
from lustre_wire.cli.output import examples, json_option, print_json, print_node
from lustre_wire.cli.releases import light_of, release_option
from lustre_wire.payloads import mountdata
from lustre_wire.text import struct_tree


@click.command(
    epilog=examples("""
        lustre-wire mountdata CONFIGS/mountdata --dialect 1.8
        lustre-wire mountdata CONFIGS/mountdata --json
    """)
)
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@release_option
@json_option
def command(file: str, release: str | None, as_json: bool) -> int:
    """Show the CONFIGS/mountdata FILE of a target.

    What a server of that dialect would not mount follows, and makes the exit status 1.
    """
    reading = mountdata.examine(whole_file(file), light_of(release), release or "")
    found = reading.value
    if found is None:
        raise reading.faults[0].error(light_of(release))
    if as_json:
        print_json({**mountdata.to_json(found), "faults": [fault.to_json() for fault in reading.faults]})
        return faults_status(reading)
    print_node(struct_tree(found.data, found.dialect, name=found.service))
    return print_faults(reading)
