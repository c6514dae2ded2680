"""What the two sides of a connection agree on.

Source: `fixtures/facts/wire-history.json`, and the headers of 1.8.9, 2.0.0 and 2.17.0, lustre_idl.h or the one a class
names. What receivers of the other byte order swap is known of those three; between them it is inferred.
"""

from __future__ import annotations

from typing import Annotated

from lustre_codecs.enums.connect import ObdCksum, ObdConnect, ObdConnect2
from lustre_codecs.enums.metadata import MdsInodelock
from lustre_wire.schema.history import Wire, history
from lustre_wire.schema.margins import as_sent, called, in64, pad16, pad32, pad64, padding, since, until
from lustre_wire.schema.shown import Given, Shown
from lustre_wire.schema.types import U32, U64, u8, u16, u32, u64

_FLAGS = "ocd_connect_flags"


@history(
    size={"1.8": 72, "2.1": 192}, short={"before 2.1": 72},
    text=("connect", " {ocd_version}", " {ocd_connect_flags}", " flags2 {ocd_connect_flags2}"),
)  # fmt: skip
class ObdConnectData(Wire):
    """What the two sides of a connection offer and grant; which fields count is said by `ocd_connect_flags`."""

    ocd_connect_flags: in64[ObdConnect]
    ocd_version: Annotated[u32, Shown.RELEASE, Given(_FLAGS, ObdConnect.OBD_CONNECT_VERSION)]
    ocd_grant: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT)]
    ocd_index: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_INDEX)]
    ocd_brw_size: Annotated[u32, Shown.BYTES, Given(_FLAGS, ObdConnect.OBD_CONNECT_BRW_SIZE)]
    ocd_ibits_known: Annotated[MdsInodelock, U64, Given(_FLAGS, ObdConnect.OBD_CONNECT_IBITS)]
    ocd_nllu: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_RMT_CLIENT)] = until("1.8.9", "2.1.6", "2.2")
    ocd_nllg: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_RMT_CLIENT)] = until("1.8.9", "2.1.6", "2.2")
    ocd_blocksize: Annotated[u8, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = (
        since("1.8.9", "2.1.6", "2.2").until("2.9")
    )
    ocd_inodespace: Annotated[u8, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = (
        since("1.8.9", "2.1.6", "2.2").until("2.9")
    )
    ocd_grant_extent: Annotated[u16, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = (
        since("1.8.9", "2.1.6", "2.2").until("2.9")
    )
    ocd_grant_blkbits: Annotated[u8, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = since("2.9")
    ocd_grant_inobits: Annotated[u8, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = since("2.9")
    ocd_grant_tax_kb: Annotated[u16, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = since("2.9")
    ocd_grant_max_blks: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_GRANT_PARAM)] = (
        padding("ocd_unused", "1.8.9", "2.1.6", "2.2").since("2.9")
    )
    ocd_transno: Annotated[u64, Given(_FLAGS, ObdConnect.OBD_CONNECT_TRANSNO)]
    ocd_group: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_MDS)]
    ocd_cksum_types: Annotated[ObdCksum, U32, Given(_FLAGS, ObdConnect.OBD_CONNECT_CKSUM)]
    padding1_: pad64      = called("padding1").until("1.8.9", "2.1")
    padding2_: pad64      = called("padding2").until("1.8.9", "2.1")
    ocd_max_easize: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_MAX_EASIZE)] = since("1.8.9", "2.1")
    ocd_instance: Annotated[u32, Given(_FLAGS, ObdConnect.OBD_CONNECT_IMP_RECOV)] = (
        padding("padding", "2.1").since("1.8.9", "2.2")
    )
    ocd_maxbytes: Annotated[u64, Given(_FLAGS, ObdConnect.OBD_CONNECT_MAXBYTES)] = since("1.8.9", "2.1")
    padding1__: pad64     = called("padding1").since("2.1").until("2.8")
    ocd_maxmodrpcs: Annotated[u16, Given(_FLAGS, ObdConnect.OBD_CONNECT_MULTIMODRPCS)] = since("2.8")
    padding0_: pad16      = called("padding0").since("2.8").until("2.16")
    ocd_conn_policy: u8   = since("2.16")
    padding0: as_sent[u8] = since("2.16")
    padding1: pad32       = since("2.8")
    ocd_connect_flags2: Annotated[ObdConnect2, U64, Given(_FLAGS, ObdConnect.OBD_CONNECT_FLAGS2, zero=False)] = (
        padding("padding2", "2.1").since("2.8")
    )
    ocd_compr_type: u64   = padding("padding3", "2.1").since("2.16")
    padding4: pad64       = since("2.1")
    padding5: pad64       = since("2.1")
    padding6: pad64       = since("2.1")
    padding7: pad64       = since("2.1")
    padding8: pad64       = since("2.1")
    padding9: pad64       = since("2.1")
    paddingA: pad64       = since("2.1")
    paddingB: pad64       = since("2.1")
    paddingC: pad64       = since("2.1")
    paddingD: pad64       = since("2.1")
    paddingE: pad64       = since("2.1")
    paddingF: pad64       = since("2.1")
