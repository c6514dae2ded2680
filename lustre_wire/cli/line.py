"""A captured message as one line for people: when, who, which transfer, which operation, and what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from lustre_wire.capture import Captured
from lustre_wire.capture.captured import BULK, LNET_PING_REPLY, LNET_PUSH, LNET_SELFTEST
from lustre_wire.capture.connected import connect_text
from lustre_wire.cli.filters import rpc_of
from lustre_wire.cli.inputs import latency, nid_text
from lustre_wire.cli.output import Styled, line_of, paint
from lustre_wire.cli.records import operations_in
from lustre_wire.cli.remembered import Remembered
from lustre_wire.cli.times import clock
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.frames.lnet import LNET_NI_STATUS_DOWN
from lustre_wire.frames.lnet_large import LnetPingFeature, parse_ping_info
from lustre_wire.frames.nid import nid_str, parse_nid
from lustre_wire.frames.selftest import selftest_type
from lustre_wire.rpc import REPLY, Message
from lustre_wire.text import brief, status_text
from lustre_wire.text.layouts import composite_text
from lustre_wire.text.line import told as told_of
from lustre_wire.text.values import quoted

#: How an interface of a ping reply is called that is not up; the loopback, whose status is a counter, is not shown.
_STATUS: Final = {LNET_NI_STATUS_DOWN: " down"}
_LOOPBACK: Final = parse_nid("0@lo")
#: Of the operations in one message those that a line shows.
_MOST_TOLD: Final = 3


def line(captured: Captured, told: Remembered, colour: bool = False) -> str:
    """The line.

    Args:
        told: what the messages before it told.
        colour: with styles.
    """
    return line_of([*_head(captured), *_what(captured, told)], colour=colour)


def _head(captured: Captured) -> Iterator[str | Styled]:
    """When, who and which transfer, as far as it is known."""
    if captured.time_ns:
        yield paint(clock(captured.time_ns), dim=True)
    src, dst, xid, _, _ = captured.route
    ends = nid_text(src), nid_text(dst)
    if any(ends):
        yield " -> ".join(ends)
    if xid is not None and not captured.kind.startswith("lnet"):
        yield paint(f"x{xid}", dim=True)


def _what(captured: Captured, told: Remembered) -> Iterator[str | Styled]:
    whole = captured.message
    message = whole or captured.partial
    about = rpc_of(captured)
    name = about.name if about is not None else ""
    if message is None and captured.error is not None:
        yield paint(f"{captured.kind} not decoded: {captured.error}", fg="red")
    elif message is None:
        told_of = f" for {name}" if name else _lnet_name(captured)
        yield paint(f"{captured.kind}{told_of}: {len(captured.raw)} bytes", dim=True)
        request = captured.request if captured.kind == BULK else None
        if request is not None and request.dialect is not None and (text := _operations(captured, request)):
            yield told.line(text, request.dialect)
        if captured.kind in (LNET_PING_REPLY, LNET_PUSH):
            yield from _interfaces(captured)
    elif message.direction == REPLY:
        yield f"  {'<-' if captured.kind == REPLY else captured.kind}"
        yield paint(name, fg="cyan")
        yield paint(status_text(message), fg="red" if message.status else "green")
        taken = latency(captured)
        if taken is not None:
            yield paint(f"+{taken:.6f}s", dim=True)
    else:
        yield paint(name, fg="cyan", bold=True)
        if target := told.target(captured):
            yield paint(target, fg="cyan")
    if whole is not None and whole.body is not None and (how := _how(whole)):
        yield how
    if whole is not None:
        about_it = _connect(captured, whole) if "CONNECT" in name else brief(whole)
        if text := " ".join(filter(None, (about_it, composite_text(whole), _operations(captured, captured)))):
            yield told.line(text, whole.dialect)
        if whole.direction != REPLY and (who := _sender(whole)):
            yield paint(who, dim=True)
    if captured.partial is not None:
        yield paint(f"(cut: {captured.there} of {captured.there + captured.missing} bytes)", fg="yellow")
    elif captured.missing:
        yield paint(f"({captured.missing} bytes missing)", fg="yellow")


def _lnet_name(captured: Captured) -> str:
    """Which message of LNet selftest it is."""
    kind = selftest_type(captured.raw) if captured.kind == LNET_SELFTEST else None
    return f" {kind.name.removeprefix('SRPC_MSG_')}" if kind is not None else ""


def _interfaces(captured: Captured) -> Iterator[str]:
    """What a node says of itself: its interfaces, those that are down, and what it can; nothing where it is cut."""
    try:
        found = parse_ping_info(captured.raw)
    except WireError:
        return
    told: list[Any] = [*found.info.pi_ni, *found.large]
    yield ", ".join(f"{nid_str(ni.ns_nid)}{_STATUS.get(ni.ns_status, '')}" for ni in told if ni.ns_nid != _LOOPBACK)
    names = [name.removeprefix("LNET_PING_FEAT_") for name in LnetPingFeature.names_of(int(found.info.pi_features))]
    yield f"features {'|'.join(names) or 0}"
    if captured.kind == LNET_PUSH:
        yield f"number {found.push}"


def _connect(captured: Captured, message: Message) -> str:
    """What a connect or its reply is about, with all of the flags, by the names that the peers have for them."""
    return " ".join(text for _, text in told_of(message)).replace(*connect_text(captured))


def _how(message: Message) -> str:
    """That a message is a replay or a resend, and what a connect and its reply say of recovery."""
    flags = int(getattr(message.body, "pb_flags", 0))
    return _flags(flags, int(getattr(message.body, "pb_op_flags", 0)), message.dialect)


@lru_cache(maxsize=1024)
def _flags(flags: int, of_connect: int, dialect: Dialect) -> str:
    told = [*dialect.enums["MsgFlags"].names_of(flags), *dialect.enums["MsgConnect"].names_of(of_connect)]
    names = (name.removeprefix("MSG_").removeprefix("CONNECT_") for name in told if name.startswith("MSG_"))
    return "|".join(name for name in names if not name.startswith("PACK_"))  # which fields are there, says nothing


def _sender(message: Message) -> str:
    """The job, and the user, that a request says it is of."""
    job = bytes(getattr(message.body, "pb_jobid", b"")).rstrip(b"\0")
    user = int(getattr(message.body, "pb_uid", 0))
    told = [f"job {quoted(job)}"] if job else []
    return " ".join([*told, f"uid {user}"] if user or (job and hasattr(message.body, "pb_uid")) else told)


def _operations(captured: Captured, about: Captured) -> str:
    """The first of the operations that a message consists of, or the bulk data of such a request."""
    form, dialect = about.format, about.dialect
    if form is None or dialect is None or form.opcode not in dialect.inside:
        return ""
    found = operations_in(captured)
    try:
        told = [each() for each in found[:_MOST_TOLD]]
    except WireError:  # said where the message is shown in full
        return ""
    more = f", ... {len(found)} in all" if len(found) > _MOST_TOLD else ""
    return f"{', '.join(f'{each.name} {each.text}' for each in told)}{more}"
