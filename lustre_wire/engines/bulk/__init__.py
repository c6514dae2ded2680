"""The bulk engine: many messages at once, on buffers and columns.

A small C core, built by cffi in API mode, runs *plans*: flat tables of offset, width, swap and count that are compiled
from a declaration at run time, so that a struct declared by a user is as fast as one of Lustre's, with no compiler.
Where the core could not be built the record engine serves the same calls.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any


class Core:
    """The C core: `lib` holds its functions, `ffi` makes and reads its data."""

    __slots__ = ("_bytes", "allocator", "ffi", "lib")

    def __init__(self, module: Any) -> None:
        self.lib = module.lib
        self.ffi = module.ffi
        self._bytes = module.ffi.typeof("uint8_t *")
        self.allocator = module.ffi.new_allocator(should_clear_after_alloc=False)

    def pointer(self, data: Any, kind: str = "") -> Any:
        """Where a buffer begins, as ``uint8_t *`` or `kind`; valid as long as the caller keeps `data`, and C runs.

        What `from_buffer` gives must not live on: CPython 3.11 crashes when it collects a cycle that holds a memoryview
        and an export of it, and an error's traceback is easily part of such a cycle.
        """
        return self.ffi.cast(kind or self._bytes, self.ffi.from_buffer(data))


def _load() -> Core | None:
    try:
        return Core(import_module("lustre_wire.engines.bulk._core"))
    except ImportError:
        return None


#: The C core, or None where it was not built.
core: Core | None = _load()
_warned = False


def native() -> Core | None:
    """The C core, or None after one warning that the record engine serves instead."""
    global _warned
    if core is None and not _warned:
        _warned = True
        warnings.warn(
            "lustre_wire.bulk: the C core was not built, the record engine serves these calls (much slower)",
            RuntimeWarning,
            stacklevel=3,
        )
    return core
