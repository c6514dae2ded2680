"""Struct rules: the metadata records of create, link, unlink, rename and setattr (lustre_idl.h of 1.8.9 and 2.0.0)."""

from __future__ import annotations

from errno import EOPNOTSUPP, EOVERFLOW, EPROTO
from typing import Any, Final

from lustre_codecs.enums import metadata
from lustre_codecs.enums.metadata import MdsReint
from lustre_codecs.structs.fid import LlFid
from lustre_codecs.structs.reint import (
    MdsRecCreate,
    MdsRecLink,
    MdsRecRename,
    MdsRecSetattr,
    MdsRecUnlink,
    MdtRecCreate,
    MdtRecLink,
    MdtRecRename,
    MdtRecSetattr,
    MdtRecUnlink,
)
from lustre_codecs.translation.ends import new_numbers, pair
from lustre_codecs.translation.identity import fid_down, fid_up
from lustre_wire.translate.rules import (
    Bits,
    FieldRule,
    computed,
    looks_at,
    only_new,
    renamed,
)

MdsAttr = new_numbers(metadata.MdsAttr)
MdsOpen = new_numbers(metadata.MdsOpen)

#: "No supplementary group"; 0 would be root's.
NO_GROUP: Final = 0xFFFFFFFF
S_IFMT: Final = 0o170000


def ids(prefix: str, *, second: bool) -> tuple[FieldRule, ...]:
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


def fid(old_name: str, new_name: str = "") -> FieldRule:
    """A file's identity, under `new_name` in 2.0 where that differs."""
    name = new_name or old_name
    return computed(old_name, name, up=fid_up(old_name), down=fid_down(name), note="ll_fid <-> its IGIF")


def _bias(prefix: str) -> FieldRule:
    return only_new(f"{prefix}_bias", errno=EOPNOTSUPP)


@looks_at(asks="fid_of")
def _replayed_fid_up(value: Any, rec: Any, work: Any) -> Any:
    """See `lustre_codecs.translation.operations`: what is left of it depends on the name, and on the session."""
    return fid_up("cr_replayfid")(value, rec, work)


_CREATE_FLAGS: Final = MdsOpen.MDS_CREATE_RMT_ACL | MdsOpen.MDS_CREATE_SLAVE_OBJ


@looks_at(reads="cr_opcode ptlrpc_body.pb_transno", asks="last_committed")
def _create_flags_up(value: int, rec: Any, work: Any) -> int:
    value = int(value)
    if value & MdsOpen.MDS_OPEN_JOIN_FILE:
        work.impossible(EOPNOTSUPP, "2.0 joins no files", "cr_flags")
    if rec.cr_opcode == MdsReint.REINT_OPEN and not value:
        work.impossible(EPROTO, "2.0 opens nothing without flags", "cr_flags")
    return _committed(value, work)


@looks_at(reads="cr_opcode ptlrpc_body.pb_transno", asks="last_committed")
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
    MdsRecCreate, MdtRecCreate,
    fid("cr_fid", "cr_fid1"),
    computed("cr_replayfid", "cr_fid2", up=_replayed_fid_up, down=lambda value, rec, work: LlFid(),
             note="the new file: see the operation"),
    computed("cr_flags", "cr_flags", up=_create_flags_up, down=_create_flags_down,
             note="2.0's server-side bits dropped; join, epoch and split flags impossible"),
    *ids("cr", second=False),
    _bias("cr"),
    FieldRule("", "cr_old_handle", note="from the session in a replayed open"),
    FieldRule("", "cr_ioepoch", note="from the session in a replayed open"),
)  # fmt: skip

LINK: Final = pair(
    MdsRecLink, MdtRecLink,
    fid("lk_fid1"), fid("lk_fid2"), *ids("lk", second=True), _bias("lk"),
)  # fmt: skip

UNLINK: Final = pair(
    MdsRecUnlink, MdtRecUnlink,
    fid("ul_fid1"), fid("ul_fid2"), *ids("ul", second=False), _bias("ul"),
)  # fmt: skip


def _rename_mode(value: int, rec: Any, work: Any) -> None:
    """2.0 names the source's type, for renames between servers; 1.8 looks it up."""
    if value & ~S_IFMT:
        work.lose("mode", "rn_mode", value)
    elif value:
        work.drop("rn_mode", value)


RENAME: Final = pair(
    MdsRecRename, MdtRecRename,
    fid("rn_fid1"), fid("rn_fid2"), *ids("rn", second=True), _bias("rn"),
    only_new("rn_mode", down=_rename_mode, loss="mode", note="lost unless it is a file type alone"),
)  # fmt: skip


@looks_at(reads="sa_valid")
def _blocks_down(value: int, rec: Any, work: Any) -> None:
    if value and not int(rec.sa_valid) & MdsAttr.MDS_ATTR_BLOCKS:
        work.drop("sa_blocks", value)


_TIMES: Final = (
    ("atime", MdsAttr.MDS_ATTR_ATIME, MdsAttr.MDS_ATTR_ATIME_SET),
    ("mtime", MdsAttr.MDS_ATTR_MTIME, MdsAttr.MDS_ATTR_MTIME_SET),
)


def _setattr_valid_up(value: int, rec: Any, work: Any) -> int:
    """A plain time bit asks a 1.8 server for its own clock (mds_fix_attr); 2.0 ignores it (mdt_attr_valid_xlate)."""
    value = int(value)
    for name, now, given in _TIMES:
        if value & now and not value & given:
            work.lose(name, "sa_valid", now)
            value &= ~now
    return value


def _setattr_valid_down(value: int, rec: Any, work: Any) -> int:
    """2.0 takes a time by its _SET bit alone; 1.8 only if the plain bit is there too (attr_unpack, inode_setattr)."""
    value = work.lose_bits("sa_valid", int(value), _BLOCKS_LOST)
    plain = sum(now for _, now, given in _TIMES if value & given and not value & now)
    if plain:
        work.change("sa_valid", value)
    return int(value | plain)


_BLOCKS_LOST: Final = Bits(loss={MdsAttr.MDS_ATTR_BLOCKS: "blocks"})

SETATTR: Final = pair(
    MdsRecSetattr, MdtRecSetattr,
    fid("sa_fid"),
    computed("sa_valid", "sa_valid", up=_setattr_valid_up, down=_setattr_valid_down,
             note="plain time bits lost (atime, mtime) up, added to _SET bits down; BLOCKS lost (blocks)"),
    only_new("sa_blocks", down=_blocks_down, note="lost (blocks) if MDS_ATTR_BLOCKS says that it counts"),
    *ids("sa", second=False),
)  # fmt: skip

RULES: Final = (CREATE, LINK, UNLINK, RENAME, SETATTR)
