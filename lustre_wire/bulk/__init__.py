"""Many messages at once: columns, packing, swabbing, indexing streams, translating, at C speed, through Python.

Everything takes any contiguous object with the buffer protocol, copies no input, and releases the interpreter lock
while it works. Columns are memoryviews: numpy and pyarrow see them without a copy.

`available` tells whether the C core was built. Where it was not, the same calls run on the record engine, after one
warning.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from lustre_wire.bulk.index import Index, index, iter_index
from lustre_wire.bulk.reason import Reason
from lustre_wire.bulk.swab import swab
from lustre_wire.engines.bulk import core as _core
from lustre_wire.engines.bulk.columns import Columns

if TYPE_CHECKING:
    from lustre_wire.bulk.arrow import table
    from lustre_wire.bulk.compose import Strings, pack_messages
    from lustre_wire.bulk.rows import BLOCK_ROWS, iter_unpack, pack, unpack
    from lustre_wire.bulk.translated import Translated
    from lustre_wire.bulk.translator import Translator
    from lustre_wire.bulk.translator import translate_stream as translate

#: Whether the C core is there.
available: bool = _core is not None

__all__ = [
    "BLOCK_ROWS", "Columns", "Index", "Reason", "Strings", "Translated", "Translator", "available", "index",
    "iter_index", "iter_unpack", "pack", "pack_messages", "swab", "table", "translate", "unpack",
]  # fmt: skip

#: Where the names are that load what who reads captures does not need.
_LATER = {
    "table": ("arrow", "table"),
    "Strings": ("compose", "Strings"),
    "pack_messages": ("compose", "pack_messages"),
    "BLOCK_ROWS": ("rows", "BLOCK_ROWS"),
    "iter_unpack": ("rows", "iter_unpack"),
    "pack": ("rows", "pack"),
    "unpack": ("rows", "unpack"),
    "Translator": ("translator", "Translator"),
    "translate": ("translator", "translate_stream"),
    "Translated": ("translated", "Translated"),
}

if not TYPE_CHECKING:  # so that checkers see what is misspelled

    def __getattr__(name):
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, known_as = _LATER[name]
        found = getattr(import_module(f"{__name__}.{module}"), known_as)
        globals()[name] = found
        return found
