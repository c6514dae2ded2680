"""The all-access lock: one read lock per client, outside the LRU, that only a stop conflicts with (TH-8, TH-26)."""

from __future__ import annotations

from typing import Final

from lustre_wire.recovery.ldlm.locks import Lock, ResName
from lustre_wire.recovery.ldlm.namespace import Namespace, Resource


def _word(text: str) -> int:
    return int.from_bytes(text.encode(), "little")


#: The resource, PLAIN, in the namespace of a target or of the MGS; named by text, as the MGS names its logs.
RESOURCE: Final[ResName] = (_word("lustre"), _word("access"), 0, 0)


def holders(namespace: Namespace) -> list[Lock]:
    """Locks of clients on the resource: held, or asked for while a stop is under way."""
    place: Resource | None = namespace.resources.get((namespace.k.LDLM_PLAIN, RESOURCE))
    return [lock for lock in ([*place.granted, *place.waiting] if place else []) if lock.owner is not None]


def want_back(namespace: Namespace) -> Lock:
    """Ask for the conflicting mode: every holder gets a blocking callback."""
    lock, _, _ = namespace.enqueue(namespace.k.LDLM_PLAIN, RESOURCE, namespace.k.LCK_EX, None)
    assert lock is not None
    return lock
