"""Operations, faults, upgrades and downgrades in any order: nothing acknowledged is lost, no invariant is broken."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from lustre_wire.testbed.simulator import Faults
from lustre_wire.upgrade.checks.monitor import judge
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play

SERVERS = ("mds", "ost0")
STATES = [state for state in ServerState if state is not ServerState.SERVING]
OPTIONS = st.fixed_dictionaries({
    "resume": st.sampled_from(["reconnect", "lock"]), "notice": st.sampled_from(["explicit", "withheld"]),
    "held": st.sampled_from(["all", "updates"]), "newcomers": st.sampled_from(["refuse", "hold"]),
})  # fmt: skip


class Upgrades(RuleBasedStateMachine):
    """An administrator and a network that stop at nothing."""

    @initialize(
        name=st.sampled_from(["simplified", "simplified", "shipped"]), options=OPTIONS, seed=st.integers(0, 999),
        loss=st.sampled_from([0.0, 0.0, 0.02]),
    )  # fmt: skip
    def mount(self, name: str, options: dict[str, str], seed: int, loss: float) -> None:
        faults = Faults(loss=loss, duplicate=loss, reorder=loss)  # callbacks are sent once: who misses one is evicted
        chosen = policy(name, **options) if name == "simplified" else policy(name)  # the other has no barrier to set
        self.play = Play(chosen, clients=2, osts=1, seed=seed, faults=faults)
        self.operator = Operator(self.play)

    @rule(rounds=st.integers(1, 3))
    def work(self, rounds: int) -> None:
        self.play.work(rounds)

    @rule()
    def load(self) -> None:
        self.play.load(3)
        self.play.wait(0.5)

    @rule(server=st.sampled_from(SERVERS), version=st.sampled_from(["1.8", "2.0"]))
    def move(self, server: str, version: str) -> None:
        self.operator.move(server, version)

    @rule(server=st.sampled_from(SERVERS), state=st.sampled_from(STATES))
    def crash_at(self, server: str, state: ServerState) -> None:
        self.play.mishaps.expect(f"{server}-crash@{state}")

    @rule(server=st.sampled_from(SERVERS))
    def crash(self, server: str) -> None:
        self.operator.crash(server)
        self.play.wait(1.0)
        self.operator.start(server)
        self.operator.settled()

    @precondition(lambda self: not self.play.mishaps.cut_off)
    @rule(client=st.integers(0, 1))
    def cut(self, client: int) -> None:
        self.play.mishaps.cut(self.play.clients[client].nid)

    @precondition(lambda self: bool(self.play.mishaps.cut_off))
    @rule()
    def rejoin(self) -> None:
        self.play.mishaps.rejoin(next(iter(self.play.mishaps.cut_off)))
        self.operator.settled()

    @precondition(lambda self: len(self.play.clients) < 4)
    @rule()
    def new_client(self) -> None:
        self.play.new_client()

    def teardown(self) -> None:
        if not hasattr(self, "play"):
            return
        for nid in list(self.play.mishaps.cut_off):
            self.play.mishaps.rejoin(nid)
        self.play.mishaps.pending.clear()
        self.operator.settled()
        self.play.rest()
        lost = self.play.losses()
        wrong = {name: verdict.wrong for name, verdict in judge(self.play).items() if verdict.wrong}
        assert not lost
        assert not wrong


TestUpgrades = Upgrades.TestCase
TestUpgrades.settings = settings(
    max_examples=12, stateful_step_count=8, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
