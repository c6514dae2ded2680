"""POSIX access control lists: the value of system.posix_acl_access and system.posix_acl_default, little-endian."""

from __future__ import annotations

from typing import Any, Final

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import expect, pack, unpack

__all__ = ["lines", "read", "write"]

_STRUCT: Final = "xattr_acl_header"


@checked
def read(data: bytes, dialect_: Dialect | str) -> Any:
    """A POSIX ACL from bytes: the struct `XattrAclHeader` with its entries.

    Raises:
        TruncatedError: shorter than the head.
        WireError: another version, or bytes that make no whole entry.
    """
    found = dialect(dialect_)
    data = octets(data, "data")
    made = unpack(found.structs[_STRUCT], data, "little")
    version, size = found.constants["POSIX_ACL_XATTR_VERSION"], len(write(made))
    if size != len(data):
        raise WireError(f"{len(data) - size} bytes make no entry", path="a_entries", offset=size, dialect=found.name)
    if made.a_version != version:
        raise WireError(f"expected {version}, got {made.a_version}", path="a_version", offset=0, dialect=found.name)
    return made


@checked
def write(acl: Any) -> bytes:
    """The bytes of a POSIX ACL.

    Raises:
        WireError: a value that does not fit its field.
    """
    return pack(acl, "little")


@checked
def lines(acl: Any) -> list[str]:
    """The entries as getfacl writes them, ids as numbers: ``user::rw-``, ``user:1000:r--``.

    Raises:
        WireError: no POSIX ACL.
    """
    expect(acl, _STRUCT)
    out = []
    for entry in acl.a_entries:
        words = (entry.e_tag.name or f"ACL_{int(entry.e_tag):#x}_OBJ").split("_")
        who = str(entry.e_id) if words[1:] in (["USER"], ["GROUP"]) else ""
        letters = "".join(c if entry.e_perm & bit else "-" for c, bit in (("r", 4), ("w", 2), ("x", 1)))
        out.append(f"{words[1].lower()}:{who}:{letters}")
    return out
