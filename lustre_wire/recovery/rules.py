"""What of recovery differs between dialects. Each dialect declares one `RecoveryRules`; the machines read it.

Facts behind the fields: ptlrpc/import.c, ptlrpc/recover.c, ldlm/ldlm_lib.c, ldlm/ldlm_request.c of 1.8.9 and 2.0.0,
mds/handler.c and mds_fs.c of 1.8.9, mdt/mdt_handler.c and mdt_recovery.c of 2.0.0; those of 2.17.0, with
ptlrpc/niobuf.c and service.c, where it differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lustre_wire.dialects import Dialect


@dataclass(frozen=True)
class RecoveryRules:
    """One dialect's side of the recovery protocol.

    Attributes:
        granted, withheld: connect flags a connect reply of this dialect has, and does not have.
        version: ocd_version of its nodes.
        connect_op_flags: op flags of every connect request, besides those the situation asks for.
        done_flags: pb_flags of the ping that ends replay.
        lock_replay_flags: pb_flags of a lock replay.
        header_flags: granted connect flag -> lm_flags of every later request.
        staged: the target replays in stages (collect, requests, locks, final pings); otherwise it starts with the first
            queued replay and a client is finished by `MSG_LAST_REPLAY`.
        mds_during_recovery, ost_during_recovery: opcodes that pass while the target recovers.
        mds_tables: format names of requests whose duplicate is found in last_xid (closes go by last_close_xid).
        version_slots: operation -> what stands in each slot of pb_pre_versions.
        absent_version: what an object that does not exist has for a version; 0 is not compared.
        same_directory_once: a rename inside one directory leaves the slot of the target directory 0 and unchecked.
        versions_in_replay: replies to replays carry the versions too.
        versions_without_flag: a request is checked whenever it carries a transno, not only when flagged as replay.
        version_replay_flag: `MSG_VERSION_REPLAY` is set in replies while gaps are decided by versions.
        spare_new_window: the first expiry keeps connected clients with OBD_CONNECT_VBR for another window.
        compat_20: OBD_COMPAT_20 must be set (True) or clear (False) in last_rcvd, else all clients are forgotten.
        incompat: incompat feature bits an MDT of the dialect knows.
        plain_errors: errors sent as an ordinary reply rather than as PTL_RPC_MSG_ERR.
        needs_connect_data: a connect without connect data is refused.
        failed_export_status: answer to the connect of an export being evicted, 0 where it is not looked at.
        repeats_inprogress: a request answered -EINPROGRESS is sent again, with a new xid.
        drops_unused_locks: unused locks are cancelled, not replayed.
        locks_after_version_failure: a client that failed a version check still replays its locks.
        plain_enqueue_count: lock_count of an enqueue without intent.
        next_replay_reported: the lowest transno clients report is where the replay queue starts.
        done_ping_when_not_recovering: status of a ping that says "done" to a target that does not recover.
        inherited_lock_flags: those of an enqueue's `LDLM_FL_*` that stay with the lock.
        replies_by_mbits: the bit of ocd_connect_flags2 with which a reply goes to pb_mbits, not to the request's xid.
        bulk_by_mbits: the connect flag with which bulk data goes there.
        blocked_extent_flags: what the answer says besides of an extent lock that has to wait.
        touched: operation -> those of its objects whose version changes; all of them where it is not named.
        found_open_versions: an open of a file that was there already has versions in its answer.
        named_in_callbacks: a lock callback says the server's handle of the lock besides the client's.
        whole_errors: an error that a handler finds is answered with every buffer of the format, empty as they are.
    """

    granted: int
    withheld: int
    version: int
    connect_op_flags: int
    done_flags: int
    lock_replay_flags: int
    header_flags: Mapping[int, int]
    staged: bool
    mds_during_recovery: frozenset[int]
    ost_during_recovery: frozenset[int]
    version_slots: Mapping[str, tuple[str, ...]]
    absent_version: int
    same_directory_once: bool
    versions_in_replay: bool
    versions_without_flag: bool
    version_replay_flag: bool
    spare_new_window: bool
    compat_20: bool
    incompat: int
    plain_errors: frozenset[int]
    needs_connect_data: bool
    failed_export_status: int
    repeats_inprogress: bool
    drops_unused_locks: bool
    locks_after_version_failure: bool
    plain_enqueue_count: int
    next_replay_reported: bool
    done_ping_when_not_recovering: int
    inherited_lock_flags: int
    replies_by_mbits: int = 0
    bulk_by_mbits: int = 0
    whole_errors: bool = False
    named_in_callbacks: bool = False
    blocked_extent_flags: int = 0
    touched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    found_open_versions: bool = True


def rules_of(dialect: Dialect) -> RecoveryRules:
    """The dialect's declared `RecoveryRules`.

    Raises:
        WireError: the dialect declares none.
    """
    found = dialect.part("recovery")
    assert isinstance(found, RecoveryRules)
    return found
