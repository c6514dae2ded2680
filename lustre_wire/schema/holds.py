"""What bytes hold whose type does not say it: opaque buffers, bulk data, and unions that others say the member of.

::

    val: Opaque | None = slot(holds=Chosen("key", {"mds_conn": U32}))

A slot says it with ``holds``, an operation with ``bulk_holds``. The value stays bytes; this is for whoever looks into
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, TypeAlias

from lustre_wire.schema.conditions import Match, conditions
from lustre_wire.schema.nodes import Emitter, Node
from lustre_wire.schema.types import as_type, names_of

_LONGEST_KEY: Final = 64


@dataclass(frozen=True)
class Chosen:
    """What an opaque buffer holds, where another one decides: its text up to the first NUL is a key of `options`.

    With `asked` that is a buffer of the request, by its newest name, and this one a buffer of the reply; the key of a
    request that has it not is empty.
    """

    by: str
    options: Mapping[str, Any]
    asked: bool = False

    @cached_property
    def _nodes(self) -> Mapping[bytes, Held]:
        return {key.encode("latin-1"): nodes_of(option) for key, option in self.options.items()}

    def of_key(self, key: Any) -> Held:
        """What it holds where the other buffer has this value."""
        text = bytes(key[:_LONGEST_KEY]) if isinstance(key, (bytes, bytearray)) else b""
        return self._nodes.get(text.split(b"\0", 1)[0], ())


@dataclass(frozen=True)
class Cases:
    """What an opaque buffer holds, where numbers of buffers before it decide: that of the first of `cases` whose
    conditions hold, else `other`. Each is a wire struct, or several, which their magics tell apart, or none, ``()``."""

    cases: tuple[tuple[Match, Any], ...]
    other: Any

    def expression(self, em: Emitter, value: Callable[[str], str | None]) -> str | None:
        """The expression of the nodes; `value` gives that of a path, None where there is none, and so does this."""
        made = em.const("_h", nodes_of(self.other))
        for match, held in reversed(self.cases):
            tests = [(value(path), condition) for path, condition in conditions(match)]
            if any(path is None for path, _ in tests):
                return None
            test = " and ".join(f"({condition.holds(str(path))})" for path, condition in tests)
            made = f"({em.const('_h', nodes_of(held))} if {test} else {made})"
        return made

    @cached_property
    def of_buffers(self) -> Callable[[Any], Held]:
        """What it holds beside the values of the other buffers."""
        em = Emitter()
        paths = {path for match, _ in self.cases for path in match}
        there = [f"p.{path.partition('.')[0]} is not None" for path in sorted(paths)]
        made = self.expression(em, lambda path: f"p.{path}")
        other = em.const("_h", nodes_of(self.other))
        em.function("held(p)", [f"return {made} if {' and '.join(dict.fromkeys(there))} else {other}"])
        found: Callable[[Any], Held] = em.compile("what a buffer holds")["held"]
        return found


@dataclass(frozen=True)
class Records:
    """What bytes hold that are structs and names of any length, one behind the other: a log, a directory.

    Attributes:
        head: the wire struct they begin with; whoever reads such records knows them by its C name.
        key, record: of a page of an index what its entries are, as far as they have it.
        members: where the record is a union, which member counts: that of the first whose `value` the key has in the
            bits of its `mask`, as (mask, value, member).
        sizes: of bulk data the dotted path of the sizes in the request, in bytes, of the parts it consists of.
        asked: of a reply the buffer of the request, by its newest name, whose records these answer one by one.
        width: where `record` is several, the newest first, the dotted path in the reply of the size in bytes that tells
            which one it is.
    """

    head: Any
    key: Any = None
    record: Any = None
    members: tuple[tuple[int, int, str], ...] = ()
    sizes: str = ""
    asked: str = ""
    width: str = ""


@dataclass(frozen=True)
class Beginning:
    """What an opaque buffer begins with: a wire struct, and behind it data that nothing more is said of."""

    of: Any

    @cached_property
    def node(self) -> Node:
        """What the struct is."""
        return as_type(self.of).buffer("")


@dataclass(frozen=True)
class Content:
    """That an opaque buffer holds what is in a file: nothing is looked for in it, and no line shows it."""


@dataclass(frozen=True)
class Parts:
    """What an opaque buffer holds that is values, one behind the other: the buffer `names` has a name for each, each
    with its NUL, and the buffer `sizes` its size in bytes. The name is a key of `options`."""

    names: str
    sizes: str
    options: Mapping[str, Any]

    @cached_property
    def _by_name(self) -> Chosen:
        return Chosen(self.names, self.options)

    def of_buffers(self, buffers: Any, data: bytes) -> list[tuple[bytes, Held, bytes]]:
        """Name, what it may hold, and bytes of each value; none where the three buffers do not agree."""
        names, parts = names_of(getattr(buffers, self.names) or b""), cut(data, getattr(buffers, self.sizes) or [])
        if len(names) != len(parts):
            return []
        return [(name, self._by_name.of_key(name), part) for name, part in zip(names, parts, strict=True)]


def cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Bytes as parts of these sizes, one behind the other; none where they are not all of it."""
    if sum(sizes) != len(data):
        return []
    return [data[end - size : end] for end, size in zip(accumulate(sizes), sizes, strict=True)]


Held: TypeAlias = "tuple[Node, ...] | Records | Beginning | Content"
"""What bytes may be: nodes that fill a buffer, records, what they begin with, or what is in a file."""


def nodes_of(held: Any) -> Held:
    """A type, or several, as what fills a buffer; records, and what it begins with, as they are."""
    if isinstance(held, (Records, Beginning, Content)):
        return held
    return tuple(as_type(one).buffer("") for one in (held if isinstance(held, tuple) else (held,)))


def options_of(held: Any) -> list[Any]:
    """All that a declaration says a buffer may hold, the deciding left out."""
    if isinstance(held, (Chosen, Parts)):
        return [one for each in held.options.values() for one in options_of(each)]
    if isinstance(held, Cases):
        return [one for each in (*(each for _, each in held.cases), held.other) for one in options_of(each)]
    return list(held) if isinstance(held, tuple) else [held]
