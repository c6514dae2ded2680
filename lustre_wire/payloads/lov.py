"""File layouts: the LOV EA (v1, v3 with a pool, joined files), and the layout a user asks for.

The LOV EA is little-endian always; what a user asks for has the byte order of its magic. Source: lov/lov_pack.c and
lov/lov_ea.c of 1.8.9-wc1, 2.0.0 and 2.17.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import OTHER, pack, peek, text, unpack
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of

__all__ = ["Object", "Striping", "read", "read_asked", "stripe", "without_pool", "write"]

_MAGIC: Final = "lmm_magic"
_LAYOUTS: Final = {
    "LOV_MAGIC_V1": "lov_mds_md_v1", "LOV_MAGIC_V3": "lov_mds_md_v3", "LOV_MAGIC_JOIN": "lov_mds_md_join",
}  # fmt: skip
_ASKED: Final = {"LOV_USER_MAGIC_V1": "lov_user_md_v1", "LOV_USER_MAGIC_V3": "lov_user_md_v3"}


@attrs.frozen
class Object:
    """One stripe: object `id` of sequence (1.8: group) `seq` on OST number `ost`, of generation `generation`."""

    id: int
    seq: int
    generation: int
    ost: int


@attrs.frozen
class Striping:
    """How a file lies over objects.

    Attributes:
        pattern: 1 for RAID0.
        id, seq: the file's own object on the MDS.
        stripe_size: bytes on one object before the next one follows.
        pool: its name, or "".
        objects: in the order of the stripes.
    """

    pattern: int
    id: int
    seq: int
    stripe_size: int
    pool: str
    objects: tuple[Object, ...]

    @checked
    def locate(self, offset: int) -> tuple[Object, int]:
        """The object that holds byte `offset` of the file, and where in it.

        Raises:
            WireError: a negative offset.
        """
        if offset < 0:
            raise WireError(f"expected an offset, got {offset}", path="offset")
        stripe, inside = divmod(offset, self.stripe_size)
        row, number = divmod(stripe, len(self.objects))
        return self.objects[number], row * self.stripe_size + inside


@checked
def read(data: bytes, dialect_: Dialect | str) -> Any:
    """The struct of a LOV EA: `LovMdsMdV1`, `LovMdsMdV3` or, in 1.8, `LovMdsMdJoin`, whichever its magic says.

    Bytes behind the objects that its count announces are not part of it.

    Raises:
        TruncatedError: too short for its struct, or for the objects.
        WireError: another magic.
    """
    found, data = dialect(dialect_), octets(data, "data")
    try:
        cls = _by_magic(found, _LAYOUTS, data, "little")
        if cls is None:
            raise _no_layout(found, data)
        made = unpack(cls, data, "little")
        _check_count(made)
    except WireError as error:
        error.dialect = found.name
        raise
    return made


@checked
def read_asked(data: bytes, dialect_: Dialect | str) -> tuple[Any, ByteOrder]:
    """What a user asks for, as setattr and open carry it: `LovUserMdV1` or `LovUserMdV3`, and its byte order.

    Raises:
        TruncatedError: too short for its struct.
        WireError: another magic.
    """
    found, data = dialect(dialect_), octets(data, "data")
    for order in OTHER:
        cls = _by_magic(found, _ASKED, data, order)
        if cls is not None:
            return unpack(cls, data, order, told=True), order
    raise _no_layout(found, data)


@checked
def write(layout: Any, order: ByteOrder = "little") -> bytes:
    """The bytes of a layout, in byte order `order` if it is what a user asks for.

    Raises:
        WireError: a value that does not fit its field.
    """
    return pack(layout, order, told=hasattr(layout, "lmm_stripe_offset"))


def _by_magic(found: Dialect, names: Mapping[str, str], data: bytes, order: ByteOrder) -> Any:
    """The struct class that the first word says, or None."""
    number = peek(found.structs["lov_mds_md_v1"], _MAGIC, data, order)
    for constant, name in names.items():
        if found.constants.get(constant) == number:
            return found.structs.get(name)
    return None


def _no_layout(found: Dialect, data: bytes) -> WireError:
    got = peek(found.structs["lov_mds_md_v1"], _MAGIC, data, "little")
    return WireError(f"no layout has the magic {got:#x}", path=_MAGIC, offset=0, dialect=found.name)


def _check_count(layout: Any) -> None:
    objects = getattr(layout, "lmm_objects", None)
    if objects is not None and len(objects) < layout.lmm_stripe_count:
        raise TruncatedError(f"expected {layout.lmm_stripe_count} objects, got {len(objects)}", path="lmm_objects")


@checked
def stripe(data: bytes, dialect_: Dialect | str) -> Striping:
    """The striping a LOV EA says, if a client would take it.

    Raises:
        WireError: what a client refuses: no objects or 65,532 and more, object id 0, a pattern other than RAID0, a
            stripe size that is 0 or no multiple of 64 KiB; and a joined file, which has its stripes elsewhere.
    """
    found, layout = dialect(dialect_), read(data, dialect_)
    if not hasattr(layout, "lmm_objects"):
        raise WireError("a joined file has its objects in a log of their own", path=_MAGIC, dialect=found.name)
    own = _identity(layout, found)
    checks = {
        "lmm_pattern": layout.lmm_pattern == found.constants["LOV_PATTERN_RAID0"],
        _own_name(layout): own[0] != 0,
        "lmm_stripe_size": _is_stripe_size(layout.lmm_stripe_size, found),
        "lmm_stripe_count": 0 < layout.lmm_stripe_count <= found.constants["LOV_V1_INSANE_STRIPE_COUNT"],
    }
    for name, good in checks.items():
        if not good:
            raise WireError(f"a client refuses {getattr(layout, name)}", path=name, dialect=found.name)
    objects = tuple(Object(*_identity(o, found), o.l_ost_gen, o.l_ost_idx) for o in layout.lmm_objects)
    pool = text(getattr(layout, "lmm_pool_name", b""))
    return Striping(layout.lmm_pattern, *own, layout.lmm_stripe_size, pool, objects)


def _is_stripe_size(size: int, found: Dialect) -> bool:
    return size > 0 and size % found.constants["LOV_MIN_STRIPE_SIZE"] == 0


def _own_name(layout: Any) -> str:
    return "lmm_oi" if hasattr(layout, "lmm_oi") else "lmm_object_id"


def _identity(obj: Any, found: Dialect) -> tuple[int, int]:
    """Number and sequence of the file's own object or of a stripe's.

    The sequence is the field behind the number: the group of 1.8, the sequence of 2.0. From 2.4 on a stripe has a FID
    where its sequence is no group (lustre_ostid.h: ostid_seq); the file's own never has (lmm_oi_id, lmm_oi_seq).
    """
    if hasattr(obj, "lmm_oi"):
        return int(obj.lmm_oi.oi_id), int(obj.lmm_oi.oi_seq)
    if hasattr(obj, "l_ost_oi"):
        either = obj.l_ost_oi.oi
        groups = (found.constants["FID_SEQ_OST_MDT0"], found.constants["FID_SEQ_LOV_DEFAULT"])
        if either.oi.oi_seq in groups:
            return int(either.oi.oi_id), int(either.oi.oi_seq)
        return int(either.oi_fid.f_oid), int(either.oi_fid.f_seq)
    names = [field.name for field in spec_of(obj).fields]
    number = next(i for i, name in enumerate(names) if name.endswith("object_id"))
    return int(getattr(obj, names[number])), int(getattr(obj, names[number + 1]))


@checked
def without_pool(layout: Any, dialect_: Dialect | str) -> Any:
    """A v3 layout as v1, as an MDS gives it to a client without OBD_CONNECT_LOV_V3; others as they are."""
    found = dialect(dialect_)
    v1 = found.structs[_LAYOUTS["LOV_MAGIC_V1"]]
    if not hasattr(layout, "lmm_pool_name"):
        return layout
    kept = {field.name: getattr(layout, field.name) for field in spec_of(v1).fields}
    return v1(**{**kept, "lmm_magic": found.constants["LOV_MAGIC_V1"]})
