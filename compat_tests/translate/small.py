"""Two small dialects made up to have every shape of buffers, and the rules between them."""

from __future__ import annotations

from errno import EINVAL, ENOTTY, EOPNOTSUPP, EOVERFLOW, EPROTO
from types import ModuleType
from typing import Annotated, Any

import lustre_wire as lw
from lustre_codecs.enums.ptlrpc import Opcode, PtlrpcMsgType
from lustre_codecs.structs.ptlrpc import PtlrpcBody
from lustre_wire.dialects import Dialect
from lustre_wire.schema import u16, u32
from lustre_wire.schema.rpc import Buffers, CString, FixedText, NonZero, Opaque, derive, rpc, slot
from lustre_wire.schema.views import view
from lustre_wire.translate.engine import register
from lustre_wire.translate.rules import Bits, Operation, RuleSet, Side, Slot, bits, pair, renamed


@lw.wire_struct(size=4)
class OldPart:
    """Of the older side."""

    one: u16 = 0
    two: u16 = 0


@lw.wire_struct(size=4)
class NewPart:
    """Of the newer side: renamed."""

    uno: u16 = 0
    dos: u16 = 0


@lw.wire_struct(size=2)
class First:
    """One half of an older part, in a struct of its own."""

    uno: u16 = 0


@lw.wire_struct(size=2)
class Second:
    """The other half."""

    dos: u16 = 0


@rpc(1, name="ALL")
class OldAll:
    """Every type of buffer under the same name, or another."""

    class Request(Buffers):
        part: OldPart | None = slot()
        number: u32 | None = slot()
        name: CString | None = slot()
        fixed: Annotated[bytes, FixedText(8)] | None = slot()
        blob: Opaque | None = slot()
        parts: list[OldPart] | None = slot()
        numbers: list[u32] | None = slot(omit=True)


@rpc(1, name="ALL")
class NewAll:
    """The same, in another order."""

    class Request(Buffers):
        number: u32 | None = slot()
        piece: NewPart | None = slot()
        name: CString | None = slot()
        fixed: Opaque | None = slot()
        blob: CString | None = slot()
        parts: list[NewPart] | None = slot()
        numbers: list[u32] | None = slot(omit=True)


@rpc(2, name="GONE")
class OldGone:
    """Buffers only the older side has."""

    class Request(Buffers):
        free: OldPart | None = slot(optional=True)
        name: CString | None = slot()
        dear: Opaque | None = slot(optional=True)
        wrong: Opaque | None = slot(optional=True)
        mute: Opaque | None = slot(optional=True)
        costly: OldPart | None = slot(optional=True)


@rpc(2, name="GONE")
class NewGone:
    """Buffers only the newer side has."""

    class Request(Buffers):
        name: CString | None = slot()
        made: CString | None = slot()
        empty: Opaque | None = slot()
        optional: Opaque | None = slot(optional=True)
        late: Opaque | None = slot()


@rpc(3, name="SPLIT")
class OldSplit:
    """One struct."""

    class Request(Buffers):
        part: OldPart | None = slot()


@rpc(4, name="SPLIT")
class NewSplit:
    """The same in two, and another opcode."""

    class Request(Buffers):
        first: First | None = slot()
        second: Second | None = slot()


@rpc(5, name="WIDE")
class OldWide:
    """A format that has several on the other side."""

    class Request(Buffers):
        name: CString | None = slot()
        more: Opaque | None = slot(optional=True)

    class Reply(Buffers):
        part: OldPart | None = slot()


@rpc(5, name="WIDE")
class NewWide:
    """The wider of two."""

    class Request(Buffers):
        name: CString | None = slot()
        more: Opaque | None = slot(optional=True)
        room: NewPart | None = slot(optional=True)

    class Reply(Buffers):
        part: NewPart | None = slot(room=20)


NewNarrow = derive(NewWide, variant="narrow", request=OldWide.Request)


@rpc(6, name="FLOAT")
class OldFloat:
    """Nothing floats."""

    class Request(Buffers):
        part: OldPart | None = slot()
        first: Opaque | None = slot(optional=True)
        second: Opaque | None = slot(optional=True)


@rpc(6, name="FLOAT")
class NewFloat:
    """A buffer that is there if a number says so."""

    class Request(Buffers):
        part: NewPart | None = slot()
        first: Opaque | None = slot(present={"part.uno": NonZero()})
        second: Opaque | None = slot(optional=True)


@rpc(7, name="ANSWER")
class OldAnswer:
    """Replies alone."""

    class Reply(Buffers):
        part: OldPart | None = slot()


@rpc(7, name="ANSWER")
class NewAnswer:
    """Sent longer than its struct."""

    class Reply(Buffers):
        part: NewPart | None = slot(room=20)


NewOdd = derive(NewAnswer, variant="odd")


@rpc(8, name="OLDER")
class Older:
    """No counterpart."""


@rpc(9, name="NEWER")
class Newer:
    """No counterpart."""


@rpc(10, name="REFUSED")
class Refused:
    """The same on both sides, and never translated."""


@rpc(11, name="LONELY")
class Lonely:
    """No rule, and no format on the other side."""


@rpc(12, name="MDS_READPAGE")
class Readpage:
    """Directory pages, for which there are no rules."""


def dialect(name: str, *formats: Any) -> Dialect:
    module = ModuleType(name)
    for number, declared in enumerate(formats):
        setattr(module, f"f{number}", declared)
    for value in (Opcode, PtlrpcMsgType):
        setattr(module, value.__name__, value)
    module.MSG_REPLAY = 4  # type: ignore[attr-defined]
    module.PTLRPC_MSG_VERSION = 3  # type: ignore[attr-defined]
    module.LUSTRE_VERSION_MASK = 0xFFFF0000  # type: ignore[attr-defined]
    return Dialect(name, (module,), view(PtlrpcBody, "2.0.0"), 152)


OLD = dialect("old", OldAll, OldGone, OldSplit, OldWide, OldFloat, OldAnswer, Older, Refused, Lonely, Readpage)
NEW = dialect(
    "new", NewAll, NewGone, NewSplit, NewWide, NewNarrow, NewFloat, NewAnswer, NewOdd, Newer, Refused, Readpage
)


def makes(value: Any, source: Any, work: Any) -> bytes:
    """Of the name."""
    work.fill("made", len(source.name))
    return bytes(source.name.upper())


def finishes(source: Any, target: Any, work: Any) -> None:
    """Marks that it was there."""
    work.change("finished", getattr(target, "name", None))


RULES = RuleSet(
    old="old", new="new",
    structs=(
        pair(OldPart, NewPart, renamed("one", "uno"), renamed("two", "dos")),
        pair(OldPart, First, renamed("one", "uno"), partial=True),
        pair(OldPart, Second, renamed("two", "dos"), partial=True),
    ),
    operations=(
        Operation("ALL", "ALL", request=Side(names={"part": "piece"}, up=finishes), reply_room=8),
        Operation(
            "GONE", "GONE",
            request=Side(
                only_old={
                    "free": Slot(), "dear": Slot(loss="dear"), "wrong": Slot(errno=EINVAL, why="it is wrong"),
                    "mute": Slot(errno=EOVERFLOW), "costly": Slot(loss="costly"),
                },
                only_new={"made": Slot(make=makes), "empty": Slot()},
                down=finishes,
            ),
        ),
        Operation("SPLIT", "SPLIT", request=Side(split={"part": ("first", "second")})),
        Operation("FLOAT", "FLOAT", request=Side(surplus="over")),
        Operation("ANSWER", "ANSWER", reply=Side(surplus="")),
        Operation("REFUSED", "REFUSED", request=Side(errno_up=EPROTO, errno_down=ENOTTY, why="by rule")),
    ),
    buffers={"nothing": ("here",)}, added={"late": Slot(loss="late"), "room": Slot()},
    old_only={"OLDER": EOPNOTSUPP}, new_only={"NEWER": EOPNOTSUPP}, no_format_errno=ENOTTY,
    lm_flags=bits("lm_flags", up=Bits(clear=1), down=Bits(clear=2)),
)  # fmt: skip
register(RULES)
