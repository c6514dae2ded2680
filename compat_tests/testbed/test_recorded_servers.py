"""Our servers of 2.17 answer a recorded client as the recorded servers did (fixtures/captures)."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
from collections import Counter
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.ports import free_port
from compat_tests.testbed.realservers import Compared, asking, play, restarted
from lustre_wire.recovery.exports import Answer
from lustre_wire.testbed.mds.service import Metadata
from lustre_wire.testbed.packing import Personality, packer
from lustre_wire.testbed.tcp import TcpNode
from lustre_wire.testbed.tcp_system import TcpSystem

#: What is played: the mount of one capture goes before the namespace operations of the other.
MOUNTED, WHOLE = ("04-client-mount", "05-namespace"), ("00-complete-session-from-mkfs",)

_ONE_MDT = "on MDT0001, or with a parent on another MDT, when it was recorded: here there is one, and it has everything"
_DISK = "flags that the recorded disk gave: directories of many entries are indexed there"
_VERSION = "a directory that MDT0001 made had no version on MDT0000"

#: Where answers differ: by format and what differs, how often in `MOUNTED` and in `WHOLE`, and why.
DIFFERENT: dict[tuple[str, str], tuple[int, int, str]] = {
    ("LDLM_ENQUEUE/INTENT_GETATTR", "inode flags"): (4, 0, _DISK),
    ("LDLM_ENQUEUE/INTENT_GETATTR", "lock bits"): (2, 5, _ONE_MDT),
    ("LDLM_ENQUEUE/INTENT_GETATTR", "mode"): (1, 0, _ONE_MDT),
    ("LDLM_ENQUEUE/INTENT_GETATTR", "valid"): (1, 0, _ONE_MDT),
    ("LDLM_ENQUEUE/INTENT_LOOKUP", "lock bits"): (0, 2, _ONE_MDT),
    ("LDLM_ENQUEUE/INTENT_LOOKUP", "mode"): (0, 1, _ONE_MDT),
    ("LDLM_ENQUEUE/INTENT_LOOKUP", "sizes"): (0, 1, _ONE_MDT),
    ("LDLM_ENQUEUE/INTENT_LOOKUP", "valid"): (0, 1, _ONE_MDT),
    ("LDLM_ENQUEUE/INTENT_OPEN", "inode flags"): (4, 0, _DISK),
    ("MDS_DISCONNECT", "transno"): (0, 1, "a client's slot is freed without a transaction here"),
    ("MDS_REINT/CREATE", "versions"): (1, 0, _VERSION),
    ("MDS_REINT/UNLINK", "versions"): (2, 0, f"{_VERSION}; and a refused unlink says no versions here"),
}

#: Requests that are answered with -EOPNOTSUPP, by format.
NOT_SERVED: tuple[dict[str, int], dict[str, int]] = ({}, {})
#: Requests that are not asked: about a connection to MDT0001.
NOT_ASKED = ({"MDS_CONNECT": 1}, {"MDS_CONNECT": 1, "MDS_DISCONNECT": 1, "OBD_PING": 1})
#: How many answers are compared, and how many of them differ in something (docs/testbed.md has both).
COMPARED, UNEQUAL = (1054, 179), (13, 8)


@pytest.fixture(scope="module")
def played() -> tuple[Compared, Compared]:
    (one, left), (two, left_too) = play(*MOUNTED), play(*WHOLE)
    assert (left, left_too) == NOT_ASKED
    return one, two


def different(client: Compared) -> Counter[tuple[str, str]]:
    return Counter((found.format, found.what) for found in client.differences)


@pytest.mark.parametrize("which", [0, 1], ids=["mounted", "whole"])
def test_answers_are_the_recorded_ones_but_for_what_is_listed(played: tuple[Compared, Compared], which: int) -> None:
    client = played[which]
    assert client.done and sum(client.compared.values()) == COMPARED[which]
    assert client.unequal == UNEQUAL[which]
    assert client.refused == NOT_SERVED[which]
    assert different(client) == {key: counts[which] for key, counts in DIFFERENT.items() if counts[which]}


@pytest.mark.parametrize("which", [0, 1], ids=["mounted", "whole"])
def test_receivers_believe_the_answers(played: tuple[Compared, Compared], which: int) -> None:
    """The recorded log is longer than ours, as it has MDT0001, and the client asks for a record we do not have."""
    wrong = [complaint for complaint in played[which].wrong if "no record 35" not in complaint]
    assert wrong == [] and len(played[which].wrong) == 1


#: The same of the client whose MDT is restarted, and of how many answers; those to its mount are among them.
AFTER_RESTART: dict[tuple[str, str], tuple[int, str]] = {
    ("MGS_CONNECT", "op_flags"): (1, "the recorded MGS knew it: it had answered a connect before this one"),
    ("LDLM_CANCEL", "status"): (2, "of locks that were taken before the capture begins"),
}
COMPARED_THEN, UNEQUAL_THEN = 102, 3


def test_a_recorded_client_recovers_its_open_files_and_locks() -> None:
    """Files that were made before are put on the disk of the MDT; it replays opens and file locks, and goes on."""
    client = restarted()
    assert client.done and client.refused == {}
    assert (sum(client.compared.values()), client.unequal) == (COMPARED_THEN, UNEQUAL_THEN)
    assert different(client) == {key: count for key, (count, _) in AFTER_RESTART.items()}
    assert [complaint for complaint in client.wrong if "no record 35" not in complaint] == []
    replays = [s.xid for s in client.steps if s.kind == "ask" and s.message.body.pb_transno]
    assert len(replays) == 5 and all(client.got[xid].transno == client.sent[xid].transno for xid in replays)


def test_the_recorded_client_mounts_over_tcp() -> None:
    client = asyncio.run(over_tcp("04-client-mount"))
    assert client.done and client.unequal == 0 and sum(client.compared.values()) == 26


async def over_tcp(name: str) -> Compared:
    system = TcpSystem(lw.dialect("2.17"), free_port(), osts=2, speed=10.0, keep=False)
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    try:
        await system.start()
        await asyncio.sleep(0.2)
        client, _ = asking(name)
        served = TcpNode(client, system.port, system.clock, listens=False)
        await served.start()
        async with asyncio.timeout(60):
            while not client.done:
                served.changed.clear()
                await served.changed.wait()
        await served.stop()
    finally:
        await system.stop()
    assert faults == []
    return client


def test_the_judge_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """One valid bit less, one more bit in a lock, one flag that is not granted."""
    own = packer(lw.dialect("2.17"))
    personality: Personality = own.personality
    assert personality.locking is not None
    spoiled = dataclasses.replace(
        personality,
        bodies=dataclasses.replace(personality.bodies, always=personality.bodies.always & ~1),
        locking=dataclasses.replace(personality.locking, getattr=personality.locking.getattr | 0x40),
        mgs_supported2=0,
    )
    monkeypatch.setattr(own, "personality", spoiled)
    client, _ = play("04-client-mount")
    found = different(client)
    assert found["MDS_GETATTR", "valid"] == 1 and found["LDLM_ENQUEUE/INTENT_GETATTR", "lock bits"] == 1
    assert found["MGS_CONNECT", "connect flags2"] == 1


def test_the_judge_sees_what_is_wrong_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Metadata, "_batched", lambda self, one, request: Answer(-errno.EBUSY))
    client, _ = play(*WHOLE)
    assert different(client)["MDS_BATCH", "status"] == 2
