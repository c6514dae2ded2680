"""Our own client reads and writes files of every layout a server gives: where the bytes are is judged by what is on the
disks, counted here in another way (lov/lov_offset.c: each byte's own object and offset)."""

from __future__ import annotations

import random
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.testbed.modes import READ, WRITE
from compat_tests.testbed.test_later import MIB, composed, wished
from lustre_wire.recovery.names import names
from lustre_wire.testbed import layouts
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.tasks import OperationFailed

KIB = 1024
EVERYWHERE = [
    ("1.8", wished("1.8", 3, 128 * KIB)),
    ("2.0", wished("2.0", 2, 64 * KIB, 1)),
    ("2.17", wished("2.17", 3, 192 * KIB)),
    ("2.17", composed((0, 64 * KIB, wished("2.17", 0, 64 * KIB, pattern=0x100)),
                      (64 * KIB, 448 * KIB, wished("2.17", 2, 64 * KIB)),
                      (448 * KIB, layouts.EOF, wished("2.17", 3, 128 * KIB)))),
]  # fmt: skip


def on_disks(fs: Simulated, layout: layouts.Layout, ident: Any, size: int) -> bytes:
    """The file put together byte range by byte range, from the objects."""
    out = bytearray(size)
    step = 64 * KIB  # of which every stripe is a multiple
    for at in range(0, size, step):
        (part,) = [c for c in layout.components if c.start <= at < c.end]
        length = min(step, size - at)
        if part.on_mdt:
            inode = fs.system.mds.service.mdt.space.find(ident)
            assert inode is not None
            piece = fs.system.mds.store.read(f"object {inode.ino}", at, length)
        elif part.objects is None:
            piece = b""
        else:
            stripe = at // part.size
            index, number = part.objects[stripe % len(part.objects)]
            inside = stripe // len(part.objects) * part.size + at % part.size
            piece = fs.system.osts[index].store.read(f"object {number}", inside, length)
        out[at : at + length] = piece.ljust(length, b"\0")
    return bytes(out)


@pytest.mark.parametrize(("dialect", "layout"), EVERYWHERE, ids=["1.8", "2.0", "2.17", "2.17 progressive"])
def test_bytes_are_where_the_layout_says(dialect: str, layout: bytes) -> None:
    """Two clients write, read and cut one file; neither knows what components the other had made."""
    fs = Simulated(dialect, clients=2, osts=3)
    k, rng = names(fs.system.dialect), random.Random(7)
    one, other = fs.clients
    files = [int(fs.do(one.open("/f", int(k.MDS_OPEN_CREAT) | READ | WRITE, layout=layout), one))]
    files.append(int(fs.do(other.open("/f", READ | WRITE), other)))
    wanted = bytearray()
    for turn in range(10):
        c, file = (one, other)[turn % 2], files[turn % 2]
        if turn in (5, 8):
            size = (300 * KIB + 17, 900 * KIB)[turn == 8]
            fs.do(c.truncate(file, size), c)
            wanted = wanted[:size].ljust(size, b"\0")
        else:
            at, length = rng.randrange(1 << 9 + turn), rng.randrange(1, 200_000)
            data = rng.randbytes(length)
            fs.do(c.write(file, at, data), c)
            wanted = wanted.ljust(at + length, b"\0")
            wanted[at : at + length] = data
        reader, number = (other, one)[turn % 2], files[1 - turn % 2]
        assert fs.do(reader.getattr("/f"), reader).size == len(wanted)
        assert fs.do(reader.read(number, 0, len(wanted) + 5), reader) == wanted
    fs.do(other.read(files[1], 0, 1), other)
    known = other.files[files[1]].layout
    assert known is not None and on_disks(fs, known, one.files[files[0]].ident, len(wanted)) == wanted


def test_a_file_ends_with_its_last_component() -> None:
    fs = Simulated("2.17")
    c, k = fs.clients[0], names(fs.system.dialect)
    wanted = composed((0, MIB, wished("2.17", 0, MIB, pattern=0x100)))
    file = int(fs.do(c.open("/f", int(k.MDS_OPEN_CREAT) | READ | WRITE, layout=wanted)))
    fs.do(c.write(file, MIB - 4, b"last"))
    with pytest.raises(OperationFailed, match="EFBIG"):
        fs.do(c.write(file, MIB - 4, b"and more"))
    assert fs.do(c.getattr("/f")).size == MIB


def test_stripes_of_a_component_are_no_more_than_it_has_room_for() -> None:
    d = lw.dialect("2.17")
    layout = layouts.asked(
        d, composed((0, 128 * KIB, wished("2.17", 9, 64 * KIB)), (128 * KIB, layouts.EOF, wished("2.17", 1)))
    )
    assert layout is not None and [part.stripes for part in layout.components] == [2, 1]
    with pytest.raises(lw.WireError):
        layouts.asked(
            d, composed((0, 64 * KIB, wished("2.17", 1, 128 * KIB)), (64 * KIB, layouts.EOF, wished("2.17", 1)))
        )


def test_where_a_component_is_to_begin_is_kept_until_it_is_made() -> None:
    fs = Simulated("2.17", osts=3)
    c, k = fs.clients[0], names(fs.system.dialect)
    wanted = composed((0, MIB, wished("2.17", 1, 0, 2)), (MIB, layouts.EOF, wished("2.17", 2, 0, 1)))
    file = int(fs.do(c.open("/f", int(k.MDS_OPEN_CREAT) | READ | WRITE, layout=wanted)))
    fs.do(c.write(file, MIB, b"x"))
    layout = c.files[file].layout
    assert layout is not None
    assert [[index for index, _ in part.objects or ()] for part in layout.components] == [[2], [1, 2]]
