"""The configuration service: the client's log, made with the log writer of `payloads` (mgs/mgs_llog.c)."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.frames.nid import LnetNid, large_nid
from lustre_wire.payloads import config, llog, logwriter, nidtable
from lustre_wire.recovery.exports import Answer, Export, Incoming
from lustre_wire.recovery.ldlm import server
from lustre_wire.recovery.names import names
from lustre_wire.recovery.service import answered
from lustre_wire.recovery.target import Handling, Target
from lustre_wire.recovery.transaction import Refused
from lustre_wire.schema.struct import spec_of
from lustre_wire.testbed import configlogs
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.operations import Result
from lustre_wire.testbed.packing import Form, packer

CHUNK = 8192


@attrs.define(slots=True, frozen=True)
class Place:
    """Where a target is: its `kind` is 1 for an MDT and 2 for an OST (LDD_F_SV_TYPE_*)."""

    kind: int
    index: int
    nid: int


def empty_log(dialect: Dialect) -> bytes:
    """A log without records."""
    return llog.write_log(logwriter.new_log(dialect))


def client_log(
    dialect: Dialect, fsname: str, mds_nid: int, ost_nids: list[int], stripes: int,
    partners: Mapping[int, int] = MappingProxyType({}),
) -> bytes:  # fmt: skip
    """The log ``<fsname>-client``: what a client sets up at mount.

    Args:
        partners: NID of a target's node -> NID of the node that takes it over.
    """
    k, log = names(dialect), logwriter.new_log(dialect)
    marker, desc = dialect.structs["cfg_marker"], dialect.structs["lov_desc"]
    step = 0

    def group(target: str, comment: str, *commands: config.Config) -> None:
        nonlocal step
        step += 1
        for flags, inside in ((k.CM_START, commands), (k.CM_END, ())):
            cfg = marker(
                cm_step=step, cm_flags=flags, cm_vers=0, cm_tgtname=target.encode(), cm_comment=comment.encode()
            )
            logwriter.append(log, config.make_config(dialect, "LCFG_MARKER", "", cfg))
            for command in inside:
                logwriter.append(log, command)

    def make(command: str, *buffers: Any, nid: int = 0) -> config.Config:
        return config.make_config(dialect, command, *buffers, nid=nid)

    def fail_over(target: str, device: str, nid: int) -> None:
        partner = partners.get(nid)
        if partner is not None:
            group(
                target, "add failnid", make("LCFG_ADD_UUID", "", f"{partner:#x}", nid=partner),
                make("LCFG_ADD_CONN", device, f"{partner:#x}"),
            )  # fmt: skip

    lov, mdt, mdc = f"{fsname}-clilov", f"{fsname}-MDT0000", f"{fsname}-MDT0000-mdc"
    described = desc(
        ld_tgt_count=0, ld_active_tgt_count=k.LOV_DESC_MAGIC, ld_default_stripe_count=stripes, ld_pattern=1,
        ld_default_stripe_size=65536, ld_default_stripe_offset=0xFFFFFFFFFFFFFFFF,
    )  # fmt: skip
    described.ld_uuid.uuid = f"{fsname}-clilov_UUID".encode().ljust(40, b"\0")
    group(
        lov, "lov setup", make("LCFG_ATTACH", lov, "lov", f"{fsname}-clilov_UUID"), make("LCFG_SETUP", lov, described)
    )
    lmv = f"{fsname}-clilmv" if "LCFG_ADD_MDC" in dialect.constants else ""  # a release that has it wants it
    if lmv:  # mgs_write_log_lmv: without it a client of 2.0 has nobody to allocate FIDs
        metadata = dialect.structs["lmv_desc"]()
        metadata.ld_uuid.uuid = f"{lmv}_UUID".encode().ljust(40, b"\0")
        group(lmv, "lmv setup", make("LCFG_ATTACH", lmv, "lmv", f"{lmv}_UUID"), make("LCFG_SETUP", lmv, metadata))
    group(
        mdt, "add mdc", make("LCFG_ADD_UUID", "", f"{mds_nid:#x}", nid=mds_nid),
        make("LCFG_ATTACH", mdc, "mdc", f"{lmv or mdc}_UUID"), make("LCFG_SETUP", mdc, f"{mdt}_UUID", f"{mds_nid:#x}"),
        *([make("LCFG_ADD_MDC", lmv, f"{mdt}_UUID", "0", "1", f"{mdc}_UUID")] if lmv else ()),
    )  # fmt: skip
    fail_over(mdt, mdc, mds_nid)
    for index, nid in enumerate(ost_nids):
        ost = f"{fsname}-OST{index:04x}"
        group(
            ost, "add osc", make("LCFG_ADD_UUID", "", f"{nid:#x}", nid=nid),
            make("LCFG_ATTACH", f"{ost}-osc", "osc", f"{lov}_UUID"),
            make("LCFG_SETUP", f"{ost}-osc", f"{ost}_UUID", f"{nid:#x}"),
            make("LCFG_LOV_ADD_OBD", lov, f"{ost}_UUID", str(index), "1"),
        )  # fmt: skip
        fail_over(ost, f"{ost}-osc", nid)
    group(f"{fsname}-client", "mount opts", make("LCFG_MOUNTOPT", "", f"{fsname}-client", lov, lmv or mdc))
    return llog.write_log(log)


class Configuration:
    """The service of an MGS. Its clients are not remembered: after a restart they are strangers (no replay)."""

    metadata, remembers = False, False

    def __init__(self, dialect: Dialect, logs: dict[bytes, bytes], targets: tuple[Place, ...] = ()) -> None:
        self.dialect, self.logs, self.targets = dialect, logs, targets
        self.pack, self.k = packer(dialect), names(dialect)
        self.supported = self.pack.personality.mgs_flags & self.pack.personality.mgs_supported
        self.supported2 = self.pack.personality.mgs_supported2
        self.target: Target = None  # type: ignore[assignment]  # set by the node, which makes both
        self.handlers: dict[type, Any] = {
            op.LogOpen: self._open, op.LogHeader: self._header, op.LogBlock: self._block, op.Enqueue: self._enqueue,
            op.Cancel: self._cancel, op.ConfigRead: self._table,
        }  # fmt: skip

    def handle(self, request: Incoming, now: float) -> Handling:
        found = self.pack.read(request.message)
        handler = self.handlers.get(type(found[1])) if found is not None else None
        if found is None or handler is None:
            return Answer(-errno.EOPNOTSUPP, failed=True)
        answer: Answer = yield from answered(handler(found[0], found[1], request))
        return answer

    def reconstruct(self, request: Incoming, slot: Any, close: bool) -> Answer:
        raise Refused(-errno.EPROTO)  # nothing is remembered, so nothing is reconstructed

    def connected(self, export: Export, data: Any) -> None:
        """Nothing to add."""

    def dropped(self, export: Export) -> None:
        """Nothing but locks belongs to a client."""

    def recovered(self) -> None:
        """There is no recovery."""

    def _answer(self, form: Form, request: Incoming, result: Result) -> Answer:
        assert request.message.format is not None
        return Answer(0, self.pack.buffers(form, request.message.format.name, result))

    def _log(self, oid: int) -> bytes:
        names_ = sorted(self.logs)
        if not 0 < oid <= len(names_):
            raise Refused(-errno.ENOENT, failed=True)
        return self.logs[names_[oid - 1]]

    def _open(self, form: Form, asked: op.LogOpen, request: Incoming) -> Answer:
        if asked.name not in self.logs:
            raise Refused(-errno.ENOENT, failed=True)
        return self._answer(form, request, Result(oid=sorted(self.logs).index(asked.name) + 1, ogen=1))

    def _header(self, form: Form, asked: op.LogHeader, request: Incoming) -> Answer:
        header = configlogs.header(self._log(asked.oid), self.dialect)
        return self._answer(form, request, Result(log_header=header))

    def _block(self, form: Form, asked: op.LogBlock, request: Incoming) -> Answer:
        data = self._log(asked.oid)
        if asked.length <= 0 or asked.length % CHUNK or asked.offset >= len(data):
            raise Refused(-errno.EIO, failed=True)
        at = max(CHUNK, asked.offset // CHUNK * CHUNK)
        block = data[at : at + CHUNK].ljust(CHUNK, b"\0")
        last = configlogs.records(block, self.dialect)
        result = Result(
            oid=asked.oid, ogen=asked.ogen, index=asked.index, length=asked.length, offset=at + CHUNK, block=block,
            saved_index=last[-1].index if last else 0,
        )  # fmt: skip
        return self._answer(form, request, result)

    def _table(self, form: Form, asked: op.ConfigRead, request: Incoming) -> Answer:
        """Where targets are: the table clients find restarted ones by (mgs/mgs_nids.c: mgs_get_ir_logs).

        Every target is there once, in the version that its place in the table is; other tables are not kept.
        """
        k, entry = self.k, self.dialect.structs["mgs_nidtbl_entry"]
        if asked.kind != k.MGS_CFG_T_RECOVER:
            raise Refused(-errno.EOPNOTSUPP, failed=True)
        nid_size = spec_of(LnetNid).size
        length, room, told = spec_of(entry).size + nid_size, asked.units << asked.bits, list[nidtable.Target]()
        for version, place in enumerate(self.targets, 1):
            if version < asked.offset or (len(told) + 1) * length > room:
                continue
            head = entry(
                mne_version=version, mne_instance=1, mne_index=place.index, mne_length=length, mne_type=place.kind,
                mne_nid_type=1, mne_nid_size=nid_size, mne_nid_count=1,
            )  # fmt: skip
            told.append(nidtable.Target(head, (large_nid(place.nid),)))
        last = len(self.targets)
        answer = self._answer(form, request, Result(offset=last, size=last))
        answer.bulk = nidtable.write(tuple(told))
        return answer

    def _enqueue(self, form: Form, asked: op.Enqueue, request: Incoming) -> Answer:
        reply, status = server.enqueue(self.target.namespace, request, asked.dlm_req)
        return self._answer(form, request, Result(dlm_rep=reply)) if reply is not None else Answer(status, failed=True)

    def _cancel(self, form: Form, asked: op.Cancel, request: Incoming) -> Answer:
        return server.answer_cancel(self.target.namespace, request, asked.cancels)
