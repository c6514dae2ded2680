"""Messages of one dialect become messages of another: rules, session, loss report.

The package itself can be called: ``lustre_wire.translate(message, dialect)`` is `translate`, whether the name was
resolved to the function or, after an ``import lustre_wire.translate``, to this package.
"""

import sys
from types import ModuleType
from typing import Any

from lustre_wire.translate.engine import Translation, register, rule_sets, rules_between, translate
from lustre_wire.translate.pages import TranslatedPages, translate_pages
from lustre_wire.translate.report import Entry, Report
from lustre_wire.translate.session import FidAllocator, OpenFile, Session

__all__ = [
    "Entry", "FidAllocator", "OpenFile", "Report", "Session", "TranslatedPages", "Translation", "register", "rule_sets",
    "rules_between", "translate", "translate_pages",
]  # fmt: skip


class _Callable(ModuleType):
    """A package with the name of the function it is about."""

    def __call__(self, *args: Any, **kwargs: Any) -> Translation:
        return translate(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
