"""What several servers can be in together, from the states of one.

The parts of two servers have nothing in common but the *shared moves* (a client dies, boots, loses its network or has
it again; a call of his that needs every server begins or ends; the administrator goes on to the next server) and the
budget of faults. All other moves of one part neither see nor touch another, so any two orders of them lead to the same
state (Mazurkiewicz: a trace is determined by what each part does and the one order of what is shared). Hence, with `w`
the shared moves so far, in their order:

* Part states ``a`` and ``b`` occur together after ``w`` exactly if each can be reached in its own part by a run whose
  shared moves are ``w``, and the faults of both runs are within the budget. What occurs together is counted exactly.
* A law speaks of one part. It is broken somewhere exactly if it is broken in a part state that occurs together with
  some state of every other part.
* When nothing goes wrong any more, the shared moves left are the administrator's and those of calls. The end can be
  reached from ``(a, b)`` exactly if each can reach its own by a run with the same shared moves in the same order.

This is a partial-order reduction taken to its end: one representative for all orders of moves of different servers, and
none of the states between. There is no cycle proviso to keep, for no move is put off: each part is walked whole.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from functools import reduce

import attrs

from lustre_wire.upgrade.model.graph import Graph
from lustre_wire.upgrade.model.moves import DONE, ITS_TURN, boot, death, enter, is_call, is_fault, leave, silence, voice

#: Shared moves in their order.
Word = tuple[str, ...]
#: The administrator goes on to the next server.
NEXT = "next"
STUCK = "the end cannot be reached any more"


@attrs.frozen(cache_hash=True)
class Situation:
    """What parts have to agree on to occur together: `word`, the shared moves so far, and their `lost` and `crashed`.

    Attributes:
        crashed: how many nodes crashed or fell silent, clients included.
        over: nothing is left to be done.
    """

    word: Word
    lost: int
    crashed: int
    over: bool

    def meet(self, other: Situation) -> Situation:
        """Both together. What befell clients is the same for both."""
        crashed = self.crashed + other.crashed - _befallen(self.word)
        return Situation(self.word, self.lost + other.lost, crashed, self.over and other.over)

    def key(self) -> tuple[object, ...]:
        """What tells two states of everything apart whose parts look the same: not the order in which it came."""
        fates = frozenset(move for move in self.word if not is_call(move))
        return self.word.count(NEXT), fates, self.lost, self.crashed


Situations = frozenset[Situation]


@attrs.define(slots=True)
class Joint:
    """Several servers with the same clients.

    Attributes:
        graph: of each server's part.
        losses, crashes: the budget of all together.
        reached: per server, the states of its part after each word.
    """

    graph: Graph
    losses: int
    crashes: int
    reached: list[dict[Word, list[int]]]

    def count(self) -> tuple[int, int]:
        """How many states of everything there are, and how many of them are over."""
        together = reduce(self._product, (self._classes(part) for part in self.reached))
        states = ends = 0
        for situations, count in together.items():
            over = {situation.key(): situation.over for situation in situations}
            states, ends = states + count * len(over), ends + count * sum(over.values())
        return states, ends

    def broken(self) -> Iterator[tuple[str, int, int]]:
        """What does not hold, of which server, in which state of its part, if that occurs with some of all others."""
        wrong = self.graph.broken
        every = [self._situations(part) for part in self.reached]
        for server, part in enumerate(self.reached):
            others = every[:server] + every[server + 1 :]
            for word, states in part.items():
                for state in wrong.keys() & set(states):
                    if reduce(self._together, others, frozenset([self._situation(word, state)])):
                        yield wrong[state], server, state
        yield from self._hopeless()

    def _hopeless(self) -> Iterator[tuple[str, int, int]]:
        """States from which the end cannot be reached, even if nothing goes wrong any more: of the server that cannot
        reach its own, or of each where only their ways there do not go together."""
        endings = Endings(self.graph, len(self.reached))
        for word in self.reached[0]:
            together: dict[tuple[int, int, int], tuple[int, ...]] = {(0, _befallen(word), endings.all): ()}
            for server, part in enumerate(self.reached):
                mine: dict[tuple[int, int, int], int] = {}
                for state in part[word]:
                    if state not in self.graph.broken:
                        ways = endings.of(server, word.count(NEXT), state)
                        mine.setdefault((self.graph.lost[state], self.graph.crashed[state], ways), state)
                together = {
                    (lost + more, crashed + again, ways & others): (*states, state)
                    for (lost, crashed, ways), states in together.items()
                    for (more, again, others), state in mine.items()
                    if lost + more <= self.losses and crashed + again <= self.crashes
                }
            for (_, _, ways), states in together.items():
                if not ways:
                    own = [not endings.of(server, word.count(NEXT), state) for server, state in enumerate(states)]
                    for server, state in enumerate(states):
                        if own[server] or not any(own):
                            yield STUCK, server, state

    def _situation(self, word: Word, state: int) -> Situation:
        graph = self.graph
        return Situation(word, graph.lost[state], graph.crashed[state] + _befallen(word), graph.over[state])

    def _situations(self, part: dict[Word, list[int]]) -> Situations:
        return frozenset(self._situation(word, state) for word, states in part.items() for state in states)

    def _classes(self, part: dict[Word, list[int]]) -> Counter[Situations]:
        """How many contents occur in the same situations."""
        found: dict[int, set[Situation]] = {}
        for word, states in part.items():
            for state in states:
                found.setdefault(self.graph.content[state], set()).add(self._situation(word, state))
        return Counter(map(frozenset, found.values()))

    def _together(self, one: Situations, other: Situations) -> Situations:
        met = (a.meet(b) for a in one for b in other if a.word == b.word)
        return frozenset(each for each in met if each.lost <= self.losses and each.crashed <= self.crashes)

    def _product(self, one: Counter[Situations], other: Counter[Situations]) -> Counter[Situations]:
        found: Counter[Situations] = Counter()
        for a, many in one.items():
            for b, more in other.items():
                found[self._together(a, b)] += many * more
        return found


class Endings:
    """By which shared moves, in which order, a server's part gets to its end when nothing goes wrong any more: sets of
    words, as bits of a number.

    Args:
        servers: how many there are.

    Attributes:
        all: every word.
    """

    def __init__(self, graph: Graph, servers: int) -> None:
        self._graph, self._servers = graph, servers
        calls = {move for shared in graph.shared for move in shared if is_call(move)}
        self._moves = (NEXT, *sorted(calls))
        self._number: dict[Word, int] = {word: n for n, word in enumerate(self._words())}
        self._longer: dict[tuple[str, int], int] = {}
        self._before = self._edges()
        self._known: dict[tuple[int, int], list[int]] = {}
        self.all = (1 << len(self._number)) - 1

    def of(self, server: int, turns: int, state: int) -> int:
        """The words that are left for a state after so many turns of the administrator."""
        if (server, turns) not in self._known:
            self._known[server, turns] = self._walk(server, turns)
        return self._known[server, turns][state]

    def _words(self) -> Iterator[Word]:
        found: deque[Word] = deque([()])
        while found:
            word = found.popleft()
            yield word
            for move in self._moves:
                if word.count(move) < (self._servers if move == NEXT else 1):
                    found.append((move, *word))

    def _edges(self) -> list[list[tuple[int, str]]]:
        """Where each state is come from without a fault, and by which call, if any."""
        before: list[list[tuple[int, str]]] = [[] for _ in self._graph.content]
        for state, follow in enumerate(self._graph.inner):
            for then in follow:
                before[then].append((state, ""))
            for move, then in self._graph.shared[state].items():
                if is_call(move):
                    before[then].append((state, move))
        return before

    def _walk(self, server: int, turns: int) -> list[int]:
        graph = self._graph
        words = [int(over) << self._number[()] for over in graph.over]
        if turns < self._servers:
            done = (NEXT,) * turns
            for state in range(len(graph)):
                for then in _follow(graph, server, done, NEXT, [state]):
                    words[state] |= self._behind(NEXT, self.of(server, turns + 1, then))
        queue = deque(state for state, found in enumerate(words) if found)
        while queue:
            then = queue.popleft()
            for state, move in self._before[then]:
                more = words[state] | (self._behind(move, words[then]) if move else words[then])
                if more != words[state]:
                    words[state] = more
                    queue.append(state)
        return words

    def _behind(self, move: str, words: int) -> int:
        """The same words behind this move."""
        if (move, words) not in self._longer:
            found = 0
            for word, number in self._number.items():
                if words >> number & 1 and (move, *word) in self._number:
                    found |= 1 << self._number[move, *word]
            self._longer[move, words] = found
        return self._longer[move, words]


def join(graph: Graph, clients: int, servers: int, losses: int, crashes: int) -> Joint:
    """Find the states of every server's part after each word that all of them know."""
    known: dict[Word, list[list[int]]] = {(): [graph.closure([_start(graph, server)]) for server in range(servers)]}
    queue: deque[Word] = deque(known)
    while queue:
        word = queue.popleft()
        steps = [NEXT] if word.count(NEXT) < servers else []
        for move in (*steps, *(name(client) for name in _OF_CLIENTS for client in range(clients))):
            seeds = [set(_follow(graph, server, word, move, states)) for server, states in enumerate(known[word])]
            if all(seeds):
                known[*word, move] = [graph.closure(part) for part in seeds]
                queue.append((*word, move))
    reached = [{word: parts[server] for word, parts in known.items()} for server in range(servers)]
    return Joint(graph, losses, crashes, reached)


_OF_CLIENTS = (death, boot, silence, voice, enter, leave)


def _befallen(word: Word) -> int:
    return sum(map(is_fault, word))


def _start(graph: Graph, server: int) -> int:
    """The first server's turn has come at the beginning."""
    return 0 if server else graph.shared[0][ITS_TURN]


def _follow(graph: Graph, server: int, word: Word, move: str, states: list[int]) -> Iterable[int]:
    """Where a shared move leads this server's part: nowhere, if it is in the way."""
    if move != NEXT:
        name = move
    elif server == word.count(NEXT):
        name = DONE
    elif server == word.count(NEXT) + 1:
        name = ITS_TURN
    else:
        return states
    return (graph.shared[state][name] for state in states if name in graph.shared[state])
