"""One change of a target's state: its number, the versions of what it touches, and the client's slot in last_rcvd."""

from __future__ import annotations

import errno
from typing import Any, Protocol

from lustre_wire.recovery.exports import Incoming
from lustre_wire.recovery.names import Names
from lustre_wire.recovery.rules import RecoveryRules
from lustre_wire.recovery.store import Store


class Numbered(Protocol):
    """What a transaction needs of its target; see `Target`."""

    store: Store
    last_transno: int
    k: Names
    rules: RecoveryRules

    def is_replay(self, request: Incoming) -> bool:
        """Is this a request whose first run was lost?"""

    def version(self, key: Any) -> int:
        """An object's version."""


class Refused(Exception):
    """An operation that fails: `status` is a negative errno. Raised by a service, answered by the target."""

    def __init__(self, status: int, *, failed: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.failed = failed


class Transaction:
    """What a service does between `Target.begin` and `finish`; a `Refused` raised in between undoes it.

    Attributes:
        transno: of this change; a replay keeps the one it had.
    """

    def __init__(self, target: Numbered, request: Incoming) -> None:
        self.target, self.request = target, request
        self.replay = target.is_replay(request)
        self.transno = request.message.transno if self.replay else target.last_transno + 1
        self.mark = target.store.mark()

    def versions(self, operation: str, **objects: Any) -> None:
        """Note the versions of what the operation is about; in a replay compare them with those of the first time (V1).

        Args:
            operation: as in `RecoveryRules.version_slots`.
            objects: by the slot's name: the key of the object, or None for one that does not exist.

        Raises:
            Refused: -EOVERFLOW: another version, in a replay.
        """
        target, request, rules = self.target, self.request, self.target.rules
        sent = request.message.body.pb_pre_versions
        found = [0, 0, 0, 0]
        checked = bool(request.export.granted & target.k.OBD_CONNECT_VBR) and (
            request.message.transno != 0 if rules.versions_without_flag else self.replay
        )
        for index, name in enumerate(rules.version_slots[operation]):
            key = objects.get(name)
            if name == "target_dir" and rules.same_directory_once and key == objects.get("source_dir"):
                continue
            found[index] = rules.absent_version if key is None else target.version(key)
            skip = key is None and not rules.absent_version
            if checked and not skip and sent[index] != found[index]:
                request.export.version_failed = True
                raise Refused(-errno.EOVERFLOW)
        request.versions = tuple(found)

    def touch(self, operation: str, **objects: Any) -> None:
        """These objects change: their version becomes this transaction's number, where the release does that.

        Args:
            operation: as in `RecoveryRules.touched`.
            objects: the key of each, None for one that does not exist.
        """
        names = self.target.rules.touched.get(operation, tuple(objects))
        for key in (objects.get(name) for name in names):
            if key is not None:
                self.target.store.set(("version", key), self.transno)

    def finish(self, disposition: int = 0) -> None:
        """The change is made; it is lost in a crash until the target commits."""
        self.request.transno = self.transno
        self.request.disposition = disposition
        self.target.last_transno = max(self.target.last_transno, self.transno)
