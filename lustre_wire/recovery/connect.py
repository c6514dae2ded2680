"""What a client makes of the answer to a connect request: the table of ptlrpc/import.c: ptlrpc_connect_interpret."""

from __future__ import annotations

import enum
from typing import Any

import attrs


class ImportState(enum.Enum):
    """States of an import (``LUSTRE_IMP_*``)."""

    NEW = "NEW"
    DISCON = "DISCON"
    CONNECTING = "CONNECTING"
    REPLAY = "REPLAY"
    REPLAY_LOCKS = "REPLAY_LOCKS"
    REPLAY_WAIT = "REPLAY_WAIT"
    RECOVER = "RECOVER"
    FULL = "FULL"
    EVICTED = "EVICTED"
    CLOSED = "CLOSED"


@attrs.define(slots=True, frozen=True)
class ImportEvent:
    """Something that happened: ``state`` (old, new), ``granted``, ``evicted``, ``replay status`` and the like."""

    kind: str
    detail: Any = None


@attrs.define(slots=True, frozen=True)
class Outcome:
    """Where a connect reply leads.

    Attributes:
        state: the import's next state.
        resume: replay goes on after the last request replayed, which is sent with MSG_RESENT (R9).
        skip_locks: no lock replay afterwards (a delayed client of 1.8).
    """

    state: ImportState
    resume: bool = False
    skip_locks: bool = False


#: The server says "reconnected" but gives no handle: an error that starts the connecting again.
NOT_CONNECTED = Outcome(ImportState.DISCON)


def outcome(
    *, first: bool, reconnect: bool, recovering: bool, handle: int, known_handle: int, invalid: bool, delayed: bool
) -> Outcome:
    """The next state after a connect reply with status 0.

    Args:
        first: there was no connection before.
        reconnect, recovering, delayed: the reply's MSG_CONNECT flags.
        handle: the export's handle in the reply; `known_handle` is the one from before.
        invalid: the import was invalidated since.
    """
    states = ImportState
    if first:
        return Outcome(states.REPLAY_LOCKS if recovering else states.FULL)
    if reconnect:
        if not handle:
            return NOT_CONNECTED
        if invalid or (handle != known_handle and not recovering):
            return Outcome(states.EVICTED)
        if recovering:
            return Outcome(states.REPLAY, resume=True, skip_locks=delayed)
        return Outcome(states.RECOVER)
    if recovering and not invalid:
        return Outcome(states.REPLAY)
    return Outcome(states.EVICTED)
