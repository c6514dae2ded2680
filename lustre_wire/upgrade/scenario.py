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

from lustre_wire.checking.faults import Fault
from lustre_wire.checking.verdict import Verdict
from lustre_wire.errors import WireError
from lustre_wire.recovery.last_rcvd import MountRefused
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.upgrade.checks.monitor import judge
from lustre_wire.upgrade.protocol.mark import VERSIONS, StartRefused
from lustre_wire.upgrade.protocol.policy import POLICIES
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.operator import DOWN, Operator
from lustre_wire.upgrade.stage.play import Play

OLD, NEW = VERSIONS
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
        unstruck: faults whose moment never came.
        stuck: what was waited for in vain; the play ended there.
    """

    play: Play
    verdicts: dict[str, Verdict]
    lost: list[str]
    unmet: list[str]
    unstruck: list[Fault]
    stuck: str = ""

    @property
    def fine(self) -> bool:
        wrong = any(verdict.wrong for verdict in self.verdicts.values())
        return not (self.stuck or self.lost or self.unmet or wrong)


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
    for key in ("clients", "osts"):
        if found.get(key, 1) < 1:
            raise WireError(f"{name}: {key} = {found[key]}: there must be one at least")
    if found.get("version", OLD) not in VERSIONS:
        raise WireError(f"{name}: version = {found['version']!r}: there are {', '.join(VERSIONS)}")
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
def _work(operator: Operator, number: str) -> None:
    operator.play.work(int(number))


@verb("load")
def _load(operator: Operator) -> None:
    operator.play.load()


@verb("load, thinking SECONDS at most")
def _load_slowly(operator: Operator, number: str) -> None:
    operator.play.load(thinking=float(number))


@verb("rest")
def _rest(operator: Operator) -> None:
    operator.play.rest()


@verb("look at every file")
def _look(operator: Operator) -> None:
    operator.play.look()


@verb("wait SECONDS")
def _wait(operator: Operator, number: str) -> None:
    operator.play.wait(float(number))


@verb("upgrade SERVERS")
def _upgrade(operator: Operator, servers: str) -> None:
    for name in _some(operator, servers):
        operator.move(name, NEW)


@verb("downgrade SERVERS")
def _downgrade(operator: Operator, servers: str) -> None:
    for name in _some(operator, servers):
        operator.move(name, OLD)


def _some(operator: Operator, which: str) -> list[str]:
    """Servers in the order of an upgrade: MGS, MDS, OSTs."""
    osts = sorted(name for name in operator.play.servers if name.startswith("ost"))
    named = {"all": ["mgs", "mds", *osts], "servers": ["mds", *osts], "osts": osts}.get(which, [which])
    for name in named:
        if name not in operator.play.servers:
            raise WireError(f"no {name}: there are {', '.join(operator.play.servers)}")
    return named


@verb("stop SERVER")
def _stop(operator: Operator, server: str) -> None:
    operator.stop(_some(operator, server)[0])


@verb("stop SERVER, CLIENT is new at STATE")
def _stop_with_newcomer(operator: Operator, server: str, client: str, state: str) -> None:
    name = _some(operator, server)[0]
    if state not in list(ServerState):
        raise WireError(f"no state {state!r}: there are {', '.join(ServerState)}")
    if int(client) != len(operator.play.clients):
        raise WireError(f"the next client is client{len(operator.play.clients)}")
    operator.play.newcomer(name, state)
    operator.stop(name)
    operator.play.wait(DOWN)  # whoever came last is answered before the server is back


@verb("start SERVER in VERSION")
def _start(operator: Operator, server: str, version: str) -> None:
    operator.start_in(_some(operator, server)[0], version)
    operator.settled()


@verb("start SERVER in VERSION, wait for nobody")
def _start_at_once(operator: Operator, server: str, version: str) -> None:
    operator.start_in(_some(operator, server)[0], version)


@verb("force SERVER to start in VERSION")
def _force(operator: Operator, server: str, version: str) -> None:
    operator.start(_some(operator, server)[0], version, forced=True)
    operator.settled()


@verb("SERVER does not start in VERSION")
def _refused(operator: Operator, server: str, version: str) -> None:
    if not operator.play.policy.start_rule:
        return
    try:
        operator.start(_some(operator, server)[0], version)
    except (StartRefused, MountRefused):
        return
    raise WireError(f"{server} did start in {version}")


@verb("crash SERVER")
def _crash(operator: Operator, server: str) -> None:
    operator.crash(_some(operator, server)[0])


@verb("crash CLIENT")
def _crash_client(operator: Operator, client: str) -> None:
    operator.play.crash(_client(operator, client))


@verb("cut CLIENT off")
def _cut(operator: Operator, client: str) -> None:
    operator.play.cut(_client(operator, client))


@verb("lose the answer to a change of CLIENT")
def _lose_answer(operator: Operator, client: str) -> None:
    operator.play.lose_answer(_client(operator, client))


@verb("CLIENT is back")
def _back(operator: Operator, client: str) -> None:
    operator.play.rejoin(_client(operator, client))
    operator.settled()


@verb("CLIENT is new")
def _new(operator: Operator, client: str) -> None:
    if int(client) != len(operator.play.clients):
        raise WireError(f"the next client is client{len(operator.play.clients)}")
    operator.play.new_client()


def _client(operator: Operator, number: str) -> int:
    if int(number) >= len(operator.play.clients):
        raise WireError(f"no client{number}: there are {len(operator.play.clients)}")
    return operator.play.clients[int(number)].nid


@verb("fail SERVER over")
def _fail_over(operator: Operator, server: str) -> None:
    operator.fail_over(_some(operator, server)[0])


@verb("fail SERVER over to VERSION")
def _fail_over_to(operator: Operator, server: str, version: str) -> None:
    operator.fail_over(_some(operator, server)[0], version)


@verb("interrupt whoever is blocked on CLIENT")
def _interrupt(operator: Operator, client: str) -> None:
    node = operator.play.clients[int(client)] if _client(operator, client) else None
    assert node is not None
    for task in list(node.tasks.running):
        node.interrupt(task)


@verb("set the barrier for SERVER by hand")
def _set(operator: Operator, server: str) -> None:
    operator.by_hand(_some(operator, server)[0], on=True)


@verb("lift the barrier for SERVER by hand")
def _lift(operator: Operator, server: str) -> None:
    operator.by_hand(_some(operator, server)[0], on=False)


@verb("writeconf is refused")
def _writeconf_refused(operator: Operator) -> None:
    mounted = any(map(operator.play.able, operator.play.workers))
    if operator.writeconf() and mounted:
        raise WireError("writeconf went through under mounted clients")


@verb("writeconf")
def _writeconf(operator: Operator) -> None:
    if any(map(operator.play.able, operator.play.workers)):
        raise WireError("writeconf is for when no client is mounted")
    operator.nobody_mounted()
    operator.writeconf()


@verb("force SERVER down")
def _force_down(operator: Operator, server: str) -> None:
    operator.force_down(_some(operator, server)[0])


@verb("start SERVER in VERSION, abort recovery")
def _abort_recovery(operator: Operator, server: str, version: str) -> None:
    name = _some(operator, server)[0]
    operator.start_in(name, version)
    operator.abort_recovery(name)
    operator.settled()


@verb("CLIENT unmounts")
def _unmount(operator: Operator, client: str) -> None:
    _client(operator, client)
    operator.play.unmount(int(client))


@verb("CLIENT mounts")
def _mount(operator: Operator, client: str) -> None:
    _client(operator, client)
    operator.play.mount(int(client))


@verb("upgrade CLIENT")
def _upgrade_client(operator: Operator, client: str) -> None:
    _reboot(operator, client, NEW)


@verb("downgrade CLIENT")
def _downgrade_client(operator: Operator, client: str) -> None:
    _reboot(operator, client, OLD)


def _reboot(operator: Operator, client: str, version: str) -> None:
    """A client that is up is unmounted first; its user goes on afterwards if he was at work."""
    play, number = operator.play, int(client)
    _client(operator, client)
    left = play.workers[number].left
    if play.clients[number].up:
        play.unmount(number)
        play.wait(DOWN)
    play.mount(number, version)
    if left:
        play.workers[number].work(left)


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
    operator = Operator(play)
    for step in scenario.steps:
        action, values = _verb(step)
        action(operator, **{key: value for key, value in values.items() if value is not None})
    return judged(scenario, play)


def judged(scenario: Scenario, play: Play) -> Outcome:
    """What came of a play that is over."""
    unstruck = list(play.pending)
    play.rest()
    lost = play.losses()
    unmet = [text for text in scenario.expect.get(play.policy.name, ()) if not _expectation(text)(play)]
    return Outcome(play, judge(play), lost, unmet, unstruck)


def stuck(play: Play, why: Stuck) -> Outcome:
    """What came of a play that did not come to its end."""
    return Outcome(play, judge(play), [], [], list(play.pending), str(why))


def play_options(scenario: Scenario, **chosen: Any) -> dict[str, Any]:
    """Arguments of `Play` for a scenario: its own, except where the user chose otherwise."""
    own = {"clients": scenario.clients, "osts": scenario.osts, "version": scenario.version, "pair": scenario.pair}
    return own | {key: value for key, value in chosen.items() if value is not None}
