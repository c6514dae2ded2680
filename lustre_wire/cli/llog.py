"""``lustre-wire llog``: log files as the commands that would write them, as records, or as JSON."""

from __future__ import annotations

import click

from lustre_wire.cli.faults import faults_status, print_faults
from lustre_wire.cli.inputs import whole_file
from lustre_wire.cli.output import examples, json_option, print_json, say
from lustre_wire.cli.releases import RELEASE_NAME, light_of, release_option
from lustre_wire.cli.serverfile import show_log
from lustre_wire.payloads import llog, logcheck
from lustre_wire.payloads.inside import text_of, type_of
from lustre_wire.payloads.llog import LogFile


@click.command(
    epilog=examples("""
        lustre-wire llog CONFIGS/lustre-MDT0000 --dialect 1.8
        lustre-wire llog CONFIGS/lustre-client --records
        lustre-wire llog CONFIGS/lustre-client --dialect 2.0 --unknown-to 1.8
        lustre-wire llog CONFIGS/lustre-client --json
    """)
)
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@release_option
@click.option("--records", "-r", "as_records", is_flag=True, help="Every record, padding and cancelled ones too.")
@click.option("--unknown-to", "other", type=RELEASE_NAME, help="Only the records that a node of that release lacks.")
@json_option
def command(file: str, release: str | None, as_records: bool, other: str | None, as_json: bool) -> int:
    """Show a log FILE of a server.

    A configuration log is shown as the lctl script that would write it, with the markers as comments and what a reader
    passes over behind "# skipped:"; any other log as a table of its records. What is damaged follows, with what a node
    of that dialect does about it, and makes the exit status 1; as do, with --unknown-to, records of that kind.
    """
    found = light_of(release)
    reading = logcheck.examine(whole_file(file), found, release or "")
    log = reading.value
    if log.header is None and reading.faults:
        raise reading.faults[0].error(found)
    if other is not None:
        return _print_unknown(log, other, as_json)
    if as_json:
        print_json({**llog.to_json(log), "faults": [fault.to_json() for fault in reading.faults]})
        return faults_status(reading)
    show_log(log, as_records=as_records)
    return print_faults(reading)


def _print_unknown(log: LogFile, other: str, as_json: bool) -> int:
    found = llog.unknown_to(log, other)
    for record, what in found:
        kind, says = type_of(record, log.dialect), text_of(record, log.dialect)
        if as_json:
            print_json({
                "index": record.index, "type": kind, "does": what, "function": what.function, "says": says,
            })  # fmt: skip
        else:
            say(f"record {record.index}: {other} {what} {says} ({what.function})")
    return int(bool(found))
