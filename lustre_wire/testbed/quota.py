"""Quota of one target: what owners use, and how much they may (quota/quota_master.c, quota/quota_ctl.c).

The MDT counts inodes, an OST bytes. Limits are set on the MDT, which hands those of blocks on to its OSTs: each of them
enforces the whole limit, where Lustre shares it out among them.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from lustre_wire.recovery.names import Names
from lustre_wire.recovery.store import Store
from lustre_wire.recovery.transaction import Refused

USER, GROUP = 0, 1
#: Bytes of a block in limits (QUOTABLOCK_SIZE), and seconds of grace unless told otherwise (MAX_DQ_TIME).
QUOTA_BLOCK, GRACE = 1024, 7 * 86400
#: Seconds since 1970 at time 0 of the nodes' clock.
EPOCH = 1297600000
#: How many owners may have limits.
MAX_OWNERS = 4096
_BLOCKS = ("dqb_bhardlimit", "dqb_bsoftlimit")
_INODES = ("dqb_ihardlimit", "dqb_isoftlimit")
_TIMES = ("dqb_btime", "dqb_itime")

#: Owner, group and how much: of an inode 1, of an object its bytes.
Owned = tuple[int, int, int]


def charge(store: Store, before: Owned | None, after: Owned | None) -> None:
    """What is owned changes: usage follows, and is undone with the change in a crash."""
    if before == after:
        return
    for owned, sign in ((before, -1), (after, 1)):
        for kind in (USER, GROUP) if owned is not None and owned[2] else ():
            key = ("usage", kind, owned[kind])  # type: ignore[index]
            used = store.get(key, 0) + sign * owned[2]  # type: ignore[index]
            if used:
                store.set(key, used)
            else:
                store.delete(key)


class Quota:
    """Limits and usage of a target.

    Args:
        counts: ``"inodes"`` or ``"bytes"``.
        now: the target's clock.
    """

    def __init__(self, k: Names, store: Store, counts: str, now: Callable[[], float]) -> None:
        self.k, self.store, self.now = k, store, now
        self.inodes = counts == "inodes"
        self.hard, self.soft = _INODES if self.inodes else _BLOCKS
        self.time, self.unit = _TIMES[self.inodes], 1 if self.inodes else QUOTA_BLOCK

    def seconds(self) -> int:
        """Since 1970."""
        return EPOCH + int(self.now())

    def grace(self, kind: int) -> int:
        """Seconds that owners may be over their soft limit."""
        graces: tuple[int, int] = self.store.get(("grace", kind), (GRACE, GRACE))
        return graces[self.inodes]

    def over(self, uid: int, gid: int, more: int) -> int:
        """`OBD_MD_FL*QUOTA` of the owners that would pass their limit with so much more; 0 for none."""
        found = 0
        for kind, number, bit in ((USER, uid, self.k.OBD_MD_FLUSRQUOTA), (GROUP, gid, self.k.OBD_MD_FLGRPQUOTA)):
            if more > 0 and self._passes(kind, number, more):
                found |= int(bit)
        return found

    def _passes(self, kind: int, number: int, more: int) -> bool:
        """Nobody passes his hard limit; who passes the soft one may do so until his time of grace is over, which begins
        then (dqacq_handler)."""
        limits, used = self.store.get(("quota", kind, number), {}), self.store.get(("usage", kind, number), 0)
        hard, soft = limits.get(self.hard, 0) * self.unit, limits.get(self.soft, 0) * self.unit
        if hard and used + more > hard:
            return True
        if not soft or used + more <= soft:
            return False
        ends = self._ends(limits, used)
        if not ends:
            self.store.set(("quota", kind, number), limits | {self.time: self.seconds() + self.grace(kind)})
        return bool(ends) and self.seconds() >= ends

    def _ends(self, limits: dict[str, int], used: int) -> int:
        """When an owner's time of grace is over; 0 for one who is not, or was not in between, over his soft limit."""
        soft = limits.get(self.soft, 0) * self.unit
        return limits.get(self.time, 0) if soft and used > soft else 0

    def need(self, uid: int, gid: int, more: int) -> None:
        """
        Raises:
            Refused: -EDQUOT.
        """
        if self.over(uid, gid, more):
            raise Refused(-errno.EDQUOT)

    def control(self, body: Any) -> Any:
        """Do what an `obd_quotactl` says, and fill it in.

        Raises:
            Refused: with the errno of Lustre.
        """
        k, kind, command = self.k, int(body.qc_type), int(body.qc_cmd)
        if command in (k.LUSTRE_Q_QUOTAON, k.LUSTRE_Q_QUOTAOFF):
            return body
        if kind not in (USER, GROUP):
            raise Refused(-errno.EINVAL, failed=True)
        if command in (k.LUSTRE_Q_GETQUOTA, k.Q_GETOQUOTA):
            self._get(kind, body)
        elif command == k.LUSTRE_Q_SETQUOTA:
            self._set(kind, body)
        elif command in (k.LUSTRE_Q_GETINFO, k.Q_GETOINFO):
            info = body.qc_dqinfo
            info.dqi_bgrace, info.dqi_igrace = self.store.get(("grace", kind), (GRACE, GRACE))
        elif command == k.LUSTRE_Q_SETINFO:
            self.store.set(("grace", kind), (int(body.qc_dqinfo.dqi_bgrace), int(body.qc_dqinfo.dqi_igrace)))
        else:
            raise Refused(-errno.EFAULT, failed=True)
        return body

    def _get(self, kind: int, body: Any) -> None:
        block, number = body.qc_dqblk, int(body.qc_id)
        limits, used = self.store.get(("quota", kind, number), {}), self.store.get(("usage", kind, number), 0)
        for name in (*_BLOCKS, *_INODES, *_TIMES):
            setattr(block, name, limits.get(name, 0))
        setattr(block, self.time, self._ends(limits, used))
        block.dqb_curinodes, block.dqb_curspace = (used, 0) if self.inodes else (0, used)
        block.dqb_valid = int(self.k.QIF_ALL)

    def _set(self, kind: int, body: Any) -> None:
        block, key, k = body.qc_dqblk, ("quota", kind, int(body.qc_id)), self.k
        limits = dict(self.store.get(key, {}))
        for bit, names in (
            (k.QIF_BLIMITS, _BLOCKS), (k.QIF_ILIMITS, _INODES), (k.QIF_BTIME, ("dqb_btime",)),
            (k.QIF_ITIME, ("dqb_itime",)),
        ):  # fmt: skip
            if block.dqb_valid & bit:
                limits |= {name: int(getattr(block, name)) for name in names}
        given, timed = (k.QIF_ILIMITS, k.QIF_ITIME) if self.inodes else (k.QIF_BLIMITS, k.QIF_BTIME)
        if block.dqb_valid & given:  # whoever is over his new limit already has his time from now on (set_dqblk)
            soft, used = limits.get(self.soft, 0) * self.unit, self.store.get(("usage", *key[1:]), 0)
            if not soft or used <= soft:
                limits[self.time] = 0
            elif not block.dqb_valid & timed:
                limits[self.time] = self.seconds() + self.grace(kind)
        count = self.store.get("owners", 0)
        if key not in self.store and count >= MAX_OWNERS:
            raise Refused(-errno.ENOSPC, failed=True)
        if key not in self.store:
            self.store.set("owners", count + 1)
        self.store.set(key, limits)
