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
from lustre_wire.testbed.packing import packer, put_at

STRIPE_SIZE = 65536


#: A component without an end; an OST that was not chosen; as many stripes as there are OSTs.
EOF, ANY, ALL = (1 << 64) - 1, 0xFFFFFFFF, 0xFFFF
#: The most components of one file, and stripes of one component (lustre_user.h: LOV_MAX_STRIPE_COUNT).
MOST_COMPONENTS, MOST_STRIPES = 64, 2000


@attrs.define(slots=True, frozen=True)
class Component:
    """A part of a file, from byte `start` to `end`.

    Attributes:
        stripes: how many objects it has or is to have.
        size: bytes of a stripe.
        first: the OST of the first stripe, `ALL` for any.
        objects: (OST index, object id) of each stripe; None while they are not made.
    """

    start: int = 0
    end: int = EOF
    stripes: int = 1
    size: int = STRIPE_SIZE
    first: int = ALL
    objects: tuple[tuple[int, int], ...] | None = None


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
        """All objects there are."""
        return [each for component in self.components for each in component.objects or ()]


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
        lmm_magic=k.LOV_MAGIC_V1, lmm_pattern=k.LOV_PATTERN_RAID0, lmm_stripe_size=component.size,
        lmm_stripe_count=len(stripes), lmm_objects=stripes,
    )  # fmt: skip
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
        if entry.lcme_flags & k.LCME_FL_INIT:
            found = lov.stripe(piece, dialect)
            objects = tuple((each.ost, each.id) for each in found.objects)
            components.append(Component(*extent, len(objects), found.stripe_size, objects=objects))
        else:
            plain = lov.read(piece, dialect)
            components.append(Component(*extent, int(plain.lmm_stripe_count), int(plain.lmm_stripe_size)))
    return Layout(tuple(components), int(head.lcm_layout_gen))


def asked(dialect: Dialect, ea: bytes) -> Layout | None:
    """The layout a user wants for a file or for those of a directory; 0 of bytes or stripes for what is usual. None
    where these bytes say nothing.

    Raises:
        WireError: one there is no way to make: parts that do not follow each other, stripes of a size that is no
            multiple of 64 KiB, bytes on the MDT, mirrors.
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
        components.append(_wanted(dialect, _inside(head, entry, ea), start, end))
        at = end
    return Layout(tuple(components), len(components))


def _wanted(dialect: Dialect, ea: bytes, start: int, end: int) -> Component:
    k, (layout, _) = names(dialect), lov.read_asked(ea, dialect)
    size, count = int(layout.lmm_stripe_size) or STRIPE_SIZE, int(layout.lmm_stripe_count)
    if layout.lmm_pattern not in (0, k.LOV_PATTERN_RAID0) or size % STRIPE_SIZE:
        raise WireError(f"stripes of {size} bytes", path="lmm_stripe_size", dialect=dialect.name)
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
    """The resource of an OST's object: its number, and where it has one its sequence in front."""
    words = [0, 0, 0, 0]
    word = packer(dialect).personality.object_word
    words[0], words[word] = sequence_of(dialect, index), number
    return words[0], words[1], words[2], words[3]


def ioobj(dialect: Dialect, index: int, number: int) -> Any:
    """The `obd_ioobj` of a transfer of one piece."""
    made = dialect.structs["obd_ioobj"](ioo_bufcnt=1)
    _name(made, packer(dialect).personality.layout.io, number, sequence_of(dialect, index))
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


def simple(dialect: Dialect, md: bytes) -> list[tuple[int, int]]:
    """The same of a file that the testbed's own client can read and write; none of another.

    Raises:
        WireError: no layout a client would take.
    """
    found = read(dialect, md)
    return found.objects if found.generation is None and found.components[0].size == STRIPE_SIZE else []


def pieces(count: int, offset: int, length: int) -> list[tuple[int, int, int, int]]:
    """A range of a file as (stripe, offset in its object, length, offset in the range).

    Raises:
        ValueError: no stripes.
    """
    if count <= 0:
        raise ValueError("a file without objects has no bytes")
    out, done = [], 0
    while done < length:
        at = offset + done
        number, inside = divmod(at, STRIPE_SIZE)
        row, stripe = divmod(number, count)
        size = min(length - done, STRIPE_SIZE - inside)
        out.append((stripe, row * STRIPE_SIZE + inside, size, done))
        done += size
    return out


def file_size(count: int, sizes: list[int]) -> int:
    """The size of a file whose objects have these sizes."""
    ends = [0]
    for stripe, size in enumerate(sizes):
        if size:
            row, inside = divmod(size - 1, STRIPE_SIZE)
            ends.append((row * count + stripe) * STRIPE_SIZE + inside + 1)
    return max(ends)


def object_size(count: int, stripe: int, size: int) -> int:
    """The size of one object of a file of `size` bytes."""
    whole, rest = divmod(size, STRIPE_SIZE * count)
    return whole * STRIPE_SIZE + min(max(rest - stripe * STRIPE_SIZE, 0), STRIPE_SIZE)
