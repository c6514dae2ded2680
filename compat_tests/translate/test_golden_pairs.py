"""What 1.8.9 packs for a 1.8 server becomes what it packs for a 2.0 server, and the other way round, byte for byte.

Each difference is listed here with its reason, and each entry of the list is needed.
"""

from __future__ import annotations

import fnmatch

import pytest

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages
from compat_tests.translate.pairs import fields, pairs, session

HANDLES = "the two recordings had connections, locks and open files of their own"
PADDED = "1.8.9 enlarges the EA buffer until the whole message is a power of two long"
STRAY = "1.8.9 leaves 104 zero bytes in mkdir and mknod towards 2.0"
ROOM = "a message does not say the client's largest EA, for which 1.8.9 reserves reply room"
FOLLOWS = "follows from the buffers"

#: (target dialect, kind, field) -> why it may differ.
ALLOWED = {
    ("*", "*", "ptlrpc_body.pb_handle.cookie"): HANDLES,
    ("*", "*", "dlm_req.lock_handle[[]*].cookie"): HANDLES,
    ("*", "close", "*.handle.cookie"): HANDLES,
    ("*", "ldlm-enqueue-intent-open", "lov_ea.hex"): PADDED,
    ("*", "ldlm-enqueue-intent-open", "eadata.hex"): PADDED,
    ("*", "reint-create", "data.hex"): STRAY,
    ("*", "reint-create", "eadata_or_symtgt.hex"): STRAY,
    ("*", "ldlm-enqueue-intent-open", "header.lm_buflens[[]*]"): FOLLOWS,
    ("*", "reint-create", "header.lm_buflens[[]*]"): FOLLOWS,
    ("*", "ldlm-enqueue-intent-lookup", "*.eadatasize"): "1.8.9 tells 2.0 its largest EA; copying 0 is safe",
    ("*", "reint-setattr", "header.lm_repsize"): ROOM,
    ("2.0", "close", "rec_reint.sa_valid"): "2.0 stores only *_SET times, which 1.8.9 leaves out",
    ("2.0", "ldlm-enqueue-intent-open", "rec_reint.cr_suppgid2"): "1.8 has one supplementary group",
    ("2.0", "reint-create", "rec_reint.cr_suppgid2"): "1.8.9 leaves 0, which is root's group; -1 is none",
    ("2.0", "reint-unlink", "rec_reint.ul_suppgid2"): "1.8.9 leaves 0, which is root's group; -1 is none",
}
#: Losses of the way down; the same fields that the way up cannot fill.
LOST = {"ldlm-enqueue-intent-open": {"suppgid2"}}


def _allocator(recorded: lw.Message) -> lw.FidAllocator | None:
    """Gives the FID that the recorded client chose: the only thing about a new file that 1.8 does not say."""
    rec = getattr(recorded.buffers, "rec_reint", None)
    fid = getattr(rec, "cr_fid2", None)
    return lw.FidAllocator(fid.f_seq, next_oid=fid.f_oid) if fid is not None and fid.f_seq else None


BOTH_WAYS = [way for old, new in pairs() for way in ((old, new), (new, old))]


def _unexplained(
    source: Recorded, target: Recorded, used: set[tuple[str, str, str]]
) -> dict[str, tuple[object, object]]:
    wanted = target.decode()
    known = session()
    known.fids = _allocator(wanted)
    out = lw.translate(source.decode(), target.dialect, session=known, allow=LOST.get(source.kind, ()))
    got = lw.decode(lw.encode(out.message), target.dialect, strict=True)
    here, there = fields(got), fields(wanted)
    differ = {k: (here.get(k), there.get(k)) for k in here.keys() | there.keys() if here.get(k) != there.get(k)}
    for key in list(differ):
        for allowed in ALLOWED:
            if all(fnmatch.fnmatchcase(*p) for p in zip((target.dialect, target.kind, key), allowed, strict=True)):
                used.add(allowed)
                differ.pop(key, None)
    return differ


@pytest.mark.parametrize(("source", "target"), BOTH_WAYS, ids=lambda m: m.id)
def test_the_translation_of_one_is_the_other(source: Recorded, target: Recorded) -> None:
    assert _unexplained(source, target, set()) == {}


def test_there_are_pairs_of_many_kinds_and_every_exception_is_needed() -> None:
    used: set[tuple[str, str, str]] = set()
    for source, target in BOTH_WAYS:
        _unexplained(source, target, used)
    assert len({old.kind for old, _ in pairs()}) > 20
    assert used == set(ALLOWED)


def _big(message: lw.Message) -> lw.Message:
    message.order = "big"
    return lw.decode(lw.encode(message), message.dialect)


@pytest.mark.parametrize(("source", "target"), BOTH_WAYS, ids=lambda m: m.id)
def test_a_big_endian_sender_says_the_same(source: Recorded, target: Recorded) -> None:
    known, again = session(), session()
    known.fids, again.fids = _allocator(target.decode()), _allocator(target.decode())
    little = lw.translate(source.decode(), target.dialect, session=known, on_loss="report")
    big = lw.translate(_big(source.decode()), target.dialect, session=again, on_loss="report")
    assert big.message.order == "big"
    assert lw.encode(big.message) == lw.encode(_big(little.message))
    assert big.report == little.report


def test_the_recorded_big_endian_messages_translate_to_those_of_their_little_endian_twins() -> None:
    by_id = {(m.dialect, m.row["lustre_version"], m.id): m for m in messages()}
    compared = 0
    for big in messages():
        twin = by_id.get((big.dialect, big.row["lustre_version"], big.id.removeprefix("be-")))
        if big.endian != "big" or twin is None or big.direction == "reply":
            continue
        other = "2.0" if big.dialect == "1.8" else "1.8"
        outcomes = []
        for one in (big, twin):
            known = session()
            known.fids = lw.FidAllocator(0x200000400, next_oid=7)
            try:
                made = lw.translate(one.decode(), other, session=known, on_loss="report").message
            except lw.Untranslatable as error:
                outcomes.append((error.errno, error.path))
                continue
            made.order = "little"
            outcomes.append(fields(made))
        assert outcomes[0] == outcomes[1], big.id
        compared += 1
    assert compared > 100
