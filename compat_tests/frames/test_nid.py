"""NIDs and their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lustre_wire import WireError
from lustre_wire.engines import record
from lustre_wire.frames.nid import (
    LNET_NID_ANY,
    NETWORKS,
    LnetNid,
    large_nid,
    make_nid,
    nid_str,
    nid_type,
    parse_large_nid,
    parse_nid,
    small_nid,
)


@pytest.mark.parametrize(
    ("nid", "text"),
    [
        (0x000200007F000001, "127.0.0.1@tcp"),  # recorded: tcp-acceptor-connreq
        (0x00020000C0000202, "192.0.2.2@tcp"),  # recorded: tcp-socklnd-hello
        (0x000900000000 << 16, "0@lo"),
        (make_nid(2, 1, 0x0A000001), "10.0.0.1@tcp1"),
        (make_nid(5, 0, 0x0A000001), "10.0.0.1@o2ib"),
        (make_nid(13, 0, 12), "12@gni"),
        (LNET_NID_ANY, "LNET_NID_ANY"),
    ],
)
def test_text_of_known_nids(nid: int, text: str) -> None:
    assert nid_str(nid) == text
    assert parse_nid(text) == nid


def test_an_ipv6_nid_has_the_recorded_bytes() -> None:
    raw = bytes.fromhex("0c020000") + bytes.fromhex("20010db8000000000000000000000001")
    assert record.pack(parse_large_nid("2001:db8::1@tcp"), byteorder="little") == raw
    assert record.pack(parse_large_nid("2001:db8::1@tcp"), byteorder="big") == raw
    assert nid_str(record.unpack(LnetNid, raw)) == "2001:db8::1@tcp"


@given(st.integers(0, 0xFE), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_every_nid_has_a_text_that_reads_back(lnd: int, num: int, address: int) -> None:
    nid = make_nid(lnd, num, address)
    assert parse_nid(nid_str(nid)) == nid
    assert small_nid(large_nid(nid)) == nid
    assert nid_str(large_nid(nid)) == nid_str(nid)
    assert nid_type(nid) == nid_type(large_nid(nid)) == lnd


@given(st.sampled_from(sorted(NETWORKS.values())), st.integers(0, 0xFFFF), st.binary(min_size=16, max_size=16))
def test_large_nids_read_back(network: str, num: int, address: bytes) -> None:
    lnd = next(n for n, name in NETWORKS.items() if name == network)
    nid = LnetNid(12, lnd, num, [int.from_bytes(address[i : i + 4], "big") for i in range(0, 16, 4)])
    assert parse_large_nid(nid_str(nid)) == nid
    with pytest.raises(WireError):
        small_nid(nid)


@given(st.binary(min_size=20, max_size=20))
def test_any_bytes_have_a_text(raw: bytes) -> None:
    assert nid_str(record.unpack(LnetNid, raw))


@given(st.text(max_size=30))
def test_any_text_gives_a_nid_or_an_error(text: str) -> None:
    for parse in (parse_nid, parse_large_nid):
        try:
            nid = parse(text)
        except WireError:
            continue
        assert parse(nid_str(nid)) == nid


def test_what_is_no_nid() -> None:
    for text in ("", "10.0.0.1@nowhere", "1.2.3@tcp", "1.2.3.4.5@tcp", "x@gni", "4294967296@gni", "1@gni65536"):
        with pytest.raises(WireError):
            parse_nid(text)
    with pytest.raises(WireError):
        parse_large_nid("fe80::12345@tcp")
