"""What a translation filled in, dropped and lost: data that prints well."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

LOST: Final = "lost"
DROPPED: Final = "dropped"
FILLED: Final = "filled"
CHANGED: Final = "changed"


class Entry(NamedTuple):
    """One field the translation did not simply carry over.

    Attributes:
        kind: "lost" (the other dialect cannot say it), "dropped" (it means nothing there), "filled" (the source does
            not say it) or "changed" (said in another way, so that translating back gives another value).
        name: short name of the loss, as `allow` takes it.
        path: dotted path in the source message (for "filled": in the target).
        value: what was there; for "filled" what is there now.
        allowed: for "lost": the caller allowed it.
        step: between which releases, ``"2.10.0 -> 2.11.0"``, where the message went through several.
    """

    kind: str
    name: str
    path: str
    value: Any = None
    allowed: bool = False
    step: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; bytes as hex."""
        value = self.value.hex() if isinstance(self.value, bytes) else self.value
        value = int(value) if isinstance(value, int) else value
        out = {"kind": self.kind, "name": self.name, "path": self.path, "value": value}
        out |= {"allowed": self.allowed} if self.kind == LOST else {}
        return out | {"step": self.step} if self.step else out

    def __str__(self) -> str:
        value = self.value.hex() if isinstance(self.value, bytes) else self.value
        value = f"{int(value):#x}" if isinstance(value, int) and value > 9 else str(value)
        step = f", {self.step}" if self.step else ""
        return f"{self.kind} {self.name}{'' if self.name == self.path else f' ({self.path})'}{step}: {value}"


class Report(NamedTuple):
    """What became of one message.

    Attributes:
        operation: format name in the source dialect.
        direction: "request" or "reply".
        source, target: names of the dialects.
        entries: everything that was not simply carried over, in the order of the buffers.
    """

    operation: str
    direction: str
    source: str
    target: str
    entries: tuple[Entry, ...] = ()

    @property
    def losses(self) -> tuple[Entry, ...]:
        """What the other dialect cannot say."""
        return tuple(e for e in self.entries if e.kind == LOST)

    @property
    def lossless(self) -> bool:
        """Whether nothing was lost."""
        return not self.losses

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return {
            "operation": self.operation, "direction": self.direction, "source": self.source, "target": self.target,
            "lossless": self.lossless, "entries": [e.to_json() for e in self.entries],
        }  # fmt: skip

    def __str__(self) -> str:
        head = f"{self.operation} {self.direction} {self.source} -> {self.target}: "
        if not self.entries:
            return head + "carried over"
        return head + ("lossless" if self.lossless else "lossy") + "".join(f"\n  {e}" for e in self.entries)
