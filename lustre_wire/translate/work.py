"""The state of one translation in progress, which the functions of the rules see."""

from __future__ import annotations

from typing import Any, NoReturn

from lustre_wire.dialects import Dialect
from lustre_wire.errors import Untranslatable
from lustre_wire.rpc import REPLY, Message
from lustre_wire.translate.report import CHANGED, DROPPED, FILLED, LOST, Entry
from lustre_wire.translate.rules import Bits
from lustre_wire.translate.session import Session


class Work:
    """One translation.

    Attributes:
        source: the message that is translated.
        target: the dialect it is translated to.
        session: what is known beyond the message.
        request: for a reply, the request it answers, in either dialect, or None.
        xid: the request's number on the network, or None.
        operation: the source format's name.
        reply: whether it is a reply.
        replay: whether it is a replayed request.
        order: its byte order.
        at: path of the buffer whose fields are being translated.
        entries: what the report will say.
        lossy: whether one of them is a loss that is not allowed.
    """

    __slots__ = (
        "allow", "at", "entries", "lossy", "operation", "order", "replay", "reply", "request", "session", "source",
        "target", "xid",
    )  # fmt: skip

    def __init__(
        self, source: Message, target: Dialect, session: Session, request: Message | None, xid: int | None,
        allow: frozenset[str],
    ) -> None:  # fmt: skip
        self.source = source
        self.target = target
        self.session = session
        self.request = request
        self.xid = xid
        self.allow = allow
        self.operation = source.name
        self.reply = source.direction == REPLY
        self.replay = False
        self.order = source.order
        self.at = ""
        self.entries: list[Entry] = []
        self.lossy = False

    def forget(self) -> None:
        """Begin again: nothing has become of the message yet."""
        self.at, self.entries, self.lossy = "", [], False

    def path(self, field: str) -> str:
        """Dotted path of a field in the buffer at hand; of the buffer itself for ""."""
        return f"{self.at}.{field}" if field and self.at else field or self.at

    def lose(self, name: str, field: str, value: Any) -> None:
        """The target dialect cannot say this."""
        path = self.path(field)
        allowed = not self.allow.isdisjoint((name, path, field))
        self.entries.append(Entry(LOST, name, path, value, allowed))
        self.lossy = self.lossy or not allowed

    def drop(self, field: str, value: Any, name: str = "") -> None:
        """This means nothing in the target dialect."""
        self.entries.append(Entry(DROPPED, name or field, self.path(field), value))

    def fill(self, field: str, value: Any) -> None:
        """The target dialect needs this, and the source does not say it."""
        self.entries.append(Entry(FILLED, field, self.path(field), value))

    def change(self, field: str, value: Any) -> None:
        """Said in another way, so that translating back gives another value."""
        self.entries.append(Entry(CHANGED, field, self.path(field), value))

    def impossible(self, errno: int, why: str, field: str = "") -> NoReturn:
        """Give up.

        Raises:
            Untranslatable: always.
        """
        raise Untranslatable(
            f"{self.operation} to {self.target.name}: {why}", errno=errno, path=self.path(field),
            dialect=self.source.dialect.name,
        )  # fmt: skip

    def lose_bits(self, field: str, value: int, rule: Bits) -> int:
        """A flag word after a `Bits` rule of which it has some watched bits."""
        for mask, errno in rule.errno.items():
            if value & mask:
                self.impossible(errno, f"flags {value & mask:#x} have no meaning there", field)
        for mask, name in rule.loss.items():
            if value & mask:
                self.lose(name, field, value & mask)
        if value & rule.clear:
            self.drop(field, value & rule.clear)
        return value & ~rule.watched

    @property
    def asked(self) -> Any:
        """The buffers of the request in the source's dialect, or None."""
        return self._request_in(self.source.dialect)

    @property
    def asker(self) -> Any:
        """The buffers of the request in the target's dialect, which its client speaks, or None."""
        return self._request_in(self.target)

    def _request_in(self, dialect: Dialect) -> Any:
        request = self.request
        return request.buffers if request is not None and request.dialect is dialect else None
