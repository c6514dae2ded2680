"""Struct rules: objects, locks, logs, layouts and the connect data (lustre_idl.h of 1.8.9 and 2.0.0)."""

from __future__ import annotations

from errno import EBADE, EINVAL, EOVERFLOW, EPROTO
from functools import reduce
from operator import or_
from typing import Any, Final

from lustre_codecs.enums import connect, ldlm, metadata, ost, ptlrpc
from lustre_codecs.enums.ldlm import LdlmType
from lustre_codecs.structs.connect import ObdConnectData
from lustre_codecs.structs.fid import LlogLogid
from lustre_codecs.structs.layouts import (
    LovMdsMdV1,
    LovMdsMdV3,
    LovOstDataV1,
    LovUserMdV1,
    LovUserMdV3,
    LovUserOstDataV1,
)
from lustre_codecs.structs.ldlm import (
    LdlmInodebits,
    LdlmLockDesc,
    LdlmPolicyData,
    LdlmReply,
    LdlmRequest,
    LdlmResourceDesc,
)
from lustre_codecs.structs.llog import LlogCreateRec, LlogSetattr64Rec, LlogSetattrRec, LlogSizeChangeRec, LlogUnlinkRec
from lustre_codecs.structs.ost import NiobufRemote, ObdIoobj, Obdo
from lustre_codecs.structs.ptlrpc import PtlrpcBody
from lustre_codecs.translation.ends import NEW, new_numbers, old_numbers, pair
from lustre_codecs.translation.identity import (
    group_down,
    group_up,
    parent_generation_down,
    parent_inode_down,
    parent_oid_up,
    parent_seq_up,
    resource_down,
    resource_up,
)
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.views import view
from lustre_wire.translate.rules import (
    Bits,
    FieldRule,
    StructRule,
    bits,
    computed,
    looks_at,
    only_new,
    only_old,
)

LdlmFl = old_numbers(ldlm.LdlmFl)
MsgConnect = old_numbers(ptlrpc.MsgConnect)
MsgFlags = new_numbers(ptlrpc.MsgFlags)
ObdMd = new_numbers(metadata.ObdMd)
ObdFl = old_numbers(ost.ObdFl)
OldBrw, NewBrw = old_numbers(ost.ObdBrw), new_numbers(ost.ObdBrw)
OldConnect, NewConnect = old_numbers(connect.ObdConnect), new_numbers(connect.ObdConnect)


def _obdo_valid_up(value: int, obdo: Any, work: Any) -> int:
    """A 2.0 OST takes the group from a request only if this bit says that it is there."""
    value = int(value)
    if work.reply or value & ObdMd.OBD_MD_FLGROUP:
        return value
    work.change("o_valid", value)
    return value | ObdMd.OBD_MD_FLGROUP


@looks_at(reads="o_easize o_mds o_valid")
def _ioepoch_up(value: Any, obdo: Any, work: Any) -> int:
    """2.0 has its I/O epoch where 1.8 has the EA size and the MDS's number."""
    made = obdo.o_easize | obdo.o_mds << 32
    if int(obdo.o_valid) & ObdMd.OBD_MD_FLEPOCH:
        return int(made)
    for name in ("o_easize", "o_mds"):
        if getattr(obdo, name):
            work.drop(name, getattr(obdo, name))
    return 0


_OBD_FLAGS: Final = ObdFl.OBD_FL_MMAP | ObdFl.OBD_FL_RECOV_RESEND | ObdFl.OBD_FL_HAVE_LOCK

OBDO: Final = pair(
    Obdo, Obdo,
    FieldRule("o_id", "o_oi.oi_id"),
    computed("o_gr", "o_oi.oi_seq", up=group_up, down=group_down, note="always 0"),
    computed("o_valid", "o_valid", up=_obdo_valid_up, note="OBD_MD_FLGROUP added in requests"),
    computed("o_fid", "o_parent_seq", up=parent_seq_up, down=parent_inode_down, note="the parent's identity"),
    computed("o_generation", "o_parent_oid", up=parent_oid_up, down=parent_generation_down, note="as o_fid"),
    bits("o_flags", up=Bits(clear=_OBD_FLAGS), down=Bits(clear=_OBD_FLAGS), note="2.0.0 lacks three"),
    only_old("o_easize", up=lambda value, obdo, work: None, note="dropped unless an I/O epoch"),
    only_old("o_mds", up=lambda value, obdo, work: None, note="dropped unless an I/O epoch"),
    only_new("o_ioepoch", up=_ioepoch_up, loss="ioepoch"),
    only_new("o_uid_h", errno=EOVERFLOW), only_new("o_gid_h", errno=EOVERFLOW),
    only_new("o_parent_ver", loss="padding"),
)  # fmt: skip

IOOBJ: Final = pair(
    ObdIoobj, ObdIoobj, computed("ioo_gr", "ioo_seq", up=group_up, down=group_down, note="always 0")
)

#: ASYNC and READA of 1.8 are unknown to 2.0.0; bit 0x80 is DROP here and NOCACHE there.
NIOBUF: Final = pair(
    NiobufRemote, NiobufRemote,
    bits("flags",
         up=Bits(clear=OldBrw.OBD_BRW_DROP | OldBrw.OBD_BRW_ASYNC | OldBrw.OBD_BRW_READA),
         down=Bits(clear=NewBrw.OBD_BRW_NOCACHE)),
)  # fmt: skip

RESOURCE: Final = pair(
    LdlmResourceDesc, LdlmResourceDesc,
    computed("lr_name", "lr_name", up=resource_up, down=resource_down, note="identities; flock's slot 2 <-> 3"),
)  # fmt: skip

#: Inode bits both dialects know: LOOKUP, UPDATE, OPEN.
KNOWN_IBITS: Final = 0x7
_IBITS_SIZE: Final = spec_of(view(LdlmInodebits, NEW)).size


@looks_at(reads="l_resource.lr_type")
def _policy(value: LdlmPolicyData, desc: Any, work: Any) -> LdlmPolicyData:
    if desc.l_resource.lr_type == LdlmType.LDLM_IBITS:
        asked = int.from_bytes(value.raw[:_IBITS_SIZE], "little")
        if asked & ~KNOWN_IBITS:
            work.impossible(EINVAL, f"inode bits {asked:#x} are unknown there", "l_policy_data")
    made: LdlmPolicyData = object.__new__(type(value))
    made.raw = value.raw
    return made


LOCK: Final = pair(
    LdlmLockDesc, LdlmLockDesc,
    computed("l_policy_data", "l_policy_data", up=_policy, down=_policy, note="inode bits above 0x7 impossible"),
)  # fmt: skip

_REPLAYED: Final = (
    LdlmFl.LDLM_FL_REPLAY | LdlmFl.LDLM_FL_BLOCK_GRANTED | LdlmFl.LDLM_FL_BLOCK_CONV | LdlmFl.LDLM_FL_BLOCK_WAIT
)


def _lock_flags(value: int, work: Any) -> int:
    """A lock replay is made from the client's lock table: it says the lock's state and nothing else."""
    if value & LdlmFl.LDLM_FL_REPLAY and not value & LdlmFl.LDLM_FL_HAS_INTENT and value & ~_REPLAYED:
        work.drop("lock_flags", value & ~_REPLAYED)
        return value & _REPLAYED
    return value


_LOCAL: Final = LdlmFl.LDLM_FL_WARN | LdlmFl.LDLM_FL_NO_LRU


def _lock_flags_up(value: int, request: Any, work: Any) -> int:
    value = int(value)
    if not value & (_LOCAL | LdlmFl.LDLM_FL_REPLAY):
        return value
    value = _lock_flags(value, work)
    if value & _LOCAL:
        work.drop("lock_flags", value & _LOCAL)
    return value & ~_LOCAL


def _lock_flags_down(value: int, request: Any, work: Any) -> int:
    return _lock_flags(int(value), work)


def _lock_count_down(value: int, request: Any, work: Any) -> int:
    """An enqueue without intent counts itself in 1.8.9, and does not in 2.0.0 (recorded)."""
    if value or work.operation not in ("LDLM_ENQUEUE", "LDLM_ENQUEUE/GLIMPSE", "LDLM_ENQUEUE/INTENT_READDIR"):
        return value
    work.change("lock_count", value)
    return 1


LOCK_REQUEST: Final = pair(
    LdlmRequest, LdlmRequest,
    computed("lock_flags", "lock_flags", up=_lock_flags_up, down=_lock_flags_down,
             note="WARN and NO_LRU are 1.8's own; of a replayed lock only its state"),
    computed("lock_count", "lock_count", down=_lock_count_down, note="an enqueue without intent counts itself in 1.8"),
)  # fmt: skip

LOCK_REPLY: Final = pair(
    LdlmReply, LdlmReply,
    computed("lock_flags", "lock_flags", up=_lock_flags_up, note="WARN and NO_LRU are 1.8's own"),
)  # fmt: skip

#: What 1.8 grants on behalf of a 2.0 server, and the translator cannot do: FIDs are not passed through, and the
#: positions in directories are 32 bits.
_NOT_DOWN: Final = OldConnect.OBD_CONNECT_FID | OldConnect.OBD_CONNECT_64BITHASH
_KNOWN_OLD: Final = reduce(or_, vars(OldConnect).values())
_KNOWN_NEW: Final = reduce(or_, vars(NewConnect).values())
#: "I am 2.0", capabilities, remote clients, size on MDS, MDS peers: nothing a 1.8 server can be told.
_NEW_ONLY: Final = int(
    NewConnect.OBD_CONNECT_FULL20 | NewConnect.OBD_CONNECT_MDS_CAPA | NewConnect.OBD_CONNECT_OSS_CAPA
    | NewConnect.OBD_CONNECT_RMT_CLIENT | NewConnect.OBD_CONNECT_SOM | NewConnect.OBD_CONNECT_MDS_MDS
    | NewConnect.OBD_CONNECT_REAL
)  # fmt: skip


def _asked_flags(work: Any) -> int:
    """What the client asked for, where its request is known."""
    for buffers in (work.asker, work.asked):
        data = getattr(buffers, "connect_data", None)
        if data is not None:
            return int(data.ocd_connect_flags)
    return -1


def _masked(value: int, keep: int, work: Any) -> int:
    if value & ~keep:
        work.drop("ocd_connect_flags", value & ~keep)
    return value & keep


def _connect_up(value: int, data: Any, work: Any) -> int:
    """1.8.9 tells a 2.0 server the same as a 1.8 one; the server's answer must not go beyond what was asked."""
    value = int(value)
    if work.reply:
        return _masked(value, _asked_flags(work) & _KNOWN_NEW, work)
    if work.operation == "MDS_CONNECT" and not value & OldConnect.OBD_CONNECT_FID:
        work.impossible(EBADE, "a 2.0 MDT refuses clients without OBD_CONNECT_FID", "ocd_connect_flags")
    return value


def _connect_down(value: int, data: Any, work: Any) -> int:
    """Never more than both sides asked and the translator can do."""
    value = int(value)
    if work.reply:
        return _masked(value, _asked_flags(work) & _KNOWN_OLD & ~_NOT_DOWN & ~_NEW_ONLY, work)
    if work.operation == "MDS_CONNECT" and not value & NewConnect.OBD_CONNECT_FID:
        work.impossible(EPROTO, "a client of 2.0 needs FIDs", "ocd_connect_flags")
    return _masked(value, ~_NEW_ONLY, work)


CONNECT: Final = pair(
    ObdConnectData, ObdConnectData,
    computed("ocd_connect_flags", "ocd_connect_flags", up=_connect_up, down=_connect_down,
             note="no more than asked, and than the translator can do"),
    *(only_old(name, note="counts only with a flag 2.0 lacks") for name in (
        "ocd_blocksize", "ocd_inodespace", "ocd_grant_extent", "ocd_unused", "ocd_max_easize", "ocd_instance",
        "ocd_maxbytes",
    )),
    *(only_new(name, note="counts only with a flag 1.8 lacks") for name in (
        "ocd_nllu", "ocd_nllg", "padding1", "padding2",
    )),
)  # fmt: skip


def _message_flags_down(value: int, body: Any, work: Any) -> int:
    value = int(value)
    done = MsgFlags.MSG_REQ_REPLAY_DONE | MsgFlags.MSG_LOCK_REPLAY_DONE
    if work.reply:
        return value
    if work.operation == "OBD_PING" and value & done == done and not value & MsgFlags.MSG_LAST_REPLAY:
        work.fill("pb_flags", MsgFlags.MSG_LAST_REPLAY)
        return value | MsgFlags.MSG_LAST_REPLAY
    if work.operation == "LDLM_ENQUEUE" and value & MsgFlags.MSG_REQ_REPLAY_DONE:
        work.drop("pb_flags", MsgFlags.MSG_REQ_REPLAY_DONE)
        return value & ~MsgFlags.MSG_REQ_REPLAY_DONE
    return value


@looks_at(asks="connect_flags")
def _pool(value: int, body: Any, work: Any) -> int:
    """Lock pool figures of a reply, which mean something only where OBD_CONNECT_LRU_RESIZE was granted."""
    granted = work.session.connect_flags
    if not value or not work.reply or granted is None or granted & NewConnect.OBD_CONNECT_LRU_RESIZE:
        return value
    work.drop("pb_slv", value)
    return 0


MESSAGE: Final = pair(
    PtlrpcBody, PtlrpcBody,
    computed("pb_flags", "pb_flags", down=_message_flags_down,
             note="1.8 counts a client complete on MSG_LAST_REPLAY, 2.0 on the two DONE flags; 1.8.9 sends all three"),
    computed("pb_limit", "pb_limit", up=_pool, down=_pool, note="0 unless OBD_CONNECT_LRU_RESIZE is agreed on"),
    computed("pb_slv", "pb_slv", up=_pool, down=_pool, note="0 unless OBD_CONNECT_LRU_RESIZE is agreed on"),
    bits("pb_op_flags", up=Bits(loss={MsgConnect.MSG_CONNECT_DELAYED: "delayed"})),
)  # fmt: skip

#: Nothing but names changed, which the histories say.
_RENAMED: Final = (
    LlogLogid, LlogCreateRec, LlogUnlinkRec, LlogSetattrRec, LlogSetattr64Rec, LlogSizeChangeRec, LovOstDataV1,
    LovMdsMdV1, LovMdsMdV3, LovUserOstDataV1, LovUserMdV1, LovUserMdV3,
)  # fmt: skip

RULES: Final[tuple[StructRule, ...]] = (
    OBDO, IOOBJ, NIOBUF, RESOURCE, LOCK, LOCK_REQUEST, LOCK_REPLY, CONNECT, MESSAGE,
    *(pair(each, each) for each in _RENAMED),
)  # fmt: skip
