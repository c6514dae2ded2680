"""Tables of NIDs and pages of indexes: of a recorded mount of 2.17, and made by the facts."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.capture import Captured, read_messages
from lustre_wire.frames.nid import nid_str
from lustre_wire.payloads import indexpage, nidtable, updates
from lustre_wire.payloads.inside import records_of_bulk

D217 = lw.dialect("2.17")
MAGIC, PAGE = 0x8A6D6B6C, 4096


@cache
def bulks(capture: str = "00-complete-session-from-mkfs") -> tuple[Captured, ...]:
    """What travels in bulk while targets register, a client mounts, and directories are made on two MDTs."""
    with (FIXTURES / "captures" / f"{capture}.pcap").open("rb") as stream:
        return tuple(m for m in read_messages(stream) if m.kind == "bulk" and m.request and m.request.message)


def shown(name: str) -> list[list[tuple[str, str]]]:
    """The records of each bulk transfer of an operation, as they are shown."""
    asked = ((b.request.message, b.raw) for b in bulks() if b.request and b.request.name == name)
    nodes = (node for message, data in asked if message for node in records_of_bulk(message, data))
    return [[(each.name, each.text) for each in node.children] for node in nodes]


def test_where_targets_are() -> None:
    tables = [each for each in shown("MGS_CONFIG_READ") if each[0][0] in ("MDT0000", "MDT0001")]
    assert tables[1] == [
        ("MDT0000", "10.0.0.1@tcp version 3"), ("OST0000", "10.0.0.1@tcp version 4"),
        ("MDT0001", "10.0.0.2@tcp version 5"), ("OST0001", "10.0.0.2@tcp version 6"),
    ]  # fmt: skip
    for bulk in bulks():
        if bulk.request and bulk.request.name == "MGS_CONFIG_READ" and len(bulk.raw) < PAGE:
            assert nidtable.write(nidtable.read(bulk.raw, D217)) == bulk.raw


def test_nodemaps_of_a_new_file_system() -> None:
    (found,) = (each for each in shown("MGS_CONFIG_READ") if each[0][0].startswith("0x"))
    told = "default squash uid 65534 gid 65534 project 65534 MAP_UID|MAP_GID|ENABLE_AUDIT|MAP_PROJID"
    assert found == [("0x10000000/0", told), ("0xf0000000/0", "active 0")]


def test_a_directory_of_another_target() -> None:
    assert shown("OBD_IDX_READ") == [[(".", "[0x200000401:0x2:0x0]"), ("..", "[0x280000402:0x1:0x0]")]]


def test_updates_that_travel_in_bulk() -> None:
    """In two parts, whose sizes the request says."""
    found = shown("OUT_UPDATE")
    told = [[name for name, _ in part] for part in found[:2]]
    assert told == [["OUT_CREATE", "OUT_INDEX_INSERT"], ["OUT_WRITE", "OUT_WRITE", "OUT_ATTR_SET"]]
    assert found[0][1][1].startswith('[0x20000000a:0x0:0x0] "[0x200000401:0x3:0x0]"')


def test_batches_that_travel_in_bulk() -> None:
    """As many messages in all parts as the request says."""
    found = [b for b in bulks("05-namespace") if b.request and b.request.name == "MDS_BATCH"]
    assert len(found) >= 4
    for bulk in found:
        message = bulk.request.message if bulk.request else None
        assert message is not None
        head, _ = updates.inline(message.buffers.but_update_header, D217, message.order, "but_update_header")
        parts = [each.children for each in records_of_bulk(message, bulk.raw)]
        assert sum(map(len, parts)) == head.buh_update_count and len(parts) == head.buh_count
        assert {each.name for part in parts for each in part} == {"MDS_BATCH sub GETATTR"}


# --- made by the facts ------------------------------------------------------------------------------------------------


def entry(order: str, nids: bytes, count: int, size: int, *, rest: int = 0, index: int = 1) -> bytes:
    """version u64, instance u32, index u32, length u32, type, NID type, NID size, NID count u8, NIDs."""
    head = struct.pack(f"{order}Q3I4B", 3, 1, index, 24 + len(nids) + rest, 2, size > 8, size, count)
    return head + nids + bytes(rest)


IPV6 = struct.pack(">BBH", 12, 2, 0) + bytes.fromhex("fd000000000000000000000000000003")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("nids", "count", "size", "told"),
    [(IPV6 * 2, 2, 20, ["fd00::3@tcp"] * 2), (b"", 0, 20, []), (None, 1, 8, ["10.0.0.2@o2ib"])],
)
def test_entries_of_either_order_and_either_form_of_nids(
    order: str, nids: bytes | None, count: int, size: int, told: list[str]
) -> None:
    data = struct.pack(f"{order}Q", 5 << 48 | 0x0A000002) if nids is None else nids
    table = entry(order, data, count, size, rest=12) + entry(order, data, count, size, index=7)
    for guess in ("little", "big"):
        found = nidtable.read(table, D217, guess)
        assert [[nid_str(nid) for nid in target.nids] for target in found] == [told, told]
        assert [target.head.mne_index for target in found] == [1, 7]
    assert nidtable.write(found, "little" if order == "<" else "big") == table


@pytest.mark.parametrize(
    "data", [entry("<", IPV6, 2, 20), entry("<", IPV6, 1, 20)[:-1], entry("<", bytes(7), 1, 7), bytes(24), bytes(5)]
)
def test_tables_refused(data: bytes) -> None:
    with pytest.raises(lw.WireError):
        nidtable.read(data, D217)


def page(order: str, count: int, *entries: bytes) -> bytes:
    return (struct.pack(f"{order}IHHQ", MAGIC, 0, count, 0) + b"".join(entries)).ljust(PAGE, b"\0")


def held(name: str, **said: Any) -> Any:
    """What travels in bulk beside a request with these numbers."""
    if name == "MGS_CONFIG_READ":
        request = lw.build(D217, name, mgs_config_body=D217.structs["mgs_config_body"](**said))
    else:
        fid = D217.structs["lu_fid"](f_seq=said["sequence"], f_oid=1)
        request = lw.build(D217, name, idx_info=D217.structs["idx_info"](ii_fid=fid))
    assert request.format is not None
    return request.format.bulk_of(request.buffers)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("hashes", [False, True])
def test_limits_of_quota(order: str, hashes: bool) -> None:
    """Keys of 8 bytes; the records of the whole file system have 32, those of one target 8."""
    mark = struct.pack(f"{order}Q", 77) if hashes else b""
    key = struct.pack(f"{order}Q", 1000)
    limits = struct.pack("<4Q", 400, 300, 0, 17)
    whole = page(order, 2, mark, key, limits, mark, key, limits)
    for found in indexpage.read(whole * 2 + bytes(PAGE), D217, held("OBD_IDX_READ", sequence=0x200000006), hashes):
        assert [(each.hash, each.key) for each in found.entries] == [(77 if hashes else None, 1000)] * 2
        assert found.entries[1].record.qbr_hardlimit == 400
    own = page(order, 1, mark, key, struct.pack("<Q", 9))
    (found,) = indexpage.read(own, D217, held("OBD_IDX_READ", sequence=0x200000005), hashes)
    assert found.entries[0].record.qsr_granted == 9


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("release", "layout"), [("2.6", 0), ("2.10", 1), ("2.12", 2), ("2.17", 2)])
def test_objects_without_a_layout(release: str, layout: int, order: str) -> None:
    """LFSCK asks an OST for them: FID; of which file, uid, gid; its component since 2.10, versions since 2.12."""
    known = lw.dialect(release)
    owner = struct.pack(f"{order}QII QII 2I", 0x280000401, 9, 0, 0x200000401, 3, 0, 1000, 100)
    component = struct.pack(f"{order}2I2QI", 1 << 20, 4, 0, 2**64 - 1, 2)
    versions = struct.pack(f"{order}2I", 6, 1) + bytes(12)
    data = page(order, 2, *[owner + (b"", component + bytes(4), component + versions)[layout]] * 2)
    fid = known.structs["lu_fid"](f_seq=0x200000008, f_oid=1)
    request = lw.build(known, "OBD_IDX_READ", idx_info=known.structs["idx_info"](ii_fid=fid, ii_flags=1))
    told = "of [0x200000401:0x3:0x0] uid 1000 gid 100"
    told += ("", " component 2 [0-EOF) stripe 4 x 1M", " component 2 [0-EOF) stripe 4 x 1M version 6 range 1")[layout]
    (node,) = records_of_bulk(request, data)
    assert [(each.name, each.text) for each in node.children] == [("[0x280000401:0x9:0x0]", told)] * 2


@pytest.mark.parametrize(
    ("size", "layout"), [(24, ""), (56, " stripe 4 x 1M"), (72, " stripe 4 x 1M version 6 range 1")]
)
def test_the_reply_says_how_large_a_record_is(size: int, layout: str) -> None:
    """All peers of 2.1 and later are read with the newest declarations; the records of 2.6 to 2.11 are shorter."""
    records = struct.pack("<QII 2I", 0x200000401, 3, 0, 1000, 100) + struct.pack("<2I2QI", 1 << 20, 4, 0, 2**64 - 1, 2)
    record = (records + (bytes(4) if size == 56 else struct.pack("<2I", 6, 1) + bytes(12)))[:size]
    data = page("<", 2, *[struct.pack("<QII", 0x280000401, number, 0) + record for number in (9, 10)])
    info = D217.structs["idx_info"]
    fid = D217.structs["lu_fid"](f_seq=0x200000008, f_oid=1)
    request = lw.build(D217, "OBD_IDX_READ", idx_info=info(ii_fid=fid, ii_flags=1))

    def told(recsize: int) -> list[tuple[str, str]]:
        answer = lw.build(D217, "OBD_IDX_READ", "reply", idx_info=info(ii_fid=fid, ii_recsize=recsize))
        (node,) = records_of_bulk(request, data, reply=answer)
        return [(each.name, each.text) for each in node.children]

    component = " component 2 [0-EOF)" if layout else ""
    text = f"of [0x200000401:0x3:0x0] uid 1000 gid 100{component}{layout}"
    assert told(size) == [("[0x280000401:0x9:0x0]", text), ("[0x280000401:0xa:0x0]", text)]
    assert told(23) == [("page", "2 entries")], "of a size that nobody knows"


@pytest.mark.parametrize(
    ("index", "part", "record", "told"),
    [
        (1, 0, b"clients", "clients"), (1, 1, struct.pack("<Q", 5), "nodemap_cluster_roles_rec"),
        (1, 2, bytes(32), "nodemap_offset_rec"), (1, 3, bytes(32), "nodemap_user_capabilities_rec"),
        (1, 512, bytes(32), "nodemap_fileset_header_rec"), (1, 513, b"/home", "/home"),
        (1, 768, bytes(32), "nodemap_fileset_header_rec"),
        (2, 7, struct.pack("<2Q", 2 << 48, 2 << 48 | 255), "0.0.0.0@tcp to 0.0.0.255@tcp"),
        (6, 7, IPV6, "nodemap_range2_rec"), (3, 1000, struct.pack("<I", 2000), "to 2000"),
        (5, 1000, struct.pack("<I", 2000), "to 2000"), (15, 0, b"\1", "active 1"), (9, 0, b"\1", "01000000"),
    ],
)  # fmt: skip
def test_a_record_of_a_nodemap_is_what_its_key_says(index: int, part: int, record: bytes, told: str) -> None:
    """The index in the upper four bits of the first word, which part of a cluster in the second."""
    data = page("<", 1, struct.pack("<2I", index << 28 | 3, part), record.ljust(32, b"\0"))
    request = lw.build(D217, "MGS_CONFIG_READ", mgs_config_body=D217.structs["mgs_config_body"](mcb_type=4))
    (node,) = records_of_bulk(request, data)
    (found,) = indexpage.read(data, D217, held("MGS_CONFIG_READ", mcb_type=4))
    kind = getattr(getattr(found.entries[0].record, "__wire__", None), "name", "")
    assert told in (node.children[0].text + kind)
    assert (node.children[0].name, len(node.children)) == (f"{index << 28 | 3:#x}/{part}", 1)


def test_pages_refused() -> None:
    quota = held("OBD_IDX_READ", sequence=0x200000006)
    for data in (b"\1" + bytes(20), page("<", 103, *[b"\1" * 40] * 102), page("<", 1)[:20]):
        with pytest.raises(lw.WireError):
            indexpage.read(data, D217, quota)
    request = lw.build(D217, "MGS_CONFIG_READ", mgs_config_body=D217.structs["mgs_config_body"](mcb_type=4))
    (node,) = records_of_bulk(request, page("<", 200))
    assert node.text.startswith("unreadable: ")


def test_an_index_that_nobody_knows_is_pages() -> None:
    unknown = held("OBD_IDX_READ", sequence=0x200000007)
    (found,) = indexpage.read(page("<", 1, bytes(16)), D217, unknown)
    assert (found.head.lip_nr, found.entries, len(found.data)) == (1, (), PAGE - 16)


@pytest.mark.parametrize(
    ("release", "kind", "head"),
    [
        ("2.4", 4, "mgs_nidtbl_entry"),
        ("2.9", 4, "lu_idxpage"),
        ("2.17", 4, "lu_idxpage"),
        ("2.17", 2, "mgs_nidtbl_entry"),
    ],
)
def test_nodemaps_are_read_since_2_9(release: str, kind: int, head: str) -> None:
    known = lw.dialect(release)
    request = lw.build(known, "MGS_CONFIG_READ", mgs_config_body=known.structs["mgs_config_body"](mcb_type=kind))
    assert request.format is not None
    found = request.format.bulk_of(request.buffers)
    assert found is not None and found.head.__wire__.name == head
