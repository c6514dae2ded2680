"""Values travel: every public value is pickled, copied and compared, reads well, and reaches another process."""

from __future__ import annotations

import copy
import enum
import errno
import inspect
import io
import pickle
from array import array
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.properties.public import public
from compat_tests.recorded import FIXTURES, messages
from lustre_wire import bulk, capture, schema, testing, text
from lustre_wire.dialects import all_dialects
from lustre_wire.frames import events, lnet_large, lustre_msg, nid
from lustre_wire.payloads import (
    attributes,
    batch,
    changelog,
    config,
    directory,
    files,
    hsm,
    indexpage,
    last_rcvd,
    linkea,
    llog,
    logwriter,
    lov,
    mountdata,
    nidtable,
    precheck,
    reading,
    records,
    tables,
    target,
    updates,
)  # fmt: skip
from lustre_wire.rpc import Generic
from lustre_wire.schema import rpc
from lustre_wire.schema.servers import Does
from lustre_wire.translate import Entry, OpenFile, TranslatedPages

CAPTURE = (FIXTURES / "captures" / "04-client-mount.pcap").read_bytes()
D20 = lw.dialect("2.0")
FID = D20.structs["lu_fid"](f_seq=0x200000400, f_oid=1)
#: The announced ones, views of histories at releases, and one that is read as an older one.
DIALECTS = [*all_dialects(), *map(lw.dialect, ("2.4", "2.12", "2.17.0", "2.13.50"))]
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)


def _log() -> llog.LogFile:
    log = logwriter.new_log("2.0")
    logwriter.append(log, config.make_config("2.0", "LCFG_ATTACH", "lustre-OST0000-osc", "osc", "uuid"))
    return log


def _session() -> lw.Session:
    session = lw.Session(fids=lw.FidAllocator(0x200000400), keep_created=True)
    session.identify(inode=5, generation=7, fid=(0x200000400, 0x21, 0))
    session.new_fid(("mkdir", b"a"))
    session.opened(transno=3, handle=9)
    return session


def _captured() -> list[capture.Captured]:
    """Requests, replies and what else there is, decoded and not."""
    return list(capture.read_messages(io.BytesIO(CAPTURE)))


MESSAGE = next(m for m in messages() if m.direction == "reply").decode()
UNION = next(c for c in D20.structs.values() if c.__wire__.is_union and len(c.__wire__.by_name) > 1)
STRIPE = lov.Object(1, 0, 0, 2)
REPORT = lw.translate(lw.build("2.0", "OBD_PING"), "1.8").report
ENTRY = Entry("lost", "suppgid2", "rec.suppgid2", 5)
MUTANT = testing.Mutator([("2.0", lw.encode(lw.build("2.0", "OBD_PING")))]).mutant(3)
FAULT = reading.Fault("lsd_uuid", 0, "this", "that", Does("refuses it", "a.c:f"))
FILE = files.ServerFile("CONFIGS/mountdata", "mountdata", reading.Reading(None, [FAULT]))

#: Values, each of a class of its own. What they are made of is among them by being inside.
D217 = lw.dialect("2.17")
UPDATE = updates.Update(D217.structs["object_update"](), (b"parameter",))
RESULT = updates.Result(D217.structs["object_update_result"](), b"data")
INDEX = D217.rpcs["OBD_IDX_READ"]
INNER = batch.Submessage(lustre_msg.LustreMsgV2(lm_padding_2=1), None, None, bytes(40))
VALUES: list[Any] = [
    D20, MESSAGE, MESSAGE.header, MESSAGE.buffers, INDEX, Generic([b"ab", b""]),
    lw.decode(lw.encode(lw.build("2.0", "OBD_PING")) + b"more", "2.0"), lw.rules_between("1.8", "2.0"),
    lw.translate(lw.build("2.0", "OBD_PING"), "1.8"), REPORT, ENTRY, _session(), lw.FidAllocator(0x200000400),
    OpenFile(5), TranslatedPages(b"", REPORT),
    FID, D20.structs["xattr_acl_header"](), UNION(), getattr(UNION(), next(iter(UNION.__wire__.by_name))),
    D20.enums["ObdConnect"](1 << 62 | 1), D20.enums["Opcode"](400), D20.enums["Opcode"](4711),
    *_captured()[:12], capture.Statistics(), next(iter(capture.read_packets(io.BytesIO(CAPTURE)))),
    _log(), _log().chunks[0], _log().records[0], llog.Step(_log().records[0], _log().configs[0]), _log().configs[0],
    changelog.Parts({"changelog_ext_jobid": D217.structs["changelog_ext_jobid"]()}, b"name", b"", nid.LnetNid()),
    indexpage.Entry(None, 5, FID), indexpage.Page("little", D217.structs["lu_idxpage"](), (), b""),
    nidtable.Target(D217.structs["mgs_nidtbl_entry"](), (5 << 48, nid.LnetNid())),
    directory.BlockEntry(5, b"name"), directory.PageEntry(D20.structs["lu_dirent"](), b"name"),
    directory.build_pages([], "2.0"), hsm.build("lustre", [], "2.0"), linkea.Link(FID, b"name"),
    linkea.build([linkea.Link(FID, b"name")], "2.0"), STRIPE, lov.Striping(1, 2, 0, 65536, "", (STRIPE,)),
    UPDATE, updates.Updates(D217.structs["object_update_request"](), (UPDATE,)), RESULT,
    updates.Recorded(D217.structs["update_op"](), (b"parameter",)),
    updates.Results(D217.structs["object_update_reply"](), (RESULT,)), INNER,
    batch.Batch(D217.structs["batch_update_request"](), (INNER,)),
    last_rcvd.LastRcvd(D20, D20.structs["lr_server_data"]()), FAULT, reading.Reading(5, [FAULT]),
    attributes.Value("trusted.lov", b"x"), attributes.Listed("/a", [attributes.Value("trusted.lov", b"x")]),
    attributes.Composite(FID, [FID], b""), tables.Entry(0, FID, FID), tables.Table("index", None, []),
    records.RecordFile(D20.part("files").files[0]), target.Target(D20, {"CONFIGS/mountdata": FILE}), FILE,
    precheck.Finding("features", "lustre-MDT0000", "bits 0x4", FAULT.does),
    mountdata.MountData(D20, "big", D20.structs["lustre_disk_data"]()),
    nid.LnetNid(), lnet_large.PingInfo((), ()), events.AcceptorRequest(0, 1, "big", 5),
    schema.layout(FID), schema.layout(FID).fields[0], schema.spec_of(FID), schema.spec_of(FID).fields[0], schema.U32,
    schema.AS_SENT, schema.Array(schema.U32, 4), schema.Flex(schema.U32), schema.Struct(type(FID)), schema.Chars(4),
    schema.Raw(4), schema.Hole(4), schema.Foreign(None), schema.Tag("f", ((1, "a"),)), schema.Given("f", 1),
    schema.Magic(1 << 20), schema.Shown.HEX, rpc.Bits(1),
    testing.Exchange(1, MESSAGE, MESSAGE), testing.Change("p", 0, b"", b"x"), MUTANT,
    text.struct_tree(FID, D20), bulk.Reason.GOOD, bulk.Strings(b"ab", array("Q", [0, 2])),
]  # fmt: skip

ERRORS: list[lw.WireError] = [
    lw.WireError("expected this", path="a.b", offset=4, dialect="2.0"), lw.TruncatedError("short", offset=0),
    lw.SchemaError("wrong"), lw.StrictError("strict"), capture.CaptureError("no capture"),
    lw.LossyTranslation(REPORT, (ENTRY,), dialect="2.0"), lw.Untranslatable("no words", errno=errno.EOPNOTSUPP),
]  # fmt: skip

#: Public classes without values of their own, and why.
NO_VALUES = {
    **dict.fromkeys(("FieldType", "WireEnum", "WireFlag", "WireUnion", "Buffers"), "a base of others"),
    **dict.fromkeys(("PcapWriter", "CaptureWriter", "ConversationWriter", "TcpStreamWriter"), "holds an open file"),
    **dict.fromkeys(("SocklndConnection", "SocklndStream"), "half a conversation, which goes on in one place"),
    "Mutator": "made of its messages and seed", "Overlay": "a part of a class",
}  # fmt: skip


def copies(value: Any) -> list[Any]:
    """A value after every way to travel."""
    pickled = [pickle.loads(pickle.dumps(value, protocol)) for protocol in PROTOCOLS]
    return [*pickled, copy.copy(value), copy.deepcopy(value)]


def _id(value: Any) -> str:
    return type(value).__name__


def test_every_public_class_is_here() -> None:
    tried = {cls for value in (*VALUES, *ERRORS) for cls in (type(value), *type(value).__mro__)}
    wire = {cls for d in DIALECTS for cls in d.structs.values()}  # see below
    for name, cls in public().items():
        if inspect.isclass(cls) and cls not in tried | wire and not issubclass(cls, enum.Enum):
            assert hasattr(cls, "__wire__") or cls.__name__ in NO_VALUES, f"no value of {name} is tried"


@pytest.mark.parametrize("value", VALUES, ids=_id)
def test_values_travel(value: Any) -> None:
    for other in copies(value):
        assert other == value and type(other) is type(value)


@pytest.mark.parametrize("value", VALUES, ids=_id)
def test_values_read_well(value: Any) -> None:
    assert type(value).__name__ in repr(value) or isinstance(value, schema.MemberView)
    assert " object at 0x" not in repr(value) and "<function" not in repr(value)


@pytest.mark.parametrize("error", ERRORS, ids=_id)
def test_errors_travel_whole(error: lw.WireError) -> None:
    for other in copies(error):
        assert type(other) is type(error) and str(other) == str(error) and vars(other) == vars(error)
        assert other.args == error.args


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_declared_values_travel(dialect: lw.Dialect) -> None:
    """One of every wire struct, of the buffers of every format, and of every enumeration with unknown bits."""
    declared: list[Any] = [cls() for cls in dialect.structs.values()]
    declared += [side() for form in dialect.formats for side in (form.request, form.reply)]
    declared += [cls(0x7000_0000_0000_1234) for cls in dialect.enums.values()]
    for value in declared:
        for other in copies(value):
            assert other == value and type(other) is type(value)


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_what_there_is_one_of_stays_one(dialect: lw.Dialect) -> None:
    once = [dialect, *dialect.formats, *(schema.spec_of(cls) for cls in dialect.structs.values())]
    for value in [*once, lw.rules_between("1.8", "2.0")]:
        assert all(other is value for other in copies(value))


@pytest.mark.parametrize("recorded", messages()[::40], ids=str)
def test_messages_arrive_as_the_same_bytes(recorded: Any) -> None:
    message = recorded.decode()
    for other in copies(message):
        assert lw.encode(other) == recorded.data and other.format is message.format


def test_a_dialect_that_is_not_registered_says_so() -> None:
    other = lw.Dialect("other", D20.modules, D20.body, D20.body_minimum)
    with pytest.raises(lw.WireError, match="registered"):
        pickle.dumps(other)


class TestHash:
    """Wire structs hash by value: a FID is a key."""

    def test_fids_are_keys(self) -> None:
        same = D20.structs["lu_fid"](f_seq=0x200000400, f_oid=1)
        assert {FID: "/a"}[same] == "/a" and {FID, same} == {FID} and hash(FID) == hash(same)

    @pytest.mark.parametrize("dialect", DIALECTS, ids=str)
    def test_equal_values_have_equal_hashes(self, dialect: lw.Dialect) -> None:
        """Of every struct without a list in it; one with a list has no hash."""
        hashed = 0
        for cls in dialect.structs.values():
            if _has_list(cls()):
                with pytest.raises(TypeError, match="unhashable"):
                    hash(cls())
            else:
                assert hash(cls()) == hash(copy.deepcopy(cls()))
                hashed += 1
        assert hashed > len(dialect.structs) // 2

    def test_a_view_of_a_member_is_as_its_struct(self) -> None:
        """They compare equal, so their hashes are equal."""
        for name in UNION.__wire__.by_name:
            view = getattr(UNION(), name)
            if isinstance(view, schema.MemberView):
                alone = schema.member_value(UNION(), name)
                assert view == alone and hash(view) == hash(alone)


def _has_list(value: Any) -> bool:
    if isinstance(value, schema.WireUnion) or not hasattr(value, "__wire__"):
        return isinstance(value, list)
    return any(_has_list(getattr(value, field.name)) for field in value.__wire__.fields)


def _work(value: Any) -> Any:
    """In another process: an error is raised, anything else comes back."""
    if isinstance(value, Exception):
        raise value
    return value


def test_a_process_pool_takes_and_gives_them() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        values = list(VALUES)
        assert list(pool.map(_work, values, chunksize=len(values))) == values
        for error in ERRORS:
            with pytest.raises(type(error)) as caught:
                pool.submit(_work, error).result()
            assert str(caught.value) == str(error)
        assert all(pool.submit(_work, dialect).result() is dialect for dialect in DIALECTS)
