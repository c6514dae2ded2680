"""Which messages a command shows: filters by operation, transfer id, node, kind and outcome."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

import attrs
import click

from lustre_wire.capture import Captured
from lustre_wire.cli.inputs import dst_of, src_of
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import nid_str, parse_nid
from lustre_wire.rpc import REPLY


def rpc_of(captured: Captured) -> Captured | None:
    """A request or reply itself; of bulk and the like the request they belong to."""
    if captured.is_rpc:
        return captured
    return captured.request if captured.request is not None and captured.request.is_rpc else None


def _number(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> frozenset[int]:
    try:
        return frozenset(int(value.removeprefix("x"), 0) for value in values)
    except ValueError:
        raise click.BadParameter("expected a number, as 1360632217600156 or 0x4d5800000045c", ctx, param) from None


def _nids(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    try:
        return frozenset(value if ":" in value else nid_str(parse_nid(value)) for value in values)
    except WireError as error:
        raise click.BadParameter(error.message, ctx, param) from None


@attrs.define(frozen=True, slots=True)
class Filters:
    """A message is shown if every filter that was given holds; each holds for any of its values."""

    opcodes: tuple[str, ...]
    xids: frozenset[int]
    nids: frozenset[str]
    kinds: tuple[str, ...]
    errors: bool

    def __call__(self, captured: Captured) -> bool:
        if self.xids and captured.match_bits not in self.xids:
            return False
        if self.nids and not self.nids & {src_of(captured), dst_of(captured)}:
            return False
        if self.kinds and captured.kind not in self.kinds:
            return False
        if self.errors and not _failed(captured):
            return False
        return not self.opcodes or self._has_opcode(captured)

    def _has_opcode(self, captured: Captured) -> bool:
        about = rpc_of(captured)
        if about is None:
            return False
        name = about.name.lower()
        names = {name, name.partition("/")[0], str(about.opcode)}
        return any(fnmatch.fnmatchcase(name, wanted.lower()) for name in names for wanted in self.opcodes)


def _failed(captured: Captured) -> bool:
    return captured.error is not None or (captured.direction == REPLY and captured.status < 0)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that make `Filters`; the command gets them under the names of its attributes."""
    options = [
        click.option("--opcode", "opcodes", multiple=True, metavar="NAME", help="Operation or format; * and ? count."),
        click.option("--xid", "xids", multiple=True, callback=_number, metavar="N", help="Transfer id (match bits)."),
        click.option("--nid", "nids", multiple=True, callback=_nids, metavar="NID", help="Sender or receiver."),
        click.option("--kind", "kinds", multiple=True, help="request, reply, early reply, bulk, lnet ping ..."),
        click.option("--errors", is_flag=True, help="Replies with an errno, and what could not be decoded."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
