"""Numbers as people read them. Each function takes the number and its width in bytes and returns text."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from lustre_wire.frames.nid import nid_str
from lustre_wire.schema import Shown

#: Numbers of include/linux/errno.h, which the kernel keeps to itself but Lustre sends.
_KERNEL_ERRNO: Final = {
    512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND", 515: "ENOIOCTLCMD", 516: "ERESTART_RESTARTBLOCK",
    517: "EPROBE_DEFER", 521: "EBADHANDLE", 522: "ENOTSYNC", 523: "EBADCOOKIE", 524: "ENOTSUPP", 525: "ETOOSMALL",
    526: "ESERVERFAULT", 527: "EBADTYPE", 528: "EJUKEBOX", 529: "EIOCBQUEUED",
}  # fmt: skip
#: The last one that a calendar has.
LAST_SECOND: Final = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
_UNITS: Final = ((1 << 60, "E"), (1 << 50, "P"), (1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K"))


def signed(value: int, width: int = 4) -> int:
    """A number of `width` bytes read as two's complement."""
    value &= (1 << 8 * width) - 1
    return value - (1 << 8 * width) if value >> 8 * width - 1 else value


def status(value: int, width: int = 4) -> str:
    """0, a positive number, or minus an errno with its name: ``-2 ENOENT``."""
    number = signed(value, width)
    name = errno.errorcode.get(-number) or _KERNEL_ERRNO.get(-number) if number < 0 else None
    return f"{number} {name}" if name else str(number)


@lru_cache(maxsize=1024)
def mode(value: int, width: int = 4) -> str:
    """A file mode in octal and as ls -l writes it; a mode without a type shows its permissions only."""
    kind = value & 0o177777
    return f"{octal(value)} {stat.filemode(kind)}" if stat.S_IFMT(kind) else octal(value)


def octal(value: int, width: int = 4) -> str:
    """In C's octal notation."""
    return f"0{value:o}" if value else "0"


@lru_cache(maxsize=1024)
def time(value: int, width: int = 8) -> str:
    """Seconds since 1970 as date and time, UTC; what no calendar has stays a number."""
    if not 0 < value <= LAST_SECOND:
        return str(signed(value, width))
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")


def hexadecimal(value: int, width: int = 4) -> str:
    """Hexadecimal, 0 as it is."""
    return f"{value:#x}" if value else "0"


def end(value: int, width: int = 8) -> str:
    """The last byte of a range."""
    return "EOF" if value == (1 << 8 * width) - 1 else str(value)


def offset(value: int, width: int = 8) -> str:
    """The last byte of a lock of fcntl or flock, which counts with a sign."""
    return "EOF" if value == (1 << 8 * width - 1) - 1 else end(value, width)


def size(value: int, width: int = 8) -> str:
    """Bytes, with the largest binary unit that leaves a whole number."""
    for unit, letter in _UNITS:
        if value and not value % unit:
            return f"{value // unit}{letter}"
    return str(value)


def device(value: int, width: int = 4) -> str:
    """A device number as major:minor, in the 32-bit encoding of Linux (new_encode_dev)."""
    if value >> 32:
        return f"{value:#x}"
    return f"{(value & 0xFFF00) >> 8}:{value & 0xFF | value >> 12 & 0xFFF00}" if value else "0"


def release(value: int, width: int = 4) -> str:
    """A version code: one byte each for major, minor, patch and fix."""
    return ".".join(str(value >> shift & 0xFF) for shift in (24, 16, 8, 0)) if value else "0"


def owner(value: int, width: int = 4) -> str:
    """A user, group or project id."""
    return "-1" if value == (1 << 8 * width) - 1 else str(value)


def anyone(value: int, width: int = 4) -> str:
    """A server's index, or that any will do."""
    return "any" if value == (1 << 8 * width) - 1 else str(value)


def nid(value: int, width: int = 8) -> str:
    """An LNet NID; 0 is none."""
    return nid_str(value) if value else "0"


WRITERS: Final[dict[Shown, Callable[[int, int], str]]] = {
    Shown.HEX: hexadecimal, Shown.OCTAL: octal, Shown.MODE: mode, Shown.TIME: time, Shown.STATUS: status,
    Shown.NID: nid, Shown.END: end, Shown.OFFSET: offset, Shown.ID: owner, Shown.ANY: anyone,
    Shown.BYTES: size, Shown.DEVICE: device, Shown.RELEASE: release,
}  # fmt: skip


def counted(number: int, noun: str) -> str:
    """So many of something: ``1 stripe``, ``2 stripes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
