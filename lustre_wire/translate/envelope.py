"""What stands around the buffers: the container header, and what of the ptlrpc_body depends on the operation."""

from __future__ import annotations

import errno
from typing import Any, Final

from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import LustreMsgV1, LustreMsgV2
from lustre_wire.rpc import Message
from lustre_wire.translate.rules import UP, Operation, Versions, Way
from lustre_wire.translate.work import Work

_U32: Final = 0xFFFFFFFF


def as_v2(message: Message, work: Work) -> tuple[Any, Any]:
    """Header and ptlrpc_body of a message; those of a lustre_msg v1 say the same in one header."""
    if message.body is not None:
        return message.header, message.body
    head = message.header
    if not isinstance(head, LustreMsgV1):
        work.impossible(errno.EPROTO, "a message under a security policy cannot be read")
    body = message.dialect.body()
    body.pb_handle.cookie = head.lm_handle
    for name in ("type", "version", "opc", "last_xid", "last_committed", "transno", "status", "conn_cnt"):
        value = getattr(head, f"lm_{name}")
        present = getattr(body, f"pb_{name}")
        setattr(body, f"pb_{name}", value if type(present) is int else type(present)(value))
    mask = int(message.dialect.constants["MSG_GEN_FLAG_MASK"])
    body.pb_flags = type(body.pb_flags)(head.lm_flags & mask)
    body.pb_op_flags = type(body.pb_op_flags)(head.lm_flags >> int(message.dialect.constants["MSG_OP_FLAG_SHIFT"]))
    if message.format is not None:
        body.pb_version = message.format.version | head.lm_version
    work.at = "header"
    work.change("lm_magic", head.lm_magic)
    return LustreMsgV2(), body


def header(given: Any, body: Any, operation: Operation, way: Way, work: Work) -> LustreMsgV2:
    """The container header; `body` is the translated ptlrpc_body."""
    made = LustreMsgV2(
        lm_secflvr=given.lm_secflvr, lm_repsize=given.lm_repsize, lm_cksum=given.lm_cksum, lm_flags=given.lm_flags,
        lm_padding_2=given.lm_padding_2, lm_padding_3=given.lm_padding_3, lm_buflens=[],
    )  # fmt: skip
    work.at = "header"
    if made.lm_secflvr & work.target.flavour_mask:
        work.drop("lm_secflvr", made.lm_secflvr)
        made.lm_secflvr &= ~work.target.flavour_mask
    word = way.rules.lm_flags.up_bits if way.direction == UP else way.rules.lm_flags.down_bits
    if word is not None and made.lm_flags & word.watched:
        made.lm_flags = work.lose_bits("lm_flags", made.lm_flags, word)
    if not work.reply and made.lm_repsize and operation.reply_room:
        more = operation.reply_room if way.direction == UP else -operation.reply_room
        room = made.lm_repsize + more
        made.lm_repsize = room if 0 <= room <= _U32 else 0 if room < 0 else _U32
    if work.reply and made.lm_cksum:
        whole = work.request is not None and bool(_incompatible(work))
        packed = record.checked(record.codec(type(body), work.order), body)
        made.lm_cksum = lustre_msg.early_reply_checksum(packed, whole=whole)
    return made


def _incompatible(work: Work) -> int:
    """Whether the request's client, which is to read the reply, checks it whole."""
    flag = work.target.constants.get("MSGHDR_CKSUM_INCOMPAT18", 0)
    request = work.request
    if request is None or request.dialect is not work.target:
        return 0
    return int(getattr(request.header, "lm_flags", 0)) & int(flag)


def versions(rule: Versions, body: Any, direction: str, work: Work) -> None:
    """Put the versions where the other dialect looks for them: in replayed requests and in replies that say them."""
    there = [int(v) for v in body.pb_pre_versions]
    if not any(there) or not (work.replay or (work.reply and body.pb_transno)):
        return
    made = [0] * len(there)
    buffers = work.source.buffers if not work.reply else work.request.buffers if work.request is not None else None
    shared = rule.shared is not None and buffers is not None and rule.shared(buffers)
    for new, old in enumerate(rule.order):
        if direction == UP:
            made[new] = there[old] or (1 if new in rule.absent else 0)
        else:
            made[old] = 0 if new in rule.absent and there[new] == 1 else there[new]
    first, second = rule.parents
    if shared and direction == UP:
        made[rule.order.index(second)] = 0
    elif shared:
        made[second] = made[second] or made[first]
    if made != there:
        work.change("pb_pre_versions", tuple(there))
        body.pb_pre_versions = made
