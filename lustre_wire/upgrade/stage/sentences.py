"""The sentences in which a scenario says what the operator does and what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

from lustre_wire.errors import WireError
from lustre_wire.recovery.last_rcvd import MountRefused
from lustre_wire.upgrade.protocol.mark import VERSIONS, StartRefused
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.operator import DOWN, Operator

OLD, NEW = VERSIONS

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


def sentence(step: str) -> tuple[Action, dict[str, str]]:
    """What a sentence has done, and the values in it.

    Raises:
        WireError: it is none.
    """
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
    operator.play.mishaps.crash(_client(operator, client))


@verb("cut CLIENT off")
def _cut(operator: Operator, client: str) -> None:
    operator.play.mishaps.cut(_client(operator, client))


@verb("lose the answer to a change of CLIENT")
def _lose_answer(operator: Operator, client: str) -> None:
    operator.play.mishaps.lose_answer(_client(operator, client))


@verb("CLIENT is back")
def _back(operator: Operator, client: str) -> None:
    operator.play.mishaps.rejoin(_client(operator, client))
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
    operator.play.interrupt(node)


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
    """A client that is up is unmounted first; its user goes on afterwards if he was at work and it has mounted."""
    play, number = operator.play, int(client)
    _client(operator, client)
    left = play.workers[number].left
    if play.clients[number].up:
        play.unmount(number)
        play.wait(DOWN)
    play.mount(number, version)
    if left and play.able(play.workers[number]):
        play.workers[number].work(left)
