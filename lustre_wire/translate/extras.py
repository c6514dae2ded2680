"""What becomes of the bytes of a message that no declared buffer holds."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any

from lustre_wire.engines import payload
from lustre_wire.engines.payload import Extra
from lustre_wire.rpc import Message
from lustre_wire.schema.rpc import SlotSpec
from lustre_wire.translate.buffers import Path
from lustre_wire.translate.rules import UP, Side
from lustre_wire.translate.work import Work


def carry(path: Path, side: Side, direction: str, message: Message, made: Any, work: Work) -> Extra | None:
    """The target's `Extra`, and buffers that have no place in it taken out.

    Raises:
        Untranslatable: a buffer that is not what its type says.
    """
    there = payload.codec(path.target, message.order).places(made)
    _take_out_misplaced(path, made, there, work)
    out = Extra()
    _fill_room(there, made, out)
    extra = message.extra
    if extra is None:
        return out or None
    here = payload.codec(type(message.buffers), message.order).places(message.buffers)
    index = {spec.name: i for i, spec in enumerate(there, 1)}
    to = {i: index.get(path.names.get(spec.name, ""), 0) for i, spec in enumerate(here, 1)}
    _check_readable(extra, here, work)
    for i, tail in extra.tails.items():
        _carry_tail(i, tail, here, to, direction, out, work)
    for i, size in extra.cut.items():
        if i and here[i - 1].text and to[i]:
            out.cut[to[i]] = size
    for i, data in extra.padding.items():
        _at(work, here, i)
        work.lose("padding", "", data)
    _lose_rest(extra, side, work)
    if extra.count is not None:
        counted = [to[i] for i in range(1, min(extra.count, len(here) + 1)) if to[i]]
        counted += [i for i, spec in enumerate(there, 1) if getattr(made, spec.name) is not None]
        count = max(counted, default=0) + 1
        if count != payload.codec(path.target, message.order).count(made):
            out.count = count
    return out or None


def _at(work: Work, here: Sequence[SlotSpec], index: int) -> None:
    work.at = here[index - 1].name if 0 < index <= len(here) else "ptlrpc_body" if not index else f"[{index}]"


def _check_readable(extra: Extra, here: Sequence[SlotSpec], work: Work) -> None:
    for i in extra.raw:
        _at(work, here, i)
        work.impossible(errno.EPROTO, "the buffer is not what its format says")


def _take_out_misplaced(path: Path, made: Any, there: Sequence[SlotSpec], work: Work) -> None:
    """A floating buffer exists only if the buffers before it say so."""
    if len(there) == len(path.target.__slot_specs__):
        return
    back = {target: source for source, target in path.names.items()}
    for spec in path.target.__slot_specs__:
        if spec not in there and getattr(made, spec.name) is not None:
            work.at = back.get(spec.name, spec.name)
            value = getattr(made, spec.name)
            if value in (b"", []):
                work.drop("", b"", work.at)
            else:
                work.lose(work.at, "", value)
            setattr(made, spec.name, None)


def _fill_room(there: Sequence[SlotSpec], made: Any, out: Extra) -> None:
    """Some buffers are sent longer than their struct, zero at the end."""
    for i, spec in enumerate(there, 1):
        if spec.room and spec.struct is not None and getattr(made, spec.name) is not None:
            out.tails[i] = bytes(spec.room - spec.type.size)


def _carry_tail(
    i: int, tail: bytes, here: Sequence[SlotSpec], to: dict[int, int], direction: str, out: Extra, work: Work
) -> None:
    _at(work, here, i)
    if i and here[i - 1].text:
        if direction == UP and to[i]:
            out.tails[to[i]] = tail
        elif tail.strip(b"\0"):
            work.lose("tail", "", tail)
        else:
            work.drop("", tail, "NUL")
    elif tail.strip(b"\0"):
        work.lose("tail", "", tail)
    else:
        work.drop("", tail, "tail")


def _lose_rest(extra: Extra, side: Side, work: Work) -> None:
    for number, data in enumerate(extra.more):
        work.at = f"more[{number}]"
        if data and side.surplus:
            work.lose(side.surplus, "", data)
        elif data:
            work.drop("", data, "surplus")
    for name, data in (("gap", extra.gap), ("trailing", extra.trailing)):
        work.at = ""
        if data.strip(b"\0"):
            work.lose(name, name, data)
        elif data:
            work.drop(name, data)
