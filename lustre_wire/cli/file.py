"""``lustre-wire file``: any file of a server, recognised and read."""

from __future__ import annotations

import click

from lustre_wire.cli.faults import faults_status, print_faults
from lustre_wire.cli.inputs import whole_file
from lustre_wire.cli.main import UNUSABLE
from lustre_wire.cli.output import complain, examples, json_option, paint, print_json, say
from lustre_wire.cli.releases import light_of, newest, release_option
from lustre_wire.cli.serverfile import show, to_json
from lustre_wire.errors import WireError
from lustre_wire.payloads.files import recognise


@click.command(
    epilog=examples("""
        lustre-wire file CONFIGS/* last_rcvd lov_objid
        lustre-wire file last_rcvd --release 1.8.9-wc1
        getfattr -d -m - -e hex FILE | lustre-wire file -
        lustre-wire file OBJECTS/1f_5f64b0d3 --json
    """)
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(allow_dash=True))
@release_option
@json_option
def command(paths: tuple[str, ...], release: str | None, as_json: bool) -> int:
    """Recognise what each PATH is and show what it holds.

    Contents tell logs, mountdata, indexes and quota files; names tell the others, as CATALOGS, lov_objid and LAST_ID.
    What the servers of that release would not take as it stands follows each file, and makes the exit status 1; a file
    that cannot be read or is none of a server's makes it 2.
    """
    found, judge, status = light_of(release), release or newest(), 0
    for path in paths:
        try:
            data = whole_file(path)
        except (OSError, WireError) as error:
            complain(f"{path}: {getattr(error, 'strerror', None) or error}")
            status = UNUSABLE
            continue
        file = recognise(path, data, found, judge)
        if file is None:
            complain(f"{path}: no file of a server is like this")
            status = UNUSABLE
            continue
        if as_json:
            print_json(to_json(file, found))
        else:
            say(paint(f"{path}: {file.kind}, {len(data)} bytes", bold=True))
            show(file, found)
            print_faults(file.reading)
        status = max(status, faults_status(file.reading))
    return status
