"""Many operations in one buffer, as real MDTs of 2.17.0 send them, and cut or odd ones."""

from __future__ import annotations

import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.capture.captures import messages, path_of
from lustre_wire.cli.main import cli
from lustre_wire.engines.record import pack
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.payloads import batch, llog, logwriter, updates
from lustre_wire.payloads.inside import records_in, text_of, updates_of
from lustre_wire.text import brief

CAPTURES = ("00", "05", "12b")


def recorded(name: str, kind: str) -> list[Any]:
    found = [m for each in CAPTURES for m in messages(path_of(each)) if (m.name, m.kind) == (name, kind)]
    return [m.message for m in found if m.message is not None]


def inlined(name: str, slot: str, head: str) -> list[bytes]:
    found = (updates.inline(getattr(m.buffers, slot), m.dialect, m.order, head) for m in recorded(name, "request"))
    return [rest for _, rest in found if rest]


def test_updates_and_their_results() -> None:
    kinds: Counter[str] = Counter()
    for data in inlined("OUT_UPDATE", "out_update_header", "out_update_header"):
        read = updates.read(data, "2.17")
        assert not read.rest and updates.write(read, "2.17") == data
        kinds.update(update.head.ou_type.name or "" for update in read.updates)
    assert {"OUT_CREATE", "OUT_INDEX_INSERT", "OUT_ATTR_GET", "OUT_XATTR_GET", "OUT_WRITE", "OUT_READ"} <= kinds.keys()
    for message in recorded("OUT_UPDATE", "reply"):
        data = bytes(message.buffers.object_update_reply)
        results = updates.read_results(data, "2.17")
        assert results.results and updates.write_results(results) == data
        assert not results.rest.strip(b"\0")


def test_parameters_and_results_are_what_the_type_says() -> None:
    """Of recorded updates: none has bytes that its format does not know, and each result is what was asked for."""
    shown: dict[str, set[str]] = {}
    for message in (*recorded("OUT_UPDATE", "request"), *recorded("OUT_UPDATE", "reply")):
        for node in records_in(message):
            for each in node.children:
                for buffer in each.children:
                    shown.setdefault(f"{each.name} {message.direction}", set()).add(buffer.name)
    kinds = ("OUT_ATTR", "OUT_INDEX", "OUT_WRITE")
    assert {kind: names for kind, names in shown.items() if kind.startswith(kinds)} == {
        "OUT_ATTR_GET reply": {"obdo"}, "OUT_ATTR_SET request": {"obdo"}, "OUT_INDEX_LOOKUP request": {"name"},
        "OUT_INDEX_INSERT request": {"name", "fid", "type"}, "OUT_INDEX_LOOKUP reply": {"fid"},
        "OUT_INDEX_DELETE request": {"name"}, "OUT_WRITE request": {"buffer", "pos"},
    }  # fmt: skip
    for data in inlined("OUT_UPDATE", "out_update_header", "out_update_header"):
        for update in updates.read(data, "2.17").updates:
            message = updates.operation(update, "2.17")
            assert message.format is not None and message.extra is None


def params(order: str) -> list[tuple[str, list[bytes], str]]:
    """Type, parameters, and what is said of them."""
    fid, lma = struct.pack("<QII", 0x200000401, 7, 0), struct.pack("<2IQ2I", 0, 4, 0x200000401, 9, 0)
    obdo = struct.pack(f"{order}Q", 1 << 11).ljust(208, b"\0")  # o_valid: flags, which are an inode's here
    obdo = obdo[:96] + struct.pack(f"{order}I", 0x1010) + obdo[100:]
    return [
        ("OUT_CREATE", [obdo, fid], "IMMUTABLE_FL|INDEX_FL [0x200000401:0x7:0x0]"),
        ("OUT_XATTR_SET", [b"trusted.lma\0", lma, struct.pack(f"{order}I", 1)], '"trusted.lma" [0x200000401:0x9:0x0]'),
        ("OUT_XATTR_SET", [b"user.color\0", b"blue", bytes(4)], '"user.color" "blue" flags 0'),
        ("OUT_XATTR_DEL", [b"user.color\0"], '"user.color"'), ("OUT_INDEX_DELETE", [b"old\0"], '"old"'),
        ("OUT_INDEX_INSERT", [b"new\0", fid, struct.pack("<I", 0o40000)], '[0x200000401:0x7:0x0] type 040000'),
        ("OUT_WRITE", [b"\1\2", struct.pack("<Q", 8192)], "pos 0x2000"), ("OUT_NOOP", [], ""), ("OUT_REF_ADD", [], ""),
        ("OUT_PUNCH", [struct.pack("<Q", 1), struct.pack("<Q", 5)], "start 1 end 5"),
        ("OUT_READ", [struct.pack("<Q", 4096), struct.pack("<Q", 8)], "size 4096 pos 0x8"),
    ]  # fmt: skip


@pytest.mark.parametrize("order", ["little", "big"])
def test_parameters_by_the_facts(order: Any) -> None:
    struct_, kinds = lw.dialect("2.17").structs, lw.dialect("2.17").enums["UpdateType"]
    for name, given_, told in params({"little": "<", "big": ">"}[order]):
        update = updates.Update(struct_["object_update"](ou_type=kinds[name]), tuple(given_))
        message = updates.operation(update, "2.17", order)
        assert message.name == f"OUT_UPDATE sub {name[4:]}" and told in brief(message), (name, brief(message))
        wire = updates.write(updates.Updates(struct_["object_update_request"](), (update,)), "2.17", order)
        sent = struct_["out_update_header"](ouh_count=1, ouh_inline_length=len(wire))
        request = lw.build("2.17", "OUT_UPDATE", order=order, out_update_header=pack(sent, byteorder=order) + wire)
        (node,) = records_in(lw.decode(lw.encode(request), "2.17"))
        assert node.children[0].name == name and told in node.children[0].text


@pytest.mark.parametrize("order", ["little", "big"])
def test_what_a_log_holds_is_little_endian_but_for_attributes(order: Any) -> None:
    """target/update_records.c packs FIDs, flags, places with cpu_to_le; a message has flags in its sender's order."""
    form, known = {"little": "<", "big": ">"}[order], lw.dialect("2.17")
    struct_, kinds = known.structs, known.enums["UpdateType"]
    for name, given_, told in params(form):
        if name == "OUT_XATTR_SET":
            given_[2], told = struct.pack("<I", 2), "flags 2"
        head = struct_["update_op"](uop_type=kinds[name], uop_params_off=list(range(len(given_))))
        message = updates.operation(updates.Recorded(head, tuple(given_)), known, order)
        assert told in brief(message), (name, brief(message))
    flags = struct.pack(f"{form}I", 2)
    sent = updates.Update(struct_["object_update"](ou_type=kinds.OUT_XATTR_SET), (b"user.a", b"", flags))
    assert "flags 2" in brief(updates.operation(sent, known, order))
    assert known.inside[1000][int(kinds.OUT_XATTR_SET)].variant == ""


@pytest.mark.parametrize("order", ["little", "big"])
def test_results_by_the_facts(order: Any) -> None:
    """What a result is the update says that it answers; behind one that failed there are none."""
    form, known = {"little": "<", "big": ">"}[order], lw.dialect("2.17")
    struct_, kinds = known.structs, known.enums["UpdateType"]
    asked: list[tuple[str, list[bytes], bytes, str]] = [
        ("OUT_XATTR_GET", [b"trusted.lma\0"], struct.pack("<2IQ2I", 0, 4, 0x200000401, 9, 0), "[0x200000401:0x9:0x0]"),
        ("OUT_INDEX_LOOKUP", [b"dir\0"], struct.pack(f"{form}QII", 0x200000401, 7, 0), "[0x200000401:0x7:0x0]"),
        ("OUT_XATTR_LIST", [], b"trusted.lov\0user.color\0", "trusted.lov"), ("OUT_READ", [bytes(8)] * 2,
        struct.pack("<2IQ", 100, 0, 8292), "100 bytes up to 0x2064"), ("OUT_DESTROY", [], b"", "-2 ENOENT"),
    ]  # fmt: skip
    heads = [updates.Update(struct_["object_update"](ou_type=kinds[n]), tuple(p)) for n, p, _, _ in asked]
    heads.append(updates.Update(struct_["object_update"](ou_type=kinds.OUT_NOOP), ()))
    rc = [0, 0, 0, 0, 2**32 - 2]  # which nobody swaps
    made = [updates.Result(struct_["object_update_result"](our_rc=c), a[2]) for c, a in zip(rc, asked, strict=True)]
    wire = updates.write(updates.Updates(struct_["object_update_request"](), tuple(heads)), "2.17", order)
    sent = pack(struct_["out_update_header"](ouh_count=6, ouh_inline_length=len(wire)), byteorder=order) + wire
    request = lw.build("2.17", "OUT_UPDATE", order=order, out_update_header=sent)
    came = updates.write_results(updates.Results(struct_["object_update_reply"](), tuple(made)), order)
    reply = lw.encode(lw.build("2.17", "OUT_UPDATE", "reply", order=order, object_update_reply=came))
    (node,) = records_in(lw.decode(reply, "2.17", request=request))
    assert [each.name for each in node.children] == [name for name, *_ in asked]
    for each, (*_, told) in zip(node.children, asked, strict=True):
        assert told in each.text, each
    (alone,) = records_in(lw.decode(reply, "2.17", request=known.rpcs["OUT_UPDATE"]))
    assert {each.name for each in alone.children} == {"result"}


def test_an_update_of_no_known_type_is_its_parameters() -> None:
    update = updates.Update(lw.dialect("2.17").structs["object_update"](ou_type=99), (b"some text\0",))
    message = updates.operation(update, "2.17")
    assert message.format is None and message.buffers.buffers == [b"some text\0"]
    assert updates.outcome(updates.Result(None, b"x"), message).buffers.buffers == [b"x"]
    assert updates.operation(update, "2.0").format is None


def test_updates_that_travel_in_bulk() -> None:
    found = [m for m in messages(path_of("00")) if m.kind == "bulk" and m.request is not None]
    moved = [updates.read(m.raw, "2.17") for m in found if m.request is not None and m.request.name == "OUT_UPDATE"]
    assert sum(len(each.updates) for each in moved) > len(moved) > 0


def test_requests_in_a_batch_and_their_replies() -> None:
    asked = 0
    for data in inlined("MDS_BATCH", "but_update_header", "but_update_header"):
        read = batch.read(data, "2.17")
        assert not read.rest and batch.write(read) == data
        for message in read.messages:
            assert message.format is not None and message.format.name == "MDS_BATCH sub GETATTR"
            assert message.buffers.ldlm_intent.opc.name == "IT_GETATTR"
            assert message.buffers.name or message.buffers.mdt_body.mbo_fid1.f_seq
            asked += 1
    assert asked > 100
    answered = 0
    for message in recorded("MDS_BATCH", "reply"):
        data = bytes(message.buffers.batch_update_reply)
        read = batch.read(data, "2.17", direction="reply")
        assert batch.write(read) == data
        answered += sum(each.code == 0 and each.buffers.mdt_body is not None for each in read.messages)
    assert answered > 100


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_batch_of_either_byte_order(order: Any) -> None:
    """The number of each request, and the result of each reply, are swapped with the rest of its header."""
    known = lw.dialect("2.17")
    form, heads = known.rpcs["MDS_BATCH sub GETATTR"], known.structs
    one = batch.Submessage(LustreMsgV2(lm_padding_2=form.opcode), form, form.request(name=b"file"), b"")
    data = batch.write(batch.Batch(heads["batch_update_request"](), (one, one)), order)
    read = batch.read(data, known, order)
    assert [(m.code, m.buffers.name) for m in read.messages] == [(1, b"file")] * 2 and batch.write(read, order) == data
    header = LustreMsgV2(lm_padding_2=2**32 - 2)
    answer = batch.Submessage(header, form, form.reply(), b"")
    data = batch.write(batch.Batch(heads["batch_update_reply"](), (answer,)), order)
    assert [m.code for m in batch.read(data, known, order, "reply", read).messages] == [-2]


@given(st.binary(max_size=200), st.sampled_from(["little", "big"]))
def test_odd_bytes_are_read_or_refused(data: bytes, order: Any) -> None:
    for read in (updates.inline, updates.read, updates.read_results, batch.read):
        try:
            read(data, "2.17", order)
        except lw.WireError:
            continue


def test_what_is_cut_is_refused() -> None:
    (data, *_) = inlined("OUT_UPDATE", "out_update_header", "out_update_header")
    for size in range(len(data) - 8):
        with pytest.raises(lw.WireError):
            updates.read(data[:size], "2.17")
    (data, *_) = inlined("MDS_BATCH", "but_update_header", "but_update_header")
    for size in range(0, len(data) - 8, 16):
        with pytest.raises(lw.WireError):
            batch.read(data[:size], "2.17")
    with pytest.raises(lw.WireError, match="no struct"):
        updates.inline(data, "2.17", "little", "nothing")
    with pytest.raises(lw.WireError, match="direction"):
        batch.read(data, "2.17", "little", "sideways")


# --- logs of updates --------------------------------------------------------------------------------------------------


def param(order: str, data: bytes) -> bytes:
    """Length u16, padding; the bytes, up to a multiple of 8."""
    return struct.pack(f"{order}HHI", len(data), 0, 0) + data.ljust(-(-len(data) // 8) * 8, b"\0")


def op(order: str, oid: int, kind: int, *numbers: int) -> bytes:
    """FID, type u16, count u16, and the number of each parameter u16: packed."""
    fid = struct.pack(f"{order}QII", 0x240000402, oid, 0)
    return fid + struct.pack(f"{order}HH{len(numbers)}H", kind, len(numbers), *numbers)


def log_record(order: str, ops: list[bytes], params: list[bytes], flags: int = 0) -> bytes:
    """Transaction u64, batch u64, flags, index, counts u32; operations; parameters; within a record of a log."""
    counts = struct.pack(f"{order}QQ4I", 7, 12, flags, 0, len(ops), len(params))
    body = counts + b"".join(ops) + b"".join(param(order, each) for each in params)
    body = body.ljust(-(-len(body) // 8) * 8, b"\0")
    size = len(body) + 24
    return struct.pack(f"{order}4I", size, 1, 0x106A0000, 0) + body + struct.pack(f"{order}2I", size, 1)


NAME = b"a name\0"
TOLD = [
    ("OUT_INDEX_INSERT", '[0x240000402:0x1:0x0] "a name" [0x200000401:0x3:0x0] type 040755'),
    ("OUT_INDEX_DELETE", '[0x240000402:0x2:0x0] "a name"'), ("OUT_REF_DEL", "[0x240000402:0x3:0x0]"),
]  # fmt: skip


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("release", ["2.0", "2.8", "2.10", "2.17"])
def test_the_log_of_a_transaction_tells_its_updates(release: str, order: str) -> None:
    """Updates share parameters, which they say by number; they begin at any even place."""
    ops = [op(order, 1, 10, 0, 1, 2), op(order, 2, 11, 0), op(order, 3, 4)]
    data = log_record(order, ops, [NAME, struct.pack("<QII", 0x200000401, 3, 0), struct.pack("<I", 0o40755)])
    (record,) = llog.read_chunk(data, release).records
    assert llog.write_record(record) == data
    assert [(node.name, node.text) for node in updates_of(record, lw.dialect(release))] == TOLD
    assert text_of(record, lw.dialect(release)) == "3 updates of batch 12 transaction 7"


def test_parameters_that_another_record_has_are_left_out() -> None:
    data = log_record("<", [op("<", 2, 11, 0), op("<", 2, 11, 1)], [NAME], flags=1)
    (record,) = llog.read_chunk(data, "2.17").records
    nodes = updates_of(record, lw.dialect("2.17"))
    assert [node.text for node in nodes] == ['[0x240000402:0x2:0x0] "a name"', "[0x240000402:0x2:0x0]"]
    assert text_of(record, lw.dialect("2.17")).endswith("UPDATE_RECORD_CONTINUE")


def test_logs_of_updates_refused() -> None:
    """More operations or parameters than there are bytes."""
    cut = log_record("<", [op("<", 2, 11, 0)], [NAME])
    for at in (16 + 24, 16 + 28):
        more = cut[:at] + struct.pack("<I", 9) + cut[at + 4 :]
        (record,) = llog.read_chunk(more, "2.17").records
        with pytest.raises(lw.TruncatedError):
            updates_of(record, lw.dialect("2.17"))
    with pytest.raises(lw.WireError):
        updates.read_records(lw.dialect("2.17").structs["lu_fid"](), "2.17")


def test_a_log_of_updates_on_the_wire(tmp_path: Path) -> None:
    """In a block of a log, with its lines, and in JSON by numbers and by names."""
    data = log_record("<", [op("<", 2, 11, 0), op("<", 3, 4)], [NAME])
    reply = lw.build("2.17", "LLOG_ORIGIN_HANDLE_NEXT_BLOCK", "reply", log_block=data)
    (node,) = records_in(reply)
    (record,) = node.children
    assert (node.text, [(each.name, each.text) for each in record.children]) == ("1 entries", TOLD[1:])
    message = tmp_path / "message"
    message.write_bytes(lw.encode(reply))
    shown = CliRunner().invoke(cli, ["decode", "--json", "-d", "2.17", str(message)])
    (_, told) = json.loads(shown.stdout)["records"]
    assert [each["name"] for each in told["updates"]] == ["OUT_INDEX_DELETE", "OUT_REF_DEL"]
    log = tmp_path / "log"
    log.write_bytes(llog.write_log(logwriter.new_log("2.0")) + data)
    shown = CliRunner().invoke(cli, ["llog", str(log)])
    lines = [line.split(maxsplit=1) for line in shown.stdout.splitlines()]
    assert list(TOLD[1]) in lines and list(TOLD[2]) in lines
    (told,) = json.loads(CliRunner().invoke(cli, ["llog", "--json", str(log)]).stdout)["records"]
    assert [(each["type"], each["params"]) for each in told["updates"]] == [(11, [NAME.hex()]), (4, [])]
