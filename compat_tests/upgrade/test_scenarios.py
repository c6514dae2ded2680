"""Every scenario, under every policy, comes to the end it should."""

import random

import attrs
import pytest

from compat_tests.upgrade import sweep
from compat_tests.upgrade.plays import played
from compat_tests.upgrade.sweep import LONG, Case, drawn
from lustre_wire.errors import WireError
from lustre_wire.upgrade import scenario
from lustre_wire.upgrade.checks import traffic
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.play import Play

SCENARIOS = scenario.names()
#: The operator of these relies on a controlled stop.
CONTROLLED = {"by-hand"}


def complaints(outcome: scenario.Outcome) -> list[str]:
    found = [f"{name}: {line}" for name, verdict in outcome.verdicts.items() for line in verdict.wrong]
    return found + outcome.lost + outcome.unmet


def test_the_scenarios_there_are() -> None:
    assert {
        "clean-upgrade", "failover-pair", "piecemeal-osts", "returning-client", "silent-client", "drain-crash",
        "new-clients", "forced-start", "recover-then-upgrade", "downgrade", "mixed-months", "by-hand", "config",
        "brief-absence", "lost-answer", "oss-pair", "any-order", "forced-down", "rewritten-config",
    } <= set(SCENARIOS)  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_simplified(name: str) -> None:
    assert complaints(played(name)) == []


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - CONTROLLED - LONG))
def test_shipped(name: str) -> None:
    assert complaints(played(name, "shipped")) == []


@pytest.mark.parametrize("seed", range(2))
def test_SI1_any_order_of_servers_and_clients(seed: int) -> None:
    nodes = ["mgs", "mds", "ost0", "client0", "client1"]
    random.Random(seed).shuffle(nodes)
    steps = ["work 2", "load", *(step for node in nodes for step in (f"upgrade {node}", "wait 1")), "rest", "work 2"]
    found = scenario.parse("x", f'title = "t"\nabout = "a"\nosts = 1\nclients = 2\nsteps = {steps}')
    made = Play(policy("simplified"), seed=seed, **scenario.play_options(found))
    assert complaints(scenario.run(found, made)) == []
    assert made.clients_evicted() == set()
    assert {client.dialects[0].name for client in made.clients[:2]} == {"2.0"}
    assert all(sum(worker.ledger.failed.values()) == 0 for worker in made.workers)


#: What users ask an MDS for in the long run, in the words of either dialect.
ASKED = {
    "LDLM_ENQUEUE", "LDLM_ENQUEUE/INTENT_OPEN", "LDLM_ENQUEUE/INTENT_OPEN_CREAT", "LDLM_ENQUEUE/INTENT_GETATTR",
    "LDLM_ENQUEUE/INTENT_LOOKUP", "MDS_CLOSE", "MDS_GETATTR", "MDS_GETXATTR", "MDS_READPAGE", "MDS_SYNC",
    "MDS_REINT/CREATE", "MDS_REINT/LINK", "MDS_REINT/RENAME", "MDS_REINT/SETATTR", "MDS_REINT/UNLINK",
}  # fmt: skip
#: And an OST, whose words are the same in both.
OF_AN_OST = {"OST_READ", "OST_WRITE", "OST_PUNCH", "OST_SYNC", "OST_STATFS", "OST_DESTROY", "LDLM_ENQUEUE/GLIMPSE"}


def test_TH7_TH13_hours_of_mixed_versions_hold_every_operation_and_a_restart_of_each_kind() -> None:
    play = played("mixed-months").play
    assert play.now > 2 * 3600
    asked: dict[str, set[str]] = {}
    for each in traffic.decoded(play):
        asked.setdefault(each.message.dialect.name, set()).add((each.request or each.message).name)
    assert asked["1.8"] >= ASKED | OF_AN_OST | {"MDS_SETXATTR", "MDS_STATFS"}
    assert asked["2.0"] >= ASKED | {"MDS_REINT/SETXATTR"}
    kinds = {(start.metadata, start.changed, bool(start.before)) for start in play.starts()}
    assert kinds >= {(metadata, changed, True) for metadata in (True, False) for changed in (True, False)}
    assert all(start.clean for start in play.starts() if start.changed)


def test_TH14_a_forced_unmount_and_an_aborted_recovery_evict_everybody_and_say_so() -> None:
    steps = [
        "work 3",
        "force mds down",
        "start mds in 1.8",
        "work 2",
        "crash mds",
        "start mds in 1.8, abort recovery",
        "work 2",
    ]
    found = scenario.parse("x", f'title = "t"\nabout = "a"\nosts = 1\nclients = 2\nsteps = {steps}')
    made = Play(policy("simplified"), **scenario.play_options(found))
    assert complaints(scenario.run(found, made)) == []
    assert made.evicted()["mds"] == ["client0", "client1"] * 2
    assert made.why_evicted("client0") == "a server was unmounted by force, or its recovery aborted"


def test_TH18_TH24_the_configuration_is_written_anew_only_when_nobody_is_mounted() -> None:
    play = played("rewritten-config").play
    assert [done.refused for done in play.writeconfs] == [True, True, False]
    assert [done.mounted for done in play.writeconfs] == [2, 1, 0]
    assert [client.mgc is not None and client.mgc.dialect.name for client in play.clients[:2]] == ["1.8", "2.0"]


@pytest.mark.parametrize(
    "name",
    ["clean-upgrade", "recover-then-upgrade", "brief-absence", "piecemeal-osts", "config", "lost-answer", "oss-pair"],
)
def test_TH5_reformat_needs_no_notice_and_evicts_nobody_who_is_back_in_time(name: str) -> None:
    outcome = played(name, "reformat")
    assert complaints(outcome) == []
    assert outcome.verdicts["dialect"].seen > 0
    assert outcome.play.journal.moved == []


def test_TH5_who_is_away_longer_than_the_recovery_window_is_evicted_all_the_same() -> None:
    outcome = played("returning-client", "reformat")
    assert complaints(outcome) == []
    assert outcome.play.clients_evicted() == {"client1"}


def test_TH5_without_synchronous_answers_a_crash_before_the_change_evicts_who_replays_the_old_dialect() -> None:
    """The MDS cannot read it; a client that got another answer than "not connected" would not survive it (D10)."""
    fine = played("forced-start", "reformat")
    assert complaints(fine) == []
    careless = attrs.evolve(policy("reformat"), synchronous=False)
    found = scenario.load("forced-start")
    outcome = scenario.run(found, Play(careless, seed=7, **scenario.play_options(found, clients=2)))
    assert fine.play.clients_evicted() == set() and outcome.play.clients_evicted() == {"client0", "client1"}
    assert outcome.verdicts["dialect"].wrong == []


def commits(synchronous: str) -> tuple[int, int]:
    play = played("recover-then-upgrade", synchronous=synchronous).play
    calls = sum(worker.ledger.acknowledged for worker in play.workers)
    return sum(event.kind == "commit" for event in play.servers["mds"].events), calls


def test_TH5_what_synchronous_answers_cost_in_commits() -> None:
    (lazy, calls), (eager, same) = commits("no"), commits("yes")
    assert calls and same
    assert eager / same > 2 * lazy / calls


@pytest.mark.parametrize("state", ["revoking", "quiet", "committed", "halted"])
@pytest.mark.parametrize("server", ["mds", "ost0"])
def test_a_crash_at_each_server_state(server: str, state: str) -> None:
    outcome = played("piecemeal-osts", "simplified", f"{server}-crash@{state}")
    assert outcome.unstruck == []
    assert complaints(outcome) == []
    assert outcome.play.servers[server].dialect.name == "2.0"


@pytest.mark.parametrize("name", ["ost0", "mds"])
def test_SI2_a_partner_takes_a_target_over_from_a_node_that_crashed(name: str) -> None:
    steps = [
        "work 4",
        "load",
        "wait 1",
        f"crash {name}",
        "wait 2",
        f"fail {name} over",
        f"fail {name} over to 2.0",
        "rest",
    ]
    found = scenario.parse("x", f'title = "t"\nabout = "a"\npair = true\nsteps = {steps}')
    made = Play(policy("simplified"), seed=3, **scenario.play_options(found, clients=2))
    assert complaints(scenario.run(found, made)) == []
    assert made.clients_evicted() == set()
    assert made.servers[name].dialect.name == "2.0"


@pytest.mark.parametrize("state", ["draining", "cleaning", "waiting", "reopening"])
@pytest.mark.parametrize("what", ["crash", "silent"])
def test_a_client_lost_at_each_of_its_states(what: str, state: str) -> None:
    outcome = played("clean-upgrade", "simplified", f"client1-{what}@{state}")
    assert outcome.unstruck == []
    # the expectation that nobody is evicted is the scenario's, which knows nothing of the fault
    assert [text for text in complaints(outcome) if text != "nobody is evicted"] == []
    assert outcome.play.clients_evicted() == {"client1"}


OPTIONS = [
    {"scope": "mgs"}, {"scope": "mgs", "resume": "lock"}, {"scope": "mgs", "notice": "withheld"}, {"resume": "lock"},
    {"notice": "withheld"}, {"farewell": "leave"}, {"farewell": "leave", "notice": "withheld"}, {"cache": "flush"},
    {"held": "updates"}, {"newcomers": "hold"}, {"synchronous": "yes"},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: ",".join(f"{k}={v}" for k, v in o.items()))
def test_every_option_of_the_policy(options: dict[str, str]) -> None:
    assert complaints(played("clean-upgrade", **options)) == []


@pytest.mark.parametrize("newcomers", ["refuse", "hold"])
def test_TH2e_new_clients_get_in_whichever_way_they_are_answered(newcomers: str) -> None:
    outcome = played("new-clients", newcomers=newcomers)
    assert complaints(outcome) == []
    assert all(task.done and task.error is None for task, _ in outcome.play.mounting)


def test_the_same_seed_is_the_same_play() -> None:
    one, other = (played.__wrapped__("forced-start", seed=1).play for _ in range(2))
    assert [(s.time, s.packet) for s in one.simulator.trace.packets] == [
        (s.time, s.packet) for s in other.simulator.trace.packets
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = 1", "a scenario has title, about and steps"),
        ("title = ", "x: "),
        ('title = "t"\nabout = "a"\nsteps = ["dance"]', "not a step: 'dance'"),
        ('title = "t"\nabout = "a"\nsteps = [1]', "steps is not what it should be"),
        ('title = "t"\nabout = "a"\nsteps = []\nclients = "many"', "clients is not what it should be"),
        ('title = "t"\nabout = "a"\nsteps = []\n[expect]\ngrand = []', "expect holds lists by policy"),
        ('title = "t"\nabout = "a"\nsteps = []\n[expect]\nshipped = ["joy"]', "not an expectation: 'joy'"),
        ('title = "t"\nabout = "a"\nsteps = []\ncolour = "red"', "a scenario has"),
        ('title = "t"\nabout = "a"\nsteps = []\nclients = -3', "x: clients = -3: there must be one at least"),
        ('title = "t"\nabout = "a"\nsteps = []\nversion = "1.4"', "x: version = '1.4': there are 1.8, 2.0"),
        ('title = "t"\nabout = "a"\nsteps = []\nclients = 100000000', "x: clients = 100000000: 20000 at most"),
        ('title = "t"\nabout = "a"\nsteps = []', "x: there are no steps"),
        ('title = "t"\nabout = "a"\nsteps = []\n[expect]\nshipped = "joy"', "expect.shipped = 'joy': a list of sent"),
        ('title = "t"\nabout = "a"\nsteps = []\n[expect]\nshipped = [3]', "expect.shipped = .3.: a list of sentences"),
    ],
)
def test_what_is_no_scenario(text: str, said: str) -> None:
    with pytest.raises(WireError, match=said):
        scenario.parse("x", text)


def test_no_scenario_of_that_name() -> None:
    with pytest.raises(WireError, match="no scenario 'grand'"):
        scenario.load("grand")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("simplified", {"scope": "mgs", "farewell": "leave"}, "farewell=leave needs scope=target"),
        ("reformat", {"synchronous": "no"}, "reformat replays nothing of the old version: it needs synchronous=yes"),
        ("shipped", {"held": "updates"}, "shipped knows no barrier: held=updates has no meaning there"),
        ("reformat", {"newcomers": "hold"}, "reformat knows no barrier: newcomers=hold has no meaning there"),
    ],
)
def test_what_cannot_work_is_refused_before_the_play(name: str, options: dict[str, str], said: str) -> None:
    with pytest.raises(WireError, match=said):
        policy(name, **options)


def test_a_fault_whose_moment_never_came_is_told() -> None:
    """As shipped no server asks for its locks back, so none crashes while it does."""
    assert [str(fault) for fault in played("clean-upgrade", "shipped", "mds-crash@revoking").unstruck] == [
        "mds-crash@revoking"
    ]


@pytest.mark.parametrize("case", [*drawn(12, seed=19)], ids=str)
def test_whatever_is_combined_everybody_is_back_or_evicted_and_nothing_is_lost(case: Case) -> None:
    came = sweep.play(case)
    assert came == "fine" or came.startswith("refused")


@pytest.mark.parametrize(
    "case",
    [
        Case("clean-upgrade", options=(("farewell", "leave"),), faults=("client1-silent@waiting",)),
        Case("failover-pair", options=(("scope", "mgs"),)),
        Case("silent-client", options=(("scope", "mgs"), ("resume", "lock")), faults=("mgs-crash@revoking",)),
        Case("clean-upgrade", options=(("newcomers", "hold"),), faults=("client1-crash@cleaning",)),
        Case("recover-then-upgrade", options=(("resume", "operator"),)),
        Case("brief-absence", faults=("mds-crash@revoking",)),
        Case("failover-pair", faults=("client1-silent@committed",)),
        # an acknowledged change whose user was still thinking when the server crashed
        Case("silent-client", faults=("mds-crash@revoking",), seed=11),
        # behind a barrier set by hand, a second stop
        Case("by-hand", faults=("mds-crash@committed", "client1-silent@disconnected"), seed=110),
        # in the window of the MGS a newcomer is answered, not held up to its end
        Case("new-clients", options=(("scope", "mgs"), ("resume", "lock")), faults=("mgs-crash@quiet",), seed=249),
        # a request made before a failover says what grant its client held then
        Case("oss-pair", "shipped", faults=("client1-crash@halted",), seed=37),
        # recovery waits for a client that died, until its window has run out
        Case(
            "silent-client",
            options=(("resume", "operator"), ("notice", "withheld")),
            faults=("client1-crash@disconnected",),
            seed=18,
        ),
        # who mounts while only a command opens barriers
        Case("new-clients", options=(("scope", "mgs"), ("resume", "operator"), ("held", "updates")), seed=77),
        # an OST that crashed before the good-bye of a client was on disk waits for nobody's sake
        Case("rewritten-config", faults=("ost0-crash@revoking",), seed=149),
        # whom the MGS evicted the other servers need not wait for, though they had asked him nothing
        Case("silent-client", options=(("scope", "mgs"), ("synchronous", "yes")), seed=31),
        # a recovery window that an MDS of the other version opened, whose answers are not shown
        Case(
            "any-order",
            options=(("scope", "mgs"), ("cache", "flush"), ("synchronous", "yes")),
            faults=("client1-crash@disconnected",),
            seed=415,
        ),
        # a client that died has nothing to unmount, and its configuration lock nobody to call back
        Case("rewritten-config", faults=("client1-crash@halted",), seed=174),
    ],
    ids=str,
)
def test_combinations_that_once_hung_or_were_judged_wrongly(case: Case) -> None:
    assert sweep.play(case) == "fine"


def test_what_version_based_recovery_takes_is_told() -> None:
    """VB-5: the clients that built on what an absent client had done cannot replay, and are evicted."""
    found = scenario.load("drain-crash")
    made = Play(policy("simplified", held="updates"), seed=12, **scenario.play_options(found, clients=6))
    made.mishaps.expect("mds-crash@revoking")
    outcome = scenario.run(found, made)
    assert complaints(outcome) == []
    failures = made.version_failures()
    assert failures
    assert all(failures.values())
    assert failures.keys() <= made.clients_evicted()


def test_whose_client_cannot_mount_again_does_no_work() -> None:
    """He would try without end, in no time: every call fails at once."""
    steps = ["load", "upgrade mds", "upgrade client1", "wait 1", "rest"]
    found = scenario.parse("x", f'title = "t"\nabout = "a"\nclients = 2\nosts = 1\nsteps = {steps}')
    made = Play(policy("simplified"), **scenario.play_options(found))
    made.mishaps.expect("client1-silent@waiting")
    assert complaints(scenario.run(found, made)) == []
    assert not made.workers[1].busy


def test_a_server_that_is_down_is_not_stopped_again() -> None:
    found = scenario.parse("x", 'title = "t"\nabout = "a"\nclients = 1\nosts = 1\nsteps = ["stop mds", "stop mds"]')
    with pytest.raises(WireError, match="mds is down already"):
        scenario.run(found, Play(policy("simplified"), **scenario.play_options(found)))
