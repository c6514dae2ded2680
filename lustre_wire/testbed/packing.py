"""How a dialect puts operations into messages and reads them out again: one declaration for both directions.

A `Form` ties a neutral operation to an RPC format: for each field of a buffer (``"rec.cr_mode"``) or whole buffer
(``"name"``) the attribute of the operation it holds. Forms are declared in a dialect's ``testbed`` part.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lustre_wire import rpc
from lustre_wire.dialects import Dialect
from lustre_wire.engines import record
from lustre_wire.engines.payload import Extra
from lustre_wire.errors import SchemaError, WireError
from lustre_wire.frames.lustre_msg import rounded
from lustre_wire.recovery.ldlm.locks import cancels_of
from lustre_wire.recovery.request import Request, repsize
from lustre_wire.testbed.operations import NOBODY, Ident, ObjectOp, Operation, Result


@dataclass(frozen=True)
class Const:
    """A field that always has this value; not read."""

    value: Any


@dataclass(frozen=True)
class Fid:
    """An identity: the struct's fields are its numbers, in order."""

    attribute: str


@dataclass(frozen=True)
class Cancels:
    """Handles of locks given up on the way, as an `ldlm_request`."""

    attribute: str


@dataclass(frozen=True)
class Size:
    """The length of another attribute, 0 for None; not read."""

    attribute: str


@dataclass(frozen=True)
class Maybe:
    """Room for a reply buffer that is only counted when the attribute is not 0."""

    attribute: str


Source = str | Const | Fid | Cancels | Size
Fields = Mapping[str, Source]
#: Where in a message something stands (buffer, and fields in fields), as what, and the attribute it is the value of.
Reads = list[tuple[str, list[str], Source, str]]


@dataclass(frozen=True)
class Form:
    """One operation in one dialect.

    Attributes:
        operation: the class of `operations`.
        format: name of the RPC format.
        request, reply: what each field holds.
        room: bytes the client reserves for each reply buffer behind the ptlrpc_body; a name stands for an attribute of
            the operation, `Maybe` for a buffer that may not be there.
        replayed: the request is kept for replay (R1).
        lane: modifying requests of one lane are in flight one at a time (mdc_rpc_lock, close lock).
        padded: (buffer, bytes): the buffer is filled up with zeroes to this length.
        power_of_two: a buffer that grows until the message, without lock handles beyond one, is a power of two long.
        expects: attribute that says how many bytes of bulk data come from the server.
    """

    operation: type[Operation]
    format: str
    request: Fields
    reply: Fields = field(default_factory=dict)
    room: tuple[int | str | Maybe, ...] = ()
    replayed: bool = False
    lane: str = ""
    padded: tuple[str, int] | None = None
    power_of_two: str = ""
    expects: str = ""
    match: Any = None

    @cached_property
    def asks(self) -> Reads:
        """What of an operation a request tells."""
        return _reads(self.request)

    @cached_property
    def says(self) -> Reads:
        """What a reply tells."""
        return _reads(self.reply)

    @property
    def named(self) -> tuple[str, ...]:
        """Attributes of the operation that hold identities."""
        return tuple(source.attribute for source in self.request.values() if isinstance(source, Fid))


@dataclass(frozen=True)
class Bodies:
    """What the body of an MDT's answer says is valid of an object, and what else depends on the dialect in it.

    Attributes:
        always, not_file, no_objects: `OBD_MD_*` of every object, of one that is no regular file, of a file without
            objects: its size is the MDT's own.
        told: of a file whose size came with its last close, which says so with `telling` (`MDS_ATTR_*`).
        handle: says that an open handle is there.
        cookies: says that an `llog_cookie` is there for each object of a file that is gone.
        epochs: an open to write is told its I/O epoch.
        rough_size: of a close that changes the time of access, says that the size it brings is kept, roughly.
        acl, asked_max: set where the request asks for them: access control list, and the largest layout.
        max_mdsize: bytes of that.
        layout_where_asked: only a request with this bit and room for it gets the layout of a file it looks up.
        replayed_layout: the answer to a replayed open has the layout; otherwise only how long it is.
        layout_of_removed: the last unlink is answered with the layout, for the client to remove the objects.
        striped: says that the layout of a striped directory, or of one of its stripes, is there.
        dom_size: says that size and blocks of the bytes on the MDT are there, which goes with a lock on them.
        file_flags: flags of every regular file's inode (FS_*_FL).
        orphan_flags: flags of one that has lost its last name and is open.
        default_lmv_asked, default_lmv_valid: how a directory's default layout is asked for, and what says it is there.
    """

    always: int
    not_file: int
    no_objects: int
    told: int = 0
    telling: int = 0
    handle: int = 0
    cookies: int = 0
    epochs: bool = False
    rough_size: int = 0
    acl: int = 0
    asked_max: int = 0
    max_mdsize: int = 0
    layout_where_asked: int = 0
    replayed_layout: bool = True
    layout_of_removed: bool = True
    default_lmv_asked: int = 0
    default_lmv_valid: int = 0
    striped: int = 0
    dom_size: int = 0
    file_flags: int = 0
    orphan_flags: int = 0


@dataclass(frozen=True)
class Locking:
    """The inode bits (`MDS_INODELOCK_*`) an MDT grants beyond what it is asked for.

    Attributes:
        lookup, getattr: on what IT_LOOKUP and IT_GETATTR find.
        layout: besides, on a file, if nobody else has a lock against it.
        xattr: on an object whose extended attributes are read.
        open: of an open that asks to keep the handle (MDS_OPEN_LOCK).
        setattr, setxattr: taken back from everybody when attributes change, or extended attributes.
        mode: of these locks, but the last.
        data: protects bytes that the MDT keeps.
    """

    lookup: int
    getattr: int
    layout: int
    xattr: int
    open: int
    setattr: int
    setxattr: int
    mode: str
    data: int = 0


@dataclass(frozen=True)
class ObjectValid:
    """`o_valid` of an OST's answer: what it keeps of the request's, and what it adds."""

    kept: int
    added: int


@dataclass(frozen=True)
class LayoutNames:
    """Where numbers of objects stand: paths, and which of them, "id" or "seq".

    Attributes:
        file, object: in a layout and in each of its stripes.
        io: in an `obd_ioobj`.
    """

    file: Mapping[str, str]
    object: Mapping[str, str]
    io: Mapping[str, str]


@dataclass(frozen=True)
class Personality:
    """A dialect in the testbed: its forms, and the few values that are no field of a message.

    Attributes:
        forms: every operation.
        client_names: the client chooses the identity of new files (FIDs); otherwise the server does (inodes).
        open_bits: inode bits an intent open asks for.
        flock_slot: which word of a resource's name says that it is of file locks (llite/file.c: ll_file_flock).
        close_valid: what a close says is valid: without and with a size.
        directory: how directory pages travel: ``"blocks"`` or ``"pages"``.
        mds_flags, ost_flags, mgs_flags: connect flags clients ask for: what the testbed can do of what a client can.
        mds_supported, ost_supported, mgs_supported: what a server of the release grants (`*_CONNECT_SUPPORTED`).
        mgc_secflvr: lm_secflvr of messages to an MGS: who speaks, without a security policy.
        bodies, object_valid: what answers say is valid: those of an MDT, those of an OST by operation.
        layout: how layouts and transfers name objects.
        checksums: kinds of checksum of bulk data that are granted (`OBD_CKSUM_*`).
        read_mode, write_mode: what open flags have of a file that is opened to be read, or written (FMODE_*).
        mds_supported2, ost_supported2, mgs_supported2: what is granted of ocd_connect_flags2.
        locking: None: a lookup is granted the bits it asks for, and an open none.
        object_word: which word of a resource's name is the number of an OST's object.
        object_sequences: the sequence of the first OST's objects, and how far the next one's is from it; (0, 0) where
            objects are numbers alone.
        root: the FID of the root directory, `NOBODY` where that is its inode.
        default_lmv: the root's default layout, with `default_lmv_room` bytes for it in an answer.
        connect: what an answer to a connect has besides, by the kind of target.
        lookup_valid: what a client asks of what it looks up (`OBD_MD_*`), where it says so.
        lists_attributes: extended attributes of the MDT's own (lma, link, som) are listed.
        pages_at_once: a directory is sent in as many pages as were asked for, not in one.
        extra_logs: names of logs an MGS has beside the client's.
        link_looks_up: a link whose name is taken is refused for that before a directory is for being none to link
            (mds/mds_reint.c: mds_reint_link; mdt/mdt_reint.c: mdt_reint_link, which goes on in 2.0).
        replies_rounded: a client's room for an answer, and for one that asks for patience, is a power of two.
        most_shards: how many stripes a directory may have, 0 where none has any.
        punch_error: errno of who wants to free bytes in the middle of an object.
        mdt_object_valid: as `object_valid`, of what an MDT says of the bytes it keeps itself, where that differs.
    """

    forms: tuple[Form, ...]
    client_names: bool
    open_bits: int
    flock_slot: int
    close_valid: tuple[int, int]
    directory: str
    mds_flags: int
    ost_flags: int
    mgs_flags: int
    mds_supported: int
    ost_supported: int
    mgs_supported: int
    mgc_secflvr: int
    bodies: Bodies
    object_valid: Mapping[type[ObjectOp], ObjectValid]
    layout: LayoutNames
    checksums: int
    read_mode: int = 1
    write_mode: int = 2
    mds_supported2: int = 0
    ost_supported2: int = 0
    mgs_supported2: int = 0
    locking: Locking | None = None
    object_word: int = 0
    object_sequences: tuple[int, int] = (0, 0)
    root: Ident = NOBODY
    default_lmv: bytes = b""
    default_lmv_room: int = 0
    connect: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    lookup_valid: int = 0
    lists_attributes: bool = False
    pages_at_once: bool = False
    extra_logs: tuple[str, ...] = ()
    link_looks_up: bool = True
    replies_rounded: bool = False
    most_shards: int = 0
    punch_error: int = errno.EFAULT
    mdt_object_valid: Mapping[type[ObjectOp], ObjectValid] = field(default_factory=dict)

    def valid(self, asked: ObjectOp, *, mdt: bool = False) -> int:
        """`o_valid` of the answer to a request to an OST, or of one to an MDT about bytes it has."""
        found = self.object_valid.get(type(asked)) or self.object_valid.get(ObjectOp) or ObjectValid(0, 0)
        if mdt:
            found = self.mdt_object_valid.get(type(asked), found)
        return int(asked.valid & found.kept | found.added)


def _reads(fields: Fields) -> Reads:
    """How to read what fields hold: constants and lengths say nothing."""
    return [
        (path.partition(".")[0], path.split(".")[1:], what, what if isinstance(what, str) else what.attribute)
        for path, what in fields.items() if not isinstance(what, (Const, Size))
    ]  # fmt: skip


def put_at(value: Any, path: str, number: Any) -> None:
    """Set what is at a path of a struct's fields: ``put_at(body, "fid1.f_oid", 1)``."""
    *inner, last = path.split(".")
    for part in inner:
        value = getattr(value, part)
    setattr(value, last, number)


class Packer:
    """Packs and unpacks what one dialect declares.

    Raises:
        SchemaError: a form names a field or an attribute that is not there.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.personality: Personality = dialect.part("testbed")
        self.by_operation = {form.operation: form for form in self.personality.forms}
        self.by_format: dict[str, Form] = {}
        for form in self.personality.forms:
            self.by_format[form.format] = form
            for extra in form.match or ():
                self.by_format[extra] = form
            self._check(form)

    def _check(self, form: Form) -> None:
        declared = self.dialect.rpcs[form.format]
        for side, fields, cls in (
            (declared.request, form.request, form.operation),
            (declared.reply, form.reply, Result),
        ):
            known = {a.name for a in cls.__attrs_attrs__}
            slots = {s.name for s in side.__slot_specs__}
            for path, source in fields.items():
                attribute = source if isinstance(source, str) else getattr(source, "attribute", None)
                if path.split(".")[0] not in slots or (attribute is not None and attribute not in known):
                    raise SchemaError(f"{path} or {attribute} is not there", path=form.format)

    def request(self, op: Operation, name: str = "") -> rpc.Message:
        """The request for an operation.

        Args:
            name: the format, where the operation has several (intents).
        """
        form = self.form(op)
        message = self._build(name or form.format, rpc.REQUEST, form.request, op)
        self._fill(message, form)
        rooms = []
        for room in form.room:
            size = room if isinstance(room, int) else getattr(op, room if isinstance(room, str) else room.attribute)
            if size or not isinstance(room, Maybe):
                rooms.append(size)
        message.header.lm_repsize = repsize(self.dialect, *rooms)
        return message

    def form(self, op: Operation) -> Form:
        found: Form | None = self.by_operation.get(type(op))
        if found is None:
            raise WireError(f"no message for {type(op).__name__}", dialect=self.dialect.name)
        return found

    def read(self, message: rpc.Message) -> tuple[Form, Any] | None:
        """The form and the operation of a request.

        None for a request the testbed does not know, and for one without a buffer that its format needs.
        """
        form = self.by_format.get(message.format.name) if message.format is not None else None
        if form is None or isinstance(message.buffers, rpc.Generic):
            return None
        return self.read_buffers(form.format, message.buffers)

    def read_buffers(self, name: str, buffers: Any) -> tuple[Form, Any] | None:
        """The same of the buffers of a format: those of a request that is one of many in another."""
        form = self.by_format.get(name)
        if form is None:
            return None
        used = {path.split(".")[0] for path in form.request}
        for spec in type(buffers).__slot_specs__:
            if spec.name in used and not spec.optional and getattr(buffers, spec.name) is None:
                return None
        return form, self._read(buffers, form.asks, form.operation())

    def result(self, form: Form, message: rpc.Message) -> Result:
        """What a reply says."""
        made: Result = self._read(message.buffers, form.says, Result(status=message.status))
        return made

    def buffers(self, form: Form, name: str, result: Result) -> dict[str, Any]:
        """The buffers of a reply."""
        declared = self.dialect.rpcs[name]
        known = {spec.name for spec in declared.reply.__slot_specs__}
        fields = {path: source for path, source in form.reply.items() if path.split(".")[0] in known}
        return self._values(declared.reply, fields, result)

    def amend(self, message: rpc.Message, **attributes: Any) -> None:
        """Change in a message made before what these attributes stand for, and nothing else (replay data, R16)."""
        found = self.by_format[message.format.name] if message.format is not None else None
        assert found is not None
        for path, what in found.request.items():
            attribute = what if isinstance(what, str) else getattr(what, "attribute", None)
            if attribute not in attributes or isinstance(what, Size):
                continue
            *inner, last = path.split(".")
            target = message.buffers
            for part in inner:
                target = getattr(target, part)
            if isinstance(what, Fid):
                _set_fid(getattr(target, last), attributes[attribute])
            else:
                setattr(target, last, attributes[attribute])

    def _build(self, name: str, direction: str, fields: Fields, source: Any) -> rpc.Message:
        declared = self.dialect.rpcs[name]
        return rpc.build(self.dialect, name, direction, **self._values(declared.request, fields, source))

    def _values(self, side: Any, fields: Fields, source: Any) -> dict[str, Any]:
        specs = {spec.name: spec for spec in side.__slot_specs__}
        out: dict[str, Any] = {}
        for path, what in fields.items():
            name, *rest = path.split(".")
            value = self._value(what, source)
            if not rest:
                opaque = specs[name].struct is None and hasattr(value, "__wire__")
                out[name] = record.pack(value) if opaque else value
                continue
            if name not in out:
                out[name] = specs[name].struct()
            target = out[name]
            if value is None:  # a struct inside a struct that nobody has
                continue
            for part in rest[:-1]:
                target = getattr(target, part)
            if isinstance(what, Fid):
                _set_fid(getattr(target, rest[-1]), value)
            else:
                setattr(target, rest[-1], value)
        return out

    def _value(self, what: Source, source: Any) -> Any:
        if isinstance(what, Const):
            return what.value
        if isinstance(what, str):
            return getattr(source, what)
        value = getattr(source, what.attribute)
        if isinstance(what, Cancels):
            return cancels_of(self.dialect, value)
        return len(value or b"") if isinstance(what, Size) else value

    def _read(self, buffers: Any, reads: Reads, made: Any) -> Any:
        for name, rest, what, attribute in reads:
            value = getattr(buffers, name, None)
            if value is None:
                continue
            for part in rest:
                value = getattr(value, part)
            if isinstance(what, Fid):
                value = _get_fid(value)
            elif what == "lvb" and isinstance(value, bytes):  # a dialect may know it as bytes only
                value = record.unpack(self.dialect.structs["ost_lvb"], value) if value else None
            elif isinstance(what, Cancels):
                given = value.lock_handle[: max(1, value.lock_count)]  # ldlm_request_cancel: no number is one
                value = tuple(handle.cookie for handle in given if handle.cookie)
            setattr(made, attribute, int(value) if isinstance(value, int) else value)
        return made

    def _fill(self, message: rpc.Message, form: Form) -> None:
        """What a correct sender adds to a buffer beyond its content."""
        if form.padded is not None:
            name, size = form.padded
            setattr(message.buffers, name, (getattr(message.buffers, name) or b"").ljust(size, b"\0"))
        if form.power_of_two:
            length = len(rpc.encode(message)) - _handles_beyond_two(message)
            whole = 1 << (length - 1).bit_length()
            data = getattr(message.buffers, form.power_of_two)
            setattr(message.buffers, form.power_of_two, data.ljust(rounded(len(data)) + whole - length, b"\0"))
        for spec in type(message.buffers).__slot_specs__:
            if spec.room and spec.struct is not None and getattr(message.buffers, spec.name) is not None:
                extra = message.extra = message.extra or Extra()
                extra.tails[spec.index] = bytes(spec.room - spec.node.width)


def has_broken_string(message: rpc.Message) -> bool:
    """Has a string a NUL inside or none at its end? Receivers take none (ptlrpc/pack_generic.c: lustre_msg_string)."""
    extra = message.extra
    if extra is None or isinstance(message.buffers, rpc.Generic):
        return False
    texts = {spec.index for spec in type(message.buffers).__slot_specs__ if spec.text}
    return not texts.isdisjoint(extra.tails) or not texts.isdisjoint(extra.cut)


def _handles_beyond_two(message: rpc.Message) -> int:
    return 8 * max(0, len(message.buffers.dlm_req.lock_handle) - 2)


def _set_fid(target: Any, value: Ident) -> None:
    for spec, number in zip(target.__wire__.fields, value, strict=True):
        setattr(target, spec.name, number)


def _get_fid(value: Any) -> Ident:
    one, two, three = (int(getattr(value, spec.name)) for spec in value.__wire__.fields)
    return one, two, three


_packers: dict[int, Packer] = {}


def packer(dialect: Dialect) -> Packer:
    """The dialect's packer, shared by everybody who asks."""
    found = _packers.get(id(dialect))
    if found is None or found.dialect is not dialect:
        found = _packers[id(dialect)] = Packer(dialect)
    return found


def result_of(request: Request) -> Result:
    """What an answered request came back with."""
    pack = packer(request.message.dialect)
    assert request.reply is not None
    return pack.result(pack.form(request.op), request.reply)
