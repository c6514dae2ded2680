"""What commands say of damaged files: each fault on a line of its own, behind what could be read."""

from __future__ import annotations

from typing import Any

from lustre_wire.cli.main import FINDINGS, FINE
from lustre_wire.cli.output import paint, say
from lustre_wire.payloads.reading import Reading


def print_faults(reading: Reading[Any]) -> int:
    """The faults of a file, one a line; gives the exit status."""
    for fault in reading.faults:
        say(paint(str(fault), fg="red" if fault.matters else "yellow"))
    return faults_status(reading)


def faults_status(reading: Reading[Any]) -> int:
    """1 if a fault makes a difference to a server, else 0."""
    return FINDINGS if any(fault.matters for fault in reading.faults) else FINE
