"""Every public function and method, each argument in turn of every wrong kind and size.

What comes out is a value, a `WireError`, or a TypeError or ValueError that the docstring names; in memory that does not
follow the numbers given, and in time that ends. Functions are found by `public`, and good arguments by annotation, so
that a new function is tried without a line here.
"""

from __future__ import annotations

import copy
import enum
import inspect
import io
import math
import resource
import signal
from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.properties.public import public
from compat_tests.properties.test_values import CAPTURE, D20, D217, FID, INDEX, MESSAGE, UNION, VALUES
from lustre_wire import capture, schema
from lustre_wire.engines import record
from lustre_wire.frames import events, lnet
from lustre_wire.payloads import nidtable

#: Memory that one call may take beyond what the process has.
ROOM = 1 << 29
#: Seconds after which a call is taken not to end.
PATIENCE = 60


def wrong() -> list[Any]:
    """A value of every kind, made anew: some of it is used up, or refers to itself."""
    released, deep, ring, table = memoryview(b"gone"), [], [], {}
    released.release()
    for _ in range(5_000):
        deep = [deep]
    ring.append(ring)
    table["self"] = table
    return [
        None, True, 0, -1, 7, 1 << 31, 1 << 36, 1 << 62, 1 << 64, 1 << 200, -(1 << 63), 1.5, math.nan, math.inf, 2j,
        "", "x", "\ud800", "no\0de", "9" * 5000, b"", b"\xff" * 7, bytes(64), bytearray(9), released,
        memoryview(bytes(64))[::2], memoryview(bytes(64)).cast("B", (8, 8)), array("d", [1.5]), [], [None], [1 << 70],
        ["x"], deep, ring, (), (1, 2, 3), (None,) * 3, {}, {1: 2}, table, {"x"}, object(), int, len, Ellipsis,
        iter([None]), enum.Enum, FID, UNION(), MESSAGE, lw.build("2.0", "OBD_PING"), Path("/nonexistent/\udcff"),
        D20.structs["mdt_body"], D20.structs["mdt_body"](), ValueError("x"), io.BytesIO(b"\xff" * 40),
    ]  # fmt: skip


_OBJECTS: dict[str, Any] = {type(value).__name__: value for value in VALUES}
_LOG: Any = _OBJECTS["LogFile"]
_ACL = D20.structs["xattr_acl_header"](a_version=2, a_entries=[D20.structs["xattr_acl_entry"]()])
_PING = lnet.ping_request(1, 2, lnet.LnetHandleWire())
_PAGE = D217.structs["lu_idxpage"](lip_magic=D217.constants["LIP_MAGIC"], lip_nr=1)
_REQUEST: Any = INDEX.request(idx_info=D217.structs["idx_info"](ii_fid=D217.structs["lu_fid"](f_seq=0x200000006)))
_LAYOUT = D20.structs["lov_mds_md_v1"](lmm_magic=0x0BD10BD0)

#: A good argument, by the annotation as it is written.
BY_ANNOTATION: dict[str, Callable[[], Any]] = {
    "Dialect | str": lambda: "2.0", "Dialect | str | None": lambda: "2.0", "Dialect": lambda: D20,
    "ByteOrder": lambda: "little", "ByteOrder | None": lambda: None, "bytes": lambda: bytes(64), "int": lambda: 1,
    "int | None": lambda: None, "str": lambda: "x", "str | None": lambda: None, "bool": lambda: False,
    "bytes | None": lambda: None, "dict[int, bytes] | None": lambda: None, "Nid": lambda: 5 << 48,
    "Message": lambda: copy.deepcopy(MESSAGE), "Message | None": lambda: None,
    "Message | RpcFormat | None": lambda: None, "Session | None": lambda: None,
    "Iterable[Config]": lambda: _LOG.configs, "Iterable[str]": lambda: (),
    "BinaryIO": lambda: io.BytesIO(CAPTURE[:3000]),
    "str | os.PathLike[str] | BinaryIO": lambda: io.BytesIO(CAPTURE[:3000]),
    "Statistics | None": lambda: None, "OnLoss": lambda: "report", "list[bytes]": lambda: [bytes(40)],
    "str | Dialect": lambda: "2.0", "tuple[int, int]": lambda: (1, 2),
    "Event": lambda: events.Noop(0, 3, "big", 0, (0, 0)),
    "LnetHandleWire": lnet.LnetHandleWire, "LnetHdr": lambda: _PING, "LnetPingInfo": lnet.LnetPingInfo,
    "FileKind": lambda: D20.part("files").files[0], "WireError": lambda: lw.WireError("x"),
    "Iterable[tuple[str, bytes]]": lambda: [("last_rcvd", b"x")], "type": lambda: int, "Does | None": lambda: None,
    "Sequence[tuple[str, Target]]": lambda: [("a", copy.deepcopy(_OBJECTS["Target"]))],
    "Callable[[bytes], bool]": lambda: bool, "FieldSpec": lambda: schema.spec_of(FID).fields[0],
    "FieldSpec | None": lambda: schema.spec_of(FID).fields[0],
    "Sequence[Sequence[BlockEntry]]": lambda: [[_OBJECTS["BlockEntry"]]], "list[Any]": list,
    "type[_T]": lambda: type(FID),
    "tuple[RpcFormat, ...]": lambda: D20.formats[:1], "type[enum.Enum]": lambda: D20.enums["Opcode"],
    "Records": lambda: INDEX.bulk_of(_REQUEST),
    "tuple[Target, ...]": lambda: (nidtable.Target(D217.structs["mgs_nidtbl_entry"](), (5 << 48,)),),
    "Fid": lambda: (0x200000400, 1, 0), "Hashable": lambda: 5, "str | bytes | Any": lambda: "x",
}  # fmt: skip
#: Where the annotation says too little: by the end of the function's name, and the argument.
BY_NAME: dict[tuple[str, str], Callable[[], Any]] = {
    ("decode", "data"): lambda: lw.encode(MESSAGE), ("from_json", "obj"): lambda: lw.to_json(MESSAGE),
    ("split", "data"): lambda: lw.encode(MESSAGE), ("record.unpack", "data"): lambda: bytes(16),
    ("build", "name"): lambda: "OBD_PING", ("build", "direction"): lambda: "request",
    ("events.encode_message", "header"): lambda: _PING, ("lustre_msg.join", "header"): lambda: MESSAGE.header,
    ("version_of", "header"): lambda: MESSAGE.header, ("acl.lines", "acl"): lambda: _ACL,
    ("acl.write", "acl"): lambda: _ACL,
    ("append", "value"): lambda: bytes(24), ("append", "kind"): lambda: 0x10620000,
    ("lov.write", "layout"): lambda: _LAYOUT, ("without_pool", "layout"): lambda: _LAYOUT,
    ("cancel", "record"): lambda: _LOG.records[0], ("member_value", "union"): UNION,
    ("text.field_text", "value"): lambda: 5,
    ("changelog.line", "change"): D20.structs["changelog_rec"],
    ("changelog.parts", "change"): D217.structs["changelog_rec"],
    ("bulk_of", "buffers"): lambda: copy.deepcopy(_REQUEST),
    ("indexpage.read", "data"): lambda: record.pack(_PAGE) + bytes(64), ("indexpage.read", "dialect_"): lambda: D217,
    ("is_change", "value"): UNION, ("updates.operation", "update"): lambda: copy.deepcopy(_OBJECTS["Update"]),
    ("read_records", "records"): D217.structs["update_records"],
    ("hsm.build", "items"): list, ("write", "mea"): D20.structs["lmv_stripe_md"],
    ("struct_rule", "old"): lambda: lw.dialect("1.8").body, ("struct_rule", "new"): lambda: D20.body,
    ("", "obj"): lambda: FID, ("", "cls"): lambda: type(FID), ("", "data"): D20.structs["obd_connect_data"],
}  # fmt: skip


#: What the reader of captures does to its own values, once for each message.
READERS_OWN = {(capture.Captured, "of"), (capture.Captured, "decoded"), (capture.Statistics, "count")}


def functions() -> dict[str, Callable[..., Any]]:
    """The public functions that values are given to; declarations are written by hand, and tried in `schema`."""
    found = {name: value for name, value in public().items() if inspect.isroutine(value)}
    declaring = ("lustre_wire.schema.rpc", "lustre_wire.schema.holds")
    return {name: value for name, value in found.items() if not name.startswith(declaring)}


def methods() -> dict[str, tuple[Any, str]]:
    """The methods of the values that `test_values` has: the value, and the method's name."""
    found: dict[str, tuple[Any, str]] = {}
    for value in VALUES:
        for name, method in inspect.getmembers(type(value), inspect.isroutine):
            own = getattr(method, "__module__", None) or ""
            reader = (type(value), name) in READERS_OWN or own.startswith("lustre_wire.bulk")
            asked = ("lustre_wire.schema.types", "lustre_wire.schema.conditions")  # by engines, with nodes
            reader |= own.startswith(asked) or name == "lower"
            if not name.startswith("_") and own.startswith("lustre_") and not reader:
                found[f"{type(value).__name__}.{name}"] = (value, name)
    return found


def good(name: str, parameter: inspect.Parameter) -> Any:
    """An argument that the function takes."""
    said = str(parameter.annotation)
    for (end, argument), made in BY_NAME.items():
        if name.endswith(end) and argument == parameter.name and (end or said != "bytes"):
            return made()
    if parameter.default is not parameter.empty:
        return parameter.default
    if said in BY_ANNOTATION:
        return BY_ANNOTATION[said]()
    inner = said.removeprefix("Sequence[").removeprefix("list[").rstrip("]")
    assert inner in _OBJECTS, f"no good {parameter.name} ({said}) for {name}"
    value = copy.deepcopy(_OBJECTS[inner])
    return value if inner == said else [value]


@pytest.fixture(autouse=True, scope="module")
def bounded() -> Iterator[None]:
    """No more memory than `ROOM`, and an end."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def _patience(signum: int, frame: Any) -> None:
    raise AssertionError("does not end")


def outcome(call: Callable[..., Any], args: list[Any], named: dict[str, Any]) -> BaseException | None:
    """What a call raises that it may not, what it gives read to the end (or for long enough)."""
    said = inspect.getdoc(call) or ""
    signal.signal(signal.SIGALRM, _patience)
    signal.alarm(PATIENCE)
    try:
        result = call(*args, **named)
        if isinstance(result, Iterator):
            for _ in islice(result, 100):
                pass
    except lw.WireError as error:
        assert str(error)
    except Exception as error:  # which is what this looks for
        return None if any(cls.__name__ in said for cls in type(error).__mro__[:-3]) else error
    finally:
        signal.alarm(0)
    return None


def faults(name: str, call: Callable[..., Any]) -> list[str]:
    """Each argument in turn of every wrong kind, the others good."""
    parameters = [p for p in inspect.signature(call).parameters.values() if p.name != "self"]
    found = []
    for tried in parameters:
        given = {p.name: good(name, p) for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
        for number, value in enumerate(wrong()):
            if "Callable" in str(tried.annotation) and callable(value):
                continue  # what it raises is its own
            for stream in filter(lambda v: isinstance(v, io.BytesIO), given.values()):
                stream.seek(0)
            whole = {**given, tried.name: value}
            by_name = (tried.KEYWORD_ONLY, tried.VAR_KEYWORD)
            args = [whole[p.name] for p in parameters if p.name in whole and p.kind not in by_name]
            named = {p.name: whole[p.name] for p in parameters if p.name in whole and p.kind in by_name}
            error = outcome(call, args, named)
            if error is not None:
                what = f"{type(error).__name__}: {str(error)[:90]}"
                found.append(f"{tried.name} = {type(value).__name__} (number {number}): {what}")
    return found


@pytest.mark.parametrize("name", functions())
def test_functions(name: str) -> None:
    assert faults(name, functions()[name]) == []


@pytest.mark.parametrize("name", methods())
def test_methods(name: str) -> None:
    value, method = methods()[name]
    assert faults(name, getattr(copy.deepcopy(value), method)) == []
