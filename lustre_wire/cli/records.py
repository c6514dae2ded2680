"""The records that logs, pages and batches in a captured message consist of; their readers load with the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lustre_wire.capture import Captured
from lustre_wire.capture.captured import BULK
from lustre_wire.cli.settled import moved_by, reply_to
from lustre_wire.text import Node


def records_in(captured: Captured, *, deep: bool = True) -> Iterator[Node]:
    """Those in a message, or in the bulk data of one; none where neither is there.

    Args:
        deep: with all their fields.
    """
    from lustre_wire.payloads import inside

    message, request = captured.message, captured.request
    if message is not None:
        yield from inside.records_in(message, deep=deep, moved=moved_by(captured))
    elif captured.kind == BULK and request is not None and request.message is not None:
        yield from inside.records_of_bulk(request.message, captured.raw, deep=deep, reply=reply_to(captured))


def operations_in(captured: Captured) -> list[Callable[[], Node]]:
    """What tells of each operation of a batch, in a message or in the bulk data of one."""
    from lustre_wire.payloads import inside

    message, request = captured.message, captured.request
    if message is not None:
        return inside.operations_in(message, moved=moved_by(captured))
    asked = request.message if captured.kind == BULK and request is not None else None
    return inside.operations_in(asked, captured.raw) if asked is not None else []


def is_log_record(node: Node) -> bool:
    """Whether what is within it are updates."""
    from lustre_wire.payloads import inside

    return node.name.startswith(inside.LOG_RECORD)
