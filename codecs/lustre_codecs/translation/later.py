"""What changes its meaning between releases behind 2.0: bits given to something else, units, fields cut anew.

All other changes the histories tell. Source: the headers of the releases that the histories name, and the code that
fills and reads these fields there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lustre_codecs.enums.config import MgsCfgType
from lustre_codecs.enums.connect import ObdConnect
from lustre_codecs.enums.metadata import MdOpFlags, ObdMd
from lustre_codecs.enums.ost import ObdFl, OsState
from lustre_codecs.structs.connect import ObdConnectData
from lustre_codecs.structs.fid import LuSeqRange
from lustre_codecs.structs.ldlm import LdlmFlock
from lustre_codecs.structs.mgs import MgsConfigBody
from lustre_codecs.structs.ost import ObdIoobj, Obdo
from lustre_wire.schema.releases import Release
from lustre_wire.translate.rules import FieldRule, computed, looks_at, only_old, renamed
from lustre_wire.translate.steps import Changes

_CHANGES: Final = Changes(
    reused={
        # CROW and JOIN became LARGE_ACL and BARRIER (2.10), TRUNCLOCK OLD_FALLOC (2.15), REQPORTAL MGS_NIDLIST (2.17)
        ObdConnect: ("OBD_CONNECT_CROW", "OBD_CONNECT_JOIN", "OBD_CONNECT_TRUNCLOCK", "OBD_CONNECT_REQPORTAL"),
        # what closes said of size on MDS became the client's own MF_MDC_CANCEL_FID1 to 3 (2.8)
        MdOpFlags: ("MF_SOM_CHANGE", "MF_EPOCH_OPEN", "MF_EPOCH_CLOSE"),
        # MDTIDX became TSTATE (2.5), FLRMTPERM FLAGSTATFS and FLGENER FLPARENT (2.12)
        ObdMd: ("OBD_MD_MDTIDX", "OBD_MD_FLRMTPERM", "OBD_MD_FLGENER"),
        # became NOPRECREATE (2.10.8)
        OsState: ("OS_STATE_RDONLY_1",),
    }
)


def _mode_up(value: int, obj: Any, work: Any) -> int:
    """Servers of 2.4 read the high half alone, in which no older client says anything."""
    if value:
        work.drop("ioo_type", value)
    return 0


def _transfers_down(value: int, obj: Any, work: Any) -> int:
    """In how many bulk transfers a client takes its data at most, less one; older servers know of one."""
    if value >> 16:
        work.lose("ioo_max_brw", "ioo_max_brw", value)
    elif value:
        work.drop("ioo_max_brw", value)
    return 0


def _log2_up(value: int, data: Any, work: Any) -> int:
    """What an object takes: in bytes, whatever the header said (28 on ldiskfs, ofd_obd.c); then the next power of 2."""
    bits = max(value - 1, 0).bit_length()
    if bits != value:
        work.change("ocd_inodespace", value)
    return bits


def _bytes_down(value: int, data: Any, work: Any) -> int:
    if value > 7:  # it has one byte
        work.lose("ocd_grant_inobits", "ocd_grant_inobits", value)
        return 0
    if value:
        work.change("ocd_grant_inobits", value)
    return 1 << value if value else 0


@looks_at(reads="mcb_type")
def _nid_size_down(value: int, body: Any, work: Any) -> int:
    """The pass over nodemaps still, but of a recovery log how long its records' NIDs are."""
    if value and body.mcb_type == MgsCfgType.MGS_CFG_T_RECOVER:
        work.lose("mcb_rec_nid_size", "mcb_rec_nid_size", value)
        return 0
    return value


def _checksums(*names: str) -> tuple[FieldRule, ...]:
    """Kinds of checksums that are new: an older peer takes their numbers for another kind, or for several.

    It is told of none, so it computes none.
    """
    kinds, every = {int(ObdFl[name]) for name in names}, int(ObdFl.OBD_FL_CKSUM_ALL)

    def is_new(obdo: Any) -> bool:
        return bool(int(obdo.o_valid) & ObdMd.OBD_MD_FLFLAGS) and int(obdo.o_flags) & every in kinds

    @looks_at(reads="o_valid")
    def flags_down(value: int, obdo: Any, work: Any) -> int:
        if not is_new(obdo):
            return int(value)
        work.lose("cksum", "o_flags", int(value) & every)
        return int(value) & ~every

    @looks_at(reads="o_flags")
    def valid_down(value: int, obdo: Any, work: Any) -> int:
        return int(value) & ~int(ObdMd.OBD_MD_FLCKSUM) if is_new(obdo) else int(value)

    return computed("o_flags", "o_flags", down=flags_down), computed("o_valid", "o_valid", down=valid_down)


_FIELDS: Final[Mapping[str, Mapping[type, tuple[FieldRule, ...]]]] = {
    # of who blocks a flock no sender says anything; an owner of 0 is the process to receivers (ldlm_flock.c)
    "2.1.0": {LdlmFlock: (only_old("blocking_export"), only_old("blocking_pid"))},
    "2.2.0": {
        # the server of a range: an MDT's until OSTs got ranges, which lsr_flags tells apart (0: an MDT)
        LuSeqRange: (renamed("lsr_mdt", "lsr_index"),),
        Obdo: _checksums("OBD_FL_CKSUM_CRC32C"),
    },
    # the mode of the object, of which nothing came, and since then the number of transfers in the high half
    "2.4.0": {ObdIoobj: (computed("ioo_type", "ioo_max_brw", up=_mode_up, down=_transfers_down),)},
    "2.9.0": {
        ObdConnectData: (
            renamed("ocd_blocksize", "ocd_grant_blkbits"),  # of 2 to that power both (ofd_obd.c, osc_request.c)
            computed("ocd_inodespace", "ocd_grant_inobits", up=_log2_up, down=_bytes_down),
            renamed("ocd_grant_extent", "ocd_grant_tax_kb"),  # KiB both
        )
    },
    "2.12.0": {
        Obdo: _checksums(
            "OBD_FL_CKSUM_T10IP512", "OBD_FL_CKSUM_T10IP4K", "OBD_FL_CKSUM_T10CRC512", "OBD_FL_CKSUM_T10CRC4K"
        )
    },
    "2.16.0": {MgsConfigBody: (computed("mcb_nm_cur_pass", "mcb_rec_nid_size", down=_nid_size_down),)},
}  # fmt: skip


def at(release: Release) -> Changes:
    """What changes at a release."""
    return replace(_CHANGES, fields=_FIELDS.get(release.name, {}))
