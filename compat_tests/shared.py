"""Files of real servers, and cases made of them, where they lie beside the project; tests of them skip elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).parent.parent.parent / "shared"
CASES = _SHARED / "cases"
REAL = _SHARED / "real"

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases")
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/real")


def real(*patterns: str) -> list[Path]:
    """The real files that match one of the patterns; none where the folder is absent."""
    return sorted({path for pattern in patterns for path in REAL.glob(pattern)})
