"""The rules between 1.8 and 2.0, from the facts of 1.8.9-wc1 and 2.0.0."""

from __future__ import annotations

from errno import EOPNOTSUPP
from typing import Final

from lustre_codecs.enums.ptlrpc import MsghdrFlags
from lustre_codecs.translation import bodies, objects, operations, pages, records, reshaped
from lustre_wire.translate.rules import Bits, RuleSet, bits

RULES: Final = RuleSet(
    old="1.8",
    new="2.0",
    structs=(bodies.BODY, *records.RULES, *reshaped.RULES, *objects.RULES),
    operations=operations.OPERATIONS,
    buffers=operations.BUFFERS,
    added=operations.ADDED,
    old_only=operations.OLD_ONLY,
    new_only=operations.NEW_ONLY,
    no_format_errno=EOPNOTSUPP,
    # only between two 2.0 peers: the whole ptlrpc_body is checked
    lm_flags=bits("lm_flags", down=Bits(clear=int(MsghdrFlags.MSGHDR_CKSUM_INCOMPAT18))),
    variant="1.8.9",
    page_up=pages.page_up,
    page_down=pages.page_down,
)
