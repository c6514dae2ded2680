"""Hierarchical storage, and caches of files on clients (lustre_user.h).

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.hsm import (
    HAL_VERSION,
    KUC_MAGIC,
    HsmAction,
    HsmProgressFlags,
    HsmProgressStates,
    HsmStates,
    HsmUserAction,
    HssValid,
    KucTransport,
)
from lustre_codecs.structs.fid import LuFid
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import as_sent, in8, in16, in32, in64, pad32, pad64, since, until, usual, was
from lustre_wire.schema.shorthand import hex64
from lustre_wire.schema.shown import Magic, Shown
from lustre_wire.schema.types import AS_SENT, U32, U64, Chars, Flex, u8, u16, u32, u64


@history(size={"2.0": 8}, swab=False)
class KucHdr(Wire):
    """Head of a message from the kernel to a user process; `kuc_msglen` in bytes, with this head (libcfs)."""

    kuc_magic: Annotated[u16, Shown.HEX, Magic(KUC_MAGIC)] = usual(KUC_MAGIC)
    kuc_transport: in8[KucTransport]
    kuc_flags: u8
    kuc_msgtype: u16
    kuc_msglen: u16


@history(size={"2.1": 16}, text="[{offset}+{length}]")
class HsmExtent(Wire):
    """A range of a file, in bytes."""

    offset: u64
    length: u64


@history(size={"2.0": 16, "2.1": 24, "2.4": 32}, swab=False)
class HsmActionList(Wire):
    """Head of a list of actions; the file system's name with its NUL follows, rounded up to 8 bytes."""

    hal_version: u32 = usual(HAL_VERSION)
    hal_count: u32
    hal_compound_id: u64 = since("2.1")
    hal_flags: u64       = since("2.4")
    hal_archive_id: u32  = was("hal_archive_num").since("2.4")
    padding1: u32
    hal_fsname: Annotated[bytes, Flex(Chars(1))]


@history(
    size={"2.0": 56, "2.4": 72}, swab=False,
    text=("{hai_action} {hai_fid}", " data {hai_dfid}", " {hai_extent}", " cookie {hai_cookie}"),
)  # fmt: skip
class HsmActionItem(Wire):
    """One action on a file; `hai_len` counts it with its data, the next one begins at a multiple of 8 bytes."""

    hai_len: u32
    hai_action: in32[HsmAction]
    hai_fid: LuFid
    hai_dfid: LuFid                                = since("2.4")
    hai_extent: HsmExtent                          = since("2.1")
    hai_cookie: hex64
    hai_extent_start: u64                          = until("2.1")
    hai_extent_end: Annotated[u64, Shown.END]      = until("2.1")
    hai_gid: u64
    hai_data: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.4": 24}, byteorder="little", text="archive {hsm_arch_id} version {hsm_arch_ver} flags {hsm_flags}")
class HsmAttrs(Wire):
    """The attribute trusted.hsm of a file."""

    hsm_compat: u32
    hsm_flags: in32[HsmStates]
    hsm_arch_id: u64
    hsm_arch_ver: u64


@history(size={"2.4": 24}, text=("{hca_action} {hca_state}", " {hca_location}"))
class HsmCurrentAction(Wire):
    """What is being done with a file."""

    hca_state: in32[HsmProgressStates]
    hca_action: in32[HsmUserAction]
    hca_location: HsmExtent


@history(size={"2.1": 44, "2.4": 48}, swab=False)
class HsmProgress(Wire):
    """How far a copy tool is."""

    hp_fid: LuFid
    hp_cookie: u64
    hp_extent: HsmExtent
    hp_flags: in16[HsmProgressFlags]
    hp_errval: u16
    padding: u32 = since("2.4")


@history(
    size={"2.4": 64},
    text=("{hpk_fid} cookie {hpk_cookie}", " {hpk_extent}", " {hpk_flags}", " error {hpk_errval}"),
)  # fmt: skip
class HsmProgressKernel(Wire):
    """`HsmProgress` as the client sends it on."""

    hpk_fid: LuFid
    hpk_cookie: u64
    hpk_extent: HsmExtent
    hpk_flags: in16[HsmProgressFlags]
    hpk_errval: u16
    hpk_padding1: pad32
    hpk_data_version: Annotated[int, U64, AS_SENT]
    hpk_padding2: pad64


@history(
    size={"2.4": 24},
    text=("{hr_action} of {hr_itemcount:count file}", " archive {hr_archive_id}", " flags {hr_flags}"),
)  # fmt: skip
class HsmRequest(Wire):
    """Head of a request of a user."""

    hr_action: in32[HsmUserAction]
    hr_archive_id: u32
    hr_flags: u64
    hr_itemcount: u32
    hr_data_len: u32


@history(size={"2.4": 24}, text=("set {hss_setmask} clear {hss_clearmask}", " archive {hss_archive_id}"))
class HsmStateSet(Wire):
    """Flags of a file to set and to clear."""

    hss_valid: in32[HssValid]
    hss_archive_id: u32
    hss_setmask: in64[HsmStates]
    hss_clearmask: in64[HsmStates]


@history(size={"2.5": 48}, swab=False)
class HsmUserImport(Wire):
    """Attributes of a file to import."""

    hui_size: u64
    hui_atime: u64
    hui_mtime: u64
    hui_atime_ns: u32
    hui_mtime_ns: u32
    hui_uid: u32
    hui_gid: u32
    hui_mode: u32
    hui_archive_id: u32


@history(size={"2.1": 32}, text=("{hui_fid}", " {hui_extent}"))
class HsmUserItem(Wire):
    """A file, and which part of it."""

    hui_fid: LuFid
    hui_extent: HsmExtent


@history(size={"2.1": 16, "2.4": 24}, swab=False)
class HsmUserRequest(Wire):
    """A request of a user: what to do with which files."""

    hur_action: in32[HsmUserAction] = until("2.4")
    hur_request: HsmRequest = since("2.4")
    hur_archive_num: u32 = until("2.4")
    hur_itemcount: u32 = until("2.4")
    hur_data_len: u32 = until("2.4")
    hur_user_item: Annotated[list[HsmUserItem], Flex(HsmUserItem)]


@history(
    size={"2.1": 32},
    text=("states {hus_states}", " archive {hus_archive_id}", " {hus_in_progress_action} {hus_in_progress_state}"),
)  # fmt: skip
class HsmUserState(Wire):
    """State of a file, as a user sees it."""

    hus_states: in32[HsmStates]
    hus_archive_id: u32 = was("hus_archive_num").since("2.4")
    hus_in_progress_state: Annotated[HsmProgressStates, U32, AS_SENT]
    hus_in_progress_action: Annotated[HsmUserAction, U32, AS_SENT]
    hus_in_progress_location: as_sent[HsmExtent]
    hus_extended_info: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.13": 8}, swab=False)
class LuPccAttach(Wire):
    """A file to put into a persistent client cache."""

    pcca_type: u32
    pcca_id: u32


@history(size={"2.13": 4}, swab=False)
class LuPccDetach(Wire):
    """A file to take out of a persistent client cache."""

    pccd_flags: u32


@history(size={"2.13": 20}, swab=False)
class LuPccDetachFid(Wire):
    """A file to take out of a persistent client cache, by FID."""

    pccd_fid: LuFid
    pccd_flags: u32


@history(size={"2.13": 4112}, swab=False)
class LuPccState(Wire):
    """State of a file in a persistent client cache."""

    pccs_type: u32
    pccs_open_count: u32
    pccs_flags: u32
    pccs_namelen: u32
    pccs_path: Annotated[bytes, Chars(4096)]
