"""Generates the code that tells the formats of one opcode apart, from the conditions they declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lustre_wire.schema.conditions import Condition, Peek, conditions, resolve
from lustre_wire.schema.nodes import ByteOrder, Emitter
from lustre_wire.schema.rpc import RpcFormat

Chooser = Callable[[Any, Sequence[int], Sequence[int]], "RpcFormat | None"]


def looks(form: RpcFormat) -> list[tuple[Peek, Condition]]:
    """What the conditions of a format look at, found once."""
    known: list[tuple[Peek, Condition]] | None = form.cache.get(looks)
    if known is not None:
        return known
    found: list[tuple[Peek, Condition]] = []
    for path, condition in conditions(form.match):
        peek = resolve(form.request.__slot_specs__, path)
        if condition.on_number and peek.cell is None:
            raise TypeError(f"{path}: this condition needs a number")
        if not condition.exact:
            raise TypeError(f"{path}: {type(condition).__name__} does not tell formats apart")
        found.append((peek, condition))
    form.cache[looks] = found
    return found


def grouped(forms: Iterable[RpcFormat]) -> list[tuple[list[tuple[Peek, Condition]], dict[Any, RpcFormat]]]:
    """Formats that look at the same things, by what they want to see there: the most conditions first.

    Of those that want the same the last one declared counts. A format without conditions is the last resort.
    """
    groups: dict[Any, tuple[list[tuple[Peek, Condition]], dict[Any, RpcFormat]]] = {}
    for form in forms:
        looked = looks(form)
        key = tuple((peek.mark, condition.shape) for peek, condition in looked)
        groups.setdefault(key, (looked, {}))[1][tuple(condition.wanted for _, condition in looked)] = form
    return sorted(groups.values(), key=lambda group: -len(group[0]))


def possible(formats: Iterable[RpcFormat], lengths: Sequence[int]) -> tuple[RpcFormat, ...]:
    """The formats that a message may have whose buffers, the ptlrpc_body first, have these lengths."""
    return tuple(form for form in formats if all(condition.possible(peek, lengths) for peek, condition in looks(form)))


def chooser(formats: list[RpcFormat], order: ByteOrder) -> Chooser:
    """A function of (data, offsets, lengths) that gives the format whose conditions hold, the most specific first.

    Entry 0 of offsets and lengths is the ptlrpc_body. A format without conditions is the last resort.
    """
    em = Emitter()
    tests: dict[Any, tuple[str, str]] = {}
    lines = ["n = len(_lengths)"]
    default = None
    for looked, table in grouped(formats):
        if not looked:
            default = table[()]
            continue
        for peek, condition in looked:
            if (peek.mark, condition.shape) not in tests:
                tests[peek.mark, condition.shape] = condition.looked_at(em, peek, order)
        parts = [tests[peek.mark, condition.shape] for peek, condition in looked]
        guard = " and ".join(dict.fromkeys(g for g, _ in parts if g)) or "True"
        found = f"{em.const('_t', table)}.get(({', '.join(e for _, e in parts)},))"
        lines += [f"if {guard} and (f := {found}) is not None:", "    return f"]
    em.names["_default"] = default
    em.function("choose(_data, _offsets, _lengths)", [*lines, "return _default"])
    made: Chooser = em.compile(f"chooser {formats[0].name} {order}")["choose"]
    return made
