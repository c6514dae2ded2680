"""last_rcvd: what a target knows of its clients after a restart, in bytes of the real layout.

Feature words and what is done about them: mds/mds_fs.c: mds_init_server_data (1.8.9), mdt/mdt_recovery.c:
mdt_server_data_init (2.0.0).
"""

from __future__ import annotations

import errno
import heapq
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.recovery.names import names
from lustre_wire.recovery.rules import rules_of
from lustre_wire.recovery.store import Store

FILE = "last_rcvd"
UUID_BYTES = 40


class MountRefused(WireError):
    """A target that cannot be started on this disk. `status` is the negative errno the mount fails with."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class LastRcvd:
    """Header and client slots of one target.

    Args:
        metadata: True for an MDT, whose clients are forgotten when the other release used the disk last.
    """

    def __init__(self, store: Store, dialect: Dialect, *, metadata: bool) -> None:
        self.store, self.dialect, self.metadata = store, dialect, metadata
        self.k = names(dialect)
        self._server, self._client = dialect.structs["lr_server_data"], dialect.structs["lsd_client_data"]
        self._head = record.codec(self._server, "little")
        self._slot = record.codec(self._client, "little")
        self.slots: dict[bytes, int] = {}
        self._free: list[int] = []

    def header(self) -> Any:
        return self._head.unpack(self.store.read(FILE, 0, self._head.size), 0, self._head.size)

    def write_header(self, header: Any) -> None:
        self.store.write(FILE, 0, self._head.pack(header))

    def start(self, uuid: bytes) -> bool:
        """Read or make the file as a target starts; slots of known clients are in `slots` afterwards.

        Returns:
            Whether the clients of another release were forgotten (E1).

        Raises:
            MountRefused: an unknown incompat or rocompat feature; nothing was changed.
        """
        k, rules = self.k, rules_of(self.dialect)
        if not self.store.size(FILE):
            self._format(uuid)
        head = self.header()
        own = k.OBD_INCOMPAT_MDT if self.metadata else k.OBD_INCOMPAT_OST
        known = int(rules.incompat) if self.metadata else own | k.OBD_INCOMPAT_COMMON_LR | k.OBD_INCOMPAT_GROUPS
        strange = int(head.lsd_feature_incompat) & ~known, int(head.lsd_feature_rocompat) & ~k.OBD_ROCOMPAT_LOVOBJID
        if any(strange):
            raise MountRefused(f"unknown features incompat {strange[0]:#x} rocompat {strange[1]:#x}", -errno.EINVAL)
        forgotten = False
        if self.metadata and bool(head.lsd_feature_compat & k.OBD_COMPAT_20) != rules.compat_20:
            forgotten = self.store.size(FILE) > head.lsd_client_start
            if forgotten:
                self.store.truncate(FILE, head.lsd_client_start)
            head.lsd_feature_compat ^= k.OBD_COMPAT_20
        if self.metadata and rules.compat_20:
            head.lsd_feature_incompat |= k.OBD_INCOMPAT_FID
        head.lsd_mount_count += 1
        self.write_header(head)
        self.store.commit()
        self._read_slots(head)
        return forgotten

    def _format(self, uuid: bytes) -> None:
        k = self.k
        own = (k.OBD_COMPAT_MDT, k.OBD_INCOMPAT_MDT) if self.metadata else (k.OBD_COMPAT_OST, k.OBD_INCOMPAT_OST)
        compat_20 = k.OBD_COMPAT_20 if self.metadata and rules_of(self.dialect).compat_20 else 0
        self.write_header(
            self._server(
                lsd_uuid=uuid.ljust(UUID_BYTES, b"\0"),
                lsd_feature_compat=own[0] | compat_20,
                lsd_feature_rocompat=k.OBD_ROCOMPAT_LOVOBJID,
                lsd_feature_incompat=own[1] | k.OBD_INCOMPAT_COMMON_LR,
                lsd_server_size=k.LR_SERVER_SIZE,
                lsd_client_start=k.LR_CLIENT_START,
                lsd_client_size=k.LR_CLIENT_SIZE,
            )
        )

    def _read_slots(self, head: Any) -> None:
        self.slots, self._free = {}, []
        for index in range((self.store.size(FILE) - head.lsd_client_start) // head.lsd_client_size):
            slot = self.slot(index)
            if slot.lcd_uuid[:1] not in (b"", b"\0"):
                self.slots[slot.lcd_uuid.rstrip(b"\0")] = index
            else:
                self._free.append(index)

    def holds_clients(self) -> bool:
        """Is any slot of the file in use?"""
        return any(self.store.read(FILE, place, 1) not in (b"", b"\0") for place in self._places())

    def clients(self) -> frozenset[bytes]:
        """UUIDs of all slots in use, as the file has them now."""
        found = (self.store.read(FILE, place, UUID_BYTES).rstrip(b"\0") for place in self._places())
        return frozenset(filter(None, found))

    def _places(self) -> range:
        """Where the file has slots."""
        return range(self.k.LR_CLIENT_START, self.store.size(FILE), self.k.LR_CLIENT_SIZE)

    def slot(self, index: int) -> Any:
        """The client slot number `index`."""
        at = self.k.LR_CLIENT_START + index * self.k.LR_CLIENT_SIZE
        data = self.store.read(FILE, at, self._slot.size).ljust(self._slot.size, b"\0")
        return self._slot.unpack(data, 0, self._slot.size)

    def empty(self) -> Any:
        """A slot that is no client's."""
        return self._client()

    def write(self, index: int, slot: Any) -> None:
        self.store.write(FILE, self.k.LR_CLIENT_START + index * self.k.LR_CLIENT_SIZE, self._slot.pack(slot))

    def add(self, uuid: bytes) -> int:
        """A slot for a new client: the first free one."""
        index = heapq.heappop(self._free) if self._free else len(self.slots)
        self.write(index, self._client(lcd_uuid=uuid.ljust(UUID_BYTES, b"\0")))
        self.slots[uuid] = index
        return index

    def free(self, uuid: bytes) -> None:
        """Forget a client."""
        index = self.slots.pop(uuid, None)
        if index is not None:
            self.write(index, self._client())
            heapq.heappush(self._free, index)

    def highest_transno(self) -> int:
        """The last transno on disk: of the header or any slot, whichever is higher."""
        found = [int(self.header().lsd_last_transno)]
        for slot in (self.slot(index) for index in self.slots.values()):
            found += [int(slot.lcd_last_transno), int(slot.lcd_last_close_transno)]
        return max(found)
