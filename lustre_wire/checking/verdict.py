"""What a check says of the evidence it was shown."""

from __future__ import annotations

import attrs


@attrs.define(slots=True)
class Verdict:
    """`seen`: how often the invariant applied; `wrong`: where it did not hold."""

    seen: int = 0
    wrong: list[str] = attrs.field(factory=list)

    def must(self, holds: bool, *said: object) -> None:
        """The situation occurred; `said`, joined as text, is where and why the invariant does not hold there."""
        self.seen += 1
        if not holds:
            self.wrong.append(": ".join(map(str, said)))
