"""Checksums of bulk data, as an obdo carries them in `o_cksum` (include/obd_cksum.h, obdclass/integrity.c)."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator

from lustre_wire.recovery.names import Names

#: Sectors of the kinds of checksum that are adler32 of a guard for each sector: an IP checksum.
_SECTORS = {"OBD_FL_CKSUM_T10IP512": 512, "OBD_FL_CKSUM_T10IP4K": 4096}
_PAGE = 4096


def flag(k: Names, valid: int, flags: int) -> int:
    """`OBD_FL_CKSUM_*` of an obdo: what it says if we know that, otherwise crc32 (cksum_type_unpack)."""
    said = flags & k.OBD_FL_CKSUM_ALL if valid & k.OBD_MD_FLFLAGS else 0
    known = [k.OBD_FL_CKSUM_ADLER, *(k.flag(name) for name in _SECTORS)]
    return int(said if said and said in known else k.OBD_FL_CKSUM_CRC32)


def of(k: Names, data: bytes, valid: int, flags: int, start: int = 0) -> int:
    """The checksum an obdo with these `o_valid` and `o_flags` is to have, 32 bits.

    Lustre's crc32 starts with all bits set and is not inverted at its end; adler32 is everybody's.

    Args:
        start: where in the object the data begins, which sectors are counted from.
    """
    kind = flag(k, valid, flags)
    for name, sector in _SECTORS.items():
        if kind == k.flag(name):
            return zlib.adler32(b"".join(_guards(data, start % _PAGE, sector)))
    return zlib.adler32(data) if kind == k.OBD_FL_CKSUM_ADLER else zlib.crc32(data) ^ 0xFFFFFFFF


def _guards(data: bytes, start: int, sector: int) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = sector - (start + at) % sector
        piece = data[at : at + size]
        total = sum(array("H", piece if len(piece) % 2 == 0 else piece + b"\0"))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        yield (~total & 0xFFFF).to_bytes(2, "little")
        at += size


def known(k: Names, asked: int, known: int) -> int:
    """`ocd_cksum_types` to grant: what both sides know, at least crc32 (obdfilter: filter_connect_internal)."""
    return asked & known or int(k.OBD_CKSUM_CRC32)
