"""Extended attributes with an inside of their own, and connect data read by its flags."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests.recorded import Recorded, messages
from lustre_wire.payloads import acl, connect, linkea

dialects = pytest.mark.parametrize("dialect", ["1.8", "2.0"])

#: user::rw-, user:1000:r--, group::r--, mask::r--, other::---
ACL = struct.pack(
    "<I" + "HHI" * 5, 2, 1, 6, 2**32 - 1, 2, 4, 1000, 4, 4, 2**32 - 1, 16, 4, 2**32 - 1, 32, 0, 2**32 - 1
)  # fmt: skip


@dialects
def test_an_acl(dialect: str) -> None:
    read = acl.read(ACL, dialect)
    assert acl.lines(read) == ["user::rw-", "user:1000:r--", "group::r--", "mask::r--", "other::---"]
    assert acl.write(read) == ACL


def test_an_unknown_tag() -> None:
    assert acl.lines(acl.read(struct.pack("<IHHI", 2, 64, 7, 5), "2.0")) == ["0x40::rwx"]


@pytest.mark.parametrize("data", [b"", b"\x02\0\0", struct.pack("<I", 1), ACL[:-1], ACL + b"\0"])
def test_acls_refused(data: bytes) -> None:
    with pytest.raises(lw.WireError):
        acl.read(data, "2.0")


# --- connect data ---------------------------------------------------------------------------------------------------

CONNECTS = [m for m in messages() if "connect" in m.kind and "disconnect" not in m.kind]


@pytest.mark.parametrize("recorded", CONNECTS, ids=str)
def test_recorded_connect_data_fills_what_its_flags_say(recorded: Recorded) -> None:
    """Lustre's clients fill no field whose flag they do not set, but for the transaction of a reconnect."""
    data = recorded.decode().buffers.connect_data
    assert connect.valid_fields(data)["ocd_connect_flags"] == data.ocd_connect_flags
    if recorded.direction == "request":
        assert set(connect.stray_fields(data)) == ({"ocd_transno"} if recorded.id.startswith("reconnect") else set())


@dialects
def test_fields_count_by_their_flags(dialect: str) -> None:
    """INDEX 0x2 makes index valid, GRANT 0x8 grant, VERSION 0x20 version, IBITS 0x1000 ibits_known."""
    cls = lw.dialect(dialect).structs["obd_connect_data"]
    flags = lw.dialect(dialect).enums["ObdConnect"]
    data = cls(ocd_connect_flags=flags(0x2 | 0x20), ocd_index=3, ocd_version=0x1080900, ocd_grant=77)
    told = {name: value for name, value in connect.valid_fields(data).items() if value}
    assert told == {"ocd_connect_flags": 0x22, "ocd_index": 3, "ocd_version": 0x1080900}
    assert connect.stray_fields(data) == {"ocd_grant": 77}


# --- link EA --------------------------------------------------------------------------------------------------------


def link(seq: int, oid: int, name: bytes) -> bytes:
    """Length u16, parent FID, name; big-endian, the length with itself."""
    return struct.pack(">HQII", 18 + len(name), seq, oid, 0) + name


def link_ea(*links: bytes, order: str = "<", count: int | None = None) -> bytes:
    body = b"".join(links)
    number = len(links) if count is None else count
    return struct.pack(f"{order}2IQ2I", 0x11EAF1DF, number, 24 + len(body), 0, 0) + body


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_names_of_a_file(order: str) -> None:
    data = link_ea(link(0x200000400, 1, b"one"), link(0x200000400, 9, b"another name"), order=order)
    read = linkea.read(data, "2.0")
    assert [(entry.parent.f_seq, entry.parent.f_oid, entry.name) for entry in read.links] == [
        (0x200000400, 1, b"one"), (0x200000400, 9, b"another name"),
    ]  # fmt: skip
    assert linkea.write(read) == data
    assert linkea.write(linkea.build(read.links, "2.0", read.order)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"", bytes(24), link_ea(count=1), link_ea(count=0xFFFFFFFF), link_ea(link(1, 1, b"x"))[:-1],
        link_ea(struct.pack(">H", 17) + bytes(40)), link_ea(struct.pack(">H", 0) + bytes(40)),
        link_ea(struct.pack(">H", 60) + bytes(40)),
    ],
)  # fmt: skip
def test_link_eas_refused(data: bytes) -> None:
    with pytest.raises(lw.WireError):
        linkea.read(data, "2.0")


def test_1_8_has_no_link_eas() -> None:
    for call in (lambda: linkea.read(link_ea(), "1.8"), lambda: linkea.build([], "1.8")):
        with pytest.raises(lw.WireError, match="names"):
            call()


def test_a_name_that_does_not_fit() -> None:
    fid = lw.dialect("2.0").structs["lu_fid"]()
    with pytest.raises(lw.WireError, match="does not fit"):
        linkea.build([linkea.Link(fid, bytes(70000))], "2.0")


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=40)), max_size=6))
@settings(max_examples=50, deadline=None)
def test_any_link_ea_reads_again(wanted: list[tuple[int, int, bytes]]) -> None:
    data = link_ea(*[link(*each) for each in wanted])
    read = linkea.read(data + b"tail", "2.0")
    assert [(entry.parent.f_seq, entry.parent.f_oid, entry.name) for entry in read.links] == wanted
    assert linkea.write(read) == data + b"tail"


@given(st.integers(0, 5), st.binary(max_size=120))
@settings(max_examples=100, deadline=None)
def test_arbitrary_link_eas(count: int, tail: bytes) -> None:
    data = link_ea(tail, count=count)
    try:
        read = linkea.read(data, "2.0")
    except lw.WireError:
        return
    assert linkea.write(read) == data
