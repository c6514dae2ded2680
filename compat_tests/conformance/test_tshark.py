"""Recorded messages in a written capture, read by tshark: the frames are sound, and both readers see the same values.

tshark reads little-endian messages of 2.0 and later; its own mistakes are listed, each with the fact that shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from compat_tests.recorded import FIXTURES, Recorded, messages
from compat_tests.tshark import (
    CALLED,
    HALF,
    OPEN_AS_SETATTR,
    RANGE_OF_PLAIN,
    Comparison,
    Names,
    dissected,
    needs_tshark,
    run,
    values,
)
from lustre_wire.capture import Captured, CaptureWriter, read_messages
from lustre_wire.frames import lnet
from lustre_wire.frames.events import LnetMessage
from lustre_wire.frames.nid import parse_nid

SENDERS = ("1.8.9-wc1", "2.0.0")
by_sender = pytest.mark.parametrize("sender", SENDERS)
START_NS = 1_297_555_200_000_000_000
CLIENT, SERVER = parse_nid("10.0.0.1@tcp"), parse_nid("10.0.0.2@tcp")
CALLBACK_PORTALS = (15, 16)


@cache
def said(sender: str) -> tuple[Recorded, ...]:
    """Every little-endian message that this Lustre version recorded in dialect 2.0."""
    return tuple(m for m in messages() if (m.dialect, m.row["lustre_version"], m.endian) == ("2.0", sender, "little"))


def put(recorded: Recorded) -> LnetMessage:
    """The PUT that would bring it, with the recorded portal, match bits and offset."""
    facts = recorded.row["params"]["_lnet"]
    from_client = (recorded.direction == "request") != (facts["portal"] in CALLBACK_PORTALS)
    src, dest = (CLIENT, SERVER) if from_client else (SERVER, CLIENT)
    kind, portal, bits = int(lnet.LnetMsgType.LNET_MSG_PUT), facts["portal"], facts["match_bits_xid"]
    return LnetMessage(
        0, kind, src, dest, 0, 0, portal, bits, facts["offset"], len(recorded.data), bytes(16), recorded.data, 0, 3,
        "little", 0, (0, 0), b"",
    )  # fmt: skip


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A capture of each sender's messages, in the order of recording."""
    out = {}
    for sender in SENDERS:
        out[sender] = tmp_path_factory.mktemp("captures") / f"{sender}.pcap"
        with out[sender].open("wb") as stream:
            writer = CaptureWriter(stream)
            for i, recorded in enumerate(said(sender)):
                writer.write(
                    Captured(START_NS + i, recorded.direction, recorded.data, recorded.decode(), lnet=put(recorded))
                )
            writer.close()
    return out


# --- soundness -------------------------------------------------------------------------------------------------------


def lengths(recorded: Recorded) -> list[int]:
    return [b["length"] for b in recorded.row["buffers"]]


@cache
def layouts() -> dict[str, Any]:
    """Structs of 2.0.0, measured by a compiler."""
    found: dict[str, Any] = json.loads((FIXTURES / "facts" / "layout-2.0.json").read_text())
    return found


def fact_size(struct: str) -> int:
    """Size of a struct of 2.0.0."""
    return int(layouts()[struct]["size"])


def old_lvb(recorded: Recorded, said_by_tshark: str) -> bool:
    """2.0's lock value block has no nanoseconds: the last buffer is the 40 bytes of an ost_lvb, tshark wants more."""
    return lengths(recorded)[-1] == fact_size("ost_lvb") == 40


def unknown_opcode(recorded: Recorded, said_by_tshark: str) -> bool:
    """tshark says itself that it does not know the opcode, which 2.0.0 and 1.8.9 have."""
    return f"UNKNOWN MDS OPCODE: {recorded.row['opc']}" in said_by_tshark


def epoch_not_body(recorded: Recorded, said_by_tshark: str) -> bool:
    """MDS_DONE_WRITING begins with the epoch, 24 bytes; tshark reads a whole mdt_body there."""
    return recorded.row["opc_name"] == "MDS_DONE_WRITING" and lengths(recorded)[1] == 24 < fact_size("mdt_body")


def unpin(recorded: Recorded, said_by_tshark: str) -> bool:
    """1.8.9 sends an unpin with the opcode of a close and a body in place of the epoch."""
    return recorded.kind.startswith("unpin") and lengths(recorded)[1] == fact_size("mdt_body")


def made_up_llog(recorded: Recorded, said_by_tshark: str) -> bool:
    """The block of records in these replies was made up for the recording; tshark walks the records."""
    return recorded.direction == "reply" and recorded.row["buffers"][2]["struct"] == "llog_block"


def trailing(recorded: Recorded, said_by_tshark: str) -> bool:
    """1.8.9 leaves bytes behind the last buffer of a replayed open; tshark counts them as not dissected."""
    return len(recorded.row["trailing_bytes_after_last_buffer"]) > 0


#: Recorded id -> what tshark gets wrong.
MISTAKES: dict[str, dict[str, Callable[[Recorded, str], bool]]] = {
    "2.0.0": {
        "cp-callback-d20-extent-lvb": old_lvb,
        "cp-callback-d20-flock": old_lvb,
        "cp-callback-d20-ibits": old_lvb,
        "gl-callback-d20-extent.reply": old_lvb,
        "done-writing-d20": epoch_not_body,
        "is-subdir-d20": unknown_opcode,
        "llog-next-block-d20.reply": made_up_llog,
        "llog-prev-block-d20.reply": made_up_llog,
    },
    "1.8.9-wc1": {
        "cp-callback-d20-extent-lvb": old_lvb,
        "gl-callback-d20-extent.reply": old_lvb,
        "open-replay-intent-open-append-sync-d20-s608": trailing,
        "open-replay-intent-open-creat-elc3-d20-s620": trailing,
        "open-replay-intent-open-creat-excl-trunc-n255-d20-s600": trailing,
        "open-replay-intent-open-directory-d20-s612": trailing,
        "open-replay-intent-open-openlock-d20-s624": trailing,
        "open-replay-intent-open-rdonly-n1-d20-s594": trailing,
        "pin-d20": unknown_opcode,
        "pin-d20.reply": unknown_opcode,
        "unpin-d20": unpin,
    },
}


@needs_tshark
@by_sender
def test_no_frame_is_malformed(sender: str, captures: dict[str, Path]) -> None:
    frames = values(
        captures[sender], "lnet.msg_type", "lustre.ptlrpc_body.pb_opc", "_ws.malformed", "_ws.expert.message"
    )
    found = [frame for frame in frames if frame[0]]
    assert all(frame[0] == ["1"] for frame in found), "one PUT in each frame"
    assert len(found) == len(said(sender))
    assert [frame[1] for frame in found] == [[str(m.row["opc"])] for m in said(sender)]
    malformed = {m.id: ",".join(frame[3]) for m, frame in zip(said(sender), found, strict=True) if frame[2]}
    assert set(malformed) == set(MISTAKES[sender])
    for m in said(sender):
        if m.id in malformed:
            assert MISTAKES[sender][m.id](m, malformed[m.id]), m.id


@needs_tshark
@by_sender
def test_handshake_and_tcp_are_sound(sender: str, captures: dict[str, Path]) -> None:
    """Checksums are right, and nothing is retransmitted or missing."""
    out = run(
        "-r", str(captures[sender]), "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
        "tcp.analysis.retransmission || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || "
        "tcp.checksum.status == 0 || ip.checksum.status == 0",
    )  # fmt: skip
    assert out == ""
    with captures[sender].open("rb") as stream:
        assert [m.raw for m in read_messages(stream)] == [m.data for m in said(sender)]


# --- values ----------------------------------------------------------------------------------------------------------

#: Names that tshark has of later releases, or of what was at a place before.
OLDER: Names = {
    "*": ("*padding*", "*.os_spare1"),  # it has a field there since
    "eadata": ("eadata_or_symtgt",),
    "filename": ("old_name",),
    "ldlm_flock.owner": ("ldlm_flock.blocking_export",),
    "ldlm_flock.padding": ("ldlm_flock.blocking_pid",),
    "ldlm_inodebits.try_bits": ("ldlm_lock_desc.l_policy_data",),
    "ll_fid.f_*": ("llog_logid.lgl_oseq", "lov_ost_data_v1.l_object_seq", "ost_id.oi_seq"),
    "lov_mds_md.lmm_layout_gen": ("lov_mds_md_v1.lmm_stripe_count",),  # the upper half
    "lu_fid.f_seq": ("llog_logid.lgl_oid", "lov_ost_data_v1.l_object_id", "ost_id.oi_id"),
    "mgs_target_info.padding": ("mgs_target_info.mti_nids",),  # as many as the count leaves out
    "obd_ioobj.ioo_max_brw": ("obd_ioobj.ioo_type",),
    "ost_id*": ("llog_logid.lgl_oid", "lov_ost_data_v1.l_object_id", "ost_id.oi_id"),
    "ost_io.id": ("llog_logid.lgl_oid", "lov_ost_data_v1.l_object_id", "ost_id.oi_id"),
    "ost_layout*": ("llog_cookie*", "llog_logid*"),
    "ost_oi.seq": ("llog_logid.lgl_oseq", "lov_ost_data_v1.l_object_seq", "ost_id.oi_seq"),
    "seq_range.index": ("lu_seq_range.lsr_mdt",),
    "target": ("new_name",),
}


@cache
def compared(sender: str, path: Path) -> Comparison:
    """Every message that is no mistake of tshark's, beside what we read."""
    found = Comparison(OLDER, CALLED, OPEN_AS_SETATTR, RANGE_OF_PLAIN)
    for recorded, theirs in zip(said(sender), dissected(path), strict=True):
        if recorded.id not in MISTAKES[sender]:
            found.add(theirs, recorded.decode())
    return found


@needs_tshark
@by_sender
def test_field_values_agree(sender: str, captures: dict[str, Path]) -> None:
    """At each place both readers have the same value, under names that say the same."""
    found = compared(sender, captures[sender])
    assert not found.malformed and not found.bare
    assert found.left == {("LDLM_ENQUEUE request", HALF), ("LDLM_ENQUEUE reply", HALF)}
    wanted = {f"{m.decode().name} {m.direction}" for m in said(sender) if m.id not in MISTAKES[sender]}
    assert set(found.equal) == wanted


@needs_tshark
def test_each_older_name_occurs(captures: dict[str, Path]) -> None:
    rows = {(0, field, ours) for field, names in OLDER.items() for ours in names}
    used = set().union(*(compared(sender, captures[sender]).used for sender in SENDERS))
    assert rows == {row for row in used if row[0] == 0}


@needs_tshark
@by_sender
def test_mode_of_an_open(sender: str) -> None:
    """What tshark calls bias: the mode that the recorded client was called with stands where cr_mode is."""
    requests = [m for m in said(sender) if m.direction == "request"]
    opens = [m for m in requests if m.decode().name.startswith("LDLM_ENQUEUE/INTENT_OPEN")]
    assert opens
    for recorded in opens:
        assert recorded.decode().buffers.rec_reint.cr_mode == fact_value(recorded, 3, "mdt_rec_create", "cr_mode")


def fact_value(recorded: Recorded, index: int, struct: str, field: str) -> int:
    """A number in a recorded buffer, where the measured layout has the field."""
    (place,) = (f for f in layouts()[struct]["fields"] if f["name"] == field)
    data = bytes.fromhex(recorded.row["buffers"][index]["hex"])
    return int.from_bytes(data[place["offset"] : place["offset"] + place["size"]], "little")
