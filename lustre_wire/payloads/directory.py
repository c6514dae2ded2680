"""Directory pages, the bulk data of MDS_READPAGE: blocks of 1.8, pages ordered by hash of 2.0. All little-endian.

Source: llite/dir.c of 1.8.9-wc1; mdd/mdd_object.c and lustre_idl.h of 2.0.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.engines import record
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import pack, peek, place, round8, struct_of, unpack
from lustre_wire.schema.struct import spec_of

__all__ = [
    "PAGE", "BlockEntry", "PageEntry", "Pages", "build_blocks", "build_pages", "fid_of", "read_blocks", "read_entries",
    "read_pages", "write_blocks", "write_pages",
]  # fmt: skip

#: Bytes of a directory page, and of a block where the file system has not another size.
PAGE: Final = 4096
#: The longest page or block of any kernel; the length of an entry has 16 bits.
_MOST: Final = 1 << 16
_BLOCK_ENTRY: Final = "ll_dir_entry"
_PAGE_HEAD: Final = "lu_dirpage"
_ENTRY: Final = "lu_dirent"
_TYPE: Final = "luda_type"
#: A FID follows the name and its NUL, behind a byte that counts both (ldiskfs: LDISKFS_DIRENT_LUFID).
_HAS_FID: Final = 0x10
_END: Final = ("MDS_DIR_END_OFF", "DIR_END_OFF")


@attrs.define(slots=True)
class BlockEntry:
    """One entry of a 1.8 block: inode number (0: free space), type as in ext2, name.

    `slack` is what stands between the name and the next entry; None for zeroes as many as needed.
    """

    inode: int
    name: bytes
    file_type: int = 0
    slack: bytes | None = None


@attrs.define(slots=True)
class PageEntry:
    """One entry of a 2.0 page.

    Attributes:
        head: its `LuDirent` struct; `lde_reclen` and `lde_namelen` are set when a page is built.
        name: without NUL.
        file_type: the S_IFMT bits that follow the name with LUDA_TYPE, or None.
        slack: what stands between these and the next entry.
        gap: a byte other than zero that rounds the name up for the type.
    """

    head: Any
    name: bytes
    file_type: int | None = None
    slack: bytes = b""
    gap: bytes = b""


@attrs.define(slots=True)
class Pages:
    """The pages of one bulk transfer: the `LuDirpage` at their head, the entries, and what follows the last one."""

    dialect: Dialect
    head: Any
    entries: list[PageEntry] = attrs.field(factory=list)
    rest: bytes = b""


# --- blocks of 1.8 --------------------------------------------------------------------------------------------------


@checked
def read_blocks(data: bytes, dialect_: Dialect | str, block: int = PAGE) -> list[list[BlockEntry]]:
    """The entries of directory blocks, block by block.

    Args:
        block: bytes of a block of the MDS's file system.

    Raises:
        WireError: `data` is no whole number of blocks, or an entry's length makes no sense.
    """
    found = dialect(dialect_)
    data = octets(data, "data")
    cls = _block_entry(found)
    if not 0 < block <= _MOST or len(data) % block:
        raise WireError(f"expected a multiple of {block} bytes, got {len(data)}", path=_BLOCK_ENTRY, dialect=found.name)
    blocks = []
    for start in range(0, len(data), block):
        entries, at = [], start
        while at < start + block:
            entry, size = _read_block_entry(cls, data, at, start + block, found)
            entries.append(entry)
            at += size
        blocks.append(entries)
    return blocks


def _check_size(size: int, path: str) -> None:
    if not 0 < size <= _MOST:
        raise WireError(f"expected at most {_MOST} bytes, got {size}", path=path)


def _block_entry(found: Dialect) -> Any:
    cls = found.structs.get(_BLOCK_ENTRY)
    if cls is None:
        raise WireError("directories do not travel as blocks", path=_BLOCK_ENTRY, dialect=found.name)
    return cls


def _read_block_entry(cls: Any, data: bytes, at: int, end: int, found: Dialect) -> tuple[BlockEntry, int]:
    name_at = place(cls, "lde_name")[0]
    if end - at < name_at:
        raise WireError(f"{end - at} bytes make no entry", path="lde_rec_len", offset=at, dialect=found.name)
    size, length = peek(cls, "lde_rec_len", data, "little", at), peek(cls, "lde_name_len", data, "little", at)
    if size % 4 or size < name_at + length or at + size > end:
        fault = f"expected a multiple of 4 from {name_at + length} to {end - at}, got {size}"
        raise WireError(fault, path="lde_rec_len", offset=at, dialect=found.name)
    body = at + name_at + length
    inode, kind = peek(cls, "lde_inode", data, "little", at), peek(cls, "lde_file_type", data, "little", at)
    return BlockEntry(inode, data[at + name_at : body], kind, data[body : at + size]), size


@checked
def fid_of(entry: BlockEntry, dialect_: Dialect | str) -> Any:
    """The `LuFid` that 2.0 and later keep behind a name in their own directories; None where there is none."""
    data = entry.slack or b""
    cls = dialect(dialect_).structs["lu_fid"]
    size = spec_of(cls).size
    if not entry.file_type & _HAS_FID or len(data) < size + 2 or data[1] != size + 1:
        return None
    return unpack(cls, data, "big", 2, 2 + size)


@checked
def write_blocks(blocks: Sequence[Sequence[BlockEntry]], dialect_: Dialect | str, block: int = PAGE) -> bytes:
    """The bytes of directory blocks. The last entry of each is made to reach the end of its block.

    Raises:
        WireError: entries that need more than a block, or a value that does not fit.
    """
    cls = _block_entry(dialect(dialect_))
    _check_size(block, "block")
    out = []
    for number, entries in enumerate(blocks):
        made = [_block_entry_bytes(cls, entry) for entry in entries[:-1]]
        if entries:
            left = block - sum(map(len, made))
            made.append(_block_entry_bytes(cls, entries[-1], left))
        out.append(b"".join(made))
        if len(out[-1]) != block:
            raise WireError(f"expected {block} bytes, got {len(out[-1])}", path=f"blocks[{number}]")
    return b"".join(out)


def _block_entry_bytes(cls: Any, entry: BlockEntry, size: int = 0) -> bytes:
    name_at = place(cls, "lde_name")[0]
    used = name_at + len(entry.name)
    if not size:
        size = used + len(entry.slack) if entry.slack is not None else used + 3 & ~3
    head = cls(
        lde_inode=entry.inode, lde_rec_len=size, lde_name_len=len(entry.name), lde_file_type=entry.file_type,
        lde_name=entry.name,
    )  # fmt: skip
    return (record.pack(head)[:used] + (entry.slack or b"")).ljust(size, b"\0")


@checked
def build_blocks(entries: Sequence[BlockEntry], dialect_: Dialect | str, block: int = PAGE) -> bytes:
    """Directory blocks with these entries, as many to a block as fit.

    Raises:
        WireError: an entry that needs more than a block, or a value that does not fit.
    """
    cls = _block_entry(dialect(dialect_))
    _check_size(block, "block")
    blocks: list[list[BlockEntry]] = [[]]
    used = 0
    for entry in entries:
        size = len(_block_entry_bytes(cls, attrs.evolve(entry, slack=None)))
        if used + size > block and blocks[-1]:
            blocks.append([])
            used = 0
        blocks[-1].append(attrs.evolve(entry, slack=None))
        used += size
    return write_blocks([b or [BlockEntry(0, b"")] for b in blocks], dialect_, block)


# --- pages of 2.0 ---------------------------------------------------------------------------------------------------


@checked
def read_pages(data: bytes, dialect_: Dialect | str) -> Pages:
    """The pages of one bulk transfer.

    The first page has a head; the last entry has length 0. An entry without a name only fills its page.

    Raises:
        TruncatedError: the bytes end in the head or in an entry.
        WireError: an entry shorter than its name.
    """
    found = dialect(dialect_)
    data = octets(data, "data")
    cls, entry = found.structs[_PAGE_HEAD], found.structs[_ENTRY]
    size = spec_of(cls).size
    try:
        made = Pages(found, unpack(cls, data, "little", 0, size))
        at = size
        empty = made.head.ldp_flags & found.enums["LuDirpageFlags"].__members__["LDF_EMPTY"]
        while not empty and at < len(data):
            read, length = _read_entry(entry, data, at, found)
            made.entries.append(read)
            at += length or _content(read, found)
            if not length:
                break
    except WireError as error:
        error.dialect = found.name
        raise
    made.rest = data[at:]
    return made


@checked
def read_entries(data: bytes, dialect_: Dialect | str, count: int, at: int = 0) -> list[PageEntry]:
    """As many entries from offset `at` on, as pages of an index have them, which begin with another head.

    Raises:
        TruncatedError: the bytes end in an entry.
        WireError: an entry shorter than its name, or without a length before the last one; `at` below 0.
    """
    found, data = dialect(dialect_), octets(data, "data")
    if at < 0:
        raise WireError(f"expected a place from 0 on, got {at}", path="at")
    cls, entries = struct_of(found, _ENTRY), []
    for number in range(count):
        read, length = _read_entry(cls, data, at, found)
        if not length and number < count - 1:
            raise WireError("expected a length", path="lde_reclen", offset=at, dialect=found.name)
        entries.append(read)
        at += length
    return entries


def _read_entry(cls: Any, data: bytes, at: int, found: Dialect) -> tuple[PageEntry, int]:
    size = spec_of(cls).size
    head = unpack(cls, data, "little", at, at + size)
    name = data[at + size : at + size + head.lde_namelen]
    made = PageEntry(head, name)
    typed = int(head.lde_attrs) & int(found.enums["LuDirentAttrs"].__members__["LUDA_TYPE"])  # as flags it costs more
    if typed and name:
        made.file_type = 0
    need, length = _content(made, found), int(head.lde_reclen)
    if length and length < need:
        raise WireError(f"expected at least {need}, got {length}", path="lde_reclen", offset=at)
    if at + max(need, length) > len(data) or len(name) < head.lde_namelen:
        raise TruncatedError(f"expected {max(need, length)} bytes, got {len(data) - at}", path=_ENTRY, offset=at)
    if made.file_type is not None:
        made.file_type = peek(found.structs[_TYPE], "lt_type", data, "little", at + _type_at(made))
        made.gap = data[at + size + len(name) : at + _type_at(made)].strip(b"\0")
    made.slack = data[at + need : at + length] if length else b""
    return made, length


def _type_at(entry: PageEntry) -> int:
    """Where the type stands in an entry: behind the name, rounded up to 2 bytes."""
    return spec_of(entry.head).size + (len(entry.name) + 1 & ~1)


def _content(entry: PageEntry, found: Dialect) -> int:
    """Bytes of an entry without what lengthens it."""
    if entry.file_type is None:
        return spec_of(entry.head).size + len(entry.name)
    return _type_at(entry) + spec_of(found.structs[_TYPE]).size


def _entry_bytes(entry: PageEntry, found: Dialect) -> bytes:
    data = pack(entry.head, "little")[: spec_of(entry.head).size] + entry.name
    if entry.file_type is not None:
        kind = pack(found.structs[_TYPE](lt_type=entry.file_type), "little")
        data = (data + entry.gap).ljust(_type_at(entry), b"\0") + kind
    return data + entry.slack


@checked
def write_pages(pages: Pages) -> bytes:
    """The bytes of pages that were read or built.

    Raises:
        WireError: a value that does not fit its field.
    """
    head = pack(pages.head, "little")
    return b"".join([head, *(_entry_bytes(entry, pages.dialect) for entry in pages.entries), pages.rest])


@checked
def build_pages(
    entries: Sequence[PageEntry], dialect_: Dialect | str, *, start: int = 0, end: int | None = None, page: int = PAGE
) -> Pages:
    """Pages with these entries, which are in the order of their hashes.

    Args:
        start: the hash that was asked for.
        end: the hash of the first entry that did not fit; None at the end of the directory.
        page: bytes of a page.

    Raises:
        WireError: an entry that needs more than a page, or a value that does not fit.
    """
    found = dialect(dialect_)
    cls = found.structs[_PAGE_HEAD]
    _check_size(page, "page")
    made = Pages(found, cls(ldp_hash_start=start, ldp_hash_end=_end_mark(found) if end is None else end))
    used = spec_of(cls).size
    if not entries:
        made.head.ldp_flags = found.enums["LuDirpageFlags"].__members__["LDF_EMPTY"]
    for entry in entries:
        fresh = _fresh(entry)
        size = round8(_content(fresh, found))
        if size > page:
            raise WireError(f"expected at most {page} bytes, got {size}", path=_ENTRY, dialect=found.name)
        if used + size > page:
            _lengthen(made.entries, page - used, found)
            used = 0
        made.entries.append(fresh)
        _lengthen(made.entries, size - _content(fresh, found), found)
        used += size
    if made.entries:
        closing = made.entries[-1]
        made.rest, closing.slack, closing.head.lde_reclen = closing.slack, b"", 0
    made.rest = made.rest.ljust(page - used + len(made.rest), b"\0")
    return made


def _end_mark(found: Dialect) -> int:
    """The hash behind the last entry; 1.8.9 and 2.0.0 call it by different names."""
    return int(next(found.constants[name] for name in _END if name in found.constants))


def _fresh(entry: PageEntry) -> PageEntry:
    head = attrs.evolve(entry.head, lde_namelen=len(entry.name), lde_name=b"")
    return PageEntry(head, entry.name, entry.file_type)


def _lengthen(entries: list[PageEntry], more: int, found: Dialect) -> None:
    if entries:
        last = entries[-1]
        last.slack += bytes(more)
        last.head.lde_reclen = _content(last, found) + len(last.slack)
