"""Layouts (LOV EA) in replies: little-endian in both dialects, and the same but for what one of them lacks."""

from __future__ import annotations

from errno import EOPNOTSUPP
from typing import Any, Final

from lustre_codecs.enums import connect
from lustre_codecs.enums.layout import (
    LOV_MAGIC_JOIN,
    LOV_MAGIC_V1,
    LOV_MAGIC_V3,
    MEA_MAGIC_ALL_CHARS,
    MEA_MAGIC_HASH_SEGMENT,
    MEA_MAGIC_LAST_CHAR,
)
from lustre_codecs.structs.layouts import LovMdsMdV1, LovMdsMdV3
from lustre_codecs.translation.ends import NEW, new_numbers
from lustre_wire.schema.struct import spec_of
from lustre_wire.schema.views import view
from lustre_wire.translate.rules import looks_at

ObdConnect = new_numbers(connect.ObdConnect)

_MEA: Final = frozenset({MEA_MAGIC_LAST_CHAR, MEA_MAGIC_ALL_CHARS, MEA_MAGIC_HASH_SEGMENT})
_V1_HEAD: Final = spec_of(view(LovMdsMdV1, NEW)).size
_V3_HEAD: Final = spec_of(view(LovMdsMdV3, NEW)).size
#: The names of the buffer in 1.8.
_LAYOUTS: Final = ("lov_md", "lov_md_or_linkname")


@looks_at(reads="lov_md lov_md_or_linkname", asks="connect_flags")
def layout_up(source: Any, target: Any, work: Any) -> None:
    """Finish a reply with a layout: mdt_md of 2.0."""
    for name in _LAYOUTS:
        target.mdt_md = layout(getattr(source, name, None), name, target.mdt_md, work)


@looks_at(reads="mdt_md", asks="connect_flags")
def layout_down(source: Any, target: Any, work: Any) -> None:
    """Finish a reply with a layout; where it gets shorter the body says so."""
    made = layout(source.mdt_md, "mdt_md", source.mdt_md, work)
    for name in _LAYOUTS:
        if hasattr(target, name) and getattr(target, name) is not None:
            setattr(target, name, made)
            if made is not None and made != source.mdt_md:
                target.mds_body.eadatasize = len(made)


def layout(value: bytes | None, name: str, made: bytes | None, work: Any) -> bytes | None:
    """A layout on its way: always little-endian, the same bytes but for pools towards a peer without them.

    Args:
        value: the layout.
        name: of its buffer.
        made: what becomes of it if there is nothing to say about it.
    """
    if value is None or len(value) < 4:
        return made
    work.at = name
    magic = int.from_bytes(value[:4], "little")
    if magic == LOV_MAGIC_JOIN:
        work.impossible(EOPNOTSUPP, "2.0 cannot use the layout of a joined file")
    if magic in _MEA:
        work.impossible(EOPNOTSUPP, "1.8 knows no split directories")
    granted = work.session.connect_flags
    if magic == LOV_MAGIC_V3 and granted is not None and not granted & ObdConnect.OBD_CONNECT_LOV_V3:
        work.lose("pool", "", value[_V1_HEAD:_V3_HEAD])
        return LOV_MAGIC_V1.to_bytes(4, "little") + value[4:_V1_HEAD] + value[_V3_HEAD:]
    return made
