"""Files that are a head and records of one struct: object numbers, sequences, catalogues, replies, checks' states.

Which there are, and of which structs, is declared (`lustre_wire.schema.files`); this reads and writes any of them.
"""

from __future__ import annotations

from typing import Any

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.reading import Fault, Reading
from lustre_wire.payloads.wire import offset_in, pack, unpack
from lustre_wire.schema.files import FileKind
from lustre_wire.schema.struct import spec_of

__all__ = ["RecordFile", "examine", "kind_of", "read", "to_json", "write"]


@attrs.define(slots=True)
class RecordFile:
    """One file: its `kind`, the struct at its head or None, its records, and what is left over."""

    kind: FileKind
    head: Any = None
    records: list[Any] = attrs.field(factory=list)
    rest: bytes = b""


@checked
def kind_of(path: str, data: bytes, dialect_: Dialect | str) -> FileKind | None:
    """Which kind of file this is: by its first word where its kind has a magic, else by its path; or None."""
    kinds: tuple[FileKind, ...] = dialect(dialect_).part("files").files
    magic = int.from_bytes(data[:4], "little")
    by_magic = (kind for kind in kinds if len(data) >= 4 and magic in kind.by_magic)
    return next(by_magic, None) or next((kind for kind in kinds if kind.pattern.search(path)), None)


@checked
def read(data: bytes, kind: FileKind, dialect_: Dialect | str) -> RecordFile:
    """A file of a kind from bytes.

    Raises:
        WireError: it is shorter than its head, or has another magic.
    """
    return examine(data, kind).checked(dialect(dialect_))


@checked
def examine(data: bytes, kind: FileKind) -> Reading[RecordFile]:
    """A file of a kind as far as it can be read."""
    data, made, faults = octets(data, "data"), RecordFile(kind), list[Fault]()
    head, record, at = kind.head, kind.records, 0
    if kind.by_magic and data:
        magic = int.from_bytes(data[:4], "little")
        if magic not in kind.by_magic:
            expected = " or ".join(f"{number:#x}" for number in kind.by_magic)
            return Reading(made, [Fault(kind.name, 0, expected, f"{magic:#x}", kind.damage, unread=True)])
        head, record = kind.by_magic[magic]
    if head is not None and data:
        at = spec_of(head).size
        if len(data) < at:
            made.rest = data
            expected = f"{at} bytes"
            return Reading(made, [Fault(kind.name, 0, expected, str(len(data)), kind.damage, unread=True, short=True)])
        made.head = unpack(head, data, "little", 0, at if record is not None else None)
        faults += _sizes(made, at, record)
        at = len(pack(made.head, "little"))
    size = spec_of(record).size if record is not None else 0
    while record is not None and at + size <= len(data):
        made.records.append(unpack(record, data, "little", at, at + size))
        at += size
    made.rest = data[at:]
    if made.rest.strip(b"\0") and record is not None:
        expected = f"records of {size} bytes"
        faults.append(Fault(kind.name, at, expected, f"{len(made.rest)} bytes more", kind.damage, short=True))
    return Reading(made, faults)


def _sizes(made: RecordFile, head: int, record: Any) -> list[Fault]:
    """Faults of the fields that say how large head and records are."""
    if made.kind.sizes is None:
        return []
    expected = dict(zip(made.kind.sizes, (head, spec_of(record).size), strict=True))
    return [
        Fault(name, offset_in(made.head, name), str(size), str(getattr(made.head, name)), made.kind.damage)
        for name, size in expected.items() if getattr(made.head, name) != size
    ]  # fmt: skip


@checked
def write(file: RecordFile) -> bytes:
    """The bytes of a file.

    Raises:
        WireError: a value that does not fit its field.
    """
    parts = [file.head] * (file.head is not None) + file.records
    return b"".join([*(pack(part, "little") for part in parts), file.rest])


@checked
def to_json(file: RecordFile) -> dict[str, Any]:
    """A file as plain JSON types: "kind", "head" and "records"."""
    head = struct_to_json(file.head) if file.head is not None else None
    return {"kind": file.kind.name, "head": head, "records": [struct_to_json(record) for record in file.records]}
