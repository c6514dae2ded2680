"""The mutator: the same mutant for the same numbers, structure-aware, and never a foreign exception out of decoding."""

from __future__ import annotations

import json

import pytest

import lustre_wire as lw
from compat_tests import recorded
from lustre_wire.testing import Mutator, minimised

MESSAGES = [(m.dialect, m.data) for m in recorded.messages()]


@pytest.fixture(scope="module")
def mutator() -> Mutator:
    return Mutator(MESSAGES, seed=11)


def test_a_mutant_is_replayed_from_its_seed_and_number(mutator: Mutator) -> None:
    again = Mutator(MESSAGES, seed=11)
    for number in (0, 1, 77, 123_456_789, (1 << 63) + 5):
        assert again.data(number) == mutator.data(number) == mutator.mutant(number).data
    other = Mutator(MESSAGES, seed=12)
    assert [other.data(n) for n in range(50)] != [mutator.data(n) for n in range(50)]


def test_the_account_of_a_mutant_explains_every_byte(mutator: Mutator) -> None:
    for number in range(2000):
        mutant = mutator.mutant(number)
        data = mutant.base.data
        for change in mutant.changes:
            end = change.offset + len(change.old)
            assert data[change.offset : end] == change.old
            data = data[: change.offset] + change.new + data[end:]
        assert data == mutant.data
        assert json.loads(json.dumps(mutant.to_json()))["hex"] == mutant.data.hex()


def test_blocks_hold_the_same_mutants(mutator: Mutator) -> None:
    block, offsets = mutator.fill(500, start=40)
    assert len(offsets) == 501 and offsets[-1] == len(block)
    for i in range(500):
        assert bytes(block[offsets[i] : offsets[i + 1]]) == mutator.data(40 + i)


def test_changes_reach_lengths_counts_magics_opcodes_flags_strings_and_handles(mutator: Mutator) -> None:
    changed = {change.path.split("[")[0] for n in range(20_000) for change in mutator.mutant(n).changes}
    wanted = {"lm_buflens", "lm_bufcount", "lm_magic", "ptlrpc_body.pb_opc", "ptlrpc_body.pb_flags", "name"}
    assert wanted <= changed
    assert any("cookie" in path for path in changed)


def test_bases_mix_the_dialects(mutator: Mutator) -> None:
    mixed = [base for base in mutator.bases if "with buffers of" in base.origin]
    close = next(base for base in mixed if base.origin.startswith("2.0 MDS_CLOSE request"))
    message = lw.decode(close.data, "2.0")
    assert lw.encode(message) == close.data
    assert message.header.lm_buflens[1] != 24, "a 1.8 close has no mdt_ioepoch in front"


@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_mutants_decode_faithfully_or_raise_wire_error(mutator: Mutator, dialect: str) -> None:
    outcomes = {"decoded": 0, "refused": 0}
    for number in range(15_000):
        data = mutator.data(number)
        try:
            message = lw.decode(data, dialect)
        except lw.WireError:
            outcomes["refused"] += 1
            continue
        outcomes["decoded"] += 1
        assert lw.encode(message) == data, mutator.mutant(number).to_json()
        assert lw.encode(lw.from_json(lw.to_json(message))) == data, mutator.mutant(number).to_json()
    assert min(outcomes.values()) > 1000


def test_minimising_keeps_the_byte_that_matters() -> None:
    base = bytes(range(200))
    data = bytearray(base)
    data[10:60] = bytes(50)
    small = minimised(bytes(data), base, lambda d: len(d) > 30 and d[30] == 0)
    assert len(small) == 31 and [i for i in range(31) if small[i] != base[i]] == [30]


def test_no_bases_is_one_clear_error() -> None:
    with pytest.raises(lw.WireError, match="at least one message"):
        Mutator([])
