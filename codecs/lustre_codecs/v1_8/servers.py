"""What servers of 1.8.9 make of the files they find, and those of every other release."""

from __future__ import annotations

from typing import Final

from lustre_codecs.behaviour.servers import FEATURES, SERVERS

__all__ = ["FEATURES", "SERVER", "SERVERS"]

SERVER: Final = SERVERS["1.8.9-wc1"]
