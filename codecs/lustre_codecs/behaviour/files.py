"""The files of targets, the same in every release: a newer server meets them, and an older one may have to."""

from __future__ import annotations

from typing import Final

from lustre_codecs.disk import attributes, files
from lustre_wire.schema.files import ServerFiles
from lustre_wire.schema.releases import Release

_ALL: Final = ServerFiles(
    files.FILES, files.LOGS, attributes.ATTRIBUTES, files.INDEXES, files.INDEX_ROOT, files.INDEX_LEAF,
    files.QUOTA_MAGICS, files.QUOTA_ENTRIES, files.QUOTA_HEAD, files.QUOTA_BLOCK_HEAD, blocks="1.8", links="2.0",
)  # fmt: skip


def at(release: Release) -> ServerFiles:
    """What targets of any release have."""
    return _ALL
