"""Updates between targets, and how servers index things."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since
from lustre_wire.schema.numbers import constant


class IdxInfoFlags(WireFlag, since="2.4"):
    """ii_flags: how keys and records of an index look."""

    II_FL_NOHASH = 1
    II_FL_VARKEY = 2
    II_FL_VARREC = 4
    II_FL_NONUNQ = 8
    II_FL_NOKEY = 0x10, since("2.6")


class UpdateType(WireEnum, since="2.6"):
    """What an update does: ou_type."""

    OBJ_CREATE = 1, since("2.4").until("2.6")
    OUT_CREATE = 1
    OBJ_DESTROY = 2, since("2.4").until("2.6")
    OUT_DESTROY = 2
    OBJ_REF_ADD = 3, since("2.4").until("2.6")
    OUT_REF_ADD = 3
    OBJ_REF_DEL = 4, since("2.4").until("2.6")
    OUT_REF_DEL = 4
    OBJ_ATTR_SET = 5, since("2.4").until("2.6")
    OUT_ATTR_SET = 5
    OBJ_ATTR_GET = 6, since("2.4").until("2.6")
    OUT_ATTR_GET = 6
    OBJ_XATTR_SET = 7, since("2.4").until("2.6")
    OUT_XATTR_SET = 7
    OBJ_XATTR_GET = 8, since("2.4").until("2.6")
    OUT_XATTR_GET = 8
    OBJ_INDEX_LOOKUP = 9, since("2.4").until("2.6")
    OUT_INDEX_LOOKUP = 9
    OBJ_INDEX_INSERT = 0xa, since("2.4").until("2.6")
    OUT_INDEX_INSERT = 0xa
    OBJ_INDEX_DELETE = 0xb, since("2.4").until("2.6")
    OUT_INDEX_DELETE = 0xb
    OUT_WRITE = 0xc
    OUT_XATTR_DEL = 0xd
    OUT_PUNCH = 0xe, since("2.8")
    OUT_READ = 0xf, since("2.8")
    OUT_NOOP = 0x10, since("2.8")
    OUT_XATTR_LIST = 0x11, since("2.12")


class UpdateFlag(WireFlag, since="2.6"):
    """ou_flags."""

    UPDATE_FL_OST = 1
    UPDATE_FL_SYNC = 2
    UPDATE_FL_COMMITTED = 4
    UPDATE_FL_NOLOG = 8


class UpdateRecordsFlag(WireFlag):
    """ur_flags."""

    UPDATE_RECORD_CONTINUE = 1, since("2.8")


class BatchUpdateCmd(WireEnum):
    """What a batched sub-request is."""

    BUT_GETATTR = 1, since("2.16")


# lustre_idl.h
BUT_HEADER_MAGIC: Final = constant(0xbadf0001, since("2.16"))
BUT_REPLY_MAGIC: Final = constant(0xad0001, since("2.16"))
BUT_REQUEST_MAGIC: Final = constant(0xbade0001, since("2.16"))
IDX_INFO_MAGIC: Final = constant(0x3d37cc37, since("2.4"))
LIP_HDR_SIZE: Final = constant(0x10, since("2.4"))
LIP_MAGIC: Final = constant(0x8a6d6b6c, since("2.4"))
LU_PAGE_SIZE: Final = constant(0x1000, since("2.1"))

# Updates
OUT_UPDATE_HEADER_MAGIC: Final = constant(0xbddf0001, since("2.8"))
OUT_UPDATE_MAX_INLINE_SIZE: Final = constant(0x1000, since("2.8"))
UPDATE_REPLY_MAGIC: Final = constant(0xbd0002, since("2.6"))
UPDATE_REQUEST_MAGIC: Final = constant(0xbdde0002, since("2.6"))
OUT_START: Final = constant(0, since("2.8"))

# First opcode of each service, and the one after the last
OUT_UPDATE_LAST_OPC: Final = constant(0x3e9, since("2.6"))
UPDATE_LAST_OPC: Final = constant(0x3e9, since("2.4").until("2.6"))
