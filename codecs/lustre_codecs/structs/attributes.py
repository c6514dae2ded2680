"""Attributes of files and file systems.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from lustre_codecs.enums.metadata import LustreFl, MdsInodeFl, ObdMd
from lustre_codecs.enums.ost import OsState
from lustre_codecs.structs.fid import LlFid, LuFid, LustreHandle
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import as_sent, in32, in64, pad32, pad64, padding, since, until, was
from lustre_wire.schema.shorthand import bytes32, hex32, hex64, id32, mode32, time64
from lustre_wire.schema.shown import Given, Shown
from lustre_wire.schema.types import U32, Raw, u32, u64

#: A field that the valid bits of a body say is there.
_in_1_8 = partial(Given, "valid", zero=False)
_said = partial(Given, "mbo_valid", zero=False)


@history(size={"1.8": 168, "2.2": None}, text=("", "{fid1}", " {fid2}", " {mode}", " size {size}", " handle {handle}"))
class MdsBody(Wire):
    """Attributes of a file as an MDS of 1.8 knows it."""

    fid1: LlFid
    fid2: LlFid
    handle: as_sent[LustreHandle]
    valid: in64[ObdMd]
    size: Annotated[u64, _in_1_8(ObdMd.OBD_MD_FLSIZE)]
    mtime: Annotated[time64, _in_1_8(ObdMd.OBD_MD_FLMTIME)]
    atime: Annotated[time64, _in_1_8(ObdMd.OBD_MD_FLATIME)]
    ctime: Annotated[time64, _in_1_8(ObdMd.OBD_MD_FLCTIME)]
    blocks: Annotated[u64, _in_1_8(ObdMd.OBD_MD_FLBLOCKS)]
    io_epoch: u64
    ino: u64
    fsuid: id32
    fsgid: id32
    capability: hex32
    mode: Annotated[mode32, _in_1_8(ObdMd.OBD_MD_FLMODE | ObdMd.OBD_MD_FLTYPE)]
    uid: Annotated[id32, _in_1_8(ObdMd.OBD_MD_FLUID)]
    gid: Annotated[id32, _in_1_8(ObdMd.OBD_MD_FLGID)]
    flags: in32[MdsInodeFl]  # those of a request have no bit
    rdev: Annotated[u32, Shown.DEVICE, _in_1_8(ObdMd.OBD_MD_FLRDEV)]
    nlink: Annotated[u32, _in_1_8(ObdMd.OBD_MD_FLNLINK)]
    generation: Annotated[u32, _in_1_8(ObdMd.OBD_MD_FLGENER)]
    suppgid: id32
    eadatasize: u32
    aclsize: Annotated[u32, _in_1_8(ObdMd.OBD_MD_FLACL)]
    max_mdsize: Annotated[u32, _in_1_8(ObdMd.OBD_MD_FLMODEASIZE)]
    max_cookiesize: Annotated[u32, _in_1_8(ObdMd.OBD_MD_FLMODEASIZE)]
    padding_4: pad32 = was(type=u32).since("2.0")


@history(
    size=216, prefix=("mbo_", "2.6"),
    text=("", "{mbo_fid1}", " {mbo_fid2}", " {mbo_mode}", " size {mbo_size}", " handle {mbo_open_handle}"),
)  # fmt: skip
class MdtBody(Wire):
    """Attributes of a file as a 2.0 metadata target knows it."""

    mbo_fid1: LuFid
    mbo_fid2: LuFid
    mbo_open_handle: as_sent[LustreHandle] = was("mbo_handle").since("2.12")
    mbo_valid: in64[ObdMd]
    mbo_size: Annotated[u64, _said(ObdMd.OBD_MD_FLSIZE | ObdMd.OBD_MD_FLLAZYSIZE)]
    mbo_mtime: Annotated[time64, _said(ObdMd.OBD_MD_FLMTIME)]
    mbo_atime: Annotated[time64, _said(ObdMd.OBD_MD_FLATIME)]
    mbo_ctime: Annotated[time64, _said(ObdMd.OBD_MD_FLCTIME)]
    mbo_blocks: Annotated[u64, _said(ObdMd.OBD_MD_FLBLOCKS | ObdMd.OBD_MD_FLLAZYBLOCKS)]
    mbo_ioepoch: u64                       = until("2.11")
    mbo_version: u64                       = since("2.11")
    mbo_ino: u64                           = until("2.4")
    mbo_t_state: Annotated[u64, _said(ObdMd.OBD_MD_TSTATE)] = padding("unused1", "2.4").since("2.5")
    mbo_fsuid: id32
    mbo_fsgid: id32
    mbo_capability: hex32
    mbo_mode: Annotated[mode32, _said(ObdMd.OBD_MD_FLMODE | ObdMd.OBD_MD_FLTYPE)]
    mbo_uid: Annotated[id32, _said(ObdMd.OBD_MD_FLUID)]
    mbo_gid: Annotated[id32, _said(ObdMd.OBD_MD_FLGID)]
    mbo_flags: Annotated[LustreFl, U32, _said(ObdMd.OBD_MD_FLFLAGS)] = was(type=in32[MdsInodeFl]).since("2.2")
    mbo_rdev: Annotated[u32, Shown.DEVICE, _said(ObdMd.OBD_MD_FLRDEV)]
    mbo_nlink: Annotated[u32, _said(ObdMd.OBD_MD_FLNLINK)]
    mbo_generation: u32                    = until("2.4")
    mbo_layout_gen: u32                    = padding("unused2", "2.4", swab=True).since("2.11")
    mbo_suppgid: id32
    mbo_eadatasize: u32
    mbo_aclsize: Annotated[u32, _said(ObdMd.OBD_MD_FLACL | ObdMd.OBD_MD_FLRMTPERM)]
    mbo_max_mdsize: Annotated[u32, _said(ObdMd.OBD_MD_FLMODEASIZE)]
    mbo_max_cookiesize: Annotated[u32, _said(ObdMd.OBD_MD_FLMODEASIZE)] = until("2.8", padding="unused3")
    mbo_padding_4: u32                     = until("2.0")
    mbo_uid_h: u32                         = since("2.0")
    mbo_gid_h: u32                         = since("2.0")
    mbo_padding_5: pad64                   = until("2.0")
    mbo_projid: Annotated[u32, _said(ObdMd.OBD_MD_FLPROJID)] = padding("padding_5", "2.0").since("2.10")
    mbo_dom_size: Annotated[u64, _said(ObdMd.OBD_MD_DOM_SIZE)] = padding("padding_6").since("2.11")
    mbo_dom_blocks: Annotated[u64, _said(ObdMd.OBD_MD_DOM_SIZE)] = padding("padding_7").since("2.11")
    mbo_btime: Annotated[time64, _said(ObdMd.OBD_MD_FLBTIME)] = padding("padding_8").since("2.14")
    mbo_padding_9: pad64
    mbo_padding_10: pad64


@history(size={"1.8": 24, "2.0": None}, swab=False, text=("handle {handle}", " epoch {ioepoch}"))
class MdtEpoch(Wire):
    """Open handle and I/O epoch, as the 1.8.9 client sends them to a 2.0 server."""

    handle: LustreHandle
    ioepoch: u64
    flags: u32
    padding: u32


@history(size={"2.0": 24}, text=("handle {mio_open_handle}", " epoch {ioepoch}"))
class MdtIoepoch(Wire):
    """Open handle and I/O epoch; from 2.8 the handle alone."""

    mio_open_handle: as_sent[LustreHandle] = was("handle").was("mio_handle", "2.8").since("2.12")
    ioepoch: u64                           = until("2.8", padding="mio_unused1")
    flags: u32                             = until("2.8", padding="mio_unused2")
    mio_padding: pad32                     = was("padding").since("2.8")


@history(size={"1.8": 8, "2.2": None})
class MdsStatusReq(Wire):
    """Identity of a remote client at connect; no current code sends it."""

    flags: u32
    repbuf: u32


@history(size=144, text="blocks {os_bfree} of {os_blocks} free, files {os_ffree} of {os_files} free")
class ObdStatfs(Wire):
    """File system statistics: blocks of `os_bsize` bytes, and files (lustre_user.h)."""

    os_type: hex64
    os_blocks: u64
    os_bfree: u64
    os_bavail: u64
    os_files: u64
    os_ffree: u64
    os_fsid: Annotated[bytes, Raw(40)]
    os_bsize: bytes32
    os_namelen: u32
    os_maxbytes: u64
    os_state: in32[OsState]
    os_fprecreated: u32 = padding("os_spare1").since("2.4")
    os_granted: u32     = padding("os_spare2").since("2.12")
    os_spare3: pad32
    os_spare4: pad32
    os_spare5: pad32
    os_spare6: pad32
    os_spare7: pad32
    os_spare8: pad32
    os_spare9: pad32


@history(size={"2.0": 20, "2.2": None}, text="uid {rp_uid} may {rp_access_perm:o}")
class MdsRemotePerm(Wire):
    """Permissions of a remote user (32-bit ids)."""

    rp_uid: id32
    rp_gid: id32
    rp_fsuid: id32
    rp_fsgid: id32
    rp_access_perm: u32


@history(size={"2.0": 28, "2.2": 32, "2.9": None}, text="uid {rp_uid} may {rp_access_perm:o}")
class MdtRemotePerm(Wire):
    """Permissions of a remote user."""

    rp_uid: id32
    rp_gid: id32
    rp_fsuid: id32
    rp_fsuid_h: u32
    rp_fsgid: id32
    rp_fsgid_h: u32
    rp_access_perm: u32
    rp_padding: u32 = since("2.2")
