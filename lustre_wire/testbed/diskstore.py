"""A `Store` that outlives its process: values in SQLite, objects as sparse files, both on disk when it commits.

What is on disk is what was last committed: the bytes of objects go first, then, at once, all that speaks of them.
"""

from __future__ import annotations

import os
import pickle
import sqlite3
from pathlib import Path
from typing import Any

import attrs

from lustre_wire.errors import WireError
from lustre_wire.recovery.store import Store

#: Files of this kind are kept as files; others are small, and have to change together with the values.
OBJECT = "object "


@attrs.define(slots=True)
class Written:
    """What changed in a file since the last commit: ranges of bytes, and how short it was in between."""

    low: int
    ranges: list[tuple[int, int]] = attrs.field(factory=list)


class DiskStore(Store):
    """Durable state of one target in a directory of its own; it is read into memory as a whole.

    Args:
        folder: made where it is not there. It is trusted: values are pickled.

    Raises:
        WireError: the folder is no state of a target, or in use.
        OSError: it cannot be read or made.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._changed: set[Any] = set()
        self._written: dict[str, Written] = {}
        self._database = sqlite3.connect(folder / "state.sqlite", isolation_level=None)
        try:
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute("BEGIN EXCLUSIVE")
            for table in ("kept", "files"):
                self._database.execute(f"CREATE TABLE IF NOT EXISTS {table} (key BLOB PRIMARY KEY, value BLOB)")
            self._read()
            self._database.execute("COMMIT")
        except (sqlite3.Error, pickle.UnpicklingError) as error:
            self._database.close()
            raise WireError(f"no state of a target, or in use: {error}", path=str(folder)) from None

    def _read(self) -> None:
        for key, value in self._database.execute("SELECT key, value FROM kept"):
            self._values[pickle.loads(key)] = pickle.loads(value)
        for name, data in self._database.execute("SELECT key, value FROM files"):
            self._files[name.decode()] = bytearray(data)
        for path in self.folder.glob("object-*"):
            self._files[OBJECT + path.name.removeprefix("object-")] = bytearray(path.read_bytes())
        self.file_bytes = sum(len(data) for data in self._files.values())

    def close(self) -> None:
        """Let go of the folder."""
        self._database.close()

    # -- changes -------------------------------------------------------------------------------------------------

    def set(self, key: Any, value: Any) -> None:
        self._changed.add(key)
        super().set(key, value)

    def delete(self, key: Any) -> None:
        self._changed.add(key)
        super().delete(key)

    def write(self, name: str, offset: int, data: bytes) -> None:
        self._touch(name, offset, offset + len(data))
        super().write(name, offset, data)

    def truncate(self, name: str, length: int) -> None:
        self._touch(name, length, self.size(name), low=length)
        super().truncate(name, length)

    def remove(self, name: str) -> None:
        self._touch(name, 0, self.size(name), low=0)
        super().remove(name)

    def _touch(self, name: str, start: int, end: int, low: int | None = None) -> None:
        """These bytes change, or come back when the change is undone; the file has been as short as `low`."""
        known = self._written.setdefault(name, Written(self.size(name)))
        known.low = min(known.low, self.size(name) if low is None else low)
        if start < end:
            known.ranges.append((start, end))

    def commit(self) -> None:
        """Everything so far is on disk.

        Raises:
            OSError: it cannot be written.
        """
        rows = []
        for name, written in self._written.items():
            data = self._files.get(name)
            if name.startswith(OBJECT):
                self._write_object(name, data, written)
            else:
                rows.append((name.encode(), None if data is None else bytes(data)))
        if self._changed or rows:
            self._database.execute("BEGIN")
            for key in self._changed:
                self._keep("kept", pickle.dumps(key), pickle.dumps(self._values[key]) if key in self._values else None)
            for key, value in rows:
                self._keep("files", key, value)
            self._database.execute("COMMIT")
        self._changed.clear()
        self._written.clear()
        super().commit()

    def crash(self) -> None:
        super().crash()
        self._changed.clear()
        self._written.clear()

    def _keep(self, table: str, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._database.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
        else:
            self._database.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (key, value))

    def _write_object(self, name: str, data: bytearray | None, written: Written) -> None:
        path = self.folder / f"object-{name.removeprefix(OBJECT)}"
        if data is None:
            path.unlink(missing_ok=True)
            return
        path.touch()
        with path.open("r+b") as file:
            file.truncate(min(written.low, len(data)))
            file.truncate(len(data))  # zeroes that take no room
            for start, end in written.ranges:
                piece = bytes(data[start:end])
                if start < written.low or piece.strip(b"\0"):
                    file.seek(start)
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
