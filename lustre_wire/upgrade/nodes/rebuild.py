"""What an old server never answered, said again in the new dialect: requests rebuilt by the translator (TH-5b).

A rebuilt request keeps its number: what the old server had done, and only the answer got lost, the new one answers from
the client's slot in last_rcvd (R24) instead of doing it twice. What the new dialect cannot say is left to the call
behind it, which begins anew.
"""

from __future__ import annotations

from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.names import names
from lustre_wire.recovery.request import Request
from lustre_wire.testbed.packing import packer
from lustre_wire.translate import Session, translate
from lustre_wire.upgrade.nodes.reopen import renamed


def take(owner: Import) -> list[Request]:
    """Requests without an answer, taken off the import: those sent and those that wait for the connection; those that
    wait for their lane, which follow in the list, stay in it. What belongs to recovery stays where it is."""
    asked = [*owner.sending.values(), *owner.delayed]
    found = [request for request in asked if not request.recovery]
    for request in found:
        request.resend = request.resend or request.sent >= 0
        owner.sending.pop(request.xid, None)
    owner.delayed = [request for request in owner.delayed if request.recovery]
    return found + [request for lane in owner.lanes.values() for request in list(lane)[1:]]


def rebuild(request: Request, owner: Import, session: Session) -> str:
    """Put the same request in the import's dialect in the place of the old one.

    Returns:
        Why that is impossible; nothing if it was done.
    """
    if request.message.opcode == names(owner.dialect).MDS_CLOSE:
        return "its open is not made again, which closes the file"
    if request.no_resend:
        return "it is not sent twice"
    try:
        made = translate(request.message, owner.dialect, session=session, xid=request.xid or None).message
    except WireError as refusal:
        return str(refusal)
    fresh = owner.wrap(made)
    request.message, request.portal, request.reply_portal = made, fresh.portal, fresh.reply_portal
    return ""


def send(request: Request, owner: Import, now: float) -> None:
    """Put a rebuilt request back, behind others of its lane if there are any; `owner` is FULL, or will be."""
    lane = owner.lanes.get(request.lane)
    if lane and lane[0] is not request:
        return
    if owner.state is ImportState.FULL:
        owner.send(request, now)
    else:
        owner.delayed.append(request)


def give_up(request: Request, owner: Import, status: int, now: float) -> None:
    """End a request that was taken, with a negative errno."""
    lane = owner.lanes.get(request.lane)
    if lane and request in lane and lane[0] is not request:
        lane.remove(request)
    owner.finish(request, status, now)


def name_anew(asked: Any, dialect: Dialect) -> None:
    """A call that began before the change knows objects by the names of the old dialect: the same objects, by FID."""
    if not packer(dialect).personality.client_names:
        return
    for attribute in packer(dialect).form(asked).named:
        setattr(asked, attribute, renamed(getattr(asked, attribute), dialect, 0))
