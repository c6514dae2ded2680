"""Entry point of the command line.

A command is one module here whose attribute ``command`` is a `click.Command`, and one line in `COMMANDS`. What a
command returns is its exit status: 0 (or None) fine, 1 findings. Input that cannot be used ends in one line on standard
error and status 2, whichever command it is: commands let `WireError` and `OSError` pass.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import warnings
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from lustre_wire import __version__
from lustre_wire.errors import WireError

FINE: Final = 0
FINDINGS: Final = 1
UNUSABLE: Final = 2
_SIGNALLED: Final = 128
#: How many new objects Python looks at at once for those that hold each other: what a command loads stays.
_OBJECTS: Final = 200_000
_INTERRUPTED: Final = _SIGNALLED + signal.SIGINT

#: name -> what it does, as ``--help`` says it; the module has the same name with "_" for "-".
COMMANDS: Final = {
    "bench": "How many messages a second are decoded and encoded on this machine.",
    "conformance": "Another implementation against the conformance vectors.",
    "decode": "Messages of captures, hex, raw or recorded files, replies with their requests.",
    "diff": "Two dialects side by side: structs, RPC formats, constants.",
    "file": "Any file of a server, recognised and read: logs, last_rcvd, mountdata, object numbers, attributes.",
    "fuzz": "Mutated messages for our decoder, a command, or a server on loopback.",
    "history": "The life of a struct, field, constant or RPC format, release by release.",
    "last-rcvd": "What a server knows of its clients after a restart, from its last_rcvd file.",
    "layout": "Offset tables of structs; buffers of RPC formats; members of enumerations.",
    "llog": "Log files: a configuration log as the commands that would write it, other logs as records.",
    "mountdata": "What a target is and how to mount it, from its CONFIGS/mountdata.",
    "stubs": "What type checkers need for code of one release.",
    "translate": "Conversations of one dialect in another: a capture, and what was lost or impossible.",
    "precheck": "What stands in the way of an upgrade or downgrade: in targets, logs, attributes, captures.",
    "target": "A whole target, from a folder of its files or an ldiskfs image.",
    "testbed": "A small file system in memory: served over TCP, or played through in a simulator.",
    "upgrade": "The upgrade of a live file system from 1.8 to 2.0: played, drawn, checked.",
    "verify": "Recorded messages through every engine and back.",
}


class LazyGroup(click.Group):
    """A group that loads a command's module when the command is called, and turns errors into one line and a status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__package__}.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # the reader has seen enough; what is still buffered must not fail when Python flushes it on the way out
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FINE
        return result

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line and leave with its exit status.

        Raises:
            SystemExit: always.
        """
        kwargs["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        sys.exit(_status(super().main, args, kwargs))


def _status(run: Any, args: Any, kwargs: Any) -> int:
    try:
        result = run(*args, **kwargs)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return FINE
    except click.ClickException as error:
        _complain(f"{error.format_message()}{_advice(error)}")
        return UNUSABLE
    except click.Abort:
        return _INTERRUPTED
    except (WireError, OSError) as error:
        _complain(_os_error(error) if isinstance(error, OSError) else str(error))
        return UNUSABLE
    return result if isinstance(result, int) else FINE


def _advice(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f" (see {context.command_path} --help)" if context is not None else ""


def _os_error(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _complain(text: str) -> None:
    from lustre_wire.cli.output import complain

    complain(text)


def _ended(number: int, _: Any) -> None:
    """Told to end: as after an interrupt, what was begun to be written must go."""
    raise SystemExit(_SIGNALLED + number)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 fine, 1 findings, 2 unusable input. `lustre-wire COMMAND --help` shows examples.",
)
@click.version_option(__version__, prog_name="lustre-wire", message="%(prog)s %(version)s")
def cli() -> None:
    """Reads, checks and translates Lustre RPC byte for byte, in every version it knows."""


def main() -> None:
    """The ``lustre-wire`` command."""
    gc.set_threshold(_OBJECTS)
    warnings.showwarning = lambda message, *_, **__: _complain(str(message))
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # not where nohup says otherwise
            signal.signal(number, _ended)
    try:
        cli.main(prog_name="lustre-wire")
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else FINE)


def _leave(status: int) -> NoReturn:
    """End the process without taking apart every class first, which is a quarter of a short run."""
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _complain(_os_error(error))
            status = UNUSABLE
    sys.stderr.flush()
    os._exit(status)
