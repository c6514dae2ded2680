"""Streams of messages from one dialect to another.

Rules say what they look at (`lustre_wire.translate.looked`). So it is known which bytes of a format's messages are
carried over whatever they are; the first message with certain other bytes is translated by itself, and is the plan for
all that have the same ones. The first plan of a group is tried against the single-message path, with other values in
everything that it moves: a rule that looks at what it did not say is found there. What no plan can do, such as a
message that changes the session, is translated by itself every time, and counted.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lustre_wire import rpc
from lustre_wire.bulk import asking, copyplan
from lustre_wire.bulk.copyplan import Shape
from lustre_wire.bulk.given import dialect_of, kind_of, names_of, one_of
from lustre_wire.bulk.index import Room, Walker, index_plan
from lustre_wire.bulk.reason import Reason
from lustre_wire.bulk.translated import IMPOSSIBLE, MESSAGES, SINGLE, UNREADABLE, Plan, Translated
from lustre_wire.dialects import Dialect
from lustre_wire.engines import bulk as engine
from lustre_wire.engines import payload
from lustre_wire.engines.bulk.columns import Columns, allocate, flat, overlap
from lustre_wire.engines.bulk.numbers import C
from lustre_wire.errors import Untranslatable, WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.message import REPLY
from lustre_wire.translate import Entry, Session, rules_between, translate
from lustre_wire.translate.looked import looked_at
from lustre_wire.translate.report import LOST
from lustre_wire.translate.rules import DOWN, UP

_MOST_PLANS = 1 << 16
_PROBES = 2


@dataclass
class _Group:
    """Plans of one shape, and their `lw_group`; `holds` says whether the first was what its rules said."""

    container: int
    shape: Shape
    plans: list[int] = field(default_factory=list)
    places: int = 0
    keys: list[tuple[int, int, int]] = field(default_factory=list)
    known: set[bytes] = field(default_factory=set)
    c: Any = None
    keep: list[Any] = field(default_factory=list)
    holds: bool = True


class Translator:
    """Translates streams between two dialects for one session, and keeps the plans that it makes.

    Threads may share one: each `run` waits until the one before is done. To work side by side, each needs its own.

    Raises:
        WireError: no rules between the dialects, which are no neighbours, or an unusable argument.
    """

    def __init__(
        self, source: Dialect | str, target: Dialect | str, session: Session | None = None, *, allow: Iterable[str] = ()
    ) -> None:
        self.source, self.target = dialect_of(source), dialect_of(target)
        self.session = kind_of(session, Session, "a session", "session") if session is not None else Session()
        self.allow = frozenset(names_of(allow, "allow"))
        self._running = threading.RLock()  # a function of the rules may come back to its own translator
        self.rules = rules_between(self.source, self.target)
        self.direction = UP if self.rules.old == self.source.name else DOWN
        self.random = random.Random(0)
        self.plans: list[Plan] = []  # by number; also of plans that are no longer in use
        # what is carried over, and the shapes by the lengths of the buffers, for each kind of message
        self._carried: dict[Any, tuple[copyplan.Carried, dict[Any, Shape]]] = {}
        self._forget()

    def _forget(self) -> None:
        self._groups: dict[Shape, _Group] = {}
        self._asked: dict[Any, Any] = {}  # what the session was asked for the plans in use
        self._array: Any = None

    # --- one message ---------------------------------------------------------------------------------------------

    def _single(self, data: bytes, session: Any) -> tuple[bytes, tuple[Entry, ...]]:
        """The single-message path."""
        message = rpc.decode(data, self.source)
        made = translate(message, self.target, session=session, on_loss="report", allow=self.allow)
        return rpc.encode(made.message), made.report.entries

    def _learn(self, core: engine.Core, data: bytes) -> tuple[bytes, tuple[Entry, ...]]:
        """Translate a message that no plan fits, and make one of it where that is possible."""
        message = rpc.decode(data, self.source)
        session: Any = asking.WatchedSession(self.session)
        made = translate(message, self.target, session=session, on_loss="report", allow=self.allow)
        result = rpc.encode(made.message)
        entries = made.report.entries
        if session.changed:
            self._check_plans()
        else:
            self._keep(core, message, made.message, session.asked, data, result, entries)
        return result, entries

    def _check_plans(self) -> None:
        """Forget everything where the session no longer answers as it did."""
        if not asking.same_answers(self.session, self._asked):
            self._forget()

    # --- plans ---------------------------------------------------------------------------------------------------

    def _keep(
        self, core: engine.Core, message: rpc.Message, made: rpc.Message, asked: dict[Any, Any],
        data: bytes, result: bytes, entries: tuple[Entry, ...],
    ) -> None:  # fmt: skip
        """Make a plan of a translation, where that is possible."""
        if message.format is None or message.body is None or made.format is None or len(self.plans) >= _MOST_PLANS:
            return
        if self.rules.readings(message.format, self.direction):  # what it becomes, the whole of it decides
            return
        if message.direction == REPLY and made.header.lm_cksum:  # of bytes that would be moved
            return
        parts, becomes = lustre_msg.split(data), lustre_msg.split(result)
        shape = self._shape(message, made, parts, becomes)
        if shape is None:
            return
        group = self._group(core, message, shape, data, result, entries)
        index = index_plan(core, self.source, "")
        if not group.holds or not core.lib.lw_key_hash(index, group.c, core.pointer(data), len(data)):
            return
        image = copyplan.image(shape, data, parts)
        fixed = copyplan.fixed_parts(result, becomes, [bool(copied) for _, copied in shape.target])
        self.plans.append(Plan(entries, fixed, image, data))
        self._asked |= asked
        group.plans.append(len(self.plans) - 1)
        known = copyplan.masked(image, group.keys)
        if 2 * len(group.plans) >= group.places or known in group.known:
            images = [self.plans[number].image for number in group.plans]
            group.keys = copyplan.keys(shape, images)
            group.known = {copyplan.masked(one, group.keys) for one in images}
            self._compile(core, group)
        else:
            group.known.add(known)
            self._insert(core, group, group.plans[-1])
        self._array = None

    def _shape(
        self, message: rpc.Message, made: rpc.Message, parts: lustre_msg.Parts, becomes: lustre_msg.Parts
    ) -> Shape | None:
        """The shape of a message, None where it has more strings than a plan can move."""
        here = payload.codec(type(message.buffers), message.order).places(message.buffers)
        there = payload.codec(type(made.buffers), made.order).places(made.buffers)
        assert message.format is not None and made.format is not None
        slots = (tuple(s.name for s in here), tuple(s.name for s in there))
        key = (message.format.key, message.direction, message.order, made.format.key, *slots)
        found = self._carried.get(key)
        if found is None:
            looked = looked_at(self.rules, self.direction, message, made)
            carried = copyplan.carried(self.rules, self.direction, looked, message, made)
            found = self._carried[key] = (carried, {})
        carried, shapes = found
        odd = message.extra is not None or made.extra is not None  # bytes of no buffer: nothing but fixed places then
        strings = {} if odd else carried.strings
        free = {i: one for i, one in strings.items() if i < len(parts.lengths) and parts.lengths[i]}
        copies = [part - 1 for _, part in free.values()]
        lengths = (
            tuple(-1 if i in free else length for i, length in enumerate(parts.lengths)),
            tuple(-1 if i in copies else length for i, length in enumerate(becomes.lengths)),
        )
        shape = shapes.get(lengths)
        if shape is None:
            if len(free) > C.LW_MOST_STRINGS or len(shapes) >= _MOST_PLANS:
                return None
            shape = shapes[lengths] = copyplan.shape_of(carried.moves, parts, becomes, free)
        return shape

    def _group(
        self, core: engine.Core, message: rpc.Message, shape: Shape, data: bytes, result: bytes,
        entries: tuple[Entry, ...],
    ) -> _Group:  # fmt: skip
        """The group of the messages of a shape."""
        group = self._groups.get(shape)
        if group is None:
            group = self._groups[shape] = _Group(2 + (message.order == "big"), shape)
            group.holds = self._holds(shape, data, result, entries)
            self._compile(core, group)
            self._array = None
        return group

    def _holds(self, shape: Shape, data: bytes, result: bytes, entries: tuple[Entry, ...]) -> bool:
        """Whether the single-message path gives what the plan says, with other values in everything that is moved."""
        for _ in range(_PROBES):
            other, expected = copyplan.probe(shape, data, result, self.random)
            try:
                made, said = self._single(other, asking.WatchedSession(self.session, frozen=True))
            except (WireError, asking.WouldChange):
                return False
            if made != expected or said != entries:
                return False
        return True

    def _compile(self, core: engine.Core, group: _Group) -> None:
        """The `lw_group`, with twice the room for its plans."""
        new, shape = core.ffi.new, group.shape
        group.places = 16
        while group.places < 4 * len(group.plans):
            group.places *= 2
        moves = copyplan.moves_of(shape)
        texts, copies = copyplan.strings(shape)
        here, there = shape.places
        group.keep = [
            new("lw_string[]", texts), new("lw_copy[]", copies), new("uint8_t[]", shape.mask),
            new("lw_key[]", group.keys), new("lw_move[]", moves), new("lw_known[]", group.places),
        ]  # fmt: skip
        c_texts, c_copies, c_mask, c_keys, c_moves, known = group.keep
        group.c = new("lw_group *", (
            group.container, len(shape.source), here.size, there.size, len(texts), c_texts, len(copies), c_copies,
            c_mask, len(group.keys), c_keys, len(moves), c_moves, group.places, known,
        ))  # fmt: skip
        for number in group.plans:
            self._insert(core, group, number)

    def _insert(self, core: engine.Core, group: _Group, number: int) -> None:
        """Put a plan in its place in the group's table."""
        plan, mask = self.plans[number], group.places - 1
        index = index_plan(core, self.source, "")
        hash_ = core.lib.lw_key_hash(index, group.c, core.pointer(plan.data), len(plan.data))
        at = hash_ & mask
        while group.c.known[at].hash:
            at = (at + 1) & mask
        image, result = core.ffi.new("uint8_t[]", plan.image), core.ffi.new("uint8_t[]", plan.result)
        group.keep += [image, result]
        group.c.known[at] = (hash_, number, image, result)

    def _c_groups(self, core: engine.Core) -> tuple[Any, int]:
        """The C array of all groups that have plans."""
        if self._array is None:
            self._array = core.ffi.new("lw_group *[]", [g.c for g in self._groups.values() if g.plans] or 1)
        return self._array, sum(bool(g.plans) for g in self._groups.values())

    # --- streams -------------------------------------------------------------------------------------------------

    def run(self, stream: Any, *, on_loss: str = "report", out: Any = None) -> Translated:
        """Translate a stream; see `translate_stream` for the arguments, what comes back, and what is raised."""
        data = flat(stream, "stream")
        one_of(on_loss, ("raise", "report"), "on_loss")
        with self._running:
            self._check_plans()
            return _Run(self, data, on_loss, out).all()


class _Run:
    """One stream on its way."""

    def __init__(self, translator: Translator, data: memoryview, on_loss: str, out: Any) -> None:
        self.translator, self.data, self.on_loss = translator, data, on_loss
        self.given = out is not None
        room = out if self.given else allocate(data.nbytes * 5 // 4 + 4096)
        self.out = flat(room, "out", writable=True)
        if self.given and overlap(self.out, data):
            raise WireError("out overlaps the stream", path="out")
        self.columns = Columns.allocate(MESSAGES, data.nbytes // 256 + 64)
        self.position = self.rows = self.made = self.single = 0
        self.walker, self.room = Walker(data, translator.source, ""), Room(1, 64)
        self.report: dict[int, tuple[Entry, ...]] = {}  # of messages that went by themselves
        self.errors: dict[int, WireError] = {}

    def all(self) -> Translated:
        core = engine.native()
        while self.position < self.data.nbytes:
            if core is None or not self._by_plans(core):
                self._by_itself(core)
        return self._result()

    def _by_plans(self, core: engine.Core) -> bool:
        """As far as plans reach; False at a message that has none."""
        translator = self.translator
        state = core.ffi.new("lw_walk *", (self.position, self.rows, self.made, self.columns.rows, self.out.nbytes))
        groups, count = translator._c_groups(core)
        index, columns = index_plan(core, translator.source, ""), self.columns.pointers(core)
        source, target = core.pointer(self.data), core.pointer(self.out)
        outcome = core.lib.lw_translate(index, groups, count, source, self.data.nbytes, target, state, columns)
        self.position, self.rows, self.made = state.position, state.rows, state.buffers
        if outcome == C.LW_NO_ROOM:
            if self.rows == self.columns.rows:
                self.columns = self.columns.grown(2 * self.rows)
            else:
                self._grow(0)
        return bool(outcome != C.LW_UNKNOWN)

    def _grow(self, wanted: int) -> None:
        if self.given:
            raise WireError(f"{self.out.nbytes} bytes are not enough for the result", path="out")
        more = memoryview(allocate(max(2 * self.out.nbytes, self.made + wanted))).cast("B")
        more[: self.made] = self.out[: self.made]
        self.out = more

    def _by_itself(self, core: engine.Core | None) -> None:
        self.walker.position = self.position
        found = self.walker.take(self.room, 1)
        length, reason = found["length"][0], found["reason"][0]
        whole = bytes(self.data[self.position : self.position + length])
        made, plan = b"", UNREADABLE
        try:
            if reason not in (Reason.GOOD, Reason.WRAPPED):
                raise WireError(f"no message that a receiver takes: {Reason(reason).name}", offset=self.position)
            plan = IMPOSSIBLE
            if core is None:
                made, entries = self.translator._single(whole, self.translator.session)
            else:
                made, entries = self.translator._learn(core, whole)
            plan = SINGLE
            self.report[self.rows] = entries
        except WireError as error:
            self.errors[self.rows] = error
            if plan == IMPOSSIBLE and not isinstance(error, Untranslatable):
                plan = UNREADABLE
        self._write(whole, made, plan)

    def _write(self, whole: bytes, made: bytes, plan: int) -> None:
        if self.made + len(made) > self.out.nbytes:
            self._grow(len(made))
        self.out[self.made : self.made + len(made)] = made
        self.columns = self.columns.grown(self.columns.rows * 2) if self.rows == self.columns.rows else self.columns
        values = (self.position, len(whole), self.made, len(made), plan)
        for name, value in zip(MESSAGES.numbers, values, strict=True):
            self.columns[name][self.rows] = value
        self.position += len(whole)
        self.made += len(made)
        self.rows += 1
        self.single += plan == SINGLE

    def _result(self) -> Translated:
        columns = self.columns.slice(0, self.rows)
        made = Translated(self.out[: self.made], columns, self.translator.plans, self.report, self.errors, self.single)
        if self.on_loss == "raise":
            self._raise_first(made)
        return made

    def _raise_first(self, made: Translated) -> None:
        """Raise for the first message that lost something, or could not be translated."""
        for number in made["message"]:
            if any(e.kind == LOST and not e.allowed for e in made.entries_of(number)):
                self._raise_for(made, number)
        for error in made.errors.values():
            raise error

    def _raise_for(self, made: Translated, number: int) -> None:
        translator, start = self.translator, made["offset"][number]
        message = rpc.decode(bytes(self.data[start : start + made["length"][number]]), translator.source)
        translate(message, translator.target, session=translator.session, allow=translator.allow)


def translate_stream(
    stream: Any,
    source: Dialect | str,
    target: Dialect | str,
    session: Session | None = None,
    *,
    allow: Iterable[str] = (),
    on_loss: str = "report",
    out: Any = None,
) -> Translated:
    """Translate a stream of messages; a `Translator` does the same again and again, and keeps its plans.

    Args:
        stream: concatenated messages of the dialect `source`, as any contiguous object with the buffer protocol.
        source, target: the dialects, or their names.
        session: what is known of the two sides, as in `lustre_wire.translate`.
        allow: losses to accept.
        on_loss: "report" to have them in the report, "raise" for `LossyTranslation` (or what else stops a message).
        out: a writable buffer that is long enough; new memory unless given.

    Returns:
        The messages, where each came from and went, and the report as columns. What cannot be translated, and bytes
        that are no message, leave nothing in the result.

    Raises:
        LossyTranslation, Untranslatable: only with ``on_loss="raise"``.
        WireError: an unusable buffer, no rules between the dialects, `out` too short or overlapping.
    """
    return Translator(source, target, session, allow=allow).run(stream, on_loss=on_loss, out=out)
