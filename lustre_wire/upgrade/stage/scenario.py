"""Scenarios: small readable files that say what the operator does and what goes wrong, and what must come of it.

A scenario is a TOML file with `title`, `about`, `steps` (sentences, see `VERBS`) and `expect`: what must hold beyond
the invariants, per policy. Those shipped with the package are found by name.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from importlib import resources
from typing import Any

import attrs

from lustre_wire.errors import WireError
from lustre_wire.recovery.last_rcvd import MountRefused
from lustre_wire.upgrade.checks.monitor import Verdict, judge
from lustre_wire.upgrade.protocol.mark import StartRefused
from lustre_wire.upgrade.protocol.policy import POLICIES
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play

NEW, OLD = "2.0", "1.8"
_KEYS = {"title", "about", "clients", "osts", "pair", "version", "steps", "expect"}


@attrs.define(slots=True, frozen=True)
class Scenario:
    """What is played.

    Attributes:
        name, title, about: for people.
        clients, osts: how many, unless the user says otherwise.
        pair: the MDS and every OST have a partner that can take the target over.
        version: what everything runs at first.
        steps: sentences.
        expect: per policy, what must come of it.
    """

    name: str
    title: str
    about: str
    steps: tuple[str, ...]
    clients: int = 4
    osts: int = 2
    pair: bool = False
    version: str = OLD
    expect: dict[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.define(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        verdicts: of each invariant.
        lost: what was acknowledged and is not there.
        unmet: expectations that did not come true.
    """

    play: Play
    verdicts: dict[str, Verdict]
    lost: list[str]
    unmet: list[str]

    @property
    def fine(self) -> bool:
        return not self.lost and not self.unmet and not any(verdict.wrong for verdict in self.verdicts.values())


def names() -> list[str]:
    """Names of the scenarios that come with the package."""
    folder = resources.files("lustre_wire.upgrade") / "scenarios"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str) -> Scenario:
    """A scenario of the package by name.

    Raises:
        WireError: there is none of that name.
    """
    if name not in names():
        raise WireError(f"no scenario {name!r}: there are {', '.join(names())}")
    return parse(name, (resources.files("lustre_wire.upgrade") / "scenarios" / f"{name}.toml").read_text("utf-8"))


def parse(name: str, text: str) -> Scenario:
    """A scenario from its text.

    Raises:
        WireError: what is wrong with it.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WireError(f"{name}: {error}") from error
    unknown = found.keys() - _KEYS
    if unknown or not {"title", "about", "steps"} <= found.keys():
        raise WireError(f"{name}: a scenario has title, about and steps, and may have {', '.join(sorted(_KEYS))}")
    expect = found.pop("expect", {})
    if not isinstance(expect, dict) or expect.keys() - POLICIES.keys():
        raise WireError(f"{name}: expect holds lists by policy: {', '.join(POLICIES)}")
    kinds = {"title": str, "about": str, "clients": int, "osts": int, "pair": bool, "version": str, "steps": list}
    wrong = [key for key, value in found.items() if type(value) is not kinds[key]]
    if wrong or any(not isinstance(step, str) for step in found["steps"]):
        raise WireError(f"{name}: {', '.join(wrong) or 'steps'} is not what it should be")
    made = Scenario(
        name, steps=tuple(found.pop("steps")), expect={key: tuple(value) for key, value in expect.items()}, **found
    )
    for step in made.steps:
        _verb(step)
    for expectation in (e for each in made.expect.values() for e in each):
        _expectation(expectation)
    return made


# -- steps -------------------------------------------------------------------------------------------------------

Action = Callable[..., None]
VERBS: list[tuple[re.Pattern[str], str, Action]] = []
SERVER = r"(?P<server>mgs|mds|ost\d+)"
CLIENT = r"client(?P<client>\d+)"


def verb(form: str) -> Callable[[Action], Action]:
    """Register a sentence; words in capitals stand for a server, a client, a number, a state or a version."""
    pattern = form
    for word, what in (
        ("SERVERS", r"(?P<servers>all|servers|osts|mgs|mds|ost\d+)"), ("SERVER", SERVER), ("CLIENT", CLIENT),
        ("SECONDS", r"(?P<number>\d+(\.\d+)?)"), ("N", r"(?P<number>\d+)"), ("STATE", r"(?P<state>[a-z]+)"),
        ("VERSION", r"(?P<version>\d\.\d+)"), ("PATH", r"(?P<path>/\S*)"),
    ):  # fmt: skip
        pattern = re.sub(rf"\b{word}\b", lambda _, what=what: what, pattern)  # type: ignore[misc]

    def register(action: Action) -> Action:
        VERBS.append((re.compile(pattern), form, action))
        return action

    return register


def _verb(step: str) -> tuple[Action, dict[str, str]]:
    for pattern, _, action in VERBS:
        found = pattern.fullmatch(step)
        if found is not None:
            return action, found.groupdict()
    raise WireError(f"not a step: {step!r} (steps are: {'; '.join(form for _, form, _ in VERBS)})")


@verb("work N")
def _work(play: Play, number: str) -> None:
    play.work(int(number))


@verb("load")
def _load(play: Play) -> None:
    play.load()


@verb("rest")
def _rest(play: Play) -> None:
    play.rest()


@verb("look at every file")
def _look(play: Play) -> None:
    play.look()


@verb("wait SECONDS")
def _wait(play: Play, number: str) -> None:
    play.wait(float(number))


@verb("upgrade SERVERS")
def _upgrade(play: Play, servers: str) -> None:
    for name in _some(play, servers):
        play.move(name, NEW)


@verb("downgrade SERVERS")
def _downgrade(play: Play, servers: str) -> None:
    for name in _some(play, servers):
        play.move(name, OLD)


def _some(play: Play, which: str) -> list[str]:
    """Servers in the order of an upgrade: MGS, MDS, OSTs."""
    osts = sorted(name for name in play.servers if name.startswith("ost"))
    named = {"all": ["mgs", "mds", *osts], "servers": ["mds", *osts], "osts": osts}.get(which, [which])
    for name in named:
        if name not in play.servers:
            raise WireError(f"no {name}: there are {', '.join(play.servers)}")
    return named


@verb("stop SERVER")
def _stop(play: Play, server: str) -> None:
    play.stop(_some(play, server)[0])


@verb("stop SERVER, CLIENT is new at STATE")
def _stop_with_newcomer(play: Play, server: str, client: str, state: str) -> None:
    node = play.servers[_some(play, server)[0]]
    if state not in list(ServerState):
        raise WireError(f"no state {state!r}: there are {', '.join(ServerState)}")
    if int(client) != len(play.clients):
        raise WireError(f"the next client is client{len(play.clients)}")
    play.stop(server, wait=False)
    play.until(lambda: node.life.state == state or not node.up, f"{server} is {state}")
    play.new_client(wait=False)
    play.until(lambda: not node.up, f"{server} is down")


@verb("start SERVER in VERSION")
def _start(play: Play, server: str, version: str) -> None:
    play.start(_some(play, server)[0], version)
    play.settled()


@verb("start SERVER in VERSION, wait for nobody")
def _start_at_once(play: Play, server: str, version: str) -> None:
    play.start(_some(play, server)[0], version)


@verb("force SERVER to start in VERSION")
def _force(play: Play, server: str, version: str) -> None:
    play.start(_some(play, server)[0], version, forced=True)
    play.settled()


@verb("SERVER does not start in VERSION")
def _refused(play: Play, server: str, version: str) -> None:
    if not play.policy.start_rule:
        return
    try:
        play.start(_some(play, server)[0], version)
    except (StartRefused, MountRefused):
        return
    raise WireError(f"{server} did start in {version}")


@verb("crash SERVER")
def _crash(play: Play, server: str) -> None:
    play.crash(play.servers[_some(play, server)[0]].nid)


@verb("crash CLIENT")
def _crash_client(play: Play, client: str) -> None:
    play.crash(_client(play, client))


@verb("cut CLIENT off")
def _cut(play: Play, client: str) -> None:
    play.cut(_client(play, client))


@verb("lose the answer to a change of CLIENT")
def _lose_answer(play: Play, client: str) -> None:
    play.lose_answer(_client(play, client))


@verb("CLIENT is back")
def _back(play: Play, client: str) -> None:
    play.rejoin(_client(play, client))
    play.settled()


@verb("CLIENT is new")
def _new(play: Play, client: str) -> None:
    if int(client) != len(play.clients):
        raise WireError(f"the next client is client{len(play.clients)}")
    play.new_client()


def _client(play: Play, number: str) -> int:
    if int(number) >= len(play.clients):
        raise WireError(f"no client{number}: there are {len(play.clients)}")
    return play.clients[int(number)].nid


@verb("fail SERVER over")
def _fail_over(play: Play, server: str) -> None:
    play.fail_over(_some(play, server)[0], play.servers[server].dialect.name)


@verb("fail SERVER over to VERSION")
def _fail_over_to(play: Play, server: str, version: str) -> None:
    play.fail_over(_some(play, server)[0], version)


@verb("interrupt whoever is blocked on CLIENT")
def _interrupt(play: Play, client: str) -> None:
    node = play.clients[int(client)] if _client(play, client) else None
    assert node is not None
    for task in list(node.tasks.running):
        node.interrupt(task)


@verb("set the barrier for SERVER by hand")
def _set(play: Play, server: str) -> None:
    play.by_hand(_some(play, server)[0], on=True)


@verb("lift the barrier for SERVER by hand")
def _lift(play: Play, server: str) -> None:
    play.by_hand(_some(play, server)[0], on=False)


@verb("writeconf is refused")
def _writeconf(play: Play) -> None:
    play.writeconf_refused()


# -- expectations ------------------------------------------------------------------------------------------------


_EXPECTATION = re.compile(
    r"(?P<who>nobody|everybody|client\d+) is evicted|(?P<mds>the MDS speaks (?P<version>\d\.\d+))"
)


def _expectation(text: str) -> Callable[[Play], bool]:
    found = _EXPECTATION.fullmatch(text)
    if found is None:
        raise WireError(
            f"not an expectation: {text!r} (nobody, everybody or CLIENT is evicted; the MDS speaks VERSION)"
        )
    if found["mds"]:
        return lambda play: play.servers["mds"].dialect.name == found["version"]
    who = found["who"]
    if who == "nobody":
        return lambda play: not play.clients_evicted()
    if who == "everybody":
        return lambda play: (
            {play.name_of(c.nid) for _, c in play.mounting if c.mounted_at < play.first_change()}
            <= (play.clients_evicted())
        )
    return lambda play: who in play.clients_evicted()


def run(scenario: Scenario, play: Play) -> Outcome:
    """Play a scenario to its end and judge it.

    Raises:
        WireError: a step that cannot be taken.
        Stuck: something awaited did not come.
    """
    for step in scenario.steps:
        action, values = _verb(step)
        action(play, **{key: value for key, value in values.items() if value is not None})
    return judged(scenario, play)


def judged(scenario: Scenario, play: Play) -> Outcome:
    """What came of a play that is over."""
    play.rest()
    lost = play.losses()
    unmet = [text for text in scenario.expect.get(play.policy.name, ()) if not _expectation(text)(play)]
    return Outcome(play, judge(play), lost, unmet)


def play_options(scenario: Scenario, **chosen: Any) -> dict[str, Any]:
    """Arguments of `Play` for a scenario: its own, except where the user chose otherwise."""
    own = {"clients": scenario.clients, "osts": scenario.osts, "version": scenario.version, "pair": scenario.pair}
    return own | {key: value for key, value in chosen.items() if value is not None}
