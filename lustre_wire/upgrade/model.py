"""A file system small enough to look at all its states: what stands around the real machines in `explore`.

Clients have a file open on each server and one call to make before and after the upgrade; servers have memory and disk;
the network holds at most one message of a kind between two nodes and delivers in any order. A request without an answer
is sent again once nothing of it is on the way: that is all that is left of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs

from lustre_wire.upgrade import mark
from lustre_wire.upgrade.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.mark import Mark, Start
from lustre_wire.upgrade.policy import Policy
from lustre_wire.upgrade.shutdown import Act, ServerState, Shutdown
from lustre_wire.upgrade.world import VERSIONS, Broken, Link, Message, Server, World, again


@attrs.frozen
class Move:
    """Something that may happen next; at once, if nothing else can come of it than a message on its way."""

    name: str
    do: Callable[[World], None]
    at_once: bool = False


def first_world(policy: Policy, clients: int, servers: tuple[str, ...], losses: int, crashes: int) -> World:
    """Everybody mounted, in the old version, with a file open and the all-access lock held."""
    everybody = frozenset(range(clients))
    return World(
        policy, servers,
        [
            Server(
                Shutdown(policy), known=everybody, connected=everybody, done=(0,) * clients, disk=(0,) * clients,
                holders=everybody, opens=everybody,
            )
            for _ in servers
        ],
        [[Link() for _ in servers] for _ in range(clients)],
        [[Barrier(policy) for _ in servers] for _ in range(clients)],
        frozenset(), frozenset(), losses, crashes,
    )  # fmt: skip


# -- what may happen ---------------------------------------------------------------------------------------------


def moves(world: World) -> Iterator[Move]:
    """Everything that may happen next."""
    yield from _operator(world)
    for message in sorted(world.network, key=repr):
        yield Move(f"{message} arrives", partial(_at, _arrive, message))
        if world.losses:
            yield Move(f"{message} is lost", partial(_at, _lose, message))
    if world.crashes:
        yield from _crashes(world)
    yield from (move for move in _by_themselves(world) if not move.at_once)


def _by_themselves(world: World) -> Iterator[Move]:
    for number in range(len(world.servers)):
        yield from _server(world, number)
    for client in range(len(world.links)):
        if client not in world.dead:
            for number in range(len(world.servers)):
                yield from _client(world, client, number)


def settle(world: World) -> None:
    """Do what happens at once: whoever can send something sends it; when it arrives is what is left open."""
    while True:
        move = next((move for move in _by_themselves(world) if move.at_once), None)
        if move is None:
            return
        move.do(world)


def _at(act: Callable[..., None], *arguments: Any) -> None:
    """`act` on the world, which comes last."""
    *where, world = arguments
    act(world, *where)


def _send(kind: str, client: int, number: int, world: World) -> None:
    world.send(kind, client, number, world.servers[number].instance)


def _lose(world: World, message: Message) -> None:
    world.network -= {message}
    world.losses -= 1


def _crashes(world: World) -> Iterator[Move]:
    for number, server in enumerate(world.servers):
        if server.up:
            yield Move(f"{world.names[number]} crashes", partial(_at, _crash, number))
    for client in range(len(world.links)):
        if client not in world.dead:
            yield Move(f"client{client} crashes", partial(_at, _die, client))


def _crash(world: World, number: int) -> None:
    server = world.servers[number]
    world.crashes, world.crashed = world.crashes - 1, world.names[number]
    server.up, server.done, server.connected = False, server.disk, frozenset()
    server.holders = server.opens = server.unheard = server.untold = frozenset()
    world.network = frozenset(m for m in world.network if m[2] != number)


def _die(world: World, client: int) -> None:
    world.crashes, world.crashed, world.dead = world.crashes - 1, f"client{client}", world.dead | {client}
    world.network = frozenset(m for m in world.network if m[1] != client)


def _operator(world: World) -> Iterator[Move]:
    """One server after the other: stop, start in the new version; what crashed is started as it was."""
    for number, server in enumerate(world.servers):
        if not server.up and not server.mark.clean:
            yield Move(f"start {world.names[number]} as it was", partial(_at, _start, number, server.version))
        elif not server.up:
            yield Move(f"start {world.names[number]} in 2.0", partial(_at, _start, number, 1))

    if world.turn < len(world.servers):
        server = world.servers[world.turn]
        if server.up and not server.version and server.life.state is ServerState.SERVING and not server.awaited:
            yield Move(f"stop {world.names[world.turn]}", lambda w: _stop(w, w.turn))
        elif server.up and server.version and not server.awaited:
            yield Move("next", _next)


def _next(world: World) -> None:
    world.turn += 1


def _start(world: World, number: int, version: int) -> None:
    server = world.servers[number]
    how = mark.decide(server.mark, VERSIONS[version])
    assert how in (Start.RECOVER, Start.REOPEN)
    server.mark = Mark(VERSIONS[version], clean=False)
    server.instance, server.up, server.version = server.instance + 1, True, version
    server.awaited, server.life = server.known, Shutdown(world.policy)


def _stop(world: World, number: int) -> None:
    server = world.servers[number]
    server.stops += 1
    _act(world, number, server.life.begin(server.connected))


def _act(world: World, number: int, acts: list[Act]) -> None:
    server = world.servers[number]
    for act in acts:
        if act is Act.REVOKE:
            server.unheard = server.holders
        elif act is Act.NOTIFY:
            server.untold = frozenset(c for c in server.known if c in server.life.unaware)
        elif act is Act.MARK:
            server.mark = Mark(VERSIONS[server.version], clean=True)
        elif act is Act.HALT:
            server.up, server.connected = False, frozenset()
            server.holders = server.opens = server.unheard = server.untold = frozenset()


def _server(world: World, number: int) -> Iterator[Move]:
    """What a server does by itself."""
    server, name = world.servers[number], world.names[number]
    if not server.up:
        return
    if server.done != server.disk and server.life.state is not ServerState.QUIET:
        yield Move(f"{name} commits", partial(_at, _commit, number))
    if server.life.state is ServerState.QUIET:
        yield Move(f"{name} commits and tells", partial(_at, _commit_all, number))
    for client in sorted(server.unheard):
        if not world.on_way("callback", client, number):
            yield Move(f"{name} calls client{client} back", partial(_send, "callback", client, number), True)
    for client in sorted(server.untold):
        if not world.on_way("notice", client, number):
            yield Move(f"{name} tells client{client}", partial(_send, "notice", client, number), True)
    for client in sorted((server.connected | server.awaited) & world.dead):
        yield Move(f"{name} evicts client{client}", partial(_at, _evict, client, number))


def _commit(world: World, number: int) -> None:
    world.servers[number].disk = world.servers[number].done


def _commit_all(world: World, number: int) -> None:
    _commit(world, number)
    _act(world, number, world.servers[number].life.committed())


def _evict(world: World, client: int, number: int) -> None:
    server = world.servers[number]
    for field in ("known", "connected", "awaited", "holders", "opens", "unheard", "untold"):
        setattr(server, field, getattr(server, field) - {client})
    _act(world, number, server.life.evicted(client))


def _client(world: World, client: int, number: int) -> Iterator[Move]:
    """What a client does by itself: calls, cleaning, sending again, noticing a restart."""
    link, barrier, server = world.links[client][number], world.barriers[client][number], world.servers[number]
    who = f"client{client} {world.names[number]}"

    def move(what: str, do: Callable[[World, Link], None]) -> Move:
        return Move(f"{who}: {what}", lambda w: do(w, w.links[client][number]), what != "calls")

    if link.calls and not link.call:
        yield move("calls", lambda w, k: _call(w, k, client, number))
    if link.call == "behind the gate" and not barrier.closed and link.state == "full":
        yield move("formats", lambda w, k: _format(w, k, client, number))
    if (
        link.state in ("full", "replaying")
        and server.up
        and server.instance != link.instance
        and not world.on_way("ping", client, number)
    ):
        yield move("notices the restart", lambda w, k: setattr(k, "state", "lost"))
    if link.state == "lost" and server.up and not world.on_way("connect", client, number):
        yield move("connects", lambda w, k: w.send("connect", client, number))
    if link.state == "replaying" and not world.on_way("replay", client, number) and server.instance == link.instance:
        yield move(
            "replays",
            lambda w, k: w.send("replay", client, number, k.version, k.instance, k.uncommitted, k.done, k.access),
        )
    if link.state != "full" or server.instance != link.instance:
        return
    for kind, pending in (("call", link.call == "sent"), ("sync", link.synced == "sent"), ("release", link.releasing)):
        if pending and server.up and not world.on_way(kind, client, number):
            yield move(f"{kind} again", lambda w, k, kind=kind: w.send(kind, client, number, k.version, k.instance))  # type: ignore[misc]
    if link.asking and server.up and not world.on_way("ask", client, number):
        yield move("asks for the lock", lambda w, k: w.send("ask", client, number, k.version, k.instance))
    if barrier.state in (ClientState.DRAINING, ClientState.CLEANING) and _would(world, client, number):
        yield move("looks", lambda w, k: _look(w, client, number))


def _call(world: World, link: Link, client: int, number: int) -> None:
    link.calls -= 1
    link.call = "behind the gate"


def _format(world: World, link: Link, client: int, number: int) -> None:
    link.call = "sent"
    world.send("call", client, number, link.version, link.instance)


def _facts(link: Link) -> Facts:
    return Facts(
        int(link.call == "sent") + int(link.synced == "sent"), int(link.dirty), int(link.locks), int(link.uncommitted)
    )


def _would(world: World, client: int, number: int) -> bool:
    probe = again(world.barriers[client][number])
    return (
        bool(probe.look(_facts(world.links[client][number]))) or probe.state is not world.barriers[client][number].state
    )


def _look(world: World, client: int, number: int) -> None:
    _steps(world, client, number, world.barriers[client][number].look(_facts(world.links[client][number])))


def _steps(world: World, client: int, number: int, steps: list[Step]) -> None:
    link = world.links[client][number]
    for step in steps:
        if step is Step.FLUSH:
            link.dirty = False
        elif step is Step.CANCEL:
            link.locks = False
        elif step is Step.SYNC:
            link.synced = "sent"
        elif step is Step.RELEASE and link.access:
            link.access, link.releasing = False, True
        elif step is Step.ASK_AGAIN and not link.access:
            link.asking = True
        elif step is Step.FAIL_GATE and link.call == "behind the gate":
            link.call = ""


# -- messages ----------------------------------------------------------------------------------------------------


def _arrive(world: World, message: Message) -> None:
    world.network -= {message}
    kind, client, number, *said = message
    if kind.startswith("re ") or kind in ("callback", "notice"):
        if client not in world.dead:
            _CLIENT[kind](world, client, number, *said)
    elif world.servers[number].up:
        _SERVER[kind](world, client, number, *said)


def _at_connect(world: World, client: int, number: int) -> None:
    server = world.servers[number]
    if client not in server.known:
        if server.awaited or server.life.newcomer():
            return
        server.known |= {client}
        server.connected |= {client}
        world.send("re connect", client, number, server.instance, server.version, "new")
        return
    back = client in server.connected and client not in server.awaited
    server.connected |= {client}
    world.send("re connect", client, number, server.instance, server.version, "same" if back else "restarted")


def _at_replay(
    world: World, client: int, number: int, version: int, instance: int, uncommitted: bool, done: int, access: bool
) -> None:
    server = world.servers[number]
    if instance != server.instance:
        return
    if client not in server.awaited:
        if client in server.connected:
            world.send("re replay", client, number, server.instance)
        return
    if uncommitted and version != server.version:
        raise Broken(f"a call of {VERSIONS[version]} is replayed to {VERSIONS[server.version]}", "")
    if uncommitted:
        server.done = tuple(max(n, done) if c == client else n for c, n in enumerate(server.done))
    server.awaited -= {client}
    server.opens |= {client}
    server.holders |= {client} if access else frozenset()
    world.send("re replay", client, number, server.instance)


def _live(world: World, client: int, number: int, version: int, instance: int) -> bool:
    """Does the request come over a connection this server knows? Only then its buffers are looked into."""
    server = world.servers[number]
    if instance != server.instance or client not in server.connected or client in server.awaited:
        return False
    if version != server.version:
        raise Broken(f"{VERSIONS[server.version]} reads a request of {VERSIONS[version]}", "")
    return True


def _at_call(world: World, client: int, number: int, version: int, instance: int) -> None:
    server = world.servers[number]
    if not _live(world, client, number, version, instance):
        return
    if server.life.request("request"):
        raise Broken("a call reaches a server that is quiet", "")
    done = world.links[client][number].done + 1
    server.done = tuple(max(n, done) if c == client else n for c, n in enumerate(server.done))
    world.send("re call", client, number, instance)


def _at_sync(world: World, client: int, number: int, version: int, instance: int) -> None:
    if _live(world, client, number, version, instance):
        if not world.servers[number].life.request("request"):
            _commit(world, number)
        world.send("re sync", client, number, instance)


def _at_release(world: World, client: int, number: int, version: int, instance: int) -> None:
    server = world.servers[number]
    if _live(world, client, number, version, instance):
        server.holders -= {client}
        server.unheard -= {client}
        world.send("re release", client, number, instance)
        _act(world, number, server.life.released(client))


def _at_ask(world: World, client: int, number: int, version: int, instance: int) -> None:
    server = world.servers[number]
    if _live(world, client, number, version, instance):
        free = server.life.state is ServerState.SERVING
        server.holders |= {client} if free else frozenset()
        world.send("re ask", client, number, instance, free)


def _to_callback(world: World, client: int, number: int, instance: int) -> None:
    """It names the client's lock: one of an earlier start of the server is unknown."""
    server, link = world.servers[number], world.links[client][number]
    if server.up and link.instance == instance == server.instance and link.access:
        _steps(world, client, number, world.barriers[client][number].revoked())
        server.unheard -= {client}


def _to_notice(world: World, client: int, number: int, instance: int) -> None:
    server = world.servers[number]
    if server.up and instance == server.instance and client in server.untold:
        _steps(world, client, number, world.barriers[client][number].all_committed())
        server.untold -= {client}
        _act(world, number, server.life.informed(client))


def _to_connected(world: World, client: int, number: int, instance: int, version: int, how: str) -> None:
    link, barrier = world.links[client][number], world.barriers[client][number]
    if link.state != "lost" or instance != world.servers[number].instance:
        return
    link.instance, link.version = instance, version
    if how == "same":
        link.state = "full"
        _recovered(world, client, number)
    elif how == "restarted":
        link.state, link.releasing, link.synced = "replaying", False, ""
        _steps(world, client, number, barrier.restarted())
    else:
        link.gone, link.state = True, "full"
        link.open = link.uncommitted = link.dirty = link.locks = link.access = link.releasing = False
        link.asking, link.synced, link.call = False, "", "" if link.call == "sent" else link.call
        _steps(world, client, number, barrier.evicted())


def _to_replayed(world: World, client: int, number: int, instance: int) -> None:
    link = world.links[client][number]
    if link.state == "replaying" and instance == link.instance:
        link.state = "full"
        _recovered(world, client, number)


def _recovered(world: World, client: int, number: int) -> None:
    """Recovery is over; a client that still has its all-access lock need not ask for it."""
    barrier = world.barriers[client][number]
    _steps(world, client, number, barrier.recovered())
    if world.links[client][number].access:
        _steps(world, client, number, barrier.granted())


def _to_called(world: World, client: int, number: int, instance: int) -> None:
    link = world.links[client][number]
    if link.call == "sent" and instance == link.instance:
        link.call, link.done, link.uncommitted, link.locks, link.dirty = "", link.done + 1, True, True, True


def _to_synced(world: World, client: int, number: int, instance: int) -> None:
    link = world.links[client][number]
    if instance == link.instance:
        link.synced, link.uncommitted = "", False


def _to_released(world: World, client: int, number: int, instance: int) -> None:
    if instance == world.links[client][number].instance:
        world.links[client][number].releasing = False


def _to_asked(world: World, client: int, number: int, instance: int, free: bool) -> None:
    link, barrier = world.links[client][number], world.barriers[client][number]
    if link.asking and instance == link.instance:
        link.asking, link.access = False, True
        _steps(world, client, number, barrier.granted() if free else barrier.queued())


_SERVER: dict[str, Callable[..., None]] = {
    "connect": _at_connect, "replay": _at_replay, "call": _at_call, "sync": _at_sync, "release": _at_release,
    "ask": _at_ask,
}  # fmt: skip
_CLIENT: dict[str, Callable[..., None]] = {
    "callback": _to_callback, "notice": _to_notice, "re connect": _to_connected, "re replay": _to_replayed,
    "re call": _to_called, "re sync": _to_synced, "re release": _to_released, "re ask": _to_asked,
}  # fmt: skip
