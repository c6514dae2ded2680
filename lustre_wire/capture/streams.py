"""What the connections of a capture say: pieces of their streams in, LNet messages out, in the order of completion.

Whole messages of all connections are found at once, by `lustre_wire.bulk.index`. Anything else (handshakes, what has a
checksum or is longer than its piece of the stream, holes, bytes that are no message) goes through the connection's own
`SocklndStream`, piece by piece.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, repeat
from operator import itemgetter
from typing import Final

from lustre_wire.bulk.index import Framing, Index, index
from lustre_wire.capture.captured import Statistics
from lustre_wire.capture.reassembly import Flow, Piece
from lustre_wire.capture.said import Known, Other, Put, Said
from lustre_wire.dialects import Dialect
from lustre_wire.frames import ksock, ksock_large, lnet
from lustre_wire.frames.events import AcceptorRequest, Event, Hello, LnetMessage, Noop, Unparsed
from lustre_wire.frames.formats import AT_CSUM, AT_LENGTH, AT_MESSAGE, AT_TYPE, Format, Head, lnet_message
from lustre_wire.frames.socklnd import SocklndStream

_FRAMINGS: Final[dict[int, Framing]] = {
    ksock.KSOCK_PROTO_V1: "lnet", ksock.KSOCK_PROTO_V2: "socklnd", ksock.KSOCK_PROTO_V3: "socklnd",
    ksock_large.KSOCK_PROTO_V4: "socklnd4",
}  # fmt: skip
_PUT: Final = int(lnet.LnetMsgType.LNET_MSG_PUT)
_WITH_PAYLOAD: Final = {_PUT, int(lnet.LnetMsgType.LNET_MSG_REPLY)}
_LNET, _NOOP = ksock.KSOCK_MSG_LNET, ksock.KSOCK_MSG_NOOP
_new = tuple.__new__

_Found = tuple[int, Put | Other]
"""A message, and the number of the piece with its end."""


class _Run:
    """Pieces of one direction that follow each other while it is between messages: those numbered `numbers`."""

    __slots__ = ("flow", "numbers", "start", "stop")

    def __init__(self, flow: Flow, numbers: list[int]) -> None:
        self.flow, self.numbers = flow, numbers
        self.start = self.stop = 0  # in the joined stream


class _Joined:
    """Runs of one format, side by side.

    Attributes:
        stream: their bytes, each with the beginning of a header that came before, and at the end room for a header.
        marks: where each piece ends, ascending; `numbers` are those of the pieces.
    """

    def __init__(self, form: Format, runs: list[_Run], pieces: list[Piece]) -> None:
        parts: list[bytes] = []
        self.numbers: list[int] = []
        self.marks: list[int] = []
        at = 0
        for run in runs:
            run.start = at
            begun = run.flow.reader.rest
            data = [pieces[number][2] for number in run.numbers]
            parts += [begun, *data]
            ends = list(accumulate(map(len, data), initial=at + len(begun)))
            self.marks += ends[1:]
            self.numbers += run.numbers
            at = run.stop = ends[-1]
        self.size = at
        self.stream = b"".join((*parts, bytes(form.size)))


class Streams:
    """Reads all streams of a capture.

    Args:
        counts: handshakes, NOOPs, bytes that are no message and types of LNet messages are counted there.
        dialect: whose receivers' rules tell what is `Known`.
    """

    def __init__(self, counts: Statistics, dialect: Dialect) -> None:
        self._counts = counts
        self._dialect = dialect
        self._former: Index | None = None

    def read(self, pieces: list[Piece]) -> list[Said]:
        """The LNet messages that become complete with these pieces."""
        out: list[_Found] = []
        runs: dict[Format, list[_Run]] = {}
        rest: list[tuple[Flow, list[int]]] = []
        for flow, numbers in _by_flow(pieces):
            form, taken, stop = self._lead(flow, numbers, pieces, out)
            if form is not None and stop > taken:
                runs.setdefault(form, []).append(_Run(flow, numbers[taken:stop]))
            if stop < len(numbers):
                rest.append((flow, numbers[stop:]))
        for form, some in runs.items():
            self._read_runs(form, some, pieces, out)
        for flow, numbers in rest:
            for number in numbers:
                self._feed(flow, number, pieces[number], out)
        out.sort(key=itemgetter(0))
        return [(pieces[at].time_ns, pieces[at].number, message) for at, message in out]

    def _lead(
        self, flow: Flow, numbers: list[int], pieces: list[Piece], out: list[_Found]
    ) -> tuple[Format | None, int, int]:
        """Read up to where the direction is between messages: its format, which pieces follow there side by side."""
        reader = flow.reader
        if reader is None:
            reader = flow.reader = SocklndStream(resync=True)
        taken = 0
        while (form := reader.between) is None and taken < len(numbers):
            self._feed(flow, numbers[taken], pieces[numbers[taken]], out)
            taken += 1
        stop = taken
        while stop < len(numbers) and pieces[numbers[stop]][2]:
            stop += 1
        return form, taken, stop

    def _feed(self, flow: Flow, number: int, piece: Piece, out: list[_Found]) -> None:
        """Let the direction's own reader have a piece, a hole or the end."""
        reader, (_, _, data, lost, _) = flow.reader, piece
        self._take(reader.feed(data) if data else reader.lost(lost) if lost else reader.close(), flow, number, out)

    def _take(self, events: list[Event], flow: Flow, number: int, out: list[_Found]) -> None:
        for event in events:
            if type(event) is LnetMessage:
                self._counts.lnet_types[event.type] += 1
                out.append((number, Other(flow.key, event)))
            else:
                self._count(event)

    def _count(self, event: Event) -> None:
        if isinstance(event, Noop):
            self._counts.noops += 1
        elif isinstance(event, (AcceptorRequest, Hello)):
            self._counts.handshakes += 1
        elif isinstance(event, Unparsed):
            self._counts.unparsed += event.size

    def _read_runs(self, form: Format, runs: list[_Run], pieces: list[Piece], out: list[_Found]) -> None:
        joined = _Joined(form, runs, pieces)
        stream = joined.stream
        found = self._former = index(
            memoryview(stream)[: joined.size], self._dialect, frames=_FRAMINGS[form.version], out=self._former,
            parts=[run.start for run in runs],
        )  # fmt: skip
        rows = _Rows(form, stream, found, runs[0].flow.reader.limits)
        self._counts.noops += rows.noops
        self._counts.lnet_types.update(rows.types)
        ats: list[int] = []
        keys: list[bytes] = []
        first = 0
        for run, (_, last) in zip(runs, rows.ends, strict=True):
            shift = run.flow.reader.position - run.start
            ats += [at + shift for at in rows.frames[first:last]]
            keys += [run.flow.key] * (last - first)
            first = last
        numbers = [joined.numbers[bisect_left(joined.marks, end)] for end in rows.stops]
        out += zip(numbers, rows.messages(keys, ats), strict=True)
        for run, (end, _) in zip(runs, rows.ends, strict=True):
            self._leave(run, end, joined, out)

    def _leave(self, run: _Run, end: int, joined: _Joined, out: list[_Found]) -> None:
        """Give the reader what of a run is behind the whole messages: pieces, or what is left of them."""
        reader = run.flow.reader
        reader.passed(end - run.start)
        place = bisect_right(joined.marks, end)
        while end < run.stop:
            mark = joined.marks[place]
            self._take(reader.feed(joined.stream[end:mark]), run.flow, joined.numbers[place], out)
            end, place = mark, place + 1


class _Rows:
    """The LNet messages of joined runs.

    Attributes:
        frames, stops: where the headers begin and the payload ends.
        heads: what the headers say; `types` of it, the types of the messages.
        known: what the index says.
        ends: of each run where its whole messages end, and how many rows there are up to there.
        noops: how many socklnd messages without an LNet message there were.
    """

    def __init__(self, form: Format, stream: bytes, found: Index, limits: dict[int, int]) -> None:
        self.form, self.stream = form, stream
        self.frames: list[int] = found["frame"].tolist()
        self.ends = found.ends
        self.noops = 0
        self.heads: list[Head] = list(map(form.read, repeat(stream), self.frames))
        sizes = [*found["buffer_length"].tolist(), 0]
        first = map(sizes.__getitem__, found["first_buffer"].tolist())
        reason, magic, kind, opcode, status, mbits = (found[name].tolist() for name in _SAID)
        self.known: list[Known] = list(zip(reason, magic, kind, opcode, first, status, mbits, strict=True))
        self.types = [head[AT_MESSAGE] for head in self.heads]
        odd = [True for head in self.heads if head[AT_TYPE] != _LNET or head[AT_CSUM]]
        if _WITH_PAYLOAD.issuperset(self.types) and not odd:
            size = form.size
            self.stops = [at + size + head[AT_LENGTH] for at, head in zip(self.frames, self.heads, strict=True)]
        else:
            self._sift(limits)

    def _sift(self, limits: dict[int, int]) -> None:
        """Leave out NOOPs; of each run, what follows the first message that something is wrong with."""
        kept: list[int] = []
        ends: list[tuple[int, int]] = []
        first = 0
        for end, last in self.ends:
            for row in range(first, last):
                head = self.heads[row]
                kind, fits = head[AT_TYPE], head[AT_LENGTH] <= limits.get(head[AT_MESSAGE], -1)
                if head[AT_CSUM] or not (kind == _NOOP or (kind == _LNET and fits)):
                    end = self.frames[row]
                    break
                if head[AT_TYPE] == _NOOP:
                    self.noops += 1
                else:
                    kept.append(row)
            ends.append((end, len(kept)))
            first = last
        self.ends = ends
        self.frames = [self.frames[row] for row in kept]
        self.heads = [self.heads[row] for row in kept]
        self.known = [self.known[row] for row in kept]
        self.types = [self.types[row] for row in kept]
        self.stops = [at + self.form.size + head[AT_LENGTH] for at, head in zip(self.frames, self.heads, strict=True)]

    def messages(self, keys: list[bytes], ats: list[int]) -> list[Put | Other]:
        """The messages; `keys` are their addresses and ports, `ats` says where in its stream each begins."""
        form, stream = self.form, self.stream
        frames = [stream[at:stop] for at, stop in zip(self.frames, self.stops, strict=True)]
        made: list[Put | Other] = [
            _new(Put, row) for row in zip(keys, self.heads, self.known, frames, ats, repeat(form), strict=False)
        ]
        for row, kind in enumerate(self.types):
            if kind != _PUT:
                frame = frames[row]
                event = lnet_message(form, self.heads[row], frame, 0, frame[form.size :], 0, ats[row])
                made[row] = Other(keys[row], event)
        return made


_SAID: Final = ("reason", "magic", "type", "opcode", "status", "mbits")


def _by_flow(pieces: list[Piece]) -> Iterator[tuple[Flow, list[int]]]:
    """The pieces of each direction, by their numbers."""
    groups: dict[Flow, list[int]] = {}
    for number, piece in enumerate(pieces):
        flow = piece[1]
        numbers = groups.get(flow)
        if numbers is None:
            groups[flow] = [number]
        else:
            numbers.append(number)
    return iter(groups.items())
