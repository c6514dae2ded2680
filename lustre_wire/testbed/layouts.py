"""Files over objects: making and reading LOV EAs in whichever dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.payloads import lov
from lustre_wire.recovery.ldlm.locks import ResName
from lustre_wire.recovery.names import names
from lustre_wire.testbed.operations import EOF
from lustre_wire.testbed.packing import packer, put_at

STRIPE_SIZE = 65536
#: An OST that was not chosen; as many stripes as there are OSTs.
ANY, ALL = 0xFFFFFFFF, 0xFFFF
#: The most components of one file, and stripes of one component (lustre_user.h: LOV_MAX_STRIPE_COUNT).
MOST_COMPONENTS, MOST_STRIPES = 64, 2000
#: Bytes of a file that an MDT keeps at most, however many its user wants there (lod_dev.c: lod_dom_stripesize_max_kb).
MOST_ON_MDT = 1 << 20


@attrs.define(slots=True, frozen=True)
class Component:
    """A part of a file, from byte `start` to `end`.

    Attributes:
        stripes: how many objects it has or is to have.
        size: bytes of a stripe.
        first: the OST of the first stripe, `ALL` for any.
        objects: (OST index, object id) of each stripe; None while they are not made.
        on_mdt: the file's own object on the MDT has its bytes; it has no others.
    """

    start: int = 0
    end: int = EOF  # without an end
    stripes: int = 1
    size: int = STRIPE_SIZE
    first: int = ALL
    objects: tuple[tuple[int, int], ...] | None = None
    on_mdt: bool = False

    @property
    def width(self) -> int:
        """How many objects share its bytes: the MDT's own is one."""
        return 1 if self.on_mdt else len(self.objects or ())

    def meets(self, start: int, end: int) -> bool:
        """Has it any of the bytes from `start` to `end`?"""
        return self.start < end and start < self.end


@attrs.define(slots=True, frozen=True)
class Layout:
    """The layout of a file: its components, in their order.

    Attributes:
        generation: how often it was changed, where it is composite; None where it has one component and no head.
    """

    components: tuple[Component, ...]
    generation: int | None = None

    @property
    def objects(self) -> list[tuple[int, int]]:
        """All objects on OSTs there are."""
        return [each for component in self.components for each in component.objects or ()]

    @property
    def on_mdt(self) -> Component | None:
        """The part that an MDT keeps: the first, if any (mdt_handler.c: mdt_lmm_dom_entry_check)."""
        first = self.components[0]
        return first if first.on_mdt else None

    def unmade(self, start: int, end: int) -> bool:
        """Are there bytes between these that have no object yet?"""
        return any(each.objects is None and each.meets(start, end) for each in self.components)


def make(dialect: Dialect, file_id: int, objects: list[tuple[int, int]], seq: int = 0) -> bytes:
    """The EA of a new file of one component.

    Args:
        file_id: its own object on the MDT, of sequence `seq`.
        objects: (OST index, object id), in the order of the stripes.
    """
    return write(dialect, file_id, Layout((Component(stripes=len(objects), objects=tuple(objects)),)), seq)


def write(dialect: Dialect, file_id: int, layout: Layout, seq: int = 0) -> bytes:
    """A file's EA (lod/lod_lov.c: lod_generate_lovea). Stripes of a component that is not made are on no OST."""
    pieces = [_piece(dialect, file_id, component, seq) for component in layout.components]
    if layout.generation is None:
        return pieces[0]
    k, entry, extent = names(dialect), dialect.structs["lov_comp_md_entry_v1"], dialect.structs["lu_extent"]
    head = dialect.structs["lov_comp_md_v1"](lcm_magic=k.LOV_MAGIC_COMP_V1, lcm_layout_gen=layout.generation)
    head.lcm_entry_count = len(pieces)
    head.lcm_entries = [entry() for _ in pieces]
    at = len(record.pack(head))
    for number, (made, component, piece) in enumerate(zip(head.lcm_entries, layout.components, pieces, strict=True)):
        made.lcme_id, made.lcme_offset, made.lcme_size = number + 1, at, len(piece)
        made.lcme_flags = 0 if component.objects is None else k.LCME_FL_INIT
        made.lcme_extent = extent(e_start=component.start, e_end=component.end)
        at += len(piece)
    head.lcm_size = at
    return record.pack(head) + b"".join(pieces)


def _piece(dialect: Dialect, file_id: int, component: Component, seq: int) -> bytes:
    k, personality = names(dialect), packer(dialect).personality
    stripes = []
    for index, number in component.objects or ():
        stripe = dialect.structs["lov_ost_data_v1"](l_ost_idx=index)
        _name(stripe, personality.layout.object, number, sequence_of(dialect, index))
        stripes.append(stripe)
    if component.objects is None:
        stripes = [dialect.structs["lov_ost_data_v1"](l_ost_idx=ANY) for _ in range(component.stripes)]
    made = dialect.structs["lov_mds_md_v1"](
        lmm_magic=k.LOV_MAGIC_V1, lmm_pattern=k.LOV_PATTERN_MDT if component.on_mdt else k.LOV_PATTERN_RAID0,
        lmm_stripe_size=component.size, lmm_stripe_count=len(stripes), lmm_objects=stripes,
    )  # fmt: skip
    if component.objects is None:  # until then it says where they are to begin (lod_gen_component_ea)
        made.lmm_layout_gen = component.first
    _name(made, personality.layout.file, file_id, seq)
    return lov.write(made)


def read(dialect: Dialect, md: bytes) -> Layout:
    """What a file's EA says.

    Raises:
        WireError: no layout a client would take (lov/lov_ea.c: lsm_verify_comp_md_v1, lsm_lmm_verify_v1v3).
    """
    if not _composite(dialect, md):
        found = lov.stripe(md, dialect)
        objects = tuple((each.ost, each.id) for each in found.objects)
        return Layout((Component(stripes=len(objects), size=found.stripe_size, objects=objects),))
    head = _head(dialect, md)
    k, components = names(dialect), []
    for entry in head.lcm_entries:
        piece = _inside(head, entry, md)
        extent = int(entry.lcme_extent.e_start), int(entry.lcme_extent.e_end)
        plain = lov.read(piece, dialect)
        count, size, first = int(plain.lmm_stripe_count), int(plain.lmm_stripe_size), int(plain.lmm_layout_gen)
        if not entry.lcme_flags & k.LCME_FL_INIT:
            components.append(Component(*extent, count, size, first))
        elif plain.lmm_pattern == k.LOV_PATTERN_MDT:
            _check_on_mdt(dialect, extent[0], extent[1], size, count)
            components.append(Component(*extent, 0, size, objects=(), on_mdt=True))
        else:
            found = lov.stripe(piece, dialect)
            objects = tuple((each.ost, each.id) for each in found.objects)
            components.append(Component(*extent, len(objects), found.stripe_size, objects=objects))
    return Layout(tuple(components), int(head.lcm_layout_gen))


def _check_on_mdt(dialect: Dialect, start: int, end: int, size: int, count: int) -> None:
    """Bytes on the MDT are the first of a file, in one piece (lov_object.c: lov_init_dom)."""
    if start or size != end or count:
        wrong = f"{count} stripes of {size} bytes from {start} to {end}"
        raise WireError(wrong, path="lmm_pattern", dialect=dialect.name)


def asked(dialect: Dialect, ea: bytes) -> Layout | None:
    """The layout a user wants for a file or for those of a directory; 0 of bytes or stripes for what is usual. None
    where these bytes say nothing.

    Raises:
        WireError: one there is no way to make: parts that do not follow each other, or end within a stripe; stripes of
            a size that is no multiple of 64 KiB; bytes on the MDT that are not the first, or all there is to a file;
            mirrors.
    """
    if not ea.strip(b"\0"):
        return None
    if not _composite(dialect, ea):
        return Layout((_wanted(dialect, ea, 0, EOF),))
    head = _head(dialect, ea)
    components, at = [], 0
    for entry in head.lcm_entries:
        start, end = int(entry.lcme_extent.e_start), int(entry.lcme_extent.e_end)
        if start != at or end <= start or (end != EOF and end % STRIPE_SIZE):
            raise WireError(f"a component from {start} to {end}", path="lcme_extent", dialect=dialect.name)
        components.append(_wanted(dialect, _inside(head, entry, ea), start, end, whole=False))
        at = end
    first = components[0]
    if first.on_mdt and first.end > MOST_ON_MDT:  # the next begins earlier (lod_dom_stripesize_choose)
        components[0] = attrs.evolve(first, end=MOST_ON_MDT, size=MOST_ON_MDT)
        components[1:2] = [attrs.evolve(each, start=MOST_ON_MDT) for each in components[1:2]]
    return Layout(tuple(components), len(components))


def _wanted(dialect: Dialect, ea: bytes, start: int, end: int, *, whole: bool = True) -> Component:
    """One component as somebody wants it.

    Args:
        whole: it is all there is, without a head: then its bytes cannot be on the MDT.
    """
    k, (layout, _) = names(dialect), lov.read_asked(ea, dialect)
    size, count = int(layout.lmm_stripe_size) or STRIPE_SIZE, int(layout.lmm_stripe_count)
    if layout.lmm_pattern == k.flag("LOV_PATTERN_MDT") != 0 and not whole:
        _check_on_mdt(dialect, start, end, int(layout.lmm_stripe_size), 0 if count == 1 else count)
        return Component(start, end, 0, size, objects=(), on_mdt=True)
    if layout.lmm_pattern not in (0, k.LOV_PATTERN_RAID0) or size % STRIPE_SIZE or (end != EOF and end % size):
        raise WireError(f"stripes of {size} bytes", path="lmm_stripe_size", dialect=dialect.name)
    if end != EOF and count < ALL:  # more stripes than it has room for (lod_parse_striping)
        count = min(count, -(-(end - start) // size))
    return Component(start, end, count, size, int(layout.lmm_stripe_offset))


def _composite(dialect: Dialect, md: bytes) -> bool:
    magic = dialect.constants.get("LOV_MAGIC_COMP_V1")
    return magic is not None and md[:4] == int(magic).to_bytes(4, "little")


def _head(dialect: Dialect, md: bytes) -> Any:
    head = record.unpack(dialect.structs["lov_comp_md_v1"], md)
    if not 0 < head.lcm_entry_count <= MOST_COMPONENTS or head.lcm_mirror_count or head.lcm_size > len(md):
        raise WireError(f"{head.lcm_entry_count} components", path="lcm_entry_count", dialect=dialect.name)
    return head


def _inside(head: Any, entry: Any, md: bytes) -> bytes:
    if entry.lcme_offset + entry.lcme_size > head.lcm_size:
        raise WireError("a component behind the end", path="lcme_offset")
    return md[entry.lcme_offset : entry.lcme_offset + entry.lcme_size]


def sequence_of(dialect: Dialect, index: int) -> int:
    """The sequence of an OST's objects, by its index; 0 where objects have none."""
    first, step = packer(dialect).personality.object_sequences
    return first + index * step


def resource(dialect: Dialect, index: int, number: int) -> ResName:
    """The resource of an OST's object."""
    return named(dialect, sequence_of(dialect, index), number)


def named(dialect: Dialect, seq: int, number: int) -> ResName:
    """The resource of an object: its number, and where it has one its sequence in front."""
    words = [0, 0, 0, 0]
    word = packer(dialect).personality.object_word
    words[0], words[word] = seq, number
    return words[0], words[1], words[2], words[3]


def ioobj(dialect: Dialect, seq: int, number: int) -> Any:
    """The `obd_ioobj` of a transfer of one piece."""
    made = dialect.structs["obd_ioobj"](ioo_bufcnt=1)
    _name(made, packer(dialect).personality.layout.io, number, seq)
    return made


def _name(value: Any, paths: Mapping[str, str], number: int, seq: int) -> None:
    for path, what in paths.items():
        put_at(value, path, number if what == "id" else seq)


def objects(dialect: Dialect, md: bytes) -> list[tuple[int, int]]:
    """(OST index, object id) of each stripe there is.

    Raises:
        WireError: no layout a client would take.
    """
    return read(dialect, md).objects


@attrs.define(slots=True, frozen=True)
class Piece:
    """A range of bytes of a file that lies in one object.

    Attributes:
        component, stripe: their numbers in the layout.
        object: (OST index, object id); None where the MDT has it.
        at, length: the range in the object.
        start: where it begins in the range that was asked for.
    """

    component: int
    stripe: int
    object: tuple[int, int] | None
    at: int
    length: int
    start: int


def pieces(layout: Layout, offset: int, length: int) -> list[Piece]:
    """A range of a file, object by object (lov/lov_offset.c: lov_stripe_offset); offsets in objects are as if each
    component began with the file.

    Raises:
        ValueError: there are no objects for some of it.
    """
    out, end = list[Piece](), offset + length
    for number, part in enumerate(layout.components):
        at, last = max(offset, part.start), min(end, part.end)
        while at < last:
            if not part.width:
                raise ValueError("bytes without an object")
            stripe_number, inside = divmod(at, part.size)
            row, stripe = divmod(stripe_number, part.width)
            size = min(last - at, part.size - inside)
            obj = part.objects[stripe] if part.objects else None
            out.append(Piece(number, stripe, obj, row * part.size + inside, size, at - offset))
            at += size
    if sum(piece.length for piece in out) != length:
        raise ValueError("bytes beyond the last component")
    return out


def parts(layout: Layout) -> list[Piece]:
    """Every object there is, whole: its piece has no length."""
    return [
        Piece(number, stripe, part.objects[stripe] if part.objects else None, 0, 0, 0)
        for number, part in enumerate(layout.components)
        for stripe in range(part.width)
    ]


def file_size(layout: Layout, sizes: list[int]) -> int:
    """The size of a file whose objects, in the order of `parts`, have these sizes (lov_merge.c: lov_merge_lvb_kms)."""
    ends = [0]
    for piece, size in zip(parts(layout), sizes, strict=True):
        part = layout.components[piece.component]
        if size:
            row, inside = divmod(size - 1, part.size)
            ends.append((row * part.width + piece.stripe) * part.size + inside + 1)
    return max(ends)


def object_size(part: Component, stripe: int, size: int) -> int:
    """The size of one object of a component where the file has `size` bytes."""
    whole, rest = divmod(size, part.size * part.width)
    return whole * part.size + min(max(rest - stripe * part.size, 0), part.size)
