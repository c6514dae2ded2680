"""The files of targets: those of every release, since a newer server meets them and an older one may have to."""

from __future__ import annotations

from typing import Final

from lustre_codecs.disk.attributes import ATTRIBUTES
from lustre_codecs.disk.files import (
    FILES,
    INDEX_LEAF,
    INDEX_ROOT,
    INDEXES,
    LOGS,
    QUOTA_BLOCK_HEAD,
    QUOTA_ENTRIES,
    QUOTA_HEAD,
    QUOTA_MAGICS,
)

__all__ = [
    "ATTRIBUTES", "BLOCKS", "FILES", "INDEXES", "INDEX_LEAF", "INDEX_ROOT", "LINKS", "LOGS", "QUOTA_BLOCK_HEAD",
    "QUOTA_ENTRIES", "QUOTA_HEAD", "QUOTA_MAGICS",
]  # fmt: skip

#: The dialects that have the struct of entries in directory blocks, and that of names kept with an object.
BLOCKS: Final = "1.8"
LINKS: Final = "2.0"
