"""What a 2.17 server does that no recorded client asked it: batches that go wrong, locks converted, data and holes."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from compat_tests.testbed.modes import READ, WRITE
from lustre_wire.engines import record
from lustre_wire.frames.lustre_msg import LustreMsgV2
from lustre_wire.payloads import batch
from lustre_wire.recovery.ldlm import Bits
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.testbed import layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.namespace import ClientNode
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.mds.service import ENOTSUPP
from lustre_wire.testbed.packing import packer


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


def converted(fs: Simulated, lock: Any, bits: int, mode: str = "LCK_PR") -> Any:
    c, d, k = fs.clients[0], fs.system.dialect, names(fs.system.dialect)
    body = request_of(d, lock, 0, 1)
    body.lock_desc.l_req_mode = getattr(k, mode)
    body.lock_desc.l_policy_data.l_inodebits.bits = bits
    body.lock_handle[0].cookie = lock.remote
    return fs.do(c.ask(c.metadata(), op.Convert(dlm_req=body)), c)


def test_a_lock_keeps_the_bits_that_are_not_given_back(fs: Simulated) -> None:
    one, other = fs.clients
    k = names(fs.system.dialect)
    fs.do(one.mkdir("/d"))
    fs.do(one.getattr("/d"))
    lock = next(x for x in one.metadata().locks.locks.values() if x.granted and x.policy.bits & k.MDS_INODELOCK_UPDATE)
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
    fs.do(one.mkdir("/d"))
    fs.do(one.getattr("/d"))
    lock = next(x for x in one.metadata().locks.locks.values() if x.granted and x.policy.bits & k.MDS_INODELOCK_UPDATE)
    one.cancel = lambda owner, locks: None  # type: ignore[method-assign]  # it is asked, and converts instead
    task = fs.start(other.setattr("/d", int(k.MDS_ATTR_MODE), mode=0o700), other)
    fs.simulator.settle(2)
    assert not task.done
    converted(fs, lock, int(k.MDS_INODELOCK_LOOKUP))
    fs.simulator.settle(2)
    assert task.done and task.error is None
    fs.simulator.settle(100)
    assert not any(event.kind == "evicted" for event in fs.system.mds.events)


def test_only_bits_of_one_s_own_lock_are_given_back(fs: Simulated) -> None:
    one, other = fs.clients
    k = names(fs.system.dialect)
    fs.do(one.mkdir("/d"))
    fs.do(one.getattr("/d"))
    fs.do(other.getattr("/d"), other)
    lock = next(x for x in one.metadata().locks.locks.values() if x.granted and x.policy.bits & k.MDS_INODELOCK_UPDATE)
    foreign = next(x for x in other.metadata().locks.locks.values() if x.granted)
    before = fs.system.mds.target.namespace.locks[lock.remote].policy  # type: ignore[union-attr]
    assert converted(fs, lock, int(k.MDS_INODELOCK_FULL)).status == -errno.EPROTO
    assert converted(fs, lock, 0).status == -errno.EPROTO
    assert converted(fs, lock, 1, "LCK_EX").status == -errno.EPROTO
    assert converted(fs, foreign, 1).status == k.ELDLM_NO_LOCK_DATA
    assert fs.system.mds.target.namespace.locks[lock.remote].policy == before  # type: ignore[union-attr]


# -- data and holes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whence", "begin", "found"),
    [(os.SEEK_DATA, 3, 3), (os.SEEK_HOLE, 3, 10), (os.SEEK_DATA, 10, -errno.ENXIO), (os.SEEK_HOLE, 11, -errno.ENXIO)],
)
def test_data_ends_where_the_object_ends(fs: Simulated, whence: int, begin: int, found: int) -> None:
    c, k = fs.clients[0], names(fs.system.dialect)
    file = file_of(fs, "/f")
    fs.do(c.write(file, 0, b"ten bytes."))
    index, number = c.files[file].objects[0]
    valid = k.OBD_MD_FLID | k.OBD_MD_FLGROUP
    seek = op.ObjectSeek(
        id=number, seq=layouts.sequence_of(fs.system.dialect, index), size=begin, mode=whence, valid=valid
    )
    request = fs.do(c.ask(c.oscs[index], seek), c)
    oa = request.reply.buffers.ost_body.oa
    assert request.status == 0 and int(oa.o_size) == found & 0xFFFFFFFFFFFFFFFF
    assert (int(oa.o_mode), int(oa.o_valid)) == (whence, valid)
    seek.mode = os.SEEK_CUR
    assert fs.do(c.ask(c.oscs[index], seek), c).status == -errno.EPROTO
