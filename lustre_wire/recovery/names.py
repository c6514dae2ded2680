"""A dialect's constants as attributes: ``names(d).LCK_EX`` reads like the C it stands for."""

from __future__ import annotations

import errno as _errno
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError


class Names:
    """Constants of one dialect by their C names.

    Raises:
        WireError: the dialect has no such constant.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.dialect.constants:
            raise WireError(f"no constant {name!r}", dialect=self.dialect.name)
        value = self.dialect.constants[name]
        # plain numbers: the complement of a flag must not lose the bits without a name
        made = self.__dict__[name] = int(value) if isinstance(value, int) else value
        return made

    def flag(self, name: str) -> int:
        """A flag, or 0 where the dialect has none of that name: it is set by nobody."""
        return int(getattr(self, name)) if name in self.dialect.constants else 0


_known: dict[int, Names] = {}


def names(dialect: Dialect) -> Names:
    """The constants of `dialect`, shared by everybody who asks."""
    found = _known.get(id(dialect))
    if found is None or found.dialect is not dialect:
        found = _known[id(dialect)] = Names(dialect)
    return found


def errno_name(status: int) -> str:
    """``-107`` -> ``-ENOTCONN``; a number without a name stays a number."""
    name = _errno.errorcode.get(-status)
    return f"-{name}" if name and status < 0 else str(status)
