"""Buffers, and what is said of them, that the formats of several services share.

A 2.x peer packs the slots of a format by their order, and counts those it has nothing for; a 1.8 peer leaves them out,
or takes them out of the reply it had reserved. From 2.9 on slots are appended: security contexts, policies, encryption.
"""

from __future__ import annotations

import stat
from typing import Any, Final

from lustre_codecs.enums.ldlm import LdlmType
from lustre_codecs.enums.metadata import ObdMd
from lustre_codecs.structs.acl import XattrAclHeader
from lustre_codecs.structs.attributes import MdsBody, MdtBody
from lustre_codecs.structs.layouts import LmvDefault, LovMdsMdV1, LovMdsMdV3, LovUserMdV1, LovUserMdV3
from lustre_codecs.structs.ldlm import BarrierLvb, OstLvb, OstLvbV1
from lustre_codecs.structs.quota import LquotaLvb
from lustre_codecs.structs.security import LlcryptContextV1, LlcryptContextV2, LustreCapa
from lustre_wire.schema.holds import Cases
from lustre_wire.schema.margins import dated
from lustre_wire.schema.rpc import Bits, Match, NonZero, Opaque
from lustre_wire.schema.rpc_history import dated_slot

# Attributes of files: mds_body, from 2.0 on mdt_body, for which a 1.8 client reserves room in its requests.
_BODY: Final[dict[str, Any]] = {"called": {"1.8": "mds_body", "2.0": "mdt_body"}, "type": {"1.8": MdsBody, "2.0": MdtBody}}
REQUEST_BODY: Final = dated_slot(**_BODY, room={"1.8": 216, "2.0": 0})
REPLY_BODY: Final = dated_slot(**_BODY)
# Which part of a directory is asked for: the hash it begins with, how many bytes, and from 2.0 on what of each entry.
PAGE_BODY: Final = dated_slot(
    **_BODY, room={"1.8": 216, "2.0": 0},
    line={
        "1.8": ("{fid1} from {size:#x}", " {nlink} bytes"),
        "2.0": ("{fid1} from {size:#x}", " {nlink} bytes", " attributes {mode:#x}"),
        "2.6": ("{mbo_fid1} from {mbo_size:#x}", " {mbo_nlink} bytes", " attributes {mbo_mode:#x}"),
    },
)  # fmt: skip
# Whether an attribute or the list of their names is asked for, in how many bytes; none asks how many it takes.
XATTR_ASKED: Final = dated_slot(
    **_BODY, room={"1.8": 216, "2.0": 0},
    line={
        "1.8": ("{fid1} {valid}", " in {eadatasize} bytes"),
        "2.6": ("{mbo_fid1} {mbo_valid}", " in {mbo_eadatasize} bytes"),
    },
)  # fmt: skip
XATTR_TOLD: Final = dated_slot(
    **_BODY, line={"1.8": ("", "{eadatasize} bytes"), "2.6": ("", "{mbo_eadatasize} bytes")},
)  # fmt: skip


def record(in_1_8: Any, in_2_0: Any) -> Any:
    """The record of a change of metadata; its first word says which."""
    return dated_slot(called={"1.8": "rec", "2.0": "rec_reint"}, type={"1.8": in_1_8, "2.0": in_2_0})


# The body of a 1.8 reply says that a layout follows: without these bits the buffer is not there, and the next moves up.
MD_RETURNED: Final[Match] = {
    "mdt_body.valid": Bits(ObdMd.OBD_MD_FLEASIZE | ObdMd.OBD_MD_FLDIREA | ObdMd.OBD_MD_LINKNAME, some=True),
    "mdt_body.eadatasize": NonZero(),
}
_SHRUNK: Final = "slot always counted; shrunk in place to body.eadatasize when body.valid has FLEASIZE, FLDIREA or LINKNAME, otherwise to 0"
# What 1.8 does with a layout it has nothing to put into.
_REMOVED: Final = "shrunk to body.eadatasize when body.valid has FLEASIZE/FLDIREA (or LINKNAME); when 0 the segment is REMOVED and later buffers move one index down (bufcount unchanged, last buflen 0)"
# A directory has no objects: its default layout is what its user asked for, with counts of 16 bits.
ASKED: Final = (LovUserMdV1, LovUserMdV3)


def _returned(valid: str, mode: str) -> Cases:
    """The layout of a directory or a file, as these fields of the body say."""
    directory = {f"mdt_body.{valid}": Bits(ObdMd.OBD_MD_FLDIREA)}, {f"mdt_body.{mode}": Bits(stat.S_IFDIR)}
    return Cases(tuple((match, ASKED) for match in directory), (LovMdsMdV1, LovMdsMdV3))


_RETURNED: Final = _returned("mbo_valid", "mbo_mode")
LAYOUT: Final = dated_slot(since="2.0", holds=_RETURNED, optional=True, when=_SHRUNK)


def layout(in_1_8: str = _REMOVED, called: str = "lov_md") -> Any:
    """The layout in a reply. `in_1_8`: what 1.8 puts there, under the name `called`."""
    return dated_slot(
        called={"1.8": called, "2.0": "mdt_md"}, holds={"1.8": _returned("valid", "mode"), "2.0": _RETURNED}, optional=True,
        present=dated({"1.8": MD_RETURNED, "2.0": None}), when={"1.8": in_1_8, "2.0": _SHRUNK},
    )  # fmt: skip


_ACL: Final = "slot always counted; shrunk in place to body.aclsize (ACL when OBD_CONNECT_ACL and FLACL asked; remote_perm when FLRMTPERM asked), 0 otherwise"
ACL: Final = dated_slot(since="2.0", holds=XattrAclHeader, optional=True, when=_ACL)
ACL_KEPT: Final = dated_slot(
    holds=XattrAclHeader, optional=True,
    when={"1.8": "packed when OBD_CONNECT_ACL negotiated and FLACL requested; true length is body.aclsize; the buffer itself stays 260 (see note); index drops by one when the md buffer is absent or removed", "2.0": _ACL},
)  # fmt: skip
ACL_OMITTED: Final = dated_slot(
    holds=XattrAclHeader, omit={"1.8": True, "2.0": False}, optional=True,
    when={"1.8": "slot present only when OBD_CONNECT_ACL; never shrunk (except reconstruct); index 4, or 3 after md removal", "2.0": _ACL},
)  # fmt: skip


# What 1.8 does with cookies it has none of.
_NO_COOKIES: Final = "shrunk to the number of stripes when body.valid has FLCOOKIE; removed otherwise; index drops to 2 when lov_md was removed"


def cookies(in_1_8: str = _NO_COOKIES) -> Any:
    """Cookies of unlink records. `in_1_8`: how 1.8 sizes them."""
    return dated_slot(optional=True, when={"1.8": in_1_8, "2.0": "slot always counted; shrunk in place to body.aclsize bytes (the aclsize field carries the cookie size), 0 otherwise"})


def capa(words: str, *, optional: bool = True) -> Any:
    """A capability: a struct of 120 bytes, from 2.12 on a slot of none."""
    return dated_slot(
        since="2.0", type={"2.0": LustreCapa, "2.12": Opaque}, optional=optional or {"2.0": False, "2.12": True},
        when={"2.0": words, "2.12": "counted, without bytes"},
    )  # fmt: skip


CAPA: Final = capa("buffer always counted; length 0 without a capability, 120 with one")
OBJECT_CAPA: Final = capa("slot always counted; length 0 without capability, 120 with (OBD_CONNECT_OSS_CAPA, obdo valid FLOSSCAPA)")
MDS_CAPA: Final = capa("slot always counted; kept at 120 when reply body.valid has OBD_MD_FLMDSCAPA, otherwise shrunk to 0 in place")
OSS_CAPA: Final = capa("slot always counted; kept at 120 when reply body.valid has OBD_MD_FLOSSCAPA, otherwise shrunk to 0 in place")

#: Locks given back early, on the way to something else.
CANCELS: Final = dated_slot(
    omit={"1.8": True, "2.0": False}, optional=True,
    when={
        "1.8": "only when OBD_CONNECT_CANCELSET was negotiated; carries early lock cancels (lock_count handles, may be 0)",
        "2.0": "slot always packed (default 104 bytes); handles present when OBD_CONNECT_CANCELSET and lock_count>0, server reads it only then",
    },
)  # fmt: skip


def lvb(words: Any, lock: str = "dlm_rep", **said: Any) -> Any:
    """A lock value block: of an OST object, from 2.3 on of other resources too, and of any length.

    What it is the type of the lock says, which stands in the buffer `lock` (the answer to a glimpse has none), and a
    magic, or its size: structs without a magic stand in the order of theirs.
    """
    said["optional"] = {"1.8": False, "2.3": True}
    kind = f"{lock}.lock_desc.l_resource.lr_type"
    held = Cases(
        (
            ({kind: LdlmType.LDLM_EXTENT}, (OstLvb, OstLvbV1)), ({kind: LdlmType.LDLM_PLAIN}, (LquotaLvb, BarrierLvb)),
            ({kind: LdlmType.LDLM_IBITS}, (LovMdsMdV1, LovMdsMdV3, OstLvb)),
        ),
        (OstLvb, LquotaLvb, BarrierLvb),
    )  # fmt: skip
    return dated_slot(type={"1.8": OstLvb, "2.3": Opaque}, holds={"2.3": held if lock else held.other}, when=words, **said)


#: How a file is encrypted: structs told apart by their version.
CONTEXTS: Final = (LlcryptContextV2, LlcryptContextV1)
# Appended since 2.9.
SECCTX_NAME: Final = dated_slot(since="2.9", optional=True, when="name of the security attribute, where OBD_CONNECT2_FILE_SECCTX was granted")
SECCTX: Final = dated_slot(since="2.9", optional=True, when="the security context of what is created")
SELINUX_POL: Final = dated_slot(since=("2.12.9", "2.13"), optional=True, when="counted; a description of the SELinux policy where the client is to send one")
ENCCTX: Final = dated_slot(since="2.14", holds=CONTEXTS, optional=True, when="the encryption context, where OBD_CONNECT2_ENCRYPT was granted and the file is encrypted")
SECCTX_ASKED: Final = dated_slot(since=("2.12.9", "2.13"), optional=True, when="the value of the security attribute that the request names")


def default_layout(since: str) -> Any:
    """What subdirectories are created with."""
    return dated_slot(since=since, optional=True, holds=LmvDefault, when="the default layout of a directory's subdirectories, where OBD_MD_DEFAULT_MEA asks for it")
