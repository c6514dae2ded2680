"""How an upgrade is done: policies by name, and what they leave open as options.

`shipped` is what 1.8.9 and 2.0.0 do: the first start of the other release on a disk forgets every client
(mds/mds_fs.c: mds_init_server_data; mdt/mdt_recovery.c: mdt_server_data_init). `simplified` is what was planned in
2008: a controlled stop that leaves nothing to recover but open files. `reformat` is the alternative of the same
discussion: no notice beforehand, everything the client still has to send is made anew in the new dialect.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs

from lustre_wire.errors import WireError


class Scope(StrEnum):
    """Whose namespace the all-access lock is in: the MGS's for the whole file system, or the target's own."""

    MGS = "mgs"
    TARGET = "target"


class Resume(StrEnum):
    """What ends the barrier: recovery with the restarted server, the lock granted again, or a command."""

    RECONNECT = "reconnect"
    LOCK = "lock"
    OPERATOR = "operator"


class Held(StrEnum):
    """Which operations the barrier holds back while the client still drains: all, or those that change something."""

    ALL = "all"
    UPDATES = "updates"


class Cache(StrEnum):
    """What becomes of the client's cache: written back and cancelled, or only written back."""

    CANCEL = "cancel"
    FLUSH = "flush"


class Newcomers(StrEnum):
    """A client that connects during the stop is refused, or accepted and held at its barrier until the restart."""

    REFUSE = "refuse"
    HOLD = "hold"


class Notice(StrEnum):
    """How clients learn that everything is committed: a callback, or the answer to their release, kept until then."""

    EXPLICIT = "explicit"
    WITHHELD = "withheld"


class Farewell(StrEnum):
    """Whether clients disconnect after the notice or stay connected and go on pinging."""

    STAY = "stay"
    LEAVE = "leave"


class Watch(StrEnum):
    """How a client that waits looks out for the restart: with its ordinary pings, or by asking often (SI-18
    allows a pinger that only watches for the restart)."""

    PING = "ping"
    PROBE = "probe"


class Away(StrEnum):
    """A client that missed the stop: evicted when it returns, or its requests are made anew in the new dialect."""

    EVICT = "evict"
    REFORMAT = "reformat"


@attrs.frozen
class Policy:
    """One way to upgrade.

    Attributes:
        name: what the command line calls it.
        controlled: servers are stopped through barrier and all-access lock.
        start_rule: a target starts only in the same version, after a clean stop, or forced.
        keeps_clients: the clients in last_rcvd survive a change of version.
        synchronous: while the upgrade lasts the target commits before each answer.
        scope, resume, held, cache, newcomers, notice, farewell, watch, away: see their types.
    """

    name: str
    controlled: bool
    start_rule: bool
    keeps_clients: bool
    synchronous: bool = False
    scope: Scope = Scope.TARGET
    resume: Resume = Resume.RECONNECT
    held: Held = Held.ALL
    cache: Cache = Cache.CANCEL
    newcomers: Newcomers = Newcomers.REFUSE
    notice: Notice = Notice.EXPLICIT
    farewell: Farewell = Farewell.STAY
    watch: Watch = Watch.PING
    away: Away = Away.EVICT


POLICIES = {
    "shipped": Policy("shipped", controlled=False, start_rule=False, keeps_clients=False),
    "simplified": Policy("simplified", controlled=True, start_rule=True, keeps_clients=True),
    "reformat": Policy(
        "reformat", controlled=False, start_rule=False, keeps_clients=True, synchronous=True, away=Away.REFORMAT
    ),
}

#: Options that can be set by name, with their types.
OPTIONS: dict[str, type[StrEnum] | type[bool]] = {
    "scope": Scope,
    "resume": Resume,
    "held": Held,
    "cache": Cache,
    "newcomers": Newcomers,
    "notice": Notice,
    "farewell": Farewell,
    "watch": Watch,
    "synchronous": bool,
}

_SWITCH = {"yes": True, "no": False}


def policy(name: str, **options: Any) -> Policy:
    """A policy by name, with options replaced.

    Args:
        options: names of `OPTIONS`, values as text (``notice="withheld"``, ``synchronous="yes"``) or as they are.

    Raises:
        WireError: an unknown policy, option or value.
    """
    found = POLICIES.get(name)
    if found is None:
        raise WireError(f"no policy {name!r}: there are {', '.join(POLICIES)}")
    made = attrs.evolve(found, **{key: _value(key, value) for key, value in options.items()})
    if made.scope is Scope.MGS and made.farewell is Farewell.LEAVE:
        raise WireError("with scope=mgs a client cannot know which servers leave: farewell=leave needs scope=target")
    if made.scope is Scope.MGS and made.newcomers is Newcomers.HOLD:
        raise WireError("with scope=mgs a new client is refused, it cannot be held: newcomers=hold needs scope=target")
    if made.away is Away.REFORMAT and not made.synchronous:
        raise WireError(f"{name} replays nothing of the old version: it needs synchronous=yes")
    idle = [option for option in OPTIONS if getattr(made, option) != getattr(found, option) and option != "synchronous"]
    if idle and not made.controlled:
        raise WireError(f"{name} knows no barrier: {idle[0]}={getattr(made, idle[0])} has no meaning there")
    return made


def _value(option: str, value: Any) -> Any:
    kind = OPTIONS.get(option)
    if kind is None:
        raise WireError(f"no option {option!r}: there are {', '.join(OPTIONS)}")
    known: dict[Any, Any] = _SWITCH if kind is bool else {str(member): member for member in kind}
    if value not in known and value not in known.values():
        raise WireError(f"option {option} is one of {', '.join(known)}, not {value!r}")
    return known.get(value, value)
