"""The lustre_msg container: what Lustre's own unpack checks, and nothing else."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import LUSTRE_MSG_MAGIC_V1, LUSTRE_MSG_MAGIC_V2, LustreMsgV1, LustreMsgV2

ORDERS = ("little", "big")
MAGIC_AT, BUFCOUNT_AT = 8, {1: 60, 2: 0}
BUFFERS = st.lists(st.binary(max_size=40), max_size=9)


def container(buffers: list[bytes], version: int = 2, order: Any = "little") -> bytes:
    header = LustreMsgV2(lm_repsize=192) if version == 2 else LustreMsgV1(lm_opc=400)
    return lustre_msg.join(header, buffers, order)


def by_hand(buffers: list[bytes], prefix: str = "<") -> bytes:
    """The same bytes, put together from the description of the format alone."""
    head = struct.pack(f"{prefix}8I", len(buffers), 0, LUSTRE_MSG_MAGIC_V2, 192, 0, 0, 0, 0)
    head += struct.pack(f"{prefix}{len(buffers)}I", *map(len, buffers))
    return b"".join(part + bytes(-len(part) % 8) for part in [head, *buffers])


@given(BUFFERS, st.sampled_from((1, 2)), st.sampled_from(ORDERS))
def test_split_gives_back_what_was_joined(buffers: list[bytes], version: int, order: Any) -> None:
    data = container(buffers, version, order)
    parts = lustre_msg.split(data)
    assert (parts.version, parts.order, parts.end) == (version, order, len(data))
    assert [data[o : o + n] for o, n in zip(parts.offsets, parts.lengths, strict=True)] == buffers
    assert all(offset % 8 == 0 for offset in parts.offsets)
    assert parts.header.lm_buflens == list(map(len, buffers)) and parts.header.lm_bufcount == len(buffers)
    assert lustre_msg.join(parts.header, buffers, order) == data


@given(BUFFERS)
def test_layout(buffers: list[bytes]) -> None:
    assert container(buffers) == by_hand(buffers)
    assert container(buffers, order="big") == by_hand(buffers, ">")


@pytest.mark.parametrize("size", range(12))
def test_nothing_shorter_than_the_magic(size: int) -> None:
    with pytest.raises(lw.TruncatedError, match="at least 12 bytes"):
        lustre_msg.split(container([b"x"])[:size])


@given(BUFFERS.filter(any), st.sampled_from((1, 2)), st.data())
def test_every_cut_is_noticed(buffers: list[bytes], version: int, data: st.DataObject) -> None:
    """Also one inside the padding of the last buffer."""
    whole = container(buffers, version)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(lw.TruncatedError):
        lustre_msg.split(whole[:cut])


@given(BUFFERS, st.binary(max_size=40), st.sampled_from((bytes, bytearray, memoryview)))
def test_what_follows_is_left_alone(buffers: list[bytes], more: bytes, kind: Any) -> None:
    data = container(buffers)
    assert lustre_msg.split(kind(data + more)).end == len(data)


@pytest.mark.parametrize("order", ORDERS)
def test_unknown_magic(order: Any) -> None:
    data = bytearray(container([b"x"], order=order))
    data[MAGIC_AT : MAGIC_AT + 4] = b"\1\2\3\4"
    with pytest.raises(lw.WireError, match="magic") as caught:
        lustre_msg.split(bytes(data))
    assert (caught.value.path, caught.value.offset) == ("lm_magic", MAGIC_AT)
    assert not lustre_msg.begins_message(bytes(data))
    assert lustre_msg.begins_message(container([b"x"], order=order))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("count", [3, 5, 0x1FFFFFF7, 0x20000000, 0xFFFFFFFF])
def test_counts_are_checked_without_overflow(version: int, count: int) -> None:
    """Lustre computes in 32 bits: there these counts wrap around, pass, and lead out of the message."""
    data = bytearray(container([b"12345678"], version))
    data[BUFCOUNT_AT[version] : BUFCOUNT_AT[version] + 4] = count.to_bytes(4, "little")
    with pytest.raises(lw.TruncatedError) as caught:
        lustre_msg.split(bytes(data))
    assert caught.value.path == "lm_buflens"


@pytest.mark.parametrize("length", [9, 0x7FFFFFF9, 0xFFFFFFF9, 0xFFFFFFFF])
def test_lengths_are_checked_without_overflow(length: int) -> None:
    data = bytearray(container([b"12345678"]))
    data[32:36] = length.to_bytes(4, "little")
    with pytest.raises(lw.TruncatedError, match="the buffers end at byte"):
        lustre_msg.split(bytes(data))


@pytest.mark.parametrize("version", [1, 2])
def test_no_other_checks(version: int) -> None:
    """No buffers, empty buffers, many buffers, unknown flags and lengths that are no multiple of anything all pass."""
    for buffers in ([], [b""] * 5, [b"x"] * 1000, [b"abc", b"", bytes(13)]):
        assert lustre_msg.split(container(buffers, version)).lengths == tuple(map(len, buffers))
    data = bytearray(container([b"x"], 2))
    data[16:32] = b"\xff" * 16  # lm_cksum, lm_flags and the padding words
    assert lustre_msg.split(bytes(data)).header.lm_flags == 0xFFFFFFFF


def test_the_padding_words_are_never_swapped() -> None:
    """As sent, which a little-endian machine reads as little-endian."""
    header = LustreMsgV2(lm_padding_2=1, lm_padding_3=2, lm_flags=3)
    data = lustre_msg.join(header, [b""], "big")
    assert data[20:32] == b"\0\0\0\3" + b"\1\0\0\0" + b"\2\0\0\0"
    assert lustre_msg.split(data).header.lm_padding_2 == 1


def test_a_v1_handle_is_never_swapped() -> None:
    data = lustre_msg.join(LustreMsgV1(lm_handle=1, lm_magic=LUSTRE_MSG_MAGIC_V1), [], "big")
    assert data[:12] == b"\1" + bytes(7) + LUSTRE_MSG_MAGIC_V1.to_bytes(4, "big")


def test_many_shapes_do_not_make_the_process_grow() -> None:
    """Lengths seen before are found again quickly; a stream of ever new ones must not be remembered for ever."""
    import tracemalloc

    def flood(start: int) -> None:
        for length in range(start, start + 3000):
            lustre_msg.split(container([bytes(length), b"x" * (length & 7)]))

    flood(0)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    flood(3000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 2_000_000


class TestBody:
    """ptlrpc_body lengths: 1.8 is content with the 88 bytes of 1.6, 2.0 wants its own 152."""

    @staticmethod
    def ping(size: int) -> bytes:
        whole = lw.encode(lw.build("1.8", "OBD_PING"))
        body = lustre_msg.split(whole)
        return container([whole[body.offsets[0] : body.offsets[0] + body.lengths[0]].ljust(size, b"\0")[:size]])

    @pytest.mark.parametrize("size", [88, 120, 151, 152, 160, 184])
    def test_accepted_by_1_8(self, size: int) -> None:
        message = lw.decode(self.ping(size), "1.8")
        assert message.name == "OBD_PING"
        assert lw.encode(message) == self.ping(size)

    @pytest.mark.parametrize("size", [0, 8, 87])
    def test_too_short_for_1_8(self, size: int) -> None:
        with pytest.raises(lw.TruncatedError, match="at least 88"):
            lw.decode(self.ping(size), "1.8")

    @pytest.mark.parametrize("size", [88, 151])
    def test_too_short_for_2_0(self, size: int) -> None:
        with pytest.raises(lw.TruncatedError, match="at least 152"):
            lw.decode(self.ping(size), "2.0")

    @pytest.mark.parametrize("dialect", ["1.8", "2.0"])
    def test_a_message_without_buffers_has_no_body(self, dialect: str) -> None:
        with pytest.raises(lw.TruncatedError, match="no buffers"):
            lw.decode(container([]), dialect)


class TestEarlyReply:
    BODY = bytes(range(152))

    def test_checksum_covers_88_bytes(self) -> None:
        """CRC-32 begun with all ones and not inverted at the end."""
        crc = zlib.crc32(self.BODY[:88]) ^ 0xFFFFFFFF
        assert lustre_msg.early_reply_checksum(self.BODY) == crc
        assert lustre_msg.early_reply_checksum(self.BODY[:88] + bytes(64)) == crc

    def test_checksum_of_the_whole_body(self) -> None:
        assert lustre_msg.early_reply_checksum(self.BODY, whole=True) == zlib.crc32(self.BODY) ^ 0xFFFFFFFF

    def test_the_checksum_is_crc32_le_of_the_kernel(self) -> None:
        """Bit by bit, reflected polynomial 0xEDB88320."""
        crc = 0xFFFFFFFF
        for byte in self.BODY[:88]:
            crc ^= byte
            for _ in range(8):
                crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
        assert lustre_msg.early_reply_checksum(self.BODY) == crc

    @pytest.mark.parametrize(("body", "size"), [(152, 192), (88, 128)])
    def test_size(self, body: int, size: int) -> None:
        assert lustre_msg.early_reply_size(body) == size == len(container([bytes(body)]))


@pytest.mark.parametrize("recorded", messages()[::7], ids=str)
def test_recorded_headers(recorded: Recorded) -> None:
    """`lm_magic` in the sender's order, and the header's own words as recorded."""
    parts = lustre_msg.split(recorded.data)
    assert f"0x{parts.header.lm_magic:08X}" == recorded.row["msg_magic"]
    assert recorded.data[MAGIC_AT : MAGIC_AT + 4] == parts.header.lm_magic.to_bytes(4, parts.order)
    assert parts.gap(recorded.data).strip(b"\0") == b""
