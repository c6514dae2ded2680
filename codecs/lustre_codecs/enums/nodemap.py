"""Node maps: which identities and rights a client has (lustre_disk.h, lustre_user.h)."""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.enums import WireEnum, WireFlag
from lustre_wire.schema.margins import since, was
from lustre_wire.schema.numbers import constant


class NmFlags(WireFlag, since="2.16"):
    """ncr_flags."""

    NM_FL_ALLOW_ROOT_ACCESS = 1
    NM_FL_TRUST_CLIENT_IDS = 2
    NM_FL_DENY_UNKNOWN = 4
    NM_FL_MAP_UID = 8
    NM_FL_MAP_GID = 0x10
    NM_FL_ENABLE_AUDIT = 0x20
    NM_FL_FORBID_ENCRYPT = 0x40
    NM_FL_MAP_PROJID = 0x80


class NmFlags2(WireFlag, since="2.17"):
    """ncr_flags2."""

    NM_FL2_READONLY_MOUNT = 1, since("2.16")
    NM_FL2_DENY_MOUNT = 2
    NM_FL2_FILESET_USE_IAM = 4
    NM_FL2_GSS_IDENTIFY = 8


class NmFilesetFlags(WireFlag):
    """Flags of a fileset."""

    NM_FS_FL_READONLY = 1, since("2.17")


class NmRangeFlags(WireFlag, since="2.17"):
    """Which list a range is of."""

    NM_RANGE_FL_REG = 0
    NM_RANGE_FL_BAN = 1


class NodemapTreeType(WireEnum, since="2.6"):
    """Direction of a mapping."""

    NODEMAP_FS_TO_CLIENT = 0
    NODEMAP_CLIENT_TO_FS = 1


class NodemapClusterSubid(WireEnum, since="2.16"):
    """Which record of a cluster."""

    NODEMAP_CLUSTER_REC = 0
    NODEMAP_CLUSTER_ROLES = 1
    NODEMAP_CLUSTER_OFFSET = 2, since("2.17")
    NODEMAP_CLUSTER_CAPS = 3, since("2.17")
    NODEMAP_FILESET = 0x200, since("2.17")


class NodemapIdxType(WireEnum, since="2.9"):
    """Which index a key is of."""

    NODEMAP_EMPTY_IDX = 0
    NODEMAP_CLUSTER_IDX = 1
    NODEMAP_RANGE_IDX = 2
    NODEMAP_UIDMAP_IDX = 3
    NODEMAP_GIDMAP_IDX = 4
    NODEMAP_PROJIDMAP_IDX = 5, since("2.15")
    NODEMAP_NID_MASK_IDX = 6, since("2.16")
    NODEMAP_GLOBAL_IDX = 0xf


class NodemapIdType(WireEnum, since="2.6"):
    """What kind of identity is mapped."""

    NODEMAP_UID = 0
    NODEMAP_GID = 1
    NODEMAP_PROJID = 2, since("2.15")


class NodemapMappingModes(WireFlag, since="2.15"):
    """What is mapped."""

    NODEMAP_MAP_BOTH_LEGACY = 0
    NODEMAP_MAP_UID = 1
    NODEMAP_MAP_GID = 2
    NODEMAP_MAP_BOTH = 3, was(0, "2.10").since("2.15")
    NODEMAP_MAP_PROJID = 4
    NODEMAP_MAP_ALL = 7


class NodemapRaisePrivs(WireFlag, since="2.17"):
    """Which rights a child node map may raise."""

    NODEMAP_RAISE_PRIV_RAISE = 1
    NODEMAP_RAISE_PRIV_ADMIN = 2
    NODEMAP_RAISE_PRIV_TRUSTED = 4
    NODEMAP_RAISE_PRIV_DENY_UNKN = 8
    NODEMAP_RAISE_PRIV_RO = 0x10
    NODEMAP_RAISE_PRIV_RBAC = 0x20
    NODEMAP_RAISE_PRIV_FORBID_ENC = 0x40
    NODEMAP_RAISE_PRIV_CAPS = 0x80
    NODEMAP_RAISE_PRIV_DENY_MNT = 0x100
    NODEMAP_RAISE_PRIV_NONE = 0xfffffe00
    NODEMAP_RAISE_PRIV_ALL = 0xffffffff


class NodemapRbacRoles(WireFlag, since="2.16"):
    """Which roles a client may take."""

    NODEMAP_RBAC_FILE_PERMS = 1
    NODEMAP_RBAC_DNE_OPS = 2
    NODEMAP_RBAC_QUOTA_OPS = 4
    NODEMAP_RBAC_BYFID_OPS = 8
    NODEMAP_RBAC_CHLG_OPS = 0x10
    NODEMAP_RBAC_FSCRYPT_ADMIN = 0x20
    NODEMAP_RBAC_SERVER_UPCALL = 0x40, since("2.17")
    NODEMAP_RBAC_IGN_ROOT_PRJQUOTA = 0x80, since("2.17")
    NODEMAP_RBAC_HSM_OPS = 0x100, since("2.17")
    NODEMAP_RBAC_LOCAL_ADMIN = 0x200, since("2.17")
    NODEMAP_RBAC_POOL_QUOTA_OPS = 0x400, since("2.17")
    NODEMAP_RBAC_NONE = 0xfffff800, was(0xffffffc0, "2.16").since("2.17")
    NODEMAP_RBAC_ALL = 0xffffffff


# lustre_disk.h
LUSTRE_NODEMAP_FILESET_FRAGMENT_SIZE: Final = constant(0x1c, since("2.17"))
LUSTRE_NODEMAP_NAME_LENGTH: Final = constant(0x10, since("2.6"))

# nodemap
NM_TYPE_MASK: Final = constant(0xfffffff, since("2.9"))
NM_TYPE_SHIFT: Final = constant(0x1c, since("2.9"))
