"""Changelogs of 2.0 and later: what happened in the namespace, and which readers have not seen it yet.

They are logs (`llog`) of two kinds of records. From 2.7 on optional parts stand before a change's name: the source of a
rename, the job, the user, the client's NID, the flags of an open, the name of an attribute. Source: lustre_idl.h,
lustre_user.h, mdd/mdd_device.c and utils/lfs.c of 2.0.0 and 2.17.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.errors import TruncatedError
from lustre_wire.frames.nid import LnetNid, Nid, nid_str
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.llog import LogFile
from lustre_wire.payloads.wire import expect, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of
from lustre_wire.text.values import quoted

__all__ = ["Parts", "changes", "is_change", "line", "lines", "parts", "readers"]

_CHANGE: Final = "changelog_rec"
_USERS: Final = ("llog_changelog_user_rec", "llog_changelog_user_rec2")
_RENAME: Final = "changelog_ext_rename"
_LARGE_NID: Final = "CLFE_NID_BE"
#: cr_time counts seconds in its high part and nanoseconds in the low 30 bits.
_SECONDS: Final = 30


@checked
def changes(log: LogFile) -> list[Any]:
    """The changes of a changelog, as `ChangelogRec` structs, cancelled ones left out."""
    return [record.value for record in log.live_records if _is(record.value, _CHANGE)]


@checked
def readers(log: LogFile) -> dict[int, int]:
    """The readers of a log of readers: id -> the last change each has done with."""
    found = (record.value for record in log.live_records if _is(record.value, *_USERS))
    return {user.cur_id: user.cur_endrec for user in found}


@checked
def is_change(value: Any) -> bool:
    """Whether a record's value is a change."""
    return _is(value, _CHANGE)


def _is(value: Any, *names: str) -> bool:
    return hasattr(type(value), "__wire__") and spec_of(value).name in names


@attrs.frozen
class Parts:
    """What follows the fixed part of a change.

    Attributes:
        structs: the optional parts by their C names, such as "changelog_ext_jobid".
        name: of the file, without NUL; `source`: of a rename what it was called before.
        nid: of the client, in either form; None where it is not told.
    """

    structs: dict[str, Any]
    name: bytes
    source: bytes = b""
    nid: Nid | None = None


@checked
def parts(change: Any, dialect_: Dialect, order: ByteOrder = "little") -> Parts:
    """What stands behind a `ChangelogRec`: the parts that its flags announce, and the names.

    Args:
        order: the byte order of the log's writer.

    Raises:
        TruncatedError: fewer bytes than the flags announce.
        WireError: no change.
    """
    expect(change, _CHANGE)
    if not hasattr(change, "cr_tails"):
        return Parts({}, octets(change.cr_name))
    data, at, found, nid = octets(change.cr_tails, "cr_tails"), 0, dict[str, Any](), None
    flags = {"cr_flags": int(change.cr_flags), "cr_extra_flags": 0}
    for cls, field, mask in dialect_.part("llog").tails:
        if not flags[field] & mask:
            continue
        size = spec_of(cls).size
        part = found[spec_of(cls).name] = unpack(cls, data, order, at, at + size)
        flags["cr_extra_flags"] |= int(getattr(part, "cr_extra_flags", 0))
        if hasattr(part, "cr_nid"):
            large = flags["cr_extra_flags"] & dialect_.constants.get(_LARGE_NID, 0)
            nid = unpack(LnetNid, data, "big", at, at + spec_of(LnetNid).size) if large else part.cr_nid
        at += size
    names = data[at : at + change.cr_namelen]
    if len(names) < change.cr_namelen:
        raise TruncatedError(f"expected {change.cr_namelen} bytes, got {len(names)}", path="cr_namelen", offset=at)
    name, _, source = names.partition(b"\0") if _RENAME in found else (names.split(b"\0", 1)[0], b"", b"")
    return Parts(found, name, source.split(b"\0", 1)[0], nid)


@checked
def lines(log: LogFile) -> list[str]:
    """The changes as `lfs changelog` writes them: number, type, time in UTC, flags, FID, what else is known, where and
    under which name, and of a rename the same of what it was."""
    found = (record for record in log.live_records if _is(record.value, _CHANGE))
    return [line(record.value, log.dialect, record.order) for record in found]


@checked
def line(change: Any, dialect_: Dialect, order: ByteOrder = "little") -> str:
    """One change, a `ChangelogRec`, as `lfs changelog` writes it; `order` as of `parts`.

    Raises:
        TruncatedError: as `parts`.
        WireError: no change.
    """
    expect(change, _CHANGE)
    kind = dialect_.part("llog").changes.get(int(change.cr_type), "?")
    mask = dialect_.constants.get("CLF_FLAGMASK", 0)
    seconds, nanoseconds = divmod(change.cr_time, 1 << _SECONDS)
    when = datetime.fromtimestamp(seconds, UTC)
    digits = 9 if hasattr(change, "cr_tails") else 6
    time = f"{when:%H:%M:%S}.{nanoseconds:0{digits}d} {when:%Y.%m.%d}"
    told = f"{change.cr_index} {int(change.cr_type):02d}{kind:5} {time} {change.cr_flags & mask:#x}"
    behind = parts(change, dialect_, order)
    where = f" p={_fid(change.cr_pfid)}" if behind.name or (behind.structs and change.cr_pfid.f_seq) else ""
    name = f" {quoted(behind.name)}" if behind.name else ""
    return f"{told} t={_fid(change.cr_tfid)}{''.join(_more(behind))}{where}{name}{_was(behind)}"


def _more(behind: Parts) -> Iterator[str]:
    """The optional parts, as `lfs changelog` writes them."""
    for part in behind.structs.values():
        if job := octets(getattr(part, "cr_jobid", b"")).rstrip(b"\0"):
            yield f" j={quoted(job)}"
        if hasattr(part, "cr_extra_flags"):
            yield f" ef={int(part.cr_extra_flags):#x}"
        if hasattr(part, "cr_uid"):
            yield f" u={part.cr_uid}:{part.cr_gid}"
        if hasattr(part, "cr_nid") and behind.nid is not None:
            yield f" nid={nid_str(behind.nid)}"
        if hasattr(part, "cr_openflags") and (mode := _mode(part.cr_openflags)):
            yield f" m={mode}"
        if name := octets(getattr(part, "cr_xattr", b"")).rstrip(b"\0"):
            yield f" x={quoted(name)}"


def _mode(flags: Any) -> str:
    """How a file was opened, "" where that is not said; to execute it excludes the others."""
    bits = type(flags)
    if flags & bits.MDS_FMODE_EXEC:
        return "--x"
    write = flags & (bits.MDS_FMODE_WRITE | bits.MDS_OPEN_TRUNC | bits.MDS_OPEN_APPEND)
    read = flags & bits.MDS_FMODE_READ
    return f"{'r' if read else '-'}{'w' if write else '-'}-" if read or write else ""


def _was(behind: Parts) -> str:
    rename = behind.structs.get(_RENAME)
    if rename is None or not rename.cr_sfid.f_seq:
        return ""
    return f" s={_fid(rename.cr_sfid)} sp={_fid(rename.cr_spfid)} {quoted(behind.source)}"


def _fid(fid: Any) -> str:
    return f"[{fid.f_seq:#x}:{fid.f_oid:#x}:{fid.f_ver:#x}]"
