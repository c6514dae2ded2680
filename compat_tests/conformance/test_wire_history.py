"""What a reader of one release gets wrong on a neighbour: the points of the wire history that no other test holds.

Each is asked of the views: what stands there in a release. Sizes, places and numbers of one release are held to the
facts elsewhere (`compat_tests.history`); here is what two of them say of the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

import lustre_wire as lw
from lustre_wire.engines import record
from lustre_wire.schema import spec_of
from lustre_wire.text import struct_text


def over_time(said: Callable[[lw.Dialect], Any]) -> list[tuple[str, Any]]:
    """What a dialect says, release by release: each answer once, with the first release that gives it."""
    told = ((name, said(lw.dialect(name))) for name in lw.releases())
    return [next(group) for _, group in groupby(told, lambda each: each[1])]


def names(enum: str, number: int) -> list[tuple[str, str]]:
    """What a number is called, release by release; empty where it has no name."""
    called = over_time(lambda known: known.enums[enum].names_of(number)[0] if enum in known.enums else "")
    return [(when, "" if name.startswith("0x") else name) for when, name in called]


def slots(name: str) -> Callable[[lw.Dialect], list[str]]:
    """The structs of a request, or the names of buffers that are none."""

    def of(known: lw.Dialect) -> list[str]:
        if name not in known.rpcs:
            return []
        found = [(s.name, s.struct or s.structs) for s in known.rpcs[name].request.__slot_specs__]
        return [spec_of(struct).name if struct is not None else said for said, struct in found]

    return of


def size(name: str) -> list[tuple[str, int]]:
    """Bytes of a struct, release by release; 0 where there is none."""
    return over_time(lambda known: spec_of(known.structs[name]).size if name in known.structs else 0)


# --- 2: one opcode, other shapes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opcode", "formats"),
    [
        (40, [("1.8.0", ["MDS_GETSTATUS"]), ("2.9.0", ["MDS_GET_ROOT"])]),
        (53, [
            ("1.8.0", []), ("2.0.0", ["MDS_GET_INFO"]), ("2.11.0", ["MDS_GET_INFO", "MDS_GET_INFO/FIEMAP"]),
            ("2.17.0", ["MDS_GET_INFO", "MDS_GET_INFO/FID2PATH", "MDS_GET_INFO/FIEMAP"]),
        ]),
        (1000, [("1.8.0", []), ("2.4.0", ["UPDATE_OBJ"]), ("2.6.0", ["OUT_UPDATE"])]),
    ],
)  # fmt: skip
def test_formats_of_an_opcode(opcode: int, formats: list[tuple[str, list[str]]]) -> None:
    assert over_time(lambda d: [n for n, f in d.rpcs.items() if f.opcode == opcode and f.within is None]) == formats


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("MDS_GET_ROOT", [("1.8.0", ["mds_body"]), ("2.0.0", ["mdt_body"]), ("2.9.0", ["mdt_body", "name"])]),
        ("MDS_GET_INFO", [("1.8.0", []), ("2.0.0", ["key", "vallen"]), ("2.17.0", ["key", "val"])]),
        ("MDS_GET_INFO/FID2PATH", [("1.8.0", []), ("2.17.0", ["key", "vallen"])]),
        ("QUOTA_DQACQ", [("1.8.0", ["qunit_data"]), ("2.4.0", ["quota_body"])]),
        ("UPDATE_OBJ", [("1.8.0", []), ("2.4.0", ["update"]), ("2.6.0", [])]),
        ("OUT_UPDATE", [
            ("1.8.0", []), ("2.6.0", ["object_update"]), ("2.8.0", ["out_update_header", "out_update_buffer"]),
        ]),
    ],
)  # fmt: skip
def test_shapes_of_an_operation(name: str, shapes: list[tuple[str, list[str]]]) -> None:
    assert over_time(slots(name)) == shapes


# --- 3, 9, 11, 14: bits with other meanings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bit", "called"),
    [
        (42, [
            ("1.8.0", ""), ("1.8.9-wc1", "UMASK"), ("2.0.0", ""), ("2.1.6", "UMASK"), ("2.2.0", "GRANT_PARAM"),
            ("2.3.0", "UMASK"),
        ]),
        (45, [
            ("1.8.0", ""), ("1.8.9-wc1", "FLOCK_OWNER"), ("2.0.0", ""), ("2.1.6", "FLOCK_OWNER"), ("2.2.0", ""),
            ("2.3.0", "NANOSEC_TIME"), ("2.4.0", "FLOCK_OWNER"),
        ]),
        (16, [("1.8.0", "LCL_CLIENT"), ("1.8.9-wc1", "RMT_CLIENT")]),
        (17, [("1.8.0", "RMT_CLIENT"), ("1.8.9-wc1", "RMT_CLIENT_FORCE")]),
        (6, [("1.8.0", "REQPORTAL"), ("2.17.0", "MGS_NIDLIST")]), (9, [("1.8.0", "CROW"), ("2.10.0", "LARGE_ACL")]),
        (10, [("1.8.0", "TRUNCLOCK"), ("2.15.0", "OLD_FALLOC")]), (13, [("1.8.0", "JOIN"), ("2.10.0", "BARRIER")]),
        (60, [("1.8.0", ""), ("2.8.0", "LOCK_AHEAD"), ("2.11.0", "LOCKAHEAD_OLD"), ("2.14.0", "")]),
        (26, [("1.8.0", "MDS_MDS")]),
    ],
)  # fmt: skip
def test_connect_flags(bit: int, called: list[tuple[str, str]]) -> None:
    found = names("ObdConnect", 1 << bit)
    assert [(when, name.removeprefix("OBD_CONNECT_")) for when, name in found] == called


def test_a_connect_flag_of_the_mgs() -> None:
    """Where its headers no longer had the name 2.12.9 was ahead of 2.13."""
    swab = "OBD_CONNECT_MNE_SWAB"
    assert names("MgsConnect", 1 << 26) == [
        ("1.8.0", ""), ("2.3.0", swab), ("2.12.9", ""), ("2.13.0", swab), ("2.14.0", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bit", "called"),
    [
        (14, [("1.8.0", "FLGENER"), ("2.12.0", "FLPARENT")]),
        (35, [("1.8.0", ""), ("2.0.0", "MDTIDX"), ("2.4.0", ""), ("2.5.0", "TSTATE")]),
        (22, [("1.8.0", "FLOSCOPQ"), ("1.8.9-wc1", ""), ("2.10.0", "FLPRJQUOTA")]),
        (40, [("1.8.0", "FLRMTPERM"), ("2.9.0", ""), ("2.12.0", "FLAGSTATFS")]),
        (53, [("1.8.0", ""), ("2.5.0", "FLRELEASED"), ("2.8.0", "CLOSE_INTENT_EXECED")]),
    ],
)  # fmt: skip
def test_valid_bits(bit: int, called: list[tuple[str, str]]) -> None:
    found = names("ObdMd", 1 << bit)
    assert [(when, name.removeprefix("OBD_MD_")) for when, name in found] == called


@pytest.mark.parametrize(
    ("flag", "called"),
    [
        (0x10, [("1.8.0", "CBPENDING"), ("2.4.0", ""), ("2.11.0", "SPECULATIVE")]),
        (0x8000, [("1.8.0", "WARN"), ("2.0.0", ""), ("2.1.0", "WARN"), ("2.5.0", "FLOCK_DEADLOCK")]),
        (0x100000, [("1.8.0", "LVB_READY"), ("2.4.0", ""), ("2.8.0", "MATCH_LOCK")]),
        (0x1000000, [("1.8.0", "CP_REQD"), ("2.4.0", ""), ("2.8.0", "COS_INCOMPAT"), ("2.16.0", "")]),
        (0x2000000, [("1.8.0", "CLEANED"), ("2.4.0", ""), ("2.12.0", "CONVERTING")]),
        (0x10000000, [("1.8.0", "BL_AST"), ("2.4.0", ""), ("2.11.0", "LOCKAHEAD_OLD_RESERVED"), ("2.14.0", "")]),
        (0x20000000, [("1.8.0", "BL_DONE"), ("2.4.0", ""), ("2.11.0", "NO_EXPANSION")]),
    ],
)  # fmt: skip
def test_lock_flags(flag: int, called: list[tuple[str, str]]) -> None:
    found = names("LdlmFl", flag)
    assert [(when, name.removeprefix("LDLM_FL_")) for when, name in found] == called


def test_checksums_are_bits_and_then_numbers() -> None:
    """From 2.12 on some of the four bits together are a type of their own."""
    single = {0x1000: "CRC32", 0x2000: "ADLER", 0x4000: "CRC32C"}
    later = {0x5000: "T10IP512", 0x6000: "T10IP4K", 0x7000: "T10CRC512", 0x8000: "T10CRC4K"}

    def called(release: str, number: int) -> list[str]:
        return [n.removeprefix("OBD_FL_CKSUM_") for n in lw.dialect(release).enums["ObdFl"].names_of(number)]

    for number, name in (single | later).items():
        assert called("2.12.0", number) == [name]
        assert called("2.11.0", number) != [name] or number in single


# --- 6: lock value blocks ---------------------------------------------------------------------------------------------


def test_a_lock_value_block_is_a_struct_and_then_bytes() -> None:
    """Before 2.3 always an ost_lvb; later what lock and size say."""

    def of(known: lw.Dialect) -> str:
        (slot,) = (s for s in known.rpcs["LDLM_ENQUEUE"].reply.__slot_specs__ if s.name == "lvb")
        return spec_of(slot.struct).name if slot.struct is not None else "bytes" if slot.opaque else ""

    assert over_time(of) == [("1.8.0", "ost_lvb"), ("2.3.0", "bytes")]
    assert size("ost_lvb") == [("1.8.0", 40), ("2.4.0", 56)]
    assert size("ost_lvb_v1") == [("1.8.0", 0), ("2.4.0", 40)]
    assert size("lquota_lvb") == [("1.8.0", 0), ("2.4.0", 40)]
    assert size("barrier_lvb") == [("1.8.0", 0), ("2.10.0", 16)]


@pytest.mark.parametrize(
    ("kind", "length", "struct"),
    [
        ("LDLM_EXTENT", 56, "ost_lvb"), ("LDLM_EXTENT", 40, "ost_lvb_v1"), ("LDLM_PLAIN", 40, "lquota_lvb"),
        ("LDLM_PLAIN", 16, "barrier_lvb"), ("LDLM_IBITS", 56, "ost_lvb"),
    ],
)  # fmt: skip
def test_a_lock_says_which_block_it_is(kind: str, length: int, struct: str) -> None:
    newest = lw.dialect("2.17")
    reply = newest.structs["ldlm_reply"]()
    reply.lock_desc.l_resource.lr_type = newest.constants[kind]
    message = lw.build(newest, "LDLM_ENQUEUE", "reply", dlm_rep=reply, lvb=bytes([7]) * length)
    (told,) = (node for node in lw.text.message_tree(message).children if node.name == "lvb")
    assert told.text.split(" ")[0] == struct


# --- 11, 12: policies and layouts -------------------------------------------------------------------------------------


def test_the_policy_of_an_inode_lock_grows() -> None:
    """What an older sender does not set lies in the same 32 bytes; two names are of one place."""
    assert size("ldlm_inodebits") == [("1.8.0", 8), ("2.11.0", 16), ("2.14.0", 24), ("2.16.0", 32)]
    for name in lw.releases():
        assert spec_of(lw.dialect(name).structs["ldlm_wire_policy_data"]).size == 32
    policy = lw.dialect("2.17").structs["ldlm_inodebits"]()
    policy.cancel_bits = 2
    assert policy.try_bits == 2 and record.pack(policy)[8:16] == (2).to_bytes(8, "little")


def test_a_stripe_count_of_16_bits() -> None:
    """What 2.2 sends as generation is the upper half of the count for 2.1."""
    newer, older = (lw.dialect(name).structs["lov_mds_md_v1"] for name in ("2.2.0", "2.1.0"))
    magic = lw.dialect("2.2").constants["LOV_MAGIC_V1"]
    data = record.pack(newer(lmm_magic=magic, lmm_stripe_count=4, lmm_layout_gen=3))
    assert spec_of(older).by_name["lmm_stripe_count"].size == 4
    assert int.from_bytes(data[28:32], "little") == 0x30004
    assert [record.unpack(newer, data).lmm_stripe_count, data[30]] == [4, 3]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("LOV_PATTERN_MDT", [("1.8.0", None), ("2.11.0", 0x100)]),
        ("LOV_PATTERN_OVERSTRIPING", [("1.8.0", None), ("2.13.0", 0x200)]),
        ("LCME_FL_STALE", [("1.8.0", None), ("2.10.0", 2), ("2.11.0", 1)]),
        ("LMV_MAGIC_V1", [("1.8.0", None), ("2.4.0", 0x0CD10CD0), ("2.6.0", 0x0CD20CD0)]),
        ("LMV_USER_MAGIC", [("1.8.0", None), ("2.4.0", 0x0CD20CD0), ("2.6.0", 0x0CD30CD0)]),
        ("LOV_MAXPOOLNAME", [("1.8.0", 16), ("2.7.0", 15)]),
    ],
)  # fmt: skip
def test_numbers_of_layouts(name: str, numbers: list[tuple[str, int | None]]) -> None:
    def number(known: lw.Dialect) -> int | None:
        return int(known.constants[name]) if name in known.constants else None

    assert over_time(number) == numbers


def test_the_room_of_a_pool_name_stays() -> None:
    assert over_time(lambda known: spec_of(known.structs["lov_mds_md_v3"]).by_name["lmm_pool_name"].size) == [
        ("1.8.0", 16)
    ]


# --- 13: changelogs ---------------------------------------------------------------------------------------------------


def test_changelog_records() -> None:
    """An extended form of 96 bytes, then tails behind the record; the flag of the one is that of a tail."""
    assert size("changelog_rec") == [("1.8.0", 0), ("2.0.0", 64)]
    assert size("changelog_ext_rec") == [("1.8.0", 0), ("2.1.6", 96), ("2.2.0", 0), ("2.3.0", 96), ("2.7.0", 0)]
    assert size("changelog_ext_rename") == size("changelog_ext_jobid") == [("1.8.0", 0), ("2.7.0", 32)]
    assert names("ChangelogRecFlags", 0x4000)[-1] == ("2.7.0", "CLF_JOBID")


def test_the_same_flag_of_two_forms() -> None:
    assert names("ChangelogRecFlags", 0x2000) == [
        ("1.8.0", ""), ("2.0.0", ""), ("2.1.6", "CLF_EXT_VERSION"), ("2.2.0", ""), ("2.3.0", "CLF_EXT_VERSION"),
        ("2.7.0", "CLF_RENAME"),
    ]  # fmt: skip


def test_a_record_type_that_was_renamed() -> None:
    found = over_time(lambda d: d.enums["ChangelogRecType"].name_of(17) if "ChangelogRecType" in d.enums else "")
    assert found == [("1.8.0", ""), ("2.0.0", "CL_TIME"), ("2.1.0", "CL_MTIME")]


def test_texts_of_layouts_and_bodies_are_of_their_release() -> None:
    """A reader of 2.1 shows the count that it reads."""
    layout = lw.dialect("2.1.0").structs["lov_mds_md_v1"](lmm_stripe_count=0x30004)
    assert "196612" in struct_text(layout, lw.dialect("2.1.0"))
