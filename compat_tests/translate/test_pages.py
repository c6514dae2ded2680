"""Directory pages: 2.0's become blocks of 1.8, without generations and hashes; the other way there is none."""

from __future__ import annotations

import struct
from errno import EOPNOTSUPP, ESTALE

import pytest

import lustre_wire as lw
from lustre_wire.payloads.directory import BlockEntry, build_blocks, read_blocks
from lustre_wire.translate import translate_pages

NO_MORE = 0xFFFFFFFFFFFFFFFE


def entry(seq: int, oid: int, name: bytes, kind: int, *, last: bool = False) -> bytes:
    """lu_dirent: FID, hash, reclen (0: the last), namelen, attributes FID and TYPE, name, type; little-endian."""
    padded = name + b"\0" * (len(name) & 1)
    body = padded + struct.pack("<H", kind)
    size = (32 + len(body) + 7) & ~7
    head = struct.pack("<QIIQHHI", seq, oid, 0, oid * 7, 0 if last else size, len(name), 3)
    return (head + body).ljust(size, b"\0")


def page(*entries: bytes) -> bytes:
    """A lu_dirpage with these entries."""
    return (struct.pack("<QQII", 0, NO_MORE, 0 if entries else 1, 0) + b"".join(entries)).ljust(4096, b"\0")


PAGE = page(
    entry(100, 9, b".", 0o040000), entry(50, 3, b"..", 0o040000), entry(4711, 77, b"odd", 0o100000),
    entry(4712, 78, b"link", 0o120000, last=True),
)  # fmt: skip


def test_entries_of_inodes_become_entries_of_a_block() -> None:
    out = translate_pages(PAGE, "2.0", "1.8", allow=["generation", "hash"])
    assert len(out.data) == 4096
    (block,) = read_blocks(out.data, "1.8")
    assert [(e.inode, e.name, e.file_type) for e in block] == [
        (100, b".", 2), (50, b"..", 2), (4711, b"odd", 1), (4712, b"link", 7),
    ]  # fmt: skip
    assert {loss.name for loss in out.report.losses} == {"generation", "hash"}


def test_generation_and_hash_are_lost_and_that_is_said() -> None:
    with pytest.raises(lw.LossyTranslation) as caught:
        translate_pages(PAGE, "2.0", "1.8", allow=["hash"])
    assert caught.value.names == ("generation",)


def test_a_file_of_20_is_named_only_if_the_session_knows_it() -> None:
    data = page(entry(0x200000400, 5, b"new", 0o100000, last=True))
    with pytest.raises(lw.Untranslatable) as caught:
        translate_pages(data, "2.0", "1.8", on_loss="report")
    assert caught.value.errno == ESTALE
    session = lw.Session()
    session.identify(inode=900, generation=3, fid=(0x200000400, 5, 0))
    out = translate_pages(data, "2.0", "1.8", session=session, on_loss="report")
    assert [e.inode for e in read_blocks(out.data, "1.8")[0]] == [900]


def test_an_empty_directory_page_says_nothing_that_could_be_lost() -> None:
    out = translate_pages(page(), "2.0", "1.8")
    assert out.report.lossless
    assert [e.inode for e in read_blocks(out.data, "1.8")[0]] == [0]


def test_pages_of_20_cannot_be_made_of_blocks() -> None:
    with pytest.raises(lw.Untranslatable) as caught:
        translate_pages(build_blocks([BlockEntry(12, b"f", 1)], "1.8"), "1.8", "2.0", on_loss="report")
    assert caught.value.errno == EOPNOTSUPP


def test_pages_stay_as_they_are_in_their_own_dialect() -> None:
    assert translate_pages(PAGE, "2.0", "2.0").data == PAGE


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(lw.WireError):
        translate_pages(b"short", "2.0", "1.8")
