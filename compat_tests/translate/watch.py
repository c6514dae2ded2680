"""Watches one translation: how often it reads each field of the message.

A rule that copies a field reads it once. Every further read means that some function of the rules looked at the value,
so that another value might lead to another result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lustre_wire.rpc import Message
from lustre_wire.schema.rpc import Buffers
from lustre_wire.translate.looked import BODY, Path


class Reads:
    """How often each field was read, and which strings were looked at beyond being there."""

    def __init__(self) -> None:
        self.counts: Counter[Path] = Counter()
        self.tests: Counter[Path] = Counter()
        self.looks: set[Path] = set()

    def copied_only(self, path: Path) -> bool:
        """Whether a field was read by the rule that copies it, and otherwise only tested for having bytes."""
        return self.counts[path] - self.tests[path] == 1 and path not in self.looks


class WatchedBytes(bytes):
    """The bytes of a buffer, which note whether anybody looks at them."""

    reads: Reads
    path: Path

    def __bool__(self) -> bool:
        self.reads.tests[self.path] += 1
        return bytes.__len__(self) > 0


def _looking(name: str) -> Callable[..., Any]:
    method = getattr(bytes, name)

    def look(self: WatchedBytes, *args: Any, **kwargs: Any) -> Any:
        self.reads.looks.add(self.path)
        return method(self, *args, **kwargs)

    return look


for _name in dir(bytes):
    _keep = ("__bool__", "__class__", "__new__", "__init__", "__getattribute__", "__setattr__", "__init_subclass__")
    if callable(getattr(bytes, _name)) and _name not in (*_keep, "__subclasshook__", "__doc__", "__delattr__"):
        setattr(WatchedBytes, _name, _looking(_name))


@lru_cache(maxsize=4096)
def _watching(cls: Any) -> Any:
    """A subclass that counts reads of its fields, and says that it is the class itself."""
    specs = cls.__slot_specs__ if issubclass(cls, Buffers) else cls.__wire__.fields
    names = frozenset(spec.name for spec in specs)
    get = object.__getattribute__

    def read(self: Any, name: str) -> Any:
        if name in names:
            get(self, "_reads").counts[(*get(self, "_path"), name)] += 1
        elif name == "__class__":
            return cls
        return get(self, name)

    return type(cls.__name__, (cls,), {"__slots__": ("_path", "_reads"), "__getattribute__": read, "_names": names})


def _watched(value: Any, path: Path, reads: Reads) -> Any:
    if type(value) is bytes:
        made: Any = WatchedBytes(value)
        made.reads, made.path = reads, path
        return made
    spec = getattr(type(value), "__wire__", None)
    if not isinstance(value, Buffers) and (spec is None or spec.is_union):
        return value
    made = object.__new__(_watching(type(value)))  # type: ignore[arg-type]  # a class is hashable
    object.__setattr__(made, "_reads", reads)
    object.__setattr__(made, "_path", path)
    for name in made._names:
        inner = getattr(value, name)
        inside = isinstance(value, Buffers) or not isinstance(inner, bytes)
        object.__setattr__(made, name, _watched(inner, (*path, name), reads) if inside else inner)
    return made


def watched(message: Message) -> tuple[Message, Reads]:
    """A copy of a message that counts reads. Paths begin with the buffer's name, `BODY` for the ptlrpc_body."""
    reads = Reads()
    return Message(
        message.dialect, message.direction, message.order, message.header, _watched(message.body, (BODY,), reads),
        message.format, _watched(message.buffers, (), reads), message.extra,
    ), reads  # fmt: skip
