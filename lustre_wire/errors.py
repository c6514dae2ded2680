"""The one exception root of the library.

Whatever bytes or declarations come in, only `WireError` or one of its subclasses comes out.
"""

from __future__ import annotations

import copyreg
import errno as errno_names
from typing import Any, Final

#: Python lists this one under its other name, which Lustre does not use.
_ERRNO_NAMES: Final = {**errno_names.errorcode, errno_names.EOPNOTSUPP: "EOPNOTSUPP"}


class WireError(Exception):
    """Input that is not what the wire format allows.

    Attributes:
        message: what was expected and what was there.
        path: where in the structure, dotted (``"dlm_req.lock_desc"``); empty when it concerns the whole input.
        offset: byte offset in the input, or None when there is none (encoding, JSON).
        dialect: name of the dialect in whose light the bytes were read, or "".
    """

    def __init__(self, message: str, *, path: str = "", offset: int | None = None, dialect: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.offset = offset
        self.dialect = dialect

    def __str__(self) -> str:
        where = []
        if self.dialect:
            where.append(f"dialect {self.dialect}")
        if self.path:
            where.append(self.path)
        if self.offset is not None:
            where.append(f"byte {self.offset}")
        return f"{', '.join(where)}: {self.message}" if where else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """As it stands, without the constructor: the subclasses' take what they make the message of."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def within(self, path: str, base: int = 0) -> WireError:
        """The same error seen from outside: `path` put in front, `base` added to the offset.

        Changes the error in place and returns it, so that ``raise error.within("rec", 40)`` keeps the class.
        """
        self.path = f"{path}.{self.path}" if self.path else path
        if self.offset is not None:
            self.offset += base
        return self


class TruncatedError(WireError):
    """Fewer bytes than a header or a length field says there are."""


class SchemaError(WireError):
    """A declaration that contradicts itself: a wrong size, an unknown type, a field that cannot be there."""


class StrictError(WireError):
    """Bytes a receiver accepts but a correct sender never emits; raised only with ``strict=True``."""


class LossyTranslation(WireError):
    """A message that says something the other dialect has no words for.

    Attributes:
        report: the whole translation report (`lustre_wire.translate.Report`); `losses` are its entries that were not
            allowed, `fields` the paths of these.
    """

    def __init__(self, report: Any, losses: tuple[Any, ...], *, dialect: str = "") -> None:
        names = ", ".join(f"{loss.name} ({loss.path})" for loss in losses)
        super().__init__(f"{report.operation} would lose {names}", path=losses[0].path, dialect=dialect)
        self.report = report
        self.losses = losses

    @property
    def fields(self) -> tuple[str, ...]:
        """Dotted paths, in the message that was to be translated, of what would be lost."""
        return tuple(loss.path for loss in self.losses)

    @property
    def names(self) -> tuple[str, ...]:
        """What to pass as `allow` to have the message all the same."""
        return tuple(dict.fromkeys(loss.name for loss in self.losses))


class Untranslatable(WireError):
    """A message that cannot be said in the other dialect at all.

    Attributes:
        errno: the error number (positive) that a real Lustre server gives for it.
    """

    def __init__(self, message: str, *, errno: int, path: str = "", dialect: str = "") -> None:
        name = _ERRNO_NAMES.get(errno, str(errno))
        super().__init__(f"{message} ({name})", path=path, dialect=dialect)
        self.errno = errno
