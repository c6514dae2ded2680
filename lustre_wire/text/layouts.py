"""File layouts for people: the stripes of a file, or of each component of a composite layout."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from lustre_wire import embedded
from lustre_wire.dialects import Dialect
from lustre_wire.kinds import checked
from lustre_wire.rpc import Message
from lustre_wire.schema.struct import spec_of
from lustre_wire.text import numbers

#: The buffers that hold a file's layout.
_HOLDERS: Final = ("mdt_md", "lvb", "eadata")


@checked
def striped(data: bytes, dialect: Dialect) -> Iterator[Any]:
    """The striped layouts that a file's layout consists of: itself, or its components."""
    found = embedded.recognise(data, dialect, "little")
    for layout in (found, *_components(found, data, dialect)):
        if hasattr(layout, "lmm_objects"):
            yield layout


def _components(layout: Any, data: bytes, dialect: Dialect) -> Iterator[Any]:
    pieces = embedded.pieces(layout, (), data, dialect, "little")
    return (piece.found[1] for piece in pieces if piece.found is not None)


@checked
def composite_text(message: Message) -> str:
    """A composite layout in a message: how many components, and the stripes of each; empty where there is none."""
    side: Any = type(message.buffers)
    for name in _holders(side):
        data = getattr(message.buffers, name)
        magic = message.dialect.constants.get("LOV_MAGIC_COMP_V1")
        if isinstance(data, bytes) and int.from_bytes(data[:4], "little") == magic:
            found = embedded.recognise(data, message.dialect, "little")
            told = map(_stripes, striped(data, message.dialect))
            if found is None:
                return ""
            return ", ".join([f"PFL {numbers.counted(found.lcm_entry_count, 'component')}", *told])
    return ""


@lru_cache(maxsize=2048)
def _holders(side: type) -> tuple[str, ...]:
    """The buffers of one side of an RPC that hold a layout."""
    return tuple(name for name in _HOLDERS if hasattr(side, name))


def _stripes(layout: Any) -> str:
    spec = spec_of(layout)
    osts = sorted(each.l_ost_idx for each in layout.lmm_objects)
    size = numbers.size(layout.lmm_stripe_size, spec.by_name["lmm_stripe_size"].size)
    where = f" on OST {_ranges(osts)}" if osts else ""
    return f"stripe {layout.lmm_stripe_count} x {size}{where}"


def _ranges(found: list[int]) -> str:
    """Numbers that follow each other as ranges: ``0-3,7``."""
    runs: list[list[int]] = []
    for number in found:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
