"""`translate`: a message of one dialect becomes one of another, with every loss named."""

from __future__ import annotations

import copyreg
from collections.abc import Iterable
from importlib.metadata import entry_points
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import attrs

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.engines.payload import Extra
from lustre_wire.errors import LossyTranslation, WireError
from lustre_wire.kinds import checked
from lustre_wire.reading import format_of
from lustre_wire.rpc import REQUEST, Generic, Message
from lustre_wire.schema import releases
from lustre_wire.translate import envelope, extras
from lustre_wire.translate.buffers import Path, paths, readings
from lustre_wire.translate.report import LOST, Entry, Report
from lustre_wire.translate.rules import DOWN, UP, Operation, RuleSet, Side, Way
from lustre_wire.translate.session import Session
from lustre_wire.translate.steps import Step
from lustre_wire.translate.structs import Make, make_struct
from lustre_wire.translate.work import Work

GROUP = "lustre_wire.translations"
_NOTHING: frozenset[str] = frozenset()
_EMPTY: tuple[Any, ...] = (None, b"", [])

OnLoss = Literal["raise", "report"]


class Translation(NamedTuple):
    """The outcome: the message in the target dialect, and what became of it on the way."""

    message: Message
    report: Report


class _Plan(NamedTuple):
    """What translating one side of one format needs, looked up once."""

    operation: Operation
    side: Side
    paths: tuple[Path, ...]
    body: Make
    readings: tuple[Path, ...] = ()


_rules: dict[tuple[str, str], RuleSet] = {}
_steps: dict[tuple[str, str], Step] = {}
_ways: dict[tuple[str, str], tuple[Way, ...]] = {}


@checked
def register(rules: RuleSet) -> RuleSet:
    """Make a rule set known that no installed package announces, for tests and experiments."""
    _rules[rules.old, rules.new] = rules
    _ways.clear()
    return rules


def rule_sets() -> list[RuleSet]:
    """Every installed rule set."""
    for entry in entry_points(group=GROUP):
        if entry.name not in {f"{old}-{new}" for old, new in _rules}:
            register(entry.load())
    return list(_rules.values())


@checked
def rules_between(one: Dialect | str, other: Dialect | str) -> RuleSet:
    """The rules between two neighbouring dialects, whichever is the older.

    Raises:
        WireError: there are none.
    """
    first, second = named_dialect(one), named_dialect(other)
    found = _declared(first, second) or _step(first, second)
    if found is None:
        raise WireError(f"no rules between the dialects {first.name} and {second.name}: they are not neighbours")
    return found


def _declared(one: Dialect, other: Dialect) -> RuleSet | None:
    names = (one.name, other.name)
    found = _rules.get(names) or _rules.get(names[::-1])
    if found is None:
        rule_sets()
        found = _rules.get(names) or _rules.get(names[::-1])
    return found


def _step(one: Dialect, other: Dialect) -> Step | None:
    """The rules between a release and the one it comes from, made of the histories."""
    if one.release is None or other.release is None:
        return None
    if other.release.base is not one.release:
        one, other = other, one
    if other.release is None or other.release.base is not one.release:
        return None
    names = (one.name, other.name)
    found = _steps.get(names)
    if found is None:
        found = _steps[names] = Step(old=one.name, new=other.name, before=one, after=other)
    return found


def _rules_by_name(rules: RuleSet) -> tuple[Any, ...]:
    """How rules are pickled and copied: they are functions, and there is one set of them between two dialects."""
    if rules not in (_rules.get((rules.old, rules.new)), _steps.get((rules.old, rules.new))):
        raise WireError(f"expected registered rules, got others between {rules.old} and {rules.new}")
    return rules_between, (rules.old, rules.new)


copyreg.pickle(RuleSet, _rules_by_name)
copyreg.pickle(Step, _rules_by_name)


@checked
def translate(
    message: Message, dialect: Dialect | str, *, session: Session | None = None, request: Message | None = None,
    xid: int | None = None, on_loss: OnLoss = "raise", allow: Iterable[str] = (),
) -> Translation:  # fmt: skip
    """The same message in another dialect; in its own dialect, the message itself.

    Args:
        message: a request, or a reply that was decoded in the light of its request. It is not changed.
        dialect: the target, or its name.
        session: what is known of the two sides beyond the message; an empty one unless given.
        request: for a reply, the request it answers, as its client sent it or as its server got it. Needed where the
            reply alone does not say enough: to grant no more than was asked, to learn the identity of what was created.
        xid: the request's number on the network, where known: a resend is then told from a new request for sure.
        on_loss: "raise" for `LossyTranslation`, "report" to have the message and read the losses in the report.
        allow: losses to accept: names ("suppgid2") or paths ("rec_reint.ul_suppgid2").

    Raises:
        LossyTranslation: the target dialect cannot say everything, and not all of that is allowed.
        Untranslatable: it cannot say the message at all; carries the error number.
        WireError: no rules between the dialects; a reply that was decoded without its request.
    """
    target = named_dialect(dialect)
    if message.dialect is target:
        return Translation(message, Report(message.name, message.direction, target.name, target.name))
    if on_loss not in ("raise", "report"):
        raise WireError(f"on_loss is 'raise' or 'report', not {on_loss!r}")
    ways = _ways.get((message.dialect.name, target.name)) or _through(message.dialect, target)
    allowed = frozenset((allow,) if isinstance(allow, str) else allow) if allow else _NOTHING
    known = session or Session()
    if len(ways) == 1:
        work = Work(message, target, known, request, xid, allowed)
        made = _translated(message, ways[0], work)
        entries, lossy = tuple(work.entries), work.lossy
    else:
        made, entries, lossy = _step_by_step(message, ways, known, _requests(request, ways, known, xid), xid, allowed)
        made = made if made.dialect is target else attrs.evolve(made, dialect=target)
    report = Report(message.name, message.direction, message.dialect.name, target.name, entries)
    if on_loss == "raise" and lossy:
        lost = tuple(e for e in entries if e.kind == LOST and not e.allowed)
        raise LossyTranslation(report, lost, dialect=message.dialect.name)
    return Translation(made, report)


def _step_by_step(
    message: Message, ways: tuple[Way, ...], session: Session, requests: list[Message | None], xid: int | None,
    allowed: frozenset[str],
) -> tuple[Message, tuple[Entry, ...], bool]:  # fmt: skip
    """A message through several releases: what it has become, what happened on the way, whether too much was lost."""
    entries, lossy = list[Entry](), False
    for way, request in zip(ways, requests, strict=True):
        source, target = way.ends
        if isinstance(way.rules, Step) and way.rules.is_same(message.format, message.body, way.direction):
            message = attrs.evolve(message, dialect=target)
            continue
        work = Work(message, target, session, request, xid, allowed)
        message = _translated(message, way, work)
        entries += [entry._replace(step=f"{source.name} -> {target.name}") for entry in work.entries]
        lossy = lossy or work.lossy
    return message, tuple(entries), lossy


def _requests(
    request: Message | None, ways: tuple[Way, ...], session: Session, xid: int | None
) -> list[Message | None]:  # fmt: skip
    """The request that a reply answers, as each step wants it: in the dialect that the step begins or ends in."""
    if request is None:
        return [None] * len(ways)
    there = request.dialect is ways[-1].ends[1]
    found, made = [request], request
    for way in reversed(ways) if there else ways:
        target = way.ends[0 if there else 1]
        made = translate(made, target, session=session, xid=xid, on_loss="report").message
        found.append(made)
    return list(reversed(found[:-1])) if there else found[:-1]  # type: ignore[return-value]  # none is None


def _through(source: Dialect, target: Dialect) -> tuple[Way, ...]:
    """The rules on the way from a dialect to another: those between the two, or from release to release."""
    replay = int(source.constants["MSG_REPLAY"])
    hops = [source, target] if _declared(source, target) is not None else _hops(source, target)
    if source.release is target.release is not None:
        hops = [target]
    made = []
    for one, other in pairwise(hops):
        rules = rules_between(one, other)
        made.append(Way(rules, UP if rules.old == one.name else DOWN, replay, (one, other)))
    found = _ways[source.name, target.name] = tuple(made)
    return found


def _hops(source: Dialect, target: Dialect) -> list[Dialect]:
    """The dialects on the way from a release to another; where declared rules lead past a fork, by way of these."""
    if source.release is None or target.release is None:
        raise WireError(f"no rules between the dialects {source.name} and {target.name}")
    names = [one.name for one in releases.way(source.release, target.release)]
    for rules in rule_sets():
        old, new = (_release_of(name) for name in (rules.old, rules.new))
        if old is None or new is None or new.base is None:
            continue
        for i, (one, other) in enumerate(pairwise(names)):
            if (one, other) == (new.base.name, new.name):
                names = [*(r.name for r in releases.way(source.release, old)), *names[i + 1 :]]
                break
            if (one, other) == (new.name, new.base.name):
                names = [*names[: i + 1], *(r.name for r in releases.way(old, target.release))]
                break
    return [source, *(named_dialect(name) for name in names[1:-1]), target]


def _release_of(name: str) -> releases.Release | None:
    try:
        return named_dialect(name).release
    except WireError:  # rules of an experiment, whose dialects nobody announced
        return None


def _translated(message: Message, way: Way, work: Work) -> Message:
    plan = _plan(message, way, work)
    if not plan.readings:
        return _made(message, plan, None, way, work)
    if work.reply:
        asked = _asked_there(way, work)
        ways = (path for path in plan.readings if path.form is asked and not path.form.variant)  # replies know none
        return _made(message, plan, next(ways, None), way, work)
    made = _made(message, plan, None, way, work)
    data = rpc.encode(made)
    read = format_of(data, work.target, made.opcode)
    if read is made.format or made.format is None or read is None:
        return made
    used = next(path for path in plan.paths if path.form is made.format)
    other = next((path for path in plan.readings if path.form is read), None)
    if other is not None and len(other.names) > len(used.names):  # more of it has a place there
        work.forget()
        again = _made(message, plan, other, way, work)
        if format_of(rpc.encode(again), work.target, again.opcode) is read:
            return again
        work.forget()
        _made(message, plan, None, way, work)
    _say_empty(made.buffers, work)
    return rpc.decode(data, work.target)


def _say_empty(buffers: Any, work: Work) -> None:
    """What has no bytes is no buffer to those who read it."""
    work.at = ""
    for spec in type(buffers).__slot_specs__:
        value = getattr(buffers, spec.name)
        if value in _EMPTY[1:] and not spec.text:
            work.drop(spec.name, b"")


def _asked_there(way: Way, work: Work) -> Any:
    """The format of the request that a reply answers, as the target's receivers read it; None where it is not known."""
    request = work.request
    if request is None:
        return None
    if request.dialect is not work.target:
        asked = Work(request, work.target, work.session, None, None, work.allow)
        request = _translated(request, way, asked)
    return request.format


def _made(message: Message, plan: _Plan, path: Path | None, way: Way, work: Work) -> Message:
    """The message in the target dialect, its buffers made in this way, or in the first that has a place for them."""
    header, body = envelope.as_v2(message, work)
    work.replay = not work.reply and bool(int(body.pb_flags) & way.replay)
    form, buffers, extra = _buffers(message, plan, path, way, work)
    work.at = "ptlrpc_body"
    made = plan.body(body, work)
    if plan.operation.versions is not None:
        envelope.versions(plan.operation.versions, made, way.direction, work)
    if form is not None and form.opcode != message.opcode:
        made.pb_opc = type(made.pb_opc)(form.opcode)
        work.change("pb_opc", message.opcode)
    head = envelope.header(header, made, plan.operation, way, work)
    return Message(work.target, message.direction, message.order, head, made, form, buffers, extra)


def _plan(message: Message, way: Way, work: Work) -> _Plan:
    if message.format is None:
        return _new_plan(message, way, work)
    key = (way.rules, way.direction, message.direction)
    found = message.format.cache.get(key)
    if found is None:
        found = message.format.cache[key] = _new_plan(message, way, work)
    return found


def way_of(rules: RuleSet, direction: str, message: Message, made: Message) -> Path:
    """The way that the buffers of a message went when it was translated by these rules in this direction."""
    assert message.format is not None
    found: _Plan = message.format.cache[rules, direction, message.direction]
    return next(path for path in found.paths if path.form is made.format)


def _new_plan(message: Message, way: Way, work: Work) -> _Plan:
    rules = way.rules
    body = make_struct(rules, message.dialect.body, work.target.body, way.direction)
    if message.format is None:
        return _Plan(Operation("", ""), Side(), (), body)
    operation = rules.operation(message.format, way.direction)
    side = operation.request if message.direction == REQUEST else operation.reply
    lacking = rules.old_only if way.direction == UP else rules.new_only
    code = lacking.get(message.format.key, lacking.get(message.format.name, 0))
    if code:
        return _Plan(
            operation, Side(errno_up=code, errno_down=code, why="the operation does not exist there"), (), body
        )
    if (side.errno_up if way.direction == UP else side.errno_down) and message.direction == REQUEST:
        return _Plan(operation, side, (), body)
    return _Plan(
        operation, side, paths(rules, message.format, work.target, way.direction, message.direction), body,
        readings(rules, message.format, way.direction, message.direction),
    )  # fmt: skip


def _buffers(message: Message, plan: _Plan, path: Path | None, way: Way, work: Work) -> tuple[Any, Any, Extra | None]:
    """(format, buffers, extra) in the target dialect."""
    code = plan.side.errno_up if way.direction == UP else plan.side.errno_down
    if code:
        work.impossible(code, plan.side.why)
    if message.format is None and message.opcode not in work.target.by_opcode:
        work.impossible(way.rules.no_format_errno, "the operation does not exist there")
    if work.reply and _is_bare(message):
        form = plan.paths[0].form if plan.paths else None
        buffers = form.reply() if form is not None else Generic([])
        return form, buffers, Extra(count=1) if form is not None and form.reply.__slot_specs__ else None
    if message.format is None and work.reply:
        raise WireError(f"decode the reply to opcode {message.opcode} with its request to translate it", path="pb_opc")
    path = path or _path(plan.paths, message.buffers)
    if path is None:
        work.impossible(way.rules.no_format_errno, "the operation has no format there")
    made = path.make(message.buffers, work)
    for name in path.absent:
        if getattr(message.buffers, name) is not None:
            work.at = name
            work.drop("", b"", name)
    extra = message.extra
    if extra is not None or not path.plain:
        extra = extras.carry(path, plan.side, way.direction, message, made, work)
    return path.form, made, extra


def _path(paths: tuple[Path, ...], buffers: Any) -> Path | None:
    """The tightest target format that has a place for everything."""
    for path in paths:
        if not path.absent or all(getattr(buffers, name) in _EMPTY for name in path.absent):
            return path
    return None


def _is_bare(message: Message) -> bool:
    """An early or error reply: no buffer behind the ptlrpc_body."""
    if isinstance(message.buffers, Generic):
        return not message.buffers.buffers
    count = message.extra.count if message.extra is not None else None
    return count is not None and count <= 1
