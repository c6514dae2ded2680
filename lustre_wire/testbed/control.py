"""Commands to a served file system while clients are mounted, and the socket they come by.

A command is one line of words; the answer is one JSON object a line, ended by the end of the connection.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lustre_wire.errors import WireError
from lustre_wire.frames.nid import nid_str
from lustre_wire.recovery.callbacks import CALLBACK_TIMEOUT
from lustre_wire.recovery.exports import Export
from lustre_wire.recovery.packet import PUT, Packet, host
from lustre_wire.recovery.target import Target
from lustre_wire.testbed.node import ServerNode
from lustre_wire.testbed.tcp import TcpNode
from lustre_wire.testbed.tcp_system import TcpSystem

#: Bytes of the longest command; seconds a command is waited for: a stop waits for callbacks that nobody answers.
MAX_COMMAND, PATIENCE = 4096, 2.0 * CALLBACK_TIMEOUT + 20.0
Row = dict[str, Any]


class Control:
    """What can be done to the servers of a file system: the words of a command are the name of a method and its
    arguments, servers are ``mgs``, ``mds``, ``ost0`` and so on."""

    def __init__(self, system: TcpSystem) -> None:
        self.system = system
        nodes = system.system
        self._nids = {"mgs": nodes.mgs.nid, "mds": nodes.mds.nid}
        self._nids |= {f"ost{number}": ost.nid for number, ost in enumerate(nodes.osts)}
        self._active = {name: system.servers[nid] for name, nid in self._nids.items()}
        self.commands: dict[str, tuple[Callable[..., Awaitable[list[Row]]], str]] = {
            "status": (self.status, ""),
            "restart": (self.restart, "SERVER"),
            "crash": (self.crash, "SERVER"),
            "start": (self.start, "SERVER"),
            "fail-over": (self.fail_over, "SERVER"),
            "evict": (self.evict, "UUID"),
            "pause": (self.pause, "SERVER"),
            "resume": (self.resume, "SERVER"),
            "drop": (self.drop, "SERVER"),
        }

    async def do(self, line: str) -> list[Row]:
        """Do a command.

        Raises:
            WireError: there is none of that name, no such server or client, or it cannot be done now.
        """
        name, *words = line.split() or [""]
        found = self.commands.get(name)
        if found is None:
            raise WireError(f"no command {name!r:.40}; there are: {', '.join(self.commands)}")
        command, usage = found
        arguments, options = _parted(words)
        needed = set(re.findall(r"(?<!\[)--(\w+)", usage))
        fits = len(arguments) == len(usage.partition("--")[0].rstrip("[").split())
        if not fits or not needed <= options.keys() <= set(re.findall(r"--(\w+)", usage)):
            raise WireError(f"{name} wants {usage or 'nothing else'}")
        return await command(*arguments, **options)

    def _server(self, name: str) -> TcpNode:
        if name not in self._active:
            raise WireError(f"no server {name!r:.40}; there are: {', '.join(self._active)}")
        return self._active[name]

    @staticmethod
    def _node(served: TcpNode) -> ServerNode:
        assert isinstance(served.node, ServerNode)
        return served.node

    # -- commands ------------------------------------------------------------------------------------------------

    async def status(self) -> list[Row]:
        """Each server, and each client it has."""
        out: list[Row] = []
        for name, served in self._active.items():
            node, target = self._node(served), self._node(served).target
            row: Row = {
                "server": name, "nid": nid_str(node.nid), "dialect": node.dialect.name, "state": self._state(served),
            }  # fmt: skip
            if target is not None:
                row |= {
                    "exports": len(target.exports), "locks": len(target.namespace.locks),
                    "opens": sum(len(export.files) for export in target.exports.values()),
                    "transno": target.last_transno, "committed": target.last_committed,
                    "connections": len(served.connections),
                }  # fmt: skip
            out.append(row)
            out += [_client(name, target, export) for export in target.exports.values()] if target is not None else []
        return out

    def _state(self, served: TcpNode) -> str:
        node = self._node(served)
        if not node.up:
            return "down"
        recovering = node.target is not None and node.target.recovering
        return "paused" if served.paused else "recovering" if recovering else "up"

    async def restart(self, name: str) -> list[Row]:
        """Crash and start again."""
        await self.crash(name)
        return await self.start(name)

    async def crash(self, name: str) -> list[Row]:
        """Everything that is not on disk is lost."""
        served = self._server(name)
        if not served.node.up:
            raise WireError(f"{name} is down")
        served.paused = False
        await served.stop(crash=True)
        return [{"server": name, "state": "down"}]

    async def start(self, name: str) -> list[Row]:
        served = self._server(name)
        if served.node.up:
            raise WireError(f"{name} is up")
        await served.start()
        return [{"server": name, "state": "up"}]

    async def fail_over(self, name: str) -> list[Row]:
        """The other node of a pair takes the target over, as after a crash."""
        served = self._server(name)
        partners = self.system.system.partners
        other = next((p for nid, p in partners.items() if served.node.nid in (nid, p.nid)), None)
        if other is None:
            raise WireError(f"{name} has no partner: serve with --pair")
        if other.nid == served.node.nid:
            other = next(s for s in self.system.system.servers if partners.get(s.nid) is other)
        if served.node.up:
            await self.crash(name)
        known = self.system.servers.get(other.nid)
        other.dialect = self._node(served).dialect
        self._active[name] = self.system.servers[other.nid] = known or self.system.serve(other)
        await self._active[name].start()
        return [{"server": name, "state": "up", "nid": nid_str(other.nid)}]

    async def evict(self, uuid: str) -> list[Row]:
        """A client is forgotten by every server that knows it."""
        out = []
        for name, served in self._active.items():
            target = self._node(served).target
            export = target.exports.get(uuid.encode()) if target is not None else None
            if target is not None and export is not None:
                target.evict(export, self.system.clock.now(), "by command")
                served.flush()
                out.append({"server": name, "client": uuid, "evicted": True})
        if not out:
            raise WireError(f"no client {uuid!r:.50}")
        return out

    async def pause(self, name: str) -> list[Row]:
        """It hangs: nothing is read, answered or sent."""
        self._server(name).pause()
        return [{"server": name, "state": "paused"}]

    async def resume(self, name: str) -> list[Row]:
        self._server(name).go_on()
        return [{"server": name, "state": "up"}]

    async def drop(self, name: str) -> list[Row]:
        """The next answer of a server to a client is lost on the way."""
        served = self._server(name)
        portals = {form.reply_portal for form in self._node(served).dialect.rpcs.values()}

        def lose(packet: Packet) -> bool:
            if packet.kind != PUT or packet.portal not in portals:
                return False
            served.lose = None
            return True

        served.lose = lose
        return [{"server": name, "dropping": "the next reply"}]


def _parted(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """A command's words: arguments, and options by name with the word behind each."""
    arguments, options, rest = list[str](), dict[str, str](), iter(words)
    for word in rest:
        if word.startswith("--"):
            options[word[2:]] = next(rest, "")
        else:
            arguments.append(word)
    return arguments, options


def _client(name: str, target: Target, export: Export) -> Row:
    return {
        "server": name, "client": export.uuid.decode(errors="backslashreplace"),
        "nid": nid_str(host(export.nid)) if export.nid else "", "connected": export.connected,
        "locks": target.namespace.owned(export), "opens": len(export.files), "requests": len(export.active),
    }  # fmt: skip


# -- the socket ----------------------------------------------------------------------------------------------------


async def listen(control: Control, path: Path) -> asyncio.AbstractServer:
    """Take commands at a Unix socket, which only its owner may use.

    Raises:
        OSError: it cannot be made, or somebody listens there.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readuntil(b"\n"), PATIENCE)
            rows = await asyncio.wait_for(control.do(line.decode(errors="replace")), PATIENCE)
        except (WireError, OSError) as error:
            rows = [{"error": str(error)}]
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            rows = [{"error": "no command, or no end of it"}]
        writer.write("".join(json.dumps(row) + "\n" for row in rows).encode())
        writer.close()

    if path.is_socket():
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                raise OSError(f"somebody listens at {path}")
        path.unlink()
    before = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(serve, str(path), limit=MAX_COMMAND)
    finally:
        os.umask(before)


def ask(path: Path, line: str) -> list[Row]:
    """Give a command to whoever listens at a socket.

    Raises:
        WireError: the command failed.
        OSError: nobody listens there.
    """
    with socket.socket(socket.AF_UNIX) as own:
        own.settimeout(PATIENCE)
        own.connect(str(path))
        own.sendall(line.encode() + b"\n")
        said = b""
        while piece := own.recv(1 << 16):
            said += piece
    rows = [json.loads(row) for row in said.decode().splitlines()]
    if rows and "error" in rows[0]:
        raise WireError(rows[0]["error"])
    return rows
