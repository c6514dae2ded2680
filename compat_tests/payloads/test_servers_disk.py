"""last_rcvd and mountdata: what a server finds when it starts again."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.payloads import last_rcvd, mountdata

dialects = pytest.mark.parametrize("dialect", ["1.8", "2.0"])


def server_bytes(transno: int, *, incompat: int = 0xC, start: int = 8192, size: int = 128) -> bytes:
    """512 bytes: uuid 40, transno, old, mounts, three feature words, sizes; then the rest as zeroes."""
    head = b"lustre-MDT0000_UUID".ljust(40, b"\0")
    head += struct.pack("<3Q4IIHH", transno, 0, 3, 4, 1, incompat, 512, start, size, 0)
    return head.ljust(512, b"\0")


def client_bytes(uuid: bytes, transno: int, xid: int, close_transno: int = 0) -> bytes:
    data = uuid.ljust(40, b"\0") + struct.pack("<2Q2I", transno, xid, 0, 7)
    data += struct.pack("<2Q2I", close_transno, 0, 0, 0) + struct.pack("<4Q2I", 1, 2, 3, 4, 5, 6)
    assert len(data) == 128
    return data


def whole(*clients: bytes, incompat: int = 0xC) -> bytes:
    return server_bytes(100, incompat=incompat).ljust(8192, b"\0") + b"".join(clients)


@dialects
def test_clients_by_slot(dialect: str) -> None:
    data = whole(client_bytes(b"first", 90, 1), bytes(128), client_bytes(b"third", 80, 2, close_transno=120))
    file = last_rcvd.read(data, dialect)
    assert len(file.clients) == 3
    assert list(file.connected) == [0, 2]
    third = file.connected[2]
    assert (third.lcd_last_transno, third.lcd_last_xid, third.lcd_pre_versions) == (80, 2, [1, 2, 3, 4])
    assert (file.server.lsd_last_transno, file.server.lsd_mount_count) == (100, 3)
    assert file.last_transno() == 120
    assert last_rcvd.write(file) == data
    assert [c["uuid"] for c in last_rcvd.to_json(file)["clients"]] == ["first", "third"]


def test_features_that_a_server_refuses() -> None:
    """2.0 adds IAM_DIR 0x40 to what an MDT takes; LMA 0x80 never was among that, and 0x8000 is nobody's."""
    data = whole(incompat=0xC | 0x40 | 0x80 | 0x8000)
    assert last_rcvd.read(data, "1.8").unknown_features() == {"lsd_feature_incompat": 0x80C0}
    assert last_rcvd.read(data, "2.0").unknown_features() == {"lsd_feature_incompat": 0x8080}


@dialects
def test_larger_slots_and_a_file_cut_short(dialect: str) -> None:
    slots = [client_bytes(b"x", 1, 1) + b"more".ljust(64, b"\0"), client_bytes(b"y", 2, 2) + bytes(64)]
    data = server_bytes(5, size=192).ljust(8192, b"\xee") + b"".join(slots) + b"cut"
    file = last_rcvd.read(data, dialect)
    assert file.clients[0].lcd_padding.startswith(b"more")
    assert file.rest == b"cut"
    assert last_rcvd.write(file) == data
    assert last_rcvd.write(last_rcvd.read(data[:600], dialect)) == data[:600]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"", "lr_server_data"),
        (server_bytes(1)[:511], "lr_server_data"),
        (server_bytes(1, start=511), "lsd_client_start"),
        (server_bytes(1, size=0), "lsd_client_size"),
        (server_bytes(1, size=127), "lsd_client_size"),
    ],
)
def test_last_rcvd_refused(data: bytes, path: str) -> None:
    with pytest.raises(lw.WireError) as caught:
        last_rcvd.read(data, "2.0")
    assert caught.value.path == path


def test_a_client_that_needs_more_than_a_slot() -> None:
    file = last_rcvd.read(whole(client_bytes(b"x", 1, 1)), "2.0")
    file.clients[0].lcd_padding = b"too much"
    with pytest.raises(lw.WireError, match="128"):
        last_rcvd.write(file)


@dialects
@given(st.binary(max_size=700), st.integers(512, 600), st.integers(128, 200))
@settings(max_examples=60, deadline=None)
def test_any_last_rcvd_gives_the_same_bytes(dialect: str, tail: bytes, start: int, size: int) -> None:
    data = server_bytes(1, start=start, size=size) + tail
    file = last_rcvd.read(data, dialect)
    assert last_rcvd.write(file) == data
    last_rcvd.to_json(file)


# --- mountdata -------------------------------------------------------------------------------------------------------


def mountdata_bytes(order: str) -> bytes:
    head = struct.pack(f"{order}8I", 0x1DD00001, 2, 0, 0, 1, 0x62, 3, 1)
    names = b"lustre".ljust(64, b"\0") + b"lustre-OST0003".ljust(64, b"\0") + b"uuid".ljust(40, b"\0")
    options = b"errors=remount-ro".ljust(4096, b"\0")
    parameters = b" mgsnode=10.0.0.1@tcp mgsnode=10.0.0.2@tcp failover.node=10.0.0.3@tcp".ljust(4096, b"\0")
    return (head + names).ljust(4096, b"\0") + options + parameters


@dialects
@pytest.mark.parametrize("order", ["<", ">"])
def test_mountdata_in_the_servers_own_byte_order(dialect: str, order: str) -> None:
    data = mountdata_bytes(order)
    file = mountdata.read(data, dialect)
    assert file.service == "lustre-OST0003"
    assert (file.data.ldd_svindex, file.data.ldd_feature_compat) == (3, 2)
    assert [flag.name for flag in file.data.ldd_flags] == ["LDD_F_SV_TYPE_OST", "LDD_F_VIRGIN", "LDD_F_UPDATE"]
    assert file.parameters == {"mgsnode": ["10.0.0.1@tcp", "10.0.0.2@tcp"], "failover.node": ["10.0.0.3@tcp"]}
    assert mountdata.write(file) == data
    assert mountdata.to_json(file)["endian"] == {"<": "little", ">": "big"}[order]
    assert mountdata.write(mountdata.read(data + b"x", dialect)) == data + b"x"


@pytest.mark.parametrize("data", [b"", b"\x01\x00", bytes(12288), mountdata_bytes("<")[:12287]])
def test_mountdata_refused(data: bytes) -> None:
    with pytest.raises(lw.WireError):
        mountdata.read(data, "1.8")
