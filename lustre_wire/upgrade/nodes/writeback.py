"""Writes that stay in the client's memory until somebody wants them on disk: what a stop has to flush."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from lustre_wire.recovery.ldlm import Lock
from lustre_wire.recovery.names import names
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.client.node import OpenFile
from lustre_wire.testbed.tasks import Steps


@attrs.define(slots=True, eq=False)
class Page:
    """Bytes not yet written; the lock that covers them stays in use until they are."""

    file: OpenFile
    index: int
    object: int
    offset: int
    data: bytes
    lock: Lock
    writing: bool = False


class WriteBack(ClientNode):
    """A client with a cache of writes.

    Attributes:
        dirty: pages not yet on an OST, in the order they were written.
        lost: bytes that an eviction took.
    """

    dirty: list[Page]
    lost = 0

    def write_later(self, number: int, offset: int, data: bytes) -> Any:
        """Write into the cache: done as soon as the lock is there."""
        file = yield from self._laid_out(number, offset, offset + len(data), writes=True)
        for piece in self._pieces(file, offset, len(data)):
            assert piece.object is not None  # no release that is upgraded keeps data on the MDT
            index, obj = piece.object
            _, lock = yield from self._extent(file, piece.object, "LCK_PW")
            self.dirty.append(Page(file, index, obj, piece.at, data[piece.start : piece.start + piece.length], lock))
            self._note_size(index, lock, piece.at + piece.length)
        file.size_changed = True
        return len(data)

    def _note_size(self, index: int, lock: Lock, end: int) -> None:
        """What a glimpse is answered while the bytes are only here."""
        known = int(lock.data.lvb_size) if lock.data is not None else 0
        now, lvb = self.seconds(), self.oscs[index].dialect.structs["ost_lvb"]
        lock.data = lvb(lvb_size=max(known, end), lvb_mtime=now, lvb_atime=now, lvb_ctime=now)

    def flush_pages(self, pages: Iterable[Page]) -> Steps:
        """Write pages out, in order."""
        mine = [page for page in pages if not page.writing]
        for page in mine:
            page.writing = True
        for page in mine:
            try:
                if page in self.dirty:
                    where = page.index, page.object
                    yield from self._transfer(op.ObjectWrite, page.file, where, page.offset, page.data)
            finally:
                page.writing = False
                if page in self.dirty:
                    self.dirty.remove(page)
                    page.lock.data = None
                    self.release(self.oscs[page.index], page.lock)

    def flush_file(self, number: int) -> Steps:
        objects = set(self.file(number).objects)
        return self.flush_pages([page for page in self.dirty if (page.index, page.object) in objects])

    def wanted_pages(self) -> list[Page]:
        """Pages whose lock somebody else wants."""
        pending = {index: names(osc.dialect).LDLM_FL_CBPENDING for index, osc in self.oscs.items()}
        return [page for page in self.dirty if not page.writing and page.lock.flags & pending[page.index]]

    def drop_pages(self, index: int) -> None:
        """An OST forgot this client: what was not written is lost."""
        gone = [page for page in self.dirty if page.index == index]
        self.lost += sum(len(page.data) for page in gone)
        self.dirty = [page for page in self.dirty if page.index != index]

    # -- operations that must see what was written ---------------------------------------------------------------

    def read(self, number: int, offset: int, length: int) -> Any:
        yield from self.flush_file(number)
        return (yield from super().read(number, offset, length))

    def close(self, number: int) -> Any:
        yield from self.flush_file(number)
        return (yield from super().close(number))

    def fsync(self, number: int) -> Any:
        yield from self.flush_file(number)
        return (yield from super().fsync(number))

    def truncate(self, number: int, size: int) -> Any:
        yield from self.flush_file(number)
        return (yield from super().truncate(number, size))
