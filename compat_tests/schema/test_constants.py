"""Every declared constant against the values that were measured in Lustre's headers, and no group forgotten."""

from __future__ import annotations

import pytest

import lustre_wire as lw
from compat_tests.facts import DIALECTS, constants
from compat_tests.history.test_walk import present
from lustre_wire.frames import ksock, lnet
from lustre_wire.schema import WireEnum, WireFlag

#: Groups of the facts that no dialect declares, by why not. All others are declared whole.
SET_ASIDE = {
    "LNet and socklnd: the names that travel stand beside the frames": {
        "enum anon:QSWLND", "enum lnet_msg_type_t", "ksock", "lnet_acceptor", "lnet_misc", "lnet_proto_magic",
        "lnet_wire_handle_none", "other:lnetctl.h", "other:lib-lnet.h", "socklnd",
    },
    "LNet's programming interface, inside one node": {
        "enum lnet_ack_req_t", "enum lnet_event_kind_t", "enum lnet_ins_pos_t", "enum lnet_unlink_t", "lnet_cookie",
        "lnet_md",
    },
    "networks other than TCP": {"o2iblnd", "ptllnd"},
    "LNet self-test": {
        "enum lst_brw_flags_t", "enum lst_brw_type_t", "enum lst_test_type_t", "enum srpc_msg_type_t", "selftest",
    },
    "debugging, memory and threads of one node": {
        "enum anon:DEBUG_DAEMON_START", "enum anon:OBD_MEMORY_STAT", "enum cfs_alloc_flags",
        "enum cfs_alloc_page_flags", "enum timeout_event", "enum anon:OBD_FAIL_LOC_NOSET", "other:kp30.h",
        "other:libcfs.h", "other:libcfs_private.h", "other:lvfs.h", "other:obd_support.h", "svc", "enum ptlrpcd_scope",
        "enum ptlrpcd_ctl_flags",
    },
    "states and events inside a client or server": {
        "enum anon:NEVER_SYNC_ON_CANCEL", "enum async_flags", "enum ldlm_appetite_t", "enum ldlm_cancel_flags_t",
        "enum ldlm_side_t", "enum lock_res_type", "enum lustre_imp_state", "enum ma_valid", "enum md_upcall_event",
        "enum mdl_mode_t", "enum mdl_type_t", "enum obd_cleanup_stage", "enum obd_import_event",
        "enum obd_notify_event", "enum obd_option", "enum placement_policy", "enum req_location", "enum rq_phase",
        "enum config_flags", "enum anon:UCRED_INVALID", "enum anon:LUSTRE_OPC_MKDIR", "enum lu_mgr_type",
        "enum anon:LC_ID_NONE", "enum anon:LUSTRE_CLI_FLD_HASH_DHT", "enum anon:MD_CAPAINFO_MAX", "other:lustre_lib.h",
        "other:lustre_import.h", "other:lustre_log.h", "other:lustre_net.h", "other:lustre_req_layout.h",
        "other:lustre_ucache.h", "other:obd_lov.h", "other:md_object.h", "other:obd_ost.h",
        "other:llite_internal.h",
    },
    "configuration and files of a server": {
        "enum anon:BSD_FL_ERR", "enum anon:CFS_IC_NOTHING", "enum anon:CFS_SETUID_PERM",
        "enum anon:FLD_TXN_INDEX_INSERT_CREDITS", "enum anon:LUSTRE_SEC_NONE", "enum anon:OSD_OI_FID_16_OID",
        "enum anon:RMT_LSETFACL", "enum lustre_idmap_idx", "enum secsvc_accept_res",
    },
    "messages between kernel and user space": {
        "enum hsm_message_type", "enum kuc_generic_message_type", "enum kuc_transport_type", "hsm",
        "other:libcfs_kernelcomm.h",
    },
}  # fmt: skip
_ASIDE = set().union(*SET_ASIDE.values())
#: Of "other:obd.h" of 1.8 only the object groups travel.
PARTLY = {"other:obd.h": {"1.8": {"FILTER_GROUP_LLOG", "FILTER_GROUP_ECHO"}, "2.0": set()}}

FRAMES = {
    name: value
    for module in (lnet, ksock)
    for cls in vars(module).values()
    if isinstance(cls, type) and issubclass(cls, (WireEnum, WireFlag))
    for name, value in cls.__members__.items()
} | {name: value for m in (lnet, ksock) for name, value in vars(m).items() if name.isupper() and isinstance(value, int)}

#: What a POSIX ACL holds is Linux's (uapi/linux/posix_acl.h, posix_acl_xattr.h): Lustre's headers do not repeat it.
LINUX = {
    "ACL_USER_OBJ": 1, "ACL_USER": 2, "ACL_GROUP_OBJ": 4, "ACL_GROUP": 8, "ACL_MASK": 16, "ACL_OTHER": 32,
    "ACL_READ": 4, "ACL_WRITE": 2, "ACL_EXECUTE": 1, "POSIX_ACL_XATTR_VERSION": 2,
}  # fmt: skip


def values(dialect: str) -> dict[str, set[int | str]]:
    """Name -> value; 1.8 gives one name two values in two headers."""
    out: dict[str, set[int | str]] = {}
    for group in constants(dialect).values():
        for name, value in group.items():
            out.setdefault(name, set()).add(value)
    return out


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_declared_constant_has_lustres_value(dialect: str) -> None:
    facts = values(dialect) | {name: {value} for name, value in LINUX.items()}
    declared = lw.dialect(dialect).constants
    # what is asserted in later releases alone, the walk over all of them holds to its number
    release = lw.dialect(dialect).release
    assert release is not None
    assert {n for n in declared if n not in facts} <= present(release.name)
    assert {n: v for n, v in declared.items() if v not in facts.get(n, {v})} == {}


@pytest.mark.parametrize(
    ("dialect", "group"), [(d, g) for d in DIALECTS for g in sorted(constants(d)) if g not in _ASIDE]
)
def test_group_is_declared_whole(dialect: str, group: str) -> None:
    wanted = set(constants(dialect)[group])
    if group in PARTLY:
        wanted = PARTLY[group][dialect]
    assert wanted - set(lw.dialect(dialect).constants) == set()


def test_groups_set_aside_are_real() -> None:
    assert _ASIDE - {group for dialect in DIALECTS for group in constants(dialect)} == set()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_beside_the_frames(dialect: str) -> None:
    facts = values(dialect)
    shared = {name: value for name, value in FRAMES.items() if name in facts}
    assert {"LNET_MSG_PUT", "KSOCK_MSG_LNET", "LNET_PROTO_TCP_MAGIC", "LNET_NI_STATUS_UP"} <= set(shared)
    # C says -1 where all bits of an unsigned field are set
    bits = {n: {int(x) & mask for x in facts[n] for mask in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)} for n in shared}
    assert {n: v for n, v in shared.items() if v not in bits[n]} == {}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_named_numbers_keep_what_has_no_name(dialect: str) -> None:
    for cls in lw.dialect(dialect).enums.values():
        free = next(n for n in (1 << 62, 0x7A7A7A7A, 3) if n not in cls.__members__.values())
        assert int(cls(free)) == free


def test_a_dialects_enumeration_contains_the_common_one() -> None:
    """What 1.8 and 2.0 both have under one class has one value, except where the versions really differ."""
    old, new = lw.dialect("1.8"), lw.dialect("2.0")
    for name in set(old.enums) & set(new.enums):
        for member in set(old.enums[name].__members__) & set(new.enums[name].__members__):
            if old.enums[name][member] != new.enums[name][member]:
                assert values("1.8")[member] != values("2.0")[member]
