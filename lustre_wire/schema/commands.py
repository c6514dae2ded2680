"""What logs hold: records by type; the command of a configuration log's record, and the line that writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Command:
    """One lcfg_command.

    Attributes:
        verb: how lctl calls it.
        names: what the buffers behind buffer 0, the device's name, are.
        order: the buffers as the command line has them; empty for all behind buffer 0.
        device: the command acts on the device that buffer 0 names, which is not among its arguments.
        dotted: the first two arguments are one word, with a dot between them.
        header: the field of the record's head that is an argument too, behind the buffers; or "".
        structs: the wire structs that buffer 1 may be, told apart by length and magic, each with the command line it
            makes: the verb, and which of its fields are the arguments.
    """

    verb: str
    names: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    device: bool = False
    dotted: bool = False
    header: str = ""
    structs: Mapping[Any, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class LogTypes:
    """The records of a release's logs.

    Attributes:
        records: type -> the struct of the whole record, or of what stands between its head and tail.
        later: the same of the types that newer releases write.
        headers: bytes of a chunk -> the struct of the header of such a log.
        names: the enumeration of types, with the names of all releases.
        changes: type of a change -> what `lfs changelog` calls it (changelog_str).
        tails: the optional parts of a change in their order: the struct, and the field with the flag that says so, of
            the change itself or of a part before it.
    """

    records: Mapping[int, Any]
    later: Mapping[int, Any]
    headers: Mapping[int, Any]
    names: Any
    changes: Mapping[int, str]
    tails: tuple[tuple[Any, str, int], ...]
