"""The C core's enumerations, which stand in its header alone: read from there, whether or not it was built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final


class Numbers:
    """Enumeration constants by name, as attributes."""

    def __init__(self, header: str) -> None:
        text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
        for body in re.findall(r"enum\s*\w*\s*\{([^}]*)\}", text):
            value = -1
            for name, said in re.findall(r"(\w+)\s*(?:=\s*(\d+))?", body):
                value = int(said) if said else value + 1
                setattr(self, name, value)

    def __getattr__(self, name: str) -> int:
        raise AttributeError(f"the C core has no constant {name!r}")


C: Final = Numbers(Path(__file__).with_name("core.h").read_text())
