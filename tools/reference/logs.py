"""The page of what logs hold: records by type, and configuration commands."""

from __future__ import annotations

from typing import Any

from lustre_wire.schema import spec_of
from lustre_wire.schema.commands import Command
from tools.reference.common import NAMES, dialects, struct_link, table


def page() -> str:
    return (
        "# Logs\n\nMade from the declarations by `python -m tools.reference`. Do not edit.\n\n"
        f"## Records\n\n{_RECORDS}\n{_records()}\n## Configuration commands\n\n{_COMMANDS}\n{_commands()}"
    )


_RECORDS = f"""A record has a {struct_link("llog_rec_hdr")}, a body and a {struct_link("llog_rec_tail")}. The
struct is that of the whole record if it has these, otherwise of the body. A record that fills a chunk has the type
LLOG_PAD_MAGIC; OBD_CFG_REC is a configuration command.
"""

_COMMANDS = f"""A command is a {struct_link("lustre_cfg")} with buffers; buffer 0 names the device. The line is what
lctl would be given; what is in angle brackets stands in the buffer of that name, in round brackets in the head.
"""


def _records() -> str:
    known = [d.part("llog").records for d in dialects()]
    types = {int(v): n for d in dialects() for n, v in d.enums["LlogOp"].__members__.items()}
    rows = [
        [f"`{name}`", f"{number:#x}", *(_struct(records.get(number)) for records in known)]
        for number, name in sorted(types.items(), key=lambda item: item[1])
    ]
    return table(["type", "number", *NAMES], rows)


def _struct(cls: Any) -> str:
    return struct_link(spec_of(cls).name) if cls is not None else "-"


def _commands() -> str:
    known = [d.part("config") for d in dialects()]
    numbers = {int(v): n for d in dialects() for n, v in d.enums["LcfgCommand"].__members__.items()}
    rows = []
    for number, name in sorted(numbers.items()):
        found = next((commands[number] for commands in reversed(known) if number in commands), None)
        used = ", ".join(title for title, commands in zip(NAMES, known, strict=True) if number in commands)
        rows.append([f"`{name}`", f"{number:#x}", used or "-", *_line(found)])
    return table(["command", "number", "known to", "line", "or a struct in buffer 1"], rows)


def _line(command: Command | None) -> tuple[str, str]:
    if command is None:
        return "-", "-"
    names = ("device", *command.names)
    arguments = [f"<{names[i]}>" for i in (command.order or range(1, len(names)))]
    if command.dotted:
        arguments[:2] = [".".join(arguments[:2])]
    if command.header:
        arguments.append(f"({command.header})")
    structs = [f"{_struct(cls)}: `{' '.join((verb, *fields))}`" for cls, (verb, fields) in command.structs.items()]
    about = ", on the device of buffer 0" if command.device else ""
    return f"`{' '.join((command.verb, *arguments))}`{about}", ", ".join(structs) or "-"
