"""obd_connect_data: which of its fields count, as its flags say."""

from __future__ import annotations

from typing import Any

from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.schema.shown import is_padding
from lustre_wire.schema.struct import spec_of
from lustre_wire.text.values import counts

__all__ = ["stray_fields", "valid_fields"]


@checked
def valid_fields(data: Any) -> dict[str, Any]:
    """The fields of a struct that its flags make valid, by name; the flags themselves are among them.

    For `ObdConnectData` and every other struct whose declaration says what a field depends on (`Given`). Paddings are
    left out.

    Raises:
        WireError: a class instead of a struct of it.
    """
    if isinstance(data, type):
        raise WireError(f"expected a struct, got the class {data.__name__}", path="data")
    fields = [f for f in spec_of(data).fields if counts(f, data) and not is_padding(f.name)]
    return {f.name: getattr(data, f.name) for f in fields}


@checked
def stray_fields(data: Any) -> dict[str, Any]:
    """The fields that are not 0 although no flag makes them valid."""
    valid = valid_fields(data)
    return {
        field.name: getattr(data, field.name)
        for field in spec_of(data).fields
        if field.name not in valid and getattr(data, field.name)
    }
