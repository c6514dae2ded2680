"""The releases of Lustre that there are facts of, as a tree: the main line, and maintenance releases as its leaves.

Source: the tags that `fixtures/facts/wire-history.json` was read from.
"""

from __future__ import annotations

from typing import Final

from lustre_wire.schema.releases import branch

MAIN_LINE: Final = (
    "1.8.0", "2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0", "2.5.0", "2.6.0", "2.7.0", "2.8.0", "2.9.0", "2.10.0",
    "2.11.0", "2.12.0", "2.13.0", "2.14.0", "2.15.0", "2.16.0", "2.17.0",
)  # fmt: skip

for _base, _name in zip((None, *MAIN_LINE), MAIN_LINE, strict=False):
    branch(_name, _base)
branch("1.8.9-wc1", "1.8.0", "1.8.9")
branch("2.1.6", "2.1.0")
branch("2.5.3", "2.5.0")
branch("2.10.8", "2.10.0")
branch("2.12.9", "2.12.0")
branch("2.15.8", "2.15.0")
branch("2.16.1", "2.16.0")
