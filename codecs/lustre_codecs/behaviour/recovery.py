"""Recovery as 1.8.9-wc1, 2.0.0 and 2.17.0 do it.

Source: ptlrpc/import.c and ldlm/ldlm_lib.c of both; mds/handler.c, mds/mds_fs.c and mds/mds_reint.c of 1.8.9;
mdt/mdt_handler.c, mdt_recovery.c and mdt_reint.c of 2.0.0. Of 2.17.0: include/lustre_dlm_flags.h, mdt/mdt_reint.c,
ptlrpc/niobuf.c, ptlrpc/service.c, and the recorded servers.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Final

from lustre_codecs.enums.connect import ObdConnect, ObdConnect2
from lustre_codecs.enums.disk import ObdIncompat
from lustre_codecs.enums.ldlm import LDLM_INHERIT_FLAGS, LdlmFl
from lustre_codecs.enums.ptlrpc import MsgConnect, MsgFlags, MsghdrFlags, Opcode
from lustre_wire.recovery.rules import RecoveryRules
from lustre_wire.schema.margins import dated
from lustre_wire.schema.numbers import number_at
from lustre_wire.schema.releases import Release, release

#: Opcodes an OST serves while it recovers (ost/ost_handler.c: ost_filter_recovery_request).
OST_DURING_RECOVERY: Final = frozenset({
    Opcode.OBD_PING, Opcode.OST_CREATE, Opcode.OST_DESTROY, Opcode.OST_PUNCH, Opcode.OST_SETATTR, Opcode.OST_SYNC,
    Opcode.OST_WRITE, Opcode.OBD_LOG_CANCEL, Opcode.LDLM_ENQUEUE,
})  # fmt: skip

#: Opcodes an MDS of either version serves while it recovers.
MDS_DURING_RECOVERY: Final = frozenset({
    Opcode.MDS_CLOSE, Opcode.MDS_SYNC, Opcode.OBD_PING, Opcode.MDS_REINT, Opcode.LDLM_ENQUEUE,
})  # fmt: skip

_1_8: Final = RecoveryRules(
    granted=0,
    withheld=ObdConnect.OBD_CONNECT_FID,
    version=0x01080900,
    connect_op_flags=0,
    done_flags=MsgFlags.MSG_LAST_REPLAY | MsgFlags.MSG_REQ_REPLAY_DONE | MsgFlags.MSG_LOCK_REPLAY_DONE,
    lock_replay_flags=0,
    header_flags={ObdConnect.OBD_CONNECT_AT: MsghdrFlags.MSGHDR_AT_SUPPORT},
    staged=False,
    mds_during_recovery=MDS_DURING_RECOVERY | {Opcode.MDS_SETXATTR},
    ost_during_recovery=OST_DURING_RECOVERY,
    version_slots={
        "setattr": ("object",),
        "setxattr": ("object",),
        "create": ("parent",),
        "open": ("parent",),
        "unlink": ("parent", "child"),
        "link": ("target_dir", "source"),
        "rename": ("source_dir", "old", "target_dir", "new"),
    },
    absent_version=0,
    same_directory_once=False,
    versions_in_replay=True,
    versions_without_flag=True,
    version_replay_flag=True,
    spare_new_window=True,
    compat_20=False,
    incompat=ObdIncompat.OBD_INCOMPAT_MDT | ObdIncompat.OBD_INCOMPAT_COMMON_LR | ObdIncompat.OBD_INCOMPAT_FID,
    plain_errors=frozenset({-errno.ENOSPC, -errno.EACCES, -errno.EPERM, -errno.ENOENT, -errno.EINPROGRESS}),
    needs_connect_data=False,
    failed_export_status=-errno.ENODEV,
    repeats_inprogress=True,
    drops_unused_locks=True,
    locks_after_version_failure=True,
    plain_enqueue_count=1,
    next_replay_reported=False,
    done_ping_when_not_recovering=-errno.ENOTCONN,
    inherited_lock_flags=number_at(LDLM_INHERIT_FLAGS, release("1.8.9-wc1")),
)

_2_0: Final = RecoveryRules(
    granted=ObdConnect.OBD_CONNECT_FID,
    withheld=0,
    version=0x02000001,
    connect_op_flags=MsgConnect.MSG_CONNECT_NEXT_VER,
    done_flags=MsgFlags.MSG_REQ_REPLAY_DONE | MsgFlags.MSG_LOCK_REPLAY_DONE,
    lock_replay_flags=MsgFlags.MSG_REQ_REPLAY_DONE,
    header_flags={
        ObdConnect.OBD_CONNECT_AT: MsghdrFlags.MSGHDR_AT_SUPPORT,
        ObdConnect.OBD_CONNECT_FULL20: MsghdrFlags.MSGHDR_CKSUM_INCOMPAT18,
    },
    staged=True,
    mds_during_recovery=MDS_DURING_RECOVERY | {Opcode.MDS_DONE_WRITING, Opcode.SEQ_QUERY, Opcode.FLD_QUERY},
    ost_during_recovery=OST_DURING_RECOVERY,
    version_slots={
        "setattr": ("object",),
        "setxattr": ("object",),
        "create": ("parent", "name", "child"),
        "open": ("parent", "child"),
        "unlink": ("parent", "child"),
        "link": ("target_dir", "source", "name"),
        "rename": ("source_dir", "target_dir", "old", "new"),
    },
    absent_version=1,
    same_directory_once=True,
    versions_in_replay=False,
    versions_without_flag=False,
    version_replay_flag=False,
    spare_new_window=False,
    compat_20=True,
    incompat=(
        ObdIncompat.OBD_INCOMPAT_MDT | ObdIncompat.OBD_INCOMPAT_COMMON_LR | ObdIncompat.OBD_INCOMPAT_FID
        | ObdIncompat.OBD_INCOMPAT_IAM_DIR
    ),
    plain_errors=frozenset(),
    needs_connect_data=True,
    failed_export_status=0,
    repeats_inprogress=False,
    drops_unused_locks=False,
    locks_after_version_failure=False,
    plain_enqueue_count=0,
    next_replay_reported=True,
    done_ping_when_not_recovering=0,
    inherited_lock_flags=number_at(LDLM_INHERIT_FLAGS, release("2.0.0")),
)

_2_17: Final = replace(
    _2_0,
    withheld=ObdConnect.OBD_CONNECT_PINGLESS,
    version=0x02110000,
    same_directory_once=False,
    incompat=_2_0.incompat | ObdIncompat.OBD_INCOMPAT_LMM_VER | ObdIncompat.OBD_INCOMPAT_MULTI_OI
    | ObdIncompat.OBD_INCOMPAT_MULTI_RPCS,
    plain_errors=frozenset({
        -errno.ENOSPC, -errno.EACCES, -errno.EPERM, -errno.ENOENT, -errno.EINPROGRESS, -errno.ENODATA, -errno.ERANGE,
        -errno.EDQUOT, -errno.ESTALE,
    }),
    inherited_lock_flags=LdlmFl.LDLM_FL_CANCEL_ON_BLOCK | LdlmFl.LDLM_FL_NO_TIMEOUT | LdlmFl.LDLM_FL_TEST_LOCK,
    replies_by_mbits=ObdConnect2.OBD_CONNECT2_REP_MBITS,
    bulk_by_mbits=ObdConnect.OBD_CONNECT_BULK_MBITS,
    whole_errors=True,
    named_in_callbacks=True,
    mds_during_recovery=_2_0.mds_during_recovery | {
        Opcode.OST_PUNCH, Opcode.OST_SYNC, Opcode.OST_WRITE, Opcode.OST_FALLOCATE,
    },
    blocked_extent_flags=LdlmFl.LDLM_FL_NO_TIMEOUT,
    touched={"create": ("child",), "open": ("child",), "unlink": (), "link": ("source",), "rename": ("old",)},
    found_open_versions=False,
)  # fmt: skip

#: Nothing was read of the releases between.
_RULES: Final = dated({"1.8": _1_8, "2.0": _2_0, "2.1": None, "2.17": _2_17})


def at(release: Release) -> RecoveryRules | None:
    """How a release recovers."""
    found: RecoveryRules | None = _RULES.at(release).value
    return found
