"""Struct rules of requests that are a mds_body in 1.8 and something else in 2.0: setxattr and close."""

from __future__ import annotations

from errno import EOPNOTSUPP, EOVERFLOW
from typing import Any, Final

from lustre_codecs.enums import metadata
from lustre_codecs.enums.metadata import MdsReint
from lustre_codecs.structs.attributes import MdsBody, MdtIoepoch
from lustre_codecs.structs.reint import MdtRecSetattr, MdtRecSetxattr
from lustre_codecs.translation.ends import new_numbers, pair
from lustre_codecs.translation.records import NO_GROUP, fid
from lustre_wire.translate.rules import (
    FieldRule,
    computed,
    looks_at,
    only_new,
    only_old,
    paddings,
    renamed,
)

MdsAttr = new_numbers(metadata.MdsAttr)
ObdMd = new_numbers(metadata.ObdMd)


def _xattr_valid_down(value: int, rec: Any, work: Any) -> int:
    """2.0 clients say with OBD_MD_FLCTIME that they send the time."""
    value = int(value)
    if value & ObdMd.OBD_MD_FLCTIME:
        work.drop("sx_valid", ObdMd.OBD_MD_FLCTIME)
    return value & ~ObdMd.OBD_MD_FLCTIME


def _group_down(value: int, rec: Any, work: Any) -> int:
    if value == NO_GROUP:
        work.drop("sx_suppgid1", value)
        return 0
    if not value:
        work.change("sx_suppgid1", value)
    return value


def _group_up(value: int, body: Any, work: Any) -> int:
    return value or NO_GROUP


def _reint(opcode: MdsReint) -> Any:
    return lambda value, body, work: opcode


_NOT_IN_XATTR: Final = (
    "size", "mtime", "atime", "ctime", "blocks", "io_epoch", "ino", "mode", "uid", "gid", "rdev", "nlink", "generation",
    "aclsize", "max_mdsize", "max_cookiesize",
)  # fmt: skip

SETXATTR: Final = pair(
    MdsBody, MdtRecSetxattr,
    only_new("sx_opcode", up=_reint(MdsReint.REINT_SETXATTR), down=lambda value, rec, work: None),
    fid("fid1", "sx_fid"), only_old("fid2", loss="fid2"), only_old("handle", loss="handle"),
    computed("valid", "sx_valid", up=lambda value, body, work: int(value), down=_xattr_valid_down),
    renamed("fsuid", "sx_fsuid"), renamed("fsgid", "sx_fsgid"), renamed("capability", "sx_cap"),
    renamed("eadatasize", "sx_size"), renamed("flags", "sx_flags"),
    computed("suppgid", "sx_suppgid1", up=_group_up, down=_group_down, note="none is 0 in 1.8, -1 in 2.0"),
    only_new("sx_suppgid2", default=NO_GROUP, loss="suppgid2"),
    only_new("sx_time", loss="time"),
    only_new("sx_fsuid_h", errno=EOVERFLOW), only_new("sx_fsgid_h", errno=EOVERFLOW),
    only_new("sx_suppgid1_h", errno=EOVERFLOW), only_new("sx_suppgid2_h", errno=EOVERFLOW),
    *(only_old(name, loss=name) for name in _NOT_IN_XATTR),
)  # fmt: skip

#: Attributes of a close: bit of mds_body.valid, bits of sa_valid; any of these says the same on the way back. 2.0 acts
#: on the *_SET time bits alone (mdt_attr_valid_xlate), its clients send nothing else; 1.8.9 sends the plain ones.
_CLOSE_BITS: Final = (
    (ObdMd.OBD_MD_FLATIME, MdsAttr.MDS_ATTR_ATIME | MdsAttr.MDS_ATTR_ATIME_SET),
    (ObdMd.OBD_MD_FLMTIME, MdsAttr.MDS_ATTR_MTIME | MdsAttr.MDS_ATTR_MTIME_SET),
    (ObdMd.OBD_MD_FLCTIME, MdsAttr.MDS_ATTR_CTIME | MdsAttr.MDS_ATTR_CTIME_SET),
    (ObdMd.OBD_MD_FLSIZE, MdsAttr.MDS_ATTR_SIZE),
    (ObdMd.OBD_MD_FLBLOCKS, MdsAttr.MDS_ATTR_BLOCKS),
    (ObdMd.OBD_MD_FLFLAGS, MdsAttr.MDS_ATTR_ATTR_FLAG),
)
_CLOSE_OLD: Final = sum(int(there) for there, _ in _CLOSE_BITS)
_CLOSE_NEW: Final = sum(int(back) for _, back in _CLOSE_BITS)
#: sa_valid bits of a 2.0 close that change nothing: a close does not set mode or owner.
_CLOSE_IDLE: Final = MdsAttr.MDS_ATTR_MODE | MdsAttr.MDS_ATTR_UID | MdsAttr.MDS_ATTR_GID


def _close_valid_up(value: int, body: Any, work: Any) -> int:
    value = int(value)
    if value & ~_CLOSE_OLD:
        work.lose("valid", "valid", value & ~_CLOSE_OLD)
    return sum(int(back) for there, back in _CLOSE_BITS if value & there)


def _close_valid_down(value: int, rec: Any, work: Any) -> int:
    value = int(value)
    rest = value & ~_CLOSE_NEW
    if rest & ~_CLOSE_IDLE:
        work.lose("valid", "sa_valid", rest & ~_CLOSE_IDLE)
    if rest & _CLOSE_IDLE:
        work.drop("sa_valid", rest & _CLOSE_IDLE)
    if value & _CLOSE_NEW != sum(int(back) for _, back in _CLOSE_BITS if value & back):
        work.change("sa_valid", value)
    return sum(int(there) for there, back in _CLOSE_BITS if value & back)


def _credential(name: str, field: str) -> FieldRule:
    @looks_at(asks=f"{name} is_nobody" if name == "fsuid" else name)
    def up(value: Any, body: Any, work: Any) -> int:
        made: int = getattr(work.session, name) or 0
        if name == "fsuid" and work.session.is_nobody:
            work.lose("credentials", field, made)
        else:
            work.fill(field, made)
        return made

    def down(value: int, rec: Any, work: Any) -> None:
        if value:
            work.drop(field, value)

    return only_new(field, up=up, down=down, note="from the session, else lost (credentials); 1.8 has none")


def _unused(name: str) -> FieldRule:
    def down(value: int, rec: Any, work: Any) -> None:
        if value:
            work.drop(name, value)

    return only_new(name, down=down, note="dropped: a close does not set it")


def _close_group_down(value: int, rec: Any, work: Any) -> None:
    if value != NO_GROUP:
        work.drop("sa_suppgid", value)


def _close_opcode_down(value: int, rec: Any, work: Any) -> None:
    if value != MdsReint.REINT_SETATTR:
        work.drop("sa_opcode", int(value))


_NOT_IN_CLOSE: Final = (
    "fid2", "ino", "fsuid", "fsgid", "capability", "mode", "uid", "gid", "rdev", "nlink", "generation", "suppgid",
    "eadatasize", "aclsize", "max_mdsize", "max_cookiesize",
)  # fmt: skip

CLOSE_ATTRIBUTES: Final = pair(
    MdsBody, MdtRecSetattr,
    only_new("sa_opcode", up=_reint(MdsReint.REINT_SETATTR), down=_close_opcode_down),
    fid("fid1", "sa_fid"),
    computed("valid", "sa_valid", up=_close_valid_up, down=_close_valid_down,
             note="OBD_MD_FL* <-> MDS_ATTR_*; plain and _SET time bits up, either of them down"),
    renamed("atime", "sa_atime"), renamed("mtime", "sa_mtime"), renamed("ctime", "sa_ctime"),
    renamed("size", "sa_size"), renamed("blocks", "sa_blocks"), renamed("flags", "sa_attr_flags"),
    _credential("fsuid", "sa_fsuid"), _credential("fsgid", "sa_fsgid"), _credential("capability", "sa_cap"),
    only_new("sa_suppgid", default=NO_GROUP, down=_close_group_down),
    only_new("sa_fsuid_h", errno=EOVERFLOW), only_new("sa_fsgid_h", errno=EOVERFLOW),
    only_new("sa_suppgid_h", errno=EOVERFLOW),
    _unused("sa_mode"), _unused("sa_uid"), _unused("sa_gid"),
    *(only_old(name, loss=name) for name in _NOT_IN_CLOSE),
    *paddings("padding_4"),
    partial=True,
)  # fmt: skip

#: mdt_ioepoch.flags: what says nothing in a close, what is said about size on MDS, and what asks for it.
_EPOCH_CLOSE: Final = 0x4
_SOM_AU: Final = 0x80


def _close_flags_down(value: int, epoch: Any, work: Any) -> None:
    if value & _SOM_AU:
        work.impossible(EOPNOTSUPP, "1.8 keeps no size on the MDS", "flags")
    if value & ~_EPOCH_CLOSE:
        work.lose("SOM", "flags", value & ~_EPOCH_CLOSE)
    elif value:
        work.drop("flags", value)


CLOSE_EPOCH: Final = pair(
    MdsBody, MdtIoepoch,
    only_new("ioepoch", loss="ioepoch"), only_old("io_epoch", loss="ioepoch"),
    only_new("flags", down=_close_flags_down, loss="SOM", note="EPOCH_CLOSE dropped, SOM_AU impossible"),
    partial=True,
)  # fmt: skip

RULES: Final = (SETXATTR, CLOSE_ATTRIBUTES, CLOSE_EPOCH)
