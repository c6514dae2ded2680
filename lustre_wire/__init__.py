"""lustre-wire: Lustre RPC, every version it knows, byte for byte.

The names below are loaded when they are first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lustre_wire.dialects import Dialect, dialect
    from lustre_wire.errors import SchemaError, StrictError, TruncatedError, WireError
    from lustre_wire.jsonform import from_json, to_json
    from lustre_wire.rpc import Message, build, decode, encode
    from lustre_wire.schema import layout, wire_struct

__version__ = "0.1.0"

_HOMES = {
    "Dialect": "dialects", "dialect": "dialects", "WireError": "errors", "TruncatedError": "errors",
    "SchemaError": "errors", "StrictError": "errors", "from_json": "jsonform", "to_json": "jsonform", "Message": "rpc",
    "build": "rpc", "decode": "rpc", "encode": "rpc", "layout": "schema", "wire_struct": "schema",
}  # fmt: skip

__all__ = [
    "Dialect", "Message", "SchemaError", "StrictError", "TruncatedError", "WireError", "build", "decode", "dialect",
    "encode", "from_json", "layout", "to_json", "wire_struct",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
