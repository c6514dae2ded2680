"""The recorded real clients are served to their end, and believe every answer (fixtures/real-clients)."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.ports import free_port
from compat_tests.testbed.realclients import CLIENT, RealClient, captured, conversations
from lustre_wire.recovery.store import Store
from lustre_wire.testbed import checksums
from lustre_wire.testbed.file_system import TCP, Simulated
from lustre_wire.testbed.ost import Objects
from lustre_wire.testbed.tcp import TcpNode
from lustre_wire.testbed.tcp_system import TcpSystem

#: Capture, dialect, and seconds after which the MDS was restarted, or every server replaced, as it was recorded.
CAPTURES: list[tuple[str, str, float, bool]] = [
    ("ck189_18", "1.8", 0, False),
    ("ck200_20", "2.0", 0, False),
    ("cob", "1.8", 0, False),
    ("early189", "1.8", 0, False),
    ("flk2venv0", "1.8", 0, False),
    ("flk2venv", "1.8", 0, False),
    ("k200_20", "2.0", 0, False),
    ("kill189_18", "1.8", 2.5, True),
    ("r189_18b", "1.8", 0, False),
    ("rec189_18", "1.8", 2.8, False),
    ("rec200_20", "2.0", 2.5, False),
]

#: Answers whose status is another than the recorded one, and why.
DIFFERENT: dict[tuple[str, str], str] = {
    ("r189_18b", "OST_READ"): "recorded with status 0 (D1)",
    (
        "kill189_18",
        "OST_READ",
    ): "recorded with zeroes up to the length asked for, though the new server's object is empty",
    ("r189_18b", "LDLM_CANCEL"): "the lock had LDLM_FL_CANCEL_ON_BLOCK, which was ignored (D3): it is gone already",
    ("k200_20", "LDLM_CANCEL"): "the lock had LDLM_FL_CANCEL_ON_BLOCK, which was ignored (D3): it is gone already",
    ("cob", "LDLM_CANCEL"): "the lock had LDLM_FL_CANCEL_ON_BLOCK, which was ignored (D3): it is gone already",
}


def clients(name: str, dialect: str) -> list[RealClient]:
    found = enumerate(conversations(name, dialect))
    return [RealClient(TCP | CLIENT + n, steps, lw.dialect(dialect), captured(name, dialect)) for n, steps in found]


def take_down(fs: Simulated, everything: bool) -> None:
    """Crash the MDS, or replace every server by one with an empty disk; back in a moment."""
    for node in fs.system.servers if everything else [fs.system.mds]:
        fs.simulator.crash(node.nid)
        if everything:
            node.store = Store()
        fs.simulator.at(fs.simulator.now + 0.3, lambda nid=node.nid: fs.simulator.start(nid))  # type: ignore[misc]


def verdict(name: str, nodes: list[RealClient]) -> None:
    assert all(node.done for node in nodes) and sum(len(node.steps) for node in nodes) > 50
    assert [wrong for node in nodes for wrong in node.wrong] == []
    differ = Counter(operation for node in nodes for operation, _, _ in node.statuses)
    assert {operation for operation in differ if (name, operation) not in DIFFERENT} == set()
    for node in nodes:
        given_up = [s for s in node.statuses if s[0] == "LDLM_CANCEL"]
        assert all(status == (("LDLM_CANCEL", 0, 116)) for status in given_up)
        assert len(given_up) <= node.callbacks, "only what was taken away after a callback is unknown"


@pytest.mark.parametrize(("name", "dialect", "down", "everything"), CAPTURES, ids=[c[0] for c in CAPTURES])
def test_a_recorded_client_is_served_to_its_end(name: str, dialect: str, down: float, everything: bool) -> None:
    verdict(name, played(name, dialect, down, everything))


def played(name: str, dialect: str, down: float = 0, everything: bool = False) -> list[RealClient]:
    fs = Simulated(dialect, clients=0, mount=False)
    fs.simulator.settle(0.5)
    nodes = clients(name, dialect)
    for node in nodes:
        fs.simulator.add(node)
    if down:
        fs.simulator.at(fs.simulator.now + down, lambda: take_down(fs, everything))
    fs.simulator.run(lambda: all(node.done for node in nodes))
    return nodes


@pytest.mark.parametrize(("name", "dialect"), [("k200_20", "2.0"), ("r189_18b", "1.8"), ("flk2venv", "1.8")])
def test_a_recorded_client_is_served_over_tcp(name: str, dialect: str) -> None:
    nodes = asyncio.run(over_tcp(name, dialect))
    verdict(name, nodes)


async def over_tcp(name: str, dialect: str) -> list[RealClient]:
    system = TcpSystem(lw.dialect(dialect), free_port(), speed=4.0, keep=False)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    try:
        await system.start()
        await asyncio.sleep(0.2)
        nodes = clients(name, dialect)
        served = [TcpNode(node, system.port, system.clock, listens=False) for node in nodes]
        for one in served:
            await one.start()
        async with asyncio.timeout(60):
            for one, node in zip(served, nodes, strict=True):
                while not node.done:
                    one.changed.clear()
                    await one.changed.wait()
        for one in served:
            await one.stop()
    finally:
        await system.stop()
    assert faults == []
    return nodes


def test_the_judge_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faults of which the recorded clients complained, put back one by one."""
    monkeypatch.setattr(checksums, "flag", lambda k, valid, flags: int(k.OBD_FL_CKSUM_ADLER))
    (node,) = played("ck189_18", "1.8")
    assert any("CHECKSUM" in wrong for wrong in node.wrong)
    monkeypatch.undo()
    monkeypatch.setattr(Objects, "_checked", lambda self, asked, result, data: result)
    (node,) = played("ck200_20", "2.0")
    assert any("check_write_checksum" in wrong for wrong in node.wrong)
    assert any("checksum requested but not sent" in wrong for wrong in node.wrong)
