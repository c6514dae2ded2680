"""lustre_cfg: one configuration command, and the command lines that would write it.

Source: include/lustre_cfg.h and obdclass/obd_config.c of 1.8.9-wc1 and 2.0.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from lustre_wire.dialects import Dialect, dialect
from lustre_wire.errors import TruncatedError, WireError
from lustre_wire.frames.nid import make_nid, nid_str
from lustre_wire.jsonform import struct_to_json
from lustre_wire.kinds import checked, octets
from lustre_wire.payloads.wire import encoded, exactly, has_magic, order_of, pack, round8, text, unpack
from lustre_wire.schema.commands import Command
from lustre_wire.schema.enums import WireFlag
from lustre_wire.schema.nodes import ByteOrder
from lustre_wire.schema.struct import spec_of
from lustre_wire.text.quoting import shell_words

__all__ = ["Config", "command_lines", "config_to_json", "make_config", "read_config", "write_config"]

_HEAD: Final = "lustre_cfg"


@attrs.define(slots=True)
class Config:
    """One configuration command.

    Attributes:
        dialect: in whose light it was read.
        order: the byte order of whoever wrote it.
        header: the `LustreCfg` struct; `lcfg_bufcount` and `lcfg_buflens` are set from the buffers when it is written.
        buffers: their bytes, each string with its NUL. Buffer 0 is the device's name.
        padding: bytes other than zero behind a buffer, by its index, and behind the head under -1.
        rest: bytes behind the last buffer.
    """

    dialect: Dialect
    order: ByteOrder
    header: Any
    buffers: list[bytes] = attrs.field(factory=list)
    padding: dict[int, bytes] = attrs.field(factory=dict)
    rest: bytes = b""

    @property
    def command(self) -> int:
        """lcfg_command, as the dialect's enumeration."""
        number: int = self.dialect.enums["LcfgCommand"](self.header.lcfg_command)
        return number

    @property
    def device(self) -> str:
        """The device the command is about; empty when it names none."""
        return self.text(0)

    @property
    def declared(self) -> Command | None:
        """What the dialect knows of the command."""
        commands: Mapping[int, Command] = self.dialect.part("config")
        return commands.get(int(self.command))

    @property
    def nid(self) -> int:
        """The NID of an add_uuid; old logs have its network type in `lcfg_nal` and its address in `lcfg_nid`."""
        old = self.header.lcfg_nal and not self.header.lcfg_nid >> 32
        return make_nid(self.header.lcfg_nal, 0, self.header.lcfg_nid) if old else int(self.header.lcfg_nid)

    @checked
    def text(self, index: int) -> str:
        """A buffer as text, up to its first NUL; empty where there is none."""
        return text(self.buffers[index]) if 0 <= index < len(self.buffers) else ""

    def struct(self) -> Any:
        """The wire struct that buffer 1 is: a marker, or the description of a LOV; or None."""
        known = self.declared
        if known is None or len(self.buffers) < 2:
            return None
        data = self.buffers[1]
        for cls in known.structs:
            if len(data) == spec_of(cls).size and has_magic(cls, data, self.order):
                return exactly(cls, data, self.order)
        return None

    def arguments(self) -> dict[str, str]:
        """The strings behind buffer 0, by what the dialect calls them (``"buffer 3"`` where it has no name)."""
        known = self.declared
        names = known.names if known is not None else ()
        return {
            names[i - 1] if i <= len(names) else f"buffer {i}": self.text(i) for i in range(1, len(self.buffers))
        }  # fmt: skip

    def line(self) -> str:
        """The command with its arguments on one line, quoted as a shell needs it, without the device it acts on."""
        known = self.declared
        if known is None:
            return shell_words([f"{int(self.command):#x}", *map(self.text, range(len(self.buffers)))])
        made = self.struct()
        if made is not None:
            verb, fields = known.structs[type(made)]
            return f"{verb} {shell_words(_argument(made, name) for name in fields)}"
        shown = known.order or tuple(range(1, len(self.buffers)))
        arguments = [self.text(i) for i in shown if i < len(self.buffers)]
        if known.dotted:
            arguments[:2] = [".".join(arguments[:2])]
        if known.header:
            by_nid = known.header == "lcfg_nid"
            arguments.append(nid_str(self.nid) if by_nid else str(getattr(self.header, known.header)))
        return f"{known.verb} {shell_words(arguments)}".rstrip()


def _argument(obj: Any, name: str) -> str:
    value = getattr(obj, name)
    if hasattr(value, "__wire__"):
        value = getattr(value, spec_of(value).fields[0].name)
    if isinstance(value, WireFlag):
        return "|".join(type(value).names_of(value))
    return text(value) if isinstance(value, bytes) else str(value)


@checked
def read_config(data: bytes, dialect_: Dialect | str) -> Config:
    """One lustre_cfg from bytes, in whichever byte order it was written.

    Raises:
        TruncatedError: shorter than its rounded buffers.
        WireError: another version, or 8 buffers and more.
    """
    found = dialect(dialect_)
    data = octets(data, "data")
    cls = found.structs[_HEAD]
    order = order_of(cls, "lcfg_version", found.constants["LUSTRE_CFG_VERSION"], data)
    header = unpack(cls, data, order)
    count, most = header.lcfg_bufcount, found.constants["LUSTRE_CFG_MAX_BUFCOUNT"]
    if count >= most:
        raise WireError(f"expected fewer than {most} buffers, got {count}", path="lcfg_bufcount")
    if len(header.lcfg_buflens) < count:
        raise TruncatedError(f"expected {count} buffer lengths, got {len(header.lcfg_buflens)}", path="lcfg_buflens")
    made = Config(found, order, header)
    size = len(pack(header, order))
    at = round8(size)
    _keep_padding(made, -1, data[size:at])
    for index, size in enumerate(header.lcfg_buflens):
        end = at + round8(size)
        if end > len(data):
            raise TruncatedError(f"expected {end} bytes, got {len(data)}", path=f"buffer {index}", offset=at)
        made.buffers.append(data[at : at + size])
        _keep_padding(made, index, data[at + size : end])
        at = end
    made.rest = data[at:]
    return made


def _keep_padding(config: Config, index: int, padding: bytes) -> None:
    if padding.strip(b"\0"):
        config.padding[index] = padding


@checked
def write_config(config: Config) -> bytes:
    """The bytes of a lustre_cfg.

    Raises:
        WireError: a value that does not fit its field.
    """
    header = attrs.evolve(
        config.header, lcfg_bufcount=len(config.buffers), lcfg_buflens=[len(b) for b in config.buffers]
    )  # fmt: skip
    out: list[bytes] = []
    for index, data in enumerate([pack(header, config.order), *config.buffers], -1):
        padding = config.padding.get(index, b"").ljust(round8(len(data)) - len(data), b"\0")
        out += [data, padding]
    return b"".join([*out, config.rest])


@checked
def make_config(
    dialect_: Dialect | str, command: str, *buffers: str | bytes | Any, nid: int = 0, num: int = 0,
    order: ByteOrder = "little",
) -> Config:  # fmt: skip
    """A new command.

    Args:
        command: name of the lcfg_command, as ``"LCFG_ATTACH"``.
        buffers: from buffer 0 on: text (a NUL is added, nothing for an empty one), bytes, or a wire struct.
        nid, num: `lcfg_nid` and `lcfg_num`.
        order: byte order to write.

    Raises:
        WireError: no such command.
    """
    found = dialect(dialect_)
    number = found.enums["LcfgCommand"].__members__.get(command)
    if number is None:
        raise WireError(f"no configuration command {command!r}", dialect=found.name)
    header = found.structs[_HEAD](
        lcfg_version=found.constants["LUSTRE_CFG_VERSION"], lcfg_command=number, lcfg_nid=nid, lcfg_num=num
    )  # fmt: skip
    return Config(found, order, header, [_buffer(b, order) for b in buffers])


def _buffer(value: Any, order: ByteOrder) -> bytes:
    if isinstance(value, str):
        return encoded(value) + b"\0" if value else b""
    return bytes(value) if isinstance(value, (bytes, bytearray)) else pack(value, order)


@checked
def config_to_json(config: Config) -> dict[str, Any]:
    """A command as plain JSON types: "command", "line", "device", "arguments", "fields" of the head, and "buffers"."""
    made = config.struct()
    out = {
        "command": config.dialect.enums["LcfgCommand"].name_of(int(config.command)), "line": config.line(),
        "device": config.device, "arguments": config.arguments(), "fields": struct_to_json(config.header),
        "buffers": [data.hex() for data in config.buffers],
    }  # fmt: skip
    if made is not None:
        out["inside"] = {"struct": spec_of(made).name, "fields": struct_to_json(made)}
        out["arguments"] = {}
    return out


@checked
def command_lines(configs: Iterable[Config]) -> list[str]:
    """The lctl script that these commands are: ``cfg_device`` whenever the device changes, a comment for a marker."""
    lines, current = [], ""
    for config in configs:
        if not isinstance(config, Config):
            raise WireError(f"expected a Config, got {type(config).__name__}", path="configs")
        known, marker = config.declared, config.struct()
        if known is not None and known.device and config.device != current:
            current = config.device
            lines.append(shell_words(["cfg_device", current]))
        comment = "# " if hasattr(marker, "cm_flags") else ""
        lines.append(comment + config.line())
        if known is not None and known.order[:2] == (1, 0):
            current = config.device
    return lines
