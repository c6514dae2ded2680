"""A play drawn: one lane per node, time from left to right, not to scale: a column is a moment of change."""

from __future__ import annotations

from bisect import bisect_right
from xml.sax.saxutils import escape

import attrs

from lustre_wire.upgrade.nodes.server import VERSIONS, Controlled
from lustre_wire.upgrade.protocol.shutdown import ServerState
from lustre_wire.upgrade.stage.play import Play

#: state -> (letter in text, colour in SVG, what the legend says)
STATES = {
    "absent": (" ", "none", "not there"),
    "1.8": ("1", "#8fb3d9", "serving or running in 1.8"),
    "2.0": ("2", "#8fce8f", "serving or running in 2.0"),
    "revoking": ("R", "#f2d27a", "server: revoking"),
    "quiet": ("Q", "#e8a15a", "server: quiet"),
    "committed": ("C", "#d98a8a", "server: committed"),
    "halted": ("H", "#a05555", "server: halted"),
    "down": (".", "#444444", "down"),
    "draining": ("d", "#f7e3a8", "client: draining"),
    "cleaning": ("c", "#f2d27a", "client: cleaning"),
    "waiting": ("w", "#e8a15a", "client: waiting"),
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
    for absence in (a for a in play.absences if a.nid == nid):
        events += [(absence.begin, "cut off", "yes"), (absence.end, "cut off", "")]
    events += [(time, "down", "") for time, who in play.deaths if who == nid]
    changes: list[tuple[float, str]] = []
    barriers: dict[str, str] = {}
    known = {"dialect": "absent", "cut off": ""}
    for time, what, state in sorted(events, key=lambda event: event[0]):
        if what in known:
            known[what] = state
        elif what not in ("evicted", "down"):
            barriers[what] = state
        farthest = max(barriers.values(), key=_ORDER.index, default="run")
        shown = known["dialect"] if farthest == "run" else farthest
        shown = "cut off" if known["cut off"] else shown
        changes.append((time, what if what in ("evicted", "down") else shown))
    return changes


def columns(found: list[Lane], most: int) -> list[float]:
    """Moments to show: all at which something changed, or as many as fit, evenly picked."""
    times = sorted({time for lane in found for time, _ in lane.changes if time != float("inf")})
    step = -(-len(times) // most) if times else 1
    return times[step - 1 :: step] + ([times[-1]] if times and len(times) % step else [])


def text(play: Play, width: int = 96) -> str:
    """The timeline in letters, with times of some columns and the legend of what occurs."""
    found = lanes(play)
    moments = columns(found, width)
    margin = max(len(lane.name) for lane in found) + 1
    rows = [lane.name.ljust(margin) + "".join(STATES[lane.at(t)][0] for t in moments).rstrip() for lane in found]
    marks = [" "] * (len(moments) + 12)
    free = 0
    for index, moment in enumerate(moments):
        label = f"|{moment:.2f}"
        if index >= free and index + len(label) <= len(marks):
            marks[index : index + len(label)] = label
            free = index + len(label) + 1
    seen = {lane.at(t) for lane in found for t in moments}
    legend = [
        f"{letter} {meaning}" for state, (letter, _, meaning) in STATES.items() if state in seen and letter != " "
    ]
    lines = [" " * margin + "".join(marks).rstrip(), *rows, "", *_folded(legend, width)]
    return "\n".join(lines)


def _folded(words: list[str], width: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 2 > width:
            lines.append("")
        lines[-1] += ("  " if lines[-1] else "") + word
    return lines


def svg(play: Play, title: str) -> str:
    """The timeline as an SVG picture: lanes, moments, what the operator did, legend."""
    found, step, height, left, top = lanes(play), 9, 18, 110, 120
    moments = columns(found, 160)
    wide, tall = left + step * len(moments) + 20, top + height * len(found) + 26 + 18 * (len(STATES) // 4 + 1)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" font-family="sans-serif"'
        ' font-size="11">',
        f'<rect width="{wide}" height="{tall}" fill="white"/>',
        f'<text x="8" y="18" font-size="14">{escape(title)}</text>',
    ]
    for done in play.operated:
        x = left + step * max(0, bisect_right(moments, done.time) - 1)
        said = escape(f"{done.time:.1f} {done.text}")
        out.append(f'<text transform="translate({x + 4},{top - 6}) rotate(-40)" font-size="8">{said}</text>')
    for row, lane in enumerate(found):
        y = top + row * height
        out.append(f'<text x="8" y="{y + 12}">{escape(lane.name)}</text>')
        for column, moment in enumerate(moments):
            state = lane.at(moment)
            if state != "absent":
                x, colour, said = left + column * step, STATES[state][1], escape(f"{lane.name} {moment:.3f} {state}")
                size = f'width="{step}" height="{height - 4}" fill="{colour}"'
                out.append(f'<rect x="{x}" y="{y}" {size}><title>{said}</title></rect>')
    for index, (_, colour, meaning) in enumerate(list(STATES.values())[1:]):
        x, y = 8 + (index % 4) * 190, top + height * len(found) + 16 + 18 * (index // 4)
        out.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{x + 18}" y="{y + 10}">{escape(meaning)}</text>')
    return "\n".join([*out, "</svg>", ""])
