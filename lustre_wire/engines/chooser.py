"""Generates the code that tells the formats of one opcode apart, from the conditions they declare."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lustre_wire.engines.source import compile_functions
from lustre_wire.engines.straightline import PREFIX, ByteOrder
from lustre_wire.schema.peek import Peek, resolve
from lustre_wire.schema.rpc import Absent, Bits, Condition, Length, Prefix, RpcFormat, Uncounted

Chooser = Callable[[Any, Sequence[int], Sequence[int]], "RpcFormat | None"]


def _test(key: str, peek: Peek, condition: Condition, order: ByteOrder, names: dict[str, Any]) -> tuple[str, str]:
    """(guard, expression) that look at what a condition is about, in a message not yet decoded."""
    i = peek.index
    if isinstance(condition, Absent):
        return "", f"(n <= {i} or not _lengths[{i}])"
    if isinstance(condition, Uncounted):
        return "", f"n <= {i}"
    if isinstance(condition, Length):
        return f"n > {i}", f"_lengths[{i}]"
    if isinstance(condition, Prefix):
        size = len(condition.data)
        return f"n > {i} and _lengths[{i}] >= {size}", f"_data[_offsets[{i}] : _offsets[{i}] + {size}]"
    if peek.scalar is None:
        raise TypeError(f"{key}: this condition needs a number")
    prefix = "<" if peek.scalar.opaque else PREFIX[peek.fixed_order or order]
    name = f"_peek{len(names)}"
    names[name] = struct.Struct(prefix + peek.scalar.code).unpack_from
    guard = f"n > {i} and _lengths[{i}] >= {peek.offset + peek.scalar.size}"
    expression = f"{name}(_data, _offsets[{i}] + {peek.offset})[0]"
    return guard, f"{expression} & {condition.mask}" if isinstance(condition, Bits) else expression


def _wanted(condition: Condition) -> Any:
    """The value the expression of a condition has where it holds."""
    if isinstance(condition, (Absent, Uncounted)):
        return True
    if isinstance(condition, Length):
        return condition.size
    if isinstance(condition, Prefix):
        return condition.data
    if isinstance(condition, Bits):
        return condition.mask
    return int(condition)  # type: ignore[arg-type]


def _shape(condition: Condition) -> tuple[Any, ...]:
    """What of a condition its expression depends on."""
    return type(condition), getattr(condition, "mask", 0), len(getattr(condition, "data", b""))


def possible(formats: Iterable[RpcFormat], lengths: Sequence[int]) -> tuple[RpcFormat, ...]:
    """The formats that a message may have whose buffers, the ptlrpc_body first, have these lengths."""
    return tuple(form for form in formats if all(_may_hold(form, *item, lengths) for item in form.match.items()))


def _may_hold(form: RpcFormat, path: str, condition: Condition, lengths: Sequence[int]) -> bool:
    peek = resolve(form.request.__slot_specs__, path)
    length = lengths[peek.index] if peek.index < len(lengths) else 0
    if isinstance(condition, Uncounted):
        return len(lengths) <= peek.index
    if isinstance(condition, Absent):
        return not length
    if isinstance(condition, Length):
        return length == condition.size
    if isinstance(condition, Prefix):
        return length >= len(condition.data)
    return peek.scalar is None or length >= peek.offset + peek.scalar.size


def chooser(formats: list[RpcFormat], order: ByteOrder) -> Chooser:
    """A function of (data, offsets, lengths) that gives the format whose conditions hold, the most specific first.

    Entry 0 of offsets and lengths is the ptlrpc_body. A format without conditions is the last resort.
    """
    names: dict[str, Any] = {}
    tests: dict[Any, tuple[str, str]] = {}
    groups: dict[tuple[tuple[str, str], ...], dict[Any, RpcFormat]] = {}
    default = None
    for form in formats:
        if not form.match:
            default = form
            continue
        key = []
        for path, condition in form.match.items():
            peek = resolve(form.request.__slot_specs__, path)
            mark = (peek, _shape(condition))
            if mark not in tests:
                tests[mark] = _test(path, peek, condition, order, names)
            key.append(tests[mark])
        groups.setdefault(tuple(key), {})[tuple(_wanted(c) for c in form.match.values())] = form
    lines = ["n = len(_lengths)"]
    for number, (parts, table) in enumerate(sorted(groups.items(), key=lambda item: -len(item[0]))):
        names[f"_t{number}"] = table
        guard = " and ".join(dict.fromkeys(g for g, _ in parts if g)) or "True"
        looked = ", ".join(e for _, e in parts)
        lines += [f"if {guard} and (f := _t{number}.get(({looked},))) is not None:", "    return f"]
    names["_default"] = default
    lines.append("return _default")
    source = "def choose(_data, _offsets, _lengths):\n" + "".join(f"    {line}\n" for line in lines)
    compile_functions(f"chooser {formats[0].name} {order}", source, names)
    made: Chooser = names["choose"]
    return made
