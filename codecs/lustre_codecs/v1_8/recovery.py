"""Recovery as 1.8.9-wc1 does it: ptlrpc/import.c, ldlm/ldlm_lib.c, mds/handler.c, mds/mds_fs.c, mds/mds_reint.c."""

from __future__ import annotations

import errno
from typing import Final

from lustre_codecs.common.recovery import MDS_DURING_RECOVERY, OST_DURING_RECOVERY
from lustre_codecs.v1_8 import constants as k
from lustre_wire.recovery.rules import RecoveryRules

RULES: Final = RecoveryRules(
    granted=0,
    withheld=k.ObdConnect.OBD_CONNECT_FID,
    version=0x01080900,
    connect_op_flags=0,
    done_flags=k.MsgFlags.MSG_LAST_REPLAY | k.MsgFlags.MSG_REQ_REPLAY_DONE | k.MsgFlags.MSG_LOCK_REPLAY_DONE,
    lock_replay_flags=0,
    header_flags={k.ObdConnect.OBD_CONNECT_AT: k.MsghdrFlags.MSGHDR_AT_SUPPORT},
    staged=False,
    mds_during_recovery=MDS_DURING_RECOVERY | {k.Opcode.MDS_SETXATTR},
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
    incompat=k.OBD_INCOMPAT_MDT | k.OBD_INCOMPAT_COMMON_LR | k.OBD_INCOMPAT_FID,
    plain_errors=frozenset({-errno.ENOSPC, -errno.EACCES, -errno.EPERM, -errno.ENOENT, -errno.EINPROGRESS}),
    needs_connect_data=False,
    failed_export_status=-errno.ENODEV,
    repeats_inprogress=True,
    drops_unused_locks=True,
    locks_after_version_failure=True,
    plain_enqueue_count=1,
    next_replay_reported=False,
    done_ping_when_not_recovering=-errno.ENOTCONN,
)
