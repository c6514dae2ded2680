"""The files of a target: of a folder, or of an ldiskfs image, which `debugfs` reads without mounting or writing it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lustre_wire.cli.output import complain
from lustre_wire.errors import WireError

#: Folders of a target whose files belong to users, or are objects.
_SKIPPED: Final = frozenset({"ROOT", "lost+found", "PENDING"})
_OBJECTS: Final = re.compile(r"^O/(?!1/|a/|10/)[0-9a-f]+/d\d+$")
#: A line of debugfs's "ls -p": inode, mode, uid, gid, name, size.
_LISTED: Final = re.compile(rb"^/(\d+)/(\d{6})/\d+/\d+/([^/]+)/(\d*)/$", re.MULTILINE)
_MAGIC_AT: Final = 1024 + 56
_MAGIC: Final = b"\x53\xef"
#: Bytes of the largest file that is read, of all of them, and how deep folders go.
_LONGEST: Final = 64 << 20
_MOST: Final = 1 << 30
_DEEPEST: Final = 8
_SECONDS: Final = 120
_ROOT_INODE: Final = 2


class TargetFiles:
    """The files of a folder or an image: (path within the target, contents) each.

    Attributes:
        unread: how many files could not be read; each has been complained of.
    """

    def __init__(self, path: str) -> None:
        self.unread = 0
        self._path = path

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """The files.

        Raises:
            WireError: neither a folder nor an ldiskfs image, or debugfs is missing or fails.
            OSError: it cannot be read.
        """
        if Path(self._path).is_dir():
            return self._of_folder(Path(self._path))
        if not is_image(self._path):
            raise WireError("neither a folder with the files of a target nor an ldiskfs image", path=self._path)
        return _of_image(Path(self._path).resolve())

    def _of_folder(self, root: Path) -> Iterator[tuple[str, bytes]]:
        for place, folders, names in os.walk(root):
            inside = Path(place).relative_to(root).as_posix().removeprefix(".")
            folders[:] = sorted(name for name in folders if _wanted(f"{inside}/{name}".lstrip("/")))
            for name in sorted(names):
                file, path = Path(place) / name, f"{inside}/{name}".lstrip("/")
                try:
                    about = file.lstat()
                    if stat.S_ISREG(about.st_mode) and not _too_large(path, about.st_size):
                        yield path, file.read_bytes()
                except OSError as error:
                    self.unread += 1
                    complain(f"{file}: {error.strerror or error}")


def _too_large(path: str, size: int) -> bool:
    if size > _LONGEST:
        complain(f"{path}: not read, since it has {size} bytes")
    return size > _LONGEST


def is_image(path: str) -> bool:
    """Whether a file or device holds a file system of ext4's family."""
    if stat.S_ISFIFO(Path(path).stat().st_mode):
        return False
    with Path(path).open("rb") as stream:
        stream.seek(_MAGIC_AT)
        return stream.read(len(_MAGIC)) == _MAGIC


def _wanted(folder: str) -> bool:
    return folder.rpartition("/")[2] not in _SKIPPED and not _OBJECTS.match(folder)


def _of_image(image: Path) -> Iterator[tuple[str, bytes]]:
    program = shutil.which("debugfs")
    if program is None:
        raise WireError("needs debugfs, which is not installed (Debian: e2fsprogs)", path=str(image))
    left = _MOST
    todo = [("", _ROOT_INODE, 0)]
    while todo:
        inside, inode, depth = todo.pop()
        for number, mode, raw, size in _LISTED.findall(_debugfs(program, image, f"ls -p <{inode}>", _LONGEST)):
            name = raw.decode("utf-8", "surrogateescape")
            path, kind = f"{inside}/{name}".lstrip("/"), int(mode, 8)
            if not int(number) or name in (".", ".."):
                continue
            if stat.S_ISDIR(kind) and depth < _DEEPEST and _wanted(path):
                todo.append((path, int(number), depth + 1))
            elif stat.S_ISREG(kind) and not _too_large(path, int(size or 0)):
                left -= int(size or 0)
                if left < 0:
                    raise WireError(f"more than {_MOST} bytes in files of the target", path=str(image))
                yield path, _debugfs(program, image, f"cat <{int(number)}>", _LONGEST)


def _debugfs(program: str, image: Path, request: str, most: int) -> bytes:
    """What one request prints. Without -w debugfs opens the file system for reading only."""
    try:
        done = subprocess.run(
            [program, "-R", request, str(image)], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS,
            check=False, env={**os.environ, "DEBUGFS_PAGER": "cat", "PAGER": "cat", "LC_ALL": "C"},
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise WireError(f"debugfs did not answer within {_SECONDS} seconds", path=str(image)) from error
    complaint = done.stderr.decode("utf-8", "backslashreplace").splitlines()[1:]
    if done.returncode or (complaint and not done.stdout):
        raise WireError(f"debugfs: {' '.join(complaint) or done.returncode}", path=str(image))
    if len(done.stdout) > most:
        raise WireError(f"more than {most} bytes", path=f"{image} {request}")
    return done.stdout
