"""What readers of files give: all that could be read, and each fault with what Lustre does about it.

A damaged file is still a file: what stands before the damage, and where possible what stands behind it, is in
`Reading.value`. `Reading.checked` is for callers who want all of it or none.
"""

from __future__ import annotations

import re
from typing import Any, Final, Generic, TypeVar

import attrs

from lustre_wire.dialects import Dialect, all_dialects, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked
from lustre_wire.schema.servers import Does, Server

__all__ = ["Fault", "Reading", "server", "servers"]

_T = TypeVar("_T")
_EXPECTED: Final = re.compile("expected (.*), got (.*)", re.DOTALL)


@attrs.frozen
class Fault:
    """Something in a file that is not as a Lustre server writes it.

    Attributes:
        path: the field, as ``"record 8.lrt_index"``.
        offset: of that field or its record in the file, in bytes; None where it has no place.
        expected, found: what should be there, and what is.
        does: what the receiver does about it; None where the file cannot be used at all.
        unread: what stands behind it was not read: to its end of the file, or of its chunk.
        short: the bytes end too early.
    """

    path: str
    offset: int | None
    expected: str
    found: str
    does: Does | None = None
    unread: bool = False
    short: bool = False

    @property
    def matters(self) -> bool:
        """Whether it makes a difference to a receiver."""
        return self.does is None or self.does.noticed

    @classmethod
    @checked
    def of(cls, error: WireError, does: Does | None, *, within: str = "", base: int = 0, unread: bool = False) -> Fault:
        """The fault that an error tells of something at `base` of the file, within the field `within`."""
        told = _EXPECTED.fullmatch(error.message)
        expected, found = told.groups() if told is not None else ("what Lustre writes", error.message)
        path = ".".join(part for part in (within, error.path) if part)
        short = isinstance(error, TruncatedError)
        return cls(path, base + (error.offset or 0), expected, found, does, unread=unread, short=short)

    def __str__(self) -> str:
        return str(self.error()) + (f"; {self.does} ({self.does.function})" if self.does is not None else "")

    @checked
    def error(self, dialect_: Dialect | None = None) -> WireError:
        """The fault as the error that a caller without use for part of a file gets."""
        kind = TruncatedError if self.short else WireError
        name = dialect_.name if dialect_ is not None else ""
        return kind(f"expected {self.expected}, got {self.found}", path=self.path, offset=self.offset, dialect=name)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types: "path", "offset", "expected", "found", "does" and "function"."""
        out: dict[str, Any] = {
            "path": self.path, "offset": self.offset, "expected": self.expected, "found": self.found,
        }  # fmt: skip
        if self.does is not None:
            out |= {"does": str(self.does), "function": self.does.function}
        return out


@attrs.define(slots=True)
class Reading(Generic[_T]):
    """A file as far as it could be read: `value`, and the `faults` in the order of the file."""

    value: _T
    faults: list[Fault] = attrs.field(factory=list)

    @checked
    def checked(self, dialect_: Dialect) -> _T:
        """The value, if all of the file could be read.

        Raises:
            WireError: the first fault behind which something is unread.
        """
        for fault in self.faults:
            if fault.unread:
                raise fault.error(dialect_)
        return self.value


@checked
def servers() -> dict[str, Server]:
    """How the servers of each known release treat files, by the release's name, in the order of the releases."""
    found: dict[str, Server] = {}
    for each in all_dialects():
        found |= each.part("servers").all
    return found


@checked
def server(name: Dialect | str) -> Server:
    """How the servers of a release treat files: of that release, or of the one that a dialect is about.

    Raises:
        WireError: neither is known.
    """
    if isinstance(name, str):
        known = servers()
        if name in known:
            return known[name]
    made: Server = dialect(name).part("servers").own
    return made
