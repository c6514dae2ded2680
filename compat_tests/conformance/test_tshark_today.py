"""The captures of 2.17 nodes, read by tshark 4.0 and by us: the same value at each place, under the same name.

What tshark does not read, or calls by the name of something else, is listed with why; each row has to occur.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from compat_tests.capture.captures import CAPTURES, messages
from compat_tests.shared import real
from compat_tests.tshark import (
    CALLED,
    HALF,
    OPEN_AS_SETATTR,
    RANGE_OF_PLAIN,
    Comparison,
    Names,
    dissected,
    kind_of,
    needs_tshark,
)
from lustre_wire.capture import Captured


class Fault(NamedTuple):
    """What tshark 4.0.17 calls wrongly, and why we know; `row` is its number in the notes on 2.17, where it has one."""

    row: str
    why: str
    names: Names


FAULTS: Final = (
    Fault("8", "the ptlrpc_body has a tag and a project where 2.0 had last_seen, and mbits and ids in its padding", {
        "ptlrpc_body.pb_last_seen": ("ptlrpc_body_v3.pb_tag", "ptlrpc_body_v3.pb_projid"),
        "ptlrpc_body.pb_padding": ("ptlrpc_body_v3.pb_mbits", "ptlrpc_body_v3.pb_uid", "ptlrpc_body_v3.pb_gid"),
    }),
    Fault("14", "names that the mdt_body has lost, and padding where fields are", {
        "mdt_body.generation": ("mdt_body.mbo_layout_gen",),
        "mdt_body.ino": ("mdt_body.mbo_t_state",),
        "mdt_body.ioepoch": ("mdt_body.mbo_version",),
        "mdt_body.max_cookiesize": ("mdt_body.mbo_unused3",),
        "mdt_body.padding_5": ("mdt_body.mbo_projid",),
        "mdt_body.padding_6": ("mdt_body.mbo_dom_size",),
        "mdt_body.padding_7": ("mdt_body.mbo_dom_blocks",),
        "mdt_body.padding_8": ("mdt_body.mbo_btime",),
    }),
    Fault("22", "no ii_version behind the FID: what follows is 8 bytes early, a key size of 0xfffe the end of a hash", {
        "idx_info.hash_start": ("idx_info.ii_version",),
        "idx_info.hash_end": ("idx_info.ii_hash_start",),
        "idx_info.keysize": ("idx_info.ii_hash_end",),
        "idx_info.recsize": ("idx_info.ii_hash_end",),
        "idx_info.padding": ("idx_info.ii_hash_end", "idx_info.ii_keysize", "idx_info.ii_recsize"),
    }),
    Fault("22a", "the layout version, as padding", {"obdo.o_padding_3": ("obdo.o_layout_version",)}),
    Fault("", "an open's record is read as a setattr's, its mode and its bias are exchanged", OPEN_AS_SETATTR),
    Fault("", "a PLAIN lock covers all and has no range", RANGE_OF_PLAIN),
    Fault("", "group and initiator of an inode-bit lock, from 2.15 and 2.16 on, as padding", {
        "extra_padding": ("ldlm_inodebits.li_gid", "ldlm_inodebits.li_initiator_id"),
    }),
    Fault("", "an id with its sequence and a FID are both shown of the same bytes; the sequence tells which it is", {
        "lu_fid.f_seq": ("ost_id::log.oi_id", "ostid.oi_id"),
        "ll_fid.f_*": ("ost_id::log.oi_seq", "ostid.oi_seq"),
        "obd_ioobj.ioo_id": ("lu_fid.f_seq",),
        "obd_ioobj.ioo_seq": ("lu_fid.f_oid", "lu_fid.f_ver"),
        "ost_id": ("ost_id::log",),
        "ost_id.fid": ("ost_id", "ost_id::log"),
        "ost_id.oi": ("ost_id::log",),
        "ost_io.id": ("lu_fid.f_seq", "ost_id::log.oi_id", "ostid.oi_id"),
        "ost_oi.seq": ("lu_fid.f_oid", "lu_fid.f_ver", "ost_id::log.oi_seq", "ostid.oi_seq"),
    }),
    Fault("", "of a striped directory, what migrates and the FIDs of the stripes, as padding", {
        "lmv_mds_md.padding": (
            "lmv_mds_md_v1.lmv_migrate_offset", "lmv_mds_md_v1.lmv_migrate_hash", "lmv_mds_md_v1.lmv_stripe_fids",
        ),
    }),
    Fault("", "the setup of an LMV is no lov_desc: 0 stands where LOV_DESC_MAGIC would", {
        "lov_desc": ("lmv_desc",),
        "lov_desc.default_stripe_size": ("lmv_desc.ld_default_hash_size",),
        "lov_desc.default_stripe_offset": ("lmv_desc.ld_padding_1",),
        "lov_desc.*": ("lmv_desc.*",),
    }),
    Fault("", "connect data has more now; where all of it is zero, in a refusal, it is read as the 72 bytes of 1.8", {
        "obd_connect_data.padding": ("obd_connect_data.ocd_conn_policy", "obd_connect_data.ocd_compr_type"),
        "obd_connect_data.ocd_nllu": ("obd_connect_data.ocd_grant_*",),
        "obd_connect_data.ocd_nllg": ("obd_connect_data.ocd_grant_max_blks",),
    }),
    Fault("", "what statfs says is granted, as spare", {"obd_statfs.os_spare": ("obd_statfs.os_granted",)}),
    Fault("", "a close has no epoch since 2.8", {
        "mdt_ioepoch.ioepoch": ("mdt_ioepoch.mio_unused1",),
        "mdt_ioepoch.flags": ("mdt_ioepoch.mio_unused2",),
    }),
    Fault("", "units of bulk data called type, as the type of the log is", {
        "mgs_config_body.type": ("mgs_config_body.mcb_units",),
    }),
    Fault("", "NIDs that the count leaves out, and a command's network type, which only old logs have, as padding", {
        "mgs_target_info.padding": ("mgs_target_info.mti_nids",),
        "lustre_cfg.padding": ("lustre_cfg.lcfg_nal",),
    }),
)  # fmt: skip

#: Kinds that tshark calls malformed, not always, and the row that says of what.
MALFORMED: Final = {
    "LDLM_ENQUEUE/INTENT_GETATTR reply": "12", "LDLM_ENQUEUE/INTENT_GETXATTR reply": "13",
    "LDLM_ENQUEUE/INTENT_OPEN reply": "11", "LDLM_ENQUEUE/INTENT_OPEN_CREAT reply": "11",
    "LLOG_ORIGIN_HANDLE_CREATE request": "18", "LLOG_ORIGIN_HANDLE_NEXT_BLOCK reply": "18", "MDS_BATCH reply": "2",
    "MDS_GET_INFO/FID2PATH request": "20", "MDS_REINT/CREATE reply": "23", "MDS_STATFS/NEW request": "23",
    "MGS_TARGET_REG request": "19", "OBD_IDX_READ reply": "22", "OST_GET_INFO/LAST_FID request": "20",
    "OST_READ reply": "17", "OST_WRITE request": "17", "OUT_UPDATE reply": "2",
    "MDS_CONNECT reply": "none: a refusal, whose connect data is zero and read as the 72 bytes of 1.8",
}  # fmt: skip

#: Kinds of which it shows nothing behind the ptlrpc_body: rows 2 and 23.
BARE: Final = {"MDS_BATCH reply", "MDS_STATFS/NEW request"}
#: What it does not show of messages that it reads to the end.
LEFT: Final = {(kind, HALF) for kind in ("LDLM_BL_CALLBACK request", "LDLM_ENQUEUE reply", "LDLM_ENQUEUE request")}
#: Portals whose requests it does not hand to its Lustre dissector: row 1.
UNREAD: Final = {13, 24}

CLIENT: Final = real("ndpi-2.15.5-*.pcapng")


@cache
def compared(path: Path) -> Comparison:
    """Everything in a capture, both readers' messages brought together by match bits, opcode and direction."""
    ours: dict[tuple[int | None, int, bool], deque[Captured]] = defaultdict(deque)
    for captured in messages(path):
        if captured.is_rpc:
            ours[captured.match_bits, captured.opcode, captured.direction == "request"].append(captured)
    found = Comparison(CALLED, *(fault.names for fault in FAULTS))
    for theirs in dissected(path):
        message = ours[theirs.key].popleft().message
        assert message is not None
        found.add(theirs, message)
    for captured in (captured for left in ours.values() for captured in left):
        assert captured.message is not None
        found.unseen.add((captured.portal, kind_of(captured.message)))
    return found


@needs_tshark
@pytest.mark.parametrize("path", [*CAPTURES, *CLIENT], ids=lambda path: path.stem)
def test_field_values_agree(path: Path) -> None:
    found = compared(path)
    assert {portal for portal, _ in found.unseen} <= UNREAD
    assert all(kind.endswith("request") for _, kind in found.unseen)
    assert found.bare <= BARE
    assert found.malformed <= set(MALFORMED)
    assert found.left <= LEFT


@needs_tshark
def test_each_row_occurs() -> None:
    found = [compared(path) for path in CAPTURES]
    tables = (CALLED, *(fault.names for fault in FAULTS))
    rows = {(n, field, ours) for n, table in enumerate(tables) for field, names in table.items() for ours in names}
    assert rows == set().union(*(one.used for one in found))
    assert {portal for one in found for portal, _ in one.unseen} == UNREAD
    assert set().union(*(one.bare for one in found)) == BARE
    assert set(MALFORMED) == set().union(*(one.malformed for one in found))
    assert set().union(*(one.left for one in found)) == LEFT


@needs_tshark
def test_values_of_every_kind_are_compared() -> None:
    """No kind is left out but those of the portals that tshark does not know; all it reads to the end is compared."""
    equal: Counter[str] = Counter()
    unseen: set[str] = set()
    for path in CAPTURES:
        equal += compared(path).equal
        unseen |= {kind for _, kind in compared(path).unseen}
    kinds = {kind_of(c.message) for path in CAPTURES for c in messages(path) if c.message is not None}
    assert kinds == set(equal) | unseen
    print(f"{equal.total()} values of {len(equal)} kinds of messages are equal")
