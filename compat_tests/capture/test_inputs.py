"""`read_input`: whatever kind of file messages are in, the same messages come out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.capture.captures import messages as captured_messages
from compat_tests.capture.captures import path_of
from compat_tests.recorded import FIXTURES, messages
from lustre_wire.capture import Captured, Statistics, read_input

GOLDEN = sorted((FIXTURES / "golden").glob("*.jsonl"))


def read(data: bytes, **options: object) -> list[Captured]:
    return list(read_input(io.BytesIO(data), **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_recorded_messages(path: Path) -> None:
    """In their recorded dialect, each reply in the light of its recorded request."""
    counts = Statistics()
    found = list(read_input(path, statistics=counts))
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [m.raw.hex() for m in found] == [row["hex"] for row in rows]
    assert (counts.replies_unmatched, counts.errors) == (0, 0)
    wanted = {(m.row["lustre_version"], m.dialect, m.id): m for m in messages()}
    for m, row in zip(found, rows, strict=True):
        recorded = wanted.get((row["lustre_version"], row["dialect"], row["id"]))
        if recorded is None:
            assert (m.kind, m.message) == ("data", None)
        else:
            assert m.kind == m.direction == recorded.direction
            assert m.message == recorded.decode()
            assert m.match_bits == recorded.match_bits


def test_the_json_form_of_messages() -> None:
    some = messages()[::40]
    lines = "\n\n".join(json.dumps(lw.to_json(m.decode())) for m in some)
    assert [(m.kind, m.raw) for m in read(lines.encode())] == [(m.direction, m.data) for m in some]


@pytest.mark.parametrize("width", [0, 32, 60])
def test_hexadecimal_text(width: int) -> None:
    """A message on one line, or over several; the next one begins with its magic. Case and blanks do not matter."""
    some = [m for m in messages() if m.dialect == "2.0"][::30]
    lines = []
    for m in some:
        text = m.data.hex(" ").upper() if width else m.data.hex()
        lines += [text[i : i + width * 3] for i in range(0, len(text), width * 3)] if width else [text]
    found = read("\n".join(lines).encode(), dialect="2.0")
    assert [(m.kind, m.raw) for m in found] == [(m.direction, m.data) for m in some]


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_a_message_alone(dialect: str) -> None:
    for recorded in [m for m in messages() if m.dialect == dialect][::20]:
        (found,) = read(recorded.data, dialect=dialect)
        assert (found.kind, found.raw, found.error) == (recorded.direction, recorded.data, None)
        assert found.message == lw.decode(recorded.data, dialect)
        assert (found.src, found.portal, found.match_bits) == ("", None, None)


def test_messages_of_both_dialects_in_one_file() -> None:
    """Without a connection each message is judged on its own."""
    telling = [m for m in messages() if m.direction == "request" and m.row["opc_name"] == "MDS_REINT"]
    mixed = [m for pair in zip(telling, reversed(telling), strict=True) for m in pair]
    found = read("\n".join(m.data.hex() for m in mixed).encode())
    assert {m.dialect for m in mixed} == {"1.8", "2.0"}
    assert [m.message.dialect.name for m in found if m.message is not None] == [m.dialect for m in mixed]


def test_captures() -> None:
    path = path_of("02")
    wanted = [(m.kind, m.raw) for m in captured_messages(path)]
    assert [(m.kind, m.raw) for m in read_input(path)] == wanted
    assert [(m.kind, m.raw) for m in read_input(str(path))] == wanted
    assert [(m.kind, m.raw) for m in read(path.read_bytes())] == wanted
    assert read(path.read_bytes(), port=999) == []


def test_a_message_that_cannot_be_decoded_comes_with_its_error() -> None:
    row = {"hex": messages()[0].data[:50].hex(), "dialect": "1.8", "direction": "request"}
    (m,) = read(json.dumps(row).encode())
    assert m.message is None
    assert isinstance(m.error, lw.TruncatedError)
    (m,) = read(json.dumps({**row, "dialect": "9.9"}).encode())
    assert "no dialect '9.9'" in str(m.error)
    (m,) = read(b'{"buffers": [], "dialect": "2.0", "direction": "sideways"}')
    assert "sideways" in str(m.error)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   \n",
        b"hello",
        bytes(64),
        b"{",
        b"{}",
        b'{"hex": 5}',
        b'{"hex": "zz"}',
        b"{}[]",
        b'{"hex": "00"}\n[1]',
        b'{"hex":' + b"[" * 100_000,
        b'{"hex": ' + b"9" * 5000 + b"}",
        b"abc",
        b"00 11\n0",
        b"ab" * 3000 + b"\nxyz",
    ],
    ids=range(15),
)
def test_unusable_files_give_one_clear_error(data: bytes) -> None:
    with pytest.raises(lw.WireError) as raised:
        read(data)
    assert "\n" not in str(raised.value)


def test_an_unknown_dialect_is_refused_before_anything_is_read() -> None:
    with pytest.raises(lw.WireError, match="no dialect"):
        read(GOLDEN[0].read_bytes(), dialect="3.0")


def test_a_missing_file_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        list(read_input("no such file"))


LINE = GOLDEN[0].read_bytes().splitlines()[0]


@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet='{}[]":,0123456789abcdefhxbuffers', max_size=200).map(str.encode)
    ),
    st.integers(0, len(LINE)),
)
def test_whatever_the_bytes_only_wire_errors_come_out(noise: bytes, at: int) -> None:
    for data in (noise, LINE[:at] + noise, LINE[:at] + noise + LINE[at:], b"{" + noise):
        try:
            for m in read(data):
                assert isinstance(m, Captured)
        except lw.WireError as error:
            assert str(error)
