"""A lock, and how it is put into a message and read from one."""

from __future__ import annotations

from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.ldlm.policies import Bits, Extent, Flock, Policy
from lustre_wire.recovery.names import names

ResName = tuple[int, int, int, int]


@attrs.define(slots=True, eq=False)
class Lock:
    """One lock, on the server or on the client.

    Attributes:
        cookie: this side's handle; `remote` is the other side's, 0 while unknown.
        type: `LDLM_PLAIN`, `LDLM_EXTENT`, `LDLM_FLOCK` or `LDLM_IBITS`.
        resource: the resource's name, four 64-bit words.
        mode: the mode asked for; `granted` is the mode held, 0 while waiting.
        owner: on the server the export, None for a lock of the server itself; on the client None.
        flags: `LDLM_FL_*`.
        users: operations on the client that rely on it now.
        used: when it was last used, in the order of use.
        callback_deadline: on the server, when the holder must have given it back; 0 while nobody asked.
        notify: called when a lock of the server itself is granted.
        data: what the lock protects, for the owner's own use.
    """

    cookie: int
    type: int
    resource: ResName
    mode: int
    policy: Policy = None
    owner: Any = None
    remote: int = 0
    granted: int = 0
    flags: int = 0
    users: int = 0
    used: int = 0
    callback_deadline: float = 0.0
    notify: Any = None
    data: Any = None


def policy_of(dialect: Dialect, lock_type: int, data: Any) -> Policy:
    """The policy in an `ldlm_policy_data_t`, read as the lock's type says."""
    k = names(dialect)
    if lock_type == k.LDLM_EXTENT:
        return Extent(data.l_extent.start, data.l_extent.end, data.l_extent.gid)
    if lock_type == k.LDLM_FLOCK:
        return Flock(data.l_flock.lfw_start, data.l_flock.lfw_end, data.l_flock.lfw_pid)
    return Bits(int(data.l_inodebits.bits)) if lock_type == k.LDLM_IBITS else None


def describe(dialect: Dialect, lock: Lock, *, granted: bool = True) -> Any:
    """The `ldlm_lock_desc` of a lock; without `granted` the granted mode stays 0, as in a request."""
    desc = dialect.structs["ldlm_lock_desc"]()
    desc.l_resource.lr_type = lock.type
    desc.l_resource.lr_name.name = list(lock.resource)
    desc.l_req_mode = lock.mode
    desc.l_granted_mode = lock.granted if granted else 0
    policy = lock.policy
    if isinstance(policy, Extent):
        desc.l_policy_data.l_extent.start = policy.start
        desc.l_policy_data.l_extent.end = policy.end
        desc.l_policy_data.l_extent.gid = policy.gid
    elif isinstance(policy, Flock):
        desc.l_policy_data.l_flock.lfw_start = policy.start
        desc.l_policy_data.l_flock.lfw_end = policy.end
        desc.l_policy_data.l_flock.lfw_pid = policy.pid
    elif isinstance(policy, Bits):
        desc.l_policy_data.l_inodebits.bits = policy.bits
    return desc


def request_of(
    dialect: Dialect, lock: Lock, flags: int, count: int, cancels: tuple[int, ...] = (), *, granted: bool = False
) -> Any:
    """The `ldlm_request` that asks for a lock, with the handles of locks given up on the way (early lock cancel).

    Args:
        count: `lock_count` without those handles.
        cancels: cookies the server knows the given-up locks by.
    """
    handle = dialect.structs["lustre_handle"]
    handles = [handle(cookie=lock.cookie), *(handle(cookie=c) for c in cancels)]
    while len(handles) < 2:
        handles.append(handle())
    return dialect.structs["ldlm_request"](
        lock_flags=flags, lock_count=count + len(cancels), lock_desc=describe(dialect, lock, granted=granted),
        lock_handle=handles,
    )  # fmt: skip


def cancels_of(dialect: Dialect, cancels: tuple[int, ...]) -> Any:
    """The `ldlm_request` of a cancel, or of the cancels that ride on another request."""
    handle = dialect.structs["lustre_handle"]
    handles = [handle(cookie=c) for c in cancels]
    while len(handles) < 2:
        handles.append(handle())
    return dialect.structs["ldlm_request"](lock_count=len(cancels), lock_handle=handles)


def reply_of(dialect: Dialect, lock: Lock | None, flags: int, disposition: int = 0, result: int = 0) -> Any:
    """The `ldlm_reply` to an enqueue; without a lock only its intent's result.

    Args:
        disposition, result: `lock_policy_res1` and `lock_policy_res2`; `result` is an errno or 0.
    """
    reply = dialect.structs["ldlm_reply"](lock_flags=flags)
    reply.lock_policy_res1 = disposition
    reply.lock_policy_res2 = result & 0xFFFFFFFFFFFFFFFF
    if lock is not None:
        reply.lock_desc = describe(dialect, lock)
        reply.lock_handle.cookie = lock.cookie
    return reply
