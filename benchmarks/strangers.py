"""What strangers cost a served file system: memory while ten thousand connect, say a little, and stay idle or go.

    python -m benchmarks.strangers

prints, for every 2,000 connections, resident MiB, seconds and how many connections each server still has; at the end a
client mounts.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import lustre_wire as lw
from compat_tests.ports import free_port
from compat_tests.testbed.test_tcp import greeted, put
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import MDS_NID, MGS_NID, OST_NID
from lustre_wire.testbed.tcp import address_of
from lustre_wire.testbed.tcp_system import TcpSystem

CONNECTIONS, IDLE, SHOWN = 10_000, 300, 2_000


def resident() -> int:
    """MiB of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 >> 20


async def strangers() -> None:
    system = TcpSystem(lw.dialect("2.0"), free_port(), keep=False)
    await system.start()
    ping = lw.encode(lw.build("2.0", "OBD_PING"))
    there: list[asyncio.StreamWriter] = []
    began = time.monotonic()
    print(f"{0:6} {resident():4} MiB")
    for number in range(1, CONNECTIONS + 1):
        nid = (MGS_NID, MDS_NID, OST_NID)[number % 3]
        own = f"127.0.9.{1 + number % 250}"
        _, writer = await asyncio.open_connection(address_of(nid), system.port, local_addr=(own, 0))
        half = put(nid, 12, bytes(1 << 18), number)[:3000]
        writer.write(greeted(nid) + put(nid, 26, ping, number) * 3 + half)
        there.append(writer)
        if len(there) > IDLE:
            for old in there[: IDLE // 2]:
                old.close()
            del there[: IDLE // 2]
        if not number % SHOWN:
            left = [len(server.connections) for server in system.servers.values()]
            print(f"{number:6} {resident():4} MiB {time.monotonic() - began:6.1f} s {left}")
    client = await system.client(5)
    node = client.node
    assert isinstance(node, ClientNode)
    task = await system.do(client, node.mount())
    print("mounted" if task.error is None else f"not mounted: {task.error}", f"{resident()} MiB")
    for writer in there:
        writer.close()
    await asyncio.sleep(0.1)
    await system.stop()


if __name__ == "__main__":
    asyncio.run(strangers())
