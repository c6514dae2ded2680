"""What 2.0 sends to the copy tools of hierarchical storage: a kernel-user message with a list of actions.

It is the value of LDLM_SET_INFO's key "hsm_send", in the MDT's own byte order. Source: libcfs_kernelcomm.h and
lustre_user.h of 2.0.0.
"""

from __future__ import annotations

from typing import Annotated, Final

from lustre_codecs.common.structs import LuFid
from lustre_codecs.v2_0 import constants as k
from lustre_wire.schema import U8, U32, Chars, Flex, Magic, Shown, WireEnum, u8, u16, u32, u64, wire_struct

KUC_MAGIC: Final = 0x191C
HAL_VERSION: Final = 1


class KucTransport(WireEnum):
    """kuc_transport: whom the message is for."""

    KUC_TRANSPORT_GENERIC = 1
    KUC_TRANSPORT_HSM = 2
    KUC_TRANSPORT_CHANGELOG = 3


class HsmAction(WireEnum):
    """hai_action: what a copy tool is to do."""

    HSMA_ARCHIVE = k.HSMA_ARCHIVE
    HSMA_RESTORE = k.HSMA_RESTORE
    HSMA_REMOVE = k.HSMA_REMOVE
    HSMA_CANCEL = k.HSMA_CANCEL


@wire_struct(size=8, swab=False)
class KucHdr:
    """Head of a message from the kernel to a user process; `kuc_msglen` in bytes, with this head."""

    kuc_magic: Annotated[u16, Shown.HEX, Magic(KUC_MAGIC)] = KUC_MAGIC
    kuc_transport: Annotated[KucTransport, U8] = KucTransport(0)
    kuc_flags: u8 = 0
    kuc_msgtype: u16 = 0
    kuc_msglen: u16 = 0


@wire_struct(size=16, swab=False)
class HsmActionList:
    """Head of a list of actions; the file system's name with its NUL follows, rounded up to 8 bytes."""

    hal_version: u32 = HAL_VERSION
    hal_count: u32 = 0
    hal_archive_num: u32 = 0
    padding1: u32 = 0
    hal_fsname: Annotated[bytes, Flex(Chars(1))] = b""


@wire_struct(size=56, swab=False)
class HsmActionItem:
    """One action on a file; `hai_len` counts it with its data, the next one begins at a multiple of 8 bytes."""

    hai_len: u32 = 0
    hai_action: Annotated[HsmAction, U32] = HsmAction(0)
    hai_fid: LuFid = LuFid()
    hai_cookie: Annotated[u64, Shown.HEX] = 0
    hai_extent_start: u64 = 0
    hai_extent_end: Annotated[u64, Shown.END] = 0
    hai_gid: u64 = 0
    hai_data: Annotated[bytes, Flex(Chars(1))] = b""
