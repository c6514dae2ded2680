"""POSIX ACLs in the form of an extended attribute.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.metadata import POSIX_ACL_XATTR_VERSION, AclPerm, AclTag
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import in16
from lustre_wire.schema.shorthand import id32
from lustre_wire.schema.shown import Magic, Shown
from lustre_wire.schema.types import Flex, u16, u32


@history(
    size=8, byteorder="little", c_name={"1.8": "xattr_acl_entry", "2.2": "posix_acl_xattr_entry"}, swab=False,
    text="{e_tag} {e_id} {e_perm}",
)  # fmt: skip
class XattrAclEntry(Wire):
    """One entry of a POSIX ACL in its extended attribute form (liblustre.h)."""

    e_tag: in16[AclTag]
    e_perm: in16[AclPerm]
    e_id: id32


@history(
    size=4, byteorder="little", c_name={"1.8": "xattr_acl_header", "2.2": "posix_acl_xattr_header"}, swab=False,
    text="ACL {a_entries}",
)  # fmt: skip
class XattrAclHeader(Wire):
    """A POSIX ACL as the value of system.posix_acl_access; `a_version` is 2 (liblustre.h)."""

    a_version: Annotated[u32, Shown.HEX, Magic(POSIX_ACL_XATTR_VERSION)]
    a_entries: Annotated[list[XattrAclEntry], Flex(XattrAclEntry)]


@history(size={"2.0": 12, "2.9": None}, byteorder="little", swab=False)
class ExtAclXattrEntry(Wire):
    """One entry of an extended ACL (lustre_eacl.h)."""

    e_tag: u16
    e_perm: u16
    e_id: id32
    e_stat: u32


@history(size={"2.0": 4, "2.9": None}, byteorder="little", swab=False)
class ExtAclXattrHeader(Wire):
    """An extended ACL (lustre_eacl.h)."""

    a_count: u32
    a_entries: Annotated[list[ExtAclXattrEntry], Flex(ExtAclXattrEntry)]


#: The extended attributes whose value is a POSIX ACL.
ACL_XATTRS = {"system.posix_acl_access": XattrAclHeader, "system.posix_acl_default": XattrAclHeader}
