"""Whole requests and replies from columns: what a server does to answer a batch, and a load generator to make one."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

from lustre_wire import dialects, rpc
from lustre_wire.bulk.given import (
    byte_order,
    column_of,
    common_rows,
    dialect_of,
    each,
    is_one,
    kind_of,
    offsets_of,
    one,
    one_of,
)
from lustre_wire.dialects import Dialect
from lustre_wire.engines import bulk as engine
from lustre_wire.engines import payload, record
from lustre_wire.engines.bulk import by_record
from lustre_wire.engines.bulk.columns import allocate, flat, overlap, whole
from lustre_wire.engines.bulk.leaves import Leaf, Table, all_leaves, leaves_of
from lustre_wire.engines.bulk.plans import plan
from lustre_wire.engines.payload import whole_value
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.schema.conditions import conditions
from lustre_wire.schema.nodes import ByteOrder, Repeat
from lustre_wire.schema.rpc import RpcFormat, SlotSpec


@dataclass(frozen=True)
class Strings:
    """A column of byte strings: number i is ``data[offsets[i]:offsets[i + 1]]``; offsets have 64 bits."""

    data: Any
    offsets: Any

    @classmethod
    def of(cls, values: Iterable[bytes]) -> Strings:
        """The column of some strings.

        Raises:
            WireError: something else than ``bytes``.
        """
        parts = each(values, (bytes, bytearray), "strings of bytes", "")
        offsets = array("Q", [0])
        for part in parts:
            offsets.append(offsets[-1] + len(part))
        return cls(b"".join(parts), offsets)

    def checked(self, path: str) -> tuple[memoryview, memoryview]:
        """Data and offsets as the C core takes them: the offsets are copied, so that nobody changes them meanwhile.

        Raises:
            WireError: no buffers, or offsets that are no integers or not one more than there are strings.
        """
        places = array("Q", offsets_of(self.offsets, path).tobytes())
        if not places:
            raise WireError("expected one offset more than there are strings", path=path)
        return flat(self.data, path), memoryview(places)


#: Slot to the data of its strings and where each begins.
Checked = Mapping[str, tuple[memoryview, memoryview]]


def pack_messages(
    format: RpcFormat | str | Any,
    columns: Mapping[str, Any],
    names: Any = None,
    *,
    direction: str = "request",
    dialect: Dialect | str | None = None,
    byteorder: ByteOrder = "little",
    rows: int | None = None,
    out: Any = None,
) -> memoryview:
    """Whole messages, one behind the other: header, ptlrpc_body, buffers, paddings.

    Args:
        format: the RPC format, its name (then `dialect` says whose), or the class that declares it.
        columns: by field: ``lm_...`` of the header, ``pb_...`` of the ptlrpc_body, ``slot.field`` of a buffer (nested
            names dotted), ``slot`` of a buffer that is a number. A column as in `pack`, or one value for every message.
            What is not named is as `lustre_wire.build` makes it, and what marks a request as one of this format is set.
            A buffer that may be left out is, unless named.
        names: the strings: slot to column, or one column for the slot called ``name``. A column is a list of ``bytes``,
            `Strings`, or one ``bytes`` for every message. Text gets its NUL; an array's bytes are as they travel.
        direction: "request" or "reply".
        byteorder: "little" or "big", the order to write.
        rows: number of messages, where no column says it.
        out: a writable buffer that is long enough; new memory unless given.

    Returns:
        The messages, a view of `out`; `lustre_wire.bulk.index` tells where each begins.

    Raises:
        WireError: an unknown format, slot or field, columns of different length, a value or string that does not fit, a
            column for a field that decides which buffers there are, `out` too short.
    """
    found, form = _resolve(format, dialect)
    one_of(direction, (rpc.REQUEST, rpc.REPLY), "direction")
    batch = _Batch(found, form, direction, byte_order(byteorder))
    batch.add_texts(names)
    batch.add_columns(kind_of(columns, Mapping, "columns by name", "columns"))
    return batch.pack(rows, out)


def _resolve(form: Any, dialect: Dialect | str | None) -> tuple[Dialect, RpcFormat]:
    form = kind_of(getattr(form, "__rpc__", form), (RpcFormat, str), "an RPC format or its name", "format")
    if isinstance(form, RpcFormat):
        owners = [dialect_of(dialect)] if dialect is not None else list(dialects.all_dialects())
        owner = next((d for d in owners if d.rpcs.get(form.key) is form), None)
        if owner is None:
            raise WireError(f"no dialect has the RPC format {form.key!r}", path="format")
        return owner, _own(owner, form.key)
    if dialect is None:
        raise WireError("a format's name needs a dialect", path="format")
    owner = dialect_of(dialect)
    return owner, _own(owner, form)


def _own(owner: Dialect, name: str) -> RpcFormat:
    try:
        return owner.own_format(name)
    except WireError as error:
        raise error.within("format") from None


class _Batch:
    """What is known of the messages to make."""

    def __init__(self, dialect: Dialect, form: RpcFormat, direction: str, order: ByteOrder) -> None:
        self.dialect, self.form, self.direction, self.order = dialect, form, direction, order
        self.side = form.request if direction == rpc.REQUEST else form.reply
        self.slots = {s.name: s for s in self.side.__slot_specs__}
        self.named: set[str] = set()
        self.texts: dict[str, Strings] = {}
        self.fixed_texts: dict[str, bytes] = {}
        self.columns: dict[str, memoryview] = {}
        self.constants: dict[str, memoryview] = {}
        self.leaves = _leaves(dialect, self.side, order)

    @property
    def key(self) -> Any:
        """What the layout depends on."""
        constants = tuple((name, bytes(data)) for name, data in self.constants.items())
        fixed = tuple(self.fixed_texts.items())
        what = (self.dialect, self.form.key, self.direction, self.order)
        return (*what, tuple(self.columns), tuple(self.texts), constants, fixed, frozenset(self.named))

    def add_texts(self, names: Any) -> None:
        if names is None:
            return
        given = names if isinstance(names, Mapping) else {"name": names}
        for name, value in given.items():
            slot = self.slots.get(kind_of(name, str, "a slot's name", "names"))
            if slot is None or not (slot.string or isinstance(slot.node, Repeat)):
                raise WireError("no buffer of strings", path=name, dialect=self.dialect.name)
            self.named.add(name)
            if isinstance(value, (bytes, bytearray)):
                self.fixed_texts[name] = bytes(value)
            elif isinstance(value, Strings):
                self.texts[name] = value
            else:
                try:
                    self.texts[name] = Strings.of(value)
                except WireError as error:
                    raise error.within(name) from None

    def add_columns(self, columns: Mapping[str, Any]) -> None:
        for name, value in columns.items():
            kind_of(name, str, "a column's name", "columns")
            slot = self.slots.get(name)
            if slot is not None and (slot.string or isinstance(slot.node, Repeat)):
                self.add_texts({name: value})
                continue
            leaf = self.leaves.get(name)
            if leaf is None:
                raise WireError(f"no column {name!r}", path=self.form.key, dialect=self.dialect.name)
            self.named.add(name.partition(".")[0])
            if is_one(value, leaf):
                self.constants[name] = column_of(one(value, leaf), leaf)
            else:
                self._check_free(name)
                self.columns[name] = column_of(value, leaf)

    def _check_free(self, name: str) -> None:
        """A field that says which buffers there are must be the same in all messages."""
        if any(name in (slot.present or {}) for slot in self.slots.values()):
            raise WireError("decides which buffers there are: one value for every message is needed", path=name)

    def sample(self) -> rpc.Message:
        """A message that has everything but what the columns and strings say."""
        values = {n: self._default(s) for n, s in self.slots.items() if n in self.named or not s.optional}
        slots = {n: v for n, v in values.items() if not self.slots[n].present or n in self.named}
        made = rpc.build(self.dialect, self.form.key, self.direction, order=self.order, **slots)
        for name, data in {**self._marks(), **self.constants}.items():
            self.assign(made, name, data)
        return made

    def _marks(self) -> dict[str, memoryview]:
        """What tells this format's requests from others of its opcode, where the columns do not say it."""
        found = {}
        for path, condition in conditions(self.form.match) if self.direction == rpc.REQUEST else ():
            if path in self.leaves and path not in self.columns and condition.on_number:
                found[path] = column_of([condition.met(0)], self.leaves[path])
        return found

    def _default(self, slot: SlotSpec) -> Any:
        if slot.struct is not None:
            return slot.struct()
        if isinstance(slot.node, Repeat):
            return whole_value(slot.node, self.fixed_texts.get(slot.name, b""), self.order)
        if slot.string:
            return self.fixed_texts.get(slot.name, b"")
        return whole_value(slot.node, bytes(slot.node.width), self.order)

    def assign(self, message: rpc.Message, name: str, data: memoryview) -> None:
        """Set a field of one message from a column's row."""
        target: Any = message.header if name.startswith("lm_") else message.body
        leaf, holder = self.leaves[name], name.partition(".")[0]
        if holder in self.slots:
            if len(leaf.steps) == 1:
                setattr(message.buffers, holder, next(by_record.values(leaf, data)))
                return
            target, leaf = getattr(message.buffers, holder), replace(leaf, steps=leaf.steps[1:])
        by_record.assign(target, leaf.steps, by_record.values(leaf, data))

    def count(self, rows: int | None, strings: Checked) -> int:
        texts = {name: len(places) - 1 for name, (_, places) in strings.items()}
        if texts:
            (first, *others) = texts.values()
            if any(other != first for other in others):
                raise WireError(f"expected columns of one length, got {texts}", path=self.form.key)
            rows = first if rows is None else rows
            if rows != first:
                raise WireError(f"expected {rows} strings, got {texts}", path=self.form.key)
        return common_rows(self.columns, self.leaves, rows, self.form.key)

    def _check_elements(self, strings: Checked) -> None:
        """Bytes of an array are whole elements."""
        for name, node in ((name, self.slots[name].node) for name in (*self.fixed_texts, *strings)):
            if not isinstance(node, Repeat):
                continue  # any length does; looking at each one would cost more than packing it
            places = strings[name][1] if name in strings else (0, len(self.fixed_texts[name]))
            if any((b - a) % node.stride for a, b in pairwise(places)):
                raise WireError(f"expected whole elements of {node.stride} bytes", path=name)

    def pack(self, rows: int | None, out: Any) -> memoryview:
        rows = whole(rows, "rows") if rows is not None else None
        strings = {name: text.checked(name) for name, text in self.texts.items()}
        self._check_elements(strings)
        count = self.count(rows, strings)
        core = engine.native()
        if core is None:
            return _placed(memoryview(b"".join(self._each(count, strings))), out)
        layout = _layouts.get(self.key)
        if layout is None:
            if len(_layouts) >= _MOST_LAYOUTS:
                _layouts.clear()
            layout = _layouts[self.key] = _Layout(core, self)
        return layout.run(core, self, count, strings, out)

    def _each(self, count: int, texts: Checked) -> Iterable[bytes]:
        for row in range(count):
            made = self.sample()
            for name, data in self.columns.items():
                pitch = self.leaves[name].pitch
                self.assign(made, name, data[row * pitch : (row + 1) * pitch])
            for name, (data, places) in texts.items():
                if not places[row] <= places[row + 1] <= data.nbytes:
                    raise WireError(_BAD_STRING, path=name)
                value: Any = bytes(data[places[row] : places[row + 1]])
                node = self.slots[name].node
                if isinstance(node, Repeat):
                    value = whole_value(node, value, self.order)
                setattr(made.buffers, name, value)
            yield rpc.encode(made)


_BAD_STRING = "the offsets of a string are not within its data"


@lru_cache(maxsize=1024)
def _leaves(dialect: Dialect, side: Any, order: ByteOrder) -> dict[str, Leaf]:
    """Header, ptlrpc_body and slots: every leaf by name, its offset counted from where its part begins."""
    found = [*all_leaves(LustreMsgV2, order), *all_leaves(dialect.body, order)]
    for slot in side.__slot_specs__:
        found += _slot_leaves(slot, order)
    return {leaf.name: leaf for leaf in found}


def _slot_leaves(slot: SlotSpec, order: ByteOrder) -> list[Leaf]:
    if slot.struct is not None:
        leaves = all_leaves(slot.struct, order)
        return [replace(x, name=f"{slot.name}.{x.name}", steps=(slot.name, *x.steps)) for x in leaves]
    return list(leaves_of(slot.node, slot.name, order))


def _placed(made: memoryview, out: Any) -> memoryview:
    if out is None:
        return memoryview(bytearray(made))
    target = flat(out, "out", writable=True)
    if target.nbytes < made.nbytes:
        raise WireError(f"expected at least {made.nbytes} bytes, got {target.nbytes}", path="out")
    target[: made.nbytes] = made
    return target[: made.nbytes]


class _Layout:
    """Where everything stands in the messages of a batch: stretches of fixed length, and strings between them."""

    def __init__(self, core: engine.Core, batch: _Batch) -> None:
        sample, order, codec = batch.sample(), batch.order, payload.codec(batch.side, batch.order)
        body = record.checked(record.codec(batch.dialect.body, order), sample.body)
        packed, regular = codec.pack(sample.buffers), codec.count(sample.buffers)
        places = [slot.name for slot in codec.places(sample.buffers)] + [""] * regular  # removed buffers end it, empty
        places = places[: regular - 1]
        buffers = [b"" if name in batch.texts else data for name, data in zip(places, packed, strict=False)]
        self.template = lustre_msg.join(sample.header, [body, *buffers], order)
        starts = {"lm": 0}
        at = lustre_msg.V2.first(len(buffers) + 1)
        self.cuts: list[tuple[int, str, int]] = []  # where a string comes in, its slot, where its length stands
        for number, (name, data) in enumerate(zip(["pb", *places], [body, *buffers], strict=True)):
            starts[name] = at
            if name in batch.texts:
                self.cuts.append((at, name, lustre_msg.V2.length_at(number)))
            at += lustre_msg.rounded(len(data))
        self._compile(core, batch, [_moved(batch.leaves[n], starts[_holder(n)]) for n in batch.columns])

    def _compile(self, core: engine.Core, batch: _Batch, leaves: list[Leaf]) -> None:
        """The `lw_message_plan`, the columns in the order of their numbers, and the memory the plan points to."""
        self.ordered: list[str] = []
        rows: list[tuple[Any, ...]] = []
        keep: list[Any] = []
        start = 0
        for end, name, length_at in [*self.cuts, (len(self.template), "", 0)]:
            here = tuple(_moved(leaf, -start) for leaf in leaves if start <= leaf.offset < end)
            fill = core.ffi.new("uint8_t[]", self.template[start:end])
            table = Table(None, batch.order, here, end - start)
            c_plan = plan(core, table) if here else core.ffi.NULL
            keep += [fill, table]
            extra = int(bool(name) and batch.slots[name].text)
            number = len(rows) if name else 0
            rows.append((end - start, fill, c_plan, len(self.ordered), int(bool(name)), number, length_at, extra))
            self.ordered += [leaf.name for leaf in here]
            start = end
        stretches = core.ffi.new("lw_stretch[]", rows)
        self.c = core.ffi.new("lw_message_plan *", (len(rows), batch.order != sys.byteorder, stretches))
        self.keep = (stretches, keep)

    def run(self, core: engine.Core, batch: _Batch, rows: int, strings: Checked, out: Any) -> memoryview:
        texts = [(name, *strings[name]) for _, name, _ in self.cuts]
        c_texts = core.ffi.new("lw_text[]", [
            (core.pointer(places, "uint64_t *"), core.pointer(data), data.nbytes) for _, data, places in texts
        ] or 1)  # fmt: skip
        pointers = core.ffi.new("uint8_t *[]", [core.pointer(batch.columns[name]) for name in self.ordered] or 1)
        size = core.lib.lw_messages_size(self.c, c_texts, rows)
        if size == _NO_SIZE:
            raise WireError(_BAD_STRING if texts else "too many rows", path=",".join(name for name, *_ in texts))
        target = flat(out, "out", writable=True) if out is not None else memoryview(allocate(size)).cast("B")
        if target.nbytes < size:
            raise WireError(f"expected at least {size} bytes, got {target.nbytes}", path="out")
        target = target[:size]
        inputs = [*batch.columns.values(), *(data for _, data, _ in texts)]
        if out is not None and any(overlap(target, view) for view in inputs):
            raise WireError("out overlaps the columns", path="out")
        if rows:
            core.lib.lw_pack_messages(self.c, pointers, c_texts, rows, core.pointer(target))
        return target


_layouts: dict[Any, _Layout] = {}
_MOST_LAYOUTS = 256
_NO_SIZE = (1 << 64) - 1


def _holder(name: str) -> str:
    """The part of a message that a column belongs to."""
    return {"lm_": "lm", "pb_": "pb"}.get(name[:3], name.partition(".")[0])


def _moved(leaf: Leaf, by: int) -> Leaf:
    """A leaf whose row begins elsewhere."""
    pieces = tuple(replace(piece, offset=piece.offset + by) for piece in leaf.pieces)
    return replace(leaf, offset=leaf.offset + by, pieces=pieces)
