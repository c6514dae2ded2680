"""Numbers of object operations."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class ObdFl(WireFlag):
    """o_flags of an obdo. The type of a checksum is a number in some of the bits (obd_cksum_type_unpack)."""

    __numbers__ = ("OBD_FL_CKSUM_ALL",)
    OBD_FL_INLINEDATA = 1
    OBD_FL_OBDMDEXISTS = 2
    OBD_FL_DELORPHAN = 4
    OBD_FL_NORPC = 8
    OBD_FL_IDONLY = 0x10
    OBD_FL_RECREATE_OBJS = 0x20
    OBD_FL_DEBUG_CHECK = 0x40
    OBD_FL_NO_PRJQUOTA = 0x80, since("2.10")
    OBD_FL_NO_USRQUOTA = 0x100
    OBD_FL_NO_GRPQUOTA = 0x200
    OBD_FL_CREATE_CROW = 0x400
    OBD_FL_SRVLOCK = 0x800, since("2.0")
    OBD_FL_TRUNCLOCK = 0x800, until("2.0")
    OBD_FL_CKSUM_CRC32 = 0x1000
    OBD_FL_CKSUM_ADLER = 0x2000
    OBD_FL_CKSUM_RSVD1 = 0x4000, since("1.8.9", "2.0").until("2.2")
    OBD_FL_CKSUM_CRC32C = 0x4000, since("2.2")
    OBD_FL_CKSUM_T10IP512 = 0x5000, since("2.12")
    OBD_FL_CKSUM_T10IP4K = 0x6000, since("2.12")
    OBD_FL_CKSUM_T10CRC512 = 0x7000, since("2.12")
    OBD_FL_CKSUM_RSVD2 = 0x8000, since("1.8.9", "2.0").until("2.12")
    OBD_FL_CKSUM_T10CRC4K = 0x8000, since("2.12")
    OBD_FL_CKSUM_ALL = 0xf000, was(0x3000).was(0x7000, "2.2").since("2.12")
    OBD_FL_CKSUM_RSVD3 = 0x10000, since("1.8.9", "2.0")
    OBD_FL_SHRINK_GRANT = 0x20000, since("1.8.9", "2.0")
    OBD_FL_MMAP = 0x40000, since("1.8.9", "2.1")
    OBD_FL_RECOV_RESEND = 0x80000, since("1.8.9", "2.1")
    OBD_FL_NOSPC_BLK = 0x100000, since("2.1")
    OBD_FL_FLUSH = 0x200000, since("2.5")
    OBD_FL_SHORT_IO = 0x400000, since("2.6")
    OBD_FL_ROOT_SQUASH = 0x800000, since("2.15")
    OBD_FL_ROOT_PRJQUOTA = 0x1000000, since("2.16")
    OBD_FL_TEMPORARY = 0x10000000, since("1.8.9", "2.0").until("2.1")
    OBD_FL_HAVE_LOCK = 0x20000000, since("1.8.9")
    OBD_FL_LOCAL_MASK = 0xf0000000, since("1.8.9", "2.0").until("2.10")


class ObdBrw(WireFlag):
    """flags of a niobuf_remote."""

    OBD_BRW_READ = 1
    OBD_BRW_WRITE = 2
    OBD_BRW_RWMASK = 3
    OBD_BRW_NDELAY = 4, since("2.11")
    OBD_BRW_SYNC = 8
    OBD_BRW_CHECK = 0x10
    OBD_BRW_FROM_GRANT = 0x20
    OBD_BRW_GRANTED = 0x40
    OBD_BRW_NOCACHE = 0x80, since("2.0")
    OBD_BRW_DROP = 0x80, until("2.0")
    OBD_BRW_NOQUOTA = 0x100
    OBD_BRW_SRVLOCK = 0x200
    OBD_BRW_ASYNC = 0x400, until("2.0").since("2.1")
    OBD_BRW_MEMALLOC = 0x800, since("1.8.9", "2.0")
    OBD_BRW_READA = 0x1000, since("1.8.9")
    OBD_BRW_OVER_USRQUOTA = 0x1000, since("2.4")
    OBD_BRW_OVER_GRPQUOTA = 0x2000, since("2.4")
    OBD_BRW_SOFT_SYNC = 0x4000, since("2.6")
    OBD_BRW_OVER_PRJQUOTA = 0x8000, since("2.10")
    OBD_BRW_RDMA_ONLY = 0x20000, since("2.14")
    OBD_BRW_SYS_RESOURCE = 0x40000, since("2.15")
    OBD_BRW_COMPRESSED = 0x80000, since("2.16")
    OBD_BRW_SPECULATIVE_COMPR = 0x100000, since("2.16")
    OBD_BRW_ROOT_PRJQUOTA = 0x10000, since("2.16")


class OsState(WireFlag, since="2.14"):
    """os_state."""

    OS_STATE_DEGRADED = 1, since("1.8.9", "2.0").until("2.14")
    OS_STATFS_DEGRADED = 1
    OS_STATE_READONLY = 2, since("1.8.9", "2.0").until("2.14")
    OS_STATFS_READONLY = 2
    OS_STATE_RDONLY_1 = 4, since("1.8.9", "2.0").until("2.9")
    OS_STATE_NOPRECREATE = 4, since("2.10.8", "2.12").until("2.14")
    OS_STATFS_NOPRECREATE = 4
    OS_STATFS_NOCREATE = 4, since("2.16")
    OS_STATE_RDONLY_2 = 8, since("1.8.9", "2.0").until("2.9")
    OS_STATE_RDONLY_3 = 0x10, since("1.8.9", "2.0").until("2.9")
    OS_STATE_ENOSPC = 0x20, since("2.9").until("2.14")
    OS_STATFS_ENOSPC = 0x20
    OS_STATE_ENOINO = 0x40, since("2.9").until("2.14")
    OS_STATFS_ENOINO = 0x40
    OS_STATE_SUM = 0x100, since("2.12").until("2.14")
    OS_STATFS_SUM = 0x100
    OS_STATE_NONROT = 0x200, since("2.12.9", "2.13").until("2.14")
    OS_STATFS_NONROT = 0x200


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
    FIEMAP_EXTENT_SHARED = 0x2000, since("2.14")
    FIEMAP_EXTENT_NO_DIRECT = 0x40000000, until("2.14")
    FIEMAP_EXTENT_NET = 0x80000000


class LuLadviseType(WireEnum, since="2.9"):
    """lla_advice."""

    LU_LADVISE_WILLREAD = 1
    LU_LADVISE_DONTNEED = 2
    LU_LADVISE_LOCKNOEXPAND = 3, since("2.11")
    LU_LADVISE_LOCKAHEAD = 4, since("2.11")
    LU_LADVISE_AHEAD = 5, since("2.16")


class LadviseFlags(WireFlag):
    """lah_flags."""

    LF_ASYNC = 1, since("2.9")
    LF_UNSET = 2, since("2.11")


class OfdAccessFlags(WireFlag, since="2.14"):
    """oae_flags of an access log."""

    OFD_ACCESS_READ = 1
    OFD_ACCESS_WRITE = 2


class LustreAccessLog(WireEnum, since="2.14"):
    """Versions and types of access logs."""

    LUSTRE_ACCESS_LOG_TYPE_OFD = 1
    LUSTRE_ACCESS_LOG_VERSION_1 = 0x10000


# lustre_idl.h
FIEMAP_MAX_OFFSET: Final = constant(0xffffffffffffffff, until("2.8"))
LUSTRE_FIEMAP_FLAGS_COMPAT: Final = 0x40000001
OBD_STATFS_NODELAY: Final = 1
OBD_STATFS_FROM_CACHE: Final = 2
OBD_STATFS_PTLRPCD: Final = constant(4, since("1.8.9", "2.0").until("2.9"))
OBD_STATFS_CACHE_SECONDS: Final = constant(1, since("1.8.9", "2.1"))
OST_LVB_ERR_INIT: Final = 0xffbadbad80000000
OST_LVB_ERR_MASK: Final = 0xffbadbad00000000
IOOBJ_MAX_BRW_BITS: Final = constant(0x10, since("2.4"))
LADVISE_MAGIC: Final = constant(0x1adf1ce0, since("2.9"))
