"""``lustre-wire translate``: conversations of one dialect in another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import attrs
import click

from lustre_wire.bounded import Bounded
from lustre_wire.capture import Captured, CaptureWriter
from lustre_wire.capture.outputs import writing
from lustre_wire.cli.inputs import Inputs, dialect_option, dst_of, files_argument, port_option, src_of
from lustre_wire.cli.names import DIALECT
from lustre_wire.cli.output import examples, json_option, print_json, print_table, say
from lustre_wire.dialects import Dialect
from lustre_wire.errors import LossyTranslation, Untranslatable, WireError
from lustre_wire.jsonform import to_json
from lustre_wire.rpc import REPLY, Message
from lustre_wire.translate import FidAllocator, Report, Session, translate

TRANSLATED, SAME, LOSSY, IMPOSSIBLE, BROKEN = "translated", "same dialect", "lossy", "impossible", "not decoded"
#: How many requests are remembered for their replies.
_PENDING: Final = 16384
_NAMES: Final = re.compile(r"(\d+)[/:](\d+)=\[?(0x[0-9a-f]+|\d+):(0x[0-9a-f]+|\d+):(0x[0-9a-f]+|\d+)\]?", re.IGNORECASE)


#: Both names of a file: inode, generation, FID.
Names = tuple[int, int, tuple[int, int, int]]


@attrs.define(slots=True)
class Outcome:
    """What became of one message: `message` is the translated one, None where there is none; `why` says why."""

    what: str
    operation: str
    direction: str
    message: Message | None = None
    report: Report | None = None
    why: str = ""
    errno: int = 0


#: User, group, capabilities.
Credentials = tuple[int | None, int | None, int | None]
NOBODY: Final[Credentials] = (None, None, None)


class Conversations:
    """Translates messages in step: every reply in the light of its request, and each pair of nodes with its session.

    Args:
        target: the dialect to translate to.
        allow: names or paths of losses to accept.
        names: (inode, generation, FID) of files both of whose names are known.
        sequence: the sequence new FIDs are taken from; 0: no FIDs are given.
        credentials: user, group and capabilities of the client's process, as far as they are known.
    """

    def __init__(
        self, target: Dialect, allow: tuple[str, ...], names: tuple[Names, ...], sequence: int,
        credentials: Credentials = NOBODY,
    ) -> None:  # fmt: skip
        self.target = target
        self.allow = frozenset(allow)
        self.names = names
        self.sequence = sequence
        self.credentials = credentials
        self._sessions: dict[frozenset[str], Session] = {}
        self._made: Bounded[int, tuple[Captured, Message | None]] = Bounded(_PENDING)

    def session(self, captured: Captured) -> Session:
        """What the two nodes know of each other."""
        key = frozenset((captured.src, captured.dst))
        found = self._sessions.get(key)
        if found is None:
            fids = FidAllocator(self.sequence) if self.sequence else None
            found = self._sessions[key] = Session(fids, bool(self.sequence), *self.credentials)
            for inode, generation, fid in self.names:
                found.identify(inode=inode, generation=generation, fid=fid)
        return found

    def translate(self, captured: Captured) -> Outcome:
        """One message; those before it have been translated."""
        message = captured.message
        if message is None:
            return Outcome(BROKEN, captured.kind, captured.direction, why=str(captured.error))
        request = None
        if captured.request is not None:
            known = self._made.get(id(captured.request))
            if known is not None and known[0] is captured.request:
                if known[1] is None:
                    return Outcome(IMPOSSIBLE, message.name, message.direction, why="its request is not translated")
                request = known[1]
        outcome = self._translate(message, captured, request)
        if message.direction != REPLY:
            self._made.keep(id(captured), (captured, outcome.message))
        return outcome

    def _translate(self, message: Message, captured: Captured, request: Message | None) -> Outcome:
        if message.dialect is self.target:
            return Outcome(SAME, message.name, message.direction, message)
        try:
            made = translate(
                message, self.target, session=self.session(captured), request=request, xid=captured.match_bits,
                allow=self.allow,
            )  # fmt: skip
        except LossyTranslation as error:
            why = ", ".join(sorted(error.names))
            return Outcome(LOSSY, message.name, message.direction, report=error.report, why=why)
        except Untranslatable as error:
            return Outcome(IMPOSSIBLE, message.name, message.direction, why=error.message, errno=error.errno)
        except WireError as error:  # a reply without its request, say; it stops no other message
            return Outcome(IMPOSSIBLE, message.name, message.direction, why=str(error))
        what = TRANSLATED if made.report.lossless else LOSSY
        why = ", ".join(sorted({loss.name for loss in made.report.losses}))
        return Outcome(what, message.name, message.direction, made.message, made.report, why)


class Counts:
    """Outcomes by operation and direction."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Counter[str]] = {}
        self.reasons: dict[tuple[str, str], Counter[str]] = {}
        self.findings = 0

    def add(self, outcome: Outcome) -> None:
        key = outcome.operation, outcome.direction
        self.rows.setdefault(key, Counter())[outcome.what] += 1
        if outcome.why:
            self.reasons.setdefault(key, Counter())[f"{outcome.what}: {outcome.why}"] += 1
        self.findings += outcome.message is None

    def table(self) -> Iterator[dict[str, Any]]:
        """One row an operation and direction, in the order they were first seen."""
        for (operation, direction), counts in self.rows.items():
            yield {
                "operation": operation, "direction": direction, "translated": counts[TRANSLATED] + counts[SAME],
                "lossy": counts[LOSSY], "impossible": counts[IMPOSSIBLE] + counts[BROKEN],
                "reasons": dict(self.reasons.get((operation, direction), {})),
            }  # fmt: skip


def _identities(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Names, ...]:
    made = []
    for value in values:
        found = _NAMES.fullmatch(value)
        if found is None:
            raise click.BadParameter("expected INODE/GENERATION=[SEQUENCE:OID:VERSION]", ctx, param)
        inode, generation, *fid = (int(part, 0) for part in found.groups())
        made.append((inode, generation, (fid[0], fid[1], fid[2])))
    return tuple(made)


def _credentials(ctx: click.Context, param: click.Parameter, value: str) -> Credentials:
    if not value:
        return NOBODY
    try:
        numbers = [int(part, 0) for part in value.split(":")]
    except ValueError:
        numbers = [-1]
    if len(numbers) > 3 or any(not 0 <= number < 1 << 32 for number in numbers):
        raise click.BadParameter("expected UID:GID:CAPABILITIES, as 1001:100:0", ctx, param)
    known = (*numbers, None, None, None)
    return known[0], known[1], known[2]


def _names(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for value in values for name in value.split(","))


def _sequence(ctx: click.Context, param: click.Parameter, value: str) -> int:
    try:
        return int(value, 0)
    except ValueError:
        raise click.BadParameter("expected a number, as 0x200000400", ctx, param) from None


@click.command(
    epilog=examples("""
        lustre-wire translate client.pcap --to 2.0 -o client-2.0.pcap
        lustre-wire translate client.pcap --to 1.8 --allow suppgid2,time
        lustre-wire translate client.pcap --to 2.0 --fids 0x200000400 --json
        lustre-wire translate client.pcap --to 2.0 --identify '4711/77=[0x200000400:0x5:0x0]'
    """)
)
@files_argument
@click.option("--to", "target", type=DIALECT, required=True, help="Dialect to translate to.")
@click.option("--output", "-o", type=click.Path(dir_okay=False), metavar="OUT.pcap", help="Capture to write.")
@click.option(
    "--allow", multiple=True, callback=_names, metavar="NAME,...",
    help="Losses to accept, by name or path; may be repeated.",
)  # fmt: skip
@click.option(
    "--identify", multiple=True, callback=_identities, metavar="INODE/GEN=FID",
    help="Both names of a file; may be repeated.",
)  # fmt: skip
@click.option(
    "--fids", "sequence", default="0", callback=_sequence, metavar="SEQUENCE",
    help="Give new files FIDs of this sequence, where 1.8 clients create them.",
)  # fmt: skip
@click.option(
    "--credentials", default="", callback=_credentials, metavar="UID:GID:CAPS",
    help="Whose the closes of a 1.8 client are; the group and the capabilities may be left out.",
)  # fmt: skip
@click.option("--verbose", "-v", is_flag=True, help="Every message that is not simply carried over, too.")
@dialect_option
@port_option
@json_option
def command(
    files: tuple[str, ...], target: Dialect, output: str | None, allow: tuple[str, ...],
    identify: tuple[Names, ...], sequence: int, credentials: Credentials, verbose: bool, dialect: str, port: int,
    as_json: bool,
) -> int:  # fmt: skip
    """Translate the conversations in FILEs to another dialect, requests and replies in step.

    Ends with a table: how many messages of each operation are translated, lossy (and what is lost) and impossible (and
    why). What is lossy and not allowed, and what is impossible, is left out of the written capture; so are bulk data.
    The exit status is 1 if anything was left out, and 2, without a capture, if a file could not be read.
    """
    conversations, counts = Conversations(target, allow, identify, sequence, credentials), Counts()
    inputs = Inputs(files, dialect, port)
    with ExitStack() as stack:
        stream = stack.enter_context(writing(output, files)) if output is not None else None
        writer = CaptureWriter(stream) if stream is not None else None
        for captured in inputs:
            if not captured.direction:
                continue
            place = inputs.place
            outcome = conversations.translate(captured)
            counts.add(outcome)
            _show(place, captured, outcome, verbose, as_json)
            if writer is not None and outcome.message is not None:
                _write(writer, captured, outcome.message, place)
        if writer is not None:
            writer.close()
        _summary(counts, as_json)
        if output is not None and inputs.unusable:
            raise WireError("not written, since not all files could be read", path=output)
    return inputs.status(bool(counts.findings))


def _write(writer: CaptureWriter, captured: Captured, message: Message, place: str) -> None:
    try:
        writer.write(captured, message)
    except WireError as error:
        raise error.within(place) from None


def _show(place: str, captured: Captured, outcome: Outcome, verbose: bool, as_json: bool) -> None:
    if as_json:
        print_json(_object(place, captured, outcome))
    elif verbose and (outcome.why or (outcome.report is not None and outcome.report.entries)):
        why = f": {outcome.why}" if outcome.why else ""
        say(f"{place}: {outcome.operation} {outcome.direction} {outcome.what}{why}")
        for entry in outcome.report.entries if outcome.report is not None else ():
            say(f"  {entry}")


def _object(place: str, captured: Captured, outcome: Outcome) -> dict[str, Any]:
    out: dict[str, Any] = {
        "place": place, "src": src_of(captured) or None, "dst": dst_of(captured) or None, "xid": captured.match_bits,
        "operation": outcome.operation, "direction": outcome.direction, "outcome": outcome.what,
    }  # fmt: skip
    if outcome.why:
        out["why"] = outcome.why
    if outcome.errno:
        out["errno"] = outcome.errno
    if outcome.report is not None:
        out["report"] = outcome.report.to_json()
    if outcome.message is not None:
        out["message"] = to_json(outcome.message)
    return out


def _summary(counts: Counts, as_json: bool) -> None:
    rows = list(counts.table())
    if as_json:
        print_json({"summary": rows})
        return
    columns = ("operation", "direction", "translated#", "lossy#", "impossible#", "what and why")
    print_table(
        columns,
        [
            (
                row["operation"], row["direction"], str(row["translated"]), str(row["lossy"]), str(row["impossible"]),
                "; ".join(row["reasons"]),
            )
            for row in rows
        ],
    )  # fmt: skip
