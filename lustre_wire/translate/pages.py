"""Directory pages, which travel as bulk data and not in messages."""

from __future__ import annotations

import errno
from collections.abc import Iterable

import attrs

from lustre_wire.dialects import Dialect
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.errors import LossyTranslation
from lustre_wire.kinds import checked, octets
from lustre_wire.rpc import REPLY, build
from lustre_wire.translate.engine import OnLoss, rules_between
from lustre_wire.translate.report import Report
from lustre_wire.translate.session import Session
from lustre_wire.translate.work import Work

_OPERATION = "MDS_READPAGE"


@attrs.frozen(slots=True)
class TranslatedPages:
    """Pages in the target dialect, and what became of them on the way."""

    data: bytes
    report: Report


@checked
def translate_pages(
    data: bytes, source: Dialect | str, target: Dialect | str, *, session: Session | None = None,
    on_loss: OnLoss = "raise", allow: Iterable[str] = (),
) -> TranslatedPages:  # fmt: skip
    """The directory pages of one MDS_READPAGE in another dialect; in their own, as they are.

    Args:
        data: the bulk data.
        source, target: dialects or their names.
        session, on_loss, allow: as for `translate`.

    Raises:
        LossyTranslation: what an entry says cannot all be said in the target dialect.
        Untranslatable: an entry's file has no name there, or no page can be made at all.
        WireError: no pages, or no rules for them between the dialects.
    """
    here, there = named_dialect(source), named_dialect(target)
    if here is there:
        return TranslatedPages(octets(data, "data"), Report(_OPERATION, "bulk", here.name, there.name))
    rules = rules_between(here, there)
    make = rules.page_up if rules.old == here.name else rules.page_down
    allowed = frozenset((allow,) if isinstance(allow, str) else allow)
    work = Work(build(here, _OPERATION, REPLY), there, session or Session(), None, None, allowed)
    if make is None:
        work.impossible(errno.EOPNOTSUPP, "there are no rules for directory pages")
    made = make(octets(data, "data"), work)
    report = Report(_OPERATION, "bulk", here.name, there.name, tuple(work.entries))
    if on_loss == "raise" and work.lossy:
        raise LossyTranslation(report, tuple(e for e in report.losses if not e.allowed), dialect=here.name)
    return TranslatedPages(made, report)
