"""What the two sides of a connection agree on.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of the releases for what it does not hold.
"""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireFlag
from lustre_wire.schema.margins import since, until, was
from lustre_wire.schema.numbers import constant


class ObdConnect(WireFlag):
    """ocd_connect_flags."""

    OBD_CONNECT_RDONLY = 1
    OBD_CONNECT_INDEX = 2
    OBD_CONNECT_MDS = 4
    OBD_CONNECT_GRANT = 8
    OBD_CONNECT_SRVLOCK = 0x10
    OBD_CONNECT_VERSION = 0x20
    OBD_CONNECT_REQPORTAL = 0x40, until("2.17")
    OBD_CONNECT_MGS_NIDLIST = 0x40, since("2.17")
    OBD_CONNECT_ACL = 0x80
    OBD_CONNECT_XATTR = 0x100
    OBD_CONNECT_CROW = 0x200, until("2.10")
    OBD_CONNECT_LARGE_ACL = 0x200, since("2.10")
    OBD_CONNECT_TRUNCLOCK = 0x400, until("2.15")
    OBD_CONNECT_OLD_FALLOC = 0x400, since("2.15")
    OBD_CONNECT_TRANSNO = 0x800
    OBD_CONNECT_IBITS = 0x1000
    OBD_CONNECT_JOIN = 0x2000, until("2.10")
    OBD_CONNECT_BARRIER = 0x2000, since("2.10")
    OBD_CONNECT_ATTRFID = 0x4000
    OBD_CONNECT_NODEVOH = 0x8000
    OBD_CONNECT_LCL_CLIENT = 0x10000, until("1.8.9", "2.0")
    OBD_CONNECT_RMT_CLIENT = 0x10000, was(0x20000).since("1.8.9", "2.0")
    OBD_CONNECT_RMT_CLIENT_FORCE = 0x20000, since("1.8.9", "2.0")
    OBD_CONNECT_BRW_SIZE = 0x40000
    OBD_CONNECT_QUOTA64 = 0x80000
    OBD_CONNECT_MDS_CAPA = 0x100000
    OBD_CONNECT_OSS_CAPA = 0x200000
    OBD_CONNECT_CANCELSET = 0x400000
    OBD_CONNECT_SOM = 0x800000
    OBD_CONNECT_AT = 0x1000000
    OBD_CONNECT_LRU_RESIZE = 0x2000000
    OBD_CONNECT_MDS_MDS = 0x4000000
    OBD_CONNECT_MNE_SWAB = 0x4000000, since("2.3").until("2.12.9", "2.14")
    OBD_CONNECT_REAL = 0x8000000
    OBD_CONNECT_CHANGE_QS = 0x10000000
    OBD_CONNECT_CKSUM = 0x20000000
    OBD_CONNECT_FID = 0x40000000
    OBD_CONNECT_VBR = 0x80000000
    OBD_CONNECT_LOV_V3 = 0x100000000
    OBD_CONNECT_GRANT_SHRINK = 0x200000000, since("1.8.9", "2.0")
    OBD_CONNECT_SKIP_ORPHAN = 0x400000000, since("1.8.9", "2.0")
    OBD_CONNECT_MAX_EASIZE = 0x800000000, since("1.8.9", "2.0")
    OBD_CONNECT_FULL20 = 0x1000000000, since("1.8.9", "2.0")
    OBD_CONNECT_LAYOUTLOCK = 0x2000000000, since("1.8.9", "2.0")
    OBD_CONNECT_64BITHASH = 0x4000000000, since("1.8.9", "2.1")
    OBD_CONNECT_MAXBYTES = 0x8000000000, since("1.8.9", "2.1")
    OBD_CONNECT_IMP_RECOV = 0x10000000000, since("1.8.9", "2.1.6", "2.2")
    OBD_CONNECT_JOBSTATS = 0x20000000000, since("1.8.9", "2.1.6", "2.2")
    OBD_CONNECT_UMASK = 0x40000000000, since("1.8.9", "2.1.6", "2.3")
    OBD_CONNECT_EINPROGRESS = 0x80000000000, since("1.8.9", "2.1.6", "2.2")
    OBD_CONNECT_GRANT_PARAM = 0x100000000000, was(0x40000000000, "2.2").since("1.8.9", "2.1.6", "2.3")
    OBD_CONNECT_FLOCK_OWNER = 0x200000000000, since("1.8.9", "2.1.6", "2.4")
    OBD_CONNECT_LVB_TYPE = 0x400000000000, since("1.8.9", "2.1.6", "2.3")
    OBD_CONNECT_NANOSEC_TIME = 0x800000000000, was(0x200000000000, "2.3").since("1.8.9", "2.1.6", "2.4")
    OBD_CONNECT_LIGHTWEIGHT = 0x1000000000000, since("1.8.9", "2.1.6", "2.3")
    OBD_CONNECT_SHORTIO = 0x2000000000000, since("2.1.6", "2.3")
    OBD_CONNECT_PINGLESS = 0x4000000000000, since("1.8.9", "2.1.6", "2.4")
    OBD_CONNECT_FLOCK_DEAD = 0x8000000000000, since("2.5")
    OBD_CONNECT_DISP_STRIPE = 0x10000000000000, since("2.5.3", "2.6")
    OBD_CONNECT_OPEN_BY_FID = 0x20000000000000, since("2.6")
    OBD_CONNECT_LFSCK = 0x40000000000000, since("2.6")
    OBD_CONNECT_UNLINK_CLOSE = 0x100000000000000, since("2.6")
    OBD_CONNECT_MULTIMODRPCS = 0x200000000000000, since("2.8")
    OBD_CONNECT_DIR_STRIPE = 0x400000000000000, since("2.6")
    OBD_CONNECT_SUBTREE = 0x800000000000000, since("2.8")
    OBD_CONNECT_LOCK_AHEAD = 0x1000000000000000, since("2.8").until("2.11")
    OBD_CONNECT_LOCKAHEAD_OLD = 0x1000000000000000, since("2.11").until("2.14")
    OBD_CONNECT_BULK_MBITS = 0x2000000000000000, since("2.8")
    OBD_CONNECT_OBDOPACK = 0x4000000000000000, since("2.8")
    OBD_CONNECT_FLAGS2 = 0x8000000000000000, since("2.8")
    LRU_RESIZE_CONNECT_FLAG = 0x2000000


class ObdCksum(WireFlag):
    """Bulk checksum types."""

    OBD_CKSUM_CRC32 = 1
    OBD_CKSUM_ADLER = 2
    OBD_CKSUM_CRC32C = 4, since("2.2")
    OBD_CKSUM_T10IP512 = 0x10, since("2.12")
    OBD_CKSUM_T10IP4K = 0x20, since("2.12")
    OBD_CKSUM_T10CRC512 = 0x40, since("2.12")
    OBD_CKSUM_T10CRC4K = 0x80, since("2.12")


class ObdConnect2(WireFlag, since="2.16"):
    """ocd_connect_flags2."""

    OBD_CONNECT2_FILE_SECCTX = 1, since("2.9")
    OBD_CONNECT2_LOCKAHEAD = 2, since("2.11")
    OBD_CONNECT2_DIR_MIGRATE = 4, since("2.12")
    OBD_CONNECT2_SUM_STATFS = 8, since("2.12")
    OBD_CONNECT2_OVERSTRIPING = 0x10, since("2.13")
    OBD_CONNECT2_FLR = 0x20, since("2.11")
    OBD_CONNECT2_WBC_INTENTS = 0x40, since("2.12")
    OBD_CONNECT2_LOCK_CONVERT = 0x80, since("2.12")
    OBD_CONNECT2_ARCHIVE_ID_ARRAY = 0x100, since("2.12")
    OBD_CONNECT2_INC_XID = 0x200, since("2.13")
    OBD_CONNECT2_SELINUX_POLICY = 0x400, since("2.12.9", "2.13")
    OBD_CONNECT2_LSOM = 0x800, since("2.12.9", "2.13")
    OBD_CONNECT2_PCC = 0x1000, since("2.13")
    OBD_CONNECT2_CRUSH = 0x2000, since("2.14")
    OBD_CONNECT2_ASYNC_DISCARD = 0x4000, since("2.12.9", "2.13")
    OBD_CONNECT2_ENCRYPT = 0x8000, since("2.12.9", "2.13")
    OBD_CONNECT2_FIDMAP = 0x10000, since("2.12.9", "2.14")
    OBD_CONNECT2_GETATTR_PFID = 0x20000, since("2.12.9", "2.14")
    OBD_CONNECT2_LSEEK = 0x40000, since("2.14")
    OBD_CONNECT2_DOM_LVB = 0x80000, since("2.14")
    OBD_CONNECT2_REP_MBITS = 0x100000, since("2.15")
    OBD_CONNECT2_MODE_CONVERT = 0x200000, since("2.15")
    OBD_CONNECT2_BATCH_RPC = 0x400000, since("2.15")
    OBD_CONNECT2_PCCRO = 0x800000, since("2.15")
    OBD_CONNECT2_MNE_TYPE = 0x1000000
    OBD_CONNECT2_LOCK_CONTENTION = 0x2000000
    OBD_CONNECT2_ATOMIC_OPEN_LOCK = 0x4000000, since("2.15")
    OBD_CONNECT2_ENCRYPT_NAME = 0x8000000, since("2.15.8", "2.16")
    OBD_CONNECT2_DMV_IMP_INHERIT = 0x20000000
    OBD_CONNECT2_ENCRYPT_FID2PATH = 0x40000000
    OBD_CONNECT2_REPLAY_CREATE = 0x80000000
    OBD_CONNECT2_LARGE_NID = 0x100000000
    OBD_CONNECT2_COMPRESS = 0x200000000
    OBD_CONNECT2_UNALIGNED_DIO = 0x400000000
    OBD_CONNECT2_CONN_POLICY = 0x800000000
    OBD_CONNECT2_SPARSE = 0x1000000000, since("2.17")
    OBD_CONNECT2_MIRROR_ID_FIX = 0x2000000000
    OBD_CONNECT2_UPDATE_LAYOUT = 0x4000000000, since("2.17")
    OBD_CONNECT2_READDIR_OPEN = 0x8000000000, since("2.17")
    OBD_CONNECT2_FLR_EC = 0x10000000000, since("2.17")
    OBD_CONNECT2_FLR_IMMED_MIRROR = 0x20000000000, since("2.17")
    OBD_CONNECT2_NO_APPEND = 0x40000000000, since("2.17")


# obd_connect_supported
ECHO_CONNECT_SUPPORTED: Final = constant(0x8000000040000000, was(0).was(0x40000000, "2.12").since("2.15"))
MDS_CONNECT_SUPPORTED: Final = constant(0x18340f1a1, was(0x18340f1a1).was(0x8018340f1a1, "1.8.9").until("2.0"))
OST_CONNECT_SUPPORTED: Final = constant(
    0xa0475afee344003e, was(0xb34c047e).was(0x804b34c047e, "1.8.9").was(0x16b36f047e, "2.0")
    .was(0x8d6b36f047e, "2.1.6").was(0xd6b36f047e, "2.1").was(0xdeb36f047e, "2.2").was(0xadeb36f047e, "2.3")
    .was(0x54afee367047e, "2.4").was(0x454afee367047e, "2.6").was(0x20454afee347047e, "2.8")
    .was(0x20455afee344047e, "2.9").was(0xa0475afee344047e, "2.11").was(0xa0475afee344007e, "2.15").since("2.17")
)  # fmt: skip
MGS_CONNECT_SUPPORTED: Final = constant(
    0xa004011001002060, was(0x1000020).was(0x1001000020, "2.0").was(0x11001000020, "2.2").was(0x11005000020, "2.3")
    .was(0x4011005000020, "2.4").was(0x2004011005000020, "2.8").was(0x2004011005002020, "2.10")
    .was(0x2004011001002020, "2.12.9", "2.14").was(0xa004011001002020, "2.15").since("2.17")
)  # fmt: skip
MDT_CONNECT_SUPPORTED: Final = constant(
    0xae7f5e7be744d3b9, was(0x11c7f3b1a1, "2.0").was(0x51c7f7d1a1, "2.1").was(0xc51c7f7d1a1, "2.1.6")
    .was(0xa51c7f7d1a1, "2.3").was(0x54e71c7f7d1a1, "2.4").was(0x1d4e79c7f7d1a1, "2.5.3")
    .was(0xd4e79c7f7d1a1, "2.5").was(0x47d4e79c7f7d1a1, "2.6").was(0x267d4e79c747d1a1, "2.8")
    .was(0xae7d4e79c744d1a1, "2.9").was(0xae7d4e79c744d3a1, "2.10").was(0xae7f5e79e744d7b9, "2.11").since("2.15")
)  # fmt: skip

# cksum_types
OBD_CKSUM_RESERVED: Final = constant(8, since("2.12"))

# lustre_idl.h
OBD_CKSUM_T10_TOP: Final = constant(2, since("2.12"))
