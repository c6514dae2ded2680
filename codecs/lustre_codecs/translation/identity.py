"""Identities: ll_fid of 1.8 and lu_fid of 2.0.

An inode of 1.8 has a FID of its own, the IGIF (sequence = inode number, object id = generation; lustre_idl.h of 2.0.0,
lu_igif_build and fid_seq_is_igif). A FID that 2.0 gave to a file has no name in 1.8, unless the session knows one.
"""

from __future__ import annotations

from errno import EBADF, EINVAL, EPROTO, ESTALE
from typing import Any, Final

from lustre_codecs.enums.fid import FidSeq
from lustre_codecs.enums.ldlm import LdlmType
from lustre_codecs.enums.metadata import ObdMd
from lustre_codecs.structs.fid import LlFid, LuFid
from lustre_codecs.structs.ldlm import LdlmResId
from lustre_wire.errors import Untranslatable
from lustre_wire.translate.rules import looks_at

#: Inode numbers that have an IGIF. Below are reserved sequences, above those of OST objects and of new files.
FIRST_IGIF: Final = int(FidSeq.FID_SEQ_IGIF)
LAST_IGIF: Final = int(FidSeq.FID_SEQ_IGIF_MAX)
IDIF: Final = int(FidSeq.FID_SEQ_IDIF)
LAST_RESERVED: Final = int(FidSeq.FID_SEQ_RSVD)
S_IFMT: Final = 0o170000
_NOTHING: Final = (0, 0, 0)


def inode_to_fid(inode: int, generation: int, work: Any, field: str = "") -> tuple[int, int, int]:
    """(sequence, object id, version) of a file of 1.8; that of nothing stays nothing.

    Raises:
        Untranslatable: no client can have seen such an inode number (EINVAL, as a 2.0 server answers an insane FID).
    """
    if not inode and not generation:
        return _NOTHING
    known = work.session.fid_of(inode, generation)
    if known is not None:
        return known  # type: ignore[no-any-return]
    if not FIRST_IGIF <= inode <= LAST_IGIF:
        work.impossible(EINVAL, f"inode {inode} has no FID", field)
    if not generation:
        work.lose("generation", field, generation)
    return inode, generation, 0


def fid_to_inode(seq: int, oid: int, ver: int, work: Any, field: str = "") -> tuple[int, int, int]:
    """(inode, generation, type) of a FID; that of nothing stays nothing.

    Raises:
        Untranslatable: the file was made by 2.0 and has no name in 1.8 (ESTALE).
    """
    if not seq and not oid:
        return _NOTHING
    known = work.session.inode_of(seq, oid, ver)
    if known is not None:
        return known  # type: ignore[no-any-return]
    if not FIRST_IGIF <= seq <= LAST_IGIF or ver:
        work.impossible(ESTALE, f"the file [{seq:#x}:{oid:#x}:{ver:#x}] has no 1.8 identity", field)
    if not oid:
        work.lose("generation", field, oid)
    return seq, oid, 0


def fid_up(field: str) -> Any:
    """Makes a lu_fid of an ll_fid. The type is no part of it: in `f_ver` it would name another file."""

    type_field = f"{field}.f_type"

    @looks_at(asks="fid_of")
    def up(value: LlFid, struct: Any, work: Any) -> LuFid:
        if value.f_type:
            work.change(type_field, value.f_type)
        return LuFid(*inode_to_fid(value.id, value.generation, work, field))

    return up


def fid_down(field: str) -> Any:
    """Makes an ll_fid of a lu_fid."""

    @looks_at(asks="inode_of")
    def down(value: LuFid, struct: Any, work: Any) -> LlFid:
        return LlFid(*fid_to_inode(value.f_seq, value.f_oid, value.f_ver, work, field))

    return down


_HAS_PARENT: Final = int(ObdMd.OBD_MD_FLFID)
_METADATA: Final = frozenset({int(LdlmType.LDLM_PLAIN), int(LdlmType.LDLM_FLOCK), int(LdlmType.LDLM_IBITS)})
_FLOCK: Final = int(LdlmType.LDLM_FLOCK)


@looks_at(reads="lr_type", asks="fid_of")
def resource_up(value: LdlmResId, desc: Any, work: Any) -> LdlmResId:
    """The name of a lock's resource, towards 2.0."""
    first, second, third, fourth = value.name
    if desc.lr_type not in _METADATA:
        return LdlmResId(_object_name_up(value.name, work))
    if desc.lr_type == LdlmType.LDLM_PLAIN and not second and not third:  # a configuration log of the MGS
        return LdlmResId([first, 0, 0, fourth])
    flock = desc.lr_type == _FLOCK and third == _FLOCK and not fourth
    if third and not flock:
        _leaked_type(third, work)
    seq, oid, ver = inode_to_fid(first, second, work, "lr_name")
    return LdlmResId([seq, oid, ver, _FLOCK if flock else fourth])


@looks_at(reads="lr_type", asks="inode_of")
def resource_down(value: LdlmResId, desc: Any, work: Any) -> LdlmResId:
    """The name of a lock's resource, towards 1.8."""
    first, second, third, fourth = value.name
    if desc.lr_type not in _METADATA:
        return LdlmResId(_object_name_down(value.name, work))
    if desc.lr_type == LdlmType.LDLM_PLAIN and not second and not third:
        return LdlmResId([first, 0, 0, fourth])
    if third:
        _leaked_type(third, work)
    flock = desc.lr_type == _FLOCK and fourth == _FLOCK
    inode, generation, _ = fid_to_inode(first, second, 0, work, "lr_name")
    return LdlmResId([inode, generation, _FLOCK if flock else 0, 0 if flock else fourth])


def _leaked_type(value: int, work: Any) -> None:
    if value & ~S_IFMT:
        work.impossible(ESTALE, f"{value:#x} in the third word is part of no file's name", "lr_name")
    work.drop("lr_name", value, "f_type")


def _object_name_up(name: list[int], work: Any) -> list[int]:
    """Data objects: object id and group. A name that the session knows as a file's is that file's."""
    known = work.session.fid_of(name[0], name[1])
    if known is not None:
        return [*known, name[3]]
    return [name[0], group_up(name[1], None, work, "lr_name"), *name[2:]]


def _object_name_down(name: list[int], work: Any) -> list[int]:
    known = work.session.inode_of(name[0], name[1])
    if known is not None:
        return [known[0], known[1], 0, name[3]]
    if name[1]:
        work.impossible(EPROTO, f"objects of sequence {name[1]:#x} do not exist in 1.8", "lr_name")
    return name[:]


def group_up(value: int, struct: Any, work: Any, field: str = "o_gr") -> int:
    """1.8 clients use object group 0; a 2.0 OST takes no other for granted (ost_validate_obdo)."""
    if value:
        work.lose("group", field, value)
    return 0


def group_down(value: int, struct: Any, work: Any) -> int:
    """An OST of 1.8 knows the objects of sequence 0."""
    if value:
        work.impossible(EPROTO, f"objects of sequence {value:#x} do not exist in 1.8", "oi_seq")
    return 0


@looks_at(reads="o_fid o_generation", asks="fid_of")
def parent_seq_up(value: int, struct: Any, work: Any) -> int:
    """The parent's identity, where the obdo says that it holds one."""
    return _parent_up(struct, work)[0]


@looks_at(reads="o_fid o_generation", asks="fid_of")
def parent_oid_up(value: int, struct: Any, work: Any) -> int:
    """See `parent_seq_up`."""
    return _parent_up(struct, work)[1]


def _parent_up(obdo: Any, work: Any) -> tuple[int, int]:
    known = work.session.fid_of(obdo.o_fid, obdo.o_generation)
    return known[:2] if known is not None else (obdo.o_fid, obdo.o_generation)


@looks_at(reads="o_parent_seq o_parent_oid o_valid", asks="inode_of")
def parent_inode_down(value: int, struct: Any, work: Any) -> int:
    """See `parent_seq_up`."""
    return _parent_down(struct, work)[0]


@looks_at(reads="o_parent_seq o_parent_oid o_valid", asks="inode_of")
def parent_generation_down(value: int, struct: Any, work: Any) -> int:
    """See `parent_seq_up`."""
    return _parent_down(struct, work)[1]


def _parent_down(obdo: Any, work: Any) -> tuple[int, int]:
    seq, oid = obdo.o_parent_seq, obdo.o_parent_oid
    known = work.session.inode_of(seq, oid)
    if known is not None:
        return known[0], known[1]
    if int(obdo.o_valid) & _HAS_PARENT and seq > LAST_IGIF:
        work.impossible(ESTALE, f"the parent [{seq:#x}:{oid:#x}] has no 1.8 identity", "o_parent_seq")
    return seq, oid


def object_to_fid(object_id: int, seq: int, ost_index: int) -> LuFid:
    """The FID (IDIF) of an OST's object (fid_ostid_unpack of lustre_idl.h, 2.0.0).

    Args:
        object_id: object id, 48 bits where `seq` is 0.
        seq: object sequence; 0 for the objects of MDT0 and of 1.8.
        ost_index: the OST, 16 bits; an object id alone does not say it.

    Raises:
        Untranslatable: no FID can say that (EBADF).
    """
    if ost_index > 0xFFFF or ost_index < 0:
        raise Untranslatable(f"OST index {ost_index:#x} does not fit 16 bits", errno=EBADF, path="ost_index")
    if seq == 0:
        if object_id >> 48:
            raise Untranslatable(f"object id {object_id:#x} does not fit 48 bits", errno=EBADF, path="oi_id")
        return LuFid(IDIF | ost_index << 16 | object_id >> 32, object_id & 0xFFFFFFFF, 0)
    if seq <= LAST_RESERVED and object_id >= 0xFFFFFFFF:
        raise Untranslatable(f"object id {object_id:#x} does not fit 32 bits", errno=EBADF, path="oi_id")
    if FIRST_IGIF <= seq <= LAST_IGIF:
        raise Untranslatable(f"sequence {seq:#x} is that of an inode", errno=EBADF, path="oi_seq")
    return LuFid(seq, object_id & 0xFFFFFFFF, object_id >> 32)


def fid_to_object(fid: LuFid) -> tuple[int, int]:
    """(object id, sequence) of an OST's object (fid_ostid_pack of lustre_idl.h, 2.0.0); which OST it is on is lost.

    Raises:
        Untranslatable: the FID is an inode's (EBADF).
    """
    if FIRST_IGIF <= fid.f_seq <= LAST_IGIF:
        raise Untranslatable(f"sequence {fid.f_seq:#x} is that of an inode", errno=EBADF, path="f_seq")
    if IDIF <= fid.f_seq < 2 * IDIF:
        return fid.f_ver << 48 | (fid.f_seq & 0xFFFF) << 32 | fid.f_oid, 0
    return fid.f_ver << 32 | fid.f_oid, fid.f_seq
