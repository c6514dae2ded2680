"""What a check says of a recording, and the register of checks by the number of their invariant."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lustre_wire.testbed.seen import Seen


@attrs.define(slots=True)
class Verdict:
    """`seen`: how often the invariant applied; `wrong`: where it did not hold."""

    seen: int = 0
    wrong: list[str] = attrs.field(factory=list)

    def must(self, holds: bool, what: Seen, why: str) -> None:
        self.seen += 1
        if not holds:
            self.wrong.append(f"message {what.number} at {what.time:.3f}: {why}")


Rule = Callable[[list[Seen], Verdict], None]
Check = Callable[[list[Seen]], Verdict]


def registry() -> tuple[dict[str, Check], Callable[[str], Callable[[Rule], Check]]]:
    """An empty register of checks, and the decorator that enters a rule under the number of its invariant."""
    checks: dict[str, Check] = {}

    def invariant(name: str) -> Callable[[Rule], Check]:
        def made(rule: Rule) -> Check:
            def check(messages: list[Seen]) -> Verdict:
                verdict = Verdict()
                rule(messages, verdict)
                return verdict

            checks[name] = check
            return check

        return made

    return checks, invariant
