"""A play drawn: one lane per node, time from left to right and to scale."""

from __future__ import annotations

from bisect import bisect_right
from math import ceil, floor, log10
from xml.sax.saxutils import escape

import attrs

from lustre_wire.upgrade.nodes.server import Controlled
from lustre_wire.upgrade.protocol.mark import VERSIONS
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play

#: state -> (letter in text, colour in SVG, what the legend says)
STATES = {
    "absent": (" ", "none", "not there"),
    **{
        version: (version[0], colour, f"serving or running in {version}")
        for version, colour in zip(VERSIONS, ("#8fb3d9", "#8fce8f"), strict=True)
    },
    "revoking": ("R", "#e8d44d", "server: revoking"),
    "quiet": ("Q", "#d9772b", "server: quiet"),
    "committed": ("C", "#d98a8a", "server: committed"),
    "halted": ("H", "#a05555", "server: halted"),
    "down": (".", "#444444", "down"),
    "draining": ("d", "#f7e3a8", "client: draining"),
    "cleaning": ("c", "#e6c23a", "client: cleaning"),
    "waiting": ("w", "#e08f3c", "client: waiting"),
    "disconnected": ("x", "#b59fd1", "client: disconnected"),
    "reopening": ("o", "#b5e0d8", "client: reopening"),
    "cut off": ("~", "#cccccc", "client: cut off"),
    "evicted": ("!", "#d94f4f", "client: evicted here"),
}
#: Which of a client's barriers shows: the one that is furthest from running.
_ORDER = ("run", "reopening", "draining", "cleaning", "waiting", "disconnected")


@attrs.frozen
class Lane:
    """A node and its states: (when it began, state), in order."""

    name: str
    changes: tuple[tuple[float, str], ...]

    def at(self, time: float) -> str:
        """The state at a time; `evicted` shows for the moment it happens."""
        begun = bisect_right([begin for begin, _ in self.changes], time)
        return self.changes[begun - 1][1] if begun else "absent"


def lanes(play: Play) -> list[Lane]:
    """Servers first, then clients."""
    servers = [Lane(name, tuple(_server(node))) for name, node in play.nodes.items()]
    return servers + [Lane(play.name_of(c.nid), tuple(_client(play, c.nid))) for c in play.clients]


def _server(node: Controlled) -> list[tuple[float, str]]:
    changes: list[tuple[float, str]] = []
    version = VERSIONS[0]
    for life in node.history:
        if life.what.startswith("start "):
            version = life.what.split()[1]
        elif life.what == ServerState.SERVING:
            changes.append((life.time, version))
        elif life.what in STATES:
            changes.append((life.time, life.what))
    return changes


def _client(play: Play, nid: int) -> list[tuple[float, str]]:
    events: list[tuple[float, str, str]] = [(m.time, m.target, m.state) for m in play.journal.moved if m.client == nid]
    events += [(time, "dialect", version) for time, who, version in play.journal.spoke if who == nid]
    events += [(evicted.time, "evicted", "") for evicted in play.journal.evicted if evicted.client == nid]
    for absence in (a for a in play.mishaps.absences if a.nid == nid):
        events += [(absence.begin, "cut off", "yes"), (absence.end, "cut off", "")]
    events += [(time, "down", "") for time, who in (*play.mishaps.deaths, *play.unmounted) if who == nid]
    changes: list[tuple[float, str]] = []
    barriers: dict[str, str] = {}
    known = {"dialect": "absent", "cut off": ""}
    for time, what, state in sorted(events, key=lambda event: event[0]):
        if what == "down":
            barriers.clear()
        if what in known:
            known[what] = state
        elif what not in ("evicted", "down"):
            barriers[what] = state
        farthest = max(barriers.values(), key=_ORDER.index, default="run")
        shown = known["dialect"] if farthest == "run" else farthest
        shown = "cut off" if known["cut off"] else shown
        changes.append((time, what if what in ("evicted", "down") else shown))
    return changes


#: Which of two states of a node shows where both fall into one column: the later in this order.
_RANK = {state: number for number, state in enumerate([
    "absent", *VERSIONS, "reopening", "disconnected", "waiting", "cut off", "cleaning", "draining", "down", "halted",
    "committed", "quiet", "revoking", "evicted",
])}  # fmt: skip


def span(found: list[Lane]) -> tuple[float, float]:
    """From the first change to the last."""
    times = [time for lane in found for time, _ in lane.changes if time != float("inf")]
    return min(times, default=0.0), max(times, default=1.0)


def shown(lane: Lane, begin: float, end: float) -> str:
    """What a column shows of a lane: the rarest state in its time, so that no moment of a stop is passed over."""
    inside = [state for time, state in lane.changes if begin < time <= end]
    return max([lane.at(begin), *inside], key=_RANK.__getitem__)


def text(play: Play, width: int = 96) -> str:
    """The timeline in letters: columns of equal time, a scale in seconds, and the legend of what occurs."""
    found = lanes(play)
    begin, end = span(found)
    column = max(end - begin, 1e-6) / width
    margin = max(len(lane.name) for lane in found) + 1
    states = [[shown(lane, begin + n * column, begin + (n + 1) * column) for n in range(width)] for lane in found]
    rows = [
        lane.name.ljust(margin) + "".join(STATES[state][0] for state in row).rstrip()
        for lane, row in zip(found, states, strict=True)
    ]  # fmt: skip
    scale = ""
    for tick in ticks(begin, end, width // 12):
        at = int((tick - begin) / column)
        if at >= len(scale):
            scale = scale.ljust(at) + f"|{tick:g} s "
    seen = {state for row in states for state in row}
    legend = [
        f"{letter} {meaning}" for state, (letter, _, meaning) in STATES.items() if state in seen and letter != " "
    ]
    per = f"a column is {column:.3g} s"
    return "\n".join([" " * margin + scale.rstrip(), *rows, "", *_folded([*legend, per], width)])


def ticks(begin: float, end: float, most: int) -> list[float]:
    """Round times between two times, at most so many."""
    step = 10.0 ** floor(log10(max(end - begin, 1e-6)))
    step = next(s for s in (step / 10, step / 5, step / 2, step, 2 * step, 5 * step) if (end - begin) / s <= most)
    return [n * step for n in range(ceil(begin / step), int(end / step) + 1)]


def _folded(words: list[str], width: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 2 > width:
            lines.append("")
        lines[-1] += ("  " if lines[-1] else "") + word
    return lines


def svg(play: Play, title: str) -> str:
    """The timeline as an SVG picture: an axis in seconds, a lane for each node, what the operator did, the legend."""
    found, height, left, wide = lanes(play), 18, 110, 960
    begin, end = span(found)
    scale = wide / max(end - begin, 1e-6)
    labels = _labels([(left + (done.time - begin) * scale, f"{done.time:.1f} {done.text}") for done in play.operated])
    top = 44 + 12 * (1 + max((row for _, _, row in labels), default=0))
    bottom = top + height * len(found)
    used = [name for name in STATES if name != "absent" and any(name == s for lane in found for _, s in lane.changes)]
    tall = bottom + 40 + 18 * (-(-len(used) // 4))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + wide + 200}" height="{tall}"'
        ' font-family="sans-serif" font-size="11">',
        f'<rect width="{left + wide + 200}" height="{tall}" fill="white"/>',
        f'<text x="8" y="18" font-size="14">{escape(title)}</text>',
    ]
    for x, label, row in labels:
        y = 38 + 12 * row
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{bottom}" stroke="#bbbbbb"/>')
        out.append(f'<text x="{x + 2:.1f}" y="{y}" font-size="9">{escape(label)}</text>')
    for number, lane in enumerate(found):
        y = top + number * height
        out.append(f'<text x="8" y="{y + 12}">{escape(lane.name)}</text>')
        until = [time for time, _ in lane.changes[1:]] + [end]
        for (time, state), then in zip(lane.changes, until, strict=True):
            if state != "absent" and time <= end:
                x, size = left + (time - begin) * scale, max((min(then, end) - time) * scale, 1.0)
                said = escape(f"{lane.name} {time:.3f} s: {STATES[state][2]}")
                box = f'x="{x:.2f}" y="{y}" width="{size:.2f}" height="{height - 4}" fill="{STATES[state][1]}"'
                out.append(f"<rect {box}><title>{said}</title></rect>")
    for tick in ticks(begin, end, 16):
        x = left + (tick - begin) * scale
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}" stroke="black"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{tick:g} s</text>')
    for number, state in enumerate(used):
        x, y = 8 + (number % 4) * 230, bottom + 26 + 18 * (number // 4)
        out.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{STATES[state][1]}"/>')
        out.append(f'<text x="{x + 18}" y="{y + 10}">{escape(STATES[state][2])}</text>')
    return "\n".join([*out, "</svg>", ""])


def _labels(wanted: list[tuple[float, str]]) -> list[tuple[float, str, int]]:
    """Labels with the row of each: the first in which it does not run into the one before."""
    ends: list[float] = []
    found = []
    for x, label in wanted:
        row = next((row for row, end in enumerate(ends) if end <= x), len(ends))
        ends[row : row + 1] = [x + 5.2 * len(label) + 8]
        found.append((x, label, row))
    return found
