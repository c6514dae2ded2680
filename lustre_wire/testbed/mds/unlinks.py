"""The log of objects whose file is gone: a record for each, until its OST has destroyed it (mds/mds_log.c of 1.8.9,
mdd/mdd_lov.c of 2.0.0, osp/osp_sync.c of 2.17.0).

Where clients destroy the objects, the one that took the last name away is told a cookie for each. It hands them to the
OSTs, which give them back to the MDT when the objects are gone for good. What such a client leaves, the MDT destroys.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.names import names
from lustre_wire.recovery.store import Store
from lustre_wire.testbed import layouts

#: How many objects one client may be about to destroy; the MDT destroys the oldest of those beyond.
OWED = 4096
#: Number of the log of the first OST's objects; those of the others follow.
FIRST_LOG = 0x1001


@attrs.define(slots=True, frozen=True)
class Gone:
    """An object to be destroyed.

    Attributes:
        record: its number in the log.
        ost, number: where it is.
        client: UUID of who is to destroy it; empty for the MDT itself.
    """

    record: int
    ost: int
    number: int
    client: bytes


class Unlinks:
    """The log of one MDT.

    Attributes:
        due: what the MDT has to destroy itself, now.
    """

    def __init__(self, dialect: Dialect, store: Store) -> None:
        self.dialect, self.store = dialect, store
        self.due: list[Gone] = []
        self._owed: dict[bytes, dict[int, None]] = {}
        for (_, record), gone in store.items("unlink"):
            self._owed.setdefault(gone.client, {})[record] = None

    def take(self) -> list[Gone]:
        """What is due, once. A record whose end of a file was undone is none."""
        due, self.due = self.due, []
        return [gone for gone in due if ("unlink", gone.record) in self.store]

    def note(self, md: bytes, client: bytes = b"") -> list[Any]:
        """Note the objects of a layout. An `llog_cookie` for each, for a client that is to destroy them."""
        cookies = []
        for ost, number in layouts.objects(self.dialect, md):
            record = self.store.get("next_unlink", 1)
            self.store.set("next_unlink", record + 1)
            gone = Gone(record, ost, number, client)
            self.store.set(("unlink", record), gone)
            if not client:
                self.due.append(gone)
                continue
            owed = self._owed.setdefault(client, {})
            owed[record] = None
            if len(owed) > OWED:
                self._due([next(iter(owed))])
            cookies.append(self._cookie(gone))
        return cookies

    def _cookie(self, gone: Gone) -> Any:
        made = self.dialect.structs["llog_cookie"](
            lgc_subsys=names(self.dialect).LLOG_MDS_OST_ORIG_CTXT, lgc_index=gone.record
        )
        made.lgc_lgl.lgl_oid, made.lgc_lgl.lgl_ogen = FIRST_LOG + gone.ost, 1
        return made

    def cancel(self, cookies: Iterable[Any]) -> None:
        """An OST gives back cookies: these objects are gone."""
        for cookie in cookies:
            gone = self.store.get(("unlink", int(cookie.lgc_index)))
            if gone is not None and cookie.lgc_lgl.lgl_oid == FIRST_LOG + gone.ost:
                self.done(gone)

    def done(self, gone: Gone) -> None:
        """An object is gone for good."""
        self.store.delete(("unlink", gone.record))
        owed = self._owed.get(gone.client, {})
        owed.pop(gone.record, None)
        if not owed:
            self._owed.pop(gone.client, None)

    def left_by(self, client: bytes) -> None:
        """A client is gone: it destroys nothing any more."""
        self._due(self._owed.pop(client, {}))

    def left_on(self, ost: int) -> None:
        """A connection with an OST is there again: whatever the log still has of it goes, as when an OST is told of the
        log (LLOG_ORIGIN_CONNECT; obdfilter/filter_log.c: filter_recov_log_mds_ost_cb)."""
        self._due(gone.record for _, gone in list(self.store.items("unlink")) if gone.ost == ost)

    def _due(self, records: Iterable[int]) -> None:
        for record in list(records):
            gone = self.store.get(("unlink", record))
            if gone is not None:  # what was undone is not
                self.due.append(gone)
                self._owed.get(gone.client, {}).pop(record, None)
