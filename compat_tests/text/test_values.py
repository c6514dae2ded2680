"""How values read for people, checked against the inputs that recorded messages were made from."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lustre_wire as lw
from compat_tests import recorded
from lustre_wire.dialects import names
from lustre_wire.embedded import recognise
from lustre_wire.payloads.wire import pack
from lustre_wire.schema import Shown, WireFlag
from lustre_wire.testing import messages, structs
from lustre_wire.text import Node, brief, message_tree, numbers, status_text, struct_text, struct_tree
from lustre_wire.text.names import names_json
from lustre_wire.text.values import named, walked

DIALECTS = ["1.8", "2.0"]
INSTALLED = names()
STRUCTS = [(d, name) for d in INSTALLED for name in sorted(lw.dialect(d).structs)]
FLAGS = [(d, n) for d in INSTALLED for n, cls in sorted(lw.dialect(d).enums.items()) if issubclass(cls, WireFlag)]
LONGEST = 20_000


def message(dialect: str, key: str) -> tuple[lw.Message, dict[str, Any]]:
    """A message recorded from a client of that dialect's own version, and the inputs it was made from."""
    by_version = (m for m in recorded.messages() if m.row["lustre_version"].startswith(dialect))
    found = next(m for m in by_version if m.dialect == dialect and m.id == key)
    return found.decode(), found.row["params"]


def texts(node: Node) -> dict[str, str]:
    """Dotted name -> text of every node."""
    out = {node.name: node.text}
    for child in node.children:
        out |= {f"{node.name}.{name}": text for name, text in texts(child).items()}
    return out


def fields(dialect: str, key: str) -> tuple[dict[str, str], dict[str, Any]]:
    found, inputs = message(dialect, key)
    return {name.partition(".")[2]: text for name, text in texts(message_tree(found)).items()}, inputs


class TestRecorded:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_extent_lock(self, dialect: str) -> None:
        found, inputs = message(dialect, f"enqueue-d{dialect.replace('.', '')}-extent-pr")
        policy = inputs["policy"]
        resource = ":".join(map(hex, inputs["res_id"]))
        assert f"EXTENT [{resource}] PR [{policy['start']}-{policy['end']}]" in brief(found)

    def test_a_range_to_the_end_of_the_file(self) -> None:
        found = next(m for m in recorded.messages() if m.kind == "ldlm-enqueue-glimpse")
        assert "[0-EOF]" in brief(found.decode())

    def test_flock(self) -> None:
        found, inputs = message("1.8", "enqueue-d18-flock-pr-nowait")
        policy = inputs["policy"]
        assert f"PR [{policy['flock_start']}-{policy['flock_end']}] pid {policy['pid']}" in brief(found)
        assert "flags BLOCK_NOWAIT" in brief(found)

    def test_a_flock_to_the_end_of_the_file(self) -> None:
        """The kernel's offsets have a sign: OFFSET_MAX is the end, and all ones too."""
        flock = lw.dialect("2.17").structs["ldlm_flock_wire"]
        said = [
            struct_text(flock(lfw_end=end, lfw_owner=0xFFFF), lw.dialect("2.17")) for end in (9, 2**63 - 1, 2**64 - 1)
        ]
        assert [text.partition(" ")[0] for text in said] == ["[0-9]", "[0-EOF]", "[0-EOF]"]

    def test_inode_bits_are_chosen_by_the_type_of_the_resource(self) -> None:
        assert "CR LOOKUP" in brief(message("2.0", "enqueue-d20-ibits-cr-lookup")[0])

    def test_create_in_2_0(self) -> None:
        found, inputs = message("2.0", "reint-mkdir-d20-elc3")
        parent, mode = inputs["fid1"], inputs["mode"]
        text = brief(found)
        assert f"in [{parent['seq']:#x}:{parent['oid']:#x}:{parent['ver']:#x}]" in text
        assert f"0{mode:o} drwx------" in text
        assert f'"{inputs["name"]}"' in text

    def test_open_flags_by_name_and_in_octal(self) -> None:
        found, _ = fields("1.8", "intent-open-d18-append-sync")
        assert found["rec.cr_flags"] == "FMODE_WRITE|MDS_OPEN_APPEND|MDS_OPEN_SYNC (012002)"

    def test_a_file_of_1_8(self) -> None:
        found, inputs = fields("1.8", "intent-open-d18-append-sync")
        parent = inputs["fid1"]
        assert found["rec.cr_fid"] == f"{parent['id']}/{parent['generation']}/0{parent['f_type']:o}"

    def test_times(self) -> None:
        found, inputs = fields("1.8", "intent-open-d18-append-sync")
        assert inputs["mod_time"] == 1297612345
        assert found["rec.cr_time"] == "2011-02-13 15:52:25"

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_connect_flags_by_name(self, dialect: str) -> None:
        found, inputs = fields(dialect, f"connect-mds-d{dialect.replace('.', '')}")
        names = found["connect_data.ocd_connect_flags"].split("|")
        constants = lw.dialect(dialect).constants
        assert sum(constants[name] for name in names) == inputs["ocd_connect_flags"]
        version = inputs["ocd_version"].to_bytes(4, "big")
        assert found["connect_data.ocd_version"] == ".".join(map(str, version))

    def test_connect_data_shows_what_its_flags_say_counts(self) -> None:
        found, inputs = fields("2.0", "connect-mds-d20")
        assert not inputs["ocd_connect_flags"] & lw.dialect("2.0").constants["OBD_CONNECT_GRANT"]
        assert "connect_data.ocd_grant" not in found
        assert found["connect_data.ocd_ibits_known"].count("MDS_INODELOCK_") == inputs["ocd_ibits_known"].bit_count()

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_a_setattr_shows_what_it_sets(self, dialect: str) -> None:
        """The record carries all attributes; ia_valid 1 says that only the mode counts."""
        found, inputs = message(dialect, f"reint-setattr-d{dialect.replace('.', '')}-elc1")
        assert (inputs["ia_valid"], inputs["mode"]) == (1, 0o100751)
        text = brief(found)
        assert "set MODE 0100751 -rwxr-x--x" in text
        assert str(inputs["size"]) not in text
        record = next(node for node in message_tree(found).children if node.name.startswith("rec"))
        valid = {node.name: node.counts for node in record.children}
        assert (valid["sa_mode"], valid["sa_size"], valid["sa_uid"]) == (True, False, False)

    def test_a_target_registers(self) -> None:
        found, inputs = fields("1.8", "mgs-target-reg-d18")
        assert found["mgs_target_info.mti_nids"].startswith(f"[{', '.join(inputs['nids'])}, ")
        assert found["mgs_target_info.mti_svname"] == inputs["svname"]
        assert found["mgs_target_info.mti_flags"] == "LDD_F_SV_TYPE_OST|LDD_F_NEED_INDEX|LDD_F_VIRGIN"

    def test_quota(self) -> None:
        found, inputs = message("1.8", "quotactl-mds-d18")
        assert lw.dialect("1.8").constants["Q_GETOQUOTA"] == inputs["qc_cmd"]
        assert brief(found) == f"Q_GETOQUOTA type {inputs['qc_type']} id {inputs['qc_id']}"

    def test_errors_by_name(self) -> None:
        assert status_text(message("1.8", "getattr-d18-err-enoent.reply")[0]) == "-2 ENOENT"

    def test_lock_errors_by_name(self) -> None:
        found = next(m for m in recorded.messages() if m.kind == "ldlm-enqueue-glimpse-reply")
        assert status_text(found.decode()) == "301 ELDLM_LOCK_ABORTED"

    def test_disposition_of_an_intent(self) -> None:
        replies = (m.decode() for m in recorded.messages() if m.kind == "ldlm-enqueue-intent-open-reply")
        assert any("disposition IT_EXECD|LOOKUP_EXECD|LOOKUP_POS|OPEN_OPEN" in brief(reply) for reply in replies)

    def test_early_cancels_list_their_handles_only(self) -> None:
        found, inputs = message("2.0", "reint-mkdir-d20-elc3")
        assert brief(found).rpartition("handle [")[2].count("0x") == inputs["elc_count"]


class TestLayouts:
    @pytest.mark.parametrize("row", recorded.payloads("lov-ea"), ids=lambda row: f"{row['lustre_version']}-{row['id']}")
    def test_a_layout_in_opaque_bytes_is_recognised(self, row: dict[str, Any]) -> None:
        inputs, dialect = row["params"], lw.dialect(row["dialect"])
        objects = next(value for key, value in inputs.items() if key.startswith("objects"))
        made = recognise(bytes.fromhex(row["hex"]), dialect, "little")
        text = struct_text(made, dialect)
        assert text.startswith(f"stripe {len(objects)} x {inputs['stripe_size'] >> 20}M")
        assert text.endswith(f"pool {inputs['pool']}") == bool(inputs["pool"])
        shown = [text for name, text in texts(struct_tree(made, dialect)).items() if name.endswith("]")]
        wanted = [f"object {number}:{seq} on OST {index}" for number, seq, _, index in objects]
        assert shown == wanted

    def test_a_layout_in_a_message_is_shown(self) -> None:
        found = next(m for m in recorded.messages() if m.kind == "ldlm-enqueue-intent-open-reply")
        assert "stripe 2 x 1M" in brief(found.decode())

    @pytest.mark.parametrize("data", [b"", b"\xd0\x0b\xd1\x0b", b"\xd0\x0b\xd1\x0b" + b"\xff" * 60, bytes(104)])
    def test_other_bytes_are_not(self, data: bytes) -> None:
        assert recognise(data, lw.dialect("1.8"), "little") is None


class TestHolding:
    ACL = bytes.fromhex("020000000100 0700 ffffffff0200 0500 e80300002000 0000 ffffffff")

    @pytest.mark.parametrize(("dialect", "by", "value"), [("1.8", "xattr_name", "value"), ("2.0", "name", "eadata")])
    def test_an_acl_is_known_by_the_name_of_its_attribute(self, dialect: str, by: str, value: str) -> None:
        name = "MDS_SETXATTR" if dialect == "1.8" else "MDS_REINT/SETXATTR"
        acl = lw.build(dialect, name, **{by: b"system.posix_acl_access", value: self.ACL})
        assert "ACL [USER_OBJ -1 READ|WRITE|EXECUTE, USER 1000 READ|EXECUTE, OTHER -1 0]" in brief(acl)
        other = lw.build(dialect, name, **{by: b"user.other", value: self.ACL})
        assert "USER" not in brief(other)

    def test_the_value_of_a_key(self) -> None:
        made = lw.build("1.8", "OST_SET_INFO", key=b"mds_conn", val=(3).to_bytes(4, "little"))
        assert brief(made) == '"mds_conn" 3'


class TestNumbers:
    @pytest.mark.parametrize("number", sorted(errno.errorcode))
    def test_status_names_the_errno(self, number: int) -> None:
        assert numbers.status(2**32 - number) == f"-{number} {errno.errorcode[number]}"
        assert numbers.status(2**64 - number, 8) == f"-{number} {errno.errorcode[number]}"

    @pytest.mark.parametrize(("value", "text"), [(0o100644, "0100644 -rw-r--r--"), (0o41777, "041777 drwxrwxrwt"),
                                                 (0o755, "0755"), (0, "0")])  # fmt: skip
    def test_mode(self, value: int, text: str) -> None:
        assert numbers.mode(value) == text

    @pytest.mark.parametrize(("value", "text"), [(1 << 20, "1M"), (1, "1"), (0, "0"), (3 << 30, "3G"), (1025, "1025")])
    def test_bytes(self, value: int, text: str) -> None:
        assert numbers.size(value) == text

    def test_nid(self) -> None:
        assert numbers.nid(0x20000_0A000001) == "10.0.0.1@tcp"

    @given(st.sampled_from(sorted(numbers.WRITERS, key=str)), st.sampled_from([1, 2, 4, 8]), st.data())
    def test_no_number_is_too_odd(self, shown: Shown, width: int, data: st.DataObject) -> None:
        value = data.draw(st.integers(0, 256**width - 1))
        assert numbers.WRITERS[shown](value, width)


@pytest.mark.parametrize(("dialect", "name"), FLAGS)
@given(value=st.integers(0, 2**64 - 1))
@settings(max_examples=10)
def test_names_of_flags_add_up_to_the_number(dialect: str, name: str, value: int) -> None:
    cls = lw.dialect(dialect).enums[name]
    known = cls.__members__
    parts = [p for p in named(cls, value).split("|") if p != "0"]
    assert sum(int(known[p]) if p in known else int(p, 16) for p in parts) == value
    assert len(named(cls, value, short=True)) <= len(named(cls, value))


@pytest.mark.parametrize(("dialect", "name"), STRUCTS)
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_every_struct_reads_as_text(dialect: str, name: str, data: st.DataObject) -> None:
    found = lw.dialect(dialect)
    obj = data.draw(structs(found.structs[name]))
    for text in (struct_text(obj, found), struct_text(obj, found, short=True)):
        assert len(text) < LONGEST
        assert text.isprintable()
    if not obj.__wire__.is_union:
        assert struct_tree(obj, found).name == name


@pytest.mark.parametrize("dialect", INSTALLED)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_message_reads_as_a_line_and_a_tree(dialect: str, data: st.DataObject) -> None:
    drawn = data.draw(messages(dialect))
    assert len(brief(drawn)) <= 400
    assert brief(drawn).isprintable()
    assert message_tree(drawn).name == drawn.name


def test_every_recorded_message_reads_as_a_line_and_a_tree() -> None:
    for each in recorded.messages():
        found = each.decode()
        assert brief(found).isprintable()
        tree = texts(message_tree(found))
        assert len(tree) > 8
        assert all(text.isprintable() for text in tree.values())


def test_what_has_names_is_shown_by_them() -> None:
    """The service and version of a message, and the flags of its container; a release may have no name for one."""
    for release, flags in (("1.8", "MSGHDR_AT_SUPPORT|0x2"), ("2.17", "MSGHDR_AT_SUPPORT|MSGHDR_CKSUM_INCOMPAT18")):
        message = lw.build(release, "MDS_STATFS")
        message.header.lm_flags = 3
        shown = {each.name: each.text for node in message_tree(message).children for each in node.children}
        assert (shown["pb_version"], shown["lm_flags"]) == ("LUSTRE_MDS_VERSION|PTLRPC_MSG_VERSION", flags)
        assert lw.to_json(message)["header"]["lm_flags"] == 3


def test_what_is_not_there_is_not_said() -> None:
    """Handles behind the last one of a lock request; a range that a client does not have yet, or does not ask for."""
    d217 = lw.dialect("2.17")
    handle, seq = d217.structs["lustre_handle"], d217.structs["lu_seq_range"]
    for cookies, told in (([5, 0], "handle [0x5]"), ([5, 0, 6, 0], "handle [0x5, 0x0, 0x6]"), ([0, 0], "")):
        request = d217.structs["ldlm_request"](lock_handle=[handle(cookie=cookie) for cookie in cookies])
        assert brief(lw.build(d217, "LDLM_CANCEL", dlm_req=request)).removeprefix("unset ").strip() == told
    assert brief(lw.build(d217, "SEQ_QUERY", opc=1, lu_seq_range=seq())) == "META"
    assert brief(lw.build(d217, "SEQ_QUERY", opc=1, lu_seq_range=seq(lsr_start=1, lsr_end=3))) == "META [0x1-0x3)"
    none = lw.dialect("1.8").structs["lu_seq_range"]()
    assert brief(lw.build("1.8", "SEQ_QUERY", opc=1, lu_seq_range=none)) == "META"
    asked = seq(lsr_start=0x200000401, lsr_end=77, lsr_index=9)
    assert brief(lw.build(d217, "FLD_QUERY", opc=2, fld_range=asked)) == "LOOKUP sequence 0x200000401"


def test_only_locks_have_the_errors_of_locks() -> None:
    """What was read, and how many updates were done, is a number."""
    d217 = lw.dialect("2.17")
    for name, status, told in (
        ("LDLM_ENQUEUE", 301, "301 ELDLM_LOCK_ABORTED"), ("OST_READ", 300, "300"), ("OUT_UPDATE", 1, "1"),
        ("LDLM_ENQUEUE/INTENT_OPEN", 301, "301 ELDLM_LOCK_ABORTED"), ("OST_READ", 2**32 - 5, "-5 EIO"),
    ):  # fmt: skip
        reply = lw.build(d217, name, "reply")
        reply.body.pb_status = status
        assert status_text(reply) == told


def test_open_flags_of_both_halves() -> None:
    """2.1 and later have 64 bits of them, in two fields; one of an open says something else in a mkdir."""
    record = lw.dialect("2.17").structs["mdt_rec_create"](cr_flags_l=0x40, cr_flags_h=0x1002)
    assert struct_text(record, lw.dialect("2.17"), short=True).endswith("OPEN_CREAT OPEN_NORESTORE|0x1000")
    record.cr_flags_h = 0x240
    shown = {each.name: each.text for each in struct_tree(record, lw.dialect("2.17")).children}
    assert shown["cr_flags_h"] == "MDS_OPEN_RESYNC|MDS_OPEN_DEFAULT_LMV"
    for release, mode, name in (
        ("2.17", 0o040755, "MDS_MKDIR_LMV"), ("2.16", 0o040755, "MDS_MKDIR_LMV"), ("2.15", 0o040755, "MDS_OPEN_RESYNC"),
        ("2.17", 0o100644, "MDS_OPEN_RESYNC"), ("2.17", 0, "MDS_OPEN_RESYNC"),
    ):  # fmt: skip
        record = lw.dialect(release).structs["mdt_rec_create"](cr_flags_h=0x40, cr_mode=mode)
        node = struct_tree(record, lw.dialect(release))
        assert {child.name: child.text for child in node.children}["cr_flags_h"] == name
        for short in (True, False):
            said = struct_text(record, lw.dialect(release), short=short)
            assert said.endswith(f" {name.removeprefix('MDS_') if short else name}")
            assert said == walked(record, lw.dialect(release), short)


def test_a_log_by_its_name_has_no_number() -> None:
    request = lw.build("2.17", "LLOG_ORIGIN_HANDLE_CREATE", llogd_body=lw.dialect("2.17").structs["llogd_body"]())
    request.buffers.name = b"lustre-client"
    assert brief(request) == '"lustre-client"'


class TestValidBits:
    """What the valid bits do not say is there is no fact: neither in a line, nor in a tree, nor in JSON's names."""

    def test_the_size_of_a_file_is_shown_where_it_is_valid(self) -> None:
        """An MDT sends a size of every file, right or not (mdt/mdt_handler.c:mdt_pack_attr2body)."""
        known = lw.dialect("2.17")
        body, bits = known.structs["mdt_body"], known.enums["ObdMd"]
        for valid, shown in ((0, False), (bits.OBD_MD_FLSIZE, True), (bits.OBD_MD_FLLAZYSIZE, True)):
            made = body(mbo_size=4711, mbo_valid=bits.OBD_MD_FLTYPE | valid, mbo_mode=0o100644)
            node = {child.name: child for child in struct_tree(made, known).children}["mbo_size"]
            assert node.counts == shown
            for short in (True, False):
                said = struct_text(made, known, short=short)
                assert ("size 4711" in said) == shown and "-rw-r--r--" in said
                assert said == walked(made, known, short)
        asked = body(mbo_valid=bits.OBD_MD_FLSIZE | bits.OBD_MD_FLMODE)
        assert "size" not in struct_text(asked, known)

    @pytest.mark.parametrize(
        ("release", "struct", "field", "bit"),
        [
            ("1.8", "mds_body", "size", "OBD_MD_FLSIZE"), ("1.8", "mds_body", "rdev", "OBD_MD_FLRDEV"),
            ("1.8", "mds_body", "max_mdsize", "OBD_MD_FLMODEASIZE"), ("1.8", "obdo", "o_generation", "OBD_MD_FLGENER"),
            ("1.8", "obdo", "o_easize", "OBD_MD_FLEPOCH"), ("2.17", "mdt_body", "mbo_aclsize", "OBD_MD_FLACL"),
            ("2.17", "obdo", "o_mode", "OBD_MD_FLTYPE"), ("2.17", "obdo", "o_blocks", "OBD_MD_FLBLOCKS"),
            ("2.17", "obdo", "o_grant", "OBD_MD_FLGRANT"), ("2.17", "obdo", "o_nlink", "OBD_MD_FLNLINK"),
            ("2.17", "obdo", "o_blksize", "OBD_MD_FLBLKSZ"), ("2.17", "obdo", "o_misc", "OBD_MD_FLOBJCOUNT"),
        ],
    )  # fmt: skip
    def test_a_field_counts_with_its_bit(self, release: str, struct: str, field: str, bit: str) -> None:
        known = lw.dialect(release)
        valid = "o_valid" if struct == "obdo" else "mbo_valid" if struct == "mdt_body" else "valid"
        for bits, there in ((0, False), (known.constants[bit], True)):
            made = known.structs[struct](**{field: 3, valid: bits})
            node = {child.name: child for child in struct_tree(made, known).children}[field]
            assert node.counts == there

    @pytest.mark.parametrize("release", ["1.8", "2.0", "2.17"])
    def test_an_attribute_is_asked_for_or_the_list(self, release: str) -> None:
        known = lw.dialect(release)
        name, prefix = ("mds_body", "") if release == "1.8" else ("mdt_body", "mbo_")
        for bit in ("OBD_MD_FLXATTR", "OBD_MD_FLXATTRLS"):
            body = known.structs[name](**{f"{prefix}valid": known.constants[bit], f"{prefix}eadatasize": 70})
            asked = lw.build(release, "MDS_GETXATTR", **{name: body})
            assert brief(asked).endswith(f" {bit.removeprefix('OBD_MD_')} in 70 bytes")
        assert brief(lw.build(release, "MDS_GETXATTR", "reply", **{name: body})) == "70 bytes"

    def test_what_is_in_a_file_is_in_no_line(self) -> None:
        """Also where it looks like something else: a small read's reply has the data with it."""
        known = lw.dialect("2.17")
        layout = known.constants["LOV_MAGIC_V1"].to_bytes(4, "little") + bytes(28)
        for data in (b"unlinked\0\0\0\0", layout):
            message = lw.build(known, "OST_READ", "reply", ost_body=known.structs["ost_body"](), short_io=data)
            assert "unlinked" not in brief(message) and "stripe" not in brief(message)
            (node,) = (node for node in message_tree(message).children if node.name == "short_io")
            assert (node.text, node.children) == (f"{len(data)} bytes of a file", ())

    def test_a_lazy_size_counts(self) -> None:
        """From 2.12 on a close says the size as the client knows it, without setting it."""
        known = lw.dialect("2.17")
        made = known.structs["mdt_rec_setattr"](sa_size=4711, sa_valid=known.constants["MDS_ATTR_LSIZE"])
        assert struct_text(made, known, short=True).endswith("set LSIZE size 4711")

    def test_structs_in_a_struct_count_with_their_bit(self) -> None:
        known = lw.dialect("2.17")
        handle, layout = known.structs["lustre_handle"](cookie=7), known.structs["ost_layout"](ol_stripe_size=1 << 20)
        for valid in (0, known.constants["OBD_MD_FLHANDLE"], known.constants["OBD_MD_FLOSTLAYOUT"]):
            made = known.structs["obdo"](o_valid=valid, o_handle=handle, o_layout=layout)
            told = {child.name: child.counts for child in struct_tree(made, known).children}
            assert told["o_handle"] == (valid == known.constants["OBD_MD_FLHANDLE"])
            assert told["o_layout"] == (valid == known.constants["OBD_MD_FLOSTLAYOUT"])

    @pytest.mark.parametrize("release", ["1.8", "2.0", "2.6", "2.17"])
    def test_what_a_place_means_otherwise_counts(self, release: str) -> None:
        """A page is asked for by size and links, of which no bit says anything."""
        known = lw.dialect(release)
        name, prefix = ("mds_body", "") if release == "1.8" else ("mdt_body", "mbo_")
        body = known.structs[name](**{f"{prefix}size": 0x77, f"{prefix}nlink": 4096})
        message = lw.build(release, "MDS_READPAGE", **{name: body})
        assert "from 0x77 4096 bytes" in brief(message)
        (tree,) = (node for node in message_tree(message).children if node.name == name)
        assert {n.name.removeprefix("mbo_"): n.counts for n in tree.children if n.text in ("119", "4096")} == {
            "size": True, "nlink": True,
        }  # fmt: skip

    def test_flags_without_their_bit_have_no_names(self) -> None:
        known = lw.dialect("2.17")
        body, bits = known.structs["mdt_body"], known.enums["ObdMd"]
        for valid in (0, bits.OBD_MD_FLFLAGS):
            message = lw.build(known, "MDS_GETATTR", "reply", mdt_body=body(mbo_flags=0x10, mbo_valid=valid))
            assert ("mbo_flags" in names_json(message)) == bool(valid)

    def test_ends_of_a_search_and_a_range(self) -> None:
        known = lw.dialect("2.17")
        oa, body = known.structs["obdo"], known.structs["ost_body"]
        seek = lw.build(known, "OST_SEEK", ost_body=body(oa=oa(o_size=4096, o_mode=4)))
        assert brief(seek).endswith("from 4096 whence 4")
        found = {node.name: node for node in _under(message_tree(seek))}
        assert found["o_size"].counts
        zone = lw.build(known, "OST_FALLOCATE", ost_body=body(oa=oa(o_size=1, o_blocks=9, o_nlink=3)))
        assert brief(zone).endswith("from 1 to 9 mode 0x3")
        made = lw.build(known, "OST_CREATE", "reply", ost_body=body(oa=oa(o_size=0x1FFFFFF)))
        assert brief(made).endswith("sequence of 33554431")


def _under(node: Node) -> list[Node]:
    return [node, *(each for child in node.children for each in _under(child))]


@pytest.mark.parametrize(("count", "text"), [(1, "by default 1 stripe, first MDT any"), (4, "by default 4 stripes, f")])
def test_the_default_layout_of_a_directory_is_said_to_be_one(count: int, text: str) -> None:
    known = lw.dialect("2.17")
    layout = known.structs["lmv_user_md_v1"](lum_magic=0x0CD30CD0, lum_stripe_count=count, lum_stripe_offset=0xFFFFFFFF)
    sent = lw.encode(lw.build(
        known, "LDLM_ENQUEUE/INTENT_GETATTR", "reply", default_mdt_md=pack(layout, "little"),
    ))  # fmt: skip
    assert text in brief(lw.decode(sent, known, request=known.rpcs["LDLM_ENQUEUE/INTENT_GETATTR"]))
    assert "by default" not in struct_text(layout, known)
