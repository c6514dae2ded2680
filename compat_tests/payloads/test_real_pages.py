"""Directory pages and layouts that 2.17 servers sent. There every page of a bulk has its own head."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.capture import Captured, read_messages
from lustre_wire.frames import lustre_msg
from lustre_wire.payloads import lov
from lustre_wire.payloads.directory import PAGE, build_pages, read_pages, write_pages

READPAGE, V1 = 37, (0x0BD10BD0).to_bytes(4, "little")


@cache
def traffic() -> tuple[Captured, ...]:
    with (FIXTURES / "captures" / "05-namespace.pcap").open("rb") as stream:
        return tuple(read_messages(stream))


def bulks() -> list[bytes]:
    """The data of each MDS_READPAGE."""
    return [
        captured.raw
        for captured in traffic()
        if captured.kind == "bulk" and captured.request is not None and captured.request.message is not None
        and captured.request.message.opcode == READPAGE
    ]  # fmt: skip


PAGES = [data[at : at + PAGE] for data in bulks() for at in range(0, len(data), PAGE)]


def test_there_are_some() -> None:
    assert len(PAGES) >= 7


@pytest.mark.parametrize("data", PAGES, ids=range(len(PAGES)))
@pytest.mark.parametrize("dialect", ["1.8", "2.0"])
def test_every_page_gives_the_same_bytes(dialect: str, data: bytes) -> None:
    pages = read_pages(data, dialect)
    assert write_pages(pages) == data
    assert pages.entries[-1].head.lde_reclen == 0
    assert pages.head.ldp_hash_start <= min(entry.head.lde_hash for entry in pages.entries)


@pytest.mark.parametrize("data", PAGES, ids=range(len(PAGES)))
def test_built_pages_are_as_long_entry_by_entry(data: bytes) -> None:
    """The entries of a real page, built again, have its sizes; a server leaves old bytes between them."""
    there = read_pages(data, "2.0")
    made = build_pages(there.entries, "2.0", start=there.head.ldp_hash_start, end=there.head.ldp_hash_end)
    assert [entry.head.lde_reclen for entry in made.entries] == [entry.head.lde_reclen for entry in there.entries]
    for entry in there.entries:
        entry.slack = bytes(len(entry.slack))
    there.rest = bytes(len(there.rest))
    assert write_pages(made)[24:] == write_pages(there)[24:]


def test_the_listing_of_a_large_directory_is_whole() -> None:
    """200 files, "." and "..", over several pages whose hashes follow on one another."""
    large = next(data for data in bulks() if len(data) == 3 * PAGE)
    pages = [read_pages(large[at : at + PAGE], "2.0") for at in range(0, len(large), PAGE)]
    names = [entry.name for page in pages for entry in page.entries]
    assert len(names) == len(set(names)) == 202
    for page, following in pairwise(pages):
        assert page.head.ldp_hash_end == following.head.ldp_hash_start


def layouts() -> list[bytes]:
    """The buffers of replies that begin with the magic of a layout."""
    out = []
    for captured in traffic():
        if captured.kind == "reply":
            parts = lustre_msg.split(captured.raw)
            buffers = [captured.raw[o : o + n] for o, n in zip(parts.offsets, parts.lengths, strict=True)]
            out += [data for data in buffers if data.startswith(V1) and len(data) >= 56]
    return out


def test_layouts_of_files() -> None:
    found = layouts()
    assert len(found) > 20
    for data in found:
        layout = lov.read(data, "2.0")
        written = lov.write(layout)
        assert data[: len(written)] == written
        assert not data[len(written) :].strip(b"\0")
        assert len(lov.stripe(data, "2.0").objects) == 1


def test_the_layout_of_a_directory_has_no_objects() -> None:
    with pytest.raises(lw.WireError, match="client refuses"):
        lov.stripe(V1 + bytes(28), "2.0")
