"""Whatever bytes come in: a value that encodes to the same bytes, or a WireError; memory and time stay linear."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import messages
from lustre_wire.engines.payload import Extra
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import LUSTRE_MSG_MAGIC_V1, LUSTRE_MSG_MAGIC_V2, LustreMsgV1, LustreMsgV2
from lustre_wire.testing import Mutator
from lustre_wire.testing import messages as made_messages

DIALECTS = ("1.8", "2.0")
MUTANTS = 4000


def faithful(data: bytes, dialect: str, request: Any = None) -> lw.Message | None:
    """Decode and encode again; None where the bytes were refused."""
    try:
        message = lw.decode(data, dialect, request=request)
    except lw.WireError as error:
        assert error.message and error.dialect == dialect
        assert error.offset is None or error.offset >= 0
        return None
    assert lw.encode(message) == data
    return message


def opcode_heads() -> st.SearchStrategy[bytes]:
    """What looks like a message: a container, a ptlrpc_body of some opcode, any buffers."""

    @st.composite
    def one(draw: Callable[[st.SearchStrategy[Any]], Any]) -> bytes:
        dialect = lw.dialect(draw(st.sampled_from(DIALECTS)))
        order = draw(st.sampled_from(("little", "big")))
        opcode = draw(st.sampled_from(sorted(dialect.by_opcode)) | st.integers(0, 0xFFFFFFFF))
        kind = draw(st.sampled_from((4711, 4712, 4713)))
        buffers = draw(st.lists(st.binary(max_size=240), max_size=8))
        if draw(st.booleans()):
            body = dialect.body(pb_type=kind, pb_version=3, pb_opc=opcode)
            whole = [lw.encode(lw.Message(dialect, "request", order, LustreMsgV2(), body, None, lw.rpc.Generic()))[40:]]
            return lustre_msg.join(LustreMsgV2(), whole + buffers, order)
        header = LustreMsgV1(lm_type=kind, lm_version=3, lm_opc=opcode)
        return lustre_msg.join(header, buffers, order)

    return one()


@given(st.binary(max_size=400), st.sampled_from(DIALECTS))
def test_any_bytes(data: bytes, dialect: str) -> None:
    faithful(data, dialect)


@given(st.sampled_from((LUSTRE_MSG_MAGIC_V1, LUSTRE_MSG_MAGIC_V2)), st.sampled_from("<>"), st.data())
def test_any_bytes_behind_a_magic(magic: int, order: str, data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.binary(min_size=64, max_size=600)))
    whole[8:12] = struct.pack(f"{order}I", magic)
    whole[0:4] = struct.pack(f"{order}I", data.draw(st.integers(0, 12)))
    for dialect in DIALECTS:
        faithful(bytes(whole), dialect)


@settings(max_examples=300)
@given(opcode_heads())
def test_any_buffers_of_any_opcode(data: bytes) -> None:
    for dialect in DIALECTS:
        faithful(data, dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_changed_recordings(dialect: str) -> None:
    """Flipped bits, boundary values in every number, cut and lengthened messages and buffers."""
    mutator = Mutator(((m.dialect, m.data) for m in messages() if m.dialect == dialect), seed=2011)
    accepted = 0
    for number in range(MUTANTS):
        message = faithful(mutator.data(number), dialect)
        if message is not None:
            accepted += 1
            assert lw.encode(lw.from_json(lw.to_json(message))) == lw.encode(message)
    assert MUTANTS // 20 < accepted < MUTANTS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_changed_replies_in_the_light_of_their_requests(dialect: str) -> None:
    pairs = [(m, m.request()) for m in messages() if m.dialect == dialect and m.direction == "reply"]
    for number, (recorded, request) in enumerate(pairs):
        data = bytearray(recorded.data)
        for step in range(6):
            at = (number * 131 + step * 977) % len(data)
            data[at] ^= 1 << (step + 1)
            faithful(bytes(data), dialect, request)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_cut_anywhere(dialect: str) -> None:
    """Every recorded message at every byte: what lacks a byte of its last buffer, padding included, is refused."""
    for recorded in messages():
        if recorded.dialect != dialect:
            continue
        end = lustre_msg.split(recorded.data).end
        for cut in range(end):
            try:
                lw.decode(recorded.data[:cut], dialect)
            except lw.TruncatedError:
                continue
            raise AssertionError(f"{recorded} cut at byte {cut} of {end} was accepted")
        for cut in range(end, len(recorded.data)):
            faithful(recorded.data[:cut], dialect)


@settings(max_examples=200)
@given(made_messages())
def test_one_step_and_piece_by_piece_are_the_same(message: lw.Message) -> None:
    """Regular messages are read in one step. Bytes behind one make it irregular, and change nothing else."""
    data = lw.encode(message)
    quick = lw.decode(data, message.dialect, request=message.format)
    slow = lw.decode(data + bytes(8), message.dialect, request=message.format)
    assert slow.extra is not None and slow.extra.trailing == bytes(8)
    slow.extra.trailing = b""
    assert (quick.header, quick.body, quick.buffers) == (slow.header, slow.body, slow.buffers)
    assert (quick.extra or Extra()) == slow.extra
    if not slow.extra:
        quick.extra = Extra(trailing=bytes(8))
        assert lw.encode(quick) == data + bytes(8)


class TestMemory:
    """No length field is believed before it is checked against the bytes that are there."""

    @staticmethod
    def peak(work: Callable[[], object]) -> int:
        work()  # what is made once is made
        tracemalloc.start()
        work()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    @pytest.mark.parametrize("count", [1 << 20, 0x1FFFFFF7, 0xFFFFFFFF])
    def test_buffer_counts(self, count: int) -> None:
        data = struct.pack("<8I", count, 0, LUSTRE_MSG_MAGIC_V2, 0, 0, 0, 0, 0) + bytes(400)

        def work() -> None:
            with pytest.raises(lw.TruncatedError):
                lw.decode(data, "2.0")

        assert self.peak(work) < 40_000

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_counts_inside_structs(self, dialect: str) -> None:
        """Every number of every recorded request set to its largest value."""
        chosen = {(m.kind, m.direction): m for m in messages() if m.dialect == dialect and m.endian == "little"}
        for recorded in chosen.values():
            for at in range(0, len(recorded.data) - 4, 4):
                data = recorded.data[:at] + b"\xff\xff\xff\x7f" + recorded.data[at + 4 :]
                faithful(data, dialect, recorded.request())

    def test_a_count_in_a_struct_takes_no_memory(self) -> None:
        """lock_count, lmm_stripe_count and the like are taken as far as the buffer goes."""
        cls = lw.dialect("2.0").structs["lov_mds_md_v1"]
        from lustre_wire.engines import record

        data = bytearray(record.pack(cls(lmm_stripe_count=0)))
        data[28:32] = b"\xff\xff\xff\xff"
        assert self.peak(lambda: record.unpack(cls, bytes(data))) < 20_000
        assert record.unpack(cls, bytes(data)).lmm_objects == []

    @pytest.mark.parametrize("size", [1 << 16, 1 << 20])
    def test_memory_is_linear_in_the_input(self, size: int) -> None:
        """One buffer with many elements: a list of handles, each an object of Python's."""
        data = lustre_msg.join(LustreMsgV2(), [bytes(152), bytes(size)], "little")
        body = bytearray(data)
        body[48:60] = struct.pack("<3I", 4711, 3, 103)  # LDLM_CANCEL
        assert self.peak(lambda: lw.decode(bytes(body), "2.0")) < 40 * size

    def test_many_small_buffers_take_linear_time(self) -> None:
        def seconds(count: int) -> float:
            data = lustre_msg.join(
                LustreMsgV2(), [struct.pack("<8x4I", 4711, 3, 400, 0).ljust(152, b"\0")] + [b"x"] * count, "little"
            )
            start = time.perf_counter()
            assert lw.encode(lw.decode(data, "2.0")) == data
            return time.perf_counter() - start

        small = min(seconds(2_000) for _ in range(3))
        assert min(seconds(20_000) for _ in range(3)) < 40 * small

    def test_unknown_numbers_do_not_make_the_process_grow(self) -> None:
        """Flags and enumerations keep what they do not know without remembering all of it."""
        ping = bytearray(lw.encode(lw.build("2.0", "OBD_PING")))
        at = 40 + lw.dialect("2.0").body.__wire__.by_name["pb_flags"].offset

        def flood(start: int) -> None:
            for value in range(start, start + 6000):
                ping[at : at + 4] = value.to_bytes(4, "little")
                lw.decode(bytes(ping), "2.0")

        flood(0)
        tracemalloc.start()
        flood(6000)
        grown, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert grown < 200_000
