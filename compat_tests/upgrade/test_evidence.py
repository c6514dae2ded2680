"""Every check of the monitor is shown to fail: by one false piece of evidence in a play that is otherwise as it was.

A check without a piece of evidence that makes it report, and no other, is missing here.
"""

from __future__ import annotations

import copy
import errno
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from compat_tests.upgrade.checks import SITES, reported
from compat_tests.upgrade.plays import played
from lustre_wire import rpc
from lustre_wire.dialects import dialect
from lustre_wire.testbed.packing import packer
from lustre_wire.testbed.tasks import OperationFailed
from lustre_wire.upgrade.evidence import traffic
from lustre_wire.upgrade.evidence.journal import Admitted, ByHand, Formatted, Held, Put, Writeconf
from lustre_wire.upgrade.nodes.server import Life
from lustre_wire.upgrade.protocol.barrier import ClientState, Facts
from lustre_wire.upgrade.protocol.mark import Start
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play

OLD = dialect("1.8")


def copied(made: Play) -> Play:
    """A play whose records may be changed."""
    other = copy.copy(made)
    lists = {a.name: list(getattr(made.journal, a.name)) for a in attrs.fields(type(made.journal)) if a.name != "quiet"}
    other.journal = attrs.evolve(made.journal, **lists)
    other.snapshots, other.mounting = list(made.snapshots), list(made.mounting)
    other.nodes = {name: copy.copy(node) for name, node in made.nodes.items()}
    for node in other.nodes.values():
        node.history = list(node.history)
    other.clients = [copy.copy(client) for client in made.clients]
    other.workers = [copy.copy(worker) for worker in made.workers]
    other.simulator = copy.copy(made.simulator)
    other.simulator.trace = copy.copy(made.simulator.trace)
    other.simulator.trace.packets = list(made.simulator.trace.packets)
    return other


def change(records: list[Any], which: Callable[[Any], bool], **changes: Any) -> None:
    """Change the last record of a kind."""
    index = max(number for number, record in enumerate(records) if which(record))
    records[index] = attrs.evolve(records[index], **changes)


def client_seen(state: ServerState, which: Callable[[Any], bool] = bool, **changes: Any) -> Callable[[Play], None]:
    """What a snapshot says of a client."""

    def edit(made: Play) -> None:
        found = next(s for s in made.snapshots if s.state == state and any(map(which, s.clients)))
        one = next(client for client in found.clients if which(client))
        others = tuple(client for client in found.clients if client is not one)
        made.snapshots[made.snapshots.index(found)] = attrs.evolve(
            found, clients=(attrs.evolve(one, **changes), *others)
        )

    return edit


def server_seen(state: ServerState, **changes: Any) -> Callable[[Play], None]:
    """What a snapshot of an MDS says."""
    return lambda made: change(made.snapshots, lambda s: s.state == state and made.is_metadata(s.nid), **changes)


def started(which: Callable[[Any], bool], **changes: Any) -> Callable[[Play], None]:
    return lambda made: change(made.journal.started, which, **changes)


def waiting(made: Play) -> Any:
    """Some client that released its lock to the MDS."""
    return next(m for m in made.journal.moved if m.state is ClientState.WAITING and "MDT" in m.target)


def formatted(state: ClientState, inside: int) -> Callable[[Play], None]:
    def edit(made: Play) -> None:
        moved = waiting(made)
        made.journal.formatted.append(
            Formatted(moved.time, moved.client, moved.target, "MDS_REINT/CREATE", "1.8", state, False, inside)
        )

    return edit


def put(name: str, after: float = 0.0001, **changes: Any) -> Callable[[Play], None]:
    def edit(made: Play) -> None:
        moved = waiting(made)
        sent = Put(moved.time + after, moved.client, made.servers["mds"].nid, 7, name, "1.8", 0, False)
        made.journal.put.append(attrs.evolve(sent, **changes))

    return edit


def later_quiet(made: Play) -> None:
    history = made.nodes["mds"].history
    index = next(number for number, life in enumerate(history) if life.what == ServerState.QUIET)
    history[index] = Life(history[index].time + 60.0, ServerState.QUIET)


def failed_mount(made: Play) -> None:
    task, client = made.mounting[-1]
    task = copy.copy(task)
    task.error = OperationFailed(-errno.EIO)
    made.mounting[-1] = (task, client)


def failed_call(made: Play) -> None:
    worker = made.workers[0]
    worker.ledger = attrs.evolve(worker.ledger, failed={errno.EIO: 1})


def lost(made: Play) -> None:
    made.lost = ["/c0: the directory is gone"]


def not_evicted(name: str) -> Callable[[Play], None]:
    def edit(made: Play) -> None:
        node = made.nodes[name]
        node.history = [life for life in node.history if not life.what.startswith("evicted")]

    return edit


def altered(which: Callable[[Put, rpc.Message], bool], **amended: Any) -> Callable[[Play], None]:
    """Bytes of a request, as it went over the network."""

    def edit(made: Play) -> None:
        said = next(said for said in traffic.conversation(made) if said.reply is None and which(said.put, said.request))
        packets = made.simulator.trace.packets
        index = next(
            number for number, sent in enumerate(packets)
            if sent.time == said.time and sent.packet.match_bits == said.put.xid
            and sent.packet.source == said.put.client
        )  # fmt: skip
        packer(said.request.dialect).amend(said.request, **amended)
        packet = attrs.evolve(packets[index].packet, data=rpc.encode(said.request))
        packets[index] = attrs.evolve(packets[index], packet=packet)

    return edit


def reopened(sent: Put, _: rpc.Message) -> bool:
    """An open of 1.8, made again in 2.0."""
    return sent.replay and "INTENT_OPEN" in sent.name and sent.dialect == "2.0"


def other_transno(made: Play) -> None:
    change(made.journal.put, lambda p: p.replay and "INTENT_OPEN" in p.name, transno=1)


def held_back(made: Play) -> None:
    made.journal.held.append(Held(1.0, made.clients[0].nid, frozenset({"MDT"}), frozenset({"OST"})))


def lifted(made: Play) -> None:
    moved = next(m for m in reversed(made.journal.moved) if m.state is ClientState.RUN)
    made.journal.by_hand.append(ByHand(moved.time - 0.001, moved.client, moved.target, True))


def replayed_after_force(made: Play) -> None:
    start = next(start for start in made.starts() if start.how == Start.FORGET)
    sent = Put(start.time + 1, made.clients[0].nid, made.servers["mds"].nid, 7, "MDS_REINT/CREATE", "1.8", 9, True)
    made.journal.put.append(sent)


def never_told(made: Play) -> None:
    made.journal.evicted.clear()


def fids_again(made: Play) -> None:
    told = {ident[:2] for _, ident in traffic.shown(made)}
    had = {ident for start in made.starts() for ident in start.fids}
    change(made.journal.started, lambda s: s.metadata, fids=frozenset(told & had))


def client_with(**changes: Any) -> Callable[[Play], None]:
    """A client at the end of a play, otherwise than it is."""

    def edit(made: Play) -> None:
        other = copy.copy(made.mounting[0][1])
        for name, value in changes.items():
            setattr(other, name, value)
        made.mounting[0] = (made.mounting[0][0], other)
        made.clients[0] = other

    return edit


def one_target_less(made: Play) -> None:
    made.journal.mounted[0] = attrs.evolve(made.journal.mounted[0], targets=("MGS",))


SERVING, QUIET, COMMITTED, HALTED = (
    ServerState.SERVING, ServerState.QUIET, ServerState.COMMITTED, ServerState.HALTED,
)  # fmt: skip
MDT = SimpleNamespace(target=b"lustre-MDT0000_UUID")

Edit = Callable[[Play], None]
#: Check -> the play, its policy, and each piece of false evidence that makes this check report, and no other.
EVIDENCE: dict[str, tuple[str, str, list[Edit]]] = {
    "B1.1": ("clean-upgrade", "simplified", [formatted(ClientState.DRAINING, 0)]),
    "B1.2": ("clean-upgrade", "simplified", [formatted(s, 1) for s in (ClientState.CLEANING, ClientState.WAITING)]),
    "B2.1": ("clean-upgrade", "simplified", [put("MDS_REINT/CREATE"), put("LDLM_ENQUEUE/INTENT_OPEN")]),
    "B3.1": ("clean-upgrade", "simplified", [client_seen(HALTED, uncommitted=1), client_seen(HALTED, others=1)]),
    "B4.1": ("clean-upgrade", "simplified", [client_seen(HALTED, dirty=1), client_seen(HALTED, locks=1)]),
    "B4.2": ("clean-upgrade", "simplified", [server_seen(HALTED, locks=1)]),
    "B5.1": ("clean-upgrade", "simplified", [later_quiet]),
    "B5.2": ("clean-upgrade", "simplified", [server_seen(QUIET, pending=1)]),
    "B6.1": (
        "clean-upgrade", "simplified",
        [lambda made, state=state: made.journal.admitted.append(Admitted(1.0, made.servers["mds"].nid, state))
         for state in (ServerState.REVOKING, QUIET, COMMITTED, HALTED)],
    ),
    "B6.2": ("clean-upgrade", "simplified", [failed_mount]),
    "B7.1": ("clean-upgrade", "simplified", [failed_call]),
    "B7.2": ("clean-upgrade", "simplified", [lost]),
    "B8.1": ("clean-upgrade", "simplified", [client_seen(COMMITTED, connected=False)]),
    "B8.2": ("clean-upgrade", "simplified", [put("MDS_DISCONNECT")]),
    "B9.1": (
        "by-hand", "simplified",
        [lambda made: change(made.journal.interrupted, bool, status=0),
         lambda made: change(made.journal.interrupted, bool, made=(1, 2))],
    ),
    "B10.1": ("clean-upgrade", "simplified", [other_transno]),
    "B10.2": (
        "clean-upgrade", "simplified",
        [altered(reopened, flags=OLD.constants["MDS_OPEN_CREAT"]), altered(reopened, child=(0, 0, 0))],
    ),
    "B11.1": ("clean-upgrade", "simplified", [lifted]),
    "B12.1": (
        "clean-upgrade", "simplified",
        [lambda made, facts=facts: change(made.journal.moved, lambda m: m.state is ClientState.WAITING, facts=facts)
         for facts in (Facts(in_flight=1), Facts(dirty=1), Facts(uncommitted=1))],
    ),
    "B13.1": ("clean-upgrade", "simplified", [held_back]),
    "B14.1": (
        "clean-upgrade", "simplified",
        [client_seen(state, lambda c: c.files > 0, opens=0) for state in (QUIET, COMMITTED)],
    ),
    "B15.1": ("clean-upgrade", "simplified", [server_seen(state, access=1) for state in (QUIET, COMMITTED, HALTED)]),
    "S1.1": ("silent-client", "simplified", [not_evicted("mds")]),
    "S2.1": (
        "clean-upgrade", "simplified",
        [server_seen(SERVING, clean=True), server_seen(SERVING, unwritten=1), server_seen(HALTED, clean=False)],
    ),
    "S3.1": (
        "failover-pair", "simplified",
        [started(lambda s: s.elsewhere and s.metadata, how=Start.FIRST), started(lambda s: s.changed, clean=False)],
    ),
    "S4.1": ("forced-start", "simplified", [replayed_after_force, started(lambda s: s.how == Start.FORGET, known=1)]),
    "D1.1": ("downgrade", "simplified", [started(lambda s: s.back and s.metadata, known=1, how=Start.RECOVER)]),
    "D1.2": ("downgrade", "simplified", [never_told]),
    "D2.1": ("downgrade", "simplified", [lost]),
    "D4.1": (
        "clean-upgrade", "simplified",
        [altered(lambda p, m: p.name == "MDS_REINT/CREATE" and p.dialect == "1.8", parent=(0x200000400, 1, 0))],
    ),
    "D8.1": ("downgrade", "simplified", [fids_again]),
    "E1.1": (
        "clean-upgrade", "shipped",
        [started(lambda s: s.metadata and s.changed, known=1),
         started(lambda s: s.metadata and s.changed, forgotten=False)],
    ),
    "E2.1": (
        "recover-then-upgrade", "simplified",
        [started(lambda s: s.metadata and not s.changed and s.had_clients, forgotten=True),
         started(lambda s: s.metadata and not s.changed and s.had_clients, known=0)],
    ),
    "E4.1": ("clean-upgrade", "shipped", [client_with(mdc=SimpleNamespace(dialect=OLD, config=MDT))]),
    "E4.2": ("clean-upgrade", "shipped", [lambda made: change(made.journal.evicted, bool, alive=1)]),
    "G1.1": ("config", "simplified", [started(lambda s: s.changed and s.logs, logs=1)]),
    "G5.1": ("clean-upgrade", "simplified", [one_target_less]),
    "G7.1": ("config", "simplified", [lambda made: made.journal.writeconfs.append(Writeconf(1.0, 3, False))]),
    "dialect.1": (
        "clean-upgrade", "simplified",
        [lambda made: change(made.journal.handled, lambda h: h.dialect == "2.0" and made.is_metadata(h.server),
                             dialect="1.8")],
    ),
}  # fmt: skip


def test_every_check_has_evidence_against_it() -> None:
    assert SITES.keys() == EVIDENCE.keys()


@cache
def clean(scenario: str, policy: str) -> Play:
    """A play of which no check reports anything."""
    made = played(scenario, policy).play
    assert reported(made) == set()
    return made


@pytest.mark.parametrize(
    ("site", "number"), [(site, number) for site, (_, _, edits) in EVIDENCE.items() for number in range(len(edits))]
)
def test_false_evidence_is_reported_by_this_check_and_no_other(site: str, number: int) -> None:
    scenario, policy, edits = EVIDENCE[site]
    made = copied(clean(scenario, policy))
    edits[number](made)
    assert reported(made) == {site}
