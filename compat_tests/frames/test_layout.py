"""LNet's and socklnd's structs against the layouts measured in Lustre's headers."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.facts import DIALECTS, layouts, swabbed
from lustre_wire.engines import record, reference
from lustre_wire.frames import ksock_large, lnet, lnet_large
from lustre_wire.frames.nid import LnetNid
from lustre_wire.schema import swab_ranges


def wanted(dialect: str) -> list[str]:
    """Every LNet and socklnd struct that travels."""
    found = layouts(dialect)
    return sorted(n for n in found if found[n]["wire"] and n.startswith(("lnet_", "ksock_")))


@pytest.mark.parametrize(("dialect", "name"), [(d, n) for d in DIALECTS for n in wanted(d)])
def test_struct_has_the_measured_layout(dialect: str, name: str) -> None:
    fact = layouts(dialect)[name]
    found = lw.layout(lw.dialect(dialect).structs[name])
    assert (found.name, found.size, found.kind) == (name, fact["size"], fact["kind"])
    assert found.order == {"le": "little", "sender": "sender"}[fact["endian"]]
    assert [(f.name, f.offset, f.size, f.count, f.signed) for f in found.fields] == [
        (f["name"], f["offset"], f["size"], f["count"], f.get("signed", False)) for f in fact["fields"]
    ]
    assert swab_ranges(lw.dialect(dialect).structs[name]) == swabbed(dialect, name)


# Sizes and offsets of 2.17.0's lnet-idl.h and socklnd.h, as the compiler gave them.
LARGE: dict[Any, tuple[str, int, dict[str, int]]] = {
    LnetNid: ("lnet_nid", 20, {"nid_size": 0, "nid_type": 1, "nid_num": 2, "nid_addr": 4}),
    lnet_large.LnetHdrLarge: (
        "lnet_hdr",
        96,
        {"dest_nid": 0, "src_nid": 20, "dest_pid": 40, "src_pid": 44, "type": 48, "payload_length": 52, "msg": 56},
    ),
    lnet_large.LnetAcceptorConnreqV2: (
        "lnet_acceptor_connreq_v2",
        28,
        {"acr_magic": 0, "acr_version": 4, "acr_nid": 8},
    ),
    lnet_large.LnetNiStatusV2: ("lnet_ni_status", 16, {"ns_nid": 0, "ns_status": 8, "ns_msg_size": 12}),
    lnet_large.LnetNiLargeStatus: ("lnet_ni_large_status", 24, {"ns_status": 0, "ns_nid": 4}),
    lnet_large.LnetPingInfoV2: (
        "lnet_ping_info",
        16,
        {"pi_magic": 0, "pi_features": 4, "pi_pid": 8, "pi_nnis": 12, "pi_ni": 16},
    ),
    ksock_large.KsockMsgHdr: ("ksock_msg_hdr", 24, {"ksh_type": 0, "ksh_csum": 4, "ksh_zc_cookies": 8}),
    ksock_large.KsockHelloMsgLarge: (
        "ksock_hello_msg",
        80,
        {
            "kshm_magic": 0, "kshm_version": 4, "kshm_src_nid": 8, "kshm_dst_nid": 28, "kshm_src_pid": 48,
            "kshm_dst_pid": 52, "kshm_src_incarnation": 56, "kshm_dst_incarnation": 64, "kshm_ctype": 72,
            "kshm_nips": 76, "kshm_ips": 80,
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("cls", LARGE)
def test_struct_of_2_17_has_the_measured_layout(cls: Any) -> None:
    found = lw.layout(cls)
    assert (found.name, found.size, {f.name: f.offset for f in found.fields}) == LARGE[cls]


def test_handles_and_large_nids_stay_as_sent() -> None:
    for cls in (lnet.LnetHandleWire, lnet.LnetReply, lnet.LnetHdrMsg):
        assert swab_ranges(cls) == []
    assert swab_ranges(lnet_large.LnetHdrLarge) == [(40, 4), (44, 4), (48, 4), (52, 4)]
    assert swab_ranges(ksock_large.KsockHelloMsgLarge)[2] == (48, 4)


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize(("dialect", "name"), [(d, n) for d in DIALECTS for n in wanted(d) if "::" not in n])
def test_both_engines_read_the_same_and_give_the_bytes_back(dialect: str, name: str, byteorder: Any) -> None:
    cls: Any = lw.dialect(dialect).structs[name]
    data = bytes(range(1, lw.layout(cls).size + 1))
    found = record.unpack(cls, data, byteorder=byteorder)
    assert reference.unpack(cls, data, byteorder=byteorder) == found
    assert record.pack(found, byteorder=byteorder) == reference.pack(found, byteorder=byteorder) == data
