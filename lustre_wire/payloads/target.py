"""A whole target, from the files that it keeps: what it is, who wrote it, whom it knows, what is not right with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.payloads import last_rcvd
from lustre_wire.payloads.files import ServerFile, recognise
from lustre_wire.payloads.last_rcvd import LastRcvd
from lustre_wire.payloads.llog import LogFile
from lustre_wire.payloads.mountdata import MountData
from lustre_wire.payloads.reading import Fault, server
from lustre_wire.payloads.records import RecordFile
from lustre_wire.payloads.wire import text
from lustre_wire.text.numbers import release as version_text

__all__ = ["Target", "assemble", "to_json"]

_ROLES: Final = {"LDD_F_SV_TYPE_MGS": "MGS", "LDD_F_SV_TYPE_MDT": "MDT", "LDD_F_SV_TYPE_OST": "OST"}
#: What the paths of files of object numbers end in.
_NUMBERS: Final = ("lov_objid", "LAST_ID")


@attrs.define(slots=True)
class Target:
    """What the files of one target say.

    Attributes:
        files: those that were recognised, by path; `others` the paths of the rest.
        faults: what is not right between files; each file has its own in `reading`.
    """

    dialect: Dialect
    files: dict[str, ServerFile] = attrs.field(factory=dict)
    others: list[str] = attrs.field(factory=list)
    faults: list[Fault] = attrs.field(factory=list)

    @checked
    def value(self, kind: type, ending: str = "") -> Any:
        """What the first file holds that is of a type and whose path ends so; None where there is none."""
        found = (f.reading.value for path, f in self.files.items() if path.endswith(ending))
        return next((value for value in found if isinstance(value, kind)), None)

    @property
    def description(self) -> MountData | None:
        found: MountData | None = self.value(MountData)
        return found

    @property
    def clients(self) -> LastRcvd | None:
        """Its last_rcvd."""
        found: LastRcvd | None = self.value(LastRcvd)
        return found

    @property
    def name(self) -> str:
        """Its name, as ``lustre-OST0000``, from its description or else from last_rcvd."""
        if self.description is not None:
            return self.description.service.replace(":", "-").replace("=", "-")
        return text(self.clients.server.lsd_uuid).removesuffix("_UUID") if self.clients is not None else ""

    @property
    def roles(self) -> list[str]:
        """ "MGS", "MDT", "OST"; an MGS may share a target with an MDT."""
        if self.description is None:
            return [self.clients.kind] if self.clients is not None else []
        flags = type(self.description.data.ldd_flags).names_of(self.description.data.ldd_flags)
        return [role for name, role in _ROLES.items() if name in flags]

    @property
    def logs(self) -> dict[str, LogFile]:
        """Its logs by path."""
        found = {path: file.reading.value for path, file in self.files.items()}
        return {path: value for path, value in found.items() if isinstance(value, LogFile)}

    @property
    def written_by(self) -> str:
        """The newest version that wrote a marker into its configuration logs; "" without any."""
        markers = (config.struct() for log in self.logs.values() for config in log.configs)
        versions = [int(marker.cm_vers) for marker in markers if hasattr(marker, "cm_vers")]
        return version_text(max(versions)) if versions else ""

    @property
    def pending(self) -> dict[str, int]:
        """How many live records wait in its logs that are no configuration and no catalogue."""
        waiting = {path: len(log.live_records) for path, log in self.logs.items() if not log.configs}
        return {path: count for path, count in waiting.items() if count and self.files[path].kind == "log"}

    @property
    def object_numbers(self) -> dict[str, list[int]]:
        """The last object number of each OST (lov_objid, by index), and of each group or sequence (LAST_ID)."""
        found = ((path, file.reading.value) for path, file in self.files.items())
        return {
            path: [int(record.id) for record in value.records] for path, value in found
            if isinstance(value, RecordFile) and path.endswith(_NUMBERS) and value.kind.pattern.search(path)
        }  # fmt: skip

    def all_faults(self) -> Iterator[tuple[str, Fault]]:
        """(path, fault) of every file, and those between files with the path of one of them."""
        for path, file in self.files.items():
            yield from ((path, fault) for fault in file.reading.faults)
        yield from (("", fault) for fault in self.faults)


@checked
def assemble(contents: Iterable[tuple[str, bytes]], dialect_: Dialect | str, release: str = "") -> Target:
    """A target from its files, (path, contents) each.

    Args:
        release: whose servers' doings the faults tell; those of the dialect if not given.

    Raises:
        WireError: no such dialect or release, or contents that are not such pairs.
    """
    found = dialect(dialect_)
    target = Target(found)
    for each in contents:
        if not isinstance(each, tuple) or len(each) != 2:
            raise WireError(f"expected a path and bytes, got {type(each).__name__}", path="contents")
        path, data = each
        file = recognise(path, data, found, release)
        if file is None:
            target.others.append(path)
        else:
            target.files[path] = file
    target.files = dict(sorted(target.files.items()))
    target.others.sort()
    target.faults += _between(target, release or found)
    return target


def _between(target: Target, judge: Dialect | str) -> Iterator[Fault]:
    """What last_rcvd says of another target than the description."""
    clients = target.clients
    if clients is None or target.description is None:
        return
    expected, found = f"{target.name}_UUID", text(clients.server.lsd_uuid)
    if found and expected != found:
        does = server(judge).targets[clients.kind].features
        yield Fault("lsd_uuid", 0, expected, found, does)


@checked
def to_json(target: Target) -> dict[str, Any]:
    """A target as plain JSON types."""
    clients = target.clients
    return {
        "name": target.name, "roles": target.roles, "written_by": target.written_by,
        "features": _features(clients),
        "clients": last_rcvd.to_json(clients)["clients"] if clients is not None else [],
        "last_transno": clients.last_transno() if clients is not None else None,
        "pending": target.pending, "object_numbers": target.object_numbers,
        "files": {path: file.kind for path, file in target.files.items()}, "others": target.others,
        "faults": [{"file": path, **fault.to_json()} for path, fault in target.all_faults()],
    }  # fmt: skip


def _features(clients: LastRcvd | None) -> dict[str, int]:
    if clients is None:
        return {}
    names = ("lsd_feature_compat", "lsd_feature_rocompat", "lsd_feature_incompat")
    return {name: int(getattr(clients.server, name)) for name in names}
