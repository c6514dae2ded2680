"""How long a server that is stopped waits until every client is done, against clients, dirty data and silent clients.

    python -m benchmarks.upgrade_quiet -o benchmarks/upgrade-quiet.png

Measures in the simulator with links, servers and disks of the rates below, writes the numbers to a CSV beside the
picture and draws them (needs matplotlib) with what is computed by hand: bytes over the slower of link and disk, and the
callback timeout where a client is silent.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from benchmarks.upgrade_scale import mount, prepare, quiet_play, time_to_quiet
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.operator import Operator

KIB = 1 << 10
SERVERS = ("mds", "ost0")


@attrs.frozen
class Case:
    """A server to be stopped; so many clients, each with so many bytes to write, and so many of them silent."""

    sweep: str
    server: str
    clients: int
    dirty: int
    silent: int = 0

    def by_hand(self, hardware: Hardware) -> float:
        """Seconds that cannot be less: the bytes of those who speak, or the timeout of those who do not."""
        written = (self.clients - self.silent) * self.dirty if self.server == "ost0" else 0
        return max(written / hardware.writing, CALLBACK_TIMEOUT if self.silent else 0.0)


def cases() -> Iterator[Case]:
    for server in SERVERS:
        for clients in (10, 20, 50, 100, 200, 400, 800):
            yield Case("clients", server, clients, 256 * KIB)
        for dirty in (0, 64, 256, 1024, 4096, 16384):
            yield Case("dirty", server, 50, dirty * KIB)
        for silent in (0, 1, 2, 5, 10, 20):
            yield Case("silent", server, 50, 256 * KIB, silent)


def measure(case: Case, hardware: Hardware) -> float:
    """Simulated seconds from the command to stop to QUIET."""
    play = quiet_play(case.clients, hardware)
    mount(play, case.clients)
    prepare(play, case.dirty)
    for client in play.clients[: case.silent]:
        play.mishaps.cut(client.nid)
    node = play.servers[case.server]
    Operator(play).stop(case.server, wait=False)
    play.until(lambda: node.life.state is not ServerState.REVOKING, "everybody is done")
    return time_to_quiet(play, case.server)


def draw(found: list[tuple[Case, float, float]], file: Path) -> None:
    """Three pictures side by side: seconds against clients, against bytes a client and against silent clients."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    labels = {
        "clients": "clients, 256 KiB to write each",
        "dirty": "KiB to write, each of 50 clients",
        "silent": "silent clients of 50",
    }
    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4.2))
    for plot, (sweep, label) in zip(axes, labels.items(), strict=True):
        for server in SERVERS:
            mine = [row for row in found if row[0].sweep == sweep and row[0].server == server]
            across = [_across(case) for case, _, _ in mine]
            plot.plot(across, [seconds for _, seconds, _ in mine], marker="o", label=f"{server} stopped")
            if any(hand for _, _, hand in mine):
                hands = [hand or None for _, _, hand in mine]
                plot.plot(across, hands, linestyle=":", color="grey", label=f"{server}, by hand")
        plot.set(xlabel=label, yscale="log")
        if sweep == "clients":
            plot.set_xscale("log")
        elif sweep == "dirty":
            plot.set_xscale("symlog", linthresh=64)
            plot.set_xlim(left=0)
        plot.grid(visible=True, alpha=0.3)
        plot.legend(fontsize=8)
    axes[0].set_ylabel("simulated seconds to QUIET")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def _across(case: Case) -> float:
    return {"clients": case.clients, "dirty": case.dirty / KIB, "silent": case.silent}[case.sweep]


def write(rows: list[tuple[Any, ...]], file: Path) -> None:
    names = ("sweep", "server", "clients", "dirty_bytes_a_client", "silent", "seconds_to_quiet", "seconds_by_hand")
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([names, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--link", type=float, default=1e9, help="bytes a second of every node, each way")
    parser.add_argument("--disk", type=float, default=5e8, help="bytes a second an OST writes")
    parser.add_argument("--requests", type=float, default=2e4, help="messages a second a server takes in")
    parser.add_argument("-o", "--output", type=Path, default=Path("upgrade-quiet.png"), help="the picture")
    chosen = parser.parse_args()
    hardware = Hardware(chosen.link, chosen.disk, chosen.requests, capacity=1 << 34)
    found = []
    for case in cases():
        found.append((case, measure(case, hardware), case.by_hand(hardware)))
        print(*attrs.astuple(case), *(f"{seconds:.4f}" for seconds in found[-1][1:]), flush=True)
    rows = [(*attrs.astuple(case), f"{seconds:.4f}", f"{hand:.4f}") for case, seconds, hand in found]
    write(rows, chosen.output.with_suffix(".csv"))
    draw(found, chosen.output)


if __name__ == "__main__":
    main()
