"""Reading the files named on the command line: captures, recordings, JSON, hexadecimal text, single messages."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from click.shell_completion import CompletionItem

from lustre_wire import dialects
from lustre_wire.capture import Captured, read_input
from lustre_wire.capture.connections import AUTO
from lustre_wire.capture.rpcs import SOCKLND_PORT, Statistics
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import LNET_NID_ANY, nid_str
from lustre_wire.rpc import REPLY

STDIN: Final = "-"
NANO: Final = 1_000_000_000
#: No log and no other file of a server comes near this many bytes.
_LONGEST: Final = 256 << 20
#: What a recording without a network gives as a NID.
_ANY: Final = nid_str(LNET_NID_ANY)


class _DialectOrAuto(click.ParamType[str]):
    """A dialect's name, or "auto"."""

    name = "dialect"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        known = (AUTO, *dialects.names())
        if value not in known:
            self.fail(f"no dialect {value!r}; there are {', '.join(known)}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in (AUTO, *dialects.names()) if name.startswith(incomplete)]


files_argument = click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(allow_dash=True))
dialect_option = click.option(
    "--dialect", "-d", type=_DialectOrAuto(), default=AUTO, show_default=True,
    help="Dialect of the messages; auto: what a record says, else what a connection granted.",
)  # fmt: skip
port_option = click.option(
    "--port", type=click.IntRange(0, 0xFFFF), default=SOCKLND_PORT, show_default=True,
    help="TCP port of LNet's acceptor in captures.",
)  # fmt: skip


def src_of(captured: Captured) -> str:
    """NID of the sender; empty where it is not known."""
    return captured.src if captured.src != _ANY else ""


def dst_of(captured: Captured) -> str:
    """NID of the receiver; empty where it is not known."""
    return captured.dst if captured.dst != _ANY else ""


def latency(captured: Captured) -> float | None:
    """Seconds from request to reply, where both have a time."""
    request = captured.request
    if request is None or captured.direction != REPLY or not request.time_ns or not captured.time_ns:
        return None
    return (captured.time_ns - request.time_ns) / NANO


def messages(file: str, dialect: str, port: int, statistics: Statistics | None = None) -> Iterator[Captured]:
    """The messages of one file; "-" is standard input.

    Raises:
        WireError: the file cannot be read as messages; the error's path is the file.
        OSError: it cannot be read at all.
    """
    source: str | BinaryIO = sys.stdin.buffer if file == STDIN else file
    try:
        yield from read_input(source, dialect=dialect, port=port, statistics=statistics)
    except WireError as error:
        raise error.within("standard input" if file == STDIN else file) from None


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


def numbered(files: Iterable[str], dialect: str, port: int) -> Iterator[tuple[str, Captured]]:
    """The messages of several files, each with its place: ``FILE, message N``."""
    for file in files:
        for number, captured in enumerate(messages(file, dialect, port), 1):
            yield f"{file}, message {number}", captured
