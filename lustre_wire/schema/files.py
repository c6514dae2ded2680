"""A kind of file that a server keeps: what a table of kinds is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lustre_wire.schema.servers import Does

__all__ = ["Attribute", "FileKind", "IndexKind", "ServerFiles"]


@dataclass(frozen=True)
class FileKind:
    """A file that is a head and records of one struct, either of which may be absent.

    Attributes:
        name: what it is called here.
        path: what its path in a target ends in, as a regular expression.
        head: the struct at its beginning.
        records: the struct that the rest is made of.
        damage: what a server does with a file that is too short, has another magic, or records of another size.
        sizes: fields of the head that say in bytes how large it is itself, and a record.
        by_magic: head and records where the first word says which.
    """

    name: str
    path: str
    damage: Does
    head: Any = None
    records: Any = None
    sizes: tuple[str, str] | None = None
    by_magic: Mapping[int, tuple[Any, Any]] = field(default_factory=dict)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Of the paths of such files, in a target or, with ``--`` for ``/``, taken out of one."""
        return re.compile(rf"(?:^|/|--)(?:{self.path})$")


@dataclass(frozen=True)
class IndexKind:
    """What an index file maps: the struct of its keys and of its records."""

    name: str
    path: str
    key: Any
    record: Any

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Of the paths of such files, in a target or, with ``--`` for ``/``, taken out of one."""
        return re.compile(rf"(?:^|/|--)(?:{self.path})$")


@dataclass(frozen=True)
class Attribute:
    """An extended attribute and what its value is.

    Attributes:
        structs: the structs that it can be, told apart by their size.
        by_magic: or by the first word.
        by_bits: of a size that two structs have, the one that counts if a field has certain bits.
    """

    name: str
    structs: tuple[Any, ...] = ()
    by_magic: Mapping[int, Any] = field(default_factory=dict)
    by_bits: Mapping[Any, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class ServerFiles:
    """The files of targets, those of every release: a newer server meets them, and an older one may have to.

    Attributes:
        files: files of a head and records, in the order of how often people meet them.
        logs: paths of logs; one of 0 bytes is a log that was never written to.
        attributes: extended attributes of objects.
        indexes: index files, by their path and the sizes of their keys and records.
        index_root, index_leaf: the structs at the head of an index file, and of a block of its entries.
        quota_magics: of quota files of 1.6 to 2.3, of users and of groups.
        quota_entries: the struct of such a file's limits by its version.
        quota_head, quota_block_head: the structs at its head, and of a block of limits.
        blocks, links: dialects that have the struct of entries in directory blocks, and that of names kept with an
            object.
    """

    files: tuple[FileKind, ...]
    logs: re.Pattern[str]
    attributes: tuple[Attribute, ...]
    indexes: tuple[IndexKind, ...]
    index_root: Any
    index_leaf: Any
    quota_magics: tuple[int, int]
    quota_entries: Mapping[int, Any]
    quota_head: Any
    quota_block_head: Any
    blocks: str
    links: str
