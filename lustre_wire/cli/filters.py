"""Which messages a command shows: filters by operation, transfer id, node, kind and outcome."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any, Final

import attrs
import click

from lustre_wire.capture import Captured
from lustre_wire.capture.captured import KINDS
from lustre_wire.cli.inputs import dst_of, src_of
from lustre_wire.cli.names import close_to, matching
from lustre_wire.cli.output import complain
from lustre_wire.dialects import all_dialects, granted
from lustre_wire.errors import WireError
from lustre_wire.frames.nid import Nid, nid_str, parse_large_nid, parse_nid
from lustre_wire.rpc import REPLY

#: How many NIDs are remembered, to say which there are instead of one that there is not.
_MOST_NIDS: Final = 4096


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


def _nid(text: str) -> Nid:
    return parse_large_nid(text) if ":" in text.partition("@")[0] else parse_nid(text)


def _nids(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    try:
        return frozenset(nid_str(_nid(value)) for value in values)
    except WireError as error:
        raise click.BadParameter(error.message, ctx, param) from None


def _kinds(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value not in KINDS:
            hint = close_to(value, KINDS) or f"; there are {', '.join(KINDS)}"
            raise click.BadParameter(f"no kind {value!r}{hint}", ctx, param)
    return values


def _opcodes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Names and patterns of operations; a number may be that of one which no dialect knows."""
    if not values:
        return values
    names = set()
    for dialect in dict.fromkeys((*all_dialects(), *granted())):
        names |= {part for form in dialect.formats for part in (form.name, form.name.partition("/")[0])}
        names |= dialect.enums["Opcode"].__members__.keys() if "Opcode" in dialect.enums else set()
    for value in values:
        if not value.isdecimal() and not matching(value, names):
            raise click.BadParameter(f"no dialect knows {value!r}{close_to(value, sorted(names))}", ctx, param)
    return values


@attrs.define(slots=True)
class Filters:
    """A message is shown if every filter that was given holds; each holds for any of its values.

    Which NIDs and transfer ids there are, only the messages tell: see `unmet`.
    """

    opcodes: tuple[str, ...]
    xids: frozenset[int]
    nids: frozenset[str]
    kinds: tuple[str, ...]
    errors: bool
    _looked_at: int = attrs.field(default=0, init=False)
    _passed: int = attrs.field(default=0, init=False)
    _xids: set[int] = attrs.field(factory=set, init=False)
    _nids: set[str] = attrs.field(factory=set, init=False)

    @property
    def given(self) -> bool:
        """Whether there are any."""
        return bool(self.opcodes or self.xids or self.nids or self.kinds or self.errors)

    def __call__(self, captured: Captured) -> bool:
        self._looked_at += 1
        holds = True
        if self.xids:
            holds = captured.match_bits in self.xids
            if holds and captured.match_bits is not None:
                self._xids.add(captured.match_bits)
        if self.nids:
            ends = {src_of(captured), dst_of(captured)}
            if len(self._nids) < _MOST_NIDS or not self.nids.isdisjoint(ends):
                self._nids |= ends
            holds = holds and not self.nids.isdisjoint(ends)
        holds = holds and self._holds(captured)
        self._passed += holds
        return holds

    def _holds(self, captured: Captured) -> bool:
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

    def unmet(self) -> bool:
        """Say which NIDs and transfer ids none of the messages had, and whether none passed at all.

        Returns:
            Whether there are such NIDs or transfer ids.
        """
        there = sorted(self._nids - {""})
        lines = [f"no message has transfer id {xid}" for xid in sorted(self.xids - self._xids)]
        for nid in sorted(self.nids - self._nids):
            close = close_to(nid, there) or (f"; there are {', '.join(there[:8])}" if there else "")
            lines.append(f"no message is from or to {nid}{close}")
        for line in lines:
            complain(line)
        if not lines and self._looked_at and not self._passed:
            complain(f"none of {self._looked_at} messages passes the filters")
        return bool(lines)


def _failed(captured: Captured) -> bool:
    return captured.error is not None or (captured.direction == REPLY and captured.status < 0)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that make `Filters`; the command gets them under the names of its attributes."""
    options = [
        click.option("--opcode", "opcodes", multiple=True, callback=_opcodes, metavar="NAME",
                     help="Operation or format; * and ? count."),
        click.option("--xid", "xids", multiple=True, callback=_number, metavar="N", help="Transfer id (match bits)."),
        click.option("--nid", "nids", multiple=True, callback=_nids, metavar="NID", help="Sender or receiver."),
        click.option("--kind", "kinds", multiple=True, callback=_kinds, metavar="KIND",
                     help="request, reply, early reply, bulk, lnet ping ..."),
        click.option("--errors", is_flag=True, help="Replies with an errno, and what could not be decoded."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command
