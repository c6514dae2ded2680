"""What a connect and its reply say of a connection: the target, the releases of both sides, what was granted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from lustre_wire.bounded import Bounded
from lustre_wire.capture.captured import Captured
from lustre_wire.dialects import Dialect, of_version
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.rpc import REPLY
from lustre_wire.schema import spec_of
from lustre_wire.text import struct_text

_DATA: Final = "obd_connect_data"
_PREFIX: Final = "OBD_CONNECT_"
#: Of how many nodes the release is known; that of the node whose release was told first is forgotten first.
_MOST_NODES: Final = 4096


@attrs.frozen
class Connected:
    """One connect that was answered.

    Attributes:
        time_ns: when the reply was captured, nanoseconds since 1970; 0 where that is not known.
        client, server: NIDs.
        target: the name of the target, as the client asks for it.
        status: 0, or an errno below it: then nothing was granted.
        dialect: in whose light the connection's messages are read.
        client_release, server_release: as their `ocd_version` says; empty where it is not there.
        flags: what was granted, by the names that the older one of both releases has for it.
        socklnd: the version of the protocol that carried it: 4 between nodes with large NIDs, else 3 or less; 0 where
            that is not known.
    """

    time_ns: int
    client: str
    server: str
    target: str
    status: int
    dialect: str
    client_release: str
    server_release: str
    flags: tuple[str, ...]
    socklnd: int = 0


@checked
def connected(captured: Captured) -> Connected | None:
    """What a captured message says of a connection; None where it is no reply to a connect whose request is there."""
    request = captured.request
    if captured.kind != REPLY or request is None or captured.format is None or "CONNECT" not in captured.format.name:
        return None
    reply, asked = captured.message, request.message
    if reply is None or asked is None or (offered := _data(asked.buffers)) is None:
        return None
    granted = _data(reply.buffers)
    client, server = (_release(int(data.ocd_version)) if data is not None else "" for data in (offered, granted))
    target: Any = getattr(asked.buffers, "target_uuid", None) or b""
    flags = _names(granted, _named(captured, reply.dialect), captured) if granted is not None else ()
    return Connected(
        captured.time_ns, request.src, request.dst, bytes(target).decode("utf-8", "replace"), reply.status,
        reply.dialect.name, client, server, flags, captured.lnet.version if captured.lnet is not None else 0,
    )  # fmt: skip


class Releases:
    """Which release each node runs, as the connects that were answered tell it.

    Attributes:
        told: how often one was told: as long as it is the same, the releases are.
    """

    def __init__(self) -> None:
        self._known: Bounded[str, str] = Bounded(_MOST_NODES)
        self.told = 0

    @checked
    def seen(self, messages: Iterable[Captured]) -> Iterator[Captured]:
        """The messages, each when what it tells is known."""
        for captured in messages:
            found = connected(captured) if captured.certain is None else None  # what is certain is no connect
            if found is not None:
                for nid, release in ((found.client, found.client_release), (found.server, found.server_release)):
                    if release:
                        self._known.keep(nid, release)
                        self.told += 1
            yield captured

    @checked
    def of(self, nid: str) -> str:
        """The release of a node, empty where it is not known."""
        return self._known.get(nid, "")


def _data(buffers: Any) -> Any:
    specs = getattr(buffers, "__slot_specs__", ())
    found = (s.name for s in specs if s.struct is not None and spec_of(s.struct).name == _DATA)
    name = next(found, "")
    return getattr(buffers, name) if name else None


def _release(version: int) -> str:
    parts = [version >> shift & 0xFF for shift in (24, 16, 8, 0)]
    return ".".join(map(str, parts[: 3 + bool(parts[3])])) if version else ""


def _named(captured: Captured, read: Dialect) -> Dialect:
    """Whose names flags have: those of the older release of both sides; where none is known of the dialect read in."""
    ends = (each.message for each in (captured, captured.request) if each is not None)
    found = (_data(message.buffers) for message in ends if message is not None)
    oldest = min(filter(None, (int(data.ocd_version) for data in found if data is not None)), default=0)
    try:
        return of_version(oldest) if oldest else read
    except WireError:
        return read


def _of_mgs(captured: Captured, named: Dialect) -> dict[str, str]:
    """What flags are called where the MGS is asked, by the names that they have elsewhere."""
    own = named.enums.get("MgsConnect")
    if own is None or captured.format is None or captured.format.name != "MGS_CONNECT":
        return {}
    return {named.enums["ObdConnect"].names_of(flag)[0]: str(flag.name) for flag in own}


def _names(data: Any, named: Dialect, captured: Captured) -> tuple[str, ...]:
    """The flags that are set."""
    found: list[str] = []
    for field, enum in (("ocd_connect_flags", "ObdConnect"), ("ocd_connect_flags2", "ObdConnect2")):
        cls = named.enums.get(enum)
        found += cls.names_of(int(getattr(data, field, 0))) if cls is not None else []
    called = _of_mgs(captured, named)
    return tuple(called.get(name, name) for name in found)


@checked
def connect_text(captured: Captured) -> tuple[str, str]:
    """The connect data of a captured message in one line, as its dialect reads it, and with the flags named by the
    older release of both sides; twice nothing where it has none."""
    message = captured.message
    data = _data(message.buffers) if message is not None else None
    if message is None or data is None:
        return "", ""
    named = _named(captured, message.dialect)
    told = struct_text(data, named, short=True)
    for name, own in _of_mgs(captured, named).items():
        told = re.sub(rf"\b{name.removeprefix(_PREFIX)}\b", own.removeprefix(_PREFIX), told)
    return struct_text(data, message.dialect, short=True), told
