"""A plan: the steps of a described site in their order, and times that a play of the same site keeps."""

import json
from pathlib import Path

import attrs
import pytest
from click import UsageError
from click.testing import CliRunner

from lustre_wire.cli.upgrade import command
from lustre_wire.errors import WireError
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.limits import DEFAULT
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.upgrade.plan import Site, Target, parse, plan
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play, limits_for

SITE = """
dirty = 1048576
outage = 120
link = 1e9
disk = 5e8
requests = 20000

[servers]
mds = {version = "1.8", pair = true}
ost0 = {version = "1.8", pair = true}
ost1 = {version = "2.0"}
ost2 = {version = "1.8"}
mgs = {version = "1.8"}

[clients]
"1.8" = 700
"2.0" = 100
"""


def words(site: Site, **options: str) -> list[str]:
    return [step.what for step in plan(site, policy("simplified", **options))]


def test_the_steps_are_those_of_this_site_in_the_order_of_an_upgrade() -> None:
    assert words(parse("site", SITE)) == [
        "stop mgs", "install 2.0 on mgs", "start mgs in 2.0 on mgs",
        "install 2.0 on ost0's other node", "stop ost0", "start ost0 in 2.0 on ost0's other node",
        "install 2.0 on the node ost0 was on",
        "stop ost2", "install 2.0 on ost2", "start ost2 in 2.0 on ost2",
        "install 2.0 on mds's other node", "stop mds", "start mds in 2.0 on mds's other node",
        "install 2.0 on the node mds was on",
        "upgrade 700 clients from 1.8 to 2.0, in any order",
    ]  # fmt: skip


def test_a_way_back_begins_with_the_MDS_and_says_that_everybody_is_evicted() -> None:
    steps = plan(Site((Target("mgs", "2.0"), Target("mds", "2.0")), {"2.0": 4}, to="1.8"), policy("simplified"))
    assert steps[0].what == "stop mds"
    assert [step.what for step in steps if step.fails] == ["start mds in 1.8 on mds"]


def test_more_dirty_data_than_can_be_written_in_time_is_said_beforehand() -> None:
    site = attrs.evolve(parse("site", SITE), dirty=64 << 20)
    fails = {step.what: step.fails for step in plan(site, policy("simplified")) if step.fails}
    assert fails.keys() == {"stop ost0", "stop ost2"}
    assert all(
        step.seconds <= CALLBACK_TIMEOUT + 1 for step in plan(site, policy("simplified")) if step.what == "stop ost0"
    )


@pytest.mark.parametrize("options", [{}, {"watch": "probe"}, {"notice": "withheld"}, {"scope": "mgs"}], ids=str)
def test_a_play_of_the_same_site_keeps_every_time(options: dict[str, str]) -> None:
    hardware, size = Hardware(link=1e8, disk=1e7, requests=5e3), 200_000
    site = Site(
        (Target("mgs", "1.8"), Target("mds", "1.8"), Target("ost0", "1.8")), {"1.8": 3}, "2.0", size, 2.0, hardware
    )
    how = policy("simplified", **options)
    steps = {step.what: step for step in plan(site, how)}
    play = Play(how, clients=3, osts=1, hardware=hardware)
    operator = Operator(play)
    for number, client in enumerate(play.clients):
        for name, *arguments in (("open", f"/{number}", 0o103), ("write_later", 1, 0, bytes(size))):
            client.now = play.now
            task = client.perform(name, *arguments)
            play.simulator.flush(client)
            play.until(lambda task=task: task.done, name)  # type: ignore[misc]
    for name in ("mgs", "ost0", "mds"):
        begun = play.now
        operator.stop(name)
        assert play.now - begun <= steps[f"stop {name}"].seconds
        play.wait(site.outage)
        begun = play.now
        operator.start(name, "2.0")
        operator.settled()
        assert play.now - begun <= steps[f"start {name} in 2.0 on {name}"].seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("servers = ", "x: "),
        ("[servers]", "x: a site has servers and clients"),
        ("[servers]\n[clients]", "x: there is no mgs or no mds"),
        ("servers = 3\n[clients]", "x: servers and clients are tables"),
        (SITE.replace("mgs =", "web ="), "x: web is no server"),
        (SITE.replace('mgs = {version = "1.8"}', 'mgs = {version = "1.6"}'), "x: version '1.6': there are 1.8, 2.0"),
        (SITE.replace("pair = true", "pair = 2", 1), "x: mds has a version, and may be a pair"),
        (SITE.replace("disk = 5e8", "disk = 0"), "x: disk = 0: nothing would ever be done"),
        (SITE.replace("disk = 5e8", "disk = -1"), "x: disk = -1: it is a number, 0 or more"),
        (SITE.replace('"1.8" = 700', '"1.8" = "many"'), "x: 1.8 = 'many': it is a number"),
        (SITE.replace("outage", "colour"), "x: a site has servers and clients, and may have"),
    ],
)
def test_what_is_no_site(text: str, said: str) -> None:
    with pytest.raises(WireError, match=said):
        parse("x", text)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def test_the_command_says_the_plan_and_plays_nothing(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(SITE)
    status, text = run("--plan", str(file))
    assert status == 0
    assert "  1. stop mgs: at most" in text
    assert "silent client is evicted" in text
    assert text.splitlines()[-1].startswith("15 steps, ")
    status, text = run("--plan", str(file), "--policy", "shipped", "--json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert status == 1
    assert [line["step"] for line in lines if line["evicts"]] == ["start mds in 2.0 on mds's other node"]
    with pytest.raises(UsageError, match="needs a file that describes the site"):
        run("--plan")


def test_servers_have_room_for_all_the_clients_of_a_play() -> None:
    assert limits_for(4) == DEFAULT
    assert limits_for(20000).clients > 20000
    assert Play(policy("simplified"), clients=0, room=20000).servers["mds"].limits == limits_for(20000)
