"""Struct rules: mds_body and mdt_body, and the metadata records (lustre_idl.h of 1.8.9 and 2.0.0)."""

from __future__ import annotations

from errno import EOPNOTSUPP, EOVERFLOW, EPROTO
from typing import Any, Final

from lustre_codecs.common.constants import MdsReint
from lustre_codecs.common.structs import LlFid
from lustre_codecs.interop.identity import fid_down, fid_up
from lustre_codecs.v1_8 import structs as old
from lustre_codecs.v2_0 import constants
from lustre_codecs.v2_0 import structs as new
from lustre_wire.translate.rules import (
    Bits,
    FieldRule,
    StructRule,
    bits,
    computed,
    numbers,
    only_new,
    only_old,
    paddings,
    pair,
    renamed,
)

MdsAttr = numbers(constants.MdsAttr)
MdsOpen = numbers(constants.MdsOpen)
ObdMd = numbers(constants.ObdMd)

#: "No supplementary group"; 0 would be root's.
NO_GROUP: Final = 0xFFFFFFFF
S_IFMT: Final = 0o170000

#: In 1.8 marks flags as those of the ext file systems; the same flags unmarked are the kernel's S_* ones.
EXT_FLAGS: Final = 0x80000000
#: S_* flag of the kernel -> flag of the ext file systems: SYNC, NOATIME, APPEND, IMMUTABLE, DIRSYNC.
INODE_FLAGS: Final = {0x1: 0x8, 0x2: 0x80, 0x4: 0x20, 0x8: 0x10, 0x40: 0x10000}
#: Requests whose `valid` 1.8 clients fill with OBD_MD_FLID themselves, where it is harmless unless alone with FLFLAGS.
_NAMES_FID: Final = frozenset(
    {"MDS_GETATTR", "MDS_GETATTR_NAME", "LDLM_ENQUEUE/INTENT_GETATTR", "LDLM_ENQUEUE/INTENT_LOOKUP"}
)
_SAYS_NO_FID: Final = frozenset({"MDS_PIN", "MDS_UNPIN", "MDS_GETSTATUS"})
#: What a directory page is to hold: FIDs and types (LUDA_FID, LUDA_TYPE).
LUDA_FID_TYPE: Final = 3

_REMOTE: Final = (
    ObdMd.OBD_MD_FLRMTPERM | ObdMd.OBD_MD_FLRMTLSETFACL | ObdMd.OBD_MD_FLRMTLGETFACL | ObdMd.OBD_MD_FLRMTRSETFACL
    | ObdMd.OBD_MD_FLRMTRGETFACL
)  # fmt: skip
_CAPA: Final = ObdMd.OBD_MD_FLMDSCAPA | ObdMd.OBD_MD_FLOSSCAPA
_NEW_BITS: Final = Bits(
    loss={
        _CAPA: "capa", _REMOTE: "remote", ObdMd.OBD_MD_MDTIDX: "mdtidx", ObdMd.OBD_MD_FLGETATTRLOCK: "getattrlock",
    }
)  # fmt: skip


def _valid_up(value: int, body: Any, work: Any) -> int:
    """2.0 reads fid1 only where OBD_MD_FLID says that it is there (mdt_body_unpack)."""
    value = int(value)
    if work.reply or value & ObdMd.OBD_MD_FLID or work.operation in _SAYS_NO_FID:
        return value
    if not (body.fid1.id or body.fid1.generation):
        return value
    work.change("valid", value)
    return value | ObdMd.OBD_MD_FLID


def _valid_down(value: int, body: Any, work: Any) -> int:
    """1.8 compares the `valid` of a getattr with OBD_MD_FLFLAGS alone (mds_getattr_internal)."""
    value = int(value)
    if value & _NEW_BITS.watched:
        value = work.lose_bits("valid", value, _NEW_BITS)
    if work.reply or not value & ObdMd.OBD_MD_FLID:
        return value
    rest = value & ~ObdMd.OBD_MD_FLID
    if work.operation in _NAMES_FID and rest != ObdMd.OBD_MD_FLFLAGS:
        return value
    work.change("valid", value)
    return rest


def _ino_down(value: int, body: Any, work: Any) -> int:
    """A 2.0 server puts object id and version here (mdt_pack_attr2body); a reply of 1.8 repeats the words of fid1."""
    return _repeated(value, body, work, "ino", 0)


def _generation_down(value: int, body: Any, work: Any) -> int:
    """See `_ino_down`."""
    return _repeated(value, body, work, "generation", 1)


def _repeated(value: int, body: Any, work: Any, name: str, word: int) -> int:
    fid = body.fid1
    if not work.reply or not (fid.f_seq or fid.f_oid):
        return value
    known = work.session.inode_of(fid.f_seq, fid.f_oid)
    made = known[word] if known is not None else (fid.f_seq, fid.f_oid)[word]
    if made != value:
        work.change(name, value)
    return int(made)


def _flags_up(value: int, body: Any, work: Any) -> int:
    if not work.reply or not int(body.valid) & ObdMd.OBD_MD_FLFLAGS:
        return value
    made = value & ~EXT_FLAGS
    if not value & EXT_FLAGS:
        made = sum(ext for flag, ext in INODE_FLAGS.items() if value & flag)
        rest = value & ~sum(INODE_FLAGS)
        if rest:
            work.drop("flags", rest)
    if made != value:
        work.change("flags", value)
    return made


def _flags_down(value: int, body: Any, work: Any) -> int:
    """Marks the flags of a reply, and asks for marked ones in the requests whose answer may have them."""
    asks = work.operation in _NAMES_FID if not work.reply else int(body.valid) & ObdMd.OBD_MD_FLFLAGS
    if not asks or value & EXT_FLAGS:
        return value
    work.change("flags", value)
    return value | EXT_FLAGS


def _size(value: int, body: Any, work: Any) -> int:
    """In readpage a position in the directory, which is a byte offset in 1.8 and a hash in 2.0."""
    if work.reply or work.operation != "MDS_READPAGE" or not value:
        return value
    work.lose("cursor", "size", value)
    return 0


def _mode_up(value: int, body: Any, work: Any) -> int:
    if work.reply or work.operation != "MDS_READPAGE":
        return value
    work.fill("mode", LUDA_FID_TYPE)
    return LUDA_FID_TYPE


def _mode_down(value: int, body: Any, work: Any) -> int:
    if work.reply or work.operation != "MDS_READPAGE":
        return value
    if value != LUDA_FID_TYPE:
        work.drop("mode", value)
    return 0


_fid1: Final = fid_down("fid1")


def _fid1_down(value: Any, body: Any, work: Any) -> LlFid:
    """The type, which a fid of 1.8 repeats, is in the same reply where the server says so."""
    made: LlFid = _fid1(value, body, work)
    if work.reply and made.id and not made.f_type and int(body.valid) & ObdMd.OBD_MD_FLTYPE:
        made.f_type = body.mode & S_IFMT
    return made


def _epoch_down(value: int, body: Any, work: Any) -> int:
    """Size on MDS does not exist in 1.8."""
    if value and not work.reply:
        work.lose("ioepoch", "ioepoch", value)
        return 0
    return value


BODY: Final = pair(
    old.MdsBody, new.MdtBody,
    computed("fid1", "fid1", up=fid_up("fid1"), down=_fid1_down, note="its IGIF, or as the session knows"),
    computed("fid2", "fid2", up=fid_up("fid2"), down=fid_down("fid2"), note="as fid1"),
    computed("valid", "valid", up=_valid_up, down=_valid_down, note="OBD_MD_FLID added / taken out in requests"),
    computed("size", "size", up=_size, down=_size, note="a readpage's position is lost (cursor)"),
    computed("io_epoch", "ioepoch", down=_epoch_down, note="in requests lost (ioepoch) unless 0"),
    computed("ino", "ino", down=_ino_down, note="in replies to 1.8 made of fid1"),
    computed("generation", "generation", down=_generation_down, note="in replies to 1.8 made of fid1"),
    computed("mode", "mode", up=_mode_up, down=_mode_down, note="in readpage what the page is to hold"),
    computed("flags", "flags", up=_flags_up, down=_flags_down, note="marked as ext flags in 1.8, always such in 2.0"),
    only_new("uid_h", errno=EOVERFLOW),
    only_new("gid_h", loss="gid_h"),
    *paddings("padding_4", "padding_5 padding_6 padding_7 padding_8 padding_9 padding_10"),
)  # fmt: skip


def _ids(prefix: str, *, second: bool) -> tuple[FieldRule, ...]:
    """Who acts: common to all records; `second` where 1.8 has both supplementary groups."""
    groups = (
        [only_new(f"{prefix}_suppgid1_h", errno=EOVERFLOW), only_new(f"{prefix}_suppgid2_h", errno=EOVERFLOW)]
        if prefix != "sa" else [only_new("sa_suppgid_h", errno=EOVERFLOW)]
    )  # fmt: skip
    if not second and prefix != "sa":
        groups += [
            renamed(f"{prefix}_suppgid", f"{prefix}_suppgid1"),
            only_new(f"{prefix}_suppgid2", default=NO_GROUP, loss="suppgid2"),
        ]
    return (
        only_new(f"{prefix}_fsuid_h", errno=EOVERFLOW), only_new(f"{prefix}_fsgid_h", errno=EOVERFLOW), *groups,
    )  # fmt: skip


def _fid(old_name: str, new_name: str = "") -> FieldRule:
    name = new_name or old_name
    return computed(old_name, name, up=fid_up(old_name), down=fid_down(name), note="ll_fid <-> its IGIF")


def _bias(prefix: str) -> FieldRule:
    return only_new(f"{prefix}_bias", errno=EOPNOTSUPP)


def _replayed_fid_up(value: Any, rec: Any, work: Any) -> Any:
    """See `lustre_codecs.interop.operations`: what is left of it depends on the name, and on the session."""
    return fid_up("cr_replayfid")(value, rec, work)


_CREATE_FLAGS: Final = MdsOpen.MDS_CREATE_RMT_ACL | MdsOpen.MDS_CREATE_SLAVE_OBJ


def _create_flags_up(value: int, rec: Any, work: Any) -> int:
    value = int(value)
    if value & MdsOpen.MDS_OPEN_JOIN_FILE:
        work.impossible(EOPNOTSUPP, "2.0 joins no files", "cr_flags")
    if rec.cr_opcode == MdsReint.REINT_OPEN and not value:
        work.impossible(EPROTO, "2.0 opens nothing without flags", "cr_flags")
    return _committed(value, work)


def _create_flags_down(value: int, rec: Any, work: Any) -> int:
    value = int(value)
    if rec.cr_opcode != MdsReint.REINT_OPEN and value & _CREATE_FLAGS:
        work.impossible(EOPNOTSUPP, f"1.8 has no flags {value & _CREATE_FLAGS:#x}", "cr_flags")
    inside = MdsOpen.FMODE_EPOCH | MdsOpen.FMODE_TRUNC | MdsOpen.FMODE_SOM
    if value & inside:
        work.impossible(EOPNOTSUPP, f"1.8 has no open mode {value & inside:#x}", "cr_flags")
    server = value & (MdsOpen.MDS_OPEN_CREATED | MdsOpen.MDS_OPEN_CROSS)
    if server:
        work.drop("cr_flags", server)
    return _committed(value & ~server, work)


_DONE_ONCE: Final = MdsOpen.MDS_OPEN_CREAT | MdsOpen.MDS_OPEN_EXCL | MdsOpen.MDS_OPEN_TRUNC


def _committed(value: int, work: Any) -> int:
    """A replayed open whose transaction is on disk opens what is there: it must not create or truncate again."""
    done = value & _DONE_ONCE
    if not done or not work.replay or work.source.transno > work.session.last_committed:
        return value
    work.drop("cr_flags", done, "committed")
    return value & ~done


CREATE: Final = pair(
    old.MdsRecCreate, new.MdtRecCreate,
    _fid("cr_fid", "cr_fid1"),
    computed("cr_replayfid", "cr_fid2", up=_replayed_fid_up, down=lambda value, rec, work: LlFid(),
             note="the new file: see the operation"),
    computed("cr_flags", "cr_flags", up=_create_flags_up, down=_create_flags_down,
             note="2.0's server-side bits dropped; join, epoch and split flags impossible"),
    *_ids("cr", second=False),
    _bias("cr"),
    FieldRule("", "cr_old_handle", note="from the session in a replayed open"),
    FieldRule("", "cr_ioepoch", note="from the session in a replayed open"),
    *paddings("cr_padding_1 cr_padding_2 cr_padding_3 cr_padding_4 cr_padding_5",
              "cr_padding_1 cr_padding_2 cr_padding_3 cr_padding_4"),
)  # fmt: skip

LINK: Final = pair(
    old.MdsRecLink, new.MdtRecLink,
    _fid("lk_fid1"), _fid("lk_fid2"), *_ids("lk", second=True), _bias("lk"),
    *paddings("lk_padding_1 lk_padding_2 lk_padding_3 lk_padding_4",
              "lk_padding_1 lk_padding_2 lk_padding_3 lk_padding_4 lk_padding_5 lk_padding_6 lk_padding_7 lk_padding_8 "
              "lk_padding_9"),
)  # fmt: skip

UNLINK: Final = pair(
    old.MdsRecUnlink, new.MdtRecUnlink,
    _fid("ul_fid1"), _fid("ul_fid2"), *_ids("ul", second=False), _bias("ul"),
    *paddings("ul_padding_1 ul_padding_2 ul_padding_3 ul_padding_4",
              "ul_padding_2 ul_padding_3 ul_padding_4 ul_padding_5 ul_padding_6 ul_padding_7 ul_padding_8 "
              "ul_padding_9"),
)  # fmt: skip


def _rename_mode(value: int, rec: Any, work: Any) -> None:
    """2.0 names the source's type, for renames between servers; 1.8 looks it up."""
    if value & ~S_IFMT:
        work.lose("mode", "rn_mode", value)
    elif value:
        work.drop("rn_mode", value)


RENAME: Final = pair(
    old.MdsRecRename, new.MdtRecRename,
    _fid("rn_fid1"), _fid("rn_fid2"), *_ids("rn", second=True), _bias("rn"),
    only_new("rn_mode", down=_rename_mode, loss="mode", note="lost unless it is a file type alone"),
    *paddings("rn_padding_1 rn_padding_2 rn_padding_3 rn_padding_4",
              "rn_padding_1 rn_padding_2 rn_padding_3 rn_padding_4 rn_padding_5 rn_padding_6 rn_padding_7 "
              "rn_padding_8"),
)  # fmt: skip


def _blocks_down(value: int, rec: Any, work: Any) -> None:
    if value and not int(rec.sa_valid) & MdsAttr.MDS_ATTR_BLOCKS:
        work.drop("sa_blocks", value)


SETATTR: Final = pair(
    old.MdsRecSetattr, new.MdtRecSetattr,
    _fid("sa_fid"),
    bits("sa_valid", down=Bits(loss={MdsAttr.MDS_ATTR_BLOCKS: "blocks"})),
    only_new("sa_blocks", down=_blocks_down, note="lost (blocks) if MDS_ATTR_BLOCKS says that it counts"),
    *_ids("sa", second=False),
    *paddings("sa_padding", "sa_padding_1 sa_padding_1_h sa_padding_2 sa_padding_3 sa_padding_4 sa_padding_5"),
)  # fmt: skip


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
    old.MdsBody, new.MdtRecSetxattr,
    only_new("sx_opcode", up=_reint(MdsReint.REINT_SETXATTR), down=lambda value, rec, work: None),
    _fid("fid1", "sx_fid"), only_old("fid2", loss="fid2"), only_old("handle", loss="handle"),
    computed("valid", "sx_valid", up=lambda value, body, work: int(value), down=_xattr_valid_down),
    renamed("fsuid", "sx_fsuid"), renamed("fsgid", "sx_fsgid"), renamed("capability", "sx_cap"),
    renamed("eadatasize", "sx_size"), renamed("flags", "sx_flags"),
    computed("suppgid", "sx_suppgid1", up=_group_up, down=_group_down, note="none is 0 in 1.8, -1 in 2.0"),
    only_new("sx_suppgid2", default=NO_GROUP, loss="suppgid2"),
    only_new("sx_time", loss="time"),
    only_new("sx_fsuid_h", errno=EOVERFLOW), only_new("sx_fsgid_h", errno=EOVERFLOW),
    only_new("sx_suppgid1_h", errno=EOVERFLOW), only_new("sx_suppgid2_h", errno=EOVERFLOW),
    *(only_old(name, loss=name) for name in _NOT_IN_XATTR),
    *paddings("padding_4", "sx_padding_1 sx_padding_2 sx_padding_3 sx_padding_5 sx_padding_6 sx_padding_7 sx_padding_8 "
              "sx_padding_9 sx_padding_10 sx_padding_11"),
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
    return sum(int(there) for there, back in _CLOSE_BITS if value & back)


def _credential(name: str, field: str) -> FieldRule:
    def up(value: Any, body: Any, work: Any) -> int:
        made: int = getattr(work.session, name)
        work.fill(field, made)
        return made

    def down(value: int, rec: Any, work: Any) -> None:
        if value:
            work.drop(field, value)

    return only_new(field, up=up, down=down, note="from the session; 1.8 closes without")


def _unused(name: str) -> FieldRule:
    def down(value: int, rec: Any, work: Any) -> None:
        if value:
            work.drop(name, value)

    return only_new(name, down=down, note="dropped: a close does not set it")


def _close_group_down(value: int, rec: Any, work: Any) -> None:
    if value != NO_GROUP:
        work.drop("sa_suppgid", value)


CLOSE_ATTRIBUTES: Final = pair(
    old.MdsBody, new.MdtRecSetattr,
    only_new("sa_opcode", up=_reint(MdsReint.REINT_SETATTR), down=lambda value, rec, work: None),
    _fid("fid1", "sa_fid"),
    computed("valid", "sa_valid", up=_close_valid_up, down=_close_valid_down,
             note="OBD_MD_FL* <-> MDS_ATTR_*; plain and _SET time bits up, either of them down"),
    renamed("atime", "sa_atime"), renamed("mtime", "sa_mtime"), renamed("ctime", "sa_ctime"),
    renamed("size", "sa_size"), renamed("blocks", "sa_blocks"), renamed("flags", "sa_attr_flags"),
    _credential("fsuid", "sa_fsuid"), _credential("fsgid", "sa_fsgid"), _credential("capability", "sa_cap"),
    only_new("sa_suppgid", default=NO_GROUP, down=_close_group_down),
    only_new("sa_fsuid_h", errno=EOVERFLOW), only_new("sa_fsgid_h", errno=EOVERFLOW),
    only_new("sa_suppgid_h", errno=EOVERFLOW),
    _unused("sa_mode"), _unused("sa_uid"), _unused("sa_gid"),
    *paddings("", "sa_padding_1 sa_padding_1_h sa_padding_2 sa_padding_3 sa_padding_4 sa_padding_5"),
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
    old.MdsBody, new.MdtIoepoch,
    only_new("ioepoch", loss="ioepoch"),
    only_new("flags", down=_close_flags_down, loss="SOM", note="EPOCH_CLOSE dropped, SOM_AU impossible"),
    *paddings("", "padding"),
    partial=True,
)  # fmt: skip

RULES: Final[tuple[StructRule, ...]] = (
    BODY, CREATE, LINK, UNLINK, RENAME, SETATTR, SETXATTR, CLOSE_ATTRIBUTES, CLOSE_EPOCH,
)  # fmt: skip
