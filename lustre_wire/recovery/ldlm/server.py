"""A server's answer to LDLM_ENQUEUE (ldlm/ldlm_lockd.c: ldlm_handle_enqueue), the same for every kind of target."""

from __future__ import annotations

import errno
from typing import Any

from lustre_wire.recovery.exports import Answer, Incoming
from lustre_wire.recovery.ldlm.locks import policy_of, reply_of
from lustre_wire.recovery.ldlm.namespace import Namespace
from lustre_wire.recovery.ldlm.policies import Bits


def enqueue(space: Namespace, request: Incoming, wanted: Any) -> tuple[Any, int]:
    """Do what a client's enqueue asks for.

    Args:
        wanted: its `ldlm_request`.

    Returns:
        The `ldlm_reply`, None where the lock is refused, and the status: 0 or a negative errno.
    """
    k, desc, flags = space.k, wanted.lock_desc, int(wanted.lock_flags)
    kind, mode = int(desc.l_resource.lr_type), int(desc.l_req_mode)
    known = (k.LDLM_PLAIN, k.LDLM_EXTENT, k.LDLM_FLOCK, k.LDLM_IBITS)
    if kind not in known or not k.LCK_MINMODE < mode < k.LCK_MAXMODE or mode & (mode - 1):
        return None, -errno.EFAULT
    cancel(space, request, riding(wanted))
    remote = wanted.lock_handle[0].cookie
    lock = space.by_remote(request.export, remote) if request.flags & k.MSG_RESENT else None
    if lock is not None:
        answered, status = flags | (0 if lock.granted else int(k.LDLM_FL_BLOCK_GRANTED)), 0
    else:
        lock, answered, status = space.enqueue(
            kind, tuple(desc.l_resource.lr_name.name), mode, policy_of(space.dialect, kind, desc.l_policy_data),
            owner=request.export, remote=remote, flags=flags,
        )  # fmt: skip
    if lock is None:
        return None, status
    if flags & k.LDLM_FL_HAS_INTENT:  # what the intent found stands for what was asked for (ELDLM_LOCK_REPLACED)
        answered |= int(k.LDLM_FL_LOCK_CHANGED)
    return reply_of(space.dialect, lock, answered), status


def convert(space: Namespace, request: Incoming, wanted: Any) -> tuple[Any, int]:
    """Give back some inode bits of a lock (ldlm_handle_convert0).

    Args:
        wanted: an `ldlm_request` with the lock's handle, its mode, and the bits that are kept.

    Returns:
        The `ldlm_reply`, and the status: 0, `ELDLM_NO_LOCK_DATA` for no lock of the client's, or a negative errno.
    """
    k, lock = space.k, space.locks.get(wanted.lock_handle[0].cookie)
    reply = reply_of(space.dialect, None, int(wanted.lock_flags))
    if lock is None or lock.owner is not request.export or not lock.granted:
        return reply, int(k.ELDLM_NO_LOCK_DATA)
    kept = int(wanted.lock_desc.l_policy_data.l_inodebits.bits)
    if not isinstance(lock.policy, Bits) or int(wanted.lock_desc.l_req_mode) != lock.granted:
        return reply, -errno.EPROTO
    if kept & ~lock.policy.bits or not kept:
        return reply, -errno.EPROTO
    if kept != lock.policy.bits:
        space.convert(lock, kept)
    reply.lock_handle.cookie = lock.remote
    reply.lock_desc.l_policy_data.l_inodebits.bits = kept
    return reply, 0


def riding(wanted: Any) -> tuple[int, ...]:
    """Handles of locks given up on the way to another: behind its own in an `ldlm_request`, or None for no request."""
    return () if wanted is None else tuple(handle.cookie for handle in wanted.lock_handle[1 : wanted.lock_count])


def cancel(space: Namespace, request: Incoming, cookies: tuple[int, ...]) -> int:
    """Take back locks a client gives up. Returns how many it had; what a replay names went with the last start."""
    if request.flags & space.k.MSG_REPLAY:
        return 0
    own = [c for c in cookies if (lock := space.locks.get(c)) is not None and lock.owner is request.export]
    return sum(space.cancel(cookie) is not None for cookie in own)


def answer_cancel(space: Namespace, request: Incoming, cookies: tuple[int, ...]) -> Answer:
    """The answer to LDLM_CANCEL: a positive ESTALE where no handle was a lock of the client's (ldlm_handle_cancel)."""
    return Answer(0 if cancel(space, request, cookies) else errno.ESTALE)
