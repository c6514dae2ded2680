"""Reading the files named on the command line: captures, recordings, JSON, hexadecimal text, single messages."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from click.shell_completion import CompletionItem

from lustre_wire import dialects
from lustre_wire.capture import Captured, read_input
from lustre_wire.capture.connections import AUTO, Fit
from lustre_wire.capture.outputs import STDIN
from lustre_wire.capture.rpcs import SOCKLND_PORT, Statistics
from lustre_wire.cli.main import FINDINGS, FINE, UNUSABLE
from lustre_wire.cli.names import DIALECT
from lustre_wire.cli.output import complain
from lustre_wire.cli.times import NANO
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import LNET_NID_ANY, Nid, nid_str
from lustre_wire.rpc import REPLY

#: No log and no other file of a server comes near this many bytes.
_LONGEST: Final = 256 << 20


class _DialectOrAuto(click.ParamType[str]):
    """A dialect's name, or "auto"."""

    name = "dialect"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return AUTO if value == AUTO else DIALECT.convert(value, param, ctx).name

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        named = DIALECT.shell_complete(ctx, param, incomplete)
        return [*([CompletionItem(AUTO)] if AUTO.startswith(incomplete) else []), *named]


files_argument = click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(allow_dash=True))
dialect_option = click.option(
    "--dialect", "-d", type=_DialectOrAuto(), default=AUTO, show_default=True,
    help="Dialect of the messages; auto: what a record says, else what a connection granted.",
)  # fmt: skip
port_option = click.option(
    "--port", type=click.IntRange(0, 0xFFFF), default=SOCKLND_PORT, show_default=True,
    help="TCP port of LNet's acceptor in captures.",
)  # fmt: skip


def nid_text(nid: Nid | None) -> str:
    """A node; empty where it is not known, as in recordings without a network."""
    return nid_str(nid) if nid is not None and nid != LNET_NID_ANY else ""


def src_of(captured: Captured) -> str:
    """NID of the sender; empty where it is not known."""
    return nid_text(captured.route.src)


def dst_of(captured: Captured) -> str:
    """NID of the receiver; empty where it is not known."""
    return nid_text(captured.route.dst)


def latency(captured: Captured) -> float | None:
    """Seconds from request to reply, where both have a time."""
    request = captured.request
    if request is None or captured.direction != REPLY or not request.time_ns or not captured.time_ns:
        return None
    return (captured.time_ns - request.time_ns) / NANO


class Inputs:
    """The messages of the files named on the command line; one that cannot be read does not stop the others.

    Args:
        files: paths; "-" is standard input.
        dialect: a dialect's name, or "auto".
        port: of captures.
        statistics: is filled in on the way.

    Attributes:
        unusable: how many files could not be read, or not to their end; each has been complained of.
        file, number: of the message at hand, counted from 1.
    """

    def __init__(self, files: Sequence[str], dialect: str, port: int, statistics: Statistics | None = None) -> None:
        self.files, self._dialect, self._port = files, dialect, port
        self.statistics = statistics if statistics is not None else Statistics()
        self.unusable = 0
        self.file, self.number = "", 0
        self._fit = Fit(dialects.dialect(dialect)) if dialect != AUTO else None

    def __iter__(self) -> Iterator[Captured]:
        """The messages.

        Raises:
            click.exceptions.Exit: there was none, since files could not be read: nothing is left to do.
        """
        captured = None
        for file in self.files:
            self.file, self.number = file, 0
            for captured in self._of(file):
                self.number += 1
                if self._fit is not None:
                    self._fit.see(captured)
                yield captured
        if self.unusable and captured is None:
            raise click.exceptions.Exit(UNUSABLE)

    @property
    def place(self) -> str:
        """Where the message at hand stands."""
        return f"{self.file}, message {self.number}"

    @property
    def live(self) -> bool:
        """Whether messages may come one by one, with time in between: from what is no regular file."""
        return any(not stat.S_ISREG(_mode(file)) for file in self.files)

    def _of(self, file: str) -> Iterator[Captured]:
        source: str | BinaryIO = sys.stdin.buffer if file == STDIN else file
        name = "standard input" if file == STDIN else file
        try:
            yield from read_input(source, dialect=self._dialect, port=self._port, statistics=self.statistics)
        except WireError as error:
            self._complain(str(error.within(name)))
        except OSError as error:
            self._complain(f"{name}: {error.strerror or error}")

    def _complain(self, text: str) -> None:
        self.unusable += 1
        complain(text)

    def status(self, findings: bool) -> int:
        """The exit status of a command that has read them and found something or not.

        Warns of messages that look like those of another dialect than was asked for, which is a finding.
        """
        better = self._fit.better() if self._fit is not None else None
        if better is not None:
            other, more = better
            complain(f"warning: not dialect {self._dialect}? {more} more messages fit dialect {other.name}")
        return UNUSABLE if self.unusable else FINDINGS if findings or better is not None else FINE


def _mode(file: str) -> int:
    """What kind of file it is, 0 where there is none."""
    try:
        return (os.fstat(sys.stdin.fileno()) if file == STDIN else Path(file).stat()).st_mode
    except (OSError, ValueError):  # no such file, no such name, or a standard input that is no file
        return 0


def whole_file(file: str) -> bytes:
    """The bytes of a file that is read as one piece; "-" is standard input.

    Raises:
        WireError: it is longer than any file of its kind.
        OSError: it cannot be read.
    """
    with sys.stdin.buffer if file == STDIN else Path(file).open("rb") as stream:
        data = stream.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise WireError(f"more than {_LONGEST} bytes", path=file)
    return data
