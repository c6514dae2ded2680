"""The JSON text of whole messages of a regular shape, straight from their bytes: the other sink of `whole`.

The same walk over the same buffers gives one template and what fills it. The C core writes what stands in the message
as it is shown (`bulk.texts`): numbers, digits, plain strings, elements; what is left has a generated function put in.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any, Final, Protocol

from lustre_wire.engines import record
from lustre_wire.engines.bulk import Core, core
from lustre_wire.engines.bulk.texts import Around, Blank, Elements, Gap, Padding, Place, Rest, String, filler
from lustre_wire.engines.bulk.texts import Piece as CorePiece
from lustre_wire.engines.jsontext import prefix, quoted, template, union_writer
from lustre_wire.engines.straightline import elements
from lustre_wire.engines.whole import ABSENT, MOST_PATTERNS, VARIABLE, Pattern, Side, WholeGenerator
from lustre_wire.schema.holds import Cases, Chosen, Held, Parts
from lustre_wire.schema.nodes import PREFIX, ByteOrder, Cell, Emitter, Group, Node, Overlap, Repeat, resolved, turner
from lustre_wire.schema.rpc import RpcFormat, SlotSpec
from lustre_wire.schema.struct import spec_of

#: What opaque bytes hold, as members of the buffer's JSON object: (nodes it may be, bytes, dialect, order) -> text.
Inside = Callable[[Held, bytes, Any, ByteOrder], str]
#: (data, offsets, lengths, dialect, what tells of opaque bytes) -> the JSON text from the header's first member on.
Tell = Callable[[bytes, Any, Any, Any, Inside], "str | None"]


class Naming(Protocol):
    """What numbers are called: members of a JSON object, each with a comma behind it, "" where there is nothing."""

    def named(self, em: Emitter, cell: Cell, value: str, other: Callable[[str], str]) -> str | None:
        """The expression of the text of a field, None where nothing of it has a name.

        Args:
            value: the expression of its number.
            other: what gives that of another field of its struct.
        """

    def value(self, node: Node, name: str) -> Callable[[Any], str] | None:
        """What gives the text of anything else under a name, None where nothing in it has any."""

    def tagged(self, union: Overlap) -> Callable[[int, bytes], str] | None:
        """What gives that of a union, of the number that chooses a member and of its bytes."""

    def nested(self, name: str, text: str) -> str:
        """The texts of what is within something of this name."""

    def listed(self, name: str, texts: Sequence[str]) -> str:
        """The texts of what is within its elements."""


_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_TELL: Final = "tell(_data, _offsets, _lengths, dialect, inside)"


_Part = tuple[str, tuple[str, ...], tuple[CorePiece, ...] | None]
"""A piece of the template, with the expressions that fill it; what the core makes of it, where it can."""


def beginning(dialect: str, direction: str, opcode: int, form: RpcFormat, order: ByteOrder) -> str:
    """The text before that of a `Tell`, the same for all messages of a kind."""
    return (
        f'{{"dialect":{quoted(dialect)},"direction":"{direction}","opcode":{opcode},"format":{quoted(form.name)},'
        f'"endian":"{order}","header":{{'
    )


def teller(side: Side, lengths: tuple[int, ...], variant: str, naming: Naming | None) -> Tell | None:
    """The function that gives the JSON text of a message with these buffer lengths, None where none is made.

    It is made for the first message, as the function that reads one is: that takes no longer.

    Args:
        variant: of the format, empty where it has none.
        naming: for one member more: ``names``, what numbers of the message are called.
    """
    pattern = side.pattern(lengths)
    if pattern is None:
        return None
    key = pattern, variant, naming
    if key not in side.tellers:
        if len(side.tellers) >= MOST_PATTERNS:
            return None
        side.tellers[key] = _Telling(side, pattern, naming).teller(variant)
    found: Tell | None = side.tellers[key]
    return found


class _Telling(WholeGenerator):
    """Collects the parts of the template, and the statements that make what fills them."""

    def __init__(self, side: Side, pattern: Pattern, naming: Naming | None) -> None:
        self.naming = naming
        self.names: list[str] = []  # expressions of what is called so at the level at hand
        self.parts: list[_Part] = []
        self.places: dict[str, Place] = {}  # where variables stand in the message
        self.blanks: list[Blank | Padding] = []
        self.blocks: list[tuple[str, list[str]]] = []  # a variable, and the statements that set it
        self.buffer = self.end = 0  # in which buffer, 0 being the whole message, and up to where, values are taken
        self.least: dict[int, int] = {}  # bytes that buffers have at least
        self.numbers: dict[str, str] = {}  # variables by path; of header and ptlrpc_body by name
        self.whole = True  # whether all that must be known is
        super().__init__(side, pattern)

    def put(self, text: str, *args: str, pieces: tuple[CorePiece, ...] | None = None) -> None:
        self.parts.append((text, args, pieces))

    def hex(self, size: int) -> None:
        """The next bytes, as they are."""
        self.put('"%s"', f"{self.taken(f'{size}s')}.hex()")

    def atom(self, code: str, target: str, source: str) -> None:
        width = struct.calcsize(f"<{code}")
        self.places[target] = Place("s" if code.endswith("s") else code, self.end, width, self.buffer)
        self.end += width
        super().atom(code, target, source)

    def zeroes(self, end: int) -> None:
        super().zeroes(end)
        if end & 7:
            self.blanks.append(Blank(self.places[self.targets[-1]]))

    def node(self, node: Node, target: str, path: str, obj: str = "", *, at_end: bool = False) -> None:
        if isinstance(node, Cell):
            raw = self.taken(node.kind.format(node, self.order))
            self.numbers.setdefault(path, raw)
            text, value = node.kind.json_raw(self.em, node, raw, self.order)
            self.put(text, value)
            if self.naming is not None:
                within = path.rpartition(".")[0]
                found = self.naming.named(self.em, node, value, partial(self.other, within))
                self.names += [found] if found is not None else []
        elif isinstance(node, Overlap):
            raw = self.taken(f"{node.width}s")
            turned = bool(node.swab) and resolved(node.order, self.order) != "little"
            if turned:
                raw = f"{self.em.const('_u', turner(node.swab))}({raw})"
            as_sent = self.places.get(raw) if spec_of(node.cls).telling is None else None
            self.put(
                "%s",
                f"{self.em.const('u', union_writer(node.cls))}({raw})",
                pieces=('{"raw":"', as_sent, '"}') if as_sent is not None else None,
            )
            self.tagged(node, raw, path)
        elif isinstance(node, Group):
            self.within(node.name, lambda: self.group(node, "", path, at_end=at_end))
        elif node.tail and at_end:
            self.tail_of(node, path)
        elif node.joined:
            self.hex(node.width)
        else:
            self.put("[")
            elements: list[list[str]] = []
            outer = self.names
            for number in range(node.count):
                self.put("," if number else "")
                self.names = []
                self.node(node.node, "", f"{path}[{number}]")
                elements.append(self.names)
            self.names = outer
            self.put("]")
            if isinstance(node.node, Group) and any(elements) and self.naming is not None:
                each = ", ".join(" + ".join(texts) for texts in elements)
                self.names.append(f"{self.em.use(self.naming.listed)}({node.name!r}, ({each},))")

    def within(self, name: str, put: Callable[[], None]) -> None:
        """What `put` adds, its names as those of something with a name."""
        outer, self.names = self.names, []
        put()
        inner, self.names = self.names, outer
        if inner and self.naming is not None:
            self.names.append(f"{self.em.use(self.naming.nested)}({name!r}, {' + '.join(inner)})")

    def tagged(self, node: Overlap, raw: str, path: str) -> None:
        """The names of the member of a union that another field tells."""
        tell = self.naming.tagged(node) if self.naming is not None else None
        if tell is not None:
            number = self.other(path.rpartition(".")[0], node.field.tag.field)
            self.names.append(f"{self.em.const('u', tell)}({number}, {raw})")

    def other(self, outer: str, field: str) -> str:
        """The variable of a field of the struct at a path."""
        return self.numbers[f"{outer}.{field}" if outer else field]

    def group(self, group: Group, obj: str, path: str, *, at_end: bool) -> None:
        for number, node in enumerate(group.members):
            self.put(f'{"," if number else "{"}"{node.name}":')
            where = f"{path}.{node.name}" if path else node.name
            self.node(node, "", where, at_end=at_end and node is group.members[-1])
        self.put("}" if group.members else "{}")

    def tail_of(self, node: Repeat, path: str) -> None:
        """As many elements as a buffer holds of which `a` is where it begins, `m` its length."""
        outer, values, start = path.rpartition(".")[0], self.em.local("f"), self.end
        limit = self.numbers[f"{outer}.{node.limit}"] if node.limit else ""
        end = f"min(a + m, a + {start} + {node.stride} * {limit})" if limit else "a + m"
        read, _ = elements(node.node, self.order, record.nested_codec, joined=node.joined)
        each = 1 if node.joined else node.stride
        lines = [
            f"a = _offsets[{self.buffer}]", f"m = _lengths[{self.buffer}]",
            f"{values} = {self.em.const('_f', read)}(_data, a + {start}, {end})",
            f"if m != {start + node.width} and {start} + {each} * len({values}) != m:", "    return None",
        ]  # fmt: skip
        self.value(node, values, lines, None if limit else self.each(node, start))
        named = self.naming.value(node, node.name) if self.naming is not None else None
        if named is not None:
            self.names.append(f"{self.em.const('n', named)}({values})")

    def value(self, node: Node, value: str, lines: list[str], pieces: tuple[CorePiece, ...] | None) -> None:
        """Add the text of a value that these statements set."""
        args: list[str] = []
        text = template(self.em, lines, node, value, args)
        self.blocks.append((value, lines))
        self.put(text, *args, pieces=pieces)

    def each(self, node: Repeat, start: int) -> tuple[CorePiece, ...] | None:
        """What the core makes of elements from an offset to the end of their buffer; None where it cannot."""
        if node.joined:
            return None
        outer = self.parts, self.names, self.end
        self.parts, self.names, self.end = [], [], 0
        self.node(node.node, "", "")
        made = self.core_pieces()
        self.parts, self.names, self.end = outer
        plain = tuple(piece for piece in made if isinstance(piece, (str, Place)))
        return ("[", Elements(self.buffer, start, node.stride, plain), "]") if len(plain) == len(made) else None

    def filling(self, node: Node) -> tuple[CorePiece, ...] | None:
        """What the core makes of a value that fills its buffer; None where it cannot."""
        if isinstance(node, Repeat):
            return self.each(node, 0)
        if not isinstance(node, Cell) or node.width:
            return None
        kind = node.kind
        if kind.as_string:
            return '"', String(self.buffer), '"'
        return ('"', Rest(self.buffer), '"') if kind.as_digits else None

    def taken(self, code: str) -> str:
        """The variable of a value that is unpacked."""
        local = self.em.local("r")
        self.atom(code, local, "")
        return local

    def header(self, count: int) -> None:
        head = spec_of(self.side.frame.header).node
        lengths = head.tail
        self.within("header", lambda: self.head(head.members, lengths))
        if self.side.frame.flavour_mask:
            flavour, mask = self.numbers["lm_secflvr"], self.side.frame.flavour_mask
            self.checks.append(f"not {flavour} & {mask}")
            self.blanks.append(Blank(self.places[flavour], mask))
        self.put(f'"{lengths.name}":[')
        for number, size in enumerate(self.pattern):
            self.put("," if number else "")
            self.put("%d", f"_lengths[{number}]") if size == VARIABLE else self.put(str(size))
        self.put(']},"buffers":[')
        start = self.end
        for number in range(count):
            self.atom(lengths.node.kind.format(lengths.node, self.order), f"_lengths[{number}]", "")
        self.zeroes(head.width + lengths.stride * count)
        self.around = Around(start, self.end)

    def head(self, members: Sequence[Node], lengths: Node) -> None:
        for node in members:
            if node is not lengths:
                self.put(f'"{node.name}":')
                self.node(node, "", node.name)
                self.put(",")

    def object(self, name: str, node: Group, index: int) -> None:
        self.put(prefix(node) if index else f'{{"name":"ptlrpc_body"{prefix(node)}')
        path = name if index else ""  # numbers of the ptlrpc_body go by their names alone
        self.within(name if index else "ptlrpc_body", lambda: self.group(node, "", path, at_end=False))
        self.room(node.width, index)

    def room(self, size: int, index: int) -> None:
        if self.pattern[index] > size:
            self.put(',"extra":{"tail":')
            self.hex(self.pattern[index] - size)
            self.put("}")
        self.put("}")
        self.zeroes(self.pattern[index])

    def slot(self, index: int) -> None:
        self.put(f',{{"name":"{self.side.slots[index - 1].name}"')

    def front(self, index: int) -> None:
        slot = self.side.slots[index - 1]
        self.slot(index)
        if self.pattern[index] == ABSENT:
            self.put("}")
        elif isinstance(slot.node, Group):
            self.object(slot.name, slot.node, index)
        else:
            self.put(prefix(slot.node))
            self.node(replace(slot.node, name=slot.name), "", "")
            self.whole &= not slot.looked_into  # what others say of its bytes
            self.room(slot.node.width, index)

    def behind(self, index: int) -> None:
        slot, node = self.side.slots[index - 1], self.side.slots[index - 1].node
        self.buffer, self.end = index, 0
        if self.pattern[index] != VARIABLE:
            self.front(index)
            return
        self.slot(index)
        self.put(prefix(node))
        if isinstance(node, Group):
            self.least[index] = node.width
            self.within(slot.name, lambda: self.group(node, "", slot.name, at_end=True))
            self.padding()
        else:
            value = f"_v{index}"
            self.apart(index, value)
            lines, self.rest = self.rest, []
            self.value(node, value, lines, self.filling(node))
            names = self.naming.value(node, slot.name) if self.naming is not None else None
            if names is not None:
                self.names.append(f"{self.em.const('n', names)}({value})")
            if slot.opaque:
                self.put("%s", f"inside({self.held(slot)}, {value}, dialect, {self.order!r})")
        self.put("}")

    def undeclared(self, index: int) -> None:
        self.buffer = index
        super().undeclared(index)
        if self.pattern[index] != ABSENT:
            self.blocks.append((self.more[-1], self.rest))
            self.rest = []

    def padding(self) -> None:
        """What is between the buffer and the next."""
        if core is None:
            super().padding()
            lines = [f"a = _offsets[{self.buffer}]", f"m = _lengths[{self.buffer}]", *self.rest]
            self.rest = []
            self.blocks.append(("", lines))
        else:
            self.blanks.append(Padding(self.buffer))

    def held(self, slot: SlotSpec) -> str:
        """The expression of what an opaque buffer may hold."""
        held = slot.held
        # other buffers, or the request, have to be decoded for it
        if isinstance(held, Parts) or (isinstance(held, Chosen) and held.asked):
            self.whole = False
            return "()"
        if isinstance(held, Chosen):
            by = next(s.index for s in self.side.slots if s.name == held.by)
            there = by < slot.index and self.pattern[by] != ABSENT
            self.whole &= not there or self.pattern.index(VARIABLE) <= by
            return f"{self.em.const('_h', held.of_key)}({f'_v{by}' if there else None})"
        made = held.expression(self.em, self.numbers.get) if isinstance(held, Cases) else None
        self.whole &= made is not None or not isinstance(held, Cases)
        return made or self.em.const("_h", () if isinstance(held, Cases) else held)

    def teller(self, variant: str) -> Tell | None:
        if not self.whole:
            return None
        count = len(self.pattern)
        for slot in self.side.slots[count - 1 :]:
            self.put(f',{{"name":"{slot.name}"}}')
        self.put(f'],"variant":{quoted(variant)}' if variant else "]")
        while self.more and self.more[-1] == 'b""':
            self.more.pop()
        said = []
        if self.more:
            said.append(f'"more":[{",".join(["%s"] * len(self.more))}]')
        if count != self.side.counted(self.pattern):
            said.append(f'"count":{count}')
        self.put(f',"extra":{{{",".join(said)}}}' if said else "", *[f"f'\"{{{each}.hex()}}\"'" for each in self.more])
        if self.naming is not None:
            self.put(',"names":{%s}', f"({' + '.join(self.names)})[:-1]" if self.names else "''")
        self.put("}")
        return self.by_core(core) if core is not None else self.alone()

    def alone(self) -> Tell:
        """Without the core: the template, filled by Python."""
        text = "".join(text for text, _, _ in self.parts)
        args = [arg for _, args, _ in self.parts for arg in args]
        least = [f"if {' or '.join(f'_lengths[{i}] < {n}' for i, n in self.least.items())}:", "    return None"]
        checks = [f"if not ({' and '.join(self.checks)}):", "    return None"] if self.checks else []
        blocks = [line for _, lines in self.blocks for line in lines]
        lines = [*checks, *blocks, f"return {text!r} % ({', '.join(args)},)"]
        made: Tell = self.function(_TELL, [*(least if self.least else []), *self.unpacking(lines), *lines])
        return made

    def by_core(self, core: Core) -> Tell:
        """The core writes the text; what it cannot make is put in where it left gaps."""
        pieces = self.core_pieces()
        fill = filler(core, self.order, self.around, pieces, self.blanks, self.least)
        gaps = [piece.made for piece in pieces if isinstance(piece, Gap)]
        if not gaps:
            return fill
        self.em.names["_fill"] = fill
        used = set(_WORD.findall(" ".join(gaps)))
        lines: list[str] = []
        for value, block in reversed(self.blocks):
            if value in used:
                lines[:0] = block
                used.update(_WORD.findall(" ".join(block)))
        between = [f"_t{number}" for number in range(1 + len(gaps))]
        lines += ["_t0 = _fill(_data)", "if _t0 is None:", "    return None"]
        for before, rest in pairwise(between):  # much faster than to split the text at once
            lines += [f"{before}, _, {rest} = {before}.partition('\\0')"]
        made = [part for pair in zip(between, gaps, strict=False) for part in pair]
        lines += [f"return ''.join(({', '.join(made)}, {between[-1]}))"]
        found: Tell = self.function(_TELL, [*self.unpacking(lines), *lines])
        return found

    def core_pieces(self) -> list[CorePiece]:
        """The parts as the core reads them, text that follows text as one."""
        out: list[CorePiece] = []
        before = ""
        for text, args, pieces in self.parts:
            if pieces is not None:
                out += (before, *pieces)
                before = ""
                continue
            for arg in args:
                more, _, text = text.partition("%")
                out += (before + more, self.filled(text[0], arg))
                before, text = "", text[1:]
            before += text
        return [*out, before]

    def filled(self, code: str, arg: str) -> Place | Gap:
        """What fills a field of a template."""
        place = self.place(arg)
        if place is not None and place.is_number == (code == "d"):
            return place
        return Gap(arg if code == "s" else f"'%d' % {arg}")

    def place(self, arg: str) -> Place | None:
        """Where it stands in the message as it is shown, None where it has to be made of that."""
        return self.places.get(arg) or self.places.get(arg.removesuffix(".hex()"))

    def unpacking(self, lines: list[str]) -> list[str]:
        """The statements that set the variables that others use."""
        used = set(_WORD.findall("\n".join(lines))) & self.places.keys()
        out = []
        for buffer in sorted({self.places[name].buffer for name in used}):
            names = sorted((n for n in used if self.places[n].buffer == buffer), key=lambda n: self.places[n].offset)
            format, at = PREFIX[self.order], 0
            for place in map(self.places.__getitem__, names):
                format += f"{place.offset - at}x{place.width if place.code == 's' else ''}{place.code}"
                at = place.end
            unpack = self.em.const("_unpack", struct.Struct(format).unpack_from)
            out.append(f"({', '.join(names)},) = {unpack}(_data{f', _offsets[{buffer}]' if buffer else ''})")
        return out
