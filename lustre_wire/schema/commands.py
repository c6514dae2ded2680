"""`Command`: what a record of a configuration log says and the command line that writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """One lcfg_command.

    Attributes:
        verb: how lctl calls it.
        names: what the buffers behind buffer 0, the device's name, are.
        order: the buffers as the command line has them; empty for all behind buffer 0.
        device: the command acts on the device that buffer 0 names, which is not among its arguments.
        header: the field of the record's head that is an argument too, behind the buffers; or "".
        holds: the wire structs that the buffer of an index may be, told apart by length and magic.
        structured: the verb where that buffer is such a struct, and which of its fields are the arguments.
    """

    verb: str
    names: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    device: bool = False
    header: str = ""
    holds: tuple[int, tuple[Any, ...]] | None = None
    structured: tuple[str, tuple[str, ...]] | None = None
