"""What a capture told before, for the lines after it: targets of connections, paths of files and objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from lustre_wire.bounded import Bounded
from lustre_wire.capture import Captured
from lustre_wire.capture.captured import BULK
from lustre_wire.dialects import Dialect
from lustre_wire.errors import WireError
from lustre_wire.rpc import REPLY, Generic, Message
from lustre_wire.schema import spec_of
from lustre_wire.schema.holds import Records
from lustre_wire.schema.rpc import RpcFormat
from lustre_wire.text import struct_text
from lustre_wire.text.layouts import striped
from lustre_wire.text.values import quoted

#: Names and connections that are remembered; the oldest are forgotten.
_MOST: Final = 1 << 16
#: Directories above a file that are written out: a damaged capture may name a directory as its own parent.
_DEEPEST: Final = 64
#: A FID as its text has it, also as the name of a lock's resource, which has a hash of a name behind it. In place of
#: the version the lock of a quota has the id.
_FID: Final = re.compile(r"\[(0x[0-9a-f]+:0x[0-9a-f]+):(0x[0-9a-f]+)(?::0x[0-9a-f]+)?\]")
#: A lock of the MGS: the name of a file system, and which of its logs.
_CONFIG: Final = re.compile(r"PLAIN \[(0x[0-9a-f]+):(0x[0-9a-f]+):0x0:0x0\]")
#: The handles of locks, and the identity of a log, as their texts have them.
_HANDLES: Final = re.compile(r"handle \[(0x[0-9a-f]+(?:, 0x[0-9a-f]+)*)\]")
_LOG: Final = re.compile(r"#[0-9a-f]+#[0-9a-f]+#[0-9a-f]{8}")
_NONE: Final = "0x0:0x0"
#: The directory's FID and the file's FID (of a name that is given to a file which has one already) in a request.
_IN: Final = {
    "mdt_rec_create": ("cr_fid1", ""), "mdt_rec_link": ("lk_fid2", "lk_fid1"), "mdt_body": ("mbo_fid1", ""),
}  # fmt: skip
_OF_ROOT: Final = frozenset({"MDS_GET_ROOT", "MDS_GETSTATUS"})
_WITH_OBJECTS: Final = ("mdt_md", "lvb")


def _value(obj: Any, name: str) -> Any:
    """A field by its newest name, or None in a release that has it not."""
    node = spec_of(obj).members.get(name)
    return getattr(obj, node.name) if node is not None else None


def _key(fid: Any, dialect: Dialect) -> str:
    """A FID, or an object that is known by one, as lines are searched for it; empty for another or none."""
    if hasattr(fid, "f_seq"):  # most are no unions, and need no text of theirs to be searched
        key = f"{fid.f_seq:#x}:{fid.f_oid:#x}"
        return key if key != _NONE and not fid.f_ver else ""
    found = _FID.search(struct_text(fid, dialect)) if fid is not None else None
    return found[1] if found is not None and found[1] != _NONE and found[2] == "0x0" else ""


def _root(dialect: Dialect) -> str:
    """The root of a file system has one FID in all of them, since FIDs of its kind are there."""
    sequences: Any = dialect.enums.get("FidSeq")
    sequence = getattr(sequences, "FID_SEQ_ROOT", None)
    return f"{int(sequence):#x}:0x1" if sequence is not None else ""


@lru_cache(maxsize=4096)
def _special(key: str, third: str, dialect: Dialect) -> str:
    """What a FID stands for that is no file's: the name of its sequence, of a quota index whose and of what."""
    sequence, number = (int(each, 16) for each in key.split(":"))
    sequences: Any = dialect.enums.get("FidSeq")
    if sequences is None or not sequences.FID_SEQ_START < sequence < sequences.FID_SEQ_NORMAL:
        return ""
    name = sequences.name_of(sequence)
    if name == "FID_SEQ_QUOTA_GLB":
        kinds, types = dialect.enums["LquotaResType"], dialect.enums["LquotaType"]
        kind = kinds.name_of(number >> 16 & 0xFF).removeprefix("LQUOTA_RES_").lower()
        whose = types.name_of(number >> 24).removeprefix("LQUOTA_TYPE_").lower()
        of_one = f" id {int(third, 16)}" if third != "0x0" else ""
        return f"{kind}-{number & 0xFFFF:#x}.glb-{whose}{of_one}"  # as its parameters are called (qmt_pool.c)
    return name.removeprefix("FID_SEQ_") if third == "0x0" and not name.isdigit() else ""


def _holds_pages(form: RpcFormat) -> bool:
    """Whether the bulk data of an operation are directory pages; the blocks of 1.8 name no FIDs."""
    held = form.bulk_holds
    return isinstance(held, Records) and spec_of(held.head).name == "lu_dirpage"  # never one of cases


def _name(data: Any) -> bytes:
    return bytes(data or b"").rstrip(b"\0")


class Remembered:
    """What messages told so far."""

    def __init__(self) -> None:
        self._targets: Bounded[tuple[str, int], str] = Bounded(_MOST)
        self._names: Bounded[str, tuple[str, str]] = Bounded(_MOST)  # each with its name as it is shown
        self._fids: Bounded[tuple[str, bytes], str] = Bounded(_MOST)
        self._objects: Bounded[str, str] = Bounded(_MOST)
        self._roots: Bounded[str, None] = Bounded(_MOST)
        self._locks: Bounded[str, str] = Bounded(_MOST)  # FIDs of what locks are on, by the server's handle
        self._logs: Bounded[str, str] = Bounded(_MOST)
        self._slaves: Bounded[str, str] = Bounded(_MOST)  # indexes of what quota a target was granted

    def seen(self, messages: Iterable[Captured]) -> Iterator[Captured]:
        """The messages, each when what it tells was kept."""
        for captured in messages:
            self._see(captured)
            yield captured

    def _see(self, captured: Captured) -> None:
        request = captured.request
        if captured.kind == BULK and request is not None and (form := request.format) is not None:
            if _holds_pages(form) and request.message is not None:
                self._page(captured.raw, request.message)
            return
        message = captured.message
        if message is None or isinstance(message.buffers, Generic):
            return
        form = message.format
        assert form is not None  # its buffers are those of a format
        if not self._roots:
            self._roots.keep(_root(message.dialect), None)
        if message.direction != REPLY:
            self._object(message)
        elif not message.status and request is not None and (asked := request.message) is not None:
            if "CONNECT" in form.name:
                self._connection(request, asked, message)
            elif form.name in _OF_ROOT:
                body = getattr(message.buffers, "mdt_body", None)
                root = _key(_value(body, "mbo_fid1"), message.dialect) if body is not None else ""
                self._roots.keep(root, None)
            else:
                self._answered(asked, message)

    def _connection(self, request: Captured, asked: Message, reply: Message) -> None:
        target = _name(getattr(asked.buffers, "target_uuid", None))
        if target and reply.body is not None:
            handle = int(_value(reply.body, "pb_handle").cookie)
            self._targets.keep((request.src, handle), quoted(target).removesuffix("_UUID"))

    def _answered(self, asked: Message, reply: Message) -> None:
        """Names by what a request named and its reply says of it."""
        buffers, dialect = asked.buffers, asked.dialect
        body = getattr(reply.buffers, "mdt_body", None)
        child = _key(_value(body, "mbo_fid1"), dialect) if body is not None else ""
        name = _name(getattr(buffers, "name", None))
        about = getattr(buffers, "rec_reint", None) or getattr(buffers, "mdt_body", None)
        if name and about is not None:
            kind = spec_of(about).name
            if kind == "mdt_rec_rename":
                self._renamed(about, name, _name(getattr(buffers, "symtgt", None)), dialect)
            elif kind in _IN:
                parent, own = (_value(about, field) if field else None for field in _IN[kind])
                self._named(_key(parent, dialect), name, _key(own, dialect) or child)
        if (lock := getattr(reply.buffers, "dlm_rep", None)) is not None and lock.lock_handle.cookie:
            sequence, number = lock.lock_desc.l_resource.lr_name.name[:2]
            self._locks.keep(f"{int(lock.lock_handle.cookie):#x}", f"{sequence:#x}:{number:#x}")
        if (log := getattr(reply.buffers, "llogd_body", None)) is not None and name:
            self._logs.keep(struct_text(log.lgd_logid, dialect), quoted(name))
        if (quota := getattr(reply.buffers, "quota_body", None)) is not None:
            index, own = (_key(each.qb_fid, dialect) for each in (buffers.quota_body, quota))
            if index and own and index != own:
                self._slaves.keep(own, f"slave index of {_special(index, '0x0', dialect)}")
        for slot in _WITH_OBJECTS:
            data = getattr(reply.buffers, slot, None)
            if child and isinstance(data, bytes):
                for layout in striped(data, dialect):
                    for each in layout.lmm_objects:
                        if key := _key(_value(each, "l_ost_oi"), dialect):
                            self._objects.keep(key, child)

    def _renamed(self, about: Any, name: bytes, target: bytes, dialect: Dialect) -> None:
        old, new = (_key(_value(about, field), dialect) for field in ("rn_fid1", "rn_fid2"))
        fid = self._fids.pop((old, name), "")
        self._named(new, target, fid)

    def _named(self, parent: str, name: bytes, fid: str) -> None:
        if parent and fid and name and parent != fid:
            self._names.keep(fid, (parent, quoted(name)))
            self._fids.keep((parent, name), fid)

    def _page(self, data: bytes, asked: Message) -> None:
        from lustre_wire.payloads import directory  # takes its time to load, and few captures need it

        body = getattr(asked.buffers, "mdt_body", None)
        parent = _key(_value(body, "mbo_fid1"), asked.dialect) if body is not None else ""
        try:
            entries = directory.read_pages(data, asked.dialect).entries
        except WireError:  # said where the page is shown
            return
        for entry in entries:
            if entry.name not in (b".", b".."):
                self._named(parent, entry.name, _key(entry.head.lde_fid, asked.dialect))

    def _object(self, request: Message) -> None:
        """Of which file an object is, where the client says it."""
        body = getattr(request.buffers, "ost_body", None)
        valid: Any = request.dialect.enums.get("ObdMd")
        if body is None or "o_parent_seq" not in spec_of(body.oa).members or not body.oa.o_valid & valid.OBD_MD_FLFID:
            return
        seq, oid = _value(body.oa, "o_parent_seq"), _value(body.oa, "o_parent_oid")
        if seq and (key := _key(_value(body.oa, "o_oi"), request.dialect)):
            self._objects.keep(key, f"{seq:#x}:{oid:#x}")

    # --- what is told -------------------------------------------------------------------------------------------------

    def target(self, captured: Captured) -> str:
        """The target that a request goes to; empty where its connect was not seen."""
        if not self._targets or captured.message is None or captured.message.body is None:
            return ""
        handle = _value(captured.message.body, "pb_handle")
        return self._targets.get((captured.src, int(handle.cookie)), "") if handle is not None else ""

    def path(self, fid: str) -> str:
        """The path of a file, or of the file an object is of, as far as it is known; empty where nothing is."""
        parts: list[str] = []
        fid = self._objects.get(fid, fid)
        while fid not in self._roots and (found := self._names.get(fid)) is not None and len(parts) < _DEEPEST:
            fid, name = found
            parts.append(name)
        if not parts:
            return "/" if fid in self._roots else ""
        top = "" if fid in self._roots else "..."
        return f"{top}/{'/'.join(reversed(parts))}"

    def line(self, text: str, dialect: Dialect) -> str:
        """The text of a message: behind FIDs paths, or what they stand for; locks of the MGS by what they guard."""
        if "PLAIN [" in text:
            text = _CONFIG.sub(lambda found: _config(found, dialect), text)
        if self._logs and "#" in text:
            text = _LOG.sub(self._with_name, text)
        if "[0x" not in text:
            return text
        text = _FID.sub(lambda found: self._explained(found, dialect), text)
        return _HANDLES.sub(lambda found: self._locked(found, dialect), text) if "handle [" in text else text

    def _with_name(self, found: re.Match[str]) -> str:
        name = self._logs.get(found[0], "")
        return f'{found[0]} "{name}"' if name else found[0]

    def _locked(self, found: re.Match[str], dialect: Dialect) -> str:
        """Handles of locks with what those are on, where nothing else in the line says it."""
        if found.string.startswith(("PLAIN ", "EXTENT ", "FLOCK ", "IBITS ")):
            return found[0]
        each = ((handle, self._locks.get(handle, "")) for handle in found[1].split(", "))
        told = (f"{handle} {self.path(key) or _guarded(key, dialect)}".rstrip() for handle, key in each)
        return f"handle [{', '.join(told)}]"

    def _explained(self, found: re.Match[str], dialect: Dialect) -> str:
        key, third = found[1], found[2]
        told = (self.path(key) or self._slaves.get(key, "")) if third == "0x0" else ""
        told = told or _special(key, third, dialect)
        return f"{found[0]} {told}" if told else found[0]


def _config(found: re.Match[str], dialect: Dialect) -> str:
    told = _guarded(f"{found[1]}:{found[2]}", dialect)
    return f"PLAIN [{told}]" if told else found[0]


def _guarded(key: str, dialect: Dialect) -> str:
    """What a lock of the MGS guards, of the first two numbers of its resource's name; empty for another lock."""
    first, _, second = key.partition(":")
    name = int(first or "0", 16).to_bytes(8, "little").rstrip(b"\0")
    kinds: Any = dialect.enums.get("MgsCfgType")
    if kinds is None or not name or not all(0x20 < byte < 0x7F for byte in name):
        return ""
    return f"{quoted(name)}:{kinds.name_of(int(second, 16)).removeprefix('MGS_CFG_T_').lower()}"
