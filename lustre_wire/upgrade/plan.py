"""The steps of an upgrade in their order, for a site that is described, without playing them.

A site is a TOML file: what there is, what it runs, and what its hardware can do. The times are those of
`docs/upgrade.md`: bounds, each message as late as if all clients had sent theirs at the same moment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from math import inf
from typing import Any

import attrs

from lustre_wire.errors import WireError
from lustre_wire.recovery import timeouts
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.layouts import STRIPE_SIZE
from lustre_wire.upgrade.nodes.participant import PROBE_EVERY
from lustre_wire.upgrade.nodes.server import COMMIT_TIME, LINGER
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.protocol.policy import Cache, Farewell, Notice, Policy, Scope, Watch

#: Bytes that no message without bulk data exceeds.
MESSAGE = 1024
#: Messages one after the other: callback, cancel and its answer, sync and its answer, release; and for each write its
#: request, the server's GET, the data and the answer.
ALWAYS, EACH_WRITE = 6, 4
#: Messages of a client, one after the other, until it is back: connect, opens, locks, the two pings that end recovery.
COMING_BACK = 8
#: Seconds a message is under way, at most (`Faults.delay`).
DELAY = 0.002
_SERVER = re.compile(r"mgs|mds|ost\d+")


@attrs.frozen
class Target:
    """A server of a site: what it runs, and whether a second node can take its target over."""

    name: str
    version: str
    pair: bool = False


@attrs.frozen
class Site:
    """What is to be upgraded.

    Attributes:
        servers: in any order; `clients` how many run which version.
        to: the version in which everything is to run.
        dirty: bytes a client holds for each OST, at most.
        outage: seconds a node is down while its software is changed, and it boots.
        hardware: of every node.
    """

    servers: tuple[Target, ...]
    clients: dict[str, int]
    to: str = VERSIONS[-1]
    dirty: int = 32 << 20
    outage: float = 300.0
    hardware: Hardware = attrs.field(factory=Hardware)

    @property
    def mounted(self) -> int:
        return sum(self.clients.values())


@attrs.frozen
class Step:
    """One thing the operator does.

    Attributes:
        seconds: how long it takes, at most, if nothing goes wrong.
        blocked: seconds a call that needs this server waits, at most; nothing if none is held back.
        risks: what can go wrong, and what it costs.
        fails: why this step, as described, evicts somebody even if nothing else goes wrong.
    """

    what: str
    seconds: float
    blocked: float
    risks: tuple[str, ...]
    fails: str = ""


def parse(name: str, text: str) -> Site:
    """A site from its text.

    Raises:
        WireError: what is wrong with it.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WireError(f"{name}: {error}") from error
    known = {"servers", "clients", "to", "dirty", "outage", "link", "disk", "requests"}
    if found.keys() - known or not {"servers", "clients"} <= found.keys():
        raise WireError(f"{name}: a site has servers and clients, and may have {', '.join(sorted(known))}")
    if not isinstance(found["servers"], dict) or not isinstance(found["clients"], dict):
        raise WireError(f"{name}: servers and clients are tables: [servers] mds = {{version = '1.8', pair = true}}")
    servers = tuple(_target(name, each, said) for each, said in found["servers"].items())
    if not {"mgs", "mds"} <= {server.name for server in servers}:
        raise WireError(f"{name}: there is no mgs or no mds among the servers")
    for version in (*found["clients"], found.get("to", VERSIONS[-1])):
        _version(name, version)
    clients = {version: int(_number(name, found["clients"], version, 0)) for version in found["clients"]}
    return Site(
        servers, clients, found.get("to", VERSIONS[-1]), int(_number(name, found, "dirty", 32 << 20)),
        _number(name, found, "outage", 300.0),
        Hardware(
            link=_number(name, found, "link", inf), disk=_number(name, found, "disk", inf),
            requests=_number(name, found, "requests", inf),
        ),
    )  # fmt: skip


def _target(site: str, name: str, said: Any) -> Target:
    if _SERVER.fullmatch(name) is None:
        raise WireError(f"{site}: {name} is no server: mgs, mds, ost0, ost1 ...")
    if not isinstance(said, dict) or said.keys() - {"version", "pair"} or not isinstance(said.get("pair", False), bool):
        raise WireError(f"{site}: {name} has a version, and may be a pair")
    return Target(name, _version(site, said.get("version")), said.get("pair", False))


def _version(site: str, said: Any) -> str:
    if said not in VERSIONS:
        raise WireError(f"{site}: version {said!r}: there are {', '.join(VERSIONS)}")
    return str(said)


def _number(site: str, said: dict[str, Any], key: str, default: float) -> float:
    value = said.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise WireError(f"{site}: {key} = {value!r}: it is a number, 0 or more")
    if key in ("link", "disk", "requests") and not value:
        raise WireError(f"{site}: {key} = 0: nothing would ever be done")
    return value


def time_to_quiet(server: str, dirty: list[int], hardware: Hardware, delay: float) -> float:
    """Seconds from the command to stop until the last client is done, at most: every byte over the slower of link and
    disk; besides, every message of a client that must follow the one before, each as late as if all clients had sent
    theirs at the same moment.

    Args:
        dirty: bytes of each client.
        delay: seconds a message is under way, at most.
    """
    written = dirty if server.startswith("ost") else [0]
    writes = max((-(-size // STRIPE_SIZE) for size in written), default=0)
    together = len(dirty) * (1 / hardware.requests + 2 * MESSAGE / hardware.link)
    each = delay + together + 2 * STRIPE_SIZE / hardware.link * (writes > 0)
    return sum(written) / hardware.writing + (ALWAYS + EACH_WRITE * writes) * each


def plan(site: Site, policy: Policy) -> list[Step]:
    """The steps, in order: MGS, OSTs, MDS (an OST of the old version that crashes under a new MDS waits for it until
    its window ends), and at last the clients, which need not follow soon."""
    order = sorted(site.servers, key=lambda server: (("mgs", "ost", "mds").index(server.name[:3]), len(server.name)))
    back = VERSIONS.index(site.to) < max(VERSIONS.index(server.version) for server in order)
    steps = [
        step for server in (order[::-1] if back else order) if server.version != site.to
        for step in _upgrade(site, policy, server)
    ]  # fmt: skip
    for version, many in site.clients.items():
        if version != site.to and many:
            steps.append(_clients(site, version, many))
    return steps


def _upgrade(site: Site, policy: Policy, server: Target) -> Iterator[Step]:
    here, there = server.name, f"{server.name}'s other node"
    if server.pair:
        yield Step(
            f"install {site.to} on {there}", site.outage, 0.0,
            (f"{here} has no partner meanwhile: if its node fails, it is down until it is started again",),
        )  # fmt: skip
    yield _stop(site, policy, server)
    if not server.pair:
        yield Step(f"install {site.to} on {here}", site.outage, _held_back(server, site.outage), ())
    yield _start(site, policy, server, there if server.pair else here)
    if server.pair:
        yield Step(f"install {site.to} on the node {here} was on", site.outage, 0.0, ("as in the first step",))


def _held_back(server: Target, seconds: float) -> float:
    """No call needs the MGS; only mounts do."""
    return 0.0 if server.name == "mgs" else seconds


def _stop(site: Site, policy: Policy, server: Target) -> Step:
    what = f"stop {server.name}"
    if server.name == "mgs":  # it remembers nobody, so nobody has anything to give back
        return Step(what, COMMIT_TIME, 0.0, ("mounts fail until it is back",))
    if not policy.controlled:
        lost = "what was answered and is not on disk comes back with its clients' replays, or not at all"
        return Step(what, COMMIT_TIME, COMMIT_TIME, (lost,))
    quiet = _quiet(site, policy, server.name)
    fails = ""
    if quiet > CALLBACK_TIMEOUT:
        fails = (
            f"clients need {quiet:.0f} s to write what they hold: who is not done in {CALLBACK_TIMEOUT} s is evicted"
        )
    waits = LINGER if policy.notice is Notice.WITHHELD or policy.farewell is Farewell.LEAVE else 0.0
    seconds = min(quiet, CALLBACK_TIMEOUT) + COMMIT_TIME + waits
    most = CALLBACK_TIMEOUT + COMMIT_TIME + LINGER
    risks = [
        f"a silent client is evicted, and costs everybody {CALLBACK_TIMEOUT} s: this takes up to {most:.0f} s then",
        f"the node crashes: {site.to} refuses its disk; start it as it was, let it recover, stop it again",
        "clients that mount meanwhile are refused, and try again",
    ]
    if policy.scope is Scope.MGS:
        risks.append("calls to every server are held back, not only to this one")
    if policy.cache is Cache.FLUSH:
        risks.append("locks stay, and are replayed: a client that dies before that keeps others waiting")
    return Step(what, seconds, seconds, tuple(risks), fails)


def _quiet(site: Site, policy: Policy, name: str) -> float:
    """Who gives his lock of the MGS back has emptied the cache of every OST."""
    if policy.scope is Scope.TARGET:
        return time_to_quiet(name, [site.dirty] * site.mounted, site.hardware, DELAY)
    osts = sum(server.name.startswith("ost") for server in site.servers)
    return time_to_quiet("osts", [site.dirty * osts] * site.mounted, site.hardware, DELAY)


def _start(site: Site, policy: Policy, server: Target, where: str) -> Step:
    probes = policy.watch is Watch.PROBE and server.name != "mgs"
    found = PROBE_EVERY if probes else float(timeouts.PING_INTERVAL)
    together = site.mounted * (1 / site.hardware.requests + 2 * MESSAGE / site.hardware.link)
    seconds = found + COMING_BACK * (DELAY + together)
    risks = [f"clients find it within {found:.1f} s"]
    if server.name != "mgs":
        risks.append("who does not come back is waited for until the recovery window ends, and evicted")
    back = VERSIONS.index(site.to) < VERSIONS.index(server.version)
    fails = ""
    if server.name == "mds" and (back or not policy.keeps_clients):
        fails = "everybody is evicted: what is open dies, calls that wait fail"
    what = f"start {server.name} in {site.to} on {where}"
    return Step(what, seconds, _held_back(server, seconds), tuple(risks), fails)


def _clients(site: Site, version: str, many: int) -> Step:
    risks = (
        "a client has to be unmounted: whoever uses it is asked to leave",
        "none of this is urgent: both versions work with the servers without time limit",
    )
    return Step(f"upgrade {many} clients from {version} to {site.to}, in any order", site.outage, 0.0, risks)
