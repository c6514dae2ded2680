"""Files that are written: each appears whole under its name, or not at all.

What is written goes into a temporary file in the same folder, which gets the name in one step when everything is in it,
so that a failed or interrupted run leaves what was there before. A pipe or a device has nothing to be replaced: it is
written as the bytes come, which is how a capture can be watched while it is made: ``--pcap >(tshark -r -)``, or a FIFO.
A long run therefore needs no other mode: asked to end, it ends well, and its file is there.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from lustre_wire.errors import WireError

STDIN: Final = "-"
#: Of the name, what of it is in the name of the temporary file: file systems allow 255 bytes.
_KEPT: Final = 100

File = str | os.PathLike[str]


def check_output(path: File, inputs: Iterable[File] = ()) -> None:
    """Refuse what must not be written: a link, or a file that is an input or another output of the same run.

    Args:
        path: the file to be written.
        inputs: files that must not be changed; "-" is standard input.

    Raises:
        WireError: it is one of the inputs, under whatever name; a symbolic link to a file; neither a file, a pipe nor
            a character device; or it would be in a folder that is not there.
        OSError: there is such a file and it may not be written.
    """
    target = Path(path)
    found = _status(target)
    for each in inputs:
        other = _input_status(each)
        same = found is not None and other is not None and os.path.samestat(found, other)
        if _replaced(found) and (same or (each != STDIN and os.path.realpath(each) == os.path.realpath(target))):
            raise WireError(f"is an input too ({each}); not overwritten", path=str(path))
    if not _replaced(found):
        return
    if target.is_symlink():
        raise WireError(f"is a link to {target.readlink()}; not overwritten", path=str(path))
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise WireError("is neither a file nor a pipe; not overwritten", path=str(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not os.access(target if found is not None else target.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


@contextlib.contextmanager
def writing(path: File, inputs: Iterable[File] = ()) -> Iterator[BinaryIO]:
    """A binary stream whose bytes become the file `path` when the block ends without an error.

    Args:
        path, inputs: as for `check_output`.

    Raises:
        WireError: as `check_output`.
        OSError: the file cannot be written; `filename` is `path`.
    """
    check_output(path, inputs)
    target = Path(path)
    found = _status(target)
    if not _replaced(found):
        with io.BufferedWriter(_Raw(str(target), "wb")) as stream:
            yield stream
        return
    kept = os.fsdecode(os.fsencode(target.name)[:_KEPT])
    temporary = target.parent / f".{kept}.{os.urandom(6).hex()}"
    try:
        with io.BufferedWriter(_Raw(str(target), "wb", opener=partial(_new, temporary))) as stream:
            if found is not None:
                os.fchmod(stream.fileno(), stat.S_IMODE(found.st_mode))
            yield stream
        temporary.replace(target)
    except BrokenPipeError:  # of standard output, which is no reason elsewhere to call a run failed
        raise WireError("not written, since standard output was closed", path=str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: File, data: bytes) -> None:
    """Write a file that has these bytes; errors as for `writing`."""
    with writing(path) as stream:
        stream.write(data)


def _replaced(found: os.stat_result | None) -> bool:
    """Whether there is something that a new file would take the place of, or nothing at all."""
    return found is None or not (stat.S_ISFIFO(found.st_mode) or stat.S_ISCHR(found.st_mode))


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _input_status(path: File) -> os.stat_result | None:
    if path == STDIN:
        try:
            return os.fstat(sys.stdin.fileno())
        except (OSError, ValueError, AttributeError):  # closed, or no file in a test
            return None
    return _status(Path(path))


class _Raw(io.FileIO):
    """A file whose errors name it."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = self.name
            raise


def _new(temporary: Path, name: str, flags: int) -> int:
    """A descriptor of a file that was not there; the mode is what the umask leaves of that of any file."""
    try:
        return os.open(temporary, flags & ~os.O_TRUNC | os.O_EXCL | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        error.filename = name
        raise
