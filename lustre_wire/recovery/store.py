"""A small durable store: values by key and files of bytes, with commit and crash.

Every change can be undone until it is committed; a crash undoes what was not. That is all of a journalling disk file
system that recovery depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_MISSING = object()
#: About how many bytes it takes to remember a change.
REMEMBERED = 256


class Store:
    """Durable state of one target.

    Values must be immutable: what is read is what was stored.

    Attributes:
        writes: changes made since the last commit or crash.
        file_bytes: of all files; `undo_bytes` of what was overwritten, replaced or cut off since the last commit. A
            value says by `weight` how many bytes it is, if they are many.
        on_commit: called when everything so far is on disk, by whoever watches the disk.
    """

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._files: dict[str, bytearray] = {}
        self._undo: list[Callable[[], None]] = []
        self.file_bytes = self.undo_bytes = 0
        self.on_commit: Callable[[], None] | None = None

    @property
    def writes(self) -> int:
        return len(self._undo)

    def get(self, key: Any, default: Any = None) -> Any:
        return self._values.get(key, default)

    def __contains__(self, key: Any) -> bool:
        return key in self._values

    def set(self, key: Any, value: Any) -> None:
        old = self._values.get(key, _MISSING)
        self._undo.append(lambda: self._restore(key, old))
        self.undo_bytes += getattr(old, "weight", 0) + REMEMBERED
        self._values[key] = value

    def delete(self, key: Any) -> None:
        if key in self._values:
            old = self._values.pop(key)
            self._undo.append(lambda: self._restore(key, old))
            self.undo_bytes += getattr(old, "weight", 0) + REMEMBERED

    def items(self, kind: str) -> Iterator[tuple[Any, Any]]:
        """Keys and values whose key is a tuple that begins with `kind`."""
        return ((k, v) for k, v in list(self._values.items()) if isinstance(k, tuple) and k and k[0] == kind)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of a file; fewer where it ends."""
        return bytes(self._files.get(name, b"")[offset : offset + length])

    def size(self, name: str) -> int:
        return len(self._files.get(name, b""))

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Overwrite part of a file; a gap before it reads as zeroes."""
        file = self._files.setdefault(name, bytearray())
        old, length = bytes(file[offset : offset + len(data)]), len(file)
        self._undo.append(lambda: self._unwrite(name, offset, old, length))
        self.undo_bytes += len(old)
        file.extend(bytes(max(0, offset - length)))
        file[offset : offset + len(data)] = data
        self.file_bytes += len(file) - length

    def truncate(self, name: str, length: int) -> None:
        """Cut a file, or lengthen it with zeroes."""
        file = self._files.setdefault(name, bytearray())
        tail, before = bytes(file[length:]), len(file)
        self._undo.append(lambda: self._untruncate(name, length, tail, before))
        self.undo_bytes += len(tail)
        del file[length:]
        file.extend(bytes(length - len(file)))
        self.file_bytes += length - before

    def remove(self, name: str) -> None:
        file = self._files.pop(name, None)
        if file is not None:
            self.file_bytes -= len(file)
            self.undo_bytes += len(file)
            self._undo.append(lambda: self._put_back(name, file))

    def mark(self) -> int:
        """Where `undo_to` can go back to: the beginning of a transaction."""
        return len(self._undo)

    def undo_to(self, mark: int) -> None:
        """Take back what a transaction did that did not come through."""
        while len(self._undo) > mark:
            self._undo.pop()()

    def commit(self) -> None:
        """Everything so far is on disk."""
        self._undo.clear()
        self.undo_bytes = 0
        if self.on_commit is not None:
            self.on_commit()

    def crash(self) -> None:
        """Everything since the last commit is lost."""
        self.undo_to(0)
        self.undo_bytes = 0

    def _restore(self, key: Any, old: Any) -> None:
        if old is _MISSING:
            self._values.pop(key, None)
        else:
            self._values[key] = old

    def _put_back(self, name: str, file: bytearray) -> None:
        self._files[name] = file
        self.file_bytes += len(file)

    def _unwrite(self, name: str, offset: int, old: bytes, length: int) -> None:
        file = self._files[name]
        self.file_bytes += length - len(file)
        file[offset : offset + len(old)] = old
        del file[length:]

    def _untruncate(self, name: str, length: int, tail: bytes, before: int) -> None:
        file = self._files[name]
        self.file_bytes += before - len(file)
        del file[min(length, before) :]
        file.extend(tail)
