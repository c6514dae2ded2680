"""Data on an MDT (2.17): what of mdt/mdt_io.c, mdt_open.c and mdt_handler.c a client sees, and what its receivers
check (mdc/mdc_locks.c, mdc/mdc_dev.c, llite/file.c)."""

from __future__ import annotations

import errno
import os
from typing import Any

import attrs
import pytest

from compat_tests.testbed.modes import READ, WRITE
from compat_tests.testbed.test_later import MIB, composed, file_of, wished
from lustre_wire.engines import record
from lustre_wire.recovery.ldlm import Bits
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.limits import DEFAULT
from lustre_wire.recovery.names import names
from lustre_wire.testbed import layouts, receivers
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.packing import result_of
from lustre_wire.testbed.tasks import OperationFailed

ON_MDT, KIB = 0x100, 1024
#: 64 KiB on the MDT, the rest on an OST.
MIXED = composed((0, 64 * KIB, wished("2.17", 0, 64 * KIB, pattern=ON_MDT)), (64 * KIB, layouts.EOF, wished("2.17", 1)))


@pytest.fixture
def fs() -> Simulated:
    return Simulated("2.17", clients=3)


def made(fs: Simulated, path: str, data: bytes = b"", layout: bytes = MIXED, number: int = 0) -> int:
    c, k = fs.clients[number], names(fs.system.dialect)
    file = int(fs.do(c.open(path, int(k.MDS_OPEN_CREAT) | READ | WRITE, layout=layout), c))
    if data:
        fs.do(c.write(file, 0, data), c)
    return file


def opened(fs: Simulated, path: str, number: int, flags: int = READ, room: int | None = None) -> Any:
    """The answer to an open, of a client that says it has so much room for it."""
    c = fs.clients[number]
    mdc = c.metadata()
    wrap = mdc.wrap

    def roomy(message: Any, **options: Any) -> Any:
        if room is not None and "OPEN" in message.name:
            message.header.lm_repsize = room
        return wrap(message, **options)

    mdc.wrap = roomy  # type: ignore[method-assign]
    try:
        file = fs.do(c.open(path, flags), c)
    finally:
        mdc.wrap = wrap  # type: ignore[method-assign]
    return result_of(c.files[file].request)


def idle(fs: Simulated, number: int = 0) -> None:
    """A client gives back every lock of the MDT's."""
    c = fs.clients[number]
    mdc = c.metadata()
    c.callee.cancel(mdc, mdc.locks.give_up(list(mdc.locks.locks.values()), names(mdc.dialect)))
    fs.simulator.flush(c)
    fs.simulator.settle(1)


def bits_of(result: Any) -> int:
    return int(result.dlm_rep.lock_desc.l_policy_data.l_inodebits.bits)


# -- layouts -------------------------------------------------------------------------------------------------------


def test_the_part_on_the_mdt_has_no_objects_and_is_there_at_once(fs: Simulated) -> None:
    c, k = fs.clients[0], names(fs.system.dialect)
    file = made(fs, "/f")
    md = result_of(c.files[file].request).md
    head = record.unpack(fs.system.dialect.structs["lov_comp_md_v1"], md)
    entry, other = head.lcm_entries
    assert (int(entry.lcme_size), int(other.lcme_size)) == (32, 32 + 24)
    assert entry.lcme_flags & k.LCME_FL_INIT and not other.lcme_flags & k.LCME_FL_INIT
    piece = record.unpack(fs.system.dialect.structs["lov_mds_md_v1"], md[entry.lcme_offset :][: entry.lcme_size])
    assert (piece.lmm_pattern, piece.lmm_stripe_size, piece.lmm_stripe_count) == (k.LOV_PATTERN_MDT, 64 * KIB, 0)
    assert piece.lmm_oi.oi_id == c.files[file].ident[1]


def test_no_more_is_kept_than_the_mdt_keeps_of_a_file(fs: Simulated) -> None:
    """The next part begins where the first is cut (lod_dom_stripesize_choose)."""
    much = composed((0, 4 * MIB, wished("2.17", 0, 4 * MIB, pattern=ON_MDT)), (4 * MIB, layouts.EOF, wished("2.17", 1)))
    file = made(fs, "/f", layout=much)
    layout = fs.clients[0].files[file].layout
    assert layout is not None
    one, other = layout.components
    assert (one.end, one.size, other.start) == (MIB, MIB, MIB) and layouts.MOST_ON_MDT == MIB


@pytest.mark.parametrize(
    "wrong",
    [
        wished("2.17", 1, MIB, pattern=ON_MDT),
        composed((0, MIB, wished("2.17", 1)), (MIB, 2 * MIB, wished("2.17", 0, MIB, pattern=ON_MDT))),
        composed((0, MIB, wished("2.17", 0, 64 * KIB, pattern=ON_MDT))),
        composed((0, MIB, wished("2.17", 2, MIB, pattern=ON_MDT))),
    ],
    ids=["alone", "not the first", "less than the part", "two stripes"],
)
def test_a_layout_the_mdt_does_not_keep_is_refused(fs: Simulated, wrong: bytes) -> None:
    with pytest.raises(OperationFailed, match="EINVAL"):
        made(fs, "/f", layout=wrong)


# -- opens and lookups ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "inline"),
    [(0, None), (5000, (0, 5000)), (20000, (16384, 3616)), (16384, None), (64 * KIB, None)],
    ids=["nothing", "all of it", "its last page", "no part of a page", "full"],
)
def test_an_open_brings_the_data_it_has_room_for(fs: Simulated, size: int, inline: tuple[int, int] | None) -> None:
    k = names(fs.system.dialect)
    data = os.urandom(size)
    fs.do(fs.clients[0].close(made(fs, "/f", data)))
    idle(fs)
    said = opened(fs, "/f", 1, room=8192)
    assert said.valid & k.OBD_MD_DOM_SIZE and said.dom_size == size
    assert said.dom_blocks == (size + 4095) // 4096 * 8
    assert bits_of(said) & (k.MDS_INODELOCK_DOM | k.MDS_INODELOCK_LAYOUT) == 0x48
    piece = record.unpack(fs.system.dialect.structs["niobuf_remote"], said.inline[:16])
    got = (int(piece.rnb_offset), int(piece.rnb_len)) if piece.rnb_len else None
    assert got == inline and said.inline[16:] == (data[inline[0] :] if inline else b"")


def test_pages_are_as_large_as_the_client_says(fs: Simulated) -> None:
    fs.do(fs.clients[0].close(made(fs, "/f", b"x" * 20000)))
    idle(fs)
    fs.system.mds.service.data.pages[fs.clients[1].uuid] = 16
    said = opened(fs, "/f", 1, room=8192)
    assert said.dom_size == 20000 and said.inline == bytes(16)  # all of it is one page, which has no room


def test_a_client_without_room_for_answers_gets_no_data(fs: Simulated) -> None:
    """lm_repsize is 0 where it does not read when it opens (mdt_read_inline)."""
    fs.do(fs.clients[0].close(made(fs, "/f", b"x" * 100)))
    idle(fs)
    assert opened(fs, "/f", 1, room=0).inline == bytes(16)
    idle(fs, 1)
    assert opened(fs, "/f", 1, room=4096).inline[16:] == b"x" * 100


@pytest.mark.parametrize(("flags", "mode"), [(READ, "LCK_PR"), (READ | WRITE, "LCK_PW")])
def test_an_open_takes_the_data_s_lock_along(fs: Simulated, flags: int, mode: str) -> None:
    k = names(fs.system.dialect)
    fs.do(fs.clients[0].close(made(fs, "/f", b"data")))
    for number in (1, 2):
        idle(fs, number - 1)
        said = opened(fs, "/f", number, flags)
        assert said.dlm_rep.lock_desc.l_req_mode == getattr(k, mode) and bits_of(said) & k.MDS_INODELOCK_DOM


def test_who_holds_the_data_is_not_asked_for_it(fs: Simulated) -> None:
    """An open of another gets what else is free; and neither does one of the holder, who has it already."""
    k = names(fs.system.dialect)
    one = fs.clients[0]
    file = made(fs, "/f", b"data")
    held = [x for x in one.metadata().locks.locks.values() if x.granted == k.LCK_PW]
    assert held and held[0].policy.bits & k.MDS_INODELOCK_DOM
    assert not bits_of(opened(fs, "/f", 1)) & k.MDS_INODELOCK_DOM
    again = opened(fs, "/f", 0)
    assert not bits_of(again) & k.MDS_INODELOCK_DOM and not again.valid & k.OBD_MD_DOM_SIZE
    assert fs.do(one.read(file, 0, 9)) == b"data"


def test_a_lookup_by_name_says_how_much_there_is(fs: Simulated) -> None:
    k = names(fs.system.dialect)
    fs.do(fs.clients[0].close(made(fs, "/f", b"x" * 700)))
    idle(fs)
    file_of(fs, "/plain")
    asked = fs.do(fs.clients[1].getattr("/f"), fs.clients[1])
    assert asked.valid & k.OBD_MD_DOM_SIZE and asked.dom_size == 700
    assert bits_of(asked) & k.MDS_INODELOCK_DOM
    plain = fs.do(fs.clients[1].getattr("/plain"), fs.clients[1])
    assert not plain.valid & k.OBD_MD_DOM_SIZE and not bits_of(plain) & k.MDS_INODELOCK_DOM


# -- locks and glimpses --------------------------------------------------------------------------------------------


def glimpse(fs: Simulated, number: int, ident: Any, *flags: str) -> Any:
    c, k = fs.clients[number], names(fs.system.dialect)
    mdc = c.metadata()
    lock = mdc.locks.request(k.LDLM_IBITS, (ident[0], ident[1], 0, 0), k.LCK_PR, Bits(int(k.MDS_INODELOCK_DOM)))
    asked = k.LDLM_FL_HAS_INTENT
    for flag in flags:
        asked |= getattr(k, flag)
    body = request_of(mdc.dialect, lock, asked, 1)
    request = fs.do(c.ask(mdc, op.Enqueue(dlm_req=body), "LDLM_ENQUEUE"), c)
    mdc.locks.answered(lock, mdc.dialect, result_of(request).dlm_rep, request.status)
    c.release(mdc, lock)
    return request


def test_a_glimpse_asks_who_writes_and_otherwise_brings_the_lock(fs: Simulated) -> None:
    k = names(fs.system.dialect)
    one = fs.clients[0]
    file = made(fs, "/f", b"x" * 700)
    ident = one.files[file].ident
    held = next(x for x in one.metadata().locks.locks.values() if x.granted == k.LCK_PW)
    held.data = fs.system.dialect.structs["ost_lvb"](lvb_size=9000, lvb_mtime=5)
    request = glimpse(fs, 1, ident)
    said = result_of(request)
    assert request.status == k.ELDLM_LOCK_ABORTED and said.lvb.lvb_size == 9000
    ahead = glimpse(fs, 1, ident, "LDLM_FL_BLOCK_NOWAIT")  # asked for ahead: nobody is disturbed for it
    assert ahead.status == k.ELDLM_LOCK_ABORTED and result_of(ahead).lvb.lvb_size == 700
    fs.do(one.close(file))
    idle(fs)
    free = glimpse(fs, 1, ident)
    assert free.status == 0 and result_of(free).dlm_rep.lock_handle.cookie and result_of(free).lvb.lvb_size == 700


def test_a_lock_that_was_waited_for_brings_the_attributes(fs: Simulated) -> None:
    """In the callback that grants it (ldlm_server_completion_ast); of an OST's object too, in each release."""
    one, other = fs.clients[:2]
    file = made(fs, "/f", b"x" * 700)
    fs.do(other.getattr("/f"), other)
    mine = fs.do(other.open("/f", READ | WRITE), other)
    fs.simulator.trace.packets.clear()
    fs.do(other.write(mine, 5000, b"more"), other)
    granted = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == "LDLM_CP_CALLBACK" and e.is_request]
    values = [record.unpack(fs.system.dialect.structs["ost_lvb"], e.message.buffers.lvb) for e in granted]
    assert [value.lvb_size for value in values] == [700]
    assert fs.do(one.read(file, 0, 9000)) == (b"x" * 700).ljust(5000, b"\0") + b"more"


def test_a_file_that_is_gone_has_its_data_thrown_away(fs: Simulated) -> None:
    one, other = fs.clients[:2]
    k = names(fs.system.dialect)
    file = made(fs, "/f", b"x" * 700)
    ident = one.files[file].ident
    fs.do(one.close(file))
    idle(fs)
    assert glimpse(fs, 1, ident).status == 0 and len(other.metadata().locks.locks) == 1
    store = fs.system.mds.store
    used = store.file_bytes
    fs.simulator.trace.packets.clear()
    fs.do(one.unlink("/f"))
    fs.simulator.settle(1)
    assert not other.metadata().locks.locks
    called = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == "LDLM_BL_CALLBACK" and e.is_request]
    assert any(e.message.buffers.dlm_req.lock_flags & k.LDLM_FL_DISCARD_DATA for e in called)
    assert store.file_bytes == used - 700
    left = fs.system.mds.target.namespace.locks.values()  # type: ignore[union-attr]
    assert all(lock.owner is not None for lock in left)


# -- transfers -----------------------------------------------------------------------------------------------------


def transfer(fs: Simulated, ident: Any, kind: Any, what: Any = 0, **said: Any) -> Any:
    """A request about data, to the MDT."""
    c, k = fs.clients[0], names(fs.system.dialect)
    d, mdc = fs.system.dialect, fs.clients[0].metadata()
    values = {"id": ident[1], "seq": ident[0], "valid": k.OBD_MD_FLID | k.OBD_MD_FLGROUP, **said}
    options: dict[str, Any] = {"portal": c._at(mdc, kind)}
    if kind in (op.ObjectRead, op.ObjectWrite):
        length = what if isinstance(what, int) else len(what)
        values["ioobj"] = [layouts.ioobj(d, ident[0], ident[1])]
        values["niobufs"] = [d.structs["niobuf_remote"](rnb_offset=said.pop("at", 0), rnb_len=length)]
        options["expects" if kind is op.ObjectRead else "data"] = what
    values.pop("at", None)
    return fs.do(c.ask(mdc, kind(**values), **options), c)


def test_answers_are_those_of_an_mdt(fs: Simulated) -> None:
    """Portals, what is valid, transnos and what of them is on disk (mdt_obd_commitrw, mdt_punch_hdl, mdt_data_sync)."""
    c, k = fs.clients[0], names(fs.system.dialect)
    ident = c.files[made(fs, "/f")].ident
    fs.simulator.trace.packets.clear()
    wrote = transfer(fs, ident, op.ObjectWrite, b"z" * 5000)
    assert wrote.status == 0 and wrote.reply.transno and wrote.reply.body.pb_last_committed >= wrote.reply.transno
    size = int(k.OBD_MD_FLSIZE | k.OBD_MD_FLBLOCKS)
    said = result_of(wrote)
    assert said.valid & size == size and (said.size, said.blocks) == (5000, 16) and not said.valid & k.OBD_MD_FLMTIME
    read = transfer(fs, ident, op.ObjectRead, 9000)
    assert read.status == 5000 and not read.reply.transno and not result_of(read).valid
    cut = transfer(fs, ident, op.ObjectPunch, size=100, blocks=op.EOF)
    times = int(k.OBD_MD_FLID | k.OBD_MD_FLATIME | k.OBD_MD_FLMTIME | k.OBD_MD_FLCTIME)
    assert cut.reply.transno and result_of(cut).valid == size | times and result_of(cut).size == 100
    synced = transfer(fs, ident, op.ObjectSync)
    assert result_of(synced).valid & times == times and not synced.reply.transno
    portals = {(e.name, e.sent.packet.portal) for e in fs.simulator.trace.exchanges(fs.dialects)}
    asked = {name: portal for name, portal in portals if portal in (k.MDS_IO_PORTAL, k.MDS_REQUEST_PORTAL)}
    assert asked == {"OST_WRITE": 13, "OST_READ": 13, "OST_PUNCH": 13, "OST_SYNC": 12}
    assert {portal for _, portal in portals if portal not in asked.values()} == {k.MDC_REPLY_PORTAL}


def test_what_cannot_be_done_with_data_is_refused(fs: Simulated) -> None:
    c, k = fs.clients[0], names(fs.system.dialect)
    ident = c.files[made(fs, "/f", b"x")].ident
    fs.do(c.mkdir("/d"))
    folder, missing = fs.do(c.getattr("/d")).ident, (ident[0], 0x7777, 0)
    assert transfer(fs, ident, op.ObjectWrite, b"x", at=64 * KIB).status == -errno.EFBIG
    assert transfer(fs, ident, op.ObjectPunch, size=1, blocks=9).status == -errno.EPROTO
    assert transfer(fs, folder, op.ObjectWrite, b"x").status == -errno.EPERM
    assert transfer(fs, missing, op.ObjectWrite, b"x").status == -errno.ENOENT
    assert transfer(fs, missing, op.ObjectRead, 1).status == 0
    plain = c.files[file_of(fs, "/plain")].ident
    assert transfer(fs, plain, op.ObjectWrite, b"x").status == -errno.EFBIG
    assert fs.do(c.getattr("/f")).size == 1 and k.OST_READ


def test_data_counts_for_the_room_there_is(fs: Simulated) -> None:
    c = fs.clients[0]
    target = fs.system.mds.target
    assert target is not None
    file = made(fs, "/f")
    space = fs.system.mds.service.mdt.space
    target.limits = attrs.evolve(DEFAULT, inodes=space.inodes + 40 + space.store.file_bytes // KIB)
    with pytest.raises(OperationFailed, match="ENOSPC"):
        fs.do(c.write(file, 0, bytes(50 * KIB)))
    fs.do(c.write(file, 0, bytes(38 * KIB)))
    with pytest.raises(OperationFailed, match="ENOSPC"):
        for number in range(4):
            made(fs, f"/more{number}")


def test_data_survives_what_a_disk_survives(fs: Simulated) -> None:
    """It is there after a crash, and so are opens that are made again."""
    c = fs.clients[0]
    file = made(fs, "/f", b"before the crash")
    fs.restart()
    fs.recovered()
    assert fs.do(c.read(file, 0, 99)) == b"before the crash"
    fs.do(c.write(file, 7, b"that "))
    fs.do(c.close(file))
    other = fs.clients[1]
    assert fs.do(other.read(fs.do(other.open("/f", READ), other), 0, 99), other) == b"before that rash"


# -- receivers -----------------------------------------------------------------------------------------------------


def test_receivers_believe_what_is_said_of_data_and_nothing_else(
    fs: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[receivers.Received] = []
    judge = receivers.complaints

    def noted(received: receivers.Received) -> Any:
        found.append(received)
        return judge(received)

    monkeypatch.setattr(receivers, "complaints", noted)
    file = made(fs, "/f", b"x" * 700)
    ident = fs.clients[0].files[file].ident
    fs.do(fs.clients[0].close(file))
    idle(fs)
    found.clear()
    opened(fs, "/f", 1, room=4096)
    idle(fs, 1)
    glimpse(fs, 1, ident)
    open_, plain = (next(r for r in found if r.name == name) for name in ("LDLM_ENQUEUE/INTENT_OPEN", "LDLM_ENQUEUE"))
    assert [wrong for r in found for wrong in judge(r)] == []
    buffers = open_.reply.buffers
    inline, valid = buffers.niobuf_inline, buffers.mdt_body.mbo_valid
    assert len(inline) == 716
    buffers.mdt_body.mbo_dom_size = 701
    assert [wrong for wrong in judge(open_) if "server returns off/len 0/700 but size 701" in wrong]
    buffers.mdt_body.mbo_dom_size = 700
    buffers.niobuf_inline = inline[:-1]
    assert [wrong for wrong in judge(open_) if "699 bytes for 700" in wrong]
    buffers.niobuf_inline, buffers.mdt_body.mbo_valid = inline, valid & ~0x1000
    assert [wrong for wrong in judge(open_) if "DoM lock without size" in wrong]
    plain.reply.buffers.lvb = None
    assert [wrong for wrong in judge(plain) if "no LVB" in wrong]
