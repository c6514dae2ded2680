"""Three engines agree on everything generated; a disagreement is reduced and becomes a test to paste."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_tests.tshark import Placed, dissected, needs_tshark
from lustre_wire.capture import ConversationWriter, PcapWriter
from lustre_wire.dialects import all_dialects
from lustre_wire.schema import spec_of
from lustre_wire.testing import differential, sample
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


@needs_tshark
@pytest.mark.parametrize("direction", ["request", "reply"])
def test_tshark_reads_the_headers_of_drawn_messages_alike(direction: str, tmp_path: Path) -> None:
    """Container header and ptlrpc_body of all kinds of messages of 2.0, as far as tshark looks at a portal."""
    drawn = sample("2.0", 250, direction=direction, order="little", seed=20)
    with (tmp_path / "drawn.pcap").open("wb") as file:
        writer = ConversationWriter(PcapWriter(file))
        write = writer.request if direction == "request" else writer.reply
        written = [m for m in drawn if m.format is not None and m.format.portal and m.format.reply_portal]
        for number, message in enumerate(written, 1):
            write(number, message, number)
    assert len(written) > 200
    compared = 0
    for theirs in dissected(tmp_path / "drawn.pcap"):
        message = written[int(theirs.lnet["lnet.msg_dst_match_bits"], 16) - 1]
        ours = Placed(message)
        for shown in theirs.shown:
            if shown.at < ours.buffers_from:
                assert ours.same(shown), (message.name, shown)
                compared += not shown.inner
    assert compared > 20 * len(written)
