"""What a target keeps for its clients, at most. Whoever passes a limit gets an error; the others are served."""

from __future__ import annotations

import attrs


@attrs.define(slots=True, frozen=True)
class Limits:
    """Budgets of one target (docs/testbed.md says what happens at each).

    Attributes:
        clients: exports, of an OST one more for its MDT; others are refused with -EOVERFLOW, as when last_rcvd is full
            (LR_MAX_CLIENTS).
        requests: of one client under way; more are answered with -EBUSY.
        opens: handles of one client; more fail with -EMFILE.
        locks: of all clients; locks_each: of one client, -ENOMEM.
        on_resource: locks granted on one resource, or waiting for it; more are refused with -ENOMEM.
        ranges_waiting: extents or file locks waiting for one resource, which have to be compared one by one.
        inodes: of an MDT; entries: of one directory, -ENOSPC.
        xattrs: bytes of one inode's extended attributes, -ENOSPC.
        undo: bytes kept to undo what is not yet committed; beyond it the disk is waited for.
    """

    clients: int = 1024
    requests: int = 512
    opens: int = 4096
    locks: int = 1 << 17
    locks_each: int = 1 << 14
    on_resource: int = 4096
    ranges_waiting: int = 256
    inodes: int = 1 << 18
    entries: int = 1 << 16
    xattrs: int = 1 << 16
    undo: int = 16 << 20


#: What a target keeps that nobody told otherwise.
DEFAULT = Limits()
