"""What must hold in every state of the model: each law speaks of one server and its clients."""

from __future__ import annotations

from lustre_wire.upgrade.model.world import Broken, Part
from lustre_wire.upgrade.protocol.barrier import ClientState
from lustre_wire.upgrade.protocol.policy import Cache
from lustre_wire.upgrade.protocol.shutdown import ServerState


def laws(part: Part) -> None:
    """What must hold in every state.

    Raises:
        Broken: what does not.
    """
    server, state = part.server, part.life.state
    if state in (ServerState.QUIET, ServerState.COMMITTED, ServerState.HALTED):
        _must(not part.life.pending, "B5: quiet before everybody is done or evicted")
        _must(not server.holders, "B15: somebody holds the all-access lock of a quiet server")
    mgs = part.mgs
    if mgs is not None and mgs.life.state in (ServerState.QUIET, ServerState.COMMITTED):
        _must(not mgs.life.pending, "B5: the MGS is quiet before everybody is done or evicted")
        _must(not mgs.holders, "B15: somebody holds the all-access lock that the MGS has taken back")
    if state in (ServerState.COMMITTED, ServerState.HALTED) and server.mark.clean:
        _must(server.done == server.disk, "S2: a clean mark before everything is on disk")
    if server.up:
        _must(not (server.mark.clean and state is not ServerState.HALTED), "S2: a server that serves is marked clean")
    for client in part.living():
        _client_laws(part, client)


def _client_laws(part: Part, client: int) -> None:
    server, link, barrier = part.server, part.links[client], part.barriers[client]
    missed = bool(part.missed())
    _must(not link.gone or missed, f"B7: client{client} was evicted although it never fell silent")
    if not link.gone:
        kept = server.disk[client] if not server.up else server.done[client]
        _must(kept >= link.done or link.uncommitted, f"B7: a call of client{client} is lost")
    if part.life.state is ServerState.HALTED and not server.up and server.mark.clean and client in server.known:
        _must(not link.uncommitted and "sent" not in (link.call, link.both), "B3: an uncommitted request at HALTED")
        if barrier.state in (ClientState.WAITING, ClientState.DISCONNECTED):
            _must(not link.dirty, "B4: dirty pages at HALTED")
            _must(not link.locks or part.policy.cache is Cache.FLUSH, "B4: locks in a cache at HALTED")
    if barrier.state is ClientState.RUN and link.state == "full" and link.instance == server.instance and not link.gone:
        _must(link.open, "B7: an open file is dead")


def _must(holds: bool, law: str) -> None:
    if not holds:
        raise Broken(law)
