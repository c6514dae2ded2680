"""The configuration commands of 1.8: those that all versions share."""

from __future__ import annotations

from lustre_codecs.common.config import COMMANDS

__all__ = ["COMMANDS"]
