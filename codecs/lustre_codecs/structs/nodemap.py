"""Node maps, as the MGS keeps and hands them out (lustre_disk.h).

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated, Final

from lustre_codecs.enums.nodemap import (
    NmFilesetFlags,
    NmFlags,
    NmFlags2,
    NodemapClusterSubid,
    NodemapIdxType,
    NodemapRaisePrivs,
    NodemapRbacRoles,
)
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import called, in8, in64, over, padding, since, was
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import Chars, Raw, u8, u16, u32, u64
from lustre_wire.schema.union import WireUnion


@history(
    size={"2.9": 32}, byteorder="little", swab=False,
    text=(
        "{ncr_name} squash uid {ncr_squash_uid} gid {ncr_squash_gid}", " project {ncr_squash_projid}", " {ncr_flags}",
    ),
)  # fmt: skip
class NodemapClusterRec(Wire):
    """A node map: its flags and whom it squashes to."""

    ncr_name: Annotated[bytes, Chars(17)]
    ncr_flags: in8[NmFlags]
    ncr_padding1_: u16 = called("ncr_padding1").until("2.16")
    ncr_flags2: in8[NmFlags2] = since("2.16")
    ncr_padding1: u8 = since("2.16")
    ncr_squash_projid: u32 = padding("ncr_padding2").since("2.15")
    ncr_squash_uid: u32
    ncr_squash_gid: u32


@history(size={"2.16": 32}, byteorder="little", swab=False)
class NodemapClusterRolesRec(Wire):
    """Roles of a node map, and what children may raise."""

    ncrr_roles: in64[NodemapRbacRoles]
    ncrr_privs: in64[NodemapRaisePrivs] = padding("ncrr_padding1").since("2.17")
    ncrr_roles_raise: in64[NodemapRbacRoles] = padding("ncrr_padding2").since("2.17")
    ncrr_unused1: u64 = was("ncrr_padding3").since("2.17")


@history(size={"2.17": 32}, byteorder="little", swab=False)
class NodemapFilesetHeaderRec(Wire):
    """Head of a fileset."""

    nfhr_flags: in8[NmFilesetFlags]
    nfr_padding1: u8
    nfr_padding2: u16
    nfr_padding3: u32
    nfr_padding4: u64
    nfr_padding5: u64
    nfr_padding6: u64


@history(size={"2.17": 32}, byteorder="little", swab=False)
class NodemapFilesetRec(Wire):
    """One piece of the path of a fileset."""

    nfr_path_fragment: Annotated[bytes, Chars(28)]
    nfr_fragment_id: u16
    nfr_padding1: u16


@history(size={"2.9": 32}, byteorder="little", swab=False, text="active {ngr_is_active}")
class NodemapGlobalRec(Wire):
    """Whether node maps are active."""

    ngr_is_active: u8
    ngr_padding1: u8
    ngr_padding2: u16
    ngr_padding3: u32
    ngr_padding4: u64
    ngr_padding5: u64
    ngr_padding6: u64


@history(size={"2.9": 32}, byteorder="little", swab=False, text="to {nir_id_fs}")
class NodemapIdRec(Wire):
    """What an id is mapped to."""

    nir_id_fs: u32
    nir_padding1: u32
    nir_padding2: u64
    nir_padding3: u64
    nir_padding4: u64


@history(size={"2.17": 32}, byteorder="little", swab=False)
class NodemapOffsetRec(Wire):
    """Ranges of ids of a node map."""

    nor_start_uid: u32
    nor_limit_uid: u32
    nor_start_gid: u32
    nor_limit_gid: u32
    nor_start_projid: u32
    nor_limit_projid: u32
    nor_padding1: u32
    nor_padding2: u32


@history(size={"2.16": 32}, byteorder="little", swab=False)
class NodemapRange2Rec(Wire):
    """A range of NIDs, by prefix."""

    nrr_nid_prefix: Annotated[bytes, Raw(20)]
    nrr_padding1: u32
    nrr_padding2: u32
    nrr_padding3: u16
    nrr_padding4: u8
    nrr_netmask: u8


@history(size={"2.9": 32}, byteorder="little", swab=False, text="{nrr_start_nid} to {nrr_end_nid}")
class NodemapRangeRec(Wire):
    """A range of NIDs, by first and last."""

    nrr_start_nid: Annotated[u64, Shown.NID]
    nrr_end_nid: Annotated[u64, Shown.NID]
    nrr_padding1: u64
    nrr_padding2: u64


@history(size={"2.17": 32}, byteorder="little", swab=False)
class NodemapUserCapabilitiesRec(Wire):
    """Capabilities of users of a node map."""

    nucr_caps: u64
    nucr_type: u8
    nucr_padding1: u8
    nucr_padding2: u16
    nucr_padding3: u32
    nucr_padding4: u64
    nucr_padding5: u64


@history(size={"2.9": 8}, byteorder="little", swab=False, text="{nk_nodemap_id:#x}/{nk_unused}")
class NodemapKey(Wire):
    """Key of a record: the node map, and what of it."""

    nk_nodemap_id: u32
    nk_unused: u32
    nk_range_id: u32      = over("nk_unused")
    nk_id_client: u32     = over("nk_unused")
    nk_cluster_subid: u32 = over("nk_unused").since("2.16")


@history(size={"2.9": 32}, byteorder="little")
class NodemapRec(WireUnion):
    """A record of a node map: its key's index says which."""

    ncr: NodemapClusterRec
    nrr: NodemapRangeRec
    nrr2: NodemapRange2Rec              = since("2.16")
    nir: NodemapIdRec
    ngr: NodemapGlobalRec
    ncrr: NodemapClusterRolesRec        = since("2.16")
    nor: NodemapOffsetRec               = since("2.17")
    nfhr: NodemapFilesetHeaderRec       = since("2.17")
    nfr: NodemapFilesetRec              = since("2.17")
    nucr: NodemapUserCapabilitiesRec    = since("2.17")


def _index(kind: NodemapIdxType) -> int:
    """A record's index, where its key has it."""
    return int(kind) << 28


_INDEX: Final = 0xF << 28
_CLUSTER: Final = _index(NodemapIdxType.NODEMAP_CLUSTER_IDX)
_SUBID: Final = 0xFFFFFFFF << 32
#: Which member of a record counts: the first whose bits of the key are these. A fileset begins with its head, every 256
#: records; the others are pieces of its path.
RECORD_OF_KEY: Final = (
    *(
        (_INDEX, _index(kind), member)
        for kind, member in (
            (NodemapIdxType.NODEMAP_RANGE_IDX, "nrr"), (NodemapIdxType.NODEMAP_NID_MASK_IDX, "nrr2"),
            (NodemapIdxType.NODEMAP_UIDMAP_IDX, "nir"), (NodemapIdxType.NODEMAP_GIDMAP_IDX, "nir"),
            (NodemapIdxType.NODEMAP_PROJIDMAP_IDX, "nir"), (NodemapIdxType.NODEMAP_GLOBAL_IDX, "ngr"),
        )
    ),
    *(
        (_INDEX | _SUBID, _CLUSTER | int(part) << 32, member)
        for part, member in (
            (NodemapClusterSubid.NODEMAP_CLUSTER_REC, "ncr"),
            (NodemapClusterSubid.NODEMAP_CLUSTER_ROLES, "ncrr"),
            (NodemapClusterSubid.NODEMAP_CLUSTER_OFFSET, "nor"),
            (NodemapClusterSubid.NODEMAP_CLUSTER_CAPS, "nucr"),
        )
    ),
    (_INDEX | 0xFF << 32, _CLUSTER, "nfhr"),
    (_INDEX, _CLUSTER, "nfr"),
)  # fmt: skip
