"""What can only be seen at the moment a server reaches a state of its stop."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.testbed.tcp import ALIAS_MASK
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.protocol import all_access_lock as access
from lustre_wire.upgrade.protocol import mark


@attrs.frozen
class ClientSnapshot:
    """A client that takes part: its requests, cache and connection as far as this server is concerned.

    Attributes:
        uncommitted: answered requests the server might lose; `others` requests on the replay list that are no opens.
        opens, files: opens kept for replay, and files open.
        locks, dirty: cached locks, and bytes not written.
    """

    nid: int
    uncommitted: int
    others: int
    opens: int
    files: int
    locks: int
    dirty: int
    connected: bool


@attrs.frozen
class Snapshot:
    """A server that just reached a state.

    Attributes:
        pending: clients it still waits for; `locks` those in its namespace, `access` all-access locks granted.
        wanted: the conflicting lock was asked for.
        remembers: it keeps its clients in last_rcvd; an MGS does not.
        clean: the mark on its disk; `unwritten` changes not on it yet.
    """

    time: float
    nid: int
    state: str
    pending: int
    locks: int
    access: int
    wanted: bool
    remembers: bool
    clean: bool
    unwritten: int
    clients: tuple[ClientSnapshot, ...]


def take(clients: Iterable[UpgradeClient], node: Controlled, state: str) -> Snapshot:
    """Look at a server and at every client of these that it still knows."""
    target, found = node.target, mark.read(node.store)
    held = set(access.holders(target.namespace)) if target is not None else set()
    locks = [lock for lock in (target.namespace.granted() if target is not None else ()) if lock.owner is not None]
    flock = target.k.LDLM_FLOCK if target is not None else 0
    known = {e.nid & ~ALIAS_MASK for e in target.exports.values() if e.remote} if target is not None else set()
    return Snapshot(
        node.now, node.nid, state, len(node.life.pending),
        sum(1 for lock in locks if lock.type != flock and lock not in held),
        sum(1 for lock in held if lock.granted), node.wants_locks,
        target is not None and target.service.remembers, found is not None and found.clean, node.store.writes,
        tuple(made for client in clients if client.nid in known for made in _clients(client, node)),
    )  # fmt: skip


def _clients(client: UpgradeClient, node: Controlled) -> list[ClientSnapshot]:
    return [_client(client, owner) for owner in client.imports() if owner.config.target == node.uuid]


def _client(client: UpgradeClient, owner: Import) -> ClientSnapshot:
    requests = owner.replay.requests()
    barred = next((m for m in client.part.barred.values() if owner in m.imports), None)
    metadata = owner is client.mdc
    return ClientSnapshot(
        client.nid,
        sum(1 for r in requests if r.transno > owner.replay.last_committed),
        sum(1 for r in requests if not r.keep),
        sum(1 for r in requests if r.keep),
        sum(1 for file in client.files.values() if not file.dead) if metadata else 0,
        sum(1 for lock in barred.cached(owner) if lock.granted) if barred is not None else 0,
        sum(len(page.data) for page in client.dirty if client.oscs[page.index] is owner),
        owner.state is ImportState.FULL,
    )  # fmt: skip
