"""Numbers of object operations.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from lustre_wire.schema.enums import WireFlag
from lustre_wire.schema.margins import since, until, was


class ObdFl(WireFlag):
    """o_flags of an obdo."""

    OBD_FL_INLINEDATA = 1
    OBD_FL_OBDMDEXISTS = 2
    OBD_FL_DELORPHAN = 4
    OBD_FL_NORPC = 8
    OBD_FL_IDONLY = 0x10
    OBD_FL_RECREATE_OBJS = 0x20
    OBD_FL_DEBUG_CHECK = 0x40
    OBD_FL_NO_USRQUOTA = 0x100
    OBD_FL_NO_GRPQUOTA = 0x200
    OBD_FL_CREATE_CROW = 0x400
    OBD_FL_CKSUM_CRC32 = 0x1000
    OBD_FL_CKSUM_ADLER = 0x2000
    OBD_FL_CKSUM_RSVD1 = 0x4000, until("2.17")
    OBD_FL_CKSUM_RSVD2 = 0x8000, since("1.8.9", "2.0").until("2.12")
    OBD_FL_CKSUM_RSVD3 = 0x10000, since("1.8.9", "2.0")
    OBD_FL_SHRINK_GRANT = 0x20000, since("1.8.9", "2.0")
    OBD_FL_CKSUM_ALL = 0xf000, was(0x3000).was(0x7000, "2.2").since("2.12")
    OBD_FL_LOCAL_MASK = 0xf0000000, since("1.8.9", "2.0").until("2.10")
    OBD_FL_TEMPORARY = 0x10000000, until("2.17")
    OBD_FL_SRVLOCK = 0x800, since("2.0")
    OBD_FL_TRUNCLOCK = 0x800, until("2.0")
    OBD_FL_MMAP = 0x40000, since("1.8.9", "2.1")
    OBD_FL_RECOV_RESEND = 0x80000, since("1.8.9", "2.1")
    OBD_FL_HAVE_LOCK = 0x20000000, until("2.0")


class ObdBrw(WireFlag):
    """flags of a niobuf_remote."""

    OBD_BRW_READ = 1
    OBD_BRW_WRITE = 2
    OBD_BRW_RWMASK = 3
    OBD_BRW_SYNC = 8
    OBD_BRW_CHECK = 0x10
    OBD_BRW_FROM_GRANT = 0x20
    OBD_BRW_GRANTED = 0x40
    OBD_BRW_NOQUOTA = 0x100
    OBD_BRW_SRVLOCK = 0x200
    OBD_BRW_MEMALLOC = 0x800, since("1.8.9", "2.0")
    OBD_BRW_NOCACHE = 0x80, since("2.0")
    OBD_BRW_DROP = 0x80, until("2.0")
    OBD_BRW_ASYNC = 0x400, until("2.0").since("2.1")
    OBD_BRW_READA = 0x1000, until("2.0")


class OsState(WireFlag):
    """os_state."""

    OS_STATE_DEGRADED = 1, since("1.8.9", "2.0").until("2.14")
    OS_STATE_READONLY = 2, since("1.8.9", "2.0").until("2.14")
    OS_STATE_RDONLY_1 = 4, until("2.17")
    OS_STATE_RDONLY_2 = 8, until("2.17")
    OS_STATE_RDONLY_3 = 0x10, until("2.17")


class FiemapFlags(WireFlag):
    """fm_flags."""

    FIEMAP_FLAG_SYNC = 1
    FIEMAP_FLAG_XATTR = 2
    FIEMAP_FLAG_DEVICE_ORDER = 0x40000000


class FiemapExtentFlags(WireFlag):
    """fe_flags."""

    FIEMAP_EXTENT_LAST = 1
    FIEMAP_EXTENT_UNKNOWN = 2
    FIEMAP_EXTENT_DELALLOC = 4
    FIEMAP_EXTENT_ENCODED = 8
    FIEMAP_EXTENT_DATA_ENCRYPTED = 0x80
    FIEMAP_EXTENT_NOT_ALIGNED = 0x100
    FIEMAP_EXTENT_DATA_INLINE = 0x200
    FIEMAP_EXTENT_DATA_TAIL = 0x400
    FIEMAP_EXTENT_UNWRITTEN = 0x800
    FIEMAP_EXTENT_MERGED = 0x1000
    FIEMAP_EXTENT_NO_DIRECT = 0x40000000, until("2.14")
    FIEMAP_EXTENT_NET = 0x80000000
