"""What is compared with what: the same work, done by the record engine and by others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

import lustre_wire as lw
from benchmarks import whole
from compat_tests.recorded import messages
from lustre_wire.engines import record, reference
from lustre_wire.frames import lustre_msg

Work = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One piece of work: `ours`, the same by `others`, and the least ratio (others' time to ours) that is wanted."""

    name: str
    ours: Work
    others: dict[str, Work]
    wanted: dict[str, float]


def recorded(name: str) -> bytes:
    """A recorded request of the 2.0.0 client."""
    return next(m.data for m in messages() if m.id == name and m.row["lustre_version"] == "2.0.0")


def struct_cases() -> Iterator[Case]:
    """One struct of 216 bytes."""
    cls = lw.dialect("2.0").structs["mdt_body"]
    value = lw.decode(recorded("getattr-d20"), "2.0").buffers.mdt_body
    data = record.pack(value)
    codec, plain, compiled = record.codec(cls, "little"), reference.struct(cls), reference.struct(cls, compiled=True)
    container = plain.parse(data)
    yield Case(
        "decode mdt_body, 216 bytes", lambda: codec.unpack(data, 0, len(data)),
        {"construct": lambda: plain.parse(data), "compiled construct": lambda: compiled.parse(data)},
        {"construct": 30, "compiled construct": 7},
    )  # fmt: skip
    yield Case(
        "encode mdt_body, 216 bytes", lambda: codec.pack(value),
        {"construct": lambda: plain.build(container), "compiled construct": lambda: compiled.build(container)},
        {"construct": 40, "compiled construct": 12},
    )  # fmt: skip


def message_cases(name: str, title: str) -> Iterator[Case]:
    """A whole request: container, ptlrpc_body and buffers, as objects."""
    data, dialect = recorded(name), lw.dialect("2.0")
    message = lw.decode(data, dialect)
    definition = whole.message(type(message.buffers), dialect.body, list(lustre_msg.split(data).lengths))
    container = definition.parse(data)
    made, equal = whole.same_for_msgspec(message)
    packed, decoder = msgspec.msgpack.encode(equal), msgspec.msgpack.Decoder(made)
    if definition.build(container) != data or decoder.decode(packed) != equal:
        raise AssertionError("the others do not do the same work")
    yield Case(
        f"decode {title}, {len(data)} bytes", lambda: lw.decode(data, dialect),
        {"construct": lambda: definition.parse(data), "msgspec": lambda: decoder.decode(packed)},
        {"construct": 35, "msgspec": 1 / 1.5},
    )  # fmt: skip
    yield Case(
        f"encode {title}, {len(data)} bytes", lambda: lw.encode(message),
        {"construct": lambda: definition.build(container), "msgspec": lambda: msgspec.msgpack.encode(equal)},
        {"construct": 50},
    )  # fmt: skip
    header = whole.header()
    yield Case(
        f"split {title} at its buffers", lambda: lustre_msg.split(data),
        {"construct, the header": lambda: header.parse(data)}, {},
    )  # fmt: skip


def cases() -> list[Case]:
    """All of them."""
    return [
        *struct_cases(),
        *message_cases("getattr-d20", "getattr"),
        *message_cases("intent-open-d20-append-sync", "intent open"),
    ]
