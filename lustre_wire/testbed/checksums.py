"""Checksums of bulk data, as an obdo carries them in `o_cksum` (include/obd_cksum.h)."""

from __future__ import annotations

import zlib

from lustre_wire.recovery.names import Names


def flag(k: Names, valid: int, flags: int) -> int:
    """`OBD_FL_CKSUM_*` of an obdo: adler where it says so, otherwise crc32 (cksum_type_unpack)."""
    adler = valid & k.OBD_MD_FLFLAGS and flags & k.OBD_FL_CKSUM_ADLER
    return int(k.OBD_FL_CKSUM_ADLER if adler else k.OBD_FL_CKSUM_CRC32)


def of(k: Names, data: bytes, valid: int, flags: int) -> int:
    """The checksum an obdo with these `o_valid` and `o_flags` is to have, 32 bits.

    Lustre's crc32 starts with all bits set and is not inverted at its end; adler32 is everybody's.
    """
    if flag(k, valid, flags) == k.OBD_FL_CKSUM_ADLER:
        return zlib.adler32(data)
    return zlib.crc32(data) ^ 0xFFFFFFFF


def known(k: Names, asked: int) -> int:
    """`ocd_cksum_types` to grant: what both sides know, at least crc32 (obdfilter: filter_connect_internal)."""
    return asked & int(k.OBD_CKSUM_CRC32 | k.OBD_CKSUM_ADLER) or int(k.OBD_CKSUM_CRC32)
