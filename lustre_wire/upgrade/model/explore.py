"""Every state of a small file system that is upgraded: the two machines with a network, faults and an administrator.

The machines are those the nodes run (`barrier`, `shutdown`, `mark`); around them stands as little as they need: servers
with a disk, clients with a call to make, messages that arrive in any order or not at all, one node that crashes at any
moment (`model`). In each state the laws hold (`laws`), and from each the end is within reach even if nothing goes wrong
any more. ::

    python -m lustre_wire.upgrade.model.explore --clients 2 --servers mds,ost --lost 1 --crashes 1

One server's part is walked state by state (`graph`); what several servers are in together follows from it (`joint`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

import attrs

from lustre_wire.errors import WireError
from lustre_wire.upgrade.model.graph import walk
from lustre_wire.upgrade.model.joint import join
from lustre_wire.upgrade.model.moves import first_part
from lustre_wire.upgrade.protocol.policy import OPTIONS, Policy, Scope, policy

#: Options that make no difference here, and why.
IGNORED = {
    "watch": "the model knows no time: how often a client looks out for the restart makes no difference in it",
}


KNOWN = [option for option in OPTIONS if option not in IGNORED]


@attrs.define(slots=True)
class Exploration:
    """What was found.

    Attributes:
        states: of everything; `ends` those in which the upgrade is over.
        walked: states of one server's part looked at for that, and `transitions` between them.
        broken: laws that do not hold, and the moves of one server's part that lead there.
        truncated: the limit was reached: not every state was seen, and none was counted.
    """

    states: int = 0
    ends: int = 0
    walked: int = 0
    transitions: int = 0
    broken: dict[str, list[str]] = attrs.field(factory=dict)
    truncated: bool = False


def explore(
    how: Policy, *, clients: int = 2, servers: Sequence[str] = ("mds", "ost"), losses: int = 1, crashes: int = 1,
    both: int = 0, by_hand: int = 0, limit: int = 5_000_000, say: Callable[[str], None] = lambda text: None,
) -> Exploration:  # fmt: skip
    """Look at all states.

    Args:
        losses, crashes: how many messages may be lost and how many nodes may crash or fall silent, anywhere.
        both: how many clients have a call that needs every server.
        by_hand: of how many clients the administrator sets the barrier.
        limit: states of one server's part after which to give up.
        say: told every now and then how far it is.

    Raises:
        WireError: with `scope=mgs`, more servers than one or crashes: a client has one barrier for all servers, so
            that what several are in together does not follow from one.
    """
    if how.scope is Scope.MGS and (len(servers) > 1 or crashes):
        raise WireError("scope=mgs: one server is walked, with another beside it, and nothing crashes")
    graph = walk(first_part(how, clients, both, by_hand), losses, crashes, limit, say)
    found = Exploration(walked=len(graph), transitions=graph.transitions(), truncated=not graph.whole)
    if found.truncated:
        return found
    joint = join(graph, clients, len(servers), losses, crashes)
    found.states, found.ends = joint.count()
    for law, server, state in joint.broken():
        trail = [f"{servers[server]}: {move}" for move in graph.trail(state)]
        found.broken[law] = min(found.broken.get(law, trail), trail, key=lambda moves: (len(moves), moves))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 if all laws hold everywhere, 1 if not, 2 for arguments that make no sense."""
    options = _options(arguments)

    def say(text: str) -> None:
        print(f"{time.process_time():7.0f} s  {text}", file=sys.stderr, flush=True)

    chosen = dict(text.partition("=")[::2] for text in options.set)
    if ignored := chosen.keys() & IGNORED.keys():
        option = sorted(ignored)[0]
        print(f"{option}: {IGNORED[option]}", file=sys.stderr)
        return 2
    try:
        how = policy("simplified", **chosen)
    except WireError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        found = explore(
            how, clients=options.clients, servers=options.servers.lower().split(","), losses=options.lost,
            crashes=options.crashes, both=options.both, by_hand=options.by_hand, limit=options.limit, say=say,
        )  # fmt: skip
    except WireError as error:
        print(error, file=sys.stderr)
        return 2
    if found.truncated:
        print(f"given up after {found.walked:,} states of one server", file=sys.stderr)
        return 1
    print(
        f"{found.states:,} states, {found.ends:,} of them over, from {found.walked:,} states and {found.transitions:,} "
        f"transitions of one server; processor time {time.process_time():.0f} s"
    )
    for law, trail in found.broken.items():
        print(f"broken: {law}", *trail, sep="\n    ")
    return int(bool(found.broken))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Looks at every state of a small upgrade.")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--servers", default="mds,ost", help="names, in the order of the upgrade (default mds,ost)")
    parser.add_argument("--lost", type=int, default=1, help="how many messages may be lost (default 1)")
    parser.add_argument("--crashes", type=int, default=1, help="how many nodes may crash (default 1)")
    parser.add_argument("--both", type=int, default=0, help="clients with a call that needs every server (default 0)")
    parser.add_argument("--by-hand", type=int, default=0, help="clients whose barriers are set by hand (default 0)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help=f"of the policy: {', '.join(KNOWN)}",
    )
    parser.add_argument("--limit", type=int, default=5_000_000, help="states of one server after which to give up")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
