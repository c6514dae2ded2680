"""What the rules of an operation look at in a message, and what they ask of the session: known before any message.

A field that a rule carries over, and that no function looks at, is the same there whatever it holds. So the copy plans
of the bulk engine follow from this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from lustre_wire.rpc import REQUEST, Message
from lustre_wire.schema.nodes import Group, Node, Repeat
from lustre_wire.schema.struct import spec_of
from lustre_wire.translate.engine import way_of
from lustre_wire.translate.rules import UP, RuleSet, looks_of

#: Names on the way to a field: the buffer's first, `BODY` for the ptlrpc_body.
Path = tuple[str, ...]
BODY: Final = "ptlrpc_body"
#: Read by the translation itself: a replayed request is told by its flags, versions belong to a transaction.
_FLAGS: Final = (BODY, "pb_flags")
_VERSIONS: Final = ((BODY, "pb_pre_versions"), (BODY, "pb_transno"))


@dataclass(frozen=True)
class Looked:
    """What decides on a translation beside the message's kind and the buffers that it has.

    Attributes:
        paths: of fields and buffers that some function looks at.
        asks, changes: what is asked of the session, and how it may be changed: names of `Session`.
    """

    paths: frozenset[Path]
    asks: frozenset[str]
    changes: frozenset[str]

    def at(self, path: Path) -> bool:
        """Whether a field, something in it or what it is in is looked at."""
        inside = any(path[:i] in self.paths for i in range(1, len(path) + 1))
        return inside or any(one[: len(path)] == path for one in self.paths)


def looked_at(rules: RuleSet, direction: str, message: Message, made: Message) -> Looked:
    """What the rules look at in messages of a kind: of one format, request or reply.

    Args:
        rules, direction: by which `message` was translated.
        message, made: one of them, and what it became.
    """
    assert message.format is not None
    up, request = direction == UP, message.direction == REQUEST
    way = way_of(rules, direction, message, made)
    operation = rules.operation(message.format, direction)
    side = operation.request if request else operation.reply
    here = {s.name: s.node for s in type(message.buffers).__slot_specs__}
    there = {s.name: s.node for s in type(made.buffers).__slot_specs__}
    pairs = [*way.names.items(), *((o, n) if up else (n, o) for o, news in side.split.items() for n in news)]
    found = _Found(rules, direction)
    found.struct(message.dialect.body, made.dialect.body, (BODY,))
    for one, other in pairs:
        found.node(here[one], there[other], (one,))
    slots = (*side.only_new.values(), *rules.added.values()) if up else side.only_old.values()
    for function in (side.up if up else side.down, *(slot.make for slot in slots)):
        found.function(function, ())
    if request:
        found.paths.add(_FLAGS)
    if operation.versions is not None:
        found.paths.update(_VERSIONS)
        found.function(operation.versions.shared, ())
    return Looked(frozenset(found.paths), frozenset(found.asks), frozenset(found.changes))


class _Found:
    def __init__(self, rules: RuleSet, direction: str) -> None:
        self.rules, self.direction = rules, direction
        self.paths: set[Path] = set()
        self.asks: set[str] = set()
        self.changes: set[str] = set()

    def function(self, function: Callable[..., Any] | None, inside: Path) -> None:
        """What a function looks at whose source lies at a path."""
        said = looks_of(function)
        for name in said.reads:
            path = tuple(name.split("."))
            self.paths.add(path if path[0] == BODY else (*inside, *path))
        self.asks.update(said.asks)
        self.changes.update(said.changes)

    def node(self, one: Node, other: Node, path: Path) -> None:
        """A field or buffer that becomes another."""
        if isinstance(one, Repeat) and isinstance(other, Repeat):
            self.node(one.node, other.node, path)
        elif isinstance(one, Group) and isinstance(other, Group):
            self.struct(one.cls, other.cls, path)

    def struct(self, source: Any, target: Any, path: Path) -> None:
        up = self.direction == UP
        rule = self.rules.struct_rule(*((source, target) if up else (target, source)))
        here, there = spec_of(source).node, spec_of(target).node
        for field in rule.fields:
            name, other = (field.old, field.new) if up else (field.new, field.old)
            function = field.up if up else field.down
            self.function(function, path)
            if name and other and function is None:
                self.node(here.member(name), there.member(other), (*path, *name.split(".")))
