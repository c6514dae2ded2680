"""A file system whose servers are started by the start rule and stopped through the all-access lock."""

from __future__ import annotations

from lustre_wire.testbed.file_system import FileSystem
from lustre_wire.upgrade.nodes.server import Controlled


class System(FileSystem):
    """A file system of controlled servers; each is to be told its policy before its first start."""

    server = Controlled
