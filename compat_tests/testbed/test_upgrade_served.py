"""A served file system is upgraded while clients are mounted: what each policy does to those that know no barrier.

The recorded client is 1.8.9, to which the MDS was restarted (`rec189_18`): it made a directory and a file it has open,
is idle, finds out by a ping, connects again, and replays three requests in the form of 1.8. What it makes of the answer
to its connect is in `ptlrpc_connect_interpret`.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.ports import free_port
from compat_tests.testbed.realclients import CLIENT, RealClient, Step, captured, conversations
from compat_tests.testbed.test_instrument import Commanded, settled
from lustre_wire.errors import WireError
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.names import names
from lustre_wire.testbed.file_system import CLIENT_NID, FSNAME, TCP
from lustre_wire.testbed.tcp import TcpNode
from lustre_wire.testbed.tcp_system import TcpSystem
from lustre_wire.upgrade.evidence.journal import Journal
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.served import Served, UpgradeControl

#: From when to when the recorded client is idle, and when it has replayed.
IDLE, REPLAYED = 3.0, 5.0
MDS = 2
K = names(lw.dialect("1.8"))


class Idle(RealClient):
    """A recorded client that says nothing after `until` seconds of its recording, before it is told to go on."""

    until = IDLE

    @property
    def idle(self) -> bool:
        return self.at < len(self.steps) and self.steps[self.at].time > self.until

    def next_deadline(self) -> float | None:
        return None if self.idle else super().next_deadline()

    def _go_on(self, now: float) -> None:
        if not self.idle:
            super()._go_on(now)

    def go_on(self, now: float, until: float = REPLAYED) -> None:
        self.until, self.began = until, now - self.steps[self.at].time
        self.tick(now)

    def to_mds(self, name: str) -> list[lw.Message]:
        """The answers to its requests of a name, of those it made since it was idle."""
        steps = [step for step in self.steps if step.kind == "ask" and step.time > IDLE and step.server & 0xFF == MDS]
        return [self.got[step.xid] for step in steps if step.message.name.startswith(name) and step.xid in self.got]


class Recorded:
    """A served file system and the recorded client, which is idle."""

    def __init__(self, keep: Callable[[Step], bool] = lambda step: True) -> None:
        self.system = TcpSystem(lw.dialect("1.8"), free_port(), speed=20.0, make=Served)
        self.control = UpgradeControl(self.system)
        (steps,) = conversations("rec189_18", "1.8")
        kept, left_out = [], set[int]()
        for step in steps:  # a replay has the xid of the request it replays
            if step.kind == "ask":
                asks = step.time < IDLE or (step.time < REPLAYED and keep(step))
                (left_out.discard if asks else left_out.add)(step.xid)
            if step.xid not in left_out:
                kept.append(step)
        self.client = Idle(TCP | CLIENT, kept, lw.dialect("1.8"), captured("rec189_18", "1.8"))

    async def __aenter__(self) -> Recorded:
        self.tcp = TcpNode(self.client, self.system.port, self.system.clock, listens=False)
        try:
            await self._begin()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def _begin(self) -> None:
        await self.system.start()
        await asyncio.sleep(0.2)
        await self.tcp.start()
        await self.until(lambda: self.client.idle)
        assert self.client.wrong == [] and self.client.statuses == []

    async def _end(self) -> None:
        await self.tcp.stop()
        await self.system.stop()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.01)

    async def goes_on(self) -> None:
        """It finds out, and does what it did when it was recorded."""
        await self.until(lambda: self.system.system.mds.target is not None and self.system.system.mds.target.accepting)
        self.client.go_on(self.system.clock.now())
        self.tcp.flush()
        await self.until(lambda: self.client.done)

    @property
    def evicted(self) -> list[Any]:
        mds = self.system.system.mds
        return [event for event in mds.events if event.kind == "evicted"]

    def inodes(self) -> int:
        return len(list(self.system.system.mds.store.items("inode")))


def new_client(step: Step) -> bool:
    """What a client does that was told by its connect that it is evicted: it replays nothing."""
    return not step.message.transno and not step.message.body.pb_flags


@pytest.mark.parametrize("how", ["shipped", "simplified"])
def test_a_client_that_is_not_expected_learns_from_its_connect_that_it_is_evicted(how: str) -> None:
    async def play() -> None:
        async with Recorded(new_client) as fs:
            made, began = fs.inodes(), fs.system.clock.now()
            (done,) = await fs.control.do(f"upgrade mds --to 2.0 --policy {how}")
            assert (done["from"], done["to"], done["policy"]) == ("1.8", "2.0", how)
            waited = fs.system.clock.now() - began
            assert (waited >= CALLBACK_TIMEOUT) == (how == "simplified")
            assert len(fs.evicted) == (how == "simplified"), "shipped forgets it with its slot"
            await fs.goes_on()
            assert [reply.status for reply in fs.client.to_mds("OBD_PING")] == [-errno.ENOTCONN]
            (reply,) = fs.client.to_mds("MDS_CONNECT")
            assert reply.status == 0
            assert reply.body.pb_op_flags == K.MSG_CONNECT_REPLAYABLE, "neither RECONNECT nor RECOVERING"
            assert reply.buffers.connect_data.ocd_connect_flags & K.OBD_CONNECT_FID, "it goes on with FIDs"
            assert fs.client.wrong == [] and fs.inodes() == made

    asyncio.run(play())


@pytest.mark.parametrize("opens_only", [False, True], ids=["all of it", "its open"])
def test_reformat_expects_a_client_and_evicts_it_when_it_replays_in_its_own_form(opens_only: bool) -> None:
    """An answer without a body to a replayed open would stop a kernel client in `mdc_replay_open`; an ERR of -ENOTCONN
    makes it connect again, and find out that it is evicted."""

    def keep(step: Step) -> bool:
        return not opens_only or not step.message.name.startswith("MDS_REINT")

    async def play() -> None:
        async with Recorded(keep) as fs:
            made = fs.inodes()
            await fs.control.do("upgrade mds --to 2.0 --policy reformat")
            assert fs.evicted == [] and fs.inodes() == made
            await fs.goes_on()
            (reply,) = fs.client.to_mds("MDS_CONNECT")
            expected = K.MSG_CONNECT_REPLAYABLE | K.MSG_CONNECT_RECOVERING
            assert reply.status == 0 and reply.body.pb_op_flags == expected
            first = fs.client.to_mds("LDLM_ENQUEUE" if opens_only else "MDS_REINT")[0]
            assert (first.body.pb_type, first.status) == (K.PTL_RPC_MSG_ERR, -errno.ENOTCONN)
            assert len(fs.evicted) == 1 and fs.client.wrong == [] and fs.inodes() == made

    asyncio.run(play())


def test_reformat_keeps_a_client_that_has_nothing_to_replay() -> None:
    """It has pinged while the MDS committed before each answer, and has nothing open."""

    async def play() -> None:
        async with Recorded(lambda step: not step.message.transno) as fs:
            await fs.control.do("upgrade mds --to 2.0 --policy reformat")
            await fs.goes_on()
            (reply,) = fs.client.to_mds("MDS_CONNECT")
            assert reply.body.pb_op_flags & K.MSG_CONNECT_RECOVERING
            assert [ping.status for ping in fs.client.to_mds("OBD_PING")] == [-errno.ENOTCONN, 0]
            assert fs.evicted == [] and fs.client.wrong == []
            target = fs.system.system.mds.target
            assert target is not None and not target.recovering and len(target.exports) == 1

    asyncio.run(play())


def test_simplified_serves_a_client_until_it_is_evicted_and_lets_no_other_in() -> None:
    async def play() -> None:
        async with Recorded(new_client) as fs:
            stop = asyncio.ensure_future(fs.control.do("upgrade mds --to 2.0 --policy simplified"))
            await asyncio.sleep(10 / fs.system.clock.speed)
            rows = await fs.control.do("status")
            assert next(r for r in rows if r["server"] == "mds" and "client" not in r)["state"] == "revoking"
            with pytest.raises(WireError, match="being upgraded already"):
                await fs.control.do("upgrade mds --to 2.0")
            await fs.goes_on()
            pings = fs.client.to_mds("OBD_PING")
            assert [ping.status for ping in pings] == [0], "it is served"
            (again,) = fs.client.to_mds("MDS_CONNECT")
            assert again.status == 0 and again.body.pb_op_flags & K.MSG_CONNECT_RECONNECT
            steps = [s for s in conversations("ck189_18", "1.8")[0] if s.message.name == "MDS_CONNECT"]
            other = RealClient(TCP | CLIENT + 1, steps, lw.dialect("1.8"), captured("ck189_18", "1.8"))
            tcp = TcpNode(other, fs.system.port, fs.system.clock, listens=False)
            await tcp.start()
            await fs.until(lambda: other.done)
            assert other.statuses == [("MDS_CONNECT", 0, -errno.EBUSY)] and other.wrong == []
            await tcp.stop()
            await stop

    asyncio.run(play())


# -- a client that goes on -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["shipped", "simplified", "reformat"])
def test_what_was_done_is_there_after_the_upgrade(how: str) -> None:
    """The testbed's own client, which knows no barrier either: what was answered is there, its open file is not."""

    async def play() -> None:
        async with Commanded("1.8") as fs:
            fs.node.dialects = (lw.dialect("1.8"), lw.dialect("2.0"))
            await fs.do(fs.node.unmount())
            await fs.do(fs.node.mount())
            file = await fs.do(fs.node.open("/old", fs.k.MDS_OPEN_CREAT | fs.k.FMODE_WRITE | fs.k.FMODE_READ))
            await fs.do(fs.node.write(file, 0, b"old bytes"))
            await fs.do(fs.node.mkdir("/old directory"))
            await fs.control.do(f"upgrade mds --to 2.0 --policy {how}")
            await settled(fs)
            assert fs.node.files[file].dead and fs.node.mdc is not None and fs.node.mdc.dialect.name == "2.0"
            file = await fs.do(fs.node.open("/old", fs.k.FMODE_READ))
            assert await fs.do(fs.node.read(file, 0, 9)) == b"old bytes"
            assert b"old directory" in await fs.do(fs.node.readdir("/"))
            await fs.control.do(f"upgrade ost0 --to 2.0 --policy {how}")
            await settled(fs)
            assert await fs.do(fs.node.read(await fs.do(fs.node.open("/old", fs.k.FMODE_READ)), 0, 9)) == b"old bytes"
            await fs.do(fs.node.open("/new", fs.k.MDS_OPEN_CREAT | fs.k.FMODE_WRITE))

    asyncio.run(play())


def test_a_client_that_knows_the_barrier_keeps_its_open_file() -> None:
    async def play() -> None:
        system = TcpSystem(lw.dialect("1.8"), free_port(), speed=20.0, keep=False, make=Served)
        control, how = UpgradeControl(system), policy("simplified")
        await system.start()
        client = UpgradeClient(
            CLIENT_NID, b"00000009-6c75-7374-7265-746573746264", (lw.dialect("1.8"), lw.dialect("2.0")),
            [system.system.mgs.nid], FSNAME, 9, policy=how, journal=Journal(quiet=True),
        )  # fmt: skip
        tcp = TcpNode(client, system.port, system.clock, listens=False)
        await tcp.start()

        async def do(name: str, *arguments: Any) -> Any:
            client.now = system.clock.now()
            task = client.perform(name, *arguments)
            tcp.flush()
            async with asyncio.timeout(30):
                while not task.done:
                    tcp.changed.clear()
                    await tcp.changed.wait()
            if task.error is not None:
                raise task.error
            return task.result

        await system.do(tcp, client.mount())
        k = names(system.system.dialect)
        file = await do("open", "/kept", k.MDS_OPEN_CREAT | k.FMODE_WRITE | k.FMODE_READ)
        await do("write", file, 0, b"kept")
        began = system.clock.now()
        await control.do("upgrade mds --to 2.0 --policy simplified")
        assert system.clock.now() - began < CALLBACK_TIMEOUT, "it gives its lock back at once"
        assert await do("read", file, 0, 4) == b"kept"
        await do("close", file)
        assert client.mdc is not None and client.mdc.dialect.name == "2.0" and client.journal.evicted == []
        began = system.clock.now()
        await control.do("upgrade ost0 --to 2.0 --policy simplified")
        assert system.clock.now() - began < CALLBACK_TIMEOUT, "nor has the MDS to be waited for"
        await do("open", "/new", k.MDS_OPEN_CREAT | k.FMODE_WRITE)
        await tcp.stop()
        await system.stop()

    asyncio.run(play())


def test_simplified_starts_no_other_release_on_a_disk_that_was_not_stopped_cleanly() -> None:
    async def play() -> None:
        async with Commanded("1.8") as fs:
            await fs.do(fs.node.mkdir("/there"))
            await fs.control.do("crash mds")
            with pytest.raises(WireError, match="not stopped cleanly"):
                await fs.control.do("upgrade mds --to 2.0 --policy simplified")
            row = await fs.row("mds")
            assert (row["state"], row["dialect"]) == ("down", "1.8")
            await fs.control.do("start mds")
            assert b"there" in await fs.do(fs.node.readdir("/"))

    asyncio.run(play())
