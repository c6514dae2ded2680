"""Struct rule: mds_body and mdt_body (lustre_idl.h of 1.8.9 and 2.0.0)."""

from __future__ import annotations

from errno import EOVERFLOW
from typing import Any, Final

from lustre_codecs.enums import metadata
from lustre_codecs.structs.attributes import MdsBody, MdtBody
from lustre_codecs.structs.fid import LlFid
from lustre_codecs.translation.ends import new_numbers, pair
from lustre_codecs.translation.identity import fid_down, fid_up
from lustre_wire.translate.rules import (
    Bits,
    computed,
    looks_at,
    only_new,
)

ObdMd = new_numbers(metadata.ObdMd)

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


@looks_at(reads="fid1")
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


@looks_at(reads="fid1", asks="inode_of")
def _ino_down(value: int, body: Any, work: Any) -> int:
    """A 2.0 server puts object id and version here (mdt_pack_attr2body); a reply of 1.8 repeats the words of fid1."""
    return _repeated(value, body, work, "ino", 0)


@looks_at(reads="fid1", asks="inode_of")
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


@looks_at(reads="valid")
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


@looks_at(reads="valid")
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


@looks_at(reads="valid mode", asks="inode_of")
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
    MdsBody, MdtBody,
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
)  # fmt: skip
