"""How fast the testbed is: requests a second through its MDS, the codecs' share, events of the simulator, memory.

``python -m pytest -s benchmarks/test_testbed.py`` prints the figures; each is also asserted to be above a floor far
below what an idle machine does, so that a collapse is noticed.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import socket
import time
import tracemalloc
from collections.abc import Iterator

import pytest

import lustre_wire as lw
from lustre_wire.recovery.names import names
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.tcp_system import TcpSystem

DIALECTS = ("1.8", "2.0")
REQUESTS = 1500
#: What counts as codec: decoding, encoding, and what the dialect's forms do with a message's values.
CODEC_FILES = (
    "/lustre_wire/rpc.py", "/lustre_wire/message.py", "/lustre_wire/reading.py", "/lustre_wire/engines/",
    "/lustre_wire/frames/", "/lustre_wire/testbed/packing.py", "<lustre_wire",
)  # fmt: skip


def _getattrs(client: ClientNode, count: int) -> Iterator[object]:
    """`count` MDS_GETATTR of the root, one after the other."""
    for _ in range(count):
        yield from client.getattr("/")


def _creates(client: ClientNode, count: int) -> Iterator[object]:
    """`count` directories, each a lookup in no cache and an MDS_REINT."""
    for number in range(count):
        yield from client.mkdir(f"/d{number}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(text: str) -> None:
    print(f"\n  {text}")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_requests_a_second_in_the_simulator(dialect: str) -> None:
    fs = Simulated(dialect)
    client = fs.clients[0]
    for name, steps in (("getattr", _getattrs), ("mkdir", _creates)):
        events, began = fs.simulator.events, time.perf_counter()
        fs.do(steps(client, REQUESTS), client)  # type: ignore[arg-type]
        seconds = time.perf_counter() - began
        _say(
            f"{dialect} {name}: {REQUESTS / seconds:,.0f} requests/s in the simulator, "
            f"{(fs.simulator.events - events) / seconds:,.0f} events/s"
        )
        assert REQUESTS / seconds > 50


@pytest.mark.parametrize("dialect", DIALECTS)
def test_requests_a_second_over_tcp(dialect: str) -> None:
    async def measure() -> float:
        system = TcpSystem(lw.dialect(dialect), _free_port())
        try:
            await system.start()
            client = await system.client()
            node = client.node
            assert isinstance(node, ClientNode)
            await system.do(client, node.mount())
            began = time.perf_counter()
            task = await system.do(client, _getattrs(node, REQUESTS))  # type: ignore[arg-type]
            assert task.error is None
            return time.perf_counter() - began
        finally:
            await system.stop()

    seconds = asyncio.run(measure())
    _say(f"{dialect} getattr: {REQUESTS / seconds:,.0f} requests/s over TCP, client and servers in one process")
    assert REQUESTS / seconds > 50


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_share_of_the_codecs(dialect: str) -> None:
    fs = Simulated(dialect)
    profile = cProfile.Profile()
    profile.enable()
    fs.do(_getattrs(fs.clients[0], 500), fs.clients[0])  # type: ignore[arg-type]
    profile.disable()
    rows = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(row[2] for row in rows.values())
    codec = sum(row[2] for key, row in rows.items() if any(part in key[0] for part in CODEC_FILES))
    _say(f"{dialect} getattr: {codec / total:.0%} of the time in codecs")
    assert 0 < codec < total


@pytest.mark.parametrize("dialect", DIALECTS)
def test_memory_per_client(dialect: str) -> None:
    count = 40
    fs = Simulated(dialect)
    k = names(fs.system.dialect)
    more = [fs.system.client(10 + number) for number in range(count)]
    fs.simulator.trace.packets.clear()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for client in more:
        fs.clients.append(client)
        fs.simulator.add(client)
        fs.do(client.mount(), client)
        fs.do(client.open(f"/f{client.nid}", k.MDS_OPEN_CREAT | k.FMODE_WRITE), client)
        fs.simulator.trace.packets.clear()
    used = (tracemalloc.get_traced_memory()[0] - before) / count
    tracemalloc.stop()
    _say(f"{dialect}: {used / 1024:,.0f} KiB for each client, mounted, with an open file; servers included")
    assert used < 4 << 20
