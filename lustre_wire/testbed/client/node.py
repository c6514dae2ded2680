"""A client's connections: mount, callbacks, locks, and the bookkeeping behind its operations."""

from __future__ import annotations

import errno
from collections import Counter, defaultdict
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.recovery.connect import ImportState
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.ldlm import Lock
from lustre_wire.recovery.ldlm.locks import request_of
from lustre_wire.recovery.names import names
from lustre_wire.recovery.packet import PUT, Handles, Packet, Xids
from lustre_wire.recovery.request import Request
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed import configlogs, layouts, receivers
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.client.callee import Callee
from lustre_wire.testbed.node import Node, make_import
from lustre_wire.testbed.operations import Ident
from lustre_wire.testbed.packing import Form, packer, result_of
from lustre_wire.testbed.quota import EPOCH
from lustre_wire.testbed.tasks import Call, OperationFailed, Steps, Task, Tasks, Until

CHUNK = 8192


@attrs.define(slots=True, eq=False)
class OpenFile:
    """A file this client has open.

    Attributes:
        handle: the server's; changes when the open is replayed.
        number: the client's own.
        layout: what lies where, None for no objects; `known` is the lock that says it is still so.
        request: the open, kept for replay until the close is committed.
        closing: the close under way, whose handle is patched when the open is replayed (R16).
        dead: the server forgot it; every use fails with -EIO.
    """

    number: int
    ident: Ident
    handle: int
    mode: int
    layout: layouts.Layout | None
    request: Request
    known: Lock | None = None
    closing: Request | None = None
    dead: bool = False
    size_changed: bool = False

    @property
    def objects(self) -> list[tuple[int, int]]:
        """Its objects on OSTs: (OST index, object id)."""
        return self.layout.objects if self.layout is not None else []


class ConnectedNode(Node):
    """A client of one file system, without anything to do there: connections, mount, locks.

    Args:
        dialects: what it can speak, the one of its release first; what a server grants decides what it does speak.
        mgs: NIDs of the MGS.
        credentials: uid, gid, capabilities and groups of whoever uses it.

    Attributes:
        mgc, mdc, oscs: its imports, once mounted.
        callee: answers its servers' callbacks, and gives locks back.
        root: the root's identity.
        files: open files.
        striped: layouts of directories of several stripes.
        promised: by server: bytes it granted, as far as this client was last told.
    """

    def __init__(
        self, nid: int, uuid: bytes, dialects: tuple[Dialect, ...], mgs: list[int], fsname: str, seed: int,
        credentials: dict[str, int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(nid, seed)
        self.uuid, self.dialects, self.mgs, self.fsname = uuid, dialects, mgs, fsname
        self.credentials = credentials or {}
        self.forget()

    def forget(self) -> None:
        """As at boot: nothing mounted."""
        self.handles = Handles(self.seed * 31 + self.boots)
        self.xids = Xids(1297600000 + self.seed % 1000 + 100000 * self.boots)
        self.tasks = Tasks()
        self.mgc: Import | None = None
        self.mdc: Import | None = None
        self.oscs: dict[int, Import] = {}
        self.root: Ident = op.NOBODY
        self.files: dict[int, OpenFile] = {}
        self.names: dict[tuple[Ident, bytes], tuple[Ident, Lock]] = {}
        self.striped: dict[Ident, Any] = {}
        self.sequence: list[int] = [0, 0]
        self.promised: Counter[Import] = Counter()
        self._said: defaultdict[Import, Any] = defaultdict(lambda: None)
        self.callee = Callee(self.nid, lambda: self.now)
        self.now = 0.0

    # -- Node ----------------------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        super().start(now)
        self.now = now

    def crash(self) -> None:
        super().crash()
        for task in self.tasks.running:  # while what they hold is still there to be let go
            task.steps.close()
        self.forget()

    def imports(self) -> list[Import]:
        return [i for i in (self.mgc, self.mdc, *self.oscs.values()) if i is not None]

    def receive(self, packet: Packet, now: float) -> None:
        self.now = now
        for owner in self.imports():
            if packet.source in owner.config.peers and packet.match_bits in owner.sending:
                owner.receive(packet, now)
                break
        else:
            if packet.kind == PUT:
                self.callee.called_back(packet, self.imports())
        self.tasks.run(now)

    def tick(self, now: float) -> None:
        self.now = now
        for owner in self.imports():
            owner.tick(now)
        self.tasks.run(now)

    def next_deadline(self) -> float | None:
        times = [t for t in (i.next_deadline() for i in self.imports()) if t is not None]
        return min(times) if times else None

    def take(self) -> list[Packet]:
        out = []
        for owner in self.imports():
            out += owner.out
            owner.out = []
        return out + self.callee.take()

    def do(self, steps: Steps, now: float, name: str = "") -> Task:
        """Start an operation."""
        self.now = now
        task = self.tasks.start(steps, name)
        self.tasks.run(now)
        return task

    # -- what is open, and when ---------------------------------------------------------------------------------

    def file(self, number: int) -> OpenFile:
        found = self.files.get(number)
        if found is None:
            raise OperationFailed(-errno.EBADF)
        return found

    def seconds(self) -> int:
        return EPOCH + int(self.now)

    def metadata(self) -> Import:
        if self.mdc is None:
            raise OperationFailed(-errno.ENODEV)
        return self.mdc

    # -- asking --------------------------------------------------------------------------------------------------

    def ask(self, owner: Import, asked: op.Operation, name: str = "", **options: Any) -> Any:
        """One operation on one import; the finished request, whatever its status."""
        for key, value in self.credentials.items():
            setattr(asked, key, value)
        pack = packer(owner.dialect)
        form = pack.form(asked)
        message = pack.request(asked, name)
        options.setdefault("wants_replay", form.replayed)
        options.setdefault("lane", form.lane)
        if form.expects:
            options["expects"] = getattr(asked, form.expects)
        request: Request = yield Call(owner, owner.wrap(message, op=asked, **options))
        return request

    def want(self, owner: Import, asked: op.Operation, name: str = "", **options: Any) -> Any:
        """The result of an operation.

        Raises:
            OperationFailed: any status below 0.
        """
        request = yield from self.ask(owner, asked, name, **options)
        if request.status < 0:
            raise OperationFailed(request.status)
        return result_of(request)

    def form(self, request: Request) -> Form:
        return packer(request.message.dialect).form(request.op)

    # -- mounting ------------------------------------------------------------------------------------------------

    def mount(self) -> Steps:
        """MGS connect, configuration, MDS and OST connects, getstatus."""
        dialect = self.dialects[0]
        flags = packer(dialect).personality.mgs_flags
        self.mgc = make_import(
            self.nid, self.dialects[:1], b"MGS", self.uuid[:-4] + b"mgc_", self.mgs, "MGS", flags, self.handles,
            self.xids,
        )  # fmt: skip
        yield from self._connected(self.mgc)
        devices = yield from self._configuration(self.mgc)
        yield from self._attach(devices)
        assert self.mdc is not None
        status = yield from self.want(self.mdc, op.GetStatus())
        self.root = status.ident
        for osc in self.oscs.values():
            yield from self._connected(osc)
        return self.root

    def _connected(self, owner: Import) -> Steps:
        owner.connect(self.now)
        yield Until(lambda: owner.state in (ImportState.FULL, ImportState.CLOSED))
        if owner.state is ImportState.CLOSED:
            raise OperationFailed(-errno.EPROTO)

    def _configuration(self, mgc: Import) -> Any:
        """The devices that the log ``<fsname>-client`` sets up: name, kind, target UUID, NID and OST index."""
        k = names(mgc.dialect)
        resource = (int.from_bytes(self.fsname.encode()[:8].ljust(8, b"\0"), "little"), 0, 0, 0)
        yield from self.lock(mgc, k.LDLM_PLAIN, resource, k.LCK_CR, None)
        opened = yield from self.want(mgc, op.LogOpen(name=f"{self.fsname}-client".encode()))
        where = {"oid": opened.oid, "oseq": opened.oseq, "ogen": opened.ogen, "flags": k.LLOG_F_IS_PLAIN}
        header = (yield from self.want(mgc, op.LogHeader(**where))).log_header
        last, index, configs = int(header.llh_tail.lrt_index), 1, []
        offset = CHUNK
        while index <= last:
            block = yield from self.want(mgc, op.LogBlock(**where, index=index, length=CHUNK, offset=offset))
            records = configlogs.records(block.block, mgc.dialect)
            if not records:
                raise OperationFailed(-errno.EIO)
            configs += [record.config for record in records if record.index >= index and record.config is not None]
            index, offset = records[-1].index + 1, block.offset
        return _devices(mgc.dialect, configs)

    def _attach(self, devices: list[_Device]) -> Steps:
        own = packer(self.dialects[0]).personality
        k = names(self.dialects[0])
        wanted = 0
        for dialect in self.dialects:
            wanted |= packer(dialect).personality.mds_flags
        for device in devices:
            if device.kind == "mdc":
                data = {"ocd_ibits_known": k.MDS_INODELOCK_FULL}
                if wanted & k.OBD_CONNECT_BRW_SIZE:
                    data["ocd_brw_size"] = receivers.MAX_BRW
                if wanted & k.OBD_CONNECT_CKSUM:
                    data["ocd_cksum_types"] = int(k.OBD_CKSUM_CRC32 | k.OBD_CKSUM_ADLER)
                self.mdc = self._import(device, "MDS", wanted, data)
                yield from self._connected(self.mdc)
            elif device.kind == "osc":
                flags = own.ost_flags & ~k.OBD_CONNECT_MDS
                data = {
                    "ocd_index": device.index, "ocd_brw_size": receivers.MAX_BRW, "ocd_grant": 2 * receivers.MAX_BRW,
                    "ocd_cksum_types": int(k.OBD_CKSUM_CRC32 | k.OBD_CKSUM_ADLER),
                }  # fmt: skip
                self.oscs[device.index] = self._import(device, "OST", flags, data)
        if self.mdc is None:
            raise OperationFailed(-errno.EINVAL)

    def _import(self, device: _Device, kind: str, flags: int, data: dict[str, int]) -> Import:
        made = make_import(
            self.nid, self.dialects, device.target, self.uuid, device.peers, kind, flags, self.handles, self.xids, data
        )
        made.on_invalid = lambda: self._evicted(made)
        return made

    # -- locks ---------------------------------------------------------------------------------------------------

    def lock(
        self, owner: Import, kind: int, resource: tuple[int, int, int, int], mode: int, policy: Any, flags: int = 0
    ) -> Any:
        """A lock, held already or asked for now; waits until it is granted."""
        k = names(owner.dialect)
        held = owner.locks.match(k, kind, resource, mode, policy) if not flags else None
        if held is not None:
            return held
        lock = owner.locks.request(kind, resource, mode, policy, flags)
        count = rules_of(owner.dialect).plain_enqueue_count
        body = request_of(owner.dialect, lock, flags, count)
        request = yield from self.ask(owner, op.Enqueue(dlm_req=body), "LDLM_ENQUEUE")
        result = result_of(request) if request.reply is not None else None
        owner.locks.answered(lock, owner.dialect, result.dlm_rep if result else None, request.status)
        if request.status < 0:
            raise OperationFailed(request.status)
        if lock.mode != k.LCK_NL and not lock.granted:
            yield Until(lambda: bool(lock.granted) or lock.cookie not in owner.locks.locks)
            if not lock.granted:
                raise OperationFailed(-errno.EINTR)
        return lock

    def release(self, owner: Import, lock: Lock) -> None:
        """Done with a lock: it stays cached unless somebody wants it."""
        self.callee.cancel(owner, owner.locks.release(lock, names(owner.dialect)))

    def _evicted(self, owner: Import) -> None:
        """What a server forgot: open files of the MDS are dead, cached names are gone."""
        if owner is self.mdc:
            self.names.clear()
            for file in self.files.values():
                file.dead = True


@attrs.define(slots=True)
class _Device:
    """What the configuration sets up."""

    kind: str
    target: bytes = b""
    peers: list[int] = attrs.field(factory=list)
    index: int = 0


def _devices(dialect: Dialect, configs: list[Any]) -> list[_Device]:
    """The devices of a client's log, in its order."""
    k = names(dialect)
    devices: dict[str, _Device] = {}
    nids: dict[str, list[int]] = {}
    for config in configs:
        command = int(config.command)
        if command == k.LCFG_ATTACH:
            devices[config.device] = _Device(config.text(1))
        elif command == k.LCFG_ADD_UUID:
            nids.setdefault(config.text(1), []).append(int(config.header.lcfg_nid))
        elif command == k.LCFG_SETUP and devices.get(config.device, _Device("")).kind in ("mdc", "osc"):
            device = devices[config.device]
            device.target, device.peers = config.text(1).encode(), list(nids.get(config.text(2), []))
        elif command == k.LCFG_ADD_CONN and config.device in devices:
            devices[config.device].peers += nids.get(config.text(1), [])
        elif command == k.LCFG_LOV_ADD_OBD:
            for device in devices.values():
                if device.target == config.text(1).encode():
                    device.index = int(config.text(2))
    return [device for device in devices.values() if device.peers]
