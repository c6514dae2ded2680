"""How fast one message is translated, against decoding, translating field by field and encoding with construct.

``python -m pytest -s benchmarks/test_translate.py`` prints pytest-benchmark's table, the messages a second, and how
many times faster than construct decoding, translating and encoding is, measured in turns in the same run.
"""

from __future__ import annotations

from typing import Any

import construct
import pytest

import lustre_wire as lw
from benchmarks.ratios import best
from compat_tests.recorded import by_id
from lustre_wire.engines import reference

D18, D20 = lw.dialect("1.8"), lw.dialect("2.0")
OPEN = by_id()["1.8", "1.8.9-wc1", "intent-open-d18-openlock"].data


def _session() -> lw.Session:
    made = lw.Session()
    made.identify(inode=10597059, generation=286397204, fid=(0x200000400, 0x21, 0))
    return made


def _decoded(session: lw.Session, message: lw.Message) -> lw.Message:
    return lw.translate(message, D20, session=session).message


def _whole(session: lw.Session) -> bytes:
    return lw.encode(lw.translate(lw.decode(OPEN, D18), D20, session=session).message)


class ByConstruct:
    """An open of 1.8 to one of 2.0 as one writes it with construct: a definition of each struct, field by field."""

    def __init__(self) -> None:
        structs: dict[str, Any] = {}
        for name in ("ptlrpc_body", "ldlm_request", "ldlm_intent", "mds_rec_create"):
            structs[name] = reference.struct(D18.structs[name])
        structs["mdt_rec_create"] = reference.struct(D20.structs["mdt_rec_create"])
        self.structs = structs
        self.header = construct.Struct(
            "lm_bufcount" / construct.Int32ul, "lm_secflvr" / construct.Int32ul, "lm_magic" / construct.Int32ul,
            "lm_repsize" / construct.Int32ul, "lm_cksum" / construct.Int32ul, "lm_flags" / construct.Int32ul,
            "lm_padding_2" / construct.Int32ul, "lm_padding_3" / construct.Int32ul,
            "lm_buflens" / construct.Array(construct.this.lm_bufcount, construct.Int32ul),
        )  # fmt: skip

    def translate(self, data: bytes) -> bytes:
        """Decode, translate, encode."""
        header, buffers = self.header.parse(data), []
        at = (32 + 4 * header.lm_bufcount + 7) & ~7
        for length in header.lm_buflens:
            buffers.append(data[at : at + length])
            at += (length + 7) & ~7
        body, request, intent, rec = (
            self.structs[name].parse(buffer) for name, buffer in zip(self.structs, buffers[:4], strict=False)
        )
        request.lock_desc.l_resource.lr_name.name = [0x200000400, 0x21, 0, 0]
        made = {
            "cr_opcode": rec.cr_opcode, "cr_cap": rec.cr_cap, "cr_fsuid": rec.cr_fsuid, "cr_fsuid_h": 0,
            "cr_fsgid": rec.cr_fsgid, "cr_fsgid_h": 0, "cr_suppgid1": rec.cr_suppgid, "cr_suppgid1_h": 0,
            "cr_suppgid2": 0xFFFFFFFF, "cr_suppgid2_h": 0,
            "cr_fid1": {"f_seq": 0x200000400, "f_oid": 0x21, "f_ver": 0},
            "cr_fid2": {"f_seq": 0, "f_oid": 0, "f_ver": 0},
            "cr_old_handle": {"cookie": 0}, "cr_time": rec.cr_time, "cr_rdev": rec.cr_rdev, "cr_ioepoch": 0,
            "cr_padding_1": 0, "cr_mode": rec.cr_mode, "cr_bias": 0, "cr_flags": rec.cr_flags, "cr_padding_2": 0,
            "cr_padding_3": 0, "cr_padding_4": 0,
        }  # fmt: skip
        out = [
            self.structs["ptlrpc_body"].build(body), self.structs["ldlm_request"].build(request),
            self.structs["ldlm_intent"].build(intent), self.structs["mdt_rec_create"].build(made), b"", b"",
            *buffers[4:],
        ]  # fmt: skip
        header.lm_repsize += 248
        header.lm_bufcount, header.lm_buflens = len(out), [len(b) for b in out]
        head = self.header.build(header)
        return b"".join(b + bytes(-len(b) & 7) for b in (head, *out))


@pytest.fixture(scope="module")
def by_construct() -> ByConstruct:
    return ByConstruct()


def test_both_ways_give_the_same_message(by_construct: ByConstruct) -> None:
    assert by_construct.translate(OPEN) == _whole(_session())


def test_translating_an_open(benchmark: Any) -> None:
    session, message = _session(), lw.decode(OPEN, D18)
    benchmark(_decoded, session, message)


def test_decoding_translating_and_encoding_an_open(benchmark: Any) -> None:
    benchmark(_whole, _session())


def test_decoding_translating_and_encoding_an_open_with_construct(benchmark: Any, by_construct: ByConstruct) -> None:
    benchmark(by_construct.translate, OPEN)


def test_translating_is_many_times_faster_than_with_construct(by_construct: ByConstruct) -> None:
    session, message = _session(), lw.decode(OPEN, D18)
    found = best(
        {
            "translate": lambda: _decoded(session, message),
            "whole": lambda: _whole(session),
            "construct": lambda: by_construct.translate(OPEN),
        }
    )
    rate = {who: f"{1e6 / microseconds:,.0f} messages a second" for who, microseconds in found.items()}
    ratio = found["construct"] / found["whole"]
    print(f"\ntranslate a decoded message: {rate['translate']}")
    print(f"decode, translate, encode: {rate['whole']}, {ratio:.1f} times faster than construct at the same")
    assert ratio > 1
