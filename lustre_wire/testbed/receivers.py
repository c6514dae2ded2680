"""What Lustre's clients check of an answer before they believe it, operation by operation (`docs/receivers.md`).

Each rule restates one receiver of 1.8.9-wc1 and 2.0.0 and is named after it. The testbed's own client fails where one
is broken, and the requests of recorded clients are played to the servers with the same rules at the other end.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import attrs

from lustre_wire import rpc
from lustre_wire.engines import record
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.payloads import directory
from lustre_wire.recovery.names import Names, names
from lustre_wire.recovery.rules import rules_of
from lustre_wire.testbed import checksums, configlogs, layouts
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.packing import Form, packer

#: Bytes of the longest bulk transfer, and of a page (ptlrpc: PTLRPC_MAX_BRW_SIZE, CFS_PAGE_SIZE).
MAX_BRW, PAGE = 1 << 20, 4096
#: Bytes of a chunk of a log (LLOG_CHUNK_SIZE, from 2.8 on LLOG_MIN_CHUNK_SIZE).
CHUNK = 8192


@attrs.define(slots=True, eq=False)
class Received:
    """An answer and what it answers.

    Attributes:
        granted: connect flags in force on the connection.
        bulk: bytes the server sent, None where none were asked for.
        sent: bytes the server fetched, None where there were none to fetch.
        size: bytes of the reply as it arrived, 0 where that is not known.
    """

    request: rpc.Message
    reply: rpc.Message
    granted: int = 0
    bulk: bytes | None = None
    sent: bytes | None = None
    size: int = 0

    @property
    def k(self) -> Names:
        return names(self.request.dialect)

    @property
    def name(self) -> str:
        return self.request.name

    @property
    def status(self) -> int:
        return self.reply.status

    def _form(self) -> Form | None:
        return packer(self.request.dialect).by_format.get(self.name)

    @property
    def asked(self) -> Any:
        """The request, read as an operation."""
        found = packer(self.request.dialect).read(self.request)
        assert found is not None
        return found[1]

    @property
    def said(self) -> op.Result:
        """The reply, read as a result."""
        form = self._form()
        assert form is not None
        return packer(self.request.dialect).result(form, self.reply)

    def has(self, *attributes: str) -> bool:
        """Are the buffers there that hold these attributes of a result?"""
        form = self._form()
        if form is None or isinstance(self.reply.buffers, rpc.Generic):
            return False
        for path, source in form.reply.items():
            named = source if isinstance(source, str) else getattr(source, "attribute", "")
            if named in attributes and getattr(self.reply.buffers, path.split(".")[0], None) is not None:
                return True
        return False

    @property
    def answered(self) -> bool:
        """Is any buffer there that our servers put something into, if only zeroes?"""
        form, buffers = self._form(), self.reply.buffers
        paths = form.reply if form is not None and not isinstance(buffers, rpc.Generic) else ()
        return any(getattr(buffers, path.split(".")[0], None) is not None for path in paths)


Check = Callable[[Received], str | None]


@attrs.define(slots=True, frozen=True)
class Rule:
    """One receiver.

    Attributes:
        formats: names of the RPC formats whose answers it sees, with wildcards.
        receiver: file and function.
        check: what is wrong, None for nothing.
    """

    formats: tuple[str, ...]
    receiver: str
    check: Check

    def sees(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.formats)


RULES: list[Rule] = []


def _receiver(receiver: str, *formats: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        RULES.append(Rule(formats, receiver, check))
        return check

    return keep


@cache
def _rules(name: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if rule.sees(name))


def complaints(received: Received) -> Iterator[str]:
    """What receivers find wrong with an answer, each with the receiver's name."""
    for rule in _rules(received.name):
        wrong = rule.check(received)
        if wrong is not None:
            yield f"{received.name}: {rule.receiver}: {wrong}"


# -- every answer --------------------------------------------------------------------------------------------------


@_receiver("ptlrpc/client.c: after_reply", "*")
def _header(r: Received) -> str | None:
    k, body = r.k, r.reply.body
    if body is None:
        return "no ptlrpc_body"
    if body.pb_type not in (k.PTL_RPC_MSG_REPLY, k.PTL_RPC_MSG_ERR):
        return f"type {body.pb_type}"
    room = int(r.request.header.lm_repsize)
    if room and packer(r.request.dialect).personality.replies_rounded:  # as is the room for them (null_alloc_repbuf)
        room = 1 << (room + lustre_msg.early_reply_size(r.request.dialect.body.__wire__.size) - 1).bit_length()
    if r.size > room > 0:  # an open may leave it to the server
        return f"{r.size} bytes, the client has room for {room}"
    return None


@_receiver("ptlrpc/client.c: ptlrpc_check_status", "*")
def _error(r: Received) -> str | None:
    if r.reply.body.pb_type == r.k.PTL_RPC_MSG_ERR and r.status >= 0:
        return f"an error with status {r.status}"
    return None


@_receiver("ptlrpc/sec.c: do_cli_unwrap_reply", "*")
def _flavour(r: Received) -> str | None:
    mask = r.request.dialect.flavour_mask
    if (r.request.header.lm_secflvr ^ r.reply.header.lm_secflvr) & mask:
        return "another flavour than the request's"
    return None


@_receiver("ldlm/ldlm_request.c: ldlm_cli_update_pool", "*")
def _pool(r: Received) -> str | None:
    body = r.reply.body
    if r.status == 0 and r.granted & r.k.OBD_CONNECT_LRU_RESIZE and not (body.pb_slv and body.pb_limit):
        return "Zero SLV or Limit"
    return None


@_receiver("ptlrpc/client.c: ptlrpc_replay_interpret", "*")
def _replayed(r: Received) -> str | None:
    if int(r.request.body.pb_flags) & r.k.MSG_REPLAY and r.reply.transno not in (0, r.request.transno):
        return f"transno {r.reply.transno:#x} for {r.request.transno:#x}"
    return None


# -- connections ---------------------------------------------------------------------------------------------------


@_receiver("ptlrpc/import.c: ptlrpc_connect_interpret", "*_CONNECT")
def _connected(r: Received) -> str | None:
    if r.status:
        return None
    k, data = r.k, getattr(r.reply.buffers, "connect_data", None)
    if not r.reply.body.pb_handle.cookie:
        return "no handle"
    asked = r.request.buffers.connect_data
    if data is None or asked is None:
        return None if asked is None else "no obd_connect_data"
    flags = int(data.ocd_connect_flags)
    if flags & ~int(asked.ocd_connect_flags):
        return f"granted {flags & ~int(asked.ocd_connect_flags):#x} that was not asked for"
    if flags & k.OBD_CONNECT_BRW_SIZE and not 0 < data.ocd_brw_size <= MAX_BRW:
        return f"ocd_brw_size {data.ocd_brw_size}"
    if flags & k.OBD_CONNECT_CKSUM and not data.ocd_cksum_types:
        return "no kind of checksum"
    if flags & k.OBD_CONNECT_GRANT and data.ocd_grant >> 31:  # osc_init_grant: a long that must not be negative
        return f"ocd_grant {data.ocd_grant:#x}"
    if flags & k.OBD_CONNECT_IBITS and not data.ocd_ibits_known:
        return "no inode bits"
    if flags & k.OBD_CONNECT_INDEX and data.ocd_index != asked.ocd_index:
        return f"index {data.ocd_index} for {asked.ocd_index}"
    return None


@_receiver("mgc/mgc_request.c: mgc_process_log", "LLOG_ORIGIN_HANDLE_CREATE")
def _log_opened(r: Received) -> str | None:
    return None if r.status or r.has("oid") else "no llogd_body"


@_receiver("ptlrpc/llog_client.c: llog_client_read_header", "LLOG_ORIGIN_HANDLE_READ_HEADER")
def _log_header(r: Received) -> str | None:
    if r.status:
        return None
    if not r.has("log_header"):
        return "no llog_log_hdr"
    head, k = r.said.log_header, r.k
    if int(head.llh_hdr.lrh_type) != k.LLOG_HDR_MAGIC:
        return f"bad log header magic {int(head.llh_hdr.lrh_type):#x}"
    return None if head.llh_hdr.lrh_len == CHUNK else f"log header of {head.llh_hdr.lrh_len} bytes"


@_receiver("obdclass/llog.c: llog_process_thread", "LLOG_ORIGIN_HANDLE_NEXT_BLOCK")
def _log_block(r: Received) -> str | None:
    if r.status:
        return None
    block = r.said.block if r.has("block") else None
    if block is None or len(block) != r.asked.length:
        return "no block of the length asked for"
    try:
        found = configlogs.records(block, r.request.dialect)
    except WireError as error:
        return str(error)
    return None if found and found[-1].index >= r.asked.index else f"no record {r.asked.index}"


# -- metadata ------------------------------------------------------------------------------------------------------

_BODIES = (
    "MDS_GETATTR", "MDS_GETATTR_NAME", "MDS_CLOSE", "MDS_REINT/*", "MDS_GETSTATUS", "MDS_SYNC", "MDS_READPAGE",
    "MDS_GETXATTR",
)  # fmt: skip


def _layout(r: Received) -> str | None:
    said = r.said
    if not said.valid & r.k.OBD_MD_FLEASIZE and r.name not in ("MDS_GETATTR", "MDS_GETATTR_NAME"):
        return None
    if said.easize and (said.md is None or len(said.md) < said.easize):
        return "missing or short eadata"
    if said.md and said.valid & r.k.OBD_MD_FLEASIZE and stat.S_ISREG(said.mode):
        try:
            layouts.read(r.request.dialect, said.md[: said.easize])
        except WireError as error:
            return f"obd_unpackmd: {error}"
    return None


@_receiver("mdc/mdc_request.c: mdc_getattr_common, mdc_close; mdc/mdc_reint.c: mdc_reint", *_BODIES)
def _body(r: Received) -> str | None:
    if r.status:
        return None
    return _layout(r) if r.answered else "no body"


@_receiver("llite/namei.c: ll_objects_destroy; obdfilter/filter.c: filter_destroy",
           "MDS_CLOSE", "MDS_REINT/UNLINK", "MDS_REINT/RENAME")  # fmt: skip
def _cookies(r: Received) -> str | None:
    k = r.k
    if r.status or not r.has("cookies", "valid") or not r.said.valid & k.flag("OBD_MD_FLCOOKIE"):
        return None
    if not r.said.valid & k.OBD_MD_FLEASIZE or not r.said.md:
        return "cookies without a layout"
    cookies, objects = list(r.said.cookies or ()), layouts.objects(r.request.dialect, r.said.md[: r.said.easize])
    if len(cookies) < len(objects):  # none is used then, and the log keeps its records
        return f"{len(cookies)} cookies for {len(objects)} stripes"
    strange = {int(one.lgc_subsys) for one in cookies} - {int(k.LLOG_MDS_OST_ORIG_CTXT)}
    return f"cookies of log context {sorted(strange)}" if strange else None


@_receiver("mdc/mdc_request.c: mdc_getstatus", "MDS_GETSTATUS")
def _root(r: Received) -> str | None:
    return None if r.status or r.said.ident[0] else "the root has no identity"


@_receiver("llite/xattr.c: ll_getxattr_common", "MDS_GETXATTR")
def _xattr(r: Received) -> str | None:
    if r.status or not r.has("ident") or not r.asked.size:
        return None
    said = r.said
    if said.easize > r.asked.size or (said.easize and len(said.value or b"") < said.easize):
        return f"{len(said.value or b'')} bytes for {said.easize}"
    return None


@_receiver("mdc/mdc_request.c: mdc_readpage", "MDS_READPAGE")
def _page(r: Received) -> str | None:
    if r.status:
        return None
    most = r.asked.size // PAGE if packer(r.request.dialect).personality.pages_at_once else 1
    if r.bulk is None or len(r.bulk) % PAGE or not 0 < len(r.bulk) // PAGE <= most:
        return f"unexpected # bytes transferred: {len(r.bulk or b'')}"
    read = directory.read_pages if packer(r.request.dialect).personality.directory == "pages" else directory.read_blocks
    try:
        for at in range(0, len(r.bulk), PAGE):
            read(r.bulk[at : at + PAGE], r.request.dialect)
    except WireError as error:
        return f"ll_dir_readpage: {error}"
    return None


@_receiver("mdc/mdc_request.c: mdc_statfs; osc/osc_request.c: osc_statfs", "MDS_STATFS", "OST_STATFS")
def _statfs(r: Received) -> str | None:
    return None if r.status or r.has("statfs") else "no obd_statfs"


@_receiver("quota/quota_ctl.c: client_quota_ctl", "*_QUOTACTL")
def _quota(r: Received) -> str | None:
    return None if r.status or r.has("quota") else "no obd_quotactl"


@_receiver("fid/fid_request.c: seq_client_rpc", "SEQ_QUERY")
def _sequence(r: Received) -> str | None:
    if r.status:
        return None
    said = r.said
    return None if r.has("start") and 0 < said.start < said.end else f"range {said.start:#x} to {said.end:#x}"


@_receiver("fld/fld_request.c: fld_client_rpc", "FLD_QUERY")
def _location(r: Received) -> str | None:
    if r.status:
        return None
    said = r.said
    return None if r.has("start") and said.start <= r.asked.start < said.end else "not the range asked for"


# -- locks ---------------------------------------------------------------------------------------------------------

_INTENTS = tuple(f"LDLM_ENQUEUE/INTENT_{name}" for name in ("OPEN", "OPEN_CREAT", "LOOKUP", "GETATTR"))


def _on_data(r: Received) -> bool:
    """Is it a lock on the data of a file on the MDT, and nothing else (mdc/mdc_dev.c: mdc_enqueue_send)?"""
    desc, bit = r.request.buffers.dlm_req.lock_desc, r.k.flag("MDS_INODELOCK_DOM")
    alone = bit and desc.l_policy_data.l_inodebits.bits == bit and r.name == "LDLM_ENQUEUE"
    return bool(alone and desc.l_resource.lr_type == r.k.LDLM_IBITS)


@_receiver("ldlm/ldlm_request.c: ldlm_cli_enqueue_fini", "LDLM_ENQUEUE*")
def _enqueued(r: Received) -> str | None:
    k, wanted = r.k, r.request.buffers.dlm_req
    if r.status not in (0, k.ELDLM_LOCK_ABORTED):
        return None
    if not r.has("dlm_rep"):
        return "no ldlm_reply"
    kind, flags = int(wanted.lock_desc.l_resource.lr_type), int(wanted.lock_flags)
    if (kind == k.LDLM_EXTENT or _on_data(r)) and not flags & k.LDLM_FL_REPLAY and r.said.lvb is None:
        return "no LVB"
    reply = r.said.dlm_rep
    if r.status:
        return None
    unlocks = kind == k.LDLM_FLOCK and int(wanted.lock_desc.l_req_mode) == k.LCK_NL
    if not reply.lock_handle.cookie and not unlocks and not flags & k.LDLM_FL_TEST_LOCK:
        return "no handle"
    answered = int(reply.lock_flags)
    if flags & k.LDLM_FL_REPLAY and answered & k.LDLM_FL_LOCK_CHANGED:
        return "a replayed lock changed"
    lost = flags & int(rules_of(r.request.dialect).inherited_lock_flags) & ~answered
    if lost:  # the flags a lock inherits are what the reply says
        return f"flags {lost:#x} are not echoed"
    if flags & k.LDLM_FL_TEST_LOCK and not answered & k.LDLM_FL_LOCK_CHANGED:
        return "a tested lock is not described"
    if answered & k.LDLM_FL_LOCK_CHANGED:
        mode = int(reply.lock_desc.l_req_mode)
        if mode & (mode - 1):
            return f"mode {mode}"
    return None


@_receiver("mdc/mdc_locks.c: mdc_finish_enqueue", *_INTENTS)
def _intended(r: Received) -> str | None:
    kept = r.request.body.pb_flags & r.k.MSG_REPLAY  # nobody waits for a replay with an intent
    if kept and not packer(r.request.dialect).personality.bodies.replayed_layout and not r.said.md:
        return None
    if r.status not in (0, r.k.ELDLM_LOCK_ABORTED):
        return None
    if not r.has("ident"):
        return "can't swab the body"
    return _layout(r)


@_receiver("mdc/mdc_locks.c: mdc_finish_intent_lock", *_INTENTS)
def _found(r: Received) -> str | None:
    k, said = r.k, r.said
    if r.status not in (0, k.ELDLM_LOCK_ABORTED) or said.dlm_rep is None:
        return None
    found, status = int(said.dlm_rep.lock_policy_res1), int(said.dlm_rep.lock_policy_res2)
    if not found & k.DISP_IT_EXECD:
        return None if status else "not executed, and no reason why"
    if not found & (k.DISP_LOOKUP_POS | k.DISP_LOOKUP_NEG) and not status:
        return "neither found nor missing"
    if "CREAT" not in r.name and found & k.DISP_OPEN_CREATE:
        return "made what was not to be made"
    if found & k.DISP_OPEN_OPEN and not status and not said.handle:
        return "opened without a handle"
    if found & k.DISP_LOOKUP_POS and not status and not said.ident[0]:
        return "found something without identity"
    if r.status == 0 and found & k.DISP_LOOKUP_POS:
        name = list(said.dlm_rep.lock_desc.l_resource.lr_name.name)
        if tuple(name[:2]) != said.ident[:2]:
            return f"the lock is on {name}, the body is of {said.ident}"
    return None


@_receiver("mdc/mdc_locks.c: mdc_finish_enqueue: of a lock on data", *_INTENTS)
def _sized(r: Received) -> str | None:
    k, said = r.k, r.said
    if r.status or said.dlm_rep is None:
        return None
    bits = int(said.dlm_rep.lock_desc.l_policy_data.l_inodebits.bits) & k.flag("MDS_INODELOCK_DOM")
    return "DoM lock without size" if bits and not said.valid & k.flag("OBD_MD_DOM_SIZE") else None


@_receiver("llite/file.c: ll_dom_finish_open", "LDLM_ENQUEUE/INTENT_OPEN*")
def _brought(r: Received) -> str | None:
    said, cls = r.said, r.request.dialect.structs["niobuf_remote"]
    head = cls.__wire__.size
    if r.status or not r.has("inline") or len(said.inline) < head:
        return None
    piece = record.unpack(cls, said.inline[:head])
    start, length = int(piece.rnb_offset), int(piece.rnb_len)
    if not length or start % PAGE:  # what is not the first of a page is not looked at
        return None
    if start + length != said.dom_size:
        return f"server returns off/len {start}/{length} but size {said.dom_size}"
    return None if len(said.inline) == head + length else f"{len(said.inline) - head} bytes for {length}"


@_receiver("mdc/mdc_request.c: mdc_replay_open", "LDLM_ENQUEUE/INTENT_OPEN*")
def _reopened(r: Received) -> str | None:
    if not r.request.body.pb_flags & r.k.MSG_REPLAY or r.status in (-errno.ENOTCONN, -errno.ENODEV):
        return None
    return None if r.has("ident") else "ASSERTION(body != NULL)"


# -- objects -------------------------------------------------------------------------------------------------------


@_receiver("osc/osc_request.c: osc_getattr, osc_setattr, osc_punch, osc_sync, osc_destroy, osc_real_create",
           "OST_GETATTR", "OST_SETATTR", "OST_PUNCH", "OST_SYNC", "OST_CREATE", "OST_READ", "OST_WRITE")  # fmt: skip
def _object(r: Received) -> str | None:
    return None if r.status < 0 or r.has("valid") else "no ost_body"


@_receiver("osc/osc_request.c: osc_brw_fini_request", "OST_READ")
def _read(r: Received) -> str | None:
    if r.status < 0 or not r.has("valid"):
        return None
    wanted, there = sum(n.rnb_len for n in r.asked.niobufs), r.bulk or r.said.short or b""
    if r.status > wanted or r.status != len(there):
        return f"unexpected rc {r.status} ({wanted} requested, {len(there)} transferred)"
    said, k = r.said, r.k
    if said.valid & k.OBD_MD_FLCKSUM and said.cksum != checksums.of(k, there, said.valid, said.flags):
        return "BAD READ CHECKSUM"
    if r.asked.valid & k.OBD_MD_FLCKSUM and not said.valid & k.OBD_MD_FLCKSUM:
        return "checksum requested but not sent"
    return None


@_receiver("osc/osc_request.c: check_write_checksum, check_write_rcs", "OST_WRITE")
def _written(r: Received) -> str | None:
    if r.status < 0 or not r.has("valid"):
        return None
    if r.status > 0:
        return f"unexpected +ve rc {r.status}"
    asked, said, k = r.asked, r.said, r.k
    rcs = list(said.rcs or ())
    if len(rcs) < len(asked.niobufs):
        return "missing or short RC vector"
    if any(rcs):
        return f"rcs {rcs}"
    if r.sent is not None and len(r.sent) != sum(n.rnb_len for n in asked.niobufs):
        return f"unexpected # bytes transferred: {len(r.sent)}"
    if asked.valid & k.OBD_MD_FLCKSUM and asked.cksum and said.cksum != asked.cksum:
        return "BAD WRITE CHECKSUM"
    return None


@_receiver("osc/osc_request.c: osc_update_grant", "OST_READ", "OST_WRITE")
def _granted(r: Received) -> str | None:
    if r.status < 0 or not r.granted & r.k.OBD_CONNECT_GRANT or not r.has("valid"):
        return None
    said = r.said
    return f"o_grant {said.grant:#x}" if said.valid & r.k.OBD_MD_FLGRANT and said.grant >> 31 else None
