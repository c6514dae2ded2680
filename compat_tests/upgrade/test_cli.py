"""``lustre-wire upgrade`` from the outside: what it prints, what it writes, how it ends."""

import json
from xml.etree import ElementTree

import pytest
from click import UsageError
from click.testing import CliRunner

from compat_tests.ports import free_port
from lustre_wire.capture.inputs import read_input
from lustre_wire.cli.upgrade import command
from lustre_wire.errors import WireError
from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.stage import play

SMALL = ["forced-start", "--clients", "2", "--osts", "1"]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def test_the_text_shows_what_was_done_a_timeline_every_invariant_and_a_verdict() -> None:
    status, text = run(*SMALL)
    assert status == 0
    assert "mds does not start: last run by 1.8 and not stopped cleanly: 2.0 does not start" in text
    assert "\nmds " in text
    assert "S4         holds" in text
    assert "B9         not met with" in text
    assert text.endswith("fine\n")


def test_a_fault_from_the_command_line_happens() -> None:
    status, text = run("piecemeal-osts", "--clients", "2", "--fault", "mds-crash@committed", "--seed", "7")
    assert status == 0
    assert "mds crashes" in text


def test_json_has_the_timeline_and_the_verdict() -> None:
    status, text = run(*SMALL, "--json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert status == 0
    assert {"node": "mds", "state": "2.0"}.items() <= next(x for x in lines if x.get("state") == "2.0").items()
    assert [x["seen"] > 0 for x in lines if x.get("invariant") == "S4"] == [True]
    assert lines[-1]["fine"] is True
    assert lines[-1]["evicted"] == ["client0", "client1"]


def test_a_slow_disk_makes_stopping_an_ost_take_longer(tmp_path) -> None:  # type: ignore[no-untyped-def]
    def seconds(*options: str) -> float:
        _, text = run("piecemeal-osts", "--clients", "2", "--json", *options)
        lanes = [json.loads(line) for line in text.splitlines()]
        times = {line["state"]: line["time"] for line in lanes if line.get("node") == "ost0"}
        return float(times["quiet"] - times["revoking"])

    assert seconds() < 0.1
    assert seconds("--link", "1e4", "--disk", "1e3") > 10 * seconds()


def test_links_and_disks_are_the_simulators() -> None:
    with pytest.raises(UsageError, match="not for --tcp"):
        run(*SMALL, "--tcp", "--disk", "1e6")


def test_the_picture_is_svg_with_a_lane_for_every_node(tmp_path) -> None:  # type: ignore[no-untyped-def]
    picture = tmp_path / "timeline.svg"
    run(*SMALL, "-o", str(picture))
    tree = ElementTree.parse(picture)
    said = {element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {"mgs", "mds", "ost0", "client0", "client1"} <= said


def test_what_was_hoped_for_and_did_not_come_is_a_finding(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "mine.toml"
    file.write_text('title = "t"\nabout = "a"\nclients = 1\nosts = 1\nsteps = ["work 1"]\n[expect]\n'
                    'simplified = ["everybody is evicted", "client0 is evicted"]\n')  # fmt: skip
    status, text = run(str(file))
    assert status == 1
    assert "expected: client0 is evicted" in text
    assert text.endswith("NOT FINE\n")


def test_over_tcp_with_a_capture_that_decodes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    capture, port = tmp_path / "out.pcap", free_port()
    status, text = run(
        "forced-start", "--clients", "1", "--osts", "1", "--tcp", "--port", str(port), "--pcap", str(capture)
    )
    assert status == 0
    assert text.endswith("fine\n")
    messages = [captured.message for captured in read_input(capture)]
    found = {message.name for message in messages if message is not None}
    assert {"MDS_CONNECT", "MDS_GETSTATUS", "LDLM_ENQUEUE"} <= found


def test_a_capture_needs_tcp() -> None:
    with pytest.raises(UsageError, match="--pcap needs --tcp"):
        run("--pcap", "x.pcap")


def test_first_of_all_it_says_what_becomes_of_each_client() -> None:
    status, text = run("silent-client", "--clients", "3", "--osts", "1", "--seed", "7")
    head = text.splitlines()[1:5]
    assert status == 0
    assert head[0].split()[:3] == ["client", "blocked", "s"]
    assert ["cut off at" in line for line in head[1:]] == [False, False, True]
    status, text = run("silent-client", "--clients", "3", "--osts", "1", "--seed", "7", "--json")
    views = [json.loads(line) for line in text.splitlines()[:3]]
    assert [view["client"] for view in views] == ["client0", "client1", "client2"]
    assert all(view["blocked"] >= view["longest"] > 1 for view in views[:2])


def test_a_client_that_looks_out_for_the_restart_is_blocked_for_a_fraction_of_the_time() -> None:
    def blocked(watch: str) -> float:
        _, text = run("clean-upgrade", "--clients", "2", "--osts", "1", "--set", f"watch={watch}", "--json")
        return max(float(json.loads(line)["blocked"]) for line in text.splitlines()[:2])

    assert blocked("probe") < blocked("ping") / 3


def test_a_play_that_gets_stuck_still_shows_its_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "PATIENCE", 60.0)
    monkeypatch.setattr(Controlled, "_commit_soon", lambda self: None)
    status, text = run("clean-upgrade", "--clients", "1", "--osts", "1")
    assert status == 1
    assert "\nmds " in text
    assert "stuck: waiting for: mgs is down" in text
    status, text = run("clean-upgrade", "--clients", "1", "--osts", "1", "--json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert status == 1
    assert any(line.get("node") == "mds" for line in lines)
    assert lines[-1]["stuck"].startswith("waiting for: mgs is down")


def test_a_fault_whose_moment_never_comes_is_told() -> None:
    _, text = run(*SMALL, "--fault", "mgs-crash@quiet")
    assert "never happened: mgs-crash@quiet" in text


def test_the_picture_has_an_axis_and_labels_that_do_not_overlap(tmp_path) -> None:  # type: ignore[no-untyped-def]
    picture = tmp_path / "timeline.svg"
    run("clean-upgrade", "--clients", "1", "--osts", "1", "-o", str(picture))
    texts = list(ElementTree.parse(picture).iter("{http://www.w3.org/2000/svg}text"))
    assert any((element.text or "").endswith(" s") for element in texts)
    labels = [(e.attrib["y"], float(e.attrib["x"]), e.text or "") for e in texts if e.attrib.get("font-size") == "9"]
    assert labels
    for row, x, label in labels:
        assert not [other for other in labels if other[0] == row and x < other[1] < x + 4 * len(label)]


def test_the_list() -> None:
    status, text = run("--list")
    assert status == 0
    assert "failover-pair" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grand"], "no scenario 'grand'"),
        (["--fault", "mds-dances@quiet"], "not a fault: 'mds-dances@quiet'"),
        (["--fault", "mds-crash@dreaming"], "no state 'dreaming'"),
        (["--fault", "mds-silent@quiet"], "only a client falls silent"),
        (["--fault", "mds-crash@draining"], "mds is a server"),
        (["--fault", "client9-crash@quiet", "--clients", "2"], "no client9: there are 2 clients"),
        (["--set", "scope=galaxy"], "option scope is one of mgs, target"),
    ],
)
def test_what_cannot_be_played_is_one_clear_error(arguments: list[str], said: str) -> None:
    with pytest.raises(WireError, match=said):
        run(*arguments)


def test_the_list_for_machines() -> None:
    _, text = run("--list", "--json")
    assert {"failover-pair", "clean-upgrade"} <= {json.loads(line)["name"] for line in text.splitlines()}


@pytest.mark.parametrize(
    "option", [["--clients", "7"], ["--fault", "mds-crash@quiet"], ["--output", "x.svg"], ["--tcp"]]
)
def test_a_plan_takes_no_options_that_it_would_ignore(option: list[str]) -> None:
    with pytest.raises(UsageError, match=f"{option[0]} is for a play"):
        run("--plan", "site.toml", *option)


def test_an_option_is_set_once() -> None:
    with pytest.raises(UsageError, match="scope is set twice"):
        run("--set", "scope=mgs", "--set", "scope=target")
