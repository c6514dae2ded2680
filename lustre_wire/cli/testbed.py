"""``lustre-wire testbed``: a small file system, served over TCP or played through."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import click

from lustre_wire.capture.outputs import writing
from lustre_wire.capture.packets import TcpStreamWriter
from lustre_wire.capture.pcap import PcapWriter
from lustre_wire.capture.rpcs import SOCKLND_PORT
from lustre_wire.cli.names import DIALECT
from lustre_wire.cli.output import examples, json_option, print_json, print_table, say
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import nid_str
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.scenarios import Outcome, TcpSystem, over_tcp, scenario, simulate
from lustre_wire.testbed.simulator import Stuck

PORT = 9988


@click.group()
def command() -> None:
    """A small MGS, MDS, OST and client that speak real bytes."""


@command.command(
    epilog=examples("""
        lustre-wire testbed serve --dialect 2.0
        lustre-wire testbed serve --dialect 1.8 --port 988 --osts 2
    """)
)
@click.option("--dialect", type=DIALECT, required=True, help="What the servers speak.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Where every server listens."
)
@click.option("--osts", type=click.IntRange(1, 64), default=1, show_default=True, help="How many OSTs.")
@click.option("--seconds", type=click.FloatRange(0), default=None, help="Stop after so long.")
@click.option("--pcap", type=click.Path(dir_okay=False, path_type=Path),
              help="Write what is sent to this capture, there when all ends; to a pipe as it comes.")  # fmt: skip
def serve(dialect: Dialect, port: int, osts: int, seconds: float | None, pcap: Path | None) -> int:
    """Serve a file system in memory on loopback until interrupted.

    The MGS is at 127.0.0.1, the MDS at 127.0.0.2, the OSTs from 127.0.0.16 on, all on the same port. A client asks the
    MGS for the configuration "lustre-client".
    """
    _playable(dialect)
    with _recorder(pcap) as tap:
        asyncio.run(_serve(dialect, port, osts, seconds, tap))
    return 0


async def _serve(dialect: Dialect, port: int, osts: int, seconds: float | None, tap: Recorder | None) -> None:
    system = TcpSystem(dialect, port, osts=osts, tap=tap, keep=False)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await system.start()
        for node in system.system.servers:
            say(f"{node.uuid.decode()} at {nid_str(node.nid)} port {port}")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), seconds)
    finally:
        await system.stop()


@command.command(
    epilog=examples("""
        lustre-wire testbed run --dialect 1.8
        lustre-wire testbed run quiet --dialect 2.0 --tcp --pcap out.pcap
    """)
)
@click.argument("name", metavar="[SCENARIO]", default="default")
@click.option("--dialect", type=DIALECT, required=True, help="What client and servers speak.")
@click.option("--tcp", is_flag=True, help="Over TCP on loopback instead of in the simulator.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="For --tcp.")
@click.option("--pcap", type=click.Path(dir_okay=False, path_type=Path), help="Write what --tcp sends to this capture.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulator.")
@json_option
def run(name: str, dialect: Dialect, tcp: bool, port: int, pcap: Path | None, seed: int, as_json: bool) -> int:
    """Play a scenario and say how each step went; "default" is every operation once, with a restart of the MDS."""
    _playable(dialect)
    scenario(name)
    if pcap is not None and not tcp:
        raise click.UsageError("--pcap needs --tcp")
    try:
        outcome = _over_tcp(name, dialect, port, pcap) if tcp else simulate(name, dialect, seed)
    except Stuck as error:
        raise WireError(f"the scenario came to no end: {error}") from None
    _show(outcome, as_json)
    return int(bool(outcome.failed))


def _playable(dialect: Dialect) -> None:
    """Does the dialect declare what the testbed needs?"""
    packer(dialect)


def _over_tcp(name: str, dialect: Dialect, port: int, pcap: Path | None) -> Outcome:
    with _recorder(pcap) as tap:
        return asyncio.run(over_tcp(name, dialect, port, tap=tap))


@contextlib.contextmanager
def _recorder(pcap: Path | None) -> Iterator[Recorder | None]:
    if pcap is None:
        yield None
        return
    with writing(pcap) as stream:
        yield Recorder(PcapWriter(stream), stream.flush)


@attrs.define(eq=False)
class Recorder:
    """Writes what connections carry into a capture, each connection from its handshake to its end.

    Servers are on port 988 there, whatever port the testbed has them on, since that is where readers look for Lustre.
    """

    writer: PcapWriter
    flush: Callable[[], None] = lambda: None
    _open: dict[Any, TcpStreamWriter] = attrs.field(factory=dict)

    def __call__(self, client: tuple[str, int], server: tuple[str, int], direction: int, data: bytes | None) -> None:
        now, key = time.time_ns(), (client, server)
        stream = self._open.get(key)
        if data is None:
            if stream is not None:
                self._open.pop(key).close(now)
            return
        if stream is None:
            ends = (_address(client), client[1]), (_address(server), SOCKLND_PORT)
            stream = self._open[key] = TcpStreamWriter(self.writer, *ends)
            stream.open(now)
        stream.send(now, direction, data)
        self.flush()  # whoever reads a pipe sees it now


def _address(end: tuple[str, int]) -> bytes:
    return ipaddress.IPv4Address(end[0]).packed


def _rows(outcome: Outcome) -> Iterator[tuple[str, bool, str]]:
    for name, result in outcome.steps:
        yield name, not isinstance(result, Exception), str(result) if isinstance(result, Exception) else ""


def _show(outcome: Outcome, as_json: bool) -> None:
    messages = len(outcome.trace.packets)
    if as_json:
        for name, fine, why in _rows(outcome):
            print_json({"step": name, "ok": fine, **({"error": why} if why else {})})
        print_json({"messages": messages, "seconds": round(outcome.seconds, 3), "failed": outcome.failed})
        return
    print_table(["step", "result"], [(name, "ok" if fine else why) for name, fine, why in _rows(outcome)])
    failed = len(outcome.failed)
    say(f"{len(outcome.steps) - failed} ok, {failed} failed, {messages} packets, {outcome.seconds:.1f} s")
