"""How an upgrade grows with clients: time, memory, and how long until the server is quiet.

    python benchmarks/upgrade_scale.py clients 1000 2000 4000
    python benchmarks/upgrade_scale.py quiet

One JSON object a line. Each size runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

from lustre_wire.testbed.trace import Trace
from lustre_wire.upgrade.journal import Journal
from lustre_wire.upgrade.play import Play
from lustre_wire.upgrade.policy import policy
from lustre_wire.upgrade.shutdown import ServerState

BATCH = 8


class NoTrace(Trace):
    """Keeps no packets."""

    def sent(self, time, packet):  # type: ignore[no-untyped-def]
        made = super().sent(time, packet)
        self.packets.clear()
        return made


def one(clients: int, dirty: int, silent: int) -> dict[str, float]:
    """Mount, open a file each, write into the cache, upgrade the MDS, write again."""
    began = time.perf_counter()
    play = Play(policy("simplified"), clients=0, osts=1, seed=1, journal=Journal(quiet=True))
    play.simulator.trace = NoTrace()
    play.simulator.on_event = None
    tasks = [play.new_client(wait=False) for _ in range(clients)]
    play.until(lambda: not any(client.tasks.running for client in tasks[-50:]), "mounted", 1e6)
    play.until(lambda: not any(client.tasks.running for client in tasks), "mounted", 1e6)
    mounted = time.perf_counter()
    numbers = _everybody(play, "open", lambda index: (f"/f{index}", 0x3 | 0o100))
    if dirty:
        _everybody(play, "write_later", lambda index: (numbers[index], 0, bytes(dirty)))
    for client in play.clients[:silent]:
        play.cut(client.nid)
    prepared = time.perf_counter()
    node = play.servers["mds"]
    play.stop("mds")
    stopped = time.perf_counter()
    play.start("mds", "2.0")
    play.settled()
    back = time.perf_counter()
    states = {life.what: life.time for life in node.history}
    speaking = sum(c.mdc is not None and c.mdc.dialect.name == "2.0" for c in play.clients)
    return {
        "clients": clients, "dirty": dirty, "silent": silent, "in_2.0": speaking, "events": play.simulator.events,
        "mount_s": round(mounted - began, 2), "prepare_s": round(prepared - mounted, 2),
        "stop_s": round(stopped - prepared, 2), "reopen_s": round(back - stopped, 2),
        "total_s": round(back - began, 2), "peak_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "simulated_to_quiet_s": round(states[ServerState.QUIET] - states[ServerState.REVOKING], 3),
    }  # fmt: skip


def _everybody(play, name, arguments):  # type: ignore[no-untyped-def]
    """One call of each client, a few clients at a time: the MDS makes objects in batches."""
    results = []
    for first in range(0, len(play.clients), BATCH):
        tasks = []
        for index, client in list(enumerate(play.clients))[first : first + BATCH]:
            client.now = play.now
            tasks.append(client.perform(name, *arguments(index)))
            play.simulator.flush(client)
        for task in tasks:
            play.until(lambda task=task: task.done, name, 1e6)
            if task.error is not None:
                raise task.error
        play.wait(0.01)
        results += [task.result for task in tasks]
    return results


def _apart(clients: int, dirty: int, silent: int) -> None:
    done = subprocess.run(
        [sys.executable, __file__, "one", str(clients), str(dirty), str(silent)],
        capture_output=True,
        text=True,
        check=True,
    )
    print(done.stdout, end="", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["one", "clients", "quiet"])
    parser.add_argument("numbers", type=int, nargs="*")
    chosen = parser.parse_args()
    if chosen.what == "one":
        print(json.dumps(one(*chosen.numbers)))
    elif chosen.what == "clients":
        for clients in chosen.numbers or [1000, 2000, 4000]:
            _apart(clients, 4096, 0)
    else:
        for clients in (50, 100, 200, 400):
            _apart(clients, 4096, 0)
        for dirty in (0, 65536, 1 << 20):
            _apart(100, dirty, 0)
        for silent in (0, 1, 10):
            _apart(100, 4096, silent)


if __name__ == "__main__":
    main()
