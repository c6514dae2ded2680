"""Changelogs of 2.0: what happened in the namespace, and which readers have not seen it yet.

They are logs (`llog`) of two kinds of records. Source: lustre_idl.h, lustre_user.h, mdd/mdd_device.c
and utils/lfs.c of 2.0.0.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from lustre_wire.dialects import Dialect
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.llog import LogFile
from lustre_wire.payloads.wire import expect
from lustre_wire.schema.struct import spec_of
from lustre_wire.text.values import quoted

__all__ = ["changes", "is_change", "line", "lines", "readers"]

_CHANGE: Final = "changelog_rec"
_USER: Final = "llog_changelog_user_rec"
#: cr_time counts seconds in its high part and nanoseconds in the low 30 bits.
_SECONDS: Final = 30


@checked
def changes(log: LogFile) -> list[Any]:
    """The changes of a changelog, as `ChangelogRec` structs, cancelled ones left out."""
    return [record.value for record in log.live_records if _is(record.value, _CHANGE)]


@checked
def readers(log: LogFile) -> dict[int, int]:
    """The readers of a log of readers: id -> the last change each has done with."""
    found = (record.value for record in log.live_records if _is(record.value, _USER))
    return {user.cur_id: user.cur_endrec for user in found}


@checked
def is_change(value: Any) -> bool:
    """Whether a record's value is a change."""
    return _is(value, _CHANGE)


def _is(value: Any, name: str) -> bool:
    return hasattr(type(value), "__wire__") and spec_of(value).name == name


@checked
def lines(log: LogFile) -> list[str]:
    """The changes as `lfs changelog` writes them: number, type, time in UTC, flags, FID, and where it has that name."""
    return [line(change, log.dialect) for change in changes(log)]


@checked
def line(change: Any, dialect_: Dialect) -> str:
    """One change, a `ChangelogRec`, as `lfs changelog` writes it.

    Raises:
        WireError: no change.
    """
    expect(change, _CHANGE)
    kind = dialect_.part("llog").changes.get(int(change.cr_type), "?")
    mask = dialect_.constants.get("CLF_FLAGMASK", 0)
    seconds, nanoseconds = divmod(change.cr_time, 1 << _SECONDS)
    when = datetime.fromtimestamp(seconds, UTC)
    told = f"{change.cr_index} {int(change.cr_type):02d}{kind:5} {when:%H:%M:%S}.{nanoseconds:06d} {when:%Y.%m.%d}"
    name = quoted(octets(change.cr_name))
    where = f" p={_fid(change.cr_pfid)} {name}" if name else ""
    return f"{told} {change.cr_flags & mask:#x} t={_fid(change.cr_tfid)}{where}"


def _fid(fid: Any) -> str:
    return f"[{fid.f_seq:#x}:{fid.f_oid:#x}:{fid.f_ver:#x}]"
