"""Hypothesis strategy for conversations: what one client and one target say, from connect to disconnect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from lustre_wire.dialects import Dialect, all_dialects
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.rpc import REPLY, REQUEST, Message
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.testing.messages import Draw, messages

_CONNECT, _DISCONNECT = "_CONNECT", "_DISCONNECT"
#: The step between the xids of one client's requests.
_STEP = 1


@dataclass(frozen=True)
class Exchange:
    """A request, the reply that fits it, and the xid (LNet match bits) both travel under."""

    xid: int
    request: Message
    reply: Message


@checked
def conversations(
    dialect: Dialect | str | None = None, *, target: str | None = None, most: int = 8, order: ByteOrder | None = None
) -> st.SearchStrategy[list[Exchange]]:
    """A connect, up to `most` other operations on the same portal, and a disconnect, each with a fitting reply.

    Args:
        dialect: a dialect or its name; any installed one unless given.
        target: "MDS", "OST" or "MGS"; any that the dialect can connect to unless given.
        most: most exchanges between connect and disconnect.
        order: byte order of the client and the server; either unless given.

    Raises:
        WireError: the dialect has no connect for `target`.
    """
    dialects = [named_dialect(dialect)] if dialect is not None else list(all_dialects())
    services = [s for d in dialects for s in _services(d) if target is None or s.connect.name == target + _CONNECT]
    if not services:
        raise WireError(f"no dialect has {target}{_CONNECT}")

    @st.composite
    def one(draw: Draw) -> list[Exchange]:
        service = draw(st.sampled_from(services))
        chosen = draw(st.lists(st.sampled_from(service.operations), max_size=most)) if service.operations else []
        first = draw(st.integers(1, 1 << 62))
        sides: tuple[ByteOrder, ByteOrder] = (order, order) if order else draw(st.tuples(_ORDERS, _ORDERS))
        forms = [service.connect, *chosen, service.disconnect]
        return [_exchange(draw, service.dialect, form, first + i * _STEP, sides) for i, form in enumerate(forms)]

    return one()


_ORDERS: st.SearchStrategy[Any] = st.sampled_from(("little", "big"))


@dataclass(frozen=True)
class _Service:
    dialect: Dialect
    connect: RpcFormat
    disconnect: RpcFormat
    operations: list[RpcFormat]


def _services(dialect: Dialect) -> list[_Service]:
    """What can be asked of each kind of target, told by the portal that its connect goes to."""
    forms = {form.key: form for form in dialect.formats}
    out = []
    for key, connect in forms.items():
        disconnect = forms.get(key.replace(_CONNECT, _DISCONNECT))
        if not key.endswith(_CONNECT) or disconnect is None:
            continue
        ends = (connect, disconnect)
        out.append(
            _Service(dialect, connect, disconnect, [
                f for f in forms.values() if f.portal == connect.portal and f not in ends and not f.status
            ])
        )  # fmt: skip
    return out


def _exchange(draw: Draw, dialect: Dialect, form: RpcFormat, xid: int, sides: tuple[ByteOrder, ByteOrder]) -> Exchange:
    request = draw(messages(dialect, name=form.key, direction=REQUEST, order=sides[0]))
    reply = draw(messages(dialect, name=form.key, direction=REPLY, order=sides[1]))
    return Exchange(xid, request, reply)
