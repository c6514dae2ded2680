"""``lustre-wire testbed``: a small file system, served over TCP or played through."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import click

from lustre_wire.capture.outputs import writing
from lustre_wire.capture.packets import TcpStreamWriter
from lustre_wire.capture.pcap import PcapWriter
from lustre_wire.capture.rpcs import SOCKLND_PORT
from lustre_wire.cli.names import DIALECT
from lustre_wire.cli.output import complain, examples, json_option, print_json, print_table, say
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import nid_str, parse_nid
from lustre_wire.recovery.limits import DEFAULT
from lustre_wire.recovery.target import TargetEvent
from lustre_wire.testbed import control as control_socket
from lustre_wire.testbed.diskstore import DiskStore
from lustre_wire.testbed.exercises import Outcome, exercise, over_tcp, simulate
from lustre_wire.testbed.file_system import TCP
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.node import ServerNode
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.testbed.tcp_system import TcpSystem
from lustre_wire.text.quoting import shown
from lustre_wire.upgrade.stage.served import Served, UpgradeControl

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
@click.option("--listen", type=str, default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Where the MGS listens; the MDS is next, OSTs are from the 15th behind it on.")  # fmt: skip
@click.option("--nid", type=str, default=None, help="The MGS's NID, where clients know it by another than ADDRESS@tcp; "
              "the others follow it in the same way.")  # fmt: skip
@click.option("--pair", is_flag=True, help="Every MDS and OST has a partner that can take it over.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Keep what is on disk in this directory, for a later start; and the socket for ctl.")  # fmt: skip
@click.option("--control", type=click.Path(dir_okay=False, path_type=Path), metavar="SOCKET",
              help="Take the commands of ctl here (DIR/control with --state).")  # fmt: skip
@click.option("--clients-max", type=click.IntRange(1, 1 << 16), default=DEFAULT.clients, show_default=True,
              help="How many clients a server knows.")  # fmt: skip
@click.option("--memory", type=click.IntRange(64, 1 << 20), default=512, show_default=True, metavar="MIB",
              help="How much clients may make: half of it bytes on the OSTs, half names.")  # fmt: skip
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write what happens, one line an event.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0), default=None, help="Stop after so long.")
@click.option("--pcap", type=click.Path(dir_okay=False, path_type=Path),
              help="Write what is sent to this capture, there when all ends; to a pipe as it comes.")  # fmt: skip
def serve(dialect: Dialect, port: int, osts: int, listen: str, nid: str | None, pair: bool, state: Path | None,
          control: Path | None, clients_max: int, memory: int, log: Path | None, seconds: float | None,
          pcap: Path | None) -> int:  # fmt: skip
    """Serve a file system until interrupted.

    The MGS is at the first address, the MDS at the next, the OSTs from the 15th behind it on, all on the same port: on
    loopback 127.0.0.1, 127.0.0.2 and from 127.0.0.16 on. A client asks the MGS for the configuration "lustre-client". A
    client whose own NID is 127.0.0.1 takes the MGS there for itself: listen elsewhere, as at 127.0.1.1.
    """
    _playable(dialect)
    try:
        first = int(ipaddress.IPv4Address(listen))
    except ValueError:
        raise click.UsageError(f"no IPv4 address: {listen!r}") from None
    begin = parse_nid(nid) if nid is not None else TCP | first
    assert isinstance(begin, int)
    options: dict[str, Any] = {
        "nids": (begin, begin + 1, begin + 15), "pair": pair,
        "hardware": Hardware(capacity=memory * (1 << 19) // osts),
        "limits": attrs.evolve(DEFAULT, clients=clients_max, inodes=memory * 512),
    }  # fmt: skip
    with _recorder(pcap) as tap, _log(log) as note:
        system = partial(
            TcpSystem, dialect, port, osts=osts, tap=tap, keep=False, make=Served,
            address=lambda nid: str(ipaddress.IPv4Address(first + nid - begin)), **options,
        )  # fmt: skip
        asyncio.run(_serve(system, state, control or (state / "control" if state is not None else None), note, seconds))
    return 0


async def _serve(
    make: Callable[[], TcpSystem], state: Path | None, control: Path | None, note: Callable[[str], None],
    seconds: float | None,
) -> None:  # fmt: skip
    system = make()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: note(f"fault {context.get('exception') or context['message']!r}"))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    for node in [*system.system.servers, *system.system.partners.values()]:
        node.told = partial(_noted, note, node)
    if isinstance(system.system, Served):
        system.system.note = note
    for node in system.system.servers if state is not None else ():
        node.store = DiskStore(state / node.uuid.decode())  # type: ignore[operator]
        if node.nid in system.system.partners:
            system.system.partners[node.nid].store = node.store
    listener = None
    try:
        await system.start()
        for node in system.system.servers:
            say(f"{node.uuid.decode()} at {nid_str(node.nid)} port {system.port}")
        if control is not None:
            listener = await control_socket.listen(UpgradeControl(system), control)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), seconds)
    finally:
        if listener is not None and control is not None:
            listener.close()
            control.unlink(missing_ok=True)
        for node in system.system.servers:
            if node.target is not None:
                node.target.commit()
        await system.stop()


def _noted(note: Callable[[str], None], node: ServerNode, event: TargetEvent) -> None:
    """A line for what people want to know of: who comes and goes, recovery, and what is not served."""
    if event.kind in ("connected", "evicted", "left", "recovered", "forgotten", "unserved"):
        said = event.detail if isinstance(event.detail, list) else [event.detail] if event.detail else []
        names_ = " ".join(uuid.decode(errors="backslashreplace") for uuid in said)
        why = f": {event.why}" if event.why else ""
        note(f"{node.uuid.decode()} {event.kind} {shown(names_)}".rstrip() + why)


@contextlib.contextmanager
def _log(path: Path | None) -> Iterator[Callable[[str], None]]:
    """Where lines are noted, each with the time; nowhere without a path, but faults, which go to standard error."""
    if path is None:
        yield lambda line: complain(line) if line.startswith("fault") else None
        return
    with path.open("a", encoding="utf-8", buffering=1) as stream:
        yield lambda line: stream.writelines((time.strftime("%Y-%m-%dT%H:%M:%S "), line, "\n"))


@command.command(
    context_settings={"ignore_unknown_options": True},  # they are words of the command
    epilog=examples("""
        lustre-wire testbed ctl state/control status
        lustre-wire testbed ctl state/control restart mds
        lustre-wire testbed ctl state/control upgrade mds --to 2.0 --policy simplified
    """),
)
@click.argument("socket", type=click.Path(path_type=Path))
@click.argument("words", metavar="COMMAND [ARGUMENT]...", nargs=-1, required=True)
@json_option
def ctl(socket: Path, words: tuple[str, ...], as_json: bool) -> int:
    """Say what a served file system is doing, or do something to it.

    status | restart SERVER | crash SERVER | start SERVER | fail-over SERVER | evict UUID |
    upgrade SERVER --to DIALECT [--policy POLICY] | pause SERVER | resume SERVER | drop SERVER (its next reply).
    Servers are mgs, mds, ost0, ost1 ...; policies those of "lustre-wire upgrade", shipped unless told otherwise.
    """
    try:
        rows = control_socket.ask(socket, " ".join(words))
    except (OSError, TimeoutError) as error:
        raise WireError(f"nobody listens: {error.strerror or error}", path=str(socket)) from None
    if as_json:
        for row in rows:
            print_json(row)
    elif words[0] == "status":
        _show_status(rows)
    else:
        print_table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])
    return 0


def _show_status(rows: list[dict[str, Any]]) -> None:
    servers, clients = [r for r in rows if "client" not in r], [r for r in rows if "client" in r]
    heads = ["server", "nid", "dialect", "state", "exports", "locks", "opens", "transno", "committed"]
    print_table(heads, [[str(row.get(head, "")) for head in heads] for row in servers])
    if clients:
        heads = ["server", "client", "nid", "connected", "locks", "opens", "requests"]
        print_table(heads, [[str(row.get(head, "")) for head in heads] for row in clients])


@command.command(
    epilog=examples("""
        lustre-wire testbed run --dialect 1.8
        lustre-wire testbed run quiet --dialect 2.0 --tcp --pcap out.pcap
    """)
)
@click.argument("name", metavar="[EXERCISE]", default="default")
@click.option("--dialect", type=DIALECT, required=True, help="What client and servers speak.")
@click.option("--tcp", is_flag=True, help="Over TCP on loopback instead of in the simulator.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="For --tcp.")
@click.option("--pcap", type=click.Path(dir_okay=False, path_type=Path), help="Write what --tcp sends to this capture.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulator.")
@json_option
def run(name: str, dialect: Dialect, tcp: bool, port: int, pcap: Path | None, seed: int, as_json: bool) -> int:
    """Play an exercise and say how each step went; "default" is every operation once, with a restart of the MDS."""
    _playable(dialect)
    exercise(name)
    if pcap is not None and not tcp:
        raise click.UsageError("--pcap needs --tcp")
    try:
        outcome = _over_tcp(name, dialect, port, pcap) if tcp else simulate(name, dialect, seed)
    except Stuck as error:
        raise WireError(f"the exercise came to no end: {error}") from None
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
