"""Which dialect two nodes speak, and what each portal is for: both from what the dialects declare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from lustre_wire.bounded import Bounded
from lustre_wire.bulk import geometry
from lustre_wire.bulk.reason import Reason
from lustre_wire.capture.captured import BULK, Captured
from lustre_wire.capture.said import Known
from lustre_wire.dialects import Dialect, granted
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.reading import reader_of
from lustre_wire.rpc import REPLY, REQUEST, Generic, Message, decode
from lustre_wire.schema import spec_of
from lustre_wire.schema.rpc import Buffers, RpcFormat

#: The dialect argument that asks for detection.
AUTO = "auto"

#: Most exports remembered between two nodes; the oldest are forgotten first.
MAX_EXPORTS = 256
_GOOD = int(Reason.GOOD)
_MAGIC_V2 = lustre_msg.LUSTRE_MSG_MAGIC_V2
#: More bytes than a ptlrpc_body has.
_NEVER = 1 << 32
#: How many messages that fit several dialects are tried in all before only those that do not fit the newest are.
_MOST_TRIES = 64


@cache
def portal_roles(dialects: tuple[Dialect, ...]) -> Mapping[int, str]:
    """What each LNet portal carries in any of the dialects: "request", "reply" or "bulk".

    From the formats first, then from the names of portals that no format mentions (``MGS_REPLY_PORTAL``).
    """
    roles: dict[int, str] = {}
    for d in dialects:
        roles = {**d.portals, **roles}
    for member in (m for d in dialects if "Portal" in d.enums for m in d.enums["Portal"].__members__.items()):
        name, portal = member
        for role in (REQUEST, REPLY, BULK):
            if name.endswith(f"_{role.upper()}_PORTAL"):
                roles.setdefault(int(portal), role)
    return MappingProxyType(roles)


class Pair:
    """What is known of the messages that one node, the requester, exchanges with another as their server.

    Attributes:
        dialect: of its targets as far as a connect reply or a message told, None before.
        elsewhere: whether the requester's packets come from another address than its NID's; None before the first one.
        likely: the one in which a message was read last that fits several.
        exports: dialect by export handle (the cookie a request carries), where a connect reply told.
        back: the same two nodes with their parts exchanged.
    """

    __slots__ = ("back", "dialect", "elsewhere", "exports", "likely", "several", "tries")

    def __init__(self) -> None:
        self.dialect: Dialect | None = None
        self.likely: Dialect | None = None
        self.elsewhere: bool | None = None
        self.exports: Bounded[int, Dialect] = Bounded(MAX_EXPORTS)
        self.several = False  # targets of more than one dialect
        self.tries = 0
        self.back: Pair = self

    def granted(self, handle: int, dialect: Dialect) -> None:
        """A connect reply told the dialect of an export, and so what its node speaks."""
        self.several = self.several or self.dialect not in (None, dialect)
        self.dialect = dialect
        if handle:
            self.exports.keep(handle, dialect)


class DialectChoice:
    """Decodes requests and replies, each in the dialect of its connection.

    In this order: the caller's, the one granted at connect, the one all other targets of that node speak, the only one
    that a message fits, the newest.

    Args:
        wanted: a dialect or its name; "auto" to find out.

    Raises:
        WireError: no such dialect, or none installed at all.
    """

    def __init__(self, wanted: Dialect | str = AUTO) -> None:
        self._forced = None if wanted == AUTO else named_dialect(wanted)
        known = granted()
        self.dialects = known if self._forced is None else (self._forced,)
        if not self.dialects:
            raise WireError("no dialect is installed that a connect could grant")
        self.newest = self._last = self.dialects[-1]
        alike = _as_the_index_reads(self.newest)
        indexed = (d for d in self.dialects if 2 in d.containers and _as_the_index_reads(d) == alike)
        self._minimum = {d: d.body_minimum for d in indexed}
        self._directions = reader_of(self.newest).directions
        self.roles = portal_roles(tuple(dict.fromkeys((*self.dialects, *known))))
        self._connects = frozenset(int(opcode) for d in self.dialects for opcode in d.grants)

    def certain(
        self, known: Known | None, direction: str, pair: Pair, request: Captured | None = None
    ) -> Dialect | None:
        """The dialect that decodes a message for certain, if nothing in the message can tell of another one.

        Args:
            known: what the index, by the rules of the newest dialect, says of it.
            direction: that it must have.
            pair: who asks and who serves.
            request: of a reply, its request where that is known; one that was decoded at once (any connect was) may say
                something of the dialect.
        """
        spoken = self._forced or (None if pair.several else pair.dialect)
        dialect = request.certain if request is not None else spoken
        if dialect is None or known is None:
            return None
        reason, magic, kind, opcode, size, _, _ = known
        if reason != _GOOD or magic != _MAGIC_V2 or opcode in self._connects:
            return None
        if self._directions.get(kind) != direction:
            return None
        return dialect if size >= self._minimum.get(dialect, _NEVER) else None

    def request(self, data: bytes, pair: Pair) -> Message:
        """A request, or anything else that is not known to be a reply.

        Raises:
            WireError: no dialect in question accepts it.
        """
        if self._forced is not None:
            return decode(data, self._forced)
        if pair.dialect is None:
            message = self._undecided(data, pair)
        else:
            message = self._decode_any(data, pair.dialect)
            if pair.several:
                said = pair.exports.get(_handle(message))
                if said is not None and said is not message.dialect:
                    message = decode(data, said)
        form = message.format
        if form is not None and form.opcode in self._connects:
            asked = self._granted(form.opcode, message.buffers)
            if asked is not None and asked is not message.dialect:
                message = decode(data, asked)
        return message

    def alone(self, data: bytes) -> Message:
        """A message without a connection: in the only dialect it fits, else in that of the last message that told.

        Raises:
            WireError: no dialect in question accepts it.
        """
        fitting = _fitting(data, self.dialects) if self._forced is None else []
        if len(fitting) == 1:
            self._last = fitting[0].dialect
        elif fitting and self._last not in [message.dialect for message in fitting]:
            return fitting[-1]
        return self._decode_any(data, self._last)

    def reply(self, data: bytes, request: Message | None, pair: Pair) -> Message:
        """A reply, in the light of its request where that is known; `pair` has the requester first.

        Raises:
            WireError: the dialect does not accept it.
        """
        if request is None:
            known = self._forced or pair.dialect
            return self._decode_any(data, known) if known is not None else self._undecided(data, pair)
        message = decode(data, request.dialect, request=request)
        form = message.format
        if self._forced is None and form is not None and form.opcode in self._connects and not message.status:
            granted = self._granted(form.opcode, message.buffers, request.buffers)
            if granted is not None:
                if granted is not message.dialect:
                    message = decode(data, granted, request=_same_format(request, granted))
                self._remember(pair, request, message)
        return message

    def cut(self, data: bytes, missing: int, request: Message | None, pair: Pair) -> Message:
        """A message whose last `missing` bytes the capture lacks, as if they were zeroes; it tells no dialect.

        Raises:
            WireError: it is not cut, its ptlrpc_body is not there, or the dialect does not accept it.
        """
        dialect = request.dialect if request is not None else self._forced or pair.dialect or self.newest
        whole = data.ljust(len(data) + missing, b"\0")
        parts = lustre_msg.split(whole)
        body = min(parts.lengths[0], dialect.body_minimum) if parts.version == 2 and parts.lengths else 0
        if not parts.lengths or not parts.offsets[0] + body <= len(data) < parts.end:
            raise TruncatedError("expected a ptlrpc_body and a message that is cut behind it", offset=len(data))
        message = decode(whole, dialect, request=request)
        if message.body is None and message.version == 2:
            raise WireError("the ptlrpc_body is wrapped by a security policy")
        return message

    def _remember(self, pair: Pair, request: Message, reply: Message) -> None:
        pair.granted(_handle(reply), reply.dialect)
        pair.back.granted(_client_handle(request.buffers), reply.dialect)

    def _granted(self, opcode: int, buffers: Buffers, asked: Buffers | None = None) -> Dialect | None:
        """The dialect that the connect data in these buffers stands for; of several the last one.

        `asked`: the buffers of the request, where these are those of its reply: both versions count.
        """
        data = _held(buffers, "obd_connect_data")
        if data is None:
            return None
        flags, version = int(data.ocd_connect_flags), int(data.ocd_version)
        client = _held(asked, "obd_connect_data") if asked is not None else None
        if client is not None and int(client.ocd_version):
            version = min(version, int(client.ocd_version))
        grants = ((d, d.grants.get(opcode)) for d in reversed(self.dialects))
        return next((d for d, grant in grants if grant is not None and grant.shown(flags, version)), None)

    def _decode_any(self, data: bytes, first: Dialect) -> Message:
        """Decode in `first`, or if that refuses in another one; the error is that of `first`."""
        try:
            return decode(data, first)
        except WireError:
            for other in self.dialects:
                if other is not first and self._forced is None:
                    try:
                        return decode(data, other)
                    except WireError:
                        continue
            raise

    def _undecided(self, data: bytes, pair: Pair) -> Message:
        """A message of two nodes whose connect was not seen: the only dialect it fits is theirs."""
        if pair.tries >= _MOST_TRIES:
            message = self._decode_any(data, pair.likely or self.newest)
            if not _odd(message):
                return message
        fitting = _fitting(data, self.dialects)
        if len(fitting) == 1:
            pair.dialect = pair.back.dialect = fitting[0].dialect
            return fitting[0]
        pair.tries += 1
        if not fitting:
            return self._decode_any(data, self.newest)
        pair.likely = fitting[-1].dialect
        return fitting[-1]


def _as_the_index_reads(dialect: Dialect) -> tuple[Any, ...]:
    """What must be the same in two dialects for the index by the rules of one to be right for the other."""
    rules = geometry.rules(dialect)
    places = (geometry.place(dialect.body, f"pb_{name}") for name in geometry.FIELDS)
    return rules.types, rules.version, rules.version_mask, *places


def _fitting(data: bytes, dialects: Sequence[Dialect]) -> list[Message]:
    """The message in those dialects whose correct senders emit it; if in none, in those where least is left over.

    Those whose senders' ptlrpc_body has another size than the message's do not count, but where there are no others.
    """
    loose: list[tuple[bool, int, Message]] = []
    strict: list[Message] = []
    for candidate in dialects:
        try:
            message = decode(data, candidate)
        except WireError:
            continue
        other = not _is_of_own_size(message)
        loose.append((other, _odd(message), message))
        if other:
            continue
        try:
            strict.append(decode(data, candidate, strict=True))
        except WireError:
            continue
    least = min((each[:2] for each in loose), default=None)
    return strict or [message for *odd, message in loose if tuple(odd) == least]


def _is_of_own_size(message: Message) -> bool:
    """Whether the ptlrpc_body has the bytes that the dialect's own senders give it; one of version 1 has none."""
    return message.version != 2 or message.header.lm_buflens[:1] == [spec_of(message.dialect.body).size]


class Fit:
    """Whether messages that are read in one dialect look more like another one.

    A message tells if correct senders of some dialects emit it and those of others do not. No recorded message and no
    capture of a real client or server that we have tells against its own dialect.

    Args:
        dialect: the one in which they are read.
    """

    #: How many messages are looked at, and how many must tell before no more are.
    MOST, ENOUGH = 1024, 16

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._all = (dialect, *(d for d in granted() if d is not dialect))
        self._better: Counter[Dialect] = Counter()
        self._left = self.MOST

    def see(self, captured: Captured) -> None:
        """Look at a message."""
        if not self._left or not captured.direction or captured.missing:
            return
        self._left -= 1
        fitting = {message.dialect for message in _fitting(captured.raw, self._all)}
        for other in self._all[1:] if fitting else ():
            self._better[other] += (other in fitting) - (self._dialect in fitting)
            if self._better[other] >= self.ENOUGH:
                self._left = 0

    def better(self) -> tuple[Dialect, int] | None:
        """The dialect that more messages fit, and how many more; None where none does."""
        ((other, more),) = self._better.most_common(1) or [(self._dialect, 0)]
        return (other, more) if more > 0 else None


def _odd(message: Message) -> int:
    """How many buffers do not go with the declared format; that of the ptlrpc_body is the same in all."""
    if isinstance(message.buffers, Generic):
        return 1 << 16
    extra = message.extra
    if extra is None:
        return 0
    return len((extra.tails.keys() | extra.cut.keys() | extra.raw.keys()) - {0}) + len(extra.more)


def _handle(message: Message) -> int:
    """The export's cookie in a request or a connect reply."""
    return int(message.body.pb_handle.cookie if message.body is not None else getattr(message.header, "lm_handle", 0))


def _client_handle(buffers: Buffers) -> int:
    """The cookie that the server will use when it sends requests to its client."""
    handle = _held(buffers, "lustre_handle")
    return int(handle.cookie) if handle is not None else 0


def _same_format(request: Message, other: Dialect) -> RpcFormat | None:
    return other.rpcs.get(request.format.key) if request.format is not None else None


def _held(buffers: Any, struct: str) -> Any:
    """The value of the buffer that holds this struct, None when there is none."""
    side: Any = type(buffers)
    slot = _slot_of(side, struct)
    return getattr(buffers, slot) if slot else None


@cache
def _slot_of(side: Any, struct: str) -> str:
    """The name of the buffer that holds this struct, empty when there is none."""
    specs = getattr(side, "__slot_specs__", ())
    return next((s.name for s in specs if s.struct is not None and spec_of(s.struct).name == struct), "")
