"""How an upgrade grows with clients: time and memory.

    python -m benchmarks.upgrade_scale clients 1000 2000 4000
    python -m benchmarks.upgrade_scale tcp 500

One JSON object a line. Each size runs in a process of its own, so that its memory is its own, and without Python's
cycle collector, which finds nothing here (the peak is the same with it) and takes a third of the time. `cpu_s` is what
the process used, whatever else runs on the machine; `ms_a_client` is of that.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.mds.osts import PRECREATE
from lustre_wire.testbed.trace import Sent, Trace
from lustre_wire.upgrade.evidence.journal import Journal
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.all_of import AllOf
from lustre_wire.upgrade.stage.network import TcpNetwork
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play

#: So many clients make a call at a time: as many as the MDS asks an OST for objects at once.
BATCH = PRECREATE
#: Simulated seconds that nothing takes.
ENDLESS = 1e6
#: MDS_OPEN_CREAT, FMODE_READ, FMODE_WRITE.
MAKE = 0o100 | 0x3
#: For TCP: the first port, and how much faster than the real clock that of the nodes runs.
PORT, SPEED = 19880, 2.0


class NoTrace(Trace):
    """Keeps no packets."""

    def sent(self, time: float, packet: Any) -> Sent:
        made = super().sent(time, packet)
        self.packets.clear()
        return made


class Watch:
    """Wall clock and processor seconds of the steps of a run."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.wall[name] = round(time.perf_counter() - wall, 2)
        self.cpu[name] = round(time.process_time() - cpu, 2)
        return result


def quiet_play(clients: int, hardware: Hardware | None = None, network: TcpNetwork | None = None) -> Play:
    """A file system of one OST with room for so many clients, of which nothing is recorded but what servers went
    through."""
    if network is not None:
        network.trace = NoTrace()
    play = Play(
        policy("simplified"), clients=0, osts=1, seed=1, journal=Journal(quiet=True), hardware=hardware,
        network=network, room=clients,
    )  # fmt: skip
    play.simulator.trace = NoTrace()
    play.simulator.on_event = None
    return play


def mount(play: Play, clients: int) -> None:
    """So many clients, all at once."""
    made = [play.new_client(wait=False) for _ in range(clients)]
    play.until(AllOf(made, lambda client: not client.tasks.running), "mounted", ENDLESS)
    for task, _ in play.mounting:
        if task.error is not None:
            raise task.error


def prepare(play: Play, dirty: int) -> None:
    """Everybody opens a file of his own and writes into his cache."""
    numbers = everybody(play, "open", lambda index: (f"/f{index}", MAKE))
    if dirty:
        data = bytes(dirty)
        everybody(play, "write_later", lambda index: (numbers[index], 0, data))


def everybody(play: Play, name: str, arguments: Callable[[int], tuple[Any, ...]]) -> list[Any]:
    """One call of each client, a few clients at a time."""
    results = []
    for first in range(0, len(play.clients), BATCH):
        tasks = []
        for index, client in enumerate(play.clients[first : first + BATCH], first):
            client.now = play.now
            tasks.append(client.perform(name, *arguments(index)))
            play.simulator.flush(client)
        play.until(AllOf(tasks, lambda task: task.done), name, ENDLESS)
        for task in tasks:
            if task.error is not None:
                raise task.error
        results += [task.result for task in tasks]
    return results


def time_to_quiet(play: Play, server: str) -> float:
    """Seconds of the nodes' time between the command to stop and the last client's being done, of the last stop."""
    states = {life.what: life.time for life in play.servers[server].history}
    return states[ServerState.QUIET] - states[ServerState.REVOKING]


def one(clients: int, dirty: int, play: Play) -> dict[str, Any]:
    """Mount, open a file each, write into the cache, upgrade the MDS, and wait until everybody is back."""
    watch = Watch()
    watch.step("mount", lambda: mount(play, clients))
    watch.step("prepare", lambda: prepare(play, dirty))
    watch.step("stop", lambda: Operator(play).stop("mds"))
    quiet = time_to_quiet(play, "mds")

    def back() -> None:
        Operator(play).start("mds", "2.0")
        Operator(play).settled()

    watch.step("reopen", back)
    memory, cpu = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sum(watch.cpu.values())
    return {
        "clients": clients, "dirty": dirty, "evicted": len(set[str]().union(*play.evicted().values())),
        "in_2.0": sum(c.mdc is not None and c.mdc.dialect.name == "2.0" for c in play.clients),
        "events": play.simulator.events, "cpu_s": watch.cpu, "wall_s": watch.wall, "cpu_total_s": round(cpu, 1),
        "ms_a_client": round(1000 * cpu / clients, 2), "peak_MB": memory // 1024,
        "KB_a_client": round(memory / clients), "to_quiet_s": round(quiet, 3),
    }  # fmt: skip


def over_tcp(clients: int) -> dict[str, Any]:
    """The same over TCP on loopback, in one process."""
    network = TcpNetwork(PORT, speed=SPEED)
    try:
        return one(clients, 4096, quiet_play(clients, network=network))
    finally:
        network.close()


def apart(what: str, *numbers: int) -> None:
    """One run in a process of its own; prints what it found."""
    command = [sys.executable, "-m", "benchmarks.upgrade_scale", what, *map(str, numbers)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(done.stdout, end="", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["one", "clients", "tcp"])
    parser.add_argument("numbers", type=int, nargs="*")
    chosen = parser.parse_args()
    if chosen.what == "one":
        gc.disable()
        print(json.dumps(one(*chosen.numbers, quiet_play(chosen.numbers[0]))))
    elif chosen.what == "tcp":
        print(json.dumps(over_tcp(*chosen.numbers)))
    else:
        for clients in chosen.numbers or [1000, 2000, 4000]:
            apart("one", clients, 4096)


if __name__ == "__main__":
    main()
