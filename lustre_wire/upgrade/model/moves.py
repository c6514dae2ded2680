"""A file system small enough to look at all its states: what stands around the real machines in `explore`.

Clients have a file open on each server and one call to make, at any time; servers have memory and disk; the network
holds at most one message of a kind between two nodes and delivers in any order. A request without an answer is sent
again once nothing of it is on the way: that is all that is left of time.

A move belongs to one server and touches its `Part` alone. Few moves are shared, that is, made by several parts in one
step: by all of them what befalls a client as a whole (it crashes, boots, loses its network and has it again), and that
a call which needs every server passes their gates and is answered everywhere; by the part that is done and the one
whose turn has come, the administrator's going on to the next server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import attrs

from lustre_wire.upgrade.model.messages import (
    act,
    act_mgs,
    arrive,
    back_elsewhere,
    lift,
    lock_news,
    look,
    mgs_lost,
    reopening,
    restarted_elsewhere,
    set_by_hand,
    to_client,
)  # fmt: skip
from lustre_wire.upgrade.model.world import Link, Message, Mgs, Part, Server, Turn
from lustre_wire.upgrade.protocol import mark
from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState
from lustre_wire.upgrade.protocol.mark import VERSIONS, Mark, Start
from lustre_wire.upgrade.protocol.policy import Held, Policy, Resume, Scope
from lustre_wire.upgrade.protocol.shutdown import ServerState, Shutdown

#: The administrator comes to this server; he is done with it.
ITS_TURN, DONE = "its turn", "done"
#: States in which a command lifts a barrier that a command has set.
LIFTED = (ClientState.WAITING, ClientState.REOPENING)


@attrs.frozen
class Move:
    """Something that may happen next.

    Attributes:
        fault: a message is lost, the server crashes or a client falls silent.
        shared: other parts make this move too.
    """

    name: str
    do: Callable[[Part], None]
    fault: bool = False
    shared: bool = False


def first_part(policy: Policy, clients: int, both: int = 0, by_hand: int = 0) -> Part:
    """Everybody mounted, in the old version, with a file open and the all-access lock held. A call that only reads is
    there where it is told apart from others; the first `both` clients have one that needs every server, of the first
    `by_hand` the administrator sets the barrier once, whenever he likes, and lifts it."""
    views = int(policy.held is Held.UPDATES)
    everybody, shared = frozenset(range(clients)), policy.scope is Scope.MGS
    return Part(
        policy,
        Server(
            known=everybody, connected=everybody, exports=(0,) * clients, done=(0,) * clients, disk=(0,) * clients,
            holders=frozenset() if shared else everybody, opens=everybody,
        ),
        Shutdown(policy),
        [Link(views=views, both="to come" if c < both else "", hand=c < by_hand) for c in range(clients)],
        [Barrier(policy) for _ in everybody],
        mgs=Mgs(
            Shutdown(policy), known=everybody, handles=(1,) * clients, locks=(1,) * clients, holders=everybody
        ) if shared else None,
    )  # fmt: skip


def death(client: int) -> str:
    """The name of the move."""
    return f"client{client} crashes"


def boot(client: int) -> str:
    """The name of the move."""
    return f"client{client} boots"


def silence(client: int) -> str:
    """The name of the move."""
    return f"client{client} is cut off"


def voice(client: int) -> str:
    """The name of the move."""
    return f"client{client} is heard again"


def enter(client: int) -> str:
    """The name of the move."""
    return f"client{client} calls every server"


def leave(client: int) -> str:
    """The name of the move."""
    return f"client{client} is answered by every server"


def is_call(move: str) -> bool:
    """Is it one of the moves of a call that needs every server?"""
    return move.endswith("every server")


def is_fault(move: str) -> bool:
    """Is it a shared move by which something goes wrong?"""
    return move.endswith(("crashes", "is cut off"))


# -- what may happen ---------------------------------------------------------------------------------------------


def moves(part: Part, losses: int, crashes: int) -> Iterator[Move]:
    """Everything that may happen next where so many messages may be lost and so many nodes may crash."""
    yield from _administrator(part)
    for message in sorted(part.network):
        yield Move(f"{message} arrives", partial(arrive, message=message))
        if part.lost < losses:
            yield Move(f"{message} is lost", partial(_lose, message=message), fault=True)
    if part.crashed + len(part.missed()) < crashes:
        draining = part.mgs is not None and part.mgs.life.state is ServerState.REVOKING
        if part.server.up and not draining:
            yield Move("crashes", _crash, fault=True)
        for client in part.living():
            if client not in part.missed():
                yield Move(death(client), partial(_die, client=client), shared=True)
                yield Move(silence(client), partial(_fall_silent, client=client), shared=True)
    for client in part.dead - part.server.known:
        yield Move(boot(client), partial(_boot, client=client), shared=True)
    for client in part.cut:
        yield Move(voice(client), partial(_hear, client=client), shared=True)
    yield from _server(part)
    for client in part.living():
        link, barrier = part.links[client], part.barriers[client]
        if link.calls and not link.call:
            yield Move(f"client{client} calls", partial(_call, client=client))
        if link.views and not link.view:
            yield Move(f"client{client} reads", partial(_read, client=client))
        if link.both == "to come" and not link.gate:
            yield Move(enter(client), partial(_both, client=client, now="inside"), shared=True)
        if link.both == "answered":
            yield Move(leave(client), partial(_both, client=client, now=""), shared=True)
        if link.hand and not barrier.closed:
            yield Move(f"the barrier of client{client} is set by hand", partial(set_by_hand, client=client))
        waits = part.policy.resume is Resume.OPERATOR and barrier.state is ClientState.REOPENING
        if (waits and link.state == "full") or (barrier.manual and barrier.state in LIFTED):
            yield Move(f"the barrier of client{client} is lifted", partial(lift, client=client))


def _administrator(part: Part) -> Iterator[Move]:
    """One server after the other: stop, start in the new version; what crashed is started as it was."""
    server, mgs = part.server, part.mgs
    if mgs is not None:
        yield from _with_mgs(part, mgs)
    if not server.up and (mgs is None or _may_start(part, mgs)):
        as_it_was = not server.mark.clean
        name = "starts as it was" if as_it_was else "starts in 2.0"
        yield Move(name, partial(_start, version=server.version if as_it_was else 1))
    if mgs is not None and mgs.about:
        return
    if part.turn is Turn.BEFORE:
        yield Move(ITS_TURN, partial(_turn, turn=Turn.NOW), shared=True)
    elif part.turn is Turn.NOW and server.up and not server.awaited:
        if server.version:
            yield Move(DONE, partial(_turn, turn=Turn.DONE), shared=True)
        elif part.life.state is ServerState.SERVING and mgs is None:
            yield Move("stops", _stop)


def _with_mgs(part: Part, mgs: Mgs) -> Iterator[Move]:
    """The MGS takes the locks of all back before a server is stopped, is told when it is down, and gives them again
    when it is back. Whom the MGS does not know then is evicted everywhere."""
    server, state = part.server, mgs.life.state
    ready = server.up and not server.awaited and server.known - part.dead - part.cut <= mgs.known
    if not mgs.about and ready:
        if part.turn is Turn.NOW and not server.version:
            yield Move("the MGS takes the locks back", partial(_hold, about="this"))
        if mgs.left:
            yield Move("the MGS takes the locks back for another", partial(_hold, about="another"))
    elif mgs.about == "this" and state is ServerState.QUIET:
        if server.up and not server.awaited and part.life.state is ServerState.SERVING:
            yield Move("stops", _stop_alone)
        elif not server.up and server.mark.clean:
            yield Move("the MGS tells", _told)
    elif mgs.about == "this" and state is ServerState.COMMITTED and server.up:
        yield Move("the MGS lets go", _let_go)
    elif mgs.about == "another" and state is ServerState.QUIET:
        yield Move("the MGS tells of another", _told)
    elif mgs.about == "another" and state is ServerState.COMMITTED:
        yield Move("another starts", _another_starts)
    for client in sorted(mgs.known & (part.dead | part.cut)):
        yield Move(f"the MGS evicts client{client}", partial(_mgs_evicts, client=client))
    for client in part.living():
        other = part.links[client].other
        if other == "lost" and client not in part.cut:
            yield Move(f"client{client} finds another started", partial(restarted_elsewhere, client=client))
        elif other and client not in part.cut:
            yield Move(f"client{client} is back with another", partial(back_elsewhere, client=client))


def _may_start(part: Part, mgs: Mgs) -> bool:
    """What another server is stopped for comes first; after a stop of its own the MGS has told everybody."""
    told = not part.server.mark.clean or mgs.life.state is ServerState.COMMITTED
    return mgs.about != "another" and told


def _hold(part: Part, about: str) -> None:
    mgs = part.mgs
    assert mgs is not None
    mgs.about, mgs.left = about, mgs.left - (about == "another")
    mgs.life = Shutdown(part.policy, stays=True)
    act_mgs(part, mgs.life.begin(mgs.known | part.others))


def _stop_alone(part: Part) -> None:
    """The server asks nobody: it has no locks."""
    _evict_strangers(part)
    part.server.stops += 1
    act(part, part.life.begin(frozenset()))


def _evict_strangers(part: Part) -> None:
    assert part.mgs is not None
    for client in sorted(part.server.known - part.mgs.known):
        _evict(part, client)


def _told(part: Part) -> None:
    assert part.mgs is not None
    if part.mgs.about == "another":
        _evict_strangers(part)
    act_mgs(part, part.mgs.life.committed())


def _another_starts(part: Part) -> None:
    _let_go(part)
    for client in part.living():
        if part.links[client].state == "full" or part.links[client].mgc:
            part.links[client].other = "lost"


def _let_go(part: Part) -> None:
    mgs = part.mgs
    assert mgs is not None
    mgs.about, mgs.life = "", Shutdown(part.policy)
    mgs.holders, mgs.ungranted, mgs.queued = mgs.holders | mgs.queued, mgs.ungranted | mgs.queued, frozenset()
    mgs.unheard, mgs.untold, mgs.withheld = frozenset(), frozenset(), frozenset()


def _mgs_evicts(part: Part, client: int) -> None:
    assert part.mgs is not None
    part.mgs.forget(client)
    act_mgs(part, part.mgs.life.evicted(client))


def _turn(part: Part, turn: Turn) -> None:
    part.turn = turn


def _start(part: Part, version: int) -> None:
    server = part.server
    how = mark.decide(server.mark, VERSIONS[version])
    assert how in (Start.RECOVER, Start.REOPEN)
    server.mark = Mark(VERSIONS[version], clean=False)
    server.instance, server.up, server.version = server.instance + 1, True, version
    server.awaited, part.life = server.known, Shutdown(part.policy)


def _stop(part: Part) -> None:
    part.server.stops += 1
    act(part, part.life.begin(part.server.connected | part.others))


def _lose(part: Part, message: Message) -> None:
    part.network -= {message}
    part.lost += 1


def _crash(part: Part) -> None:
    server = part.server
    part.crashed, part.network = part.crashed + 1, frozenset(filter(to_client, part.network))
    server.up, server.done, server.connected = False, server.disk, frozenset()
    server.holders = server.opens = server.unheard = server.untold = server.withheld = frozenset()


def _die(part: Part, client: int) -> None:
    part.dead |= {client}
    part.network = frozenset(m for m in part.network if m[1] != client)


def _fall_silent(part: Part, client: int) -> None:
    """Nothing reaches it, and nothing of it arrives."""
    part.cut |= {client}
    part.network = frozenset(m for m in part.network if m[1] != client)


def _hear(part: Part, client: int) -> None:
    part.cut, part.heard = part.cut - {client}, part.heard | {client}


def _boot(part: Part, client: int) -> None:
    """It mounts as one that nobody knows."""
    part.dead, part.booted = part.dead - {client}, part.booted | {client}
    part.links[client] = Link(0, -1, "lost", calls=0, open=False, locks=False, access=False, gone=True, mgc=-1)
    part.barriers[client] = Barrier(part.policy)


# -- what a node does by itself ----------------------------------------------------------------------------------


def _server(part: Part) -> Iterator[Move]:
    server = part.server
    if not server.up:
        return
    if part.life.state is ServerState.QUIET:
        yield Move("commits and tells", _commit_all)
    elif server.done != server.disk:
        yield Move("commits", _commit)
    if part.life.state is ServerState.COMMITTED:
        yield Move("has waited long enough", _waited_enough)
    if part.mgs is not None:
        for other in part.others & part.mgs.life.pending:
            yield Move(f"{other} are done for the MGS", partial(_done_mgs, other=other))
    for other in part.others & part.life.pending:
        yield Move(f"{other} are done", partial(_done, other=other))
    for other in part.others & part.life.unaware - part.life.pending:
        yield Move(f"{other} leave", partial(_left, other=other))
    for client in sorted((server.connected | server.awaited) & (part.dead | part.cut)):
        yield Move(f"evicts client{client}", partial(_evict, client=client))


def _commit(part: Part) -> None:
    part.server.disk = part.server.done


def _commit_all(part: Part) -> None:
    _commit(part)
    act(part, part.life.committed())


def _waited_enough(part: Part) -> None:
    act(part, part.life.waited_enough())


def _done(part: Part, other: str) -> None:
    act(part, part.life.released(other))


def _done_mgs(part: Part, other: str) -> None:
    assert part.mgs is not None
    act_mgs(part, part.mgs.life.released(other))


def _left(part: Part, other: str) -> None:
    act(part, part.life.left(other))


def _evict(part: Part, client: int) -> None:
    server = part.server
    for field in ("known", "connected", "awaited", "holders", "opens", "unheard", "untold", "withheld"):
        setattr(server, field, getattr(server, field) - {client})
    act(part, part.life.evicted(client))


def _call(part: Part, client: int) -> None:
    link = part.links[client]
    link.calls, link.call = link.calls - 1, "behind the gate"


def _read(part: Part, client: int) -> None:
    link = part.links[client]
    link.views, link.view = link.views - 1, "behind the gate"


def _both(part: Part, client: int, now: str) -> None:
    part.links[client].both = now


# -- what happens at once ----------------------------------------------------------------------------------------


def make(move: Move, part: Part) -> None:
    """The move, and what happens at once after it: whoever can send something sends it, when it arrives is left open.

    Raises:
        Broken: a message arrived that must not.
    """
    move.do(part)
    _call_back(part)
    for client in part.living():
        while _client(part, client):
            pass


def _call_back(part: Part) -> None:
    server, mgs = part.server, part.mgs
    if mgs is not None:
        for kind, clients in (("callback", mgs.unheard), ("notice", mgs.untold), ("grant", mgs.ungranted)):
            for client in clients:
                if not part.on_way(f"mgs {kind}", client):
                    lock = () if kind == "notice" else (mgs.locks[client],)
                    part.send(f"mgs {kind}", client, mgs.handles[client], *lock)
    if server.up:
        for kind, clients in (("callback", server.unheard), ("notice", server.untold)):
            for client in clients:
                if not part.on_way(kind, client):
                    part.send(kind, client, server.instance)


def _client(part: Part, client: int) -> bool:
    """Send, send again, notice a restart, clean: one of them, and whether there was anything to do."""
    link, barrier, server = part.links[client], part.barriers[client], part.server
    there = server.up and server.instance == link.instance
    if part.mgs is not None and lock_news(part, client):
        return True
    if part.mgs is not None and client not in part.cut and _asks_mgs(part, part.mgs, client):
        return True
    if link.view == "behind the gate" and link.gate < 2 and link.state == "full":
        link.view = "sent"
        part.send("view", client, link.version, link.instance)
    elif link.call == "behind the gate" and not link.gate and link.state == "full":
        link.call, link.formatted = "sent", link.version
        part.send("call", client, link.formatted, link.instance)
    elif link.both == "inside" and link.state == "full":
        link.both, link.formatted = "sent", link.version
        part.send("both", client, link.formatted, link.instance)
    elif link.state in ("full", "replaying", "away") and server.up and (not there or _is_unknown(part, client, link)):
        link.state = "lost"
    elif link.state == "lost" and server.up and not part.on_way("connect", client):
        if client in part.cut:
            return False
        part.send("connect", client)
    elif link.state == "replaying" and server.instance == link.instance and not part.on_way("replay", client):
        if client in part.cut:
            return False
        part.send("replay", client, link.formatted, link.instance, link.uncommitted, link.done, link.access)
    elif link.state == "full" and server.instance == link.instance:
        if there and _sends_again(part, client, link):
            return True
        if client in part.booted and not (barrier.closed or link.access or link.asking):
            link.asking, link.lock = True, link.lock + 1  # it mounts
            return True
        if barrier.state is ClientState.REOPENING:
            return reopening(part, client)
        return barrier.state in (ClientState.DRAINING, ClientState.CLEANING) and look(part, client)
    else:
        return False
    return True


def _asks_mgs(part: Part, mgs: Mgs, client: int) -> bool:
    """Connect with the MGS again where it has forgotten the client, ask it for the lock, or give that back."""
    link = part.links[client]
    if link.mgc > 0 and (client not in mgs.known or mgs.handles[client] != link.mgc):
        link.mgc = 0
        mgs_lost(part, client)
        return True
    wants = "" if link.mgc > 0 else "hello"
    if not wants:
        wants = "release" if link.releasing else "ask" if link.asking else ""
    if not wants or part.on_way(f"mgs {wants}", client):
        return False
    said = {"hello": (), "release": (link.mgc, link.releasing), "ask": (link.mgc, link.lock)}[wants]
    part.send(f"mgs {wants}", client, *said)
    return True


def _is_unknown(part: Part, client: int, link: Link) -> bool:
    """Was it evicted while it was away? Whatever it asks is answered with that."""
    gone = client in part.heard and client not in part.server.known
    return gone and not link.leaving and link.state != "away"


def _sends_again(part: Part, client: int, link: Link) -> bool:
    if client in part.cut:
        return False
    for kind, pending, version in (
        ("call", link.call == "sent", link.formatted),
        ("view", link.view == "sent", link.version),
        ("both", link.both == "sent", link.formatted),
        ("sync", link.synced == "sent", link.version),
        ("release", bool(link.releasing) and part.mgs is None, link.version),
        ("ask", link.asking and part.mgs is None, link.version),
        ("bye", link.leaving, link.version),
    ):
        if pending and not part.on_way(kind, client):
            part.send(kind, client, version, link.instance)
            return True
    return False
