"""Capabilities, and the protection of messages.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.security import CapaOpc, RscDataFlags
from lustre_codecs.structs.fid import LuFid
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import in32, in64, pad16, pad32, was
from lustre_wire.schema.shorthand import hex32, hex64, id32
from lustre_wire.schema.shown import Magic, Shown
from lustre_wire.schema.types import U32, Chars, Flex, Hole, Raw, s64, u8, u16, u32, u64
from lustre_wire.schema.union import WireUnion


@history(size={"1.8": 120, "2.14": None}, swab={"1.8": False, "2.0": True}, text="capability for {lc_fid}")
class LustreCapa(Wire):
    """Capability; `lc_hmac` covers what stands before it."""

    lc_fid: LuFid
    lc_opc: in64[CapaOpc] = was(type=hex64).since("2.0")
    lc_uid: u64
    lc_gid: u64
    lc_flags: u32
    lc_keyid: u32
    lc_timeout: u32
    lc_expiry: Annotated[u32, Shown.TIME]
    lc_hmac: Annotated[bytes, Raw(64)]


@history(size={"2.0": 72, "2.14": None})
class LustreCapaKey(Wire):
    """Key that capabilities are signed with."""

    lk_seq: u64
    lk_keyid: u32
    lk_padding: pad32
    lk_key: Annotated[bytes, Raw(56)]


@history(size={"2.0": 0}, c_name="sptlrpc_flavor::u_rpc")
class SptlrpcFlavorURpc(WireUnion):
    """Parameters of an RPC flavour (lustre_sec.h)."""


@history(size={"2.0": 1})
class BulkSpecHash(Wire):
    """Hash algorithm of protected bulk (lustre_sec.h)."""

    hash_alg: u8


@history(size={"2.0": 1}, c_name="sptlrpc_flavor::u_bulk")
class SptlrpcFlavorUBulk(WireUnion):
    """Parameters of a bulk flavour (lustre_sec.h)."""

    hash: BulkSpecHash


@history(size={"2.0": 12}, swab=False)
class SptlrpcFlavor(Wire):
    """Security flavour (lustre_sec.h)."""

    sf_rpc: hex32
    sf_flags: u32
    u_rpc: SptlrpcFlavorURpc
    u_bulk: SptlrpcFlavorUBulk
    hole_0: Annotated[bytes, Hole(3)]


@history(size={"2.0": 20}, swab=False)
class SptlrpcRule(Wire):
    """One rule that chooses a security flavour (lustre_sec.h)."""

    sr_netid: u32
    sr_from: u8
    sr_to: u8
    sr_padding: u16
    sr_flvr: SptlrpcFlavor


@history(size={"2.0": 24})
class PtlrpcUserDesc(Wire):
    """User on whose behalf a request is sent, for protected messages (lustre_sec.h)."""

    pud_uid: id32
    pud_gid: id32
    pud_fsuid: id32
    pud_fsgid: id32
    pud_cap: hex32
    pud_ngroups: u32
    pud_groups: Annotated[list[int], Flex(U32, count="pud_ngroups")]


@history(size={"2.0": 8})
class PtlrpcBulkSecDesc(Wire):
    """Head of the token that protects bulk (lustre_sec.h)."""

    bsd_version: u8
    bsd_type: u8
    bsd_svc: u8
    bsd_flags: u8
    bsd_nob: u32
    bsd_data: Annotated[bytes, Flex(Raw(1))]


@history(size={"2.0": 16}, byteorder="big", swab=False)
class Krb5Header(Wire):
    """Head of a Kerberos token; big-endian (ptlrpc/gss/gss_krb5.h)."""

    kh_tok_id: Annotated[u16, Shown.HEX]
    kh_flags: u8
    kh_filler: u8
    kh_ec: u16
    kh_rrc: u16
    kh_seq: u64
    kh_cksum: Annotated[bytes, Flex(Raw(1))]


@history(size={"2.0": 8})
class PlainHeader(Wire):
    """Head of a message under the plain policy (ptlrpc/sec_plain.c)."""

    ph_ver: u8
    ph_flags: u8
    ph_sp: u8
    ph_bulk_hash_alg: u8
    ph_pad: Annotated[bytes, Raw(4)]


@history(size={"2.0": 8})
class PlainBulkToken(Wire):
    """Hash of the bulk under the plain policy (ptlrpc/sec_plain.c)."""

    pbt_hash: Annotated[bytes, Raw(8)]


@history(size={"2.0": 4}, swab=False)
class NetobjS(Wire):
    """Counted bytes in a GSS message (ptlrpc/gss/gss_internal.h)."""

    len: u32
    data: Annotated[bytes, Flex(Raw(1), count="len")]


@history(size={"2.0": 36})
class GssHeader(Wire):
    """Head of a GSS message (ptlrpc/gss/gss_internal.h)."""

    gh_version: u8
    gh_sp: u8
    gh_pad0: pad16
    gh_flags: hex32
    gh_proc: u32
    gh_seq: u32
    gh_svc: u32
    gh_pad1: u32
    gh_pad2: pad32
    gh_pad3: pad32
    gh_handle: NetobjS


@history(size={"2.0": 36}, swab=False)
class GssRepHeader(Wire):
    """Head of a GSS reply (ptlrpc/gss/gss_internal.h)."""

    gh_version: u8
    gh_sp: u8
    gh_pad0: u16
    gh_flags: hex32
    gh_proc: u32
    gh_major: u32
    gh_minor: u32
    gh_seqwin: u32
    gh_pad2: u32
    gh_pad3: u32
    gh_handle: NetobjS


@history(size={"2.0": 36}, swab=False)
class GssErrHeader(Wire):
    """Head of a GSS error reply (ptlrpc/gss/gss_internal.h)."""

    gh_version: u8
    gh_sp: u8
    gh_pad0: u16
    gh_flags: hex32
    gh_proc: u32
    gh_major: u32
    gh_minor: u32
    gh_pad1: u32
    gh_pad2: u32
    gh_pad3: u32
    gh_handle: NetobjS


@history(size={"2.0": 16}, swab=False)
class RawobjS(Wire):
    """A counted byte string in memory: length and pointer."""

    len: u32
    hole_0: Annotated[bytes, Hole(4)]
    data: u64


@history(size={"2.0": 32}, swab=False)
class GssWireCtx(Wire):
    """What of a GSS header the kernel keeps."""

    gw_flags: u32
    gw_proc: u32
    gw_seq: u32
    gw_svc: u32
    gw_handle: RawobjS


@history(
    size={"2.14": 28}, byteorder="little", swab=False,
    text="encryption v{version}, modes {contents_encryption_mode} and {filenames_encryption_mode}, "
    "key {master_key_descriptor}",
)  # fmt: skip
class LlcryptContextV1(Wire):
    """How a file is encrypted, and with which key; the MDT keeps it and does not look into it (llcrypt_private.h)."""

    version: Annotated[u8, Magic(1)]
    contents_encryption_mode: u8
    filenames_encryption_mode: u8
    flags: u8
    master_key_descriptor: Annotated[bytes, Raw(8)]
    nonce: Annotated[bytes, Raw(16)]


@history(
    size={"2.14": 40}, byteorder="little", swab=False,
    text="encryption v{version}, modes {contents_encryption_mode} and {filenames_encryption_mode}, "
    "key {master_key_identifier}",
)  # fmt: skip
class LlcryptContextV2(Wire):
    """The same in the form of today."""

    version: Annotated[u8, Magic(2)]
    contents_encryption_mode: u8
    filenames_encryption_mode: u8
    flags: u8
    reserved: Annotated[bytes, Raw(4)]
    master_key_identifier: Annotated[bytes, Raw(16)]
    nonce: Annotated[bytes, Raw(16)]


@history(size={"2.16": 48}, swab=False)
class RscDowncallData(Wire):
    """Answer of the GSS daemon: a context (lgss.h)."""

    scd_magic: u32
    scd_err: u32
    scd_flags: in32[RscDataFlags]
    scd_mapped_uid: u32
    scd_uid: u32
    scd_gid: u32
    scd_mechname: Annotated[bytes, Chars(8)]
    scd_offset: s64
    scd_len: u32
    scd_padding: u32
    scd_val: Annotated[bytes, Flex(Chars(1))]


@history(size={"2.16": 40}, swab=False)
class RsiDowncallData(Wire):
    """Answer of the GSS daemon: the result of a negotiation (lgss.h)."""

    sid_magic: u32
    sid_err: u32
    sid_unused: u32
    sid_maj_stat: u32
    sid_min_stat: u32
    sid_len: u32
    sid_offset: s64
    sid_hash: u64
    sid_val: Annotated[bytes, Flex(Chars(1))]
