"""Streams of messages from one dialect to another.

The rules of a translation are functions, and may look at anything. So the first message of a kind is translated by
itself, and watched: what only the copying rules touched is moved in later messages, and all other bytes must be the
same as they were in that one, or it is another kind. Each new plan is tried against the single-message path, with other
values in everything that it moves, before it is used. What no plan can do, such as a message that changes the session,
is translated by itself every time, and counted.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lustre_wire import rpc
from lustre_wire.bulk import copyplan, trace
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
from lustre_wire.schema.rpc import SlotSpec
from lustre_wire.translate import Entry, Session, rules_between, translate
from lustre_wire.translate.buffers import paths
from lustre_wire.translate.report import LOST
from lustre_wire.translate.rules import DOWN, UP

_MOST_PLANS = 1 << 16
_PATIENCE = 4
_PROBES = 2


@dataclass
class _Group:
    """Plans of one shape, and their `lw_group`."""

    container: int
    shape: Shape
    plans: list[int] = field(default_factory=list)
    places: int = 0
    keys: list[tuple[int, int, int]] = field(default_factory=list)
    known: set[bytes] = field(default_factory=set)
    c: Any = None
    keep: list[Any] = field(default_factory=list)


class Translator:
    """Translates streams between two dialects for one session, and keeps the plans that it makes.

    Threads may share one: each `run` waits until the one before is done. To work side by side, each needs its own.

    Raises:
        WireError: no rules between the dialects, or an unusable argument.
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
        self._refused: dict[Any, int] = {}
        self._moves: dict[Any, tuple[list[copyplan.Move], dict[str, str]]] = {}
        self._forget()

    def _forget(self) -> None:
        self._groups: dict[Any, _Group] = {}
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
        kind = (message.format.key if message.format is not None else "", message.direction, message.order)
        if message.format is None or message.body is None or self._refused.get(kind, 0) >= _PATIENCE:
            return self._translated(message, self.session)
        watched, reads = trace.watched(message)
        session: Any = trace.WatchedSession(self.session)
        made = translate(watched, self.target, session=session, on_loss="report", allow=self.allow)
        kept = trace.Reads()
        kept.counts, kept.tests, kept.looks = reads.counts.copy(), reads.tests.copy(), set(reads.looks)
        result = rpc.encode(made.message)
        entries = made.report.entries
        if session.changed:
            self._check_plans()
        if session.changed or not self._keep(core, message, made.message, kept, session.asked, data, result, entries):
            self._refused[kind] = self._refused.get(kind, 0) + 1
        else:
            self._refused[kind] = 0
        return result, entries

    def _translated(self, message: rpc.Message, session: Any) -> tuple[bytes, tuple[Entry, ...]]:
        watched = trace.WatchedSession(session)
        made = translate(message, self.target, session=watched, on_loss="report", allow=self.allow)  # type: ignore[arg-type]
        if watched.changed:
            self._check_plans()
        return rpc.encode(made.message), made.report.entries

    def _check_plans(self) -> None:
        """Forget everything where the session no longer answers as it did."""
        if not trace.same_answers(self.session, self._asked):
            self._forget()

    # --- plans ---------------------------------------------------------------------------------------------------

    def _keep(
        self, core: engine.Core, message: rpc.Message, made: rpc.Message, reads: trace.Reads, asked: dict[Any, Any],
        data: bytes, result: bytes, entries: tuple[Entry, ...],
    ) -> bool:  # fmt: skip
        """Make a plan of a translation; False where it does not hold."""
        if made.format is None or made.body is None or len(self.plans) >= _MOST_PLANS:
            return False
        shape = self._shape(message, made, reads, data, result)
        if len(copyplan.strings(shape)[0]) > C.LW_MOST_STRINGS:
            return False
        group = self._group(core, message, shape, data)
        if not self._holds(group.shape, data, result, entries):
            return False
        index = index_plan(core, self.source, "")
        if not core.lib.lw_key_hash(index, group.c, core.pointer(data), len(data)):
            return False
        image = copyplan.image(group.shape, data)
        fixed = copyplan.fixed_parts(result, [bool(copied) for _, copied in group.shape.target])
        self.plans.append(Plan(entries, fixed, image, data))
        self._asked |= asked
        group.plans.append(len(self.plans) - 1)
        images = [self.plans[number].image for number in group.plans]
        known = copyplan.masked(image, group.keys)
        if 2 * len(group.plans) >= group.places or known in group.known:
            group.keys = copyplan.keys(group.shape, images)
            group.known = {copyplan.masked(one, group.keys) for one in images}
            self._compile(core, group)
        else:
            group.known.add(known)
            self._insert(core, group, group.plans[-1])
        self._array = None
        return True

    def _shape(self, message: rpc.Message, made: rpc.Message, reads: trace.Reads, data: bytes, result: bytes) -> Shape:
        here = payload.codec(type(message.buffers), message.order).places(message.buffers)
        there = payload.codec(type(made.buffers), made.order).places(made.buffers)
        assert message.format is not None and made.format is not None
        slots = (tuple(s.name for s in here), tuple(s.name for s in there))
        key = (message.format.key, message.direction, made.format.key, *slots)
        if key not in self._moves:
            self._moves[key] = self._movable(message, made, here, there)
        moves, names = self._moves[key]
        strings = copyplan.same_strings(message.buffers, made.buffers, here, there, names)
        odd = message.extra is not None or made.extra is not None
        judged = copyplan.judged_by(self.source, message.opcode)
        return copyplan.shape_of(reads, moves, data, result, here, strings, odd, judged)

    def _movable(
        self, message: rpc.Message, made: rpc.Message, here: list[SlotSpec], there: list[SlotSpec]
    ) -> tuple[list[copyplan.Move], dict[str, str]]:
        """All moves that the rules allow between the buffers of two messages, and which buffer becomes which."""
        assert message.format is not None
        ways = paths(self.rules, message.format, self.target, self.direction, message.direction)
        path = next((p for p in ways if p.form is made.format), None)
        names = dict(path.names) if path is not None else {}
        sources = copyplan.places_of(message, [s.name for s in here])
        targets = copyplan.places_of(made, [s.name for s in there])
        pairs = [(trace.BODY, trace.BODY, self.source.body, self.target.body)]
        kinds = {s.name: getattr(s.type, "cls", None) for s in there}
        for slot in here:
            other = names.get(slot.name, "")
            if getattr(slot.type, "cls", None) is not None and kinds.get(other) is not None:
                pairs.append((slot.name, other, slot.type.cls, kinds[other]))  # type: ignore[attr-defined]
        here_fixed = copyplan.deciding(type(message.buffers))  # type: ignore[arg-type]  # a class is hashable
        here_fixed |= copyplan.looked_at_by(self.source, message.opcode)
        there_fixed = copyplan.deciding(type(made.buffers))  # type: ignore[arg-type]
        moves = [
            copyplan.Move((one, *m.path), sources[one], m.offset, targets[other], m.to, m.size)
            for one, other, a, b in pairs
            for m in copyplan.struct_moves(self.rules, a, b, self.direction)
        ]
        return [m for m in moves if not m.touches(here_fixed, there_fixed)], names

    def _group(self, core: engine.Core, message: rpc.Message, shape: Shape, data: bytes) -> _Group:
        """The group of a message. Where former messages moved more, it is narrowed, and its plans are forgotten."""
        assert message.format is not None
        container = 2 + (message.order == "big")
        key = (container, message.format.key, message.direction, shape.source, shape.target)
        group = self._groups.get(key)
        if group is not None and not set(group.shape.moves) <= set(shape.moves):
            moves = tuple(m for m in group.shape.moves if m in shape.moves)
            shape = copyplan.narrowed(shape, moves, data)
            group = None
        if group is None:
            group = self._groups[key] = _Group(container, shape)
            self._compile(core, group)
            self._array = None
        return group

    def _holds(self, shape: Shape, data: bytes, result: bytes, entries: tuple[Entry, ...]) -> bool:
        """Whether the single-message path gives what the plan says, with other values in everything that is moved."""
        for _ in range(_PROBES):
            other, expected = copyplan.probe(shape, data, result, self.random)
            try:
                made, said = self._single(other, trace.WatchedSession(self.session, frozen=True))
            except (WireError, trace.WouldChange):
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
        here, there = copyplan.places_in(shape)
        group.keep = [
            new("lw_string[]", texts), new("lw_copy[]", copies), new("uint8_t[]", copyplan.mask(shape)),
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
        walker = Walker(self.data[self.position :], self.translator.source, "")
        found = walker.take(Room(1, 64), 1)
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
