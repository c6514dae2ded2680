"""Three engines agree on everything generated; a disagreement is reduced and becomes a test to paste."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lustre_wire.dialects import all_dialects
from lustre_wire.schema import spec_of
from lustre_wire.testing import differential
from lustre_wire.testing.differential import disagreements, smallest

STRUCTS = sorted(
    {cls for d in all_dialects() for cls in d.structs.values() if not spec_of(cls).is_union},
    key=lambda c: (c.__module__, c.__qualname__),
)


@pytest.mark.parametrize("cls", STRUCTS, ids=lambda c: f"{c.__module__.split('.')[-2]}.{c.__name__}")
def test_engines_agree(cls: Any) -> None:
    size = spec_of(cls).size
    sizes = st.integers(max(0, size - 1), size + (64 if spec_of(cls).tail is not None else 0))

    @settings(max_examples=12, deadline=None)
    @given(st.binary(min_size=1, max_size=256), sizes, st.sampled_from(("little", "big")))
    def check(pattern: bytes, size: int, order: Any) -> None:
        data = (pattern * (size // len(pattern) + 1))[:size]  # the longest structs are longer than what can be drawn
        found = next(disagreements(cls, data, order), None)
        assert found is None, smallest(found).as_test() if found else ""

    check()


def test_a_disagreement_becomes_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    cls = next(d for d in all_dialects() if d.name == "2.0").structs["lu_fid"]

    def wrong(cls: Any, data: bytes, order: Any) -> Any:
        made = differential._by_construct(cls, data, order)
        made.f_oid &= 0x7FFFFFFF
        return made

    monkeypatch.setitem(differential.READERS, "reference", wrong)
    found = smallest(next(disagreements(cls, bytes(range(200, 216)), "little")))
    assert found.engine == "reference" and sum(map(bool, found.data)) == 1
    names: dict[str, Any] = {}
    exec(found.as_test(), names)
    test = next(v for k, v in names.items() if k.startswith("test_lu_fid_little_endian"))
    with pytest.raises(AssertionError):
        test()
    monkeypatch.undo()
    test()
