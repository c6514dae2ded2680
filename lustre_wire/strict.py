"""What a correct sender never emits, although receivers accept it."""

from __future__ import annotations

from lustre_wire.errors import StrictError
from lustre_wire.kinds import checked
from lustre_wire.message import REQUEST, Generic, Message


@checked
def check(message: Message) -> None:
    """Raise for the first thing in `message` that no correct sender emits.

    Zeroes behind the message are accepted: the 1.8.9 client leaves some behind a replayed open.

    Raises:
        StrictError: unknown opcode or format, wrong service class, buffers missing, too short, too long or too many,
            and bytes other than zero in paddings or behind the message.
    """
    if message.body is None and message.version == 2:
        return
    if isinstance(message.buffers, Generic):
        _check_generic(message)
    _check_extra(message)
    form = message.format
    if form is not None and message.body is not None and message.direction == REQUEST:
        got = message.body.pb_version & ~message.dialect.version_mask
        if form.version and got != form.version:
            raise StrictError(f"expected service class {form.version:#x}, got {got:#x}", path="ptlrpc_body.pb_version")
    if not isinstance(message.buffers, Generic) and not _is_bare(message):
        for spec in message.buffers.__slot_specs__:
            if getattr(message.buffers, spec.name) is None and not spec.may_be_empty:
                raise StrictError("expected content, got none", path=spec.name)


def _check_generic(message: Message) -> None:
    if message.direction == REQUEST or message.opcode not in message.dialect.by_opcode:
        raise StrictError(f"opcode {message.opcode} has no format in this dialect", path="pb_opc")


def _is_bare(message: Message) -> bool:
    """An early or error reply, which has no buffers but the ptlrpc_body."""
    return message.direction != REQUEST and message.extra is not None and message.extra.count == (message.version == 2)


def _check_extra(message: Message) -> None:
    extra = message.extra
    if extra is None:
        return
    if extra.trailing.strip(b"\0"):
        raise StrictError(f"{len(extra.trailing)} bytes behind the message", path="trailing")
    if extra.gap or extra.padding:
        raise StrictError("bytes other than zero in the padding", path="padding")
    if extra.more:
        raise StrictError(f"{len(extra.more)} buffers more than the format has", path="lm_bufcount")
    rooms = {s.index: (s.room, s.minimum) for s in message.buffers.__slot_specs__}
    for index, tail in extra.tails.items():
        total = message.header.lm_buflens[index - (message.version == 1)]
        if tail.strip(b"\0") or rooms.get(index, (0, 0))[0] != total:
            raise StrictError(f"{len(tail)} bytes behind what the format covers", path=f"buffer {index}")
    for index, size in extra.cut.items():
        if index and rooms.get(index, (0, 0))[1] != size:
            raise StrictError(f"only {size} bytes", path=f"buffer {index}")
    for index, data in extra.raw.items():
        raise StrictError(f"{len(data)} bytes do not make what the format says", path=f"buffer {index}")


__all__ = ["check"]
