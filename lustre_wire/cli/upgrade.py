"""``lustre-wire upgrade``: plays an upgrade of a live file system, draws its timeline and checks its invariants."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any, Final

import click

from lustre_wire.capture.outputs import check_output, writing
from lustre_wire.capture.pcap import PcapWriter
from lustre_wire.checking.registry import INVARIANTS
from lustre_wire.cli.output import examples, json_option, paint, print_json, print_table, say
from lustre_wire.cli.testbed import PORT, Recorder
from lustre_wire.errors import WireError
from lustre_wire.testbed.hardware import Hardware
from lustre_wire.testbed.simulator import Stuck
from lustre_wire.upgrade import plan, scenario
from lustre_wire.upgrade.protocol.policy import OPTIONS, POLICIES, Policy, policy
from lustre_wire.upgrade.scenario import Outcome, Scenario
from lustre_wire.upgrade.stage import timeline
from lustre_wire.upgrade.stage.network import TcpNetwork
from lustre_wire.upgrade.stage.play import Play

_TOML: Final = ".toml"
#: Bytes a second.
RATE = click.FloatRange(1e3)


@click.command(
    epilog=examples("""
        lustre-wire upgrade
        lustre-wire upgrade --clients 8 --policy simplified --fault mds-crash@committed --seed 7
        lustre-wire upgrade failover-pair --policy shipped -o timeline.svg
        lustre-wire upgrade --set scope=mgs --set notice=withheld
        lustre-wire upgrade --clients 2 --tcp --pcap out.pcap
        lustre-wire upgrade --plan site.toml
        lustre-wire upgrade --list
    """)
)
@click.argument("name", metavar="[SCENARIO]", default="clean-upgrade")
@click.option("--policy", "policy_name", type=click.Choice(list(POLICIES)), default="simplified", show_default=True,
              help="How servers are stopped and started.")  # fmt: skip
@click.option("--set", "chosen", multiple=True, metavar="OPTION=VALUE", help=f"Of the policy: {', '.join(OPTIONS)}.")
@click.option("--clients", type=click.IntRange(1, scenario.MOST["clients"]),
              help="How many, instead of what the scenario says.")  # fmt: skip
@click.option("--osts", type=click.IntRange(1, scenario.MOST["osts"]), help="The same for OSTs.")
@click.option("--fault", "faults", multiple=True, metavar="NODE-WHAT@STATE",
              help="mds-crash@committed, client2-silent@draining; may be given several times.")  # fmt: skip
@click.option("--link", type=RATE, help="Bytes a second of every node's link, each way; without it links take no time.")
@click.option("--disk", type=RATE, help="Bytes a second an OST can write; without it writing takes no time.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything left to chance.")
@click.option("--tcp", is_flag=True, help="Over TCP on loopback instead of in the simulator.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="For --tcp.")
@click.option(
    "--pcap", type=click.Path(dir_okay=False, path_type=Path),
    help="Write what --tcp sends to this capture, as if it had been on port 988.",
)  # fmt: skip
@click.option("--plan", "planning", is_flag=True,
              help="Play nothing: say the steps for the site that a .toml describes, and their times.")  # fmt: skip
@click.option("--list", "listing", is_flag=True, help="List the scenarios.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the timeline as SVG.")
@json_option
def command(
    name: str, policy_name: str, chosen: tuple[str, ...], clients: int | None, osts: int | None,
    faults: tuple[str, ...], link: float | None, disk: float | None, seed: int, tcp: bool, port: int,
    pcap: Path | None, planning: bool, listing: bool, output: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Play SCENARIO, by name or from a .toml file, and judge it.

    The exit status is 0 if every invariant and expectation holds and nothing acknowledged is lost, 1 if not. With
    --plan SCENARIO is a site, and it is 1 if a step evicts clients as it is planned.
    """
    if listing:
        _show_list(as_json)
        return 0
    how = policy(policy_name, **_options(chosen))
    if planning:
        _only_played({
            "--clients": clients, "--osts": osts, "--fault": faults, "--link": link, "--disk": disk, "--seed": seed,
            "--tcp": tcp, "--pcap": pcap, "--output": output,
        })  # fmt: skip
        return _show_plan(name, how, as_json)
    found = _scenario(name)
    others: list[Path | str] = [*([name] if name.endswith(_TOML) else []), *([pcap] if pcap is not None else [])]
    if output is not None:
        check_output(output, others)  # before the play, which may take long
    if pcap is not None and not tcp:
        raise click.UsageError("--pcap needs --tcp")
    if tcp and (link or disk):
        raise click.UsageError("--link and --disk are the simulator's, not for --tcp")
    settings = scenario.play_options(found, clients=clients, osts=osts) | {"seed": seed}
    settings["hardware"] = Hardware(link or inf, disk or inf) if link or disk else None
    settings["say"] = None if as_json else _live()
    with _network(tcp, port, pcap, name) as network:
        try:
            play = Play(how, network=network, **settings)
            for text in faults:
                play.mishaps.expect(text)
        except Stuck as stuck:
            raise WireError(f"{found.name}: {stuck}") from stuck
        try:
            outcome = scenario.run(found, play)
        except Stuck as stuck:
            outcome = scenario.stuck(play, stuck)
    if output is not None:
        with writing(output, others) as stream:
            stream.write(timeline.svg(play, f"{found.title} — {policy_name}").encode())
    _show_json(found, outcome) if as_json else _show(found, outcome)
    return int(not outcome.fine)


def _scenario(name: str) -> Scenario:
    """By name, or from a file that ends in .toml."""
    return scenario.parse(Path(name).stem, _text(name)) if name.endswith(_TOML) else scenario.load(name)


def _text(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise WireError(f"{name}: not text: {error}") from error


def _show_plan(name: str, how: Policy, as_json: bool) -> int:
    if not name.endswith(_TOML):
        raise click.UsageError("--plan needs a file that describes the site: SITE.toml")
    steps = plan.plan(plan.parse(Path(name).stem, _text(name)), how)
    if as_json:
        for step in steps:
            print_json({
                "step": step.what, "seconds": round(step.seconds, 2), "blocked": round(step.blocked, 2),
                "evicts": step.fails or None, "risks": list(step.risks),
            })  # fmt: skip
        return int(any(step.fails for step in steps))
    for number, step in enumerate(steps, 1):
        held = f", calls that need it wait {step.blocked:.1f} s" if step.blocked else ""
        say(f"{number:3}. {step.what}: at most {step.seconds:.1f} s{held}")
        for line in [f"EVICTS: {step.fails}"] * bool(step.fails) + list(step.risks):
            say(f"       {line}")
    total, held_back = sum(step.seconds for step in steps), sum(step.blocked for step in steps)
    say(f"{len(steps)} steps, {total:.0f} s of the operator's time, calls held back {held_back:.0f} s in all, at most")
    return int(any(step.fails for step in steps))


@contextlib.contextmanager
def _network(tcp: bool, port: int, pcap: Path | None, name: str) -> Iterator[TcpNetwork | None]:
    """TCP on loopback, recorded if a capture is wanted; None for the simulator."""
    if not tcp:
        yield None
        return
    with contextlib.ExitStack() as stack:
        tap = Recorder(PcapWriter(stack.enter_context(writing(pcap, [name])))) if pcap is not None else None
        network = TcpNetwork(port, tap=tap)
        stack.callback(network.close)
        yield network


def _options(chosen: tuple[str, ...]) -> dict[str, str]:
    options: dict[str, str] = {}
    for text in chosen:
        key, found, value = text.partition("=")
        if not found:
            raise click.BadParameter(f"{text!r} is not OPTION=VALUE", param_hint="--set")
        if key in options:
            raise click.BadParameter(f"{key} is set twice", param_hint="--set")
        options[key] = value
    return options


def _only_played(given: dict[str, Any]) -> None:
    """Refuse what a plan would take no notice of."""
    for option, value in given.items():
        if value:
            raise click.UsageError(f"{option} is for a play: --plan plays nothing, and the file says what there is")


def _show_list(as_json: bool) -> None:
    found = [scenario.load(each) for each in scenario.names()]
    if not as_json:
        print_table(("name", "title"), [(each.name, each.title) for each in found])
        return
    for each in found:
        print_json({"name": each.name, "title": each.title, "about": each.about})


def _live() -> Any:
    """What happens, as it happens: on standard error, if somebody is looking."""
    if not sys.stderr.isatty():
        return None
    return lambda time, text: say(f"{time:12.3f}  {text}", err=True)


def _show(found: Scenario, outcome: Outcome) -> None:
    play = outcome.play
    say(paint(f"{found.title} — policy {play.policy.name}", bold=True))
    rows = [tuple(map(str, view.values())) for view in _clients(play)]
    print_table(("client", "blocked s#", "longest call s#", "calls#", "failed#", "evicted, and why"), rows)
    say("")
    for done in play.operated:
        say(f"{done.time:12.3f}  {done.text}")
    say("")
    for line in timeline.text(play).splitlines():
        say(line)
    say("")
    rows = []
    for name, verdict in outcome.verdicts.items():
        said = "FAILS" if verdict.wrong else "holds" if verdict.seen else "not met with"
        rows.append((name, said, str(verdict.seen), INVARIANTS[name].sentence))
    print_table(("invariant", "verdict", "seen#", "says"), rows)
    say("")
    for line in _complaints(outcome):
        say(line)
    for name, paths in play.version_failures().items():
        why = "it had built on a change of a client that did not come back (version-based recovery)"
        say(f"{name} could not replay: {why}; it was evicted, and what it did to {paths} paths is in doubt")
    for fault in outcome.unstruck:
        say(f"never happened: {fault}: that state was not come to, or only passed through in no time")
    evicted = ", ".join(sorted(play.clients_evicted(), key=lambda each: (len(each), each))) or "nobody"
    calls = sum(worker.ledger.acknowledged for worker in play.workers)
    say(f"evicted: {evicted}; calls acknowledged: {calls}, lost: {len(outcome.lost)}")
    if play.journal.rebuilt:
        rebuilt, anew = _rebuilt(play)
        say(f"requests without an answer at the change of dialect: {rebuilt} rebuilt, {anew} begun anew or over")
    say(paint("fine" if outcome.fine else "NOT FINE", bold=True))


def _clients(play: Play) -> list[dict[str, Any]]:
    """What became of each client's users: seconds in calls that took longer than a second, failures, eviction."""
    evicted = play.clients_evicted()
    found = []
    for worker in play.workers:
        name = play.name_of(worker.client.nid)
        if worker.ledger.acknowledged or worker.ledger.failed or name in evicted:
            found.append({
                "client": name, "blocked": round(worker.blocked, 1), "longest": round(worker.longest, 1),
                "calls": worker.ledger.acknowledged, "failed": sum(worker.ledger.failed.values()),
                "evicted": play.why_evicted(name) if name in evicted else "",
            })  # fmt: skip
    return found


def _complaints(outcome: Outcome) -> list[str]:
    wrong = [f"stuck: {outcome.stuck}"] if outcome.stuck else []
    wrong += [f"{name}: {line}" for name, verdict in outcome.verdicts.items() for line in verdict.wrong]
    return wrong + [f"lost: {line}" for line in outcome.lost] + [f"expected: {text}" for text in outcome.unmet]


def _rebuilt(play: Play) -> tuple[int, int]:
    """How many requests were rebuilt in the new dialect, and how many not."""
    done = sum(1 for rebuilt in play.journal.rebuilt if not rebuilt.why)
    return done, len(play.journal.rebuilt) - done


def _show_json(found: Scenario, outcome: Outcome) -> None:
    play = outcome.play
    for view in _clients(play):
        print_json(view)
    for lane in timeline.lanes(play):
        for time, state in lane.changes:
            print_json({"time": None if time == float("inf") else time, "node": lane.name, "state": state})
    for name, verdict in outcome.verdicts.items():
        print_json({"invariant": name, "seen": verdict.seen, "wrong": verdict.wrong})
    print_json({
        "scenario": found.name, "policy": play.policy.name, "fine": outcome.fine, "stuck": outcome.stuck or None,
        "lost": outcome.lost,
        "unmet": outcome.unmet, "evicted": sorted(play.clients_evicted()),
        "version_failures": play.version_failures(), "never_happened": [str(fault) for fault in outcome.unstruck],
        "rebuilt": _rebuilt(play)[0], "anew": _rebuilt(play)[1],
        "acknowledged": sum(worker.ledger.acknowledged for worker in play.workers),
    })  # fmt: skip
