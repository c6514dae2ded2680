"""decode, encode and build: what is accepted, what is refused, and what the errors say."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import by_id, messages
from lustre_wire.rpc import Generic

GETATTR = by_id()["2.0", "2.0.0", "getattr-d20"].data
OPEN = by_id()["2.0", "2.0.0", "intent-open-d20-append-sync"]


def changed(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


class TestAcceptance:
    """The rules of Lustre's receivers, and no others."""

    @pytest.mark.parametrize("kind", [0, 1, 4710, 4714, 0xFFFFFFFF])
    def test_message_type(self, kind: int) -> None:
        at = 40 + 8 + (8 if GETATTR[0] > 2 else 0)
        with pytest.raises(lw.WireError, match="expected one of 4711, 4712, 4713") as caught:
            lw.decode(changed(GETATTR, at, kind.to_bytes(4, "little")), "2.0")
        assert (caught.value.path, caught.value.dialect) == ("ptlrpc_body.pb_type", "2.0")

    @pytest.mark.parametrize("version", [0, 2, 4, 0x20002])
    def test_version_word(self, version: int) -> None:
        at = 40 + 12 + (8 if GETATTR[0] > 2 else 0)
        with pytest.raises(lw.WireError, match="low 16 bits") as caught:
            lw.decode(changed(GETATTR, at, version.to_bytes(4, "little")), "2.0")
        assert caught.value.path == "ptlrpc_body.pb_version"

    def test_the_service_class_is_not_checked(self) -> None:
        """Only MDS and OST do, by opcode; a decoder takes any."""
        at = 40 + 14 + (8 if GETATTR[0] > 2 else 0)
        assert lw.decode(changed(GETATTR, at, b"\x77\x77"), "2.0").name == "MDS_GETATTR"
        with pytest.raises(lw.StrictError, match="service class"):
            lw.decode(changed(GETATTR, at, b"\x77\x77"), "2.0", strict=True)

    @pytest.mark.parametrize("dialect", ["1.8", "2.0"])
    def test_unknown_opcodes_keep_their_buffers(self, dialect: str) -> None:
        at = 40 + 16 + (8 if GETATTR[0] > 2 else 0)
        data = changed(GETATTR, at, (0x7777).to_bytes(4, "little"))
        message = lw.decode(data, dialect)
        assert (message.format, message.name, message.opcode) == (None, str(0x7777), 0x7777)
        assert isinstance(message.buffers, Generic) and len(message.buffers.buffers[0]) == 216
        assert lw.encode(message) == data
        with pytest.raises(lw.StrictError, match="no format"):
            lw.decode(data, dialect, strict=True)

    def test_version_1_belongs_to_1_8(self) -> None:
        old = next(m for m in messages() if m.row["msg_format"] == "lustre_msg_v1")
        assert lw.decode(old.data, "1.8").version == 1
        with pytest.raises(lw.WireError, match="expected lustre_msg v2, got v1"):
            lw.decode(old.data, "2.0")

    def test_all_bits_of_a_version_1_version_count(self) -> None:
        old = next(m for m in messages() if m.row["msg_format"] == "lustre_msg_v1")
        with pytest.raises(lw.WireError, match="expected 3"):
            lw.decode(changed(old.data, 16, b"\3\0\1\0"), "1.8")

    def test_a_wrapped_message_stays_as_it_is(self) -> None:
        """Under a security policy the buffers are the policy's; 1.8 ignores the word."""
        data = changed(GETATTR, 4, b"\1\0\0\0")
        wrapped = lw.decode(data, "2.0")
        assert wrapped.body is None and wrapped.format is None and wrapped.opcode == 0
        assert lw.encode(wrapped) == data
        assert lw.decode(data, "1.8").body is not None

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_any_buffer_of_bytes(self, kind: Any) -> None:
        assert lw.encode(lw.decode(kind(GETATTR), "2.0")) == GETATTR

    def test_unknown_dialects(self) -> None:
        with pytest.raises(lw.WireError, match=r"no dialect '3\.1'"):
            lw.decode(GETATTR, "3.1")

    def test_any_release_is_a_dialect(self) -> None:
        for name in lw.releases():
            assert lw.encode(lw.decode(GETATTR, name)) == GETATTR


class TestReplies:
    def test_an_intents_reply_needs_its_request(self) -> None:
        reply = by_id()["2.0", "2.0.0", OPEN.id + ".reply"]
        alone = lw.decode(reply.data, "2.0")
        assert alone.format is None and isinstance(alone.buffers, Generic)
        request = OPEN.decode()
        told = lw.decode(reply.data, "2.0", request=request)
        assert told.format is request.format
        assert lw.decode(reply.data, "2.0", request=request.format).buffers == told.buffers
        assert lw.encode(alone) == lw.encode(told) == reply.data

    def test_status_is_signed(self) -> None:
        failed = [m for m in messages() if m.id.startswith("getattr-d") and m.id.endswith("-err-enoent.reply")]
        assert failed and {m.decode().status for m in failed} == {-2}

    def test_error_replies_are_replies(self) -> None:
        """1.8.9 answers with type 4713, 2.0.0 with 4712."""
        found = {
            (m.row["lustre_version"], int(m.decode().body.pb_type), m.decode().direction)
            for m in messages()
            if m.id.endswith("-err-enoent.reply") and m.endian == "little"
        }
        assert found == {("1.8.9-wc1", 4713, "reply"), ("2.0.0", 4712, "reply")}


class TestEncode:
    def test_counts_and_lengths_follow_from_the_buffers(self) -> None:
        message = lw.decode(OPEN.data, "2.0")
        message.buffers.name += b".more"
        message.header.lm_bufcount, message.header.lm_buflens = 0, []
        again = lw.decode(lw.encode(message), "2.0")
        assert again.buffers.name == message.buffers.name
        assert again.header.lm_buflens == message.header.lm_buflens

    @pytest.mark.parametrize(
        ("slot", "field", "value", "path"),
        [
            ("mdt_body", "size", -1, "mdt_body.size"),
            ("mdt_body", "size", 1 << 64, "mdt_body.size"),
            ("mdt_body", "mode", "x", "mdt_body.mode"),
            ("mdt_body", "fid1", None, "mdt_body.fid1"),
        ],
    )
    def test_errors_name_the_field(self, slot: str, field: str, value: Any, path: str) -> None:
        message = lw.decode(GETATTR, "2.0")
        setattr(getattr(message.buffers, slot), field, value)
        with pytest.raises(lw.WireError) as caught:
            lw.encode(message)
        assert (caught.value.path, caught.value.dialect) == (path, "2.0")

    @pytest.mark.parametrize("value", [5, "text", object(), [1]])
    def test_a_buffer_of_the_wrong_kind(self, value: Any) -> None:
        message = lw.decode(OPEN.data, "2.0")
        message.buffers.name = value
        with pytest.raises(lw.WireError) as caught:
            lw.encode(message)
        assert caught.value.path == "name"

    @pytest.mark.parametrize("recorded", [GETATTR, OPEN.data])
    def test_a_body_or_header_value_that_does_not_fit(self, recorded: bytes) -> None:
        message = lw.decode(recorded, "2.0")
        message.body.pb_transno = -5
        with pytest.raises(lw.WireError, match="pb_transno"):
            lw.encode(message)
        message = lw.decode(recorded, "2.0")
        message.header.lm_flags = 1 << 40
        with pytest.raises(lw.WireError, match="lm_flags"):
            lw.encode(message)


class TestBuild:
    @pytest.mark.parametrize("dialect", ["1.8", "2.0"])
    @pytest.mark.parametrize("direction", ["request", "reply"])
    def test_every_format_can_be_built_and_read_back(self, dialect: str, direction: str) -> None:
        """Empty messages of each format: type, version and opcode are filled in."""
        for form in lw.dialect(dialect).formats:
            made = lw.build(dialect, form.key, direction)
            again = lw.decode(lw.encode(made), dialect, request=form)
            assert (again.opcode, again.direction, again.order) == (form.opcode, direction, "little")
            assert again.body == made.body and again.body.pb_version == form.version | 3

    def test_byte_order(self) -> None:
        made = lw.build("2.0", "OBD_PING", order="big")
        assert lw.encode(made)[8:12] == bytes.fromhex("0bd00bd3")

    def test_unknown_formats_and_buffers(self) -> None:
        with pytest.raises(lw.WireError, match="no RPC format 'NO_SUCH'"):
            lw.build("2.0", "NO_SUCH")
        with pytest.raises(lw.WireError, match="no buffer 'nothing' in the request of OBD_PING"):
            lw.build("2.0", "OBD_PING", nothing=1)


class TestStrict:
    """What a correct sender never emits, though receivers accept it."""

    @pytest.mark.parametrize(
        ("data", "path"),
        [
            (GETATTR + b"x", "trailing"),
            (changed(OPEN.data, len(OPEN.data) - 1, b"x"), ""),
        ],
    )
    def test_bytes_where_none_belong(self, data: bytes, path: str) -> None:
        assert lw.encode(lw.decode(data, "2.0")) == data
        if path:
            with pytest.raises(lw.StrictError) as caught:
                lw.decode(data, "2.0", strict=True)
            assert caught.value.path == path

    def test_zeroes_behind_a_message_are_accepted(self) -> None:
        """The 1.8.9 client leaves some behind a replayed open."""
        assert lw.decode(GETATTR + bytes(16), "2.0", strict=True).extra is not None

    def test_a_buffer_too_many(self) -> None:
        message = lw.decode(GETATTR, "2.0")
        from lustre_wire.engines.payload import Extra

        message.extra = Extra(more=[b"12345678"])
        data = lw.encode(message)
        assert lw.encode(lw.decode(data, "2.0")) == data
        with pytest.raises(lw.StrictError, match="1 buffers more"):
            lw.decode(data, "2.0", strict=True)

    def test_a_buffer_too_few(self) -> None:
        message = lw.build("2.0", "MDS_GETATTR")
        with pytest.raises(lw.StrictError) as caught:
            lw.decode(lw.encode(message), "2.0", strict=True)
        assert caught.value.path == "mdt_body"


@pytest.mark.parametrize("data", ["a string", 5, [1, 2], None, 1.5])
def test_what_has_no_buffer_protocol_is_one_clear_error(data: object) -> None:
    with pytest.raises(lw.WireError, match="expected bytes, got"):
        lw.decode(data, "2.0")


def test_any_object_with_the_buffer_protocol_is_read() -> None:
    data = lw.encode(lw.build("2.0", "OBD_PING"))
    spread = bytes(b for byte in data for b in (byte, 0xEE))
    for form in (bytearray(data), memoryview(data), memoryview(spread)[::2]):
        assert lw.encode(lw.decode(form, "2.0")) == data


@pytest.mark.parametrize(("direction", "order"), [("answer", "little"), ("request", "middle")])
def test_build_refuses_what_is_no_direction_or_byte_order(direction: str, order: str) -> None:
    with pytest.raises(lw.WireError, match="expected"):
        lw.build("2.0", "OBD_PING", direction, order=order)  # type: ignore[arg-type]
