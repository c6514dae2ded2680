"""What comes from bytes cannot act on a terminal or a shell: every text command, on every field that holds text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from compat_tests import recorded
from compat_tests.cli.test_commands import commands
from compat_tests.cli.test_server_files import TestLlog
from compat_tests.recorded import FIXTURES
from lustre_wire.cli.main import cli
from lustre_wire.dialects import dialect
from lustre_wire.payloads import last_rcvd as last_rcvd_file
from lustre_wire.payloads import mountdata
from lustre_wire.payloads.last_rcvd import LastRcvd
from lustre_wire.payloads.mountdata import MountData
from lustre_wire.schema import spec_of
from lustre_wire.schema.types import Chars
from lustre_wire.text.quoting import json_line, shell_words, shown

TRICKS = b"\x1b[31m\n>pwned\n;>pwned;\n$(>pwned)`>pwned`'\n>pwned\n'\\'\n>pwned\n\"\n>pwned\n\x1b]0;title\x07#"
CONTROLS = bytes(range(1, 32)) + b"\x7f" + "".join(map(chr, range(0x80, 0xA0))).encode()
MARKS = "\u202e\u2066\u200f\u2028\u2029\ufeff\u00ad\U000e0041".encode() + b"\x80\x9b\xff\xc3\xed\xa0\x80"
EVIL = TRICKS + CONTROLS + MARKS
_TEXT = re.compile(rb"[ -~]{4,}")


class Spoiler:
    """Puts evil bytes in place of every text in bytes: as many, the same for the same text."""

    def __init__(self, start: int = 0) -> None:
        self._bytes: Iterator[int] = islice(cycle(EVIL), start, None)
        self._known: dict[bytes, bytes] = {}

    def __call__(self, data: bytes) -> bytes:
        return _TEXT.sub(lambda found: self._instead(found[0]), data)

    def _instead(self, text: bytes) -> bytes:
        if text not in self._known:
            self._known[text] = bytes(islice(self._bytes, len(text)))
        return self._known[text]


def last_rcvd(spoil: Spoiler | None) -> bytes:
    structs = dialect("1.8").structs
    uuid = b"11111111-2222-3333-4444-555555555555".ljust(40, b"\0")
    server = structs["lr_server_data"](lsd_uuid=uuid, lsd_client_start=8192, lsd_client_size=128)
    data = last_rcvd_file.write(LastRcvd(dialect("1.8"), server, [structs["lsd_client_data"](lcd_uuid=uuid)]))
    return spoil(data) if spoil else data


def mount(spoil: Spoiler | None) -> bytes:
    cls = dialect("1.8").structs["lustre_disk_data"]
    fields = [f for f in spec_of(cls).fields if isinstance(f.type, Chars)]
    texts = {f.name: b"text of it".ljust(f.type.size, b"\0") for f in fields}
    made = cls(**texts, ldd_magic=dialect("1.8").constants["LDD_MAGIC"])
    data = mountdata.write(MountData(dialect("1.8"), "little", made))
    return spoil(data) if spoil else data


def messages(spoil: Spoiler | None) -> bytes:
    """Recorded messages, and drawn ones of every format, as recordings."""
    some = recorded.messages()[::7]
    rows: list[dict[str, Any]] = [{"hex": m.data, "dialect": m.dialect, "direction": m.direction} for m in some]
    for file in sorted((FIXTURES / "vectors").glob("derived-*.jsonl")):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            if "/little" in row["id"]:
                rows.append({**{k: row[k] for k in ("dialect", "direction")}, "hex": bytes.fromhex(row["hex"])})
    made = [{**row, "hex": (spoil(row["hex"]) if spoil else row["hex"]).hex()} for row in rows]
    return "".join(f"{json.dumps(row)}\n" for row in made).encode()


def capture(spoil: Spoiler | None) -> bytes:
    data = (FIXTURES / "captures" / "00-complete-session-from-mkfs.pcap").read_bytes()
    return spoil(data) if spoil else data


def log(spoil: Spoiler | None) -> bytes:
    return spoil(TestLlog.CONFIGS) if spoil else TestLlog.CONFIGS


def listing(spoil: Spoiler | None) -> bytes:
    """Of getfattr, an attribute that nobody reads; only the name of its file is text."""
    name = b"dir/file of it" * 3
    return b"# file: %s\ntrusted.other=0x6162\n" % (spoil(name).replace(b"\n", b"") if spoil else name)


#: The words of a command -> its further words, and what it reads.
READERS = {
    "decode": [
        ([], messages), (["-v"], messages), (["--json"], messages), (["--summary"], messages), (["-v"], capture),
    ],
    "verify": [([], messages), (["--json"], messages)],
    "translate": [(["--to", "2.0", "-v"], messages), (["--to", "1.8", "--json"], messages)],
    "llog": [([], log), (["--records"], log), (["--json"], log), (["--unknown-to", "1.8"], log)],
    "file": [([], log), ([], last_rcvd), ([], mount), ([], listing), (["--json"], listing)],
    "precheck": [(["--from", "1.8", "--to", "2.0"], log), (["--from", "1.8", "--to", "2.0", "--json"], last_rcvd)],
    "last-rcvd": [([], last_rcvd), (["--json"], last_rcvd)],
    "mountdata": [([], mount), (["--json"], mount)],
}  # fmt: skip
#: Commands that read no such bytes but those they are called with, or that others give them; `{}` stands for these.
CALLED = {
    "bench": ["bench", "{}"], "conformance": ["conformance", "{vectors}", "--exec", "{answers}"],
    "diff": ["diff", "1.8", "2.0", "{}"], "layout": ["layout", "{}"],
    "testbed ctl": ["testbed", "ctl", "{}", "status"],
    "testbed run": ["testbed", "run", "{}", "--dialect", "1.8"],
    "fuzz": ["fuzz", "--dialect", "1.8", "--count", "2", "--no-minimise", "--exec", "{crash}"],
    "target": ["target", "{target}"],
    "testbed serve": ["testbed", "serve", "--dialect", "{}"], "upgrade": ["upgrade", "{}"],
    "history": ["history", "{}"], "stubs": ["stubs", "{}"],
}  # fmt: skip


def harmless(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


def test_every_command_is_tried_here() -> None:
    assert {" ".join(words) for words in commands()} == READERS.keys() | CALLED.keys()


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, cases in READERS.items() for number in range(len(cases))]
)
def test_text_in_bytes_is_shown_and_does_nothing(name: str, number: int) -> None:
    words, made = READERS[name][number]
    counts = set()
    for spoil in (None, Spoiler(), Spoiler(len(TRICKS))):
        result = CliRunner().invoke(cli, [*name.split(), *words, "-"], input=made(spoil))
        assert result.exit_code in (0, 1), result.output[-500:]
        assert harmless(result.stdout) and harmless(result.stderr)
        counts.add(result.stdout.count("\n"))
    if made is not capture and name not in ("verify", "translate") and not {"-v", "--summary"} & {*words}:
        assert len(counts) == 1  # no field makes a line of its own


@pytest.mark.parametrize("name", CALLED)
def test_what_users_and_other_programs_say_is_shown_and_does_nothing(name: str, tmp_path: Path) -> None:
    evil = EVIL.decode("utf-8", "surrogateescape")
    (tmp_path / "evil").write_bytes(EVIL)
    vector = FIXTURES / "vectors" / "recorded-1.8.jsonl"
    (tmp_path / "vectors.jsonl").write_text(vector.read_text().splitlines()[0] + "\n")
    number = json.loads((tmp_path / "vectors.jsonl").read_text())["id"]
    (tmp_path / "answers").write_text(json.dumps({"id": number, "error": evil}) + "\n")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / evil.replace("/", "")[:60]).write_bytes(EVIL)
    (tmp_path / "target" / "last_rcvd").write_bytes(last_rcvd(Spoiler()))
    filled = {
        "": evil, "vectors": str(tmp_path / "vectors.jsonl"), "answers": f"sh -c 'cat {tmp_path}/answers'",
        "crash": f"sh -c 'cat {tmp_path}/evil >&2; kill -9 $$'", "target": str(tmp_path / "target"),
    }  # fmt: skip
    args = [filled[word[1:-1]] if word.startswith("{") else word for word in CALLED[name]]
    result = CliRunner().invoke(cli, args)
    assert result.exit_code in (0, 1, 2), result.output
    assert harmless(result.stdout) and harmless(result.stderr)
    assert "\\x1b[31m" in result.stdout + result.stderr
    assert (result.exit_code == 2) <= (result.stderr.count("\n") == 1)


@pytest.mark.parametrize("shell", [shell for shell in ("sh", "bash", "dash") if shutil.which(shell)])
@pytest.mark.parametrize("start", range(0, len(TRICKS), 9))
def test_a_log_given_to_a_shell_runs_nothing_of_what_it_says(shell: str, start: int, tmp_path: Path) -> None:
    script = CliRunner().invoke(cli, ["llog", "-"], input=log(Spoiler(start))).stdout
    found = shutil.which(shell)
    assert found is not None
    subprocess.run(
        [found], input=script.encode(), cwd=tmp_path, capture_output=True, env={"PATH": "/none"}, check=False
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shell", [shell for shell in ("bash",) if shutil.which(shell)])
def test_a_shell_that_knows_how_gets_every_byte(shell: str) -> None:
    words = ["plain", "two words", "it's", *(bytes([n]).decode("utf-8", "surrogateescape") * 2 for n in range(1, 256))]
    quoted = shell_words(words)
    assert quoted.isprintable()
    done = subprocess.run([shell, "-c", f"printf '%s\\0' {quoted}"], capture_output=True, check=True)
    assert done.stdout.split(b"\0")[:-1] == [word.encode("utf-8", "surrogateescape") for word in words]


def test_every_character() -> None:
    for number in range(0x110000):
        c = chr(number)
        assert shown(c) == c if c.isprintable() else shown(c).isascii() and shown(c).startswith("\\")
        if number < 0x300:
            assert json_line(c).isprintable() and json.loads(json_line(c)) == c


def test_nothing_else_prints() -> None:
    """One way to a terminal: other modules of commands do not write to it themselves."""
    allowed = {"output.py": "click.echo(", "main.py": "click.echo(error.format_message())"}
    for path in sorted((FIXTURES.parent / "lustre_wire" / "cli").glob("*.py")):
        text = path.read_text().replace(allowed.get(path.name, "\0"), "")
        assert not re.search(r"click\.s?echo\(|[^.]\bprint\(|stdout\.write", text), path.name
