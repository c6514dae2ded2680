"""Recorded servers of 2.17 as judges of ours: the requests of a recorded client, and what it was answered.

Each request is asked of our servers with the names of our answers in place of the recorded ones, as in `realclients`;
here every answer is compared with the recorded one: its slots and their sizes, status, flags, valid bits, the lock.
"""

from __future__ import annotations

import errno
import stat
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from compat_tests.testbed.realclients import KINDS, Numbers, RealClient, Step, _kind, _pairs, _structs
from lustre_wire import rpc
from lustre_wire.capture.captured import Captured
from lustre_wire.capture.rpcs import read_messages
from lustre_wire.engines import record
from lustre_wire.frames import lustre_msg
from lustre_wire.payloads import batch, lov
from lustre_wire.recovery.names import names
from lustre_wire.testbed import layouts
from lustre_wire.testbed.file_system import FSNAME, MDS_NID, MGS_NID, OST_NID, TCP, Simulated
from lustre_wire.testbed.mds import striped
from lustre_wire.testbed.mds.service import PATH_KEY
from lustre_wire.testbed.space import ROOT_INO, Inode

FOLDER = FIXTURES / "captures"
RECORDED_FSNAME = "oracle"
#: LMV_MAGIC_V1 as it is written.
STRIPED = b"\xd0\x0c\xd2\x0c"
#: Addresses of the recorded nodes: one has MGS, MDT0000 and OST0000, one MDT0001 and OST0001, one is the client.
FIRST, SECOND, CLIENT = 0x0A000001, 0x0A000002, 0x0A000003
#: Kind of target, by the portal it is asked at; LDLM_CANCEL has one of its own, and tells by its export.
_AT = {26: "MGS", **dict.fromkeys((12, 13, 22, 23, 24, 29, 30), "MDT"), **dict.fromkeys((28, 6, 7), "OST")}
#: Our node for each recorded target. MDT0001's requests are asked of our one MDT, on the connection to MDT0000.
OURS = {
    (FIRST, "MGS"): MGS_NID, (FIRST, "MDT"): MDS_NID, (SECOND, "MDT"): MDS_NID, (FIRST, "OST"): OST_NID,
    (SECOND, "OST"): OST_NID + 1,
}  # fmt: skip
#: What is not asked of it: it is connected already.
NOT_ASKED = ("MDS_CONNECT", "MDS_DISCONNECT")


@cache
def captured(name: str) -> list[Captured]:
    with (FOLDER / f"{name}.pcap").open("rb") as stream:
        return list(read_messages(stream, dialect="2.17"))


def conversation(*captures: str) -> tuple[list[Step], Counter[str], set[int]]:
    """What the client and its servers said in these captures, one after the other; and what of it is left out with its
    answers, by format: connections to MDT0001, and what was asked of it before MDT0000 was there; and their handles."""
    steps: list[Step] = []
    left: Counter[str] = Counter()
    exports: dict[int, tuple[int, str]] = {}
    began = offset = last = 0.0
    connected = False
    for name in captures:
        began, offset, skipped = 0.0, last + 1.0 if steps else 0.0, set[tuple[int, int]]()
        found: dict[tuple[int, int], Step] = {}
        for c in captured(name):
            lnet = c.lnet
            if lnet is None or (c.message is None and c.kind != "bulk"):
                continue
            ours = lnet.src_nid & 0xFFFFFFFF == CLIENT
            if not ours and lnet.dest_nid & 0xFFFFFFFF != CLIENT:
                continue
            began = began or c.time_ns / 1e9
            time = c.time_ns / 1e9 - began + offset
            node = int((lnet.dest_nid if ours else lnet.src_nid) & 0xFFFFFFFF)
            if c.kind == "bulk":
                if ours and c.request is not None and c.request.lnet is not None:
                    step = found.get((node, c.request.lnet.match_bits))
                    if step is not None:
                        step.bulk = c.raw
                continue
            kind = KINDS.get((c.kind, ours))
            if kind is None:
                continue
            where = _target(c, kind, node, exports)
            if kind == "answer" and where == (FIRST, "MDT") and c.name == "MDS_CONNECT" and c.status == 0:
                connected = True
            if kind == "ask" and where == (FIRST, "MDT") and c.name == "MDS_CONNECT":
                connected = False  # to MDT0001 it may be all the while
            second = where == (SECOND, "MDT") and (c.name in NOT_ASKED or not connected)
            if kind == "ask" and (where not in OURS or second):
                left[c.name] += 1
                skipped.add((node, lnet.match_bits))
            if where not in OURS or (node, lnet.match_bits) in skipped:
                continue
            last = time
            steps.append(Step(time, kind, OURS[where] & 0xFFFFFFFF, lnet.match_bits, c))
            if kind == "ask":
                found[node, lnet.match_bits] = steps[-1]
    return steps, left, {cookie for cookie, where in exports.items() if where == (SECOND, "MDT")}


def _target(c: Captured, kind: str, node: int, exports: dict[int, tuple[int, str]]) -> tuple[int, str]:
    """Which target a message is about, as its portal or its export says."""
    message = c.message
    assert message is not None and c.lnet is not None
    if kind == "ask":
        cookie, at = int(message.body.pb_handle.cookie), _AT.get(c.lnet.portal)
        if at is None:
            return exports.get(cookie, (node, ""))
        if cookie:
            exports.setdefault(cookie, (node, at))
        return node, at
    if kind == "answer":
        assert c.request is not None
        return _target(c.request, "ask", node, exports)
    request = c if kind == "called" else c.request
    assert request is not None and request.message is not None
    resource = request.message.buffers.dlm_req.lock_desc.l_resource
    k = names(message.dialect)
    if int(resource.lr_type) == k.LDLM_EXTENT:
        return node, "OST"
    return node, "MGS" if int(resource.lr_type) == k.LDLM_PLAIN else "MDT"


# -- comparing -----------------------------------------------------------------------------------------------------


@attrs.define(slots=True, frozen=True)
class Difference:
    """Where our answer is not the recorded one: `what` of which format, and both."""

    format: str
    what: str
    recorded: Any
    ours: Any


def seen(message: rpc.Message, portal: int, offset: int, bulk: int | None) -> dict[str, Any]:
    """What of an answer is compared."""
    body, buffers = message.body, message.buffers
    found: dict[str, Any] = {
        "type": int(body.pb_type), "status": message.status, "flags": int(body.pb_flags),
        "op_flags": int(body.pb_op_flags), "transno": bool(body.pb_transno), "portal": portal, "offset": offset,
        "sizes": tuple(lustre_msg.split(rpc.encode(message)).lengths), "bulk": bulk is not None,
        "versions": sum(1 << n for n, version in enumerate(body.pb_pre_versions) if version),
    }  # fmt: skip
    if message.name == "OST_READ" and message.status > 0:
        found["bulk"] = bulk
    if (data := getattr(buffers, "connect_data", None)) is not None:
        found["connect flags"], found["connect flags2"] = int(data.ocd_connect_flags), int(data.ocd_connect_flags2)
        found["connect data"] = [
            f.name for f in data.__wire__.fields if getattr(data, f.name) and "cksum" not in f.name
        ]
    if (one := getattr(buffers, "mdt_body", None)) is not None:
        found["valid"], found["inode flags"] = int(one.mbo_valid), int(one.mbo_flags)
        found["mode"], found["handle"] = int(one.mbo_mode), bool(one.mbo_open_handle.cookie)
    if (one := getattr(buffers, "ost_body", None)) is not None:
        found["valid"], found["object flags"] = int(one.oa.o_valid), int(one.oa.o_flags)
    if (lock := getattr(buffers, "dlm_rep", None)) is not None:
        found["lock flags"], found["disposition"] = int(lock.lock_flags), int(lock.lock_policy_res1)
        found["result"], desc = int(lock.lock_policy_res2), lock.lock_desc
        found["lock"] = int(desc.l_resource.lr_type), int(desc.l_req_mode), int(desc.l_granted_mode)
        if int(desc.l_resource.lr_type) == names(message.dialect).LDLM_IBITS:
            found["lock bits"] = int(desc.l_policy_data.l_inodebits.bits)
        found["lock handle"] = bool(lock.lock_handle.cookie)
    if isinstance(getattr(buffers, "batch_update_reply", None), bytes):
        found["batch"] = [_inside(one) for one in answers_of(message)]
    if (one := getattr(buffers, "obd_statfs", None)) is not None:
        found["statfs"] = int(one.os_namelen)
    return found


def _inside(one: batch.Submessage) -> tuple[Any, ...]:
    """What is compared of an answer inside of another."""
    lock, body, desc = one.buffers.dlm_rep, one.buffers.mdt_body, one.buffers.dlm_rep.lock_desc
    bits = int(desc.l_policy_data.l_inodebits.bits)
    return (
        one.code, tuple(one.header.lm_buflens), int(lock.lock_flags), int(lock.lock_policy_res1),
        int(lock.lock_policy_res2), int(desc.l_req_mode), int(desc.l_granted_mode), bits,
        bool(lock.lock_handle.cookie), int(body.mbo_valid), int(body.mbo_mode), int(body.mbo_flags),
    )  # fmt: skip


def answers_of(message: rpc.Message) -> list[batch.Submessage]:
    """The answers in the answer to an MDS_BATCH; those it was asked for are all of one kind."""
    data = message.buffers.batch_update_reply
    return list(batch.read(data, message.dialect, message.order, rpc.REPLY).messages)


def differences(format_: str, recorded: dict[str, Any], ours: dict[str, Any]) -> Iterator[Difference]:
    for what in recorded.keys() | ours.keys():
        one, other = recorded.get(what), ours.get(what)
        if one != other:
            yield Difference(format_, what, one, other)


class LaterNumbers(Numbers):
    """Objects of OSTs have FIDs like everything else; logs have ids; targets are called otherwise."""

    def learn(self, server: int, recorded: rpc.Message, ours: rpc.Message) -> None:
        super().learn(server, recorded, ours)
        self._shards(recorded, ours)
        if recorded.name == "MDS_BATCH" and isinstance(getattr(ours.buffers, "batch_update_reply", None), bytes):
            for one, other in zip(answers_of(recorded), answers_of(ours), strict=False):
                for a, b in _pairs(one.buffers, other.buffers):
                    self._pair(a, b)
                self._objects(one.buffers.mdt_md, other.buffers.mdt_md, ours.dialect)
        for name in ("mdt_md", "lvb"):
            self._objects(getattr(recorded.buffers, name, None), getattr(ours.buffers, name, None), ours.dialect)

    def _shards(self, recorded: rpc.Message, ours: rpc.Message) -> None:
        """The stripes of a directory that is striped there over MDTs, here over one."""
        one, other = (getattr(message.buffers, "mdt_md", None) for message in (recorded, ours))
        if not isinstance(one, bytes) or not isinstance(other, bytes) or not one[:4] == STRIPED == other[:4]:
            return
        for old, new in zip(*(striped.read(ours.dialect, md).lmv_stripe_fids for md in (one, other)), strict=True):
            self.idents[old.f_seq, old.f_oid] = new.f_seq, new.f_oid

    def _objects(self, one: Any, other: Any, dialect: Any) -> None:
        if not isinstance(one, bytes) or not isinstance(other, bytes) or one[:4] != b"\xd0\x0b\xd1\x0b" != other[:4]:
            return
        for old, new in zip(lov.read(one, dialect).lmm_objects, lov.read(other, dialect).lmm_objects, strict=False):
            was, now = old.l_ost_oi.oi.oi_fid, new.l_ost_oi.oi.oi_fid
            self.idents[was.f_seq, was.f_oid] = now.f_seq, now.f_oid

    def _pair(self, one: Any, other: Any) -> None:
        if _kind(one) == "llog_logid":
            self.logs[one.lgl_oi.oi_id, one.lgl_oi.oi_seq] = other.lgl_oi.oi_id, other.lgl_oi.oi_seq
        else:
            super()._pair(one, other)

    def put(self, server: int, message: rpc.Message, dialect: Any) -> None:
        super().put(server, message, dialect)
        for name in ("target_uuid", "name"):
            text = getattr(message.buffers, name, None)
            if isinstance(text, bytes) and text.startswith(RECORDED_FSNAME.encode()):
                setattr(message.buffers, name, text.replace(RECORDED_FSNAME.encode(), FSNAME.encode()))
        if message.name.endswith("FID2PATH"):
            key = message.buffers.key
            fid = record.unpack(dialect.structs["lu_fid"], key[PATH_KEY : PATH_KEY + 16])
            fid.f_seq, fid.f_oid = self.ident((fid.f_seq, fid.f_oid))
            message.buffers.key = key[:PATH_KEY] + record.pack(fid) + key[PATH_KEY + 16 :]
        body = getattr(message.buffers, "mgs_config_body", None)
        if body is not None:
            body.mcb_name = body.mcb_name.replace(RECORDED_FSNAME.encode(), FSNAME.encode())

    def batch(self, server: int, data: bytes, message: rpc.Message) -> tuple[bytes, tuple[batch.Submessage, ...]]:
        """The requests inside of another with our names in them, and what they are."""
        asked = batch.read(data, message.dialect, message.order)
        for one in asked.messages:
            for struct in _structs(one.buffers):
                self._put(server, struct)
        return batch.write(asked, message.order), asked.messages

    def stripes(self, dialect: Any) -> None:
        """Learnt as they come."""

    def _put(self, server: int, one: Any) -> None:
        kind = _kind(one)
        if kind == "ldlm_res_id":
            one.name = [*self.ident((one.name[0], one.name[1])), *list(one.name)[2:]]
        elif kind in ("ost_id", "obd_ioobj"):
            fid = (one.oi if kind == "ost_id" else one.ioo_oid.oi).oi_fid
            fid.f_seq, fid.f_oid = self.ident((fid.f_seq, fid.f_oid))
        elif kind == "obdo":
            self._put(server, one.o_oi)
        elif kind == "lu_seq_range":
            one.lsr_start = self.sequences.get(one.lsr_start, one.lsr_start)
        elif kind == "llog_logid":
            oid, seq = self.logs.get((one.lgl_oi.oi_id, one.lgl_oi.oi_seq), (one.lgl_oi.oi_id, one.lgl_oi.oi_seq))
            one.lgl_oi.oi_id, one.lgl_oi.oi_seq = oid, seq
        else:
            super()._put(server, one)


class Compared(RealClient):
    """A recorded client of 2.17, asking again.

    Attributes:
        differences: where our answers are not the recorded ones.
        compared: how many answers were compared, by format; `unequal` how many differ in something.
        early: locks that were given back before the recorded client did it, by the recorded handle.
        refused: how many requests we do not serve, by format.
    """

    def __init__(self, nid: int, steps: list[Step], seconds: set[int]) -> None:
        super().__init__(nid, steps, lw.dialect("2.17"), [])
        self.numbers: LaterNumbers = LaterNumbers()
        self.seconds, self.conn_cnt = seconds, 1
        self.batched: dict[int, list[batch.Submessage]] = {}
        self.differences: list[Difference] = []
        self.compared: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.arrived: dict[int, tuple[int, int]] = {}
        self.recorded_bulk: dict[int, int] = {}
        self.early: set[int] = set()
        self.unequal = 0

    def receive(self, packet: Any, now: float) -> None:
        if packet.kind == "PUT" and packet.match_bits in self.sent:
            form = self.sent[packet.match_bits].format
            if form is None or packet.portal != form.bulk_portal:
                self.arrived[packet.match_bits] = packet.portal, packet.offset
        super().receive(packet, now)

    def gives_up_later(self, cookie: int) -> bool:
        """Only what it gives back before the next answer it waits for: that answer may wait for the lock."""
        remote = self.locks.get(cookie, 0)
        given = {recorded for recorded, ours in self.numbers.cookies.items() if ours == remote}
        for step in self.steps[self.at :]:
            if step.kind == "answer" and step.xid not in self.got:
                break
            cancels = step.kind == "ask" and step.message.name == "LDLM_CANCEL"
            if cancels and given & {handle.cookie for handle in step.message.buffers.dlm_req.lock_handle}:
                return True
        self.early |= given
        return False

    def _ask(self, step: Step) -> None:
        self.batched.pop(step.xid, None)
        if step.bulk and step.message.name == "MDS_BATCH":
            at, bulk = 0, b""
            for piece in step.message.buffers.but_update_buffer:
                data, asked = self.numbers.batch(step.server, step.bulk[at : at + piece.bub_size], step.message)
                at, bulk = at + piece.bub_size, bulk + data
                self.batched.setdefault(step.xid, []).extend(asked)
            assert len(bulk) == len(step.bulk)
            step.bulk = bulk
        super()._ask(step)

    def _inline(self, server: int, xid: int, message: rpc.Message) -> None:
        """Requests that stand in the message itself."""
        data = message.buffers.but_update_header
        at = self.dialect.structs["but_update_header"].__wire__.size
        if len(data) > at:
            inside, asked = self.numbers.batch(server, data[at:], message)
            message.buffers.but_update_header, self.batched[xid] = data[:at] + inside, list(asked)

    def _answered(self, packet: Any) -> None:
        super()._answered(packet)
        reply = self.got.get(packet.match_bits)
        if reply is None or reply.name != "MDS_BATCH" or reply.status == -95:
            return
        for one, other in zip(self.batched[packet.match_bits], answers_of(reply), strict=False):
            own = one.buffers.dlm_req.lock_handle[0].cookie
            self.locks[own] = int(other.buffers.dlm_rep.lock_handle.cookie)

    def _send(self, server: int, portal: int, xid: int, message: rpc.Message) -> None:
        if message.name == "MDS_CONNECT":
            self.conn_cnt = message.body.pb_conn_cnt
        elif server == MDS_NID & 0xFFFFFFFF:
            message.body.pb_conn_cnt = self.conn_cnt
        if message.name == "MDS_BATCH":
            self._inline(server, xid, message)
        if int(message.body.pb_handle.cookie) in self.seconds:
            message.body.pb_handle.cookie = self.exports[server]
        super()._send(server, portal, xid, message)

    def _compare(self, step: Step) -> None:
        ours, lnet = self.got[step.xid], step.captured.lnet
        assert lnet is not None and step.captured.request is not None
        name = step.captured.request.name
        if ours.status == -95:
            self.refused[name] += 1
            return
        self.compared[name] += 1
        if name == "LDLM_CANCEL" and step.message.status != ours.status:
            asked = {handle.cookie for handle in step.captured.request.message.buffers.dlm_req.lock_handle}
            if ours.status == errno.ESTALE and asked & self.early:
                return
        recorded = seen(step.message, lnet.portal, lnet.offset, self.recorded_bulk.get(step.xid))
        got = seen(ours, *self.arrived[step.xid], len(self.bulk[step.xid]) if step.xid in self.bulk else None)
        found = list(differences(name, recorded, got))
        self.differences += found
        self.unequal += bool(found)
        self.numbers.learn(step.server, step.message, ours)


def asking(*captures: str) -> tuple[Compared, Counter[str]]:
    """The recorded client, not yet on a network; and what is left out of what it asked."""
    steps, left, seconds = conversation(*captures)
    client = Compared(TCP | 0x7F000200, steps, seconds)
    for name in captures:
        for c in captured(name):
            if c.kind == "bulk" and c.lnet is not None and c.lnet.dest_nid & 0xFFFFFFFF == CLIENT and c.lnet.match_bits:
                client.recorded_bulk[c.lnet.match_bits] = len(c.raw)
    return client, left


def play(*captures: str, osts: int = 2) -> tuple[Compared, Counter[str]]:
    """Ask our servers what a recorded client asked; and what is left out of it."""
    client, left = asking(*captures)
    fs = served(client, osts)
    fs.simulator.run(lambda: client.done)
    return client, left


def served(client: Compared, osts: int = 2) -> Simulated:
    """Our servers with a recorded client, about to ask."""
    fs = Simulated("2.17", clients=0, mount=False, osts=osts)
    fs.simulator.settle(0.5)
    fs.simulator.add(client)
    refused = [s.time for s in client.steps if s.kind == "answer" and s.message.status == -errno.EAGAIN]
    if refused:  # the recorded MDT was not ready yet
        target = fs.system.mds.target
        assert target is not None
        target.accepting = False
        fs.simulator.at(fs.simulator.now + max(refused) + 0.1, lambda: setattr(target, "accepting", True))

    def heard() -> None:
        """The client's pings are in none of these captures: every target has heard of it."""
        for target in (server.target for server in fs.system.servers):
            for export in target.exports.values() if target is not None else ():
                export.heard = fs.simulator.now
        fs.simulator.at(fs.simulator.now + 60, heard)

    heard()
    return fs


# -- a restart, from files that were made before the capture begins --------------------------------------------------

RESTART = "12b-mdt-restart-open-lock-replay"
#: Seconds of the capture after which MGS and MDS were back.
MGS_BACK, MDS_BACK = 10.0, 45.0
#: What there was: sequence of the files' FIDs, the directory's object id and what is in it with theirs; what had lost
#: its name and was open; last transno on disk. The bytes of its object that are read.
SEQUENCE, DIRECTORY, ORPHAN, COMMITTED, READ = 0x200000402, 270, 278, 4294968277, 4096
FILES = {
    b"f1": 271, b"f2": 272, b"f3": 273, b"f4": 274, b"f5": 275, b"held_rw": 276, b"held_ro_src": 277,
    b"held_append": 279,
}  # fmt: skip
#: Those of mode 755; those whose last close told their size.
PROGRAMS, TOLD = (277, 278, 279), (271, 272, 273, 274, 275, 277)


def prepare(fs: Simulated) -> None:
    """The files of the restarted MDT, by the recorded FIDs, on disk."""
    service = fs.system.mds.service
    space, opens, target = service.mdt.space, service.opens, service.target

    def made(parent: int, oid: int, mode: int, name: bytes) -> Inode:
        fid = SEQUENCE, oid, 0
        ino, generation, _ = space.new(mode, fid, again=False)
        md, told, index = b"", (0, 0) if oid in TOLD else None, oid % 2
        if stat.S_ISREG(mode):
            md = layouts.make(fs.system.dialect, oid, [(index, opens.pool[index].pop(0))], SEQUENCE)
            opens._objects_used(md)
        inode = Inode(
            ino, generation, mode, fid, nlink=1 if md else 2, parent=parent, md=md, told=told,
            xattrs=() if md else space.get(ROOT_INO).xattrs,
        )  # fmt: skip
        space.add(inode)
        if name:
            space.link(space.get(parent), name, inode, 0)
        return space.get(ino)

    folder = made(ROOT_INO, DIRECTORY, stat.S_IFDIR | 0o755, b"rec0")
    for name, oid in FILES.items():
        made(folder.ino, oid, stat.S_IFREG | (0o755 if oid in PROGRAMS else 0o644), name)
    orphan = made(folder.ino, ORPHAN, stat.S_IFREG | 0o755, b"")
    space.put(attrs.evolve(orphan, nlink=0))
    space.store.set(("orphan", orphan.ino), True)
    ((index, number),) = layouts.objects(fs.system.dialect, orphan.md)
    objects = fs.system.osts[index].target.service
    objects.store.write(objects.file(number), 0, bytes(READ))
    objects.keep(attrs.evolve(objects.store.get(("object", number)), size=READ, written=1))
    target.last_transno = COMMITTED
    target.commit()


def restarted() -> Compared:
    """The recorded client whose MDT and MGS are restarted: it mounts, and then has files open from before."""
    client, _ = asking("04-client-mount", RESTART)
    first = next(
        n for n, s in enumerate(client.steps) if s.message.name == "MDS_CONNECT" and s.message.body.pb_conn_cnt > 1
    )
    fs = served(client)
    fs.simulator.run(lambda: client.at == first)
    prepare(fs)
    for step in client.steps[first:]:
        known = step.kind == "ask" and client.exports.get(step.server)
        if known and not step.message.name.endswith("_CONNECT"):
            client.numbers.cookies.setdefault(int(step.message.body.pb_handle.cookie), known)
    began = fs.simulator.now
    for node, back in ((fs.system.mgs, MGS_BACK), (fs.system.mds, MDS_BACK)):
        fs.simulator.crash(node.nid)
        fs.simulator.at(began + back, lambda nid=node.nid: fs.simulator.start(nid))  # type: ignore[misc]
    fs.simulator.run(lambda: client.done)
    return client
