"""What a 2.17 server does that no recorded client asked it: batches that go wrong, locks converted, data and holes, and
layouts as their users want them."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.testbed.modes import READ, WRITE
from lustre_wire.engines import record
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.payloads import batch, lov
from lustre_wire.recovery.ldlm import Bits
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.testbed import layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.mds.service import ENOTSUPP
from lustre_wire.testbed.packing import packer, result_of
from lustre_wire.testbed.tasks import OperationFailed


@pytest.fixture
def fs() -> Simulated:
    return Simulated("2.17", clients=2)


def file_of(fs: Simulated, path: str, number: int = 0) -> int:
    c, k = fs.clients[number], names(fs.system.dialect)
    return int(fs.do(c.open(path, k.MDS_OPEN_CREAT | READ | WRITE), c))


# -- batches -------------------------------------------------------------------------------------------------------


def lookups(fs: Simulated, c: ClientNode, paths: list[bytes]) -> tuple[bytes, list[Any]]:
    """A `batch_update_request` that asks for these names in the root, and the locks it asks for."""
    d, k, mdc = fs.system.dialect, names(fs.system.dialect), c.metadata()
    form, made, locks = d.rpcs["MDS_BATCH sub GETATTR"], [], []
    root = packer(d).personality.root
    for name in paths:
        lock = mdc.locks.request(k.LDLM_IBITS, (*root, 0), k.LCK_PR, Bits(3))
        locks.append(lock)
        asked = op.BatchGetAttr(
            parent=root, name=name, intent=k.IT_GETATTR, valid=packer(d).personality.lookup_valid, easize=128,
            dlm_req=request_of(d, lock, k.LDLM_FL_HAS_INTENT, 0),
        )  # fmt: skip
        values = packer(d)._values(form.request, packer(d).form(asked).request, asked)
        buffers = form.request(**values)
        made.append(batch.Submessage(LustreMsgV2(lm_padding_2=form.opcode), form, buffers, b""))
    head = d.structs["batch_update_request"](burq_magic=k.BUT_REQUEST_MAGIC)
    return batch.write(batch.Batch(head, tuple(made))), locks


def asked(fs: Simulated, c: ClientNode, data: bytes, *, room: int = 4096, bulk: bool = False, **head: int) -> Any:
    """The answer to a batch, whose operations go in the message or as bulk data."""
    d, k = fs.system.dialect, names(fs.system.dialect)
    values = {
        "buh_magic": k.BUT_HEADER_MAGIC, "buh_count": 1, "buh_inline_length": 0 if bulk else len(data),
        "buh_reply_size": room, "buh_update_count": 100, **head,
    }  # fmt: skip
    packed = record.pack(d.structs["but_update_header"](**values))
    pieces = [d.structs["but_update_buffer"](bub_size=len(data) if bulk else 0)]
    batched = op.Batch(head=packed if bulk else packed + data, pieces=pieces)
    return fs.do(c.ask(c.metadata(), batched, **({"data": data} if bulk else {})), c)


def said(request: Any) -> list[batch.Submessage]:
    return list(batch.read(request.reply.buffers.batch_update_reply, "2.17", direction="reply").messages)


@pytest.mark.parametrize("bulk", [False, True])
def test_a_batch_answers_each_lookup_with_its_lock(fs: Simulated, bulk: bool) -> None:
    c, k = fs.clients[0], names(fs.system.dialect)
    file_of(fs, "/one", 1), file_of(fs, "/two", 1)
    data, _ = lookups(fs, c, [b"one", b"two"])
    request = asked(fs, c, data, bulk=bulk)
    answers = said(request)
    assert request.status == 0 and len(answers) == 2
    held = fs.system.mds.target.namespace.locks  # type: ignore[union-attr]
    for one, path in zip(answers, ("/one", "/two"), strict=True):
        body, lock = one.buffers.mdt_body, one.buffers.dlm_rep
        ident = fs.do(fs.clients[1].getattr(path), fs.clients[1]).ident
        assert (body.mbo_fid1.f_seq, body.mbo_fid1.f_oid) == ident[:2] and body.mbo_valid & k.OBD_MD_FLEASIZE
        assert held[lock.lock_handle.cookie].owner.uuid == c.uuid


def test_a_batch_ends_with_what_fails(fs: Simulated) -> None:
    """What is not there; a file of several names; something else than a lookup; more than was said."""
    c = fs.clients[0]
    file_of(fs, "/one"), file_of(fs, "/two")
    fs.do(c.link("/two", "/second"))
    for middle, status in ((b"none", -errno.ENOENT), (b"two", -errno.ECANCELED)):
        data, _ = lookups(fs, c, [b"one", middle, b"one"])
        request = asked(fs, c, data)
        assert request.status == status and len(said(request)) == 1
        assert len(request.reply.buffers.batch_update_reply) == 4096
    data, _ = lookups(fs, c, [b"one"])
    at = 8 + next(spec.offset for spec in LustreMsgV2.__wire__.fields if spec.name == "lm_padding_2")
    strange = data[:at] + (77).to_bytes(4, "little") + data[at + 4 :]
    assert asked(fs, c, strange).status == -ENOTSUPP
    data, _ = lookups(fs, c, [b"one"] * 3)
    assert asked(fs, c, data, buh_update_count=1).status == -errno.EOVERFLOW


def test_a_batch_waits_for_nobody(fs: Simulated) -> None:
    one, other = fs.clients
    k = names(fs.system.dialect)
    file = file_of(fs, "/one")
    ident = one.files[file].ident
    every = int(k.MDS_INODELOCK_FULL)
    fs.do(one.lock(one.metadata(), k.LDLM_IBITS, (ident[0], ident[1], 0, 0), k.LCK_EX, Bits(every)), one)
    data, _ = lookups(fs, other, [b"one"])
    began = fs.simulator.now
    assert asked(fs, other, data).status == -errno.EBUSY
    assert fs.simulator.now - began < 1


@pytest.mark.parametrize(
    "head",
    [{"buh_magic": 1}, {"buh_count": 0}, {"buh_reply_size": 1 << 31}, {"buh_inline_length": 4}, {"buh_reply_size": 9}],
    ids=str,
)
def test_a_batch_that_is_none_is_refused(fs: Simulated, head: dict[str, int]) -> None:
    c = fs.clients[0]
    file_of(fs, "/one")
    data, _ = lookups(fs, c, [b"one"])
    request = asked(fs, c, data, **head)
    assert request.status in (-errno.EPROTO, -errno.EOVERFLOW)
    assert fs.do(c.getattr("/one")).ident[0]


# -- locks of which some bits are given back -----------------------------------------------------------------------


def of_a_directory(fs: Simulated) -> Any:
    """The lock, UPDATE among its bits, that the first client has of the directory /d, which it has made."""
    one, k = fs.clients[0], names(fs.system.dialect)
    fs.do(one.mkdir("/d"))
    fs.do(one.getattr("/d"))
    locks = one.metadata().locks.locks.values()
    return next(x for x in locks if x.granted and x.policy.bits & k.MDS_INODELOCK_UPDATE)


def converted(fs: Simulated, lock: Any, bits: int, mode: str = "LCK_PR") -> Any:
    c, d, k = fs.clients[0], fs.system.dialect, names(fs.system.dialect)
    body = request_of(d, lock, 0, 1)
    body.lock_desc.l_req_mode = getattr(k, mode)
    body.lock_desc.l_policy_data.l_inodebits.bits = bits
    body.lock_handle[0].cookie = lock.remote
    return fs.do(c.ask(c.metadata(), op.Convert(dlm_req=body)), c)


def test_a_lock_keeps_the_bits_that_are_not_given_back(fs: Simulated) -> None:
    _, other = fs.clients
    k = names(fs.system.dialect)
    lock = of_a_directory(fs)
    held = fs.system.mds.target.namespace.locks[lock.remote]  # type: ignore[union-attr]
    kept = int(k.MDS_INODELOCK_LOOKUP)
    request = converted(fs, lock, kept)
    reply = request.reply.buffers.dlm_rep
    assert request.status == 0 and held.policy == Bits(kept)
    assert reply.lock_handle.cookie == lock.cookie and reply.lock_desc.l_policy_data.l_inodebits.bits == kept
    fs.simulator.trace.packets.clear()
    fs.do(other.setattr("/d", int(k.MDS_ATTR_MODE), mode=0o700), other)  # needs UPDATE and PERM
    calls = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == "LDLM_BL_CALLBACK"]
    assert calls == [] and held.cookie in fs.system.mds.target.namespace.locks  # type: ignore[union-attr]


def test_who_waits_for_bits_gets_them_when_they_are_given_back(fs: Simulated) -> None:
    one, other = fs.clients
    k = names(fs.system.dialect)
    lock = of_a_directory(fs)
    one.callee.cancel = lambda owner, locks: None  # type: ignore[method-assign]  # it is asked, and converts instead
    task = fs.start(other.setattr("/d", int(k.MDS_ATTR_MODE), mode=0o700), other)
    fs.simulator.settle(2)
    assert not task.done
    converted(fs, lock, int(k.MDS_INODELOCK_LOOKUP))
    fs.simulator.settle(2)
    assert task.done and task.error is None
    fs.simulator.settle(100)
    assert not any(event.kind == "evicted" for event in fs.system.mds.events)


def test_only_bits_of_one_s_own_lock_are_given_back(fs: Simulated) -> None:
    _, other = fs.clients
    k = names(fs.system.dialect)
    lock = of_a_directory(fs)
    fs.do(other.getattr("/d"), other)
    foreign = next(x for x in other.metadata().locks.locks.values() if x.granted)
    before = fs.system.mds.target.namespace.locks[lock.remote].policy  # type: ignore[union-attr]
    assert converted(fs, lock, int(k.MDS_INODELOCK_FULL)).status == -errno.EPROTO
    assert converted(fs, lock, 0).status == -errno.EPROTO
    assert converted(fs, lock, 1, "LCK_EX").status == -errno.EPROTO
    assert converted(fs, foreign, 1).status == k.ELDLM_NO_LOCK_DATA
    assert fs.system.mds.target.namespace.locks[lock.remote].policy == before  # type: ignore[union-attr]


# -- data and holes ------------------------------------------------------------------------------------------------


def sought(fs: Simulated, file: int, whence: int, begin: int) -> Any:
    """The answer to OST_SEEK about the object of a file."""
    c, k = fs.clients[0], names(fs.system.dialect)
    index, number = c.files[file].objects[0]
    seek = op.ObjectSeek(
        id=number, seq=layouts.sequence_of(fs.system.dialect, index), size=begin, mode=whence,
        valid=k.OBD_MD_FLID | k.OBD_MD_FLGROUP,
    )  # fmt: skip
    return fs.do(c.ask(c.oscs[index], seek), c)


def test_data_and_holes_are_found_where_they_are(fs: Simulated) -> None:
    """Data are blocks that were written, and behind the end there is a hole wherever one looks for it (osd_lseek)."""
    c, k = fs.clients[0], names(fs.system.dialect)
    file = file_of(fs, "/f")
    fs.do(c.write(file, 0, b"ten bytes."))
    fs.do(c.write(file, 5 * 4096, bytes(100)))
    end = 5 * 4096 + 100
    for whence, begin, found in (
        (os.SEEK_DATA, 3, 3), (os.SEEK_HOLE, 3, 4096), (os.SEEK_DATA, 4096, 5 * 4096), (os.SEEK_HOLE, 5000, 5000),
        (os.SEEK_DATA, end - 1, end - 1), (os.SEEK_HOLE, end - 1, end), (os.SEEK_DATA, end, -errno.ENXIO),
        (os.SEEK_HOLE, end + 7, end + 7), (os.SEEK_DATA, 1 << 40, -errno.ENXIO),
    ):  # fmt: skip
        request = sought(fs, file, whence, begin)
        oa = request.reply.buffers.ost_body.oa
        assert (request.status, int(oa.o_size)) == (0, found & 0xFFFFFFFFFFFFFFFF), (whence, begin)
        assert (int(oa.o_mode), int(oa.o_valid)) == (whence, k.OBD_MD_FLID | k.OBD_MD_FLGROUP)
    assert sought(fs, file, os.SEEK_CUR, 0).status == -errno.EPROTO
    assert sought(fs, file, os.SEEK_DATA, 1 << 63).status == -errno.EPROTO


def test_what_is_cut_off_is_a_hole_when_it_comes_back(fs: Simulated) -> None:
    c = fs.clients[0]
    file = file_of(fs, "/f")
    fs.do(c.write(file, 0, b"x" * 20000))
    store, (_, number) = fs.system.osts[0].store, c.files[file].objects[0]
    assert store.get(("object", number)).blocks == 40
    fs.do(c.truncate(file, 5000))
    fs.do(c.truncate(file, 30000))
    assert sought(fs, file, os.SEEK_HOLE, 0).reply.buffers.ost_body.oa.o_size == 8192
    assert int(sought(fs, file, os.SEEK_DATA, 8192).reply.buffers.ost_body.oa.o_size) == -errno.ENXIO & (1 << 64) - 1
    assert store.get(("object", number)).blocks == 16 and fs.do(c.getattr("/f")).size == 30000


# -- layouts as their users want them ------------------------------------------------------------------------------

MIB = 1 << 20


def wished(dialect: str, count: int, size: int = 0, first: int = layouts.ALL, pattern: int = 0) -> bytes:
    """A `lov_user_md`, as `lfs setstripe -c COUNT -S SIZE -i FIRST` sends it."""
    k = names(lw.dialect(dialect))
    return lov.write(
        lw.dialect(dialect).structs["lov_user_md_v1"](
            lmm_magic=k.LOV_USER_MAGIC_V1, lmm_pattern=pattern, lmm_stripe_size=size, lmm_stripe_count=count,
            lmm_stripe_offset=first,
        )
    )  # fmt: skip


def composed(*parts: tuple[int, int, bytes], mirrors: int = 0) -> bytes:
    """A composite one, as `lfs setstripe -E` sends it: from, to, and what the part is to have."""
    d = lw.dialect("2.17")
    head = d.structs["lov_comp_md_v1"](lcm_magic=names(d).LOV_MAGIC_COMP_V1, lcm_entry_count=len(parts))
    head.lcm_mirror_count, head.lcm_entries = mirrors, [d.structs["lov_comp_md_entry_v1"]() for _ in parts]
    at = len(record.pack(head))
    for entry, (start, end, piece) in zip(head.lcm_entries, parts, strict=True):
        entry.lcme_extent = d.structs["lu_extent"](e_start=start, e_end=end)
        entry.lcme_offset, entry.lcme_size = at, len(piece)
        at += len(piece)
    head.lcm_size = at
    return record.pack(head) + b"".join(piece for *_, piece in parts)


PROGRESSIVE = composed((0, MIB, wished("2.17", 1)), (MIB, layouts.EOF, wished("2.17", 2, MIB)))


def md_of(fs: Simulated, path: str, number: int = 0) -> layouts.Layout:
    c, k = fs.clients[number], names(fs.system.dialect)
    said = fs.do(c.getattr(path), c)
    assert said.valid & k.OBD_MD_FLEASIZE and len(said.md) >= said.easize
    return layouts.read(fs.system.dialect, said.md[: said.easize])


@pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])
def test_a_file_has_the_stripes_its_user_wants(dialect: str) -> None:
    fs = Simulated(dialect, osts=3)
    c, k = fs.clients[0], names(fs.system.dialect)
    flags = int(k.MDS_OPEN_CREAT) | READ | WRITE
    fs.do(c.open("/f", flags, layout=wished(dialect, 2, MIB, 1)))
    (found,) = md_of(fs, "/f").components
    assert (found.stripes, found.size) == (2, MIB) and [index for index, _ in found.objects or ()] == [1, 2]
    fs.do(c.open("/all", flags, layout=wished(dialect, layouts.ALL)))
    (found,) = md_of(fs, "/all").components
    assert sorted(index for index, _ in found.objects or ()) == [0, 1, 2] and found.size == layouts.STRIPE_SIZE
    with pytest.raises(OperationFailed, match="EINVAL"):
        fs.do(c.open("/wrong", flags, layout=wished(dialect, 1, 1000)))


def test_the_first_component_of_a_progressive_file_is_made_with_it() -> None:
    fs = Simulated("2.17", osts=3)
    c, k = fs.clients[0], names(fs.system.dialect)
    fs.do(c.open("/f", int(k.MDS_OPEN_CREAT) | READ | WRITE, layout=PROGRESSIVE))
    found = md_of(fs, "/f")
    one, other = found.components
    assert found.generation == 2 and (one.start, one.end, other.start, other.end) == (0, MIB, MIB, layouts.EOF)
    assert len(one.objects or ()) == 1 and other.objects is None and (other.stripes, other.size) == (2, MIB)
    head = record.unpack(fs.system.dialect.structs["lov_comp_md_v1"], fs.do(c.getattr("/f")).md)
    assert [int(entry.lcme_id) for entry in head.lcm_entries] == [1, 2]
    assert [bool(entry.lcme_flags & k.LCME_FL_INIT) for entry in head.lcm_entries] == [True, False]
    assert [int(entry.lcme_size) for entry in head.lcm_entries] == [32 + 24, 32 + 2 * 24]


def layout_intent(fs: Simulated, number: int, file: Any, opc: int, start: int, end: int) -> Any:
    c, d, k = fs.clients[number], fs.system.dialect, names(fs.system.dialect)
    mdc = c.metadata()
    resource = (file[0], file[1], 0, 0)
    lock = mdc.locks.request(k.LDLM_IBITS, resource, k.LCK_CR, Bits(int(k.MDS_INODELOCK_LAYOUT)))
    asked_for = op.LayoutGet(
        opc=opc, start=start, end=end, intent=k.IT_LAYOUT, dlm_req=request_of(d, lock, k.LDLM_FL_HAS_INTENT, 1)
    )

    def saved(done: Any) -> None:
        """A replay brings the layout as it was (mdc_save_lovea)."""
        done.message.buffers.eadata = done.reply.buffers.lvb

    request = fs.do(c.ask(mdc, asked_for, keep=opc == k.LAYOUT_INTENT_WRITE, saved=saved), c)
    reply = request.reply.buffers.dlm_rep if request.reply is not None else None
    mdc.locks.answered(lock, d, reply, request.status)
    if request.status == 0:
        c.release(mdc, lock)
    return request


def test_a_component_is_made_when_it_is_to_be_written() -> None:
    """And who knows the layout gives it back first."""
    fs = Simulated("2.17", clients=2, osts=3)
    c, k = fs.clients[0], names(fs.system.dialect)
    number = int(fs.do(c.open("/f", int(k.MDS_OPEN_CREAT) | READ | WRITE, layout=PROGRESSIVE)))
    ident = c.files[number].ident
    fs.do(fs.clients[1].getattr("/f"), fs.clients[1])
    known = layout_intent(fs, 1, ident, k.LAYOUT_INTENT_ACCESS, 0, layouts.EOF)
    assert known.status == 0
    fs.simulator.trace.packets.clear()
    before = md_of(fs, "/f")
    same = layout_intent(fs, 0, ident, k.LAYOUT_INTENT_WRITE, 0, MIB)
    assert layouts.read(fs.system.dialect, same.reply.buffers.lvb) == before and not same.reply.transno
    made = layout_intent(fs, 0, ident, k.LAYOUT_INTENT_WRITE, MIB, 2 * MIB)
    after = layouts.read(fs.system.dialect, made.reply.buffers.lvb)
    assert made.status == 0 and made.reply.transno and after.generation == 3
    assert after.components[0] == before.components[0]
    assert len({index for index, _ in after.components[1].objects or ()}) == 2
    called = [e for e in fs.simulator.trace.exchanges(fs.dialects) if e.name == "LDLM_BL_CALLBACK" and e.is_request]
    assert called and md_of(fs, "/f", 1) == after
    there = [("object", n) in fs.system.osts[index].store for index, n in after.objects]
    assert there == [True] * 3
    fs.restart()  # before it is on disk
    fs.recovered()
    assert md_of(fs, "/f", 1) == after
    fs.do(c.close(number))
    fs.do(c.unlink("/f"))
    fs.simulator.settle(2)
    assert not any(("object", n) in fs.system.osts[index].store for index, n in after.objects)


def test_what_nobody_does_with_a_layout_is_refused() -> None:
    fs = Simulated("2.17")
    c, k = fs.clients[0], names(fs.system.dialect)
    number = int(fs.do(c.open("/f", int(k.MDS_OPEN_CREAT) | READ | WRITE)))
    request = layout_intent(fs, 0, c.files[number].ident, k.LAYOUT_INTENT_RELEASE, 0, 1)
    assert request.status == -errno.EINVAL


@pytest.mark.parametrize(
    "wrong",
    [
        composed((0, MIB, wished("2.17", 1)), (2 * MIB, layouts.EOF, wished("2.17", 1))),
        composed((0, 1000, wished("2.17", 1)), (1000, layouts.EOF, wished("2.17", 1))),
        composed((0, MIB, wished("2.17", 1, pattern=0x100)), (MIB, layouts.EOF, wished("2.17", 1))),
        composed((0, layouts.EOF, wished("2.17", 1)), mirrors=1),
        PROGRESSIVE[:60],
        PROGRESSIVE[:12] + bytes(4) + PROGRESSIVE[16:],
        PROGRESSIVE[:-1],
    ],
    ids=["gap", "unaligned", "on the MDT", "mirrors", "cut", "none", "short"],
)
def test_a_layout_that_cannot_be_made_is_refused(wrong: bytes) -> None:
    fs = Simulated("2.17", osts=2)
    c, k = fs.clients[0], names(fs.system.dialect)
    with pytest.raises(OperationFailed, match="EINVAL"):
        fs.do(c.open("/f", int(k.MDS_OPEN_CREAT) | READ | WRITE, layout=wrong))
    assert fs.do(c.getattr("/")).ident[0]


@pytest.mark.parametrize("dialect", ["1.8", "2.0", "2.17"])
def test_new_files_have_the_layout_of_their_directory(dialect: str) -> None:
    fs = Simulated(dialect, osts=3)
    c, k = fs.clients[0], names(fs.system.dialect)
    fs.do(c.mkdir("/d"))
    said = wished(dialect, 2, MIB)
    fs.do(c.setattr("/d", 0, ea=said))
    fs.do(c.mkdir("/d/e"))
    for path in ("/d/f", "/d/e/f"):
        fs.do(c.open(path, int(k.MDS_OPEN_CREAT) | READ | WRITE))
        (found,) = md_of(fs, path).components
        assert (found.stripes, found.size) == (2, MIB)
    asked_for = op.GetAttr(
        ident=fs.do(c.getattr("/d")).ident, valid=int(k.OBD_MD_FLEASIZE | k.OBD_MD_FLDIREA), easize=128
    )
    told = result_of(fs.do(c.ask(c.metadata(), asked_for), c))
    assert told.valid & k.OBD_MD_FLDIREA and told.md[: told.easize] == said
    fs.do(c.setattr("/d", 0, ea=wished(dialect, 0)))
    fs.do(c.open("/d/usual", int(k.MDS_OPEN_CREAT) | READ | WRITE))
    assert md_of(fs, "/d/usual").components[0].stripes == 1
