"""Every state of a small upgrade: no law is broken in any, and the end can be reached from each."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from compat_tests.upgrade.whole import Everything
from lustre_wire.errors import WireError
from lustre_wire.upgrade.model import graph as graph_module
from lustre_wire.upgrade.model import messages
from lustre_wire.upgrade.model import moves as model
from lustre_wire.upgrade.model.explore import IGNORED, Exploration, explore, main
from lustre_wire.upgrade.model.graph import walk
from lustre_wire.upgrade.model.joint import STUCK, join
from lustre_wire.upgrade.model.moves import Move, boot, death, first_part, leave, make, moves, silence, voice
from lustre_wire.upgrade.model.world import Message, Part, Turn
from lustre_wire.upgrade.protocol.barrier import Barrier, ClientState, Facts, Step
from lustre_wire.upgrade.protocol.mark import Mark
from lustre_wire.upgrade.protocol.policy import OPTIONS, policy
from lustre_wire.upgrade.protocol.shutdown import Act, ServerState, Shutdown

SIMPLIFIED = policy("simplified")
SMALL = ["--clients", "1", "--servers", "MDS", "--lost", "0", "--crashes", "0"]


def test_one_client_two_servers_any_message_lost_and_one_crash_anywhere() -> None:
    found = explore(SIMPLIFIED, clients=1)
    assert not found.truncated
    assert found.broken == {}
    assert 0 < found.ends < found.states


@cache
def plain_exploration() -> Exploration:
    return explore(SIMPLIFIED, clients=1, losses=0)


@pytest.mark.parametrize("option", [name for name in OPTIONS if name not in {"scope", *IGNORED}])
def test_the_same_with_every_option_and_each_makes_a_difference(option: str) -> None:
    plain = plain_exploration()
    for value in ["yes"] if OPTIONS[option] is bool else list(OPTIONS[option])[1:]:
        found = explore(policy("simplified", **{option: value}), clients=1, losses=0)
        assert found.ends
        assert found.broken == {}
        assert (found.states, found.walked) != (plain.states, plain.walked)


def test_a_lock_of_the_MGS_for_all_servers_makes_a_difference_too() -> None:
    own, shared = (
        explore(policy("simplified", scope=scope), clients=1, servers=("mds",), losses=0, crashes=0)
        for scope in ("target", "mgs")
    )
    assert shared.ends
    assert shared.broken == {}
    assert (shared.states, shared.walked) != (own.states, own.walked)


#: Options with which a client that waits for the lock of the MGS goes on in another way.
WAITING = ({}, {"resume": "lock"}, {"resume": "operator"}, {"notice": "withheld"}, {"held": "updates"})


@pytest.mark.parametrize("options", WAITING, ids=str)
def test_with_the_lock_at_the_MGS_a_late_answer_leaves_nobody_behind_its_barrier(options: dict[str, str]) -> None:
    """It is told that it has to wait for the lock when the restart is over for which that was wanted."""
    found = explore(policy("simplified", scope="mgs", **options), clients=1, servers=("mds",), losses=1, crashes=0)
    assert found.ends
    assert found.broken == {}


def test_it_goes_on_since_the_lock_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Barrier, "granted", lambda barrier: [])
    found = explore(policy("simplified", scope="mgs"), clients=1, servers=("mds",), losses=1, crashes=0)
    assert found.broken.keys() == {STUCK}


def test_it_gives_the_lock_back_since_the_MGS_says_that_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    revoked = Barrier.revoked

    def ignored(barrier: Barrier) -> list[Step]:
        return [] if barrier.state is ClientState.REOPENING else revoked(barrier)

    monkeypatch.setattr(Barrier, "revoked", ignored)
    how = policy("simplified", scope="mgs", resume="lock")
    found = explore(how, clients=1, servers=("mds",), losses=0, crashes=0)
    assert found.broken.keys() == {STUCK}


@pytest.mark.parametrize(("servers", "crashes"), [(("mds", "ost"), 0), (("mds",), 1)])
def test_with_the_lock_at_the_MGS_what_is_not_walked_is_refused(servers: tuple[str, ...], crashes: int) -> None:
    with pytest.raises(WireError, match="scope=mgs: one server is walked"):
        explore(policy("simplified", scope="mgs"), clients=1, servers=servers, crashes=crashes)


@pytest.mark.parametrize("option", IGNORED)
def test_options_that_could_make_none_are_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--set", f"{option}=probe"]) == 2
    assert capsys.readouterr().err.startswith(f"{option}: ")


def test_two_clients_and_two_servers_without_faults() -> None:
    found = explore(SIMPLIFIED, losses=0, crashes=0)
    assert found.ends
    assert found.broken == {}


def test_every_node_crashes_somewhere_and_messages_are_lost() -> None:
    graph = walk(first_part(SIMPLIFIED, 2), 1, 1, 3_000)
    names = {name for shared in graph.shared for name in shared}
    assert names >= {name(client) for name in (death, boot, silence, voice) for client in range(2)}
    assert any(graph.crashed)
    assert any(graph.lost)


def test_a_limit_is_kept_and_said() -> None:
    found = explore(SIMPLIFIED, limit=500)
    assert found.truncated
    assert (found.states, found.ends) == (0, 0)


# -- several servers, from the states of one -----------------------------------------------------------------------


def _judged(clients: int, servers: int, losses: int, crashes: int, calls: int, both: int = 0) -> set[str]:
    """The broken laws; the walk through every order and the reduced one must agree, and in the counts as well."""
    first = first_part(SIMPLIFIED, clients, both)
    for link in first.links:
        link.calls = calls
    graph = walk(first, losses, crashes, 1_000_000)
    joint = join(graph, clients, servers, losses, crashes)
    laws = {law for law, _, _ in joint.broken()}
    states, ends, broken = Everything(graph, clients, servers, losses, crashes).walk()
    assert laws == broken
    if not laws:
        assert joint.count() == (states, ends)
    return laws


@pytest.mark.parametrize(
    ("clients", "servers", "losses", "crashes", "calls", "both"),
    [
        (1, 1, 1, 1, 1, 0), (1, 2, 0, 0, 1, 0), (1, 2, 1, 1, 0, 0), (1, 3, 0, 0, 0, 0), (2, 1, 0, 1, 0, 0),
        (1, 2, 0, 0, 0, 1), (1, 1, 0, 1, 0, 1), (2, 1, 0, 0, 0, 2),
    ],
)  # fmt: skip
def test_as_many_states_and_ends_as_in_every_order(
    clients: int, servers: int, losses: int, crashes: int, calls: int, both: int
) -> None:
    assert _judged(clients, servers, losses, crashes, calls, both) == set()


def test_a_call_that_needs_every_server_with_a_loss_and_a_crash_anywhere() -> None:
    found = explore(SIMPLIFIED, clients=1, both=1, losses=0)
    assert found.ends
    assert found.broken == {}


def test_barriers_set_by_hand_with_a_crash_anywhere() -> None:
    found = explore(SIMPLIFIED, clients=1, by_hand=1, losses=0)
    assert found.ends
    assert found.broken == {}


def test_servers_that_wait_for_each_other_are_found_though_none_is_stuck_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that needs both does not end before the administrator has come to each of them."""

    def waiting(part: Part, losses: int, crashes: int) -> Iterator[Move]:
        return (m for m in moves(part, losses, crashes) if m.name != leave(0) or part.turn is not Turn.BEFORE)

    monkeypatch.setattr(graph_module, "moves", waiting)
    assert _judged(1, 1, 0, 0, 0, 1) == set()
    assert _judged(1, 2, 0, 0, 0, 1) == {STUCK}


def test_a_move_of_one_server_cannot_see_another() -> None:
    """It gets its own part and nothing else; what others do too is a death or the administrator going on."""
    part = first_part(SIMPLIFIED, 2)
    befall = {name(client) for name in (death, silence) for client in range(2)}
    assert {move.name for move in moves(part, 1, 1) if move.shared} == befall | {model.ITS_TURN}
    for move in moves(part, 1, 1):
        there = part.copy()
        make(move, there)
        assert part.key() == first_part(SIMPLIFIED, 2).key()
        assert move.shared or (there.turn, there.missed()) == (part.turn, part.missed())


# -- and what is broken is found ---------------------------------------------------------------------------------


def _releases_unclean(patch: pytest.MonkeyPatch) -> None:
    def look(self: Barrier, facts: Facts) -> list[Step]:
        if self.state is not ClientState.DRAINING:
            return []
        self.state = ClientState.WAITING
        return [Step.RELEASE]

    patch.setattr(Barrier, "look", look)


def _does_not_wait(patch: pytest.MonkeyPatch) -> None:
    def quiet(self: Shutdown) -> list[Act]:
        if self.state is not ServerState.REVOKING:
            return []
        self.state = ServerState.QUIET
        return [Act.COMMIT]

    patch.setattr(Shutdown, "_quiet", quiet)


def _forgets_a_second_stop(patch: pytest.MonkeyPatch) -> None:
    """A server that crashes, recovers and stops again before the client has heard that recovery is over."""
    recovered = Barrier.recovered

    def forgetful(self: Barrier) -> list[Step]:
        self.wanted = False
        return recovered(self)

    patch.setattr(Barrier, "recovered", forgetful)


def _takes_a_lost_callback_for_heard(patch: pytest.MonkeyPatch) -> None:
    lose = model._lose

    def forgetful(part: Part, message: Message) -> None:
        lose(part, message)
        if message[0] == "callback":
            part.server.unheard -= {message[1]}

    patch.setattr(model, "_lose", forgetful)


def _waits_for_the_dead(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shutdown, "evicted", lambda self, client: [])


def _reads_on_while_it_empties_its_cache(patch: pytest.MonkeyPatch) -> None:
    look = Barrier.look

    def late(self: Barrier, facts: Facts) -> list[Step]:
        steps = [step for step in look(self, facts) if step is not Step.CLOSE_GATE_TO_READING]
        return [Step.CLOSE_GATE_TO_READING, *steps] if Step.RELEASE in steps else steps

    patch.setattr(Barrier, "look", late)


def _only_says_that_it_commits(patch: pytest.MonkeyPatch) -> None:
    def sync(part: Part, client: int, version: int, instance: int) -> None:
        part.send("re sync", client, instance, part.server.done[client])

    patch.setattr(model, "_commit", lambda part: None)
    patch.setitem(messages._SERVER, "sync", sync)


def _starts_the_new_version_after_a_crash(patch: pytest.MonkeyPatch) -> None:
    crash = model._crash

    def clean(part: Part) -> None:
        crash(part)
        part.server.mark = Mark(part.server.mark.version, clean=True)

    patch.setattr(model, "_crash", clean)


@pytest.mark.parametrize(
    ("mutant", "servers", "losses", "crashes", "calls", "law"),
    [
        (_releases_unclean, 2, 0, 0, 1, "B3"),
        (_does_not_wait, 2, 0, 0, 0, "B5"),
        (_forgets_a_second_stop, 2, 0, 1, 0, STUCK),
        (_takes_a_lost_callback_for_heard, 2, 1, 0, 0, STUCK),
        (_waits_for_the_dead, 2, 0, 1, 0, STUCK),
        (_only_says_that_it_commits, 2, 0, 0, 1, "S2"),
        (_starts_the_new_version_after_a_crash, 1, 0, 1, 1, "replayed to 2.0"),
    ],
)
def test_what_is_broken_is_found_the_same_as_in_every_order(
    mutant: Callable[[pytest.MonkeyPatch], None], servers: int, losses: int, crashes: int, calls: int, law: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    mutant(monkeypatch)
    laws = _judged(1, servers, losses, crashes, calls)
    assert any(law in each for each in laws), laws


def test_a_barrier_that_is_lifted_by_hand_while_its_server_stops_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Barrier, "lift_by_hand", lambda self: self._run())
    found = explore(SIMPLIFIED, clients=1, by_hand=1, losses=0, crashes=0)
    assert "a call reaches a server that is quiet" in found.broken


def test_a_cache_that_is_filled_again_while_it_is_emptied_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _reads_on_while_it_empties_its_cache(monkeypatch)
    assert explore(policy("simplified", held="updates"), clients=1, losses=0, crashes=0).broken.keys() == {STUCK}


def test_the_moves_that_lead_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _forgets_a_second_stop(monkeypatch)
    found = explore(SIMPLIFIED, clients=1, losses=0)
    assert "mds: crashes" in found.broken[STUCK]


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SMALL) == 0
    found = explore(SIMPLIFIED, clients=1, servers=("mds",), losses=0, crashes=0)
    assert capsys.readouterr().out.startswith(f"{found.states} states, {found.ends} of them over")


def test_the_command_fails_with_the_moves_if_a_law_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _does_not_wait(monkeypatch)
    assert main(SMALL) == 1
    assert "broken: B5: quiet before everybody is done or evicted\n    mds: its turn" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--set", "scope=mgs", "--servers", "MDS,OST"], "scope=mgs: one server is walked"),
        (["--set", "resume=never"], "option resume is one of"),
        (["--limit", "10"], "given up after"),
    ],
)
def test_the_command_without_a_result(wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, *wrong]) != 0
    assert capsys.readouterr().err.startswith(said)
