"""RPC formats of two dialects side by side: their buffers by place, for ``lustre-wire diff``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from lustre_wire.cli.layout import type_text
from lustre_wire.cli.names import either
from lustre_wire.dialects import Dialect
from lustre_wire.schema.rpc import RpcFormat, SlotSpec

SAME = "same"


def all_rpcs(old: Dialect, new: Dialect) -> Iterator[dict[str, Any]]:
    """A row for every RPC format of either dialect."""
    for key in either(old.rpcs, new.rpcs):
        yield _summary(old.rpcs.get(key), new.rpcs.get(key))


def one_rpc(key: str, old: Dialect, new: Dialect) -> Iterator[dict[str, Any]]:
    """A row for one format and for each of its buffers."""
    before, after = old.rpcs.get(key), new.rpcs.get(key)
    yield _summary(before, after)
    if before is not None and after is not None:
        yield from _buffers(_key(before, after), before, after)


def _summary(old: RpcFormat | None, new: RpcFormat | None) -> dict[str, Any]:
    key = _key(old, new)
    if old is None or new is None:
        change = "only old" if new is None else "only new"
    else:
        changed = sum(row["change"] != SAME for row in _buffers(key, old, new))
        moved = "other portals" if _portals(old) != _portals(new) else ""
        text = f"{changed} buffer{'s' if changed > 1 else ''} differ{'' if changed > 1 else 's'}" if changed else ""
        other = "renamed" if old.key != new.key else ""
        change = ", ".join(filter(None, [other, moved, text])) or SAME
    return {"kind": "rpc", "name": key, "old": _form(old), "new": _form(new), "change": change}


def _key(*forms: RpcFormat | None) -> str:
    """What a format is called on both sides."""
    return ":".join(dict.fromkeys(form.key for form in forms if form is not None))


def _portals(form: RpcFormat) -> tuple[int | None, ...]:
    return form.portal, form.reply_portal, form.bulk_portal


def _form(form: RpcFormat | None) -> str:
    if form is None:
        return "-"
    return f"{len(form.request.__slot_specs__)}+{len(form.reply.__slot_specs__)} buffers, portal {form.portal}"


def _buffers(key: str, old: RpcFormat, new: RpcFormat) -> Iterator[dict[str, Any]]:
    for side, before, after in (("request", old.request, new.request), ("reply", old.reply, new.reply)):
        for one, other in zip_longest(before.__slot_specs__, after.__slot_specs__):
            index = (one or other).index
            yield {
                "kind": "buffer", "name": f"{key}.{side}[{index}]", "old": _slot(one), "new": _slot(other),
                "change": _change(one, other),
            }  # fmt: skip


def _slot(slot: SlotSpec | None) -> str:
    return "-" if slot is None else f"{type_text(slot.node)} {slot.name}"


def _change(old: SlotSpec | None, new: SlotSpec | None) -> str:
    if old is None or new is None:
        return "only old" if new is None else "only new"
    changes = []
    if type_text(old.node) != type_text(new.node):
        changes.append("other type")
    if old.name != new.name:
        changes.append("renamed")
    if old.optional != new.optional:
        changes.append("may be empty" if new.optional else "must not be empty")
    return ", ".join(changes) or SAME
