"""The testbed over TCP: the same messages as in the simulator, readable by tshark, and not to be stopped by anybody."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests import recorded
from compat_tests.ports import free_port
from compat_tests.testbed.modes import READ, WRITE
from lustre_wire.engines import record
from lustre_wire.frames import lnet
from lustre_wire.frames.connection import SocklndConnection
from lustre_wire.frames.events import Hello
from lustre_wire.frames.lnet import LnetMsgType
from lustre_wire.frames.lnet_large import LnetPingFeature
from lustre_wire.frames.nid import nid_str
from lustre_wire.recovery.names import names
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.exercises import over_tcp, sequence, simulate
from lustre_wire.testbed.file_system import CLIENT_NID, MDS_NID, MGS_NID, OST_NID
from lustre_wire.testbed.tcp import address_of
from lustre_wire.testbed.tcp_system import TcpSystem

DIALECTS = ["1.8", "2.0"]


@pytest.mark.parametrize("dialect", [*DIALECTS, "2.17"])
def test_tcp_and_simulator_give_the_same_message_sequence(dialect: str) -> None:
    found = lw.dialect(dialect)
    simulated = simulate("default", found)
    real = asyncio.run(over_tcp("default", found, free_port(), speed=4.0))
    assert simulated.failed == real.failed == []
    wanted = sequence(simulated, client=CLIENT_NID)
    assert len(wanted) > 100 and sequence(real, client=CLIENT_NID) == wanted
    assert [r for n, r in simulated.steps if n in ("readdir", "read")] == [
        r for n, r in real.steps if n in ("readdir", "read")
    ]


class Served:
    """A served file system with a well-behaved client, a victim whose handles are known, and what a stranger may do.

    Whoever knows a client's handle can speak for that client: Lustre has no other proof. The others must not suffer.
    """

    def __init__(self, dialect: str) -> None:
        self.port = free_port()
        self.system = TcpSystem(lw.dialect(dialect), self.port, speed=5.0)
        self.number = 0

    async def __aenter__(self) -> Served:
        self.faults: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.faults.append(context))
        try:
            await self._begin()
        except BaseException:
            await self.system.stop()
            raise
        return self

    async def _begin(self) -> None:
        await self.system.start()
        self.client = await self.system.client(5)
        self.node: ClientNode = self.client.node  # type: ignore[assignment]
        await self.works()
        victim = await self.system.client(7)
        self.victim: ClientNode = victim.node  # type: ignore[assignment]
        task = await self.system.do(victim, self.victim.mount())
        assert task.error is None

    async def __aexit__(self, *_: object) -> None:
        await self.system.stop()
        assert self.faults == []

    async def works(self) -> None:
        """The client can do what it wants, and so can a new one."""
        k = names(self.system.system.dialect)
        if not self.node.mdc:
            await self._do(self.node.mount())
        self.number += 1
        path = f"/file{self.number}"
        handle = await self._do(self.node.open(path, k.MDS_OPEN_CREAT | WRITE | READ))
        await self._do(self.node.write(handle, 0, b"fine"))
        assert await self._do(self.node.read(handle, 0, 4)) == b"fine"
        await self._do(self.node.close(handle))

    async def _do(self, steps: Any) -> Any:
        task = await self.system.do(self.client, steps, limit=20)
        assert task.error is None, task.error
        return task.result

    async def stranger(self, nid: int = MDS_NID) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(address_of(nid), self.port, local_addr=("127.0.9.9", 0))

    async def say(self, data: bytes, nid: int = MDS_NID) -> None:
        """Send bytes on a connection of its own, and let them be read."""
        _, writer = await self.stranger(nid)
        writer.write(data)
        try:
            await writer.drain()
            await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        writer.close()


@pytest.mark.parametrize("turns", range(8))
def test_a_stopped_node_has_no_connections(turns: int) -> None:
    """However far one had come that it was about to accept."""

    async def play() -> None:
        system = TcpSystem(lw.dialect("2.0"), free_port(), keep=False)
        server = system.servers[MDS_NID]
        await server.start()
        with socket.create_connection((address_of(MDS_NID), system.port)):
            for _ in range(turns):
                await asyncio.sleep(0)
            await server.stop()
            for _ in range(8):
                await asyncio.sleep(0)
            assert server.connections == {}

    asyncio.run(play())


def test_a_peer_that_is_cut_off_before_a_connection_to_it_was_begun_is_connected_to_later() -> None:
    async def play() -> None:
        system = TcpSystem(lw.dialect("2.0"), free_port(), speed=10.0, keep=False)
        await system.start()
        try:
            client = await system.client(5)
            node = client.node
            assert isinstance(node, ClientNode)
            node.do(node.mount(), system.clock.now())
            client.flush()
            client.fall_silent(MGS_NID)
            client.speak_again(MGS_NID)
            task = await system.do(client, node.mount(), limit=20)
            assert task.error is None
        finally:
            await system.stop()

    asyncio.run(play())


def greeted(nid: int) -> bytes:
    me = int.from_bytes(bytes([127, 0, 9, 9]), "big") | 2 << 48
    return SocklndConnection(me).start_active(nid)


def put(nid: int, portal: int, data: bytes, xid: int) -> bytes:
    from lustre_wire.frames.events import encode_message

    me = int.from_bytes(bytes([127, 0, 9, 9]), "big") | 2 << 48
    header = lnet.LnetHdr(nid, me, type=LnetMsgType.LNET_MSG_PUT)
    header.msg.put = lnet.LnetPut(lnet.LnetHandleWire(), xid, 0, portal, 0)
    return encode_message(header, data, version=3)


def test_a_node_that_discovers_a_server_gets_its_interfaces() -> None:
    """The loopback first: without it, lnet_ping_info_validate takes the answer for none."""

    async def ping() -> tuple[list[int], int]:
        async with Served("2.17") as served:
            reader, writer = await served.stranger(MGS_NID)
            me = int.from_bytes(bytes([127, 0, 9, 9]), "big") | 2 << 48
            connection = SocklndConnection(me)
            writer.write(connection.start_active(MGS_NID))
            while not any(isinstance(event, Hello) for event in connection.feed(await reader.read(4096))):
                pass
            writer.write(connection.send(lnet.ping_request(me, MGS_NID, lnet.LnetHandleWire(1, 2)), b""))
            async with asyncio.timeout(10):
                events = connection.feed(await reader.read(4096))
            writer.close()
            info = record.unpack(lnet.LnetPingInfo, events[0].payload)
            return [each.ns_nid for each in info.pi_ni], info.pi_version

    nids, features = asyncio.run(ping())
    assert [nid_str(nid) for nid in nids] == ["0@lo", nid_str(MGS_NID)]
    assert features == LnetPingFeature.LNET_PING_FEAT_NI_STATUS, "no Multi-Rail: nobody pushes anything here"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_random_bytes_and_broken_frames_stop_nobody(dialect: str) -> None:
    async def attack() -> None:
        rng = random.Random(5)
        async with Served(dialect) as served:
            for nid in (MGS_NID, MDS_NID, OST_NID):
                for size in (1, 16, 72, 4000):
                    await served.say(rng.randbytes(size), nid)
                    await served.say(greeted(nid) + rng.randbytes(size), nid)
                    await served.say(greeted(nid)[: rng.randrange(1, 70)], nid)
                oversized = bytearray(put(nid, 12, b"", 1))
                oversized[24 + 28 : 24 + 32] = (0xFFFFFFFF).to_bytes(4, "little")
                await served.say(greeted(nid) + bytes(oversized), nid)
                await served.say(greeted(nid) + put(nid, 12, bytes(1 << 20), 1), nid)
            await served.works()

    asyncio.run(attack())


def _own_requests(dialect: str) -> Iterator[tuple[int, int, bytes]]:
    """Requests of a real run with their handles: what gets as far as the services."""
    outcome = simulate("default", lw.dialect(dialect))
    for exchange in outcome.trace.exchanges(outcome.dialects):
        if exchange.is_request and exchange.client == CLIENT_NID:
            yield exchange.server, exchange.sent.packet.portal, exchange.sent.packet.data


@pytest.mark.parametrize("dialect", DIALECTS)
def test_mutated_messages_stop_nobody(dialect: str) -> None:
    async def attack() -> None:
        rng = random.Random(6)
        async with Served(dialect) as served:
            handles = {nid: _handle_of(served, nid) for nid in (MGS_NID, MDS_NID, OST_NID)}
            corpus = [(MDS_NID, 12, m.data) for m in recorded.messages() if m.direction == "request"]
            corpus += list(_own_requests(dialect))
            batches: dict[int, list[bytes]] = {MGS_NID: [], MDS_NID: [], OST_NID: []}
            for number in range(1500):
                nid, portal, data = rng.choice(corpus)
                batches[nid].append(put(nid, portal, _mutated(rng, data, handles[nid]), 1 << 40 | number))
            for nid, messages in batches.items():
                for start in range(0, len(messages), 50):
                    await served.say(greeted(nid) + b"".join(messages[start : start + 50]), nid)
            await served.works()

    asyncio.run(attack())


def _handle_of(served: Served, nid: int) -> int:
    """The victim's handle at a server."""
    exports = served.system.servers[nid].node.target.exports  # type: ignore[attr-defined]
    return next(e.cookie for e in exports.values() if e.uuid[:8] == served.victim.uuid[:8])


def _mutated(rng: random.Random, data: bytes, handle: int) -> bytes:
    out = bytearray(data)
    if rng.random() < 0.8 and len(out) > 60:
        at = 32 + 4 * (int.from_bytes(out[:4], "little") % 16)
        at += at & 4
        out[at : at + 8] = handle.to_bytes(8, "little")
    for _ in range(rng.choice([0, 1, 2, 5])):
        place = rng.randrange(len(out))
        kind = rng.randrange(4)
        if kind == 0:
            out[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[place : place + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
        elif kind == 2:
            del out[place:]
        else:
            out[place : place + 8] = rng.randbytes(8)
        if not out:
            break
    return bytes(out)


def test_half_open_and_a_thousand_connections_stop_nobody() -> None:
    async def attack() -> None:
        async with Served("2.0") as served:
            open_ones = []
            for number in range(1000):
                nid = (MGS_NID, MDS_NID, OST_NID)[number % 3]
                reader, writer = await served.stranger(nid)
                if number % 2:
                    writer.write(greeted(nid)[: number % 71])
                open_ones.append((reader, writer))
            await served.works()
            for _, writer in open_ones:
                writer.close()
            await asyncio.sleep(0.05)
            await served.works()

    asyncio.run(attack())


def test_a_second_client_mounts_while_a_peer_reads_nothing_of_what_it_is_sent() -> None:
    async def attack() -> None:
        async with Served("2.0") as served:
            _, writer = await served.stranger(MGS_NID)
            writer.write(greeted(MGS_NID))
            ping = lw.build("2.0", "OBD_PING")
            for number in range(2000):
                writer.write(put(MGS_NID, 26, lw.encode(ping), number))
            await served.works()
            other = await served.system.client(1)
            node: ClientNode = other.node  # type: ignore[assignment]
            task = await served.system.do(other, node.mount())
            assert task.error is None
            writer.close()

    asyncio.run(attack())
