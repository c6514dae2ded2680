"""The testbed as an instrument: state that outlives its process, and commands while clients are mounted."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.ports import free_port
from compat_tests.testbed.modes import READ, WRITE
from lustre_wire.errors import WireError
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.names import names
from lustre_wire.recovery.store import Store
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.control import ask, listen
from lustre_wire.testbed.diskstore import DiskStore
from lustre_wire.testbed.file_system import TCP, FileSystem
from lustre_wire.testbed.tcp import Clock, TcpNode
from lustre_wire.testbed.tcp_system import TcpSystem
from lustre_wire.upgrade.stage.served import Served, UpgradeControl

PROGRAM = [sys.executable, "-m", "lustre_wire", "testbed"]
FILES = st.sampled_from(["object 1", "object 2", "last_rcvd"])
PLACES = st.integers(0, 9000)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from(["a", ("b", 1)]), st.integers()),
        st.tuples(st.just("delete"), st.sampled_from(["a", ("b", 1)])),
        st.tuples(st.just("write"), FILES, PLACES, st.binary(max_size=40)),
        st.tuples(st.just("truncate"), FILES, PLACES),
        st.tuples(st.just("remove"), FILES),
        st.tuples(st.just("undo")),
        st.tuples(st.just("commit")),
        st.tuples(st.just("crash")),
        st.tuples(st.just("killed")),
    ),
    max_size=30,
)


def everything(store: Store) -> tuple[dict[Any, Any], dict[str, bytes], int]:
    return dict(store._values), {n: bytes(d) for n, d in store._files.items() if d}, store.file_bytes


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_what_is_on_disk_is_what_was_committed(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        disk, memory = DiskStore(Path(folder)), Store()
        for name, *arguments in steps:
            if name == "killed":
                disk.close()
                disk = DiskStore(Path(folder))
                memory.crash()
            elif name == "undo":
                for store in (disk, memory):
                    store.undo_to(store.mark() // 2)
            else:
                for store in (disk, memory):
                    getattr(store, name)(*arguments)
            assert everything(disk) == everything(memory)
        disk.close()


def test_an_object_with_holes_takes_no_room_for_them(tmp_path: Path) -> None:
    disk = DiskStore(tmp_path)
    disk.write("object 5", 32 << 20, b"end")
    disk.commit()
    disk.close()
    assert (tmp_path / "object-5").stat().st_size == (32 << 20) + 3
    assert (tmp_path / "object-5").stat().st_blocks * 512 < 1 << 20


def test_a_state_in_use_or_of_something_else_is_refused(tmp_path: Path) -> None:
    disk = DiskStore(tmp_path)
    disk.set("a", 1)
    disk.commit()
    with pytest.raises(WireError, match="in use"):
        DiskStore(tmp_path)
    disk.close()
    other = tmp_path / "other"
    other.mkdir()
    (other / "state.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(WireError, match="no state"):
        DiskStore(other)


# -- a served file system that is killed ---------------------------------------------------------------------------


@contextmanager
def served(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*PROGRAM, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


class Visitor:
    """A client in this process, in real time."""

    def __init__(self, dialect: str, port: int, first: int) -> None:
        nids = (TCP | first, TCP | first + 1, TCP | first + 15)
        self.node: ClientNode = FileSystem(lw.dialect(dialect), seed=4711, nids=nids).client(3)
        self.served = TcpNode(self.node, port, Clock(5.0), listens=False)

    async def do(self, steps: Any) -> Any:
        task = self.node.do(steps, self.served.clock.now())
        self.served.flush()
        async with asyncio.timeout(60):
            while not task.done:
                self.served.changed.clear()
                await self.served.changed.wait()
        if task.error is not None:
            raise task.error
        return task.result


def test_a_killed_process_comes_back_and_recovers_its_clients(tmp_path: Path) -> None:
    """Both dialects at the same time: most of it is waiting for a client to find out."""
    dialects = ["1.8", "2.0"]
    ports = [free_port() for _ in dialects]
    with ThreadPoolExecutor() as pool:
        list(pool.map(killed_and_back, dialects, ports, [tmp_path / dialect for dialect in dialects]))


def killed_and_back(dialect: str, port: int, tmp_path: Path) -> None:
    tmp_path.mkdir()
    log, k = tmp_path / "log", names(lw.dialect(dialect))
    first = 0x7F000101
    arguments = [
        "--dialect", dialect, "--port", str(port), "--listen", "127.0.1.1", "--state", str(tmp_path / "state"),
        "--log", str(log), "--clients-max", "9", "--memory", "64",
    ]  # fmt: skip

    async def play() -> None:
        visitor = Visitor(dialect, port, first)
        with served(*arguments) as process:
            await visitor.served.start()
            await visitor.do(visitor.node.mount())
            flags = k.MDS_OPEN_CREAT | WRITE | READ
            file = await visitor.do(visitor.node.open("/kept", flags))
            await visitor.do(visitor.node.write(file, 100, b"over the edge"))
            await visitor.do(visitor.node.sync())
            await visitor.do(visitor.node.mkdir("/not on disk"))
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        with served(*arguments) as process:
            assert await visitor.do(visitor.node.read(file, 0, 200)) == bytes(100) + b"over the edge"
            assert sorted(await visitor.do(visitor.node.readdir("/"))) == [b".", b"..", b"kept", b"not on disk"]
            assert not visitor.node.files[file].dead
            assert visitor.node.mdc is not None
            assert not [event for event in visitor.node.mdc.events if event.kind == "evicted"]
            await visitor.do(visitor.node.close(file))
            control = str(tmp_path / "state" / "control")
            status = await asyncio.to_thread(
                subprocess.run, [*PROGRAM, "ctl", control, "status", "--json"],
                capture_output=True, text=True, timeout=30, check=True,
            )  # fmt: skip
            rows = [json.loads(line) for line in status.stdout.splitlines()]
            gone = await asyncio.to_thread(
                subprocess.run, [*PROGRAM, "ctl", control, "evict", visitor.node.uuid.decode()],
                capture_output=True, text=True, timeout=30, check=True,
            )  # fmt: skip
            assert "True" in gone.stdout and "mds" in gone.stdout
            mds = next(row for row in rows if row["server"] == "mds" and "client" not in row)
            assert mds["state"] == "up" and mds["exports"] == 1 and mds["nid"] == "127.0.1.2@tcp"
            assert any(row.get("client", "").startswith("00000003") for row in rows)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert process.stderr is not None and process.stderr.read() == ""
        await visitor.served.stop()

    asyncio.run(play())
    assert "lustre-MDT0000_UUID recovered" in log.read_text() and "fault" not in log.read_text()
    assert not (tmp_path / "state" / "control").exists()


def test_ctl_says_in_one_line_what_it_cannot_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "ctl", str(tmp_path / "nobody"), "status"], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "nobody listens" in done.stderr


# -- commands ------------------------------------------------------------------------------------------------------


class Commanded:
    """A file system in this process with a mounted client, and its control."""

    def __init__(self, dialect: str, **options: Any) -> None:
        self.system = TcpSystem(lw.dialect(dialect), free_port(), speed=20.0, keep=False, make=Served, **options)
        self.control = UpgradeControl(self.system)
        self.k = names(self.system.system.dialect)

    async def __aenter__(self) -> Commanded:
        try:
            await self.system.start()
            self.client = await self.system.client(3)
            self.node: ClientNode = self.client.node  # type: ignore[assignment]
            await self.do(self.node.mount())
        except BaseException:
            await self.system.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.system.stop()

    async def do(self, steps: Any) -> Any:
        task = await self.system.do(self.client, steps, limit=40)
        if task.error is not None:
            raise task.error
        return task.result

    async def row(self, server: str) -> dict[str, Any]:
        return next(r for r in await self.control.do("status") if r["server"] == server and "client" not in r)


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_servers_are_crashed_restarted_paused_and_lose_a_reply_while_a_client_is_mounted(dialect: str) -> None:
    async def play() -> None:
        async with Commanded(dialect) as fs:
            flags = fs.k.MDS_OPEN_CREAT | WRITE | READ
            file = await fs.do(fs.node.open("/f", flags))
            assert (await fs.row("mds"))["opens"] == 1
            for command in ("restart mds", "restart ost0"):
                await fs.control.do(command)
                await fs.do(fs.node.write(file, 0, b"bytes"))
                await fs.do(fs.node.mkdir("/" + command.replace(" ", "-")))
            await fs.control.do("crash ost0")
            assert (await fs.row("ost0"))["state"] == "down"
            with pytest.raises(WireError, match="ost0 is down"):
                await fs.control.do("crash ost0")
            await fs.control.do("start ost0")
            assert await fs.do(fs.node.read(file, 0, 5)) == b"bytes"
            await fs.control.do("pause mds")
            waits = asyncio.ensure_future(fs.do(fs.node.mkdir("/later")))
            await asyncio.sleep(0.1)
            assert not waits.done() and (await fs.row("mds"))["state"] == "paused"
            await fs.control.do("resume mds")
            await waits
            await fs.control.do("drop mds")
            await fs.do(fs.node.mkdir("/twice"))
            assert fs.system.servers[fs.system.system.mds.nid].lose is None
            assert (await fs.row("mds"))["opens"] == 1 and not fs.node.files[file].dead

    asyncio.run(play())


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_a_partner_takes_a_target_over_and_gives_it_back(dialect: str) -> None:
    async def play() -> None:
        async with Commanded(dialect, pair=True) as fs:
            file = await fs.do(fs.node.open("/f", fs.k.MDS_OPEN_CREAT | WRITE | READ))
            at = (await fs.row("mds"))["nid"]
            for _ in range(2):
                (moved,) = await fs.control.do("fail-over mds")
                assert moved["nid"] != at
                at = moved["nid"]
                await fs.do(fs.node.mkdir(f"/at-{at[:9]}"))
            await fs.do(fs.node.close(file))
            with pytest.raises(WireError, match="no partner"):
                await fs.control.do("fail-over mgs")

    asyncio.run(play())


def test_a_client_is_evicted_and_a_server_changes_its_dialect_under_it() -> None:
    """As shipped: a client of 1.8.9 is evicted by the other release, and goes on with FIDs."""

    async def play() -> None:
        async with Commanded("1.8") as fs:
            fs.node.dialects = (lw.dialect("1.8"), lw.dialect("2.0"))
            await fs.do(fs.node.unmount())
            await fs.do(fs.node.mount())
            file = await fs.do(fs.node.open("/old", fs.k.MDS_OPEN_CREAT | WRITE | READ))
            await fs.do(fs.node.write(file, 0, b"old bytes"))
            assert all(row["evicted"] for row in await fs.control.do(f"evict {fs.node.uuid.decode()}"))
            with pytest.raises(WireError, match="no client"):
                await fs.control.do("evict nobody")
            await settled(fs)
            assert fs.node.files[file].dead
            file = await fs.do(fs.node.open("/old", READ))
            (done,) = await fs.control.do("upgrade mds --to 2.0")
            assert (done["from"], done["to"]) == ("1.8", "2.0") and (await fs.row("mds"))["dialect"] == "2.0"
            await settled(fs)
            assert fs.node.files[file].dead and fs.node.mdc is not None and fs.node.mdc.dialect.name == "2.0"
            file = await fs.do(fs.node.open("/old", READ))
            assert await fs.do(fs.node.read(file, 0, 9)) == b"old bytes"

    asyncio.run(play())


async def settled(fs: Commanded) -> None:
    """Until the client has noticed, and is back."""
    await asyncio.sleep(2 * 25 / fs.system.clock.speed)
    began = time.monotonic()
    while any(owner.state is not ImportState.FULL for owner in fs.node.imports()):
        assert time.monotonic() < began + 30
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("", "no command"), ("jump", "no command 'jump'"), ("restart", "wants SERVER"), ("restart tape0", "no server"),
     ("upgrade mds --to 9.9", "9.9"), ("upgrade mds", "wants SERVER --to DIALECT"),
     ("restart mds --to 2.0", "wants SERVER"),
     ("upgrade mds --to 2.0 --policy never", "no policy 'never'"), ("upgrade mds --to 2.0 --from 1.8", "wants SERVER"),
     ("status please", "wants nothing else"), ("start mds", "is up")],
)  # fmt: skip
def test_what_cannot_be_done_is_said(line: str, complaint: str, tmp_path: Path) -> None:
    async def play() -> None:
        system = TcpSystem(lw.dialect("2.0"), free_port(), keep=False, make=Served)
        await system.start()
        listener = await listen(UpgradeControl(system), tmp_path / "control")
        try:
            with pytest.raises(WireError, match=complaint):
                await asyncio.to_thread(ask, tmp_path / "control", line)
            with pytest.raises(OSError, match="somebody listens"):
                await listen(UpgradeControl(system), tmp_path / "control")
            assert (tmp_path / "control").stat().st_mode & 0o777 == 0o600
        finally:
            listener.close()
            await system.stop()

    asyncio.run(play())
