"""Numbers of metadata operations, directories and attributes.

Numbers are the newest ones; the margin says what they were and where a name comes and goes. Source:
`fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0 for what it does not hold.
"""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, until, was

POSIX_ACL_XATTR_VERSION: Final = 2


class ObdMd(WireFlag):
    """Which attributes a body holds or asks for."""

    OBD_MD_FLID = 1
    OBD_MD_FLATIME = 2
    OBD_MD_FLMTIME = 4
    OBD_MD_FLCTIME = 8
    OBD_MD_FLSIZE = 0x10
    OBD_MD_FLBLOCKS = 0x20
    OBD_MD_FLBLKSZ = 0x40
    OBD_MD_FLMODE = 0x80
    OBD_MD_FLTYPE = 0x100
    OBD_MD_FLUID = 0x200
    OBD_MD_FLGID = 0x400
    OBD_MD_FLFLAGS = 0x800
    OBD_MD_FLNLINK = 0x2000
    OBD_MD_FLGENER = 0x4000, until("2.12")
    OBD_MD_FLRDEV = 0x10000
    OBD_MD_FLEASIZE = 0x20000
    OBD_MD_LINKNAME = 0x40000
    OBD_MD_FLHANDLE = 0x80000
    OBD_MD_FLCKSUM = 0x100000
    OBD_MD_FLQOS = 0x200000, until("2.12")
    OBD_MD_FLCOOKIE = 0x800000, until("2.8")
    OBD_MD_FLGROUP = 0x1000000
    OBD_MD_FLFID = 0x2000000
    OBD_MD_FLEPOCH = 0x4000000, until("2.12")
    OBD_MD_FLGRANT = 0x8000000
    OBD_MD_FLDIREA = 0x10000000
    OBD_MD_FLUSRQUOTA = 0x20000000
    OBD_MD_FLGRPQUOTA = 0x40000000
    OBD_MD_FLMODEASIZE = 0x80000000
    OBD_MD_MDS = 0x100000000
    OBD_MD_REINT = 0x200000000, until("2.12")
    OBD_MD_MEA = 0x400000000
    OBD_MD_FLXATTR = 0x1000000000
    OBD_MD_FLXATTRLS = 0x2000000000
    OBD_MD_FLXATTRRM = 0x4000000000
    OBD_MD_FLACL = 0x8000000000
    OBD_MD_FLRMTPERM = 0x10000000000, until("2.9")
    OBD_MD_FLMDSCAPA = 0x20000000000, until("2.12")
    OBD_MD_FLOSSCAPA = 0x40000000000, until("2.12")
    OBD_MD_FLCKSPLIT = 0x80000000000, until("2.12")
    OBD_MD_FLCROSSREF = 0x100000000000
    OBD_MD_FLRMTLSETFACL = 0x1000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_FLRMTLGETFACL = 0x2000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_FLRMTRSETFACL = 0x4000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_FLRMTRGETFACL = 0x8000000000000, since("1.8.9", "2.0").until("2.9")
    OBD_MD_MDTIDX = 0x800000000, since("2.0").until("2.4")
    OBD_MD_FLGETATTRLOCK = 0x200000000000, since("2.0")


class MdsReint(WireEnum):
    """First word of a metadata record."""

    REINT_SETATTR = 1
    REINT_CREATE = 2
    REINT_LINK = 3
    REINT_UNLINK = 4
    REINT_RENAME = 5
    REINT_OPEN = 6
    REINT_SETXATTR = 7


class MdsAttr(WireFlag):
    """Which attributes a setattr record sets."""

    MDS_ATTR_MODE = 1
    MDS_ATTR_UID = 2
    MDS_ATTR_GID = 4
    MDS_ATTR_SIZE = 8
    MDS_ATTR_ATIME = 0x10
    MDS_ATTR_MTIME = 0x20
    MDS_ATTR_CTIME = 0x40
    MDS_ATTR_ATIME_SET = 0x80
    MDS_ATTR_MTIME_SET = 0x100
    MDS_ATTR_FORCE = 0x200
    MDS_ATTR_ATTR_FLAG = 0x400
    MDS_ATTR_KILL_SUID = 0x800
    MDS_ATTR_KILL_SGID = 0x1000
    MDS_ATTR_CTIME_SET = 0x2000
    MDS_ATTR_FROM_OPEN = 0x4000
    MDS_ATTR_BLOCKS = 0x8000


class MdsOpen(WireFlag):
    """Open flags of a record; the low bits are those of open(2)."""

    FMODE_READ = 1, until("2.11")
    FMODE_WRITE = 2, until("2.11")
    MDS_FMODE_EXEC = 4
    MDS_OPEN_CREAT = 0x40
    MDS_OPEN_EXCL = 0x80
    MDS_OPEN_TRUNC = 0x200
    MDS_OPEN_APPEND = 0x400
    MDS_OPEN_SYNC = 0x1000
    MDS_OPEN_DIRECTORY = 0x10000
    MDS_OPEN_DELAY_CREATE = 0x1000000
    MDS_OPEN_OWNEROVERRIDE = 0x2000000
    MDS_OPEN_JOIN_FILE = 0x4000000, until("2.16")
    MDS_CREATE_RMT_ACL = 0x8000000, since("1.8.9", "2.0").until("2.4")
    MDS_CREATE_SLAVE_OBJ = 0x10000000, since("1.8.9", "2.0").until("2.4")
    MDS_OPEN_LOCK = 0x20000000
    MDS_OPEN_HAS_EA = 0x40000000
    MDS_OPEN_HAS_OBJS = 0x80000000
    FMODE_EPOCH = 0x40000, since("2.0").until("2.17")
    FMODE_TRUNC = 0x80000, since("2.0").until("2.17")
    FMODE_SOM = 0x100000, since("2.0").until("2.17")
    FMODE_CLOSED = 0, since("2.0").until("2.17")
    MDS_OPEN_CREATED = 8, since("2.0")
    MDS_OPEN_CROSS = 0x10, since("2.0").until("2.12")


class MdsInodeFl(WireFlag):
    """Inode flags of a body or a setattr record."""

    MDS_SYNC_FL = 8, until("2.2")
    MDS_IMMUTABLE_FL = 0x10, until("2.2")
    MDS_APPEND_FL = 0x20, until("2.2")
    MDS_NOATIME_FL = 0x80, until("2.2")
    MDS_DIRSYNC_FL = 0x10000, until("2.2")


class MdsInodelock(WireFlag):
    """Bits of an inode lock."""

    MDS_INODELOCK_LOOKUP = 1
    MDS_INODELOCK_UPDATE = 2
    MDS_INODELOCK_OPEN = 4


class Disposition(WireFlag):
    """lock_policy_res1 of an intent's reply: what the server did."""

    DISP_IT_EXECD = 1
    DISP_LOOKUP_EXECD = 2
    DISP_LOOKUP_NEG = 4
    DISP_LOOKUP_POS = 8
    DISP_OPEN_CREATE = 0x10
    DISP_OPEN_OPEN = 0x20
    DISP_ENQ_COMPLETE = 0x400000
    DISP_ENQ_OPEN_REF = 0x800000
    DISP_ENQ_CREATE_REF = 0x1000000
    DISP_OPEN_LOCK = 0x2000000


class ItOp(WireFlag):
    """opc of an ldlm_intent."""

    IT_OPEN = 1
    IT_CREAT = 2
    IT_READDIR = 4
    IT_GETATTR = 8
    IT_LOOKUP = 0x10
    IT_UNLINK = 0x20, until("2.12")
    IT_TRUNC = 0x40, until("2.12")
    IT_GETXATTR = 0x80


class MdOpFlags(WireFlag):
    """Flags of an I/O epoch."""

    MF_SOM_CHANGE = 1, since("2.0").until("2.8")
    MF_EPOCH_OPEN = 2, since("2.0").until("2.8")
    MF_EPOCH_CLOSE = 4, since("2.0").until("2.8")
    MF_MDC_CANCEL_FID1 = 1, was(8, "2.0").since("2.8")
    MF_MDC_CANCEL_FID2 = 0x2, was(0x10, "2.0").since("2.8")
    MF_MDC_CANCEL_FID3 = 0x4, was(0x20, "2.0").since("2.8")
    MF_MDC_CANCEL_FID4 = 0x8, was(0x40, "2.0").since("2.8")
    MF_SOM_AU = 0x80, since("2.0").until("2.8")
    MF_GETATTR_LOCK = 0x100, since("2.0").until("2.8")


class MdsMay(WireFlag):
    """Permission bits of a remote permission."""

    MAY_CREATE = 0x80, since("2.0").until("2.17")
    MAY_LINK = 0x100, since("2.0").until("2.17")
    MAY_UNLINK = 0x200, since("2.0").until("2.17")
    MAY_RENAME_SRC = 0x400, since("2.0").until("2.17")
    MAY_RENAME_TAR = 0x800, since("2.0").until("2.17")
    MAY_VTX_PART = 0x1000, since("2.0").until("2.17")
    MAY_VTX_FULL = 0x2000, since("2.0").until("2.17")
    MAY_RGETFACL = 0x4000, since("2.0")


class LuDirentAttrs(WireFlag):
    """Which attributes follow the name of a directory entry."""

    LUDA_FID = 1, since("1.8.9", "2.0")
    LUDA_TYPE = 2, since("1.8.9", "2.0")


class LuDirpageFlags(WireFlag):
    """ldp_flags."""

    LDF_EMPTY = 1


class AclTag(WireEnum):
    """e_tag of a POSIX ACL entry: whom it is about (linux/posix_acl.h)."""

    ACL_USER_OBJ = 1
    ACL_USER = 2
    ACL_GROUP_OBJ = 4
    ACL_GROUP = 8
    ACL_MASK = 0x10
    ACL_OTHER = 0x20


class AclPerm(WireFlag):
    """e_perm of a POSIX ACL entry (linux/posix_acl.h)."""

    ACL_READ = 4, until("2.17")
    ACL_WRITE = 2, until("2.17")
    ACL_EXECUTE = 1, until("2.17")
