"""lustre-wire: Lustre RPC, every version it knows, byte for byte.

The names below are loaded when they are first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lustre_wire.dialects import Dialect, dialect, releases
    from lustre_wire.errors import (
        LossyTranslation,
        SchemaError,
        StrictError,
        TruncatedError,
        Untranslatable,
        WireError,
    )
    from lustre_wire.jsonform import from_json, to_json
    from lustre_wire.lives import history
    from lustre_wire.rpc import Message, build, decode, encode
    from lustre_wire.schema import layout, wire_struct
    from lustre_wire.translate import FidAllocator, Session, Translation, rules_between, translate

__version__ = "0.1.0"

_HOMES = {
    "Dialect": "dialects", "dialect": "dialects", "WireError": "errors", "TruncatedError": "errors",
    "SchemaError": "errors", "StrictError": "errors", "from_json": "jsonform", "to_json": "jsonform", "Message": "rpc",
    "build": "rpc", "decode": "rpc", "encode": "rpc", "layout": "schema", "wire_struct": "schema",
    "LossyTranslation": "errors", "Untranslatable": "errors", "FidAllocator": "translate", "Session": "translate",
    "Translation": "translate", "rules_between": "translate", "translate": "translate", "history": "lives",
    "releases": "dialects",
}  # fmt: skip

__all__ = [
    "Dialect", "FidAllocator", "LossyTranslation", "Message", "SchemaError", "Session", "StrictError", "Translation",
    "TruncatedError", "Untranslatable", "WireError", "build", "decode", "dialect", "encode", "from_json", "history",
    "layout", "releases", "rules_between", "to_json", "translate", "wire_struct",
]  # fmt: skip


if not TYPE_CHECKING:  # so that checkers see what is misspelled

    def __getattr__(name):
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value
