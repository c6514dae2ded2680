"""Wireshark's own dissector of Lustre, where it is installed: a second reader that shares nothing with ours.

What both say is compared by place: what tshark shows at some bytes of a message, and what our decoded one has there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from lustre_codecs.enums.ptlrpc import PtlrpcMsgType
from lustre_wire import encode
from lustre_wire.embedded import holding
from lustre_wire.engines.payload import codec
from lustre_wire.errors import WireError
from lustre_wire.frames import lustre_msg
from lustre_wire.payloads import llog, updates
from lustre_wire.payloads.config import Config
from lustre_wire.payloads.wire import pack, round8
from lustre_wire.rpc import Generic, Message
from lustre_wire.schema import nodes
from lustre_wire.schema.holds import Records
from lustre_wire.schema.nodes import resolved
from lustre_wire.schema.rpc import SlotSpec
from lustre_wire.schema.shown import is_padding
from lustre_wire.schema.struct import spec_of
from lustre_wire.text.values import union_member

_MALFORMED: Final = "_ws.malformed"
#: tshark's numbers for the types FT_UINT8 to FT_INT64 of fields.
_INTEGERS: Final = range(4, 20)
TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: nothing to compare with")


def run(*arguments: str) -> str:
    """What tshark prints."""
    assert TSHARK is not None
    done = subprocess.run([TSHARK, *arguments], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def values(path: Path, *names: str) -> list[list[list[str]]]:
    """Of each frame, all values of each named field."""
    columns = [part for name in names for part in ("-e", name)]
    out = run("-r", str(path), "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,", *columns)
    return [[column.split(",") if column else [] for column in line.split("\t")] for line in out.splitlines()]


# --- what tshark shows ------------------------------------------------------------------------------------------------


class Shown(NamedTuple):
    """One field of tshark's: its name without "lustre.", where in the message it is, and what is there.

    `mask` picks bits of the whole field, then `raw` is their number; otherwise `raw` is the bytes, and `number` what
    people read, where that is one. `inner` says that it has fields of its own.
    """

    name: str
    at: int
    size: int
    mask: int
    raw: bytes | int
    number: int | None
    inner: bool


class Dissected(NamedTuple):
    """A lustre_msg as tshark shows it.

    `frame` is the one that completes it, `lnet` has the fields of its LNet header; `malformed` says that tshark did not
    get to its end, or went beyond it.
    """

    frame: int
    lnet: dict[str, Any]
    shown: tuple[Shown, ...]
    malformed: bool

    @property
    def key(self) -> tuple[int, int, bool]:
        """By what both readers know a message: match bits, opcode, and whether it is a request."""
        numbers = {each.name: each.number for each in reversed(self.shown)}
        opcode, kind = numbers["ptlrpc_body.pb_opc"], numbers["ptlrpc_body.pb_type"]
        assert opcode is not None
        return int(self.lnet["lnet.msg_dst_match_bits"], 16), opcode, kind == PtlrpcMsgType.PTL_RPC_MSG_REQUEST


def _pairs(objects: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """A JSON object as a list, since tshark repeats keys."""
    return objects


def dissected(path: Path) -> Iterator[Dissected]:
    """Every lustre_msg that tshark finds in a capture, several of one segment in their order."""
    found = run("-r", str(path), "-T", "json", "-x", "-Y", "lustre", "-J", "frame lnet lustre _ws.malformed")
    for packet in json.loads(found, object_pairs_hook=_pairs):
        layers = dict(dict(packet)["_source"])["layers"]
        frame = int(dict(dict(layers)["frame"])["frame.number"])
        names = [name for name, _ in layers]
        for number, (name, layer) in enumerate(layers):
            if name == "lnet":
                lnet = dict(layer)
            elif name == "lustre":
                shown = tuple(_shown(layer))
                malformed = _MALFORMED in lnet or _MALFORMED in names[number + 1 : number + 2]
                yield Dissected(frame, lnet, tuple(s._replace(at=s.at - shown[0].at) for s in shown), malformed)


def _shown(layer: list[tuple[str, Any]]) -> Iterator[Shown]:
    """The fields of a layer, those inside others behind them; of each its bytes come first, its name with _raw."""
    raws: dict[str, Any] = {}
    for name, value in layer:
        if name.endswith("_raw"):
            raws[name.removesuffix("_raw")] = value
            continue
        inner = isinstance(value, list) and any(field.startswith("lustre.") for field, _ in value)
        if name in raws and name.startswith("lustre."):
            digits, at, size, mask, kind = raws.pop(name)
            mask &= (1 << 8 * size) - 1
            raw = int(digits, 16) if mask else bytes.fromhex(digits)
            number = int(value, 0) if kind in _INTEGERS and not inner else None
            yield Shown(name.removeprefix("lustre."), at, size, mask, raw, number, inner)
        if isinstance(value, list):
            yield from _shown(value)


# --- what we decode ---------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """Names of what lies at a place: `whole` if each lies there alone, else they share its bytes."""

    names: tuple[str, ...]
    whole: bool


class Placed:
    """A decoded message laid out by place: what each field's value is on the wire, and the names that lie there.

    The bytes are made of the values that decoding gave; fields are called by C struct and field, buffers by their slot.

    Attributes:
        buffers_from: where the first buffer behind the ptlrpc_body is; the end where all are empty.
    """

    def __init__(self, message: Message) -> None:
        self.message = message
        raw = encode(message)
        parts = lustre_msg.split(raw)
        places = list(zip(parts.offsets, parts.lengths, strict=True))
        self.data = bytearray(len(raw))
        self._exact: dict[tuple[int, int], list[str]] = defaultdict(list)
        self._begins: dict[int, list[str]] = defaultdict(list)
        self._owners: list[str | None] = [None] * len(raw)
        self._struct(message.header, 0)
        if message.body is not None:
            self._struct(message.body, places.pop(0)[0])
        self.buffers_from = min((at for at, size in places if size), default=len(raw))
        if not isinstance(message.buffers, Generic):
            slots = codec(type(message.buffers), message.order).places(message.buffers)
            for spec, (at, size) in zip(slots, places, strict=False):
                self._slot(spec, getattr(message.buffers, spec.name), at, size)

    def at(self, shown: Shown) -> Place:
        """What lies where tshark shows something. (The size of what has fields is what it has read, not a struct's.)"""
        if shown.inner and (begin := self._begins.get(shown.at)):
            return Place(tuple(begin), True)
        if not shown.inner and (exact := self._exact.get((shown.at, shown.size))):
            return Place(tuple(exact), True)
        owners = dict.fromkeys(self._owners[shown.at : shown.at + (1 if shown.inner else shown.size)])
        return Place(tuple(name for name in owners if name is not None), False)

    def beside(self, shown: tuple[Shown, ...]) -> set[str]:
        """What has bytes that no field of tshark's shows."""
        left = [*self._owners]
        for one in shown:
            if not one.inner:
                left[one.at : one.at + one.size] = [None] * len(left[one.at : one.at + one.size])
        return {name for name in left if name is not None}

    def same(self, shown: Shown) -> bool:
        """Whether both read the same there: the bits, or the bytes and the number."""
        if shown.inner:
            return True  # its fields tell
        found = bytes(self.data[shown.at : shown.at + shown.size])
        number = int.from_bytes(found, self.message.order)
        if shown.mask:
            return (number & shown.mask) // (shown.mask & -shown.mask) == shown.raw
        return found == shown.raw and shown.number in (None, number, number - (1 << 8 * shown.size))

    def _slot(self, spec: SlotSpec, value: Any, at: int, size: int) -> None:
        if value is None:
            return
        if not spec.opaque:
            self._name(at, size, spec.name)
            self._node(spec.node, value, at, spec.name)
            return
        self._cell(at, size, bytes(value), spec.name)
        held = spec.held_beside(self.message.buffers)
        found = holding(held, bytes(value), self.message.dialect, self.message.order)
        if found is not None:
            self._node(*found, at, spec.name)
        if isinstance(spec.holds, Records):
            with suppress(WireError):  # what is no records is bytes
                self._records(spec_of(spec.holds.head).name, bytes(value), at)

    def _records(self, head: str, data: bytes, at: int) -> None:
        dialect, order = self.message.dialect, self.message.order
        if head == "object_update_reply":
            self._struct(updates.read_results(data, dialect, order).head, at)
        elif head == "llog_rec_hdr":
            for record in llog.read_chunk(data, dialect, order).records:
                self._struct(record.header, at)
                self._struct(record.tail, at + record.header.lrh_len - spec_of(record.tail).size)
                if isinstance(record.value, Config):
                    self._config(record.value, at + spec_of(record.header).size)
                at += record.header.lrh_len

    def _config(self, config: Config, at: int) -> None:
        self._struct(config.header, at)
        at += round8(len(pack(config.header, config.order)))
        for number, data in enumerate(config.buffers):
            self._cell(at, len(data), data, "lustre_cfg.buffer")
            if number == 1 and (made := config.struct()) is not None:
                self._struct(made, at)
            at += round8(len(data))

    def _name(self, at: int, size: int, name: str) -> None:
        self._exact[at, size].append(name)
        self._begins[at].append(name)

    def _cell(self, at: int, size: int, data: bytes, name: str) -> None:
        self.data[at : at + size] = data.ljust(size, b"\0")
        self._owners[at : at + size] = [name] * size
        self._name(at, size, name)

    def _struct(self, value: Any, at: int, name: str = "") -> None:
        spec = spec_of(value)
        self._name(at, spec.size, spec.name)
        if name:
            self._name(at, spec.size, name)
        for member in spec.node.members:
            self._node(member, getattr(value, member.name), at + member.offset, f"{spec.name}.{member.name}", value)
        for other in spec.overlays:
            self._name(at + other.offset, other.size, f"{spec.name}.{other.name}")

    def _node(self, node: nodes.Node, value: Any, at: int, name: str, outer: Any = None) -> None:
        if isinstance(node, nodes.Group):
            self._struct(value, at, name)
        elif isinstance(node, nodes.Overlap):
            found = union_member(node, value, outer)
            self._cell(at, node.width, value.raw, name)
            if found is not None:
                self._node(*found, at, name)
        elif isinstance(node, nodes.Repeat) and not node.joined:
            for number, one in enumerate(value):
                self._node(node.node, one, at + number * node.stride, name)
        elif isinstance(value, int):
            order = resolved(node.order if isinstance(node, nodes.Cell) else None, self.message.order)
            number = int(value) & (1 << 8 * node.width) - 1
            self._cell(at, node.width, number.to_bytes(node.width, order), name)
        else:
            self._cell(at, node.width or len(value), bytes(value), name)


# --- names ------------------------------------------------------------------------------------------------------------

#: tshark's names of structs that do not begin ours.
_STRUCTS: Final = {
    "cfg_maker": "cfg_marker", "ll_fid": "lu_fid", "mdt_rec_reint": "mdt_rec_",
    "obj_update_reply": "object_update_reply", "seq_range": "lu_seq_range",
}  # fmt: skip

#: Names of fields, and what ours may be called there: both with * for anything.
Names = Mapping[str, tuple[str, ...]]

#: What tshark calls otherwise than Lustre's headers or formats do, and means the same.
CALLED: Final[Names] = {
    "data": ("acl", "eavals", "eavals_lens", "lu_seq_range_array", "lvb", "mdt_md", "val", "xattr_names"),
    "eadata": ("symtgt",),
    "extra_padding": ("ldlm_lock_desc.l_policy_data", "log_block"),
    "filename": ("name",),
    "layout_intent.end": ("lu_extent.e_end",),
    "layout_intent.start": ("lu_extent.e_start",),
    "ldlm_res_id*": ("ldlm_res_id.name",),
    "llog_log_hdr.llh_flags.*": ("llogd_body.lgd_llh_flags",),
    "llog_rec": ("llog_rec_hdr",),
    "llogd_log_hdr": ("llog_log_hdr",),
    "lmv_mds_md.status": ("lmv_mds_md_v1.lmv_hash_type",),
    "lov_desc.magic": ("l[om]v_desc.ld_active_tgt_count",),
    "lov_mds_md.lmm_object_id": ("ost_id::lmm.oi_id",),
    "lov_mds_md.lmm_object_seq": ("ost_id::lmm.oi_seq",),
    "lustre_cfg.buflen": ("lustre_cfg.lcfg_buflens",),
    "mdt_rec_reint.fid1": ("mdt_rec_setattr.sa_fid", "mdt_rec_setxattr.sx_fid"),
    "mdt_rec_reint.flags": ("mdt_rec_create.cr_flags_l",),
    "mdt_rec_reint.old_handle": ("mdt_rec_create.cr_open_handle_old",),
    "mdt_rec_reint.size32": ("mdt_rec_setxattr.sx_size",),
    "mdt_rec_reint.size64": ("mdt_rec_setattr.sa_size",),
    "mdt_rec_reint.suppgid1": ("mdt_rec_setattr.sa_suppgid",),
    "mdt_rec_reint.suppgid1_h": ("mdt_rec_setattr.sa_suppgid_h",),
    "obd_statfs.os_spare": ("obd_statfs.os_spare?",),
    "obd_uuid": ("client_uuid", "target_uuid"),
    "obj_update_reply": ("object_update_reply",),
    "ost_val": ("fid",),
    "ptlrpc_body.pb_pre_version": ("ptlrpc_body*.pb_pre_versions",),
    "rcs.rc": ("rcs",),
    "xattr": ("xattr_names",),
    "xattr.data": ("eavals",),
    "xattr.name": ("xattr_names",),
    "xattr.size": ("eavals_lens",),
    "xattr_list": ("xattr_names",),
}


#: An open's record read as a setattr's, with its mode and its bias exchanged: a mode of 0100666 is shown as a bias, the
#: time of the client as that of a last access. Recorded opens say which mode was asked for.
OPEN_AS_SETATTR: Final[Names] = {
    "mdt_rec_reint.mtime": ("mdt_rec_create.cr_*old*",),
    "mdt_rec_reint.atime": ("mdt_rec_create.cr_time",),
    "mdt_rec_reint.ctime": ("mdt_rec_create.cr_rdev",),
    "mdt_rec_reint.size64": ("mdt_rec_create.cr_ioepoch",),
    "mdt_rec_reint.blocks": ("mdt_rec_create.cr_padding_1",),
    "mdt_rec_reint.bias": ("mdt_rec_create.cr_mode",),
    "mdt_rec_reint.mode": ("mdt_rec_create.cr_bias", "mdt_rec_link.lk_padding_5"),  # and a link has none
}
#: A PLAIN lock covers all and has no range.
RANGE_OF_PLAIN: Final[Names] = {"ldlm_flock.*": ("ldlm_lock_desc.l_policy_data",)}
#: Of messages that it reads to the end, what it shows half of: the type of a config log, as 4 bytes of 8.
HALF: Final = "ldlm_res_id.name"


def called_alike(theirs: str, bits: bool, ours: str) -> bool:
    """Whether two names say the same but for prefixes, as `mbo_` of an mdt_body; those of `bits` are longer."""
    *their_struct, their = theirs.split(".", 1)
    *our_struct, our = ours.split(".", 1)
    if their_struct and not (our_struct and our_struct[0].startswith(_STRUCTS.get(their_struct[0], their_struct[0]))):
        return False
    if bits and their.startswith(our):
        return True
    return their == our or our.endswith(f"_{their}") or their.endswith(f"_{our}") or our.startswith(f"{their}_v")


class Comparison:
    """What tshark says of the messages of a capture beside what we do, told by tables of names.

    Attributes:
        equal: how many values are equal, by kind of message.
        used: what of the tables was needed: the table's number, the field, our name.
        malformed: kinds of which tshark did not read each to its end.
        bare: kinds of which it showed nothing behind the ptlrpc_body, though there is something.
        left: of messages that it read to the end, kinds, and what of ours it did not show nevertheless.
        unseen: what it did not show at all, though we read a message: its portal and kind.
    """

    def __init__(self, *tables: Names) -> None:
        self.equal: Counter[str] = Counter()
        self.used: set[tuple[int, str, str]] = set()
        self.malformed: set[str] = set()
        self.bare: set[str] = set()
        self.left: set[tuple[str, str]] = set()
        self.unseen: set[tuple[int | None, str]] = set()
        self._tables = tables
        self._explained: dict[tuple[str, bool, bool, Place], bool] = {}

    def add(self, theirs: Dissected, message: Message) -> None:
        """Compare each value of one message.

        Raises:
            AssertionError: another value, or another name than a table has.
        """
        kind, ours, behind = kind_of(message), Placed(message), 0
        for shown in theirs.shown:
            place = ours.at(shown)
            assert ours.same(shown), (theirs.frame, kind, shown, place)
            assert self._explains(shown, place), (theirs.frame, kind, shown, place)
            self.equal[kind] += not shown.inner
            behind += shown.at >= ours.buffers_from
        if theirs.malformed:
            self.malformed.add(kind)
        else:
            self.left |= {(kind, name) for name in ours.beside(theirs.shown)}
        if not behind and len(ours.data) > ours.buffers_from:
            self.bare.add(kind)

    def _explains(self, theirs: Shown, place: Place) -> bool:
        key = (theirs.name, bool(theirs.mask), theirs.inner, place)
        if key not in self._explained:
            self._explained[key] = self._new(*key)
        return self._explained[key]

    def _new(self, name: str, bits: bool, inner: bool, place: Place) -> bool:
        if "padding" in name and all(map(is_padding, place.names)):
            return True
        if any(called_alike(name, bits, one) for one in place.names):
            return True
        for number, table in enumerate(self._tables):
            for field, wanted in table.items():
                if fnmatchcase(name, field):
                    found = {(number, field, w) for w in wanted for one in place.names if fnmatchcase(one, w)}
                    rest = [one for one in place.names if not any(fnmatchcase(one, w) for w in wanted)]
                    if found and (place.whole or all(map(is_padding, rest))):
                        self.used |= found
                        return True
        return False


def kind_of(message: Message) -> str:
    """A format, and which side of it."""
    return f"{message.name} {message.direction}"
