"""What stands in the way of going from one release to another: with a target, a log, the attributes of objects.

Each finding has the rule behind it, what the other release's servers or clients do, in which function, and what to do.
What follows from the files is found here; what follows from traffic stands with the command, which reads captures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import attrs

from lustre_wire.kinds import checked
from lustre_wire.payloads import llog
from lustre_wire.payloads.attributes import Composite, Listed
from lustre_wire.payloads.files import ServerFile
from lustre_wire.payloads.llog import LogFile
from lustre_wire.payloads.reading import Fault, server
from lustre_wire.payloads.target import Target
from lustre_wire.schema.servers import Does, Server

__all__ = ["Finding", "of_file", "of_target", "of_targets"]

#: rule -> what to do about it.
_ADVICE: Final = {
    "features": "stay with a release that has them, or restore the target from a backup made before they were set",
    "damage": "repair or replace the file first; configuration logs are written anew by tunefs.lustre --writeconf",
    "logs": "let the old release finish what is in them and remove them: the other one cannot read such chunks",
    "clients": "unmount these clients before, or they lose what is not committed and must mount again",
    "commands": "tunefs.lustre --writeconf on every target, so that the MGS writes the logs anew",
    "records": "let the old release finish them: mount, wait until its logs are empty, and unmount cleanly",
    "joined files": "copy these files and remove the joined ones before",
    "layouts": "copy these files to layouts that both releases have (lfs migrate) before",
    "objects": "stay with a release that knows them, or remove these objects before",
    "object numbers": "run lfsck or e2fsck first: the OST has lost objects that the MDT counts on",
    "connect flags": "upgrade these clients before the servers",
    "translation": "let the clients finish and unmount before: what they send cannot be carried over",
}


@attrs.frozen
class Finding:
    """Something that stands in the way.

    Attributes:
        rule: which rule it breaks, one of a few words: "features", "clients", "commands" ...
        where: the file, target or node.
        what: what is there.
        does: what the other release does about it, and in which function; None where it is for us to say.
    """

    rule: str
    where: str
    what: str
    does: Does | None = None

    @property
    def advice(self) -> str:
        """What to do."""
        return _ADVICE[self.rule]

    def __str__(self) -> str:
        does = f": {self.does} ({self.does.function})" if self.does is not None else ""
        return f"{self.where}: {self.what}{does}"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types: "rule", "where", "what", "does", "function" and "do"."""
        out = {"rule": self.rule, "where": self.where, "what": self.what, "do": self.advice}
        if self.does is not None:
            out |= {"does": str(self.does), "function": self.does.function}
        return out


@checked
def of_targets(targets: Sequence[tuple[str, Target]], to: str) -> Iterator[Finding]:
    """What stands in the way with several targets of one file system, read as servers of release `to` would.

    Raises:
        WireError: no such release.
    """
    for where, target in targets:
        yield from of_target(where, target, to)
    for where, target in targets:
        if "MDT" in target.roles:
            yield from _numbers(where, target, targets)


@checked
def of_target(where: str, target: Target, to: str) -> Iterator[Finding]:
    """What stands in the way with one target.

    Raises:
        WireError: no such release.
    """
    behaviour = server(to)
    for fault in target.faults:
        yield _of_fault(where, fault)
    for path, file in target.files.items():
        yield from of_file(f"{where}/{path}", file, to)
    found = target.clients
    if found is None or not found.connected:
        return
    keeps = behaviour.targets[found.kind].keeps_clients
    has_bit = bool(found.server.lsd_feature_compat & found.dialect.enums["ObdCompat"].__members__["OBD_COMPAT_20"])
    if keeps is not None and keeps != has_bit:
        does = Does("forgets all of them at the first mount", behaviour.targets[found.kind].features.function)
        yield Finding("clients", where, f"{len(found.connected)} clients known", does)


@checked
def of_file(where: str, file: ServerFile, to: str) -> Iterator[Finding]:
    """What stands in the way with one file, which was read with the servers of release `to` in mind.

    Raises:
        WireError: no such release.
    """
    behaviour, value = server(to), file.reading.value
    for fault in file.reading.faults:
        if fault.matters and not _is_of_another_rule(fault, value):
            yield _of_fault(where, fault)
    if isinstance(value, LogFile):
        yield from _of_log(where, value, behaviour)
    elif isinstance(value, list) and value and isinstance(value[0], Listed):
        yield from _of_objects(where, value, behaviour)


def _of_fault(where: str, fault: Fault) -> Finding:
    larger = fault.path == "llh_hdr.lrh_len" and not fault.unread
    rule = "features" if "_feature_" in fault.path else "logs" if larger else "damage"
    place = f"{fault.path}, byte {fault.offset}" if fault.offset is not None else fault.path
    return Finding(rule, where, f"{place}: expected {fault.expected}, got {fault.found}", fault.does)


def _is_of_another_rule(fault: Fault, value: Any) -> bool:
    """Whether a fault says of a log's record what the rules of logs say too: that its type is unknown."""
    return isinstance(value, LogFile) and fault.path.endswith("lrh_type") and fault.expected == "a type of log records"


def _of_log(where: str, log: LogFile, behaviour: Server) -> Iterator[Finding]:
    if log.configs:
        for record, verdict in llog.unknown_to(log, behaviour.release):
            if record.config is not None and verdict != "skips":
                yield Finding("commands", where, f"record {record.index}, {record.config.line()}", verdict)
        return
    strange = [record for record in log.live_records if record.type not in behaviour.records]
    for kind in sorted({record.type for record in strange}):
        same = [record for record in strange if record.type == kind]
        name = log.type_name(same[0])
        rule = "joined files" if name == "LLOG_JOIN_REC" else "records"
        yield Finding(rule, where, f"{len(same)} records of type {name}", behaviour.log.unknown)


def _of_objects(where: str, listed: Iterable[Listed], behaviour: Server) -> Iterator[Finding]:
    for each in listed:
        for value in each.values:
            holds = value.holds.head if isinstance(value.holds, Composite) else value.holds
            magics = [int(getattr(holds, name)) for name in _MAGICS if hasattr(holds, name)]
            what = f"{each.about}: {value.name}"
            if magics and magics[0] not in behaviour.layouts:
                rule = "joined files" if hasattr(holds, "lmmj_rest") else "layouts"
                yield Finding(rule, where, f"{what} has the magic {magics[0]:#x}", behaviour.layout)
            bits = int(getattr(holds, "lma_incompat", 0)) & ~behaviour.lma
            if bits:
                yield Finding("objects", where, f"{what} has incompatible features {bits:#x}", behaviour.lma_other)


_MAGICS: Final = ("lmm_magic", "lcm_magic", "lfm_magic", "lmv_magic", "lum_magic")


def _numbers(where: str, target: Target, targets: Sequence[tuple[str, Target]]) -> Iterator[Finding]:
    """OSTs whose last object number is lower than the MDT believes."""
    believed = next((ids for path, ids in target.object_numbers.items() if path.endswith("lov_objid")), [])
    for place, other in targets:
        if "OST" not in other.roles or other.clients is None or other.clients.index is None:
            continue
        index, last = other.clients.index, other.object_numbers.get("O/0/LAST_ID", [])
        if index < len(believed) and last and believed[index] > last[0]:
            what = f"O/0/LAST_ID is {last[0]}, and lov_objid of {where} says {believed[index]}"
            yield Finding("object numbers", place, what)
