"""Files over objects: making and reading LOV EAs in whichever dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lustre_wire.dialects import Dialect
from lustre_wire.payloads import lov
from lustre_wire.recovery.ldlm.locks import ResName
from lustre_wire.recovery.names import names
from lustre_wire.testbed.packing import packer, put_at

STRIPE_SIZE = 65536


def make(dialect: Dialect, file_id: int, objects: list[tuple[int, int]], seq: int = 0) -> bytes:
    """The EA of a new file.

    Args:
        file_id: its own object on the MDT, of sequence `seq`.
        objects: (OST index, object id), in the order of the stripes.
    """
    k, personality = names(dialect), packer(dialect).personality
    stripes = []
    for index, number in objects:
        stripe = dialect.structs["lov_ost_data_v1"](l_ost_idx=index)
        _name(stripe, personality.layout.object, number, sequence_of(dialect, index))
        stripes.append(stripe)
    made = dialect.structs["lov_mds_md_v1"](
        lmm_magic=k.LOV_MAGIC_V1, lmm_pattern=k.LOV_PATTERN_RAID0, lmm_stripe_size=STRIPE_SIZE,
        lmm_stripe_count=len(objects), lmm_objects=stripes,
    )  # fmt: skip
    _name(made, personality.layout.file, file_id, seq)
    return lov.write(made)


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
    """(OST index, object id) of each stripe.

    Raises:
        WireError: no layout a client would take.
    """
    return [(each.ost, each.id) for each in lov.stripe(md, dialect).objects]


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
