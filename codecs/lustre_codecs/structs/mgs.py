"""What targets and the MGS tell each other.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.config import MgsCfgType, NidlistFlags
from lustre_codecs.enums.disk import LddFlags
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import in16, in32, over, padding, since
from lustre_wire.schema.shown import Shown
from lustre_wire.schema.types import AS_SENT, U64, Array, Chars, Flex, Raw, u8, u32, u64
from lustre_wire.schema.union import WireUnion


@history(size=1024, text="{mgs_param}")
class MgsSendParam(Wire):
    """One configuration parameter for the MGS."""

    mgs_param: Annotated[bytes, Chars(1024)]


@history(size=4544, text=("{mti_svname}", " {mti_flags}", " {mti_params}"))
class MgsTargetInfo(Wire):
    """What a target tells the MGS when it registers."""

    mti_lustre_ver: Annotated[u32, Shown.RELEASE]
    mti_stripe_index: u32
    mti_config_ver: u32
    mti_flags: in32[LddFlags]
    mti_nid_count: u32
    mti_instance: u32                                    = padding("padding").since("2.2")
    mti_fsname: Annotated[bytes, Chars(64)]
    mti_svname: Annotated[bytes, Chars(64)]
    mti_uuid: Annotated[bytes, Chars(40)]
    mti_nids: Annotated[list[int], Array(U64, 32), Shown.NID]
    mti_params: Annotated[bytes, Chars(4096)]
    mti_nidlist: Annotated[bytes, Flex(Chars(64))] = since("2.16")


@history(size={"2.2": 80}, text="{mcb_name} {mcb_type} from {mcb_offset}")
class MgsConfigBody(Wire):
    """Which part of a configuration log is asked for."""

    mcb_name: Annotated[bytes, Chars(64)]
    mcb_offset: u64
    mcb_type: in16[MgsCfgType]
    mcb_rec_nid_size: u8 = padding("mcb_reserved").was("mcb_nm_cur_pass", "2.9").since("2.16")
    mcb_nm_cur_pass: u8 = over("mcb_rec_nid_size").since("2.16")
    mcb_bits: u8
    mcb_units: u32


@history(size={"2.2": 16})
class MgsConfigRes(Wire):
    """What was read of a configuration log, in bytes."""

    mcr_offset: u64
    mcr_size: u64
    mcr_nm_cur_pass: Annotated[int, U64, AS_SENT] = over("mcr_size").since("2.9")


@history(size={"2.2": 0}, c_name="mgs_nidtbl_entry::u", swab_as="nids")
class MgsNidtblEntryU(WireUnion):
    """NIDs of 8 or of 20 bytes: `mne_nid_size` says which. They take no bytes of the struct's own."""

    nids: Annotated[list[int], Flex(U64), Shown.NID]
    nidlist: Annotated[bytes, Flex(Raw(20))] = since("2.16")


@history(size={"2.2": 24})
class MgsNidtblEntry(Wire):
    """One target of the table of NIDs: which, its version, and its NIDs."""

    mne_version: u64
    mne_instance: u32
    mne_index: u32
    mne_length: u32
    mne_type: u8
    mne_nid_type: u8
    mne_nid_size: u8
    mne_nid_count: u8
    u: MgsNidtblEntryU


@history(size={"2.17": 8}, text=("{mtn_nids} NIDs", " {mtn_inline_list}"))
class MgsTargetNidlist(Wire):
    """NIDs of a target as text, when there are many."""

    mtn_flags: in32[NidlistFlags]
    mtn_nids: u32
    mtn_inline_list: Annotated[bytes, Flex(Chars(64))]
