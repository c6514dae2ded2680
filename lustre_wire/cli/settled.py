"""Messages, each when the others of its RPC that say how it is read are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from lustre_wire.bounded import Bounded
from lustre_wire.capture import Captured
from lustre_wire.capture.captured import BULK
from lustre_wire.rpc import REPLY, REQUEST, Message

#: How many messages may wait for a reply that says how an earlier one is read.
_MOST: Final = 1024
#: Of how many requests the bulk data are kept for their replies.
_MOST_MOVED: Final = 64


def settled(messages: Iterable[Captured], live: bool = False) -> Iterator[Captured]:
    """The messages in their order; a connect, and pages whose reply says what they hold, when that reply is there.

    The pages are given with their reply, replies with the bulk data that say what was asked (`Captured.beside`).

    Args:
        live: whether none may wait.
    """
    held: list[Captured] = []
    waiting: dict[int, Captured] = {}  # requests, by their id
    moved: Bounded[int, tuple[Captured, ...]] = Bounded(_MOST_MOVED)
    for captured in messages:
        if captured.certain is not None and not (held or waiting or moved):  # what is certain waits for nothing
            yield captured
            continue
        request = captured.request
        if captured.direction == REPLY:
            if request is not None:
                waiting.pop(id(request), None)
                captured.beside = moved.pop(id(request), ())
                _answer(captured, held)
        elif captured.kind == BULK and request is not None:
            if _says_what_was_asked(request):
                moved.keep(id(request), (*(moved.get(id(request)) or ()), captured))
            elif _is_told_by_reply(request):
                waiting[id(request)] = request
        elif captured.certain is None and _is_connect(captured):
            waiting[id(captured)] = captured
        if held or (waiting and not live):
            held.append(captured)
            if not waiting or len(held) > _MOST:
                yield from held
                held.clear()
                waiting.clear()
        else:
            yield captured
    yield from held


def _answer(reply: Captured, held: list[Captured]) -> None:
    for one in held:
        if one.kind == BULK and one.request is reply.request:
            one.beside = (reply,)


def _is_connect(captured: Captured) -> bool:
    """Whether it is a request whose reply tells the dialect."""
    dialect = captured.dialect
    return captured.kind == REQUEST and dialect is not None and captured.opcode in dialect.grants


def _says_what_was_asked(request: Captured) -> bool:
    held = request.format.bulk_holds if request.format is not None else None
    return bool(getattr(held, "sizes", ""))


def _is_told_by_reply(request: Captured) -> bool:
    return request.format is not None and request.format.bulk_is_told_by_reply


def reply_to(bulk: Captured) -> Message | None:
    """The reply beside bulk data."""
    return next((one.message for one in bulk.beside), None)


def moved_by(reply: Captured) -> bytes:
    """The bulk data beside a reply."""
    return b"".join(one.raw for one in reply.beside)
