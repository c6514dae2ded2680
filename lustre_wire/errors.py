"""The one exception root of the library.

Whatever bytes or declarations come in, only `WireError` or one of its subclasses comes out.
"""

from __future__ import annotations


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
