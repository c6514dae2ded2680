"""The fuzz loop: outcomes of targets, findings minimised, kept and replayed; our decoder has none."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import lustre_wire as lw
from compat_tests import recorded
from lustre_wire.cli.fuzz import command
from lustre_wire.errors import WireError
from lustre_wire.frames.socklnd import SocklndStream
from lustre_wire.testing.commands import run_bounded
from lustre_wire.testing.fuzzing import corpus, keep, run
from lustre_wire.testing.mutate import Mutator
from lustre_wire.testing.ports import socklnd_target
from lustre_wire.testing.sampling import sample
from lustre_wire.testing.targets import ACCEPTED, CRASH, HANG, REFUSED, CommandTarget, DecoderTarget, Outcome

MESSAGES = [(m.dialect, m.data) for m in recorded.messages()[:40]]
BROKEN = Path(__file__).parent / "broken_parser.c"


@pytest.fixture(scope="module")
def mutator() -> Mutator:
    return Mutator(MESSAGES, seed=3)


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_our_decoder_survives_mutants_of_drawn_messages(dialect: str) -> None:
    drawn = Mutator([(m.dialect, lw.encode(m)) for m in sample(None, 200)], seed=1)
    summary = run(DecoderTarget(dialect), drawn, count=15_000)
    assert summary.tried == 15_000
    assert [finding.to_json() for finding in summary.findings] == []
    assert summary.outcomes[ACCEPTED] > 1000 and summary.outcomes[REFUSED] > 1000


def test_exit_statuses_are_told_apart() -> None:
    def outcome(script: str) -> str:
        return CommandTarget([sys.executable, "-c", script], timeout=3.0).give(b"x").kind

    assert outcome("pass") == ACCEPTED
    assert outcome("raise SystemExit(1)") == REFUSED
    assert outcome("raise SystemExit(139)") == CRASH
    assert outcome("import os; os.kill(os.getpid(), 11)") == CRASH
    assert CommandTarget(["sleep", "30"], timeout=0.1).give(b"").kind == HANG


@pytest.fixture(scope="module")
def broken_parser(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The deliberately broken parser, compiled."""
    binary = tmp_path_factory.mktemp("broken") / "broken-parser"
    try:
        subprocess.run(["gcc", "-O1", "-o", str(binary), str(BROKEN)], check=True)
    except FileNotFoundError:
        pytest.skip("needs gcc to build the broken parser")
    return str(binary)


def test_the_broken_parser_is_broken_where_it_should_be(broken_parser: str, mutator: Mutator, tmp_path: Path) -> None:
    target = CommandTarget([broken_parser])
    assert target.give(MESSAGES[0][1]).kind == ACCEPTED, "it reads what is right"
    summary = run(target, mutator, count=400)
    kinds = {finding.outcome.kind for finding in summary.findings}
    assert CRASH in kinds
    for finding in summary.findings:
        assert target.give(finding.smallest).kind == finding.outcome.kind
        assert mutator.data(finding.mutant.number) == finding.mutant.data
        changed = sum(a != b for a, b in zip(finding.smallest, finding.mutant.base.data, strict=False))
        assert changed <= 8, "one length field is enough"
    written = keep(summary.findings, tmp_path / "found")
    account = json.loads(written[0].read_text())
    assert bytes.fromhex(account["smallest"]) in corpus(tmp_path / "found")


class _Server:
    """A node that answers the HELLO and dies when a payload is shorter than 12 bytes."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            with link:
                link.settimeout(5)
                stream = SocklndStream()
                greeted = False
                while data := link.recv(65536):
                    events = stream.feed(data)
                    if not greeted:
                        link.sendall(b"hello")
                        greeted = True
                    payloads = [e.payload for e in events if hasattr(e, "payload")]
                    if payloads:
                        if len(payloads[0]) < 12:
                            self.listener.close()
                            return
                        break


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    yield made
    made.listener.close()
    made.thread.join(10)


def test_a_server_that_dies_is_found(server: _Server) -> None:
    target = socklnd_target("127.0.0.1", server.port, portal=12, patience=20.0)
    assert target.give(bytes(64)).kind in (ACCEPTED, REFUSED)
    target.give(b"short")
    assert target.give(bytes(64)).kind == CRASH


def test_only_loopback_is_fuzzed() -> None:
    with pytest.raises(lw.WireError, match="loopback"):
        socklnd_target("192.0.2.1", 988, portal=12)


def test_the_command_line_says_what_it_did(tmp_path: Path) -> None:
    runner = CliRunner()
    fine = runner.invoke(command, ["--count", "200", "--dialect", "1.8", "--json"], standalone_mode=False)
    assert fine.exception is None and fine.return_value == 0
    assert json.loads(fine.output)["tried"] == 200
    (tmp_path / "one.bin").write_bytes(MESSAGES[0][1])
    argv = ["--corpus", str(tmp_path), "--seed", "5", "--show", "9", "--dialect", MESSAGES[0][0]]
    first, second = (runner.invoke(command, argv, standalone_mode=False).output for _ in range(2))
    assert first == second and "mutant 9 of seed 5" in first


class TestCommandsOfOthers:
    def test_endless_output_is_not_kept(self) -> None:
        """What a command writes without an end costs its time, not our memory."""
        target = CommandTarget(["sh", "-c", "yes & yes >&2"], timeout=0.5)
        tracemalloc.start()
        try:
            assert target.give(b"").kind == HANG
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        finally:
            tracemalloc.stop()

    def test_children_of_a_command_end_with_it(self, tmp_path: Path) -> None:
        target = CommandTarget(["sh", "-c", f"(sleep 2; touch {tmp_path}/late) & exit 3"], timeout=10.0)
        begun = time.monotonic()
        assert target.give(b"x" * 1_000_000) == Outcome(REFUSED)
        time.sleep(max(0.0, 2.5 - (time.monotonic() - begun)))
        assert list(tmp_path.iterdir()) == []

    def test_more_answers_than_are_believed(self) -> None:
        with pytest.raises(WireError, match="yes wrote more than 100,000 bytes"):
            run_bounded(["yes"], b"", timeout=20.0, most=100_000)
        assert run_bounded(["cat"], b"x" * 100_000, timeout=20.0, most=100_000).out == b"x" * 100_000
