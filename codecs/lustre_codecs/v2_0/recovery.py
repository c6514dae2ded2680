"""Recovery as 2.0.0 does it: ptlrpc/import.c, ldlm/ldlm_lib.c, mdt/mdt_handler.c, mdt_recovery.c, mdt_reint.c."""

from __future__ import annotations

from typing import Final

from lustre_codecs.common.recovery import MDS_DURING_RECOVERY, OST_DURING_RECOVERY
from lustre_codecs.v2_0 import constants as k
from lustre_wire.recovery.rules import RecoveryRules

RULES: Final = RecoveryRules(
    granted=k.ObdConnect.OBD_CONNECT_FID,
    withheld=0,
    version=0x02000001,
    connect_op_flags=k.MsgConnect.MSG_CONNECT_NEXT_VER,
    done_flags=k.MsgFlags.MSG_REQ_REPLAY_DONE | k.MsgFlags.MSG_LOCK_REPLAY_DONE,
    lock_replay_flags=k.MsgFlags.MSG_REQ_REPLAY_DONE,
    header_flags={
        k.ObdConnect.OBD_CONNECT_AT: k.MsghdrFlags.MSGHDR_AT_SUPPORT,
        k.ObdConnect.OBD_CONNECT_FULL20: k.MsghdrFlags.MSGHDR_CKSUM_INCOMPAT18,
    },
    staged=True,
    mds_during_recovery=MDS_DURING_RECOVERY | {k.Opcode.MDS_DONE_WRITING, k.Opcode.SEQ_QUERY, k.Opcode.FLD_QUERY},
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
    incompat=k.OBD_INCOMPAT_MDT | k.OBD_INCOMPAT_COMMON_LR | k.OBD_INCOMPAT_FID | k.OBD_INCOMPAT_IAM_DIR,
    plain_errors=frozenset(),
    needs_connect_data=True,
    failed_export_status=0,
    repeats_inprogress=False,
    drops_unused_locks=False,
    locks_after_version_failure=False,
    plain_enqueue_count=0,
    next_replay_reported=True,
    done_ping_when_not_recovering=0,
)
