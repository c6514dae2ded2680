"""What a message does where it arrives, and what the machines' answers do to server and client: the half of `model`
that nobody chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lustre_wire.upgrade.model.world import Broken, Link, Message, Mgs, Part, Server, again
from lustre_wire.upgrade.protocol.barrier import Facts, Step
from lustre_wire.upgrade.protocol.mark import VERSIONS, Mark
from lustre_wire.upgrade.protocol.policy import Notice
from lustre_wire.upgrade.protocol.shutdown import Act, ServerState, Shutdown


def arrive(part: Part, message: Message) -> None:
    """The message is where it was sent to; whoever is down or dead hears nothing.

    Raises:
        Broken: it must not come in this state.
    """
    part.network -= {message}
    kind, client, *said = message
    if to_client(message):
        if client not in part.dead:
            _CLIENT[kind](part, client, *said)
    elif kind in _MGS:
        _MGS[kind](part, client, *said)
    elif part.server.up:
        _SERVER[kind](part, client, *said)


def to_client(message: Message) -> bool:
    """Which way does it go?"""
    return message[0] in _CLIENT


# -- what the machines want done -----------------------------------------------------------------------------------


def act(part: Part, acts: list[Act]) -> None:
    """Do what the server's machine says."""
    server = part.server
    for each in acts:
        if each in (Act.REVOKE, Act.NOTIFY):
            _tell(part, server, part.life, each, lambda client: part.send("re release", client, server.instance))
        elif each is Act.MARK:
            server.mark = Mark(VERSIONS[server.version], clean=True)
        elif each is Act.HALT:
            server.up, server.connected = False, frozenset()
            server.holders = server.opens = server.unheard = server.untold = server.withheld = frozenset()


def _tell(part: Part, node: Server | Mgs, life: Shutdown, what: Act, answer: Callable[[Any], None]) -> None:
    """Have whoever has the locks ask its clients for them, or tell that all is committed: by a callback, or by the
    answers to the releases where they were kept back."""
    if what is Act.REVOKE:
        node.unheard = node.holders
    elif part.policy.notice is Notice.WITHHELD:
        for each in node.withheld:
            answer(each)
        node.withheld = frozenset()
    else:
        node.untold = frozenset(c for c in node.known if c in life.unaware)


def look(part: Part, client: int) -> bool:
    """The client's machine looks at the books; does anything come of it?"""
    before, barrier = again(part.barriers[client]), part.barriers[client]
    _steps(part, client, barrier.look(_facts(part.links[client])))
    return barrier != before


def _steps(part: Part, client: int, steps: list[Step]) -> None:
    link = part.links[client]
    for step in steps:
        if step is Step.FLUSH:
            link.dirty = False
        elif step is Step.CANCEL:
            link.locks = False
        elif step is Step.SYNC:
            link.synced = "sent"
        elif step is Step.RELEASE and link.access:
            link.access, link.queued, link.called, link.releasing = False, False, False, link.lock
            part.network = frozenset(m for m in part.network if m[0] not in _OF_A_LOCK or m[1] != client)
        elif step is Step.ASK_AGAIN and not (link.access or link.asking):
            link.asking, link.lock = True, link.lock + 1
        elif step is Step.DISCONNECT:
            link.leaving = True
        elif step in _GATE:
            link.gate = _GATE[step]
        elif step is Step.FAIL_GATE:
            link.call = "" if link.call == "behind the gate" else link.call
            link.view = "" if link.view == "behind the gate" else link.view


_GATE = {Step.OPEN_GATE: 0, Step.CLOSE_GATE: 1, Step.CLOSE_GATE_TO_READING: 2}


def lock_news(part: Part, client: int) -> bool:
    """A client that has its lock of an MGS, or waits for it, looks what is said of that; does anything come of it?"""
    link, barrier = part.links[client], part.barriers[client]
    if not link.access:
        return False
    before = again(barrier)
    _steps(part, client, barrier.revoked() if link.called else barrier.queued() if link.queued else barrier.granted())
    return barrier != before


def _facts(link: Link) -> Facts:
    return Facts(
        [link.call, link.view, link.synced].count("sent") + (link.both in ("inside", "sent", "answered")),
        int(link.dirty), int(link.locks), int(link.uncommitted),
    )  # fmt: skip


# -- at the server -----------------------------------------------------------------------------------------------


def _at_connect(part: Part, client: int) -> None:
    server = part.server
    if client not in server.known:
        if server.awaited or part.life.newcomer(first=part.links[client].handle < 0):
            return
        server.known |= {client}
        server.connected |= {client}
        server.exports = tuple(n + (c == client) for c, n in enumerate(server.exports))
        part.send("re connect", client, server.instance, server.exports[client], server.version, "new")
        return
    back = client in server.connected and client not in server.awaited
    server.connected |= {client}
    how = "same" if back else "restarted"
    part.send("re connect", client, server.instance, server.exports[client], server.version, how)


def _at_replay(
    part: Part, client: int, version: int, instance: int, uncommitted: bool, done: int, access: bool
) -> None:
    server = part.server
    if instance != server.instance:
        return
    if client not in server.awaited:
        if client in server.connected:
            part.send("re replay", client, server.instance)
        return
    if uncommitted and version != server.version:
        raise Broken(f"a call of {VERSIONS[version]} is replayed to {VERSIONS[server.version]}")
    if uncommitted:
        server.done = tuple(max(n, done) if c == client else n for c, n in enumerate(server.done))
    server.awaited -= {client}
    server.opens |= {client}
    server.holders |= {client} if access and part.mgs is None else frozenset()
    part.send("re replay", client, server.instance)


def _live(part: Part, client: int, version: int, instance: int) -> bool:
    """Does the request come over a connection this server knows? Only then its buffers are looked into."""
    server = part.server
    if instance != server.instance or client not in server.connected or client in server.awaited:
        return False
    if version != server.version:
        raise Broken(f"{VERSIONS[server.version]} reads a request of {VERSIONS[version]}")
    return True


def _at_call(part: Part, client: int, version: int, instance: int) -> None:
    server = part.server
    if not _live(part, client, version, instance):
        return
    if part.life.request("request"):
        raise Broken("a call reaches a server that is quiet")
    done = part.links[client].done + 1
    server.done = tuple(max(n, done) if c == client else n for c, n in enumerate(server.done))
    if part.policy.synchronous:
        server.disk = server.done
    part.send("re call", client, instance)


def _at_view(part: Part, client: int, version: int, instance: int) -> None:
    if _live(part, client, version, instance):
        if part.life.request("request"):
            raise Broken("a call reaches a server that is quiet")
        part.send("re view", client, instance)


def _at_both(part: Part, client: int, version: int, instance: int) -> None:
    if _live(part, client, version, instance):
        if part.life.request("request"):
            raise Broken("a call reaches a server that is quiet")
        part.send("re both", client, instance)


def _at_sync(part: Part, client: int, version: int, instance: int) -> None:
    if _live(part, client, version, instance):
        if not part.life.request("request"):
            part.server.disk = part.server.done
        part.send("re sync", client, instance, part.server.disk[client])


def _at_release(part: Part, client: int, version: int, instance: int) -> None:
    server = part.server
    if _live(part, client, version, instance):
        server.holders -= {client}
        server.unheard -= {client}
        act(part, part.life.released(client))
        stopping = part.life.state in (ServerState.REVOKING, ServerState.QUIET)
        if part.policy.notice is Notice.WITHHELD and stopping:
            server.withheld |= {client}
        else:
            part.send("re release", client, instance)


def _at_bye(part: Part, client: int, version: int, instance: int) -> None:
    """A good-bye; of one that comes again nothing is known any more, which answers it too."""
    server = part.server
    if instance != server.instance:
        return
    if client in server.connected:
        kept = part.life.state is ServerState.COMMITTED
        for field in ("connected", "holders", "opens", "unheard", "untold", *(() if kept else ("known",))):
            setattr(server, field, getattr(server, field) - {client})
        act(part, part.life.left(client))
    part.send("re bye", client, instance)


def _at_ask(part: Part, client: int, version: int, instance: int) -> None:
    server = part.server
    if _live(part, client, version, instance):
        free = part.life.state is ServerState.SERVING
        server.holders |= {client} if free else frozenset()
        part.send("re ask", client, instance, free, bool(part.life.request("request")))


# -- at the client -----------------------------------------------------------------------------------------------


def _to_callback(part: Part, client: int, instance: int) -> None:
    """It names the client's lock: one of an earlier start of the server is unknown."""
    server, link = part.server, part.links[client]
    if link.instance == instance and link.access:
        _steps(part, client, part.barriers[client].revoked())
        server.unheard -= {client} if instance == server.instance else frozenset()


def _to_notice(part: Part, client: int, instance: int) -> None:
    """Of a server that went down meanwhile too."""
    server = part.server
    if instance == part.links[client].instance:
        _steps(part, client, part.barriers[client].all_committed())
    if server.up and instance == server.instance and client in server.untold:
        server.untold -= {client}
        act(part, part.life.informed(client))


def _to_connected(part: Part, client: int, instance: int, handle: int, version: int, how: str) -> None:
    link, barrier = part.links[client], part.barriers[client]
    if link.state != "lost" or instance != part.server.instance:
        return
    if handle != link.handle and how == "same":  # the answer that told it was lost
        how = "new"
    link.instance, link.handle, link.version = instance, handle, version
    if how == "same":
        link.state = "full"
        _recovered(part, client)
    elif how == "restarted":
        link.state, link.leaving, link.synced = "replaying", False, ""
        if part.mgs is None:
            link.releasing = 0
        _steps(part, client, barrier.restarted())
    else:
        link.gone, link.state = True, "full"
        link.open = link.uncommitted = link.dirty = link.locks = False
        if part.mgs is None:
            link.access = link.asking = False
            link.releasing = 0
        link.leaving, link.synced, link.formatted = False, "", 0
        link.call = "" if link.call == "sent" else link.call
        link.view = "" if link.view == "sent" else link.view
        link.both = "answered" if link.both in ("inside", "sent") else link.both
        _steps(part, client, barrier.evicted())


def _to_replayed(part: Part, client: int, instance: int) -> None:
    link = part.links[client]
    if link.state == "replaying" and instance == link.instance:
        link.state = "full"
        _recovered(part, client)


def _recovered(part: Part, client: int) -> None:
    """Recovery is over; a client that still has its all-access lock need not ask for it."""
    link, barrier = part.links[client], part.barriers[client]
    if link.other or link.state != "full":
        return
    if not link.asking and (link.called or not link.queued):
        _steps(part, client, barrier.recovered())
    if link.access and not barrier.wanted and not link.queued:
        _steps(part, client, barrier.granted())


def reopening(part: Part, client: int) -> bool:
    """A client that is connected again looks whether it may go on; does anything come of it?"""
    before, barrier = again(part.barriers[client]), part.barriers[client]
    _recovered(part, client)
    return barrier != before


def set_by_hand(part: Part, client: int) -> None:
    """The administrator's command to one client (TH-16)."""
    part.links[client].hand = False
    _steps(part, client, part.barriers[client].set_by_hand())


def lift(part: Part, client: int) -> None:
    """The administrator's other command (TH-19)."""
    _steps(part, client, part.barriers[client].lift_by_hand())


def _to_called(part: Part, client: int, instance: int) -> None:
    link = part.links[client]
    if link.call == "sent" and instance == link.instance:
        link.call, link.done, link.locks, link.dirty = "", link.done + 1, True, True
        link.uncommitted = not part.policy.synchronous


def _to_viewed(part: Part, client: int, instance: int) -> None:
    link = part.links[client]
    if link.view == "sent" and instance == link.instance:
        link.view, link.locks = "", True


def _to_both(part: Part, client: int, instance: int) -> None:
    """What it changed is replayed like what a call changed; how often it was done is not counted."""
    link = part.links[client]
    if link.both == "sent" and instance == link.instance:
        link.both, link.locks, link.dirty = "answered", True, True
        link.uncommitted |= not part.policy.synchronous


def _to_synced(part: Part, client: int, instance: int, disk: int) -> None:
    link = part.links[client]
    if instance != link.instance:
        return
    link.synced = ""
    later = link.done > disk or link.call == "sent" or link.both in ("sent", "answered")
    if not later:
        link.uncommitted, link.formatted = False, 0


def _to_released(part: Part, client: int, instance: int) -> None:
    if instance == part.links[client].instance:
        _release_answered(part, client)


def _release_answered(part: Part, client: int) -> None:
    link = part.links[client]
    if link.releasing:
        link.releasing = 0
        if part.policy.notice is Notice.WITHHELD:
            _steps(part, client, part.barriers[client].all_committed())


def _to_parted(part: Part, client: int, instance: int) -> None:
    link = part.links[client]
    if instance == link.instance and link.leaving:
        link.leaving, link.state = False, "away"


def _to_asked(part: Part, client: int, instance: int, free: bool, refused: bool) -> None:
    link, barrier = part.links[client], part.barriers[client]
    if link.asking and instance == link.instance and refused:
        link.asking = False
        _steps(part, client, barrier.revoked())
    elif link.asking and instance == link.instance:
        link.asking, link.access = False, True
        _steps(part, client, barrier.granted() if free else barrier.queued())


# -- at an MGS that has the lock, and what a client hears of it -----------------------------------------------------


def act_mgs(part: Part, acts: list[Act]) -> None:
    """Do what the MGS's machine says: it commits nothing itself, and goes on serving."""
    mgs = part.mgs
    assert mgs is not None
    for each in acts:
        if each in (Act.REVOKE, Act.NOTIFY):
            _tell(part, mgs, mgs.life, each, partial(_answer_release, part, mgs))


def _answer_release(part: Part, mgs: Mgs, released: tuple[int, int]) -> None:
    client, lock = released
    part.send("re mgs release", client, mgs.handles[client], lock)


def restarted_elsewhere(part: Part, client: int) -> None:
    """A client finds that another server was started anew."""
    part.links[client].other = "replaying"
    _steps(part, client, part.barriers[client].restarted())


def back_elsewhere(part: Part, client: int) -> None:
    """Its recovery there is over."""
    part.links[client].other = ""
    _recovered(part, client)


def mgs_lost(part: Part, client: int) -> None:
    """A client hears that the MGS has forgotten it, and the lock with it."""
    link = part.links[client]
    link.access = link.queued = link.called = link.asking = False
    link.releasing = 0
    _steps(part, client, part.barriers[client].lock_forgotten())


def _at_mgs_hello(part: Part, client: int) -> None:
    mgs = part.mgs
    assert mgs is not None
    if client not in mgs.known:
        if part.mgs and mgs.life.newcomer(first=part.links[client].mgc < 0):
            return
        mgs.known |= {client}
        mgs.handles = tuple(n + (c == client) for c, n in enumerate(mgs.handles))
    part.send("re mgs hello", client, mgs.handles[client])


def _known(part: Part, client: int, handle: int) -> bool:
    return part.mgs is not None and client in part.mgs.known and handle == part.mgs.handles[client]


def _at_mgs_release(part: Part, client: int, handle: int, lock: int) -> None:
    mgs = part.mgs
    if mgs is None or not _known(part, client, handle):
        return
    if mgs.locks[client] == lock:
        mgs.holders, mgs.unheard, mgs.queued = mgs.holders - {client}, mgs.unheard - {client}, mgs.queued - {client}
        mgs.ungranted -= {client}
        mgs.has(client, 0)
        act_mgs(part, mgs.life.released(client))
        if part.policy.notice is Notice.WITHHELD and mgs.life.state in (ServerState.REVOKING, ServerState.QUIET):
            mgs.withheld |= {(client, lock)}
    if (client, lock) not in mgs.withheld:
        part.send("re mgs release", client, handle, lock)


def _at_mgs_ask(part: Part, client: int, handle: int, lock: int) -> None:
    mgs = part.mgs
    if mgs is None or not _known(part, client, handle):
        return
    mgs.has(client, lock)
    free = client in mgs.holders or not mgs.about  # it may ask again for want of an answer
    if free:
        mgs.holders |= {client}
    else:
        mgs.queued |= {client}
    part.send("re mgs ask", client, handle, free, client in mgs.life.pending)


def _to_mgs_hello(part: Part, client: int, handle: int) -> None:
    part.links[client].mgc = handle


def _to_mgs_callback(part: Part, client: int, handle: int, lock: int) -> None:
    link, mgs = part.links[client], part.mgs
    if mgs is not None and link.mgc == handle and link.access and link.lock == lock:
        link.called = True
        mgs.unheard -= {client} if _known(part, client, handle) and mgs.locks[client] == lock else frozenset()


def _to_mgs_notice(part: Part, client: int, handle: int) -> None:
    if part.links[client].mgc == handle:
        _steps(part, client, part.barriers[client].all_committed())
    if part.mgs is not None and _known(part, client, handle) and client in part.mgs.untold:
        part.mgs.untold -= {client}
        act_mgs(part, part.mgs.life.informed(client))


def _to_mgs_grant(part: Part, client: int, handle: int, lock: int) -> None:
    link, mgs = part.links[client], part.mgs
    if mgs is not None and _known(part, client, handle) and mgs.locks[client] == lock:
        mgs.ungranted -= {client}
    if link.mgc == handle and link.queued and link.lock == lock:
        link.queued = False


def _to_mgs_released(part: Part, client: int, handle: int, lock: int) -> None:
    if handle == part.links[client].mgc and lock == part.links[client].releasing:
        _release_answered(part, client)


def _to_mgs_asked(part: Part, client: int, handle: int, free: bool, wanted: bool) -> None:
    link, mgs = part.links[client], part.mgs
    if not link.asking or handle != link.mgc or mgs is None:
        return
    link.asking, link.access, link.called = False, True, wanted
    link.queued = not free and client in mgs.queued | mgs.ungranted


_SERVER: dict[str, Callable[..., None]] = {
    "connect": _at_connect, "replay": _at_replay, "call": _at_call, "sync": _at_sync, "release": _at_release,
    "ask": _at_ask, "bye": _at_bye, "view": _at_view, "both": _at_both,
}  # fmt: skip
#: What the MGS says of a lock means nothing once that is given back.
_OF_A_LOCK = ("mgs callback", "mgs grant", "mgs notice")
_MGS: dict[str, Callable[..., None]] = {
    "mgs hello": _at_mgs_hello, "mgs release": _at_mgs_release, "mgs ask": _at_mgs_ask,
}  # fmt: skip
_CLIENT: dict[str, Callable[..., None]] = {
    "callback": _to_callback, "notice": _to_notice, "re connect": _to_connected, "re replay": _to_replayed,
    "re call": _to_called, "re sync": _to_synced, "re release": _to_released, "re ask": _to_asked, "re bye": _to_parted,
    "re view": _to_viewed, "re both": _to_both, "re mgs hello": _to_mgs_hello, "mgs callback": _to_mgs_callback,
    "mgs notice": _to_mgs_notice, "mgs grant": _to_mgs_grant, "re mgs release": _to_mgs_released,
    "re mgs ask": _to_mgs_asked,
}  # fmt: skip
