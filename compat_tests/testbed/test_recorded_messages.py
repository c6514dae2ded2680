"""What the testbed's client sends is what Lustre's own clients sent, byte for byte, for the same inputs.

The inputs of an operation are read from the recorded message through the dialect's forms; every other byte has to come
out of the declarations. What the connection owns (handle, connection count, timeout, header flags, pid) is taken over.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

import lustre_wire as lw
from compat_tests import recorded
from lustre_wire.testbed.packing import packer

#: Messages that differ, and why.
DIFFERENT = {
    r"getattr-name-d20": "the recording counted the NUL into the name's length; a mounted client sends one NUL",
    r"(reint|reint-replay-reint)-setattr-(d20-)?epoch": "the I/O epoch: size on MDS is not granted",
    r"fld-query": "2.0.0 sends what its buffer held before behind the sequence; the testbed zeroes",
    r"unpin-": "a close in the form of an unpin; the testbed pins nothing",
    r"open-replay-intent-open-(creat-excl|directory|openlock|rdonly).*-d18": (
        "1.8.9 shortened the EA in place and still sends the bytes behind it: nothing to derive them from"
    ),
}


def comparable() -> list[recorded.Recorded]:
    out = []
    for message in recorded.messages():
        # the 1.8.9 client packs 2.0 messages by hand; the testbed packs as 2.0.0 does
        release = str(message.row["lustre_version"])
        mixed = message.dialect == "2.0" and release.startswith("1.8")
        if message.direction == "request" and message.endian == "little" and not mixed and "-v1" not in message.id:
            decoded = message.decode()
            if packer(decoded.dialect).read(decoded) is not None and "callback" not in message.id:
                out.append(message)
    return out


def rebuilt(message: recorded.Recorded) -> bytes:
    """The message made again from its own inputs."""
    old = message.decode()
    pack = packer(old.dialect)
    found = pack.read(old)
    assert found is not None and old.format is not None
    new = pack.request(found[1], old.format.name)
    new.header.lm_flags, new.header.lm_secflvr = old.header.lm_flags, old.header.lm_secflvr
    for name in ("pb_handle", "pb_status", "pb_conn_cnt", "pb_timeout", "pb_flags", "pb_transno", "pb_pre_versions"):
        setattr(new.body, name, getattr(old.body, name))
    return lw.encode(new)


CASES = comparable()


def why_different(message: recorded.Recorded) -> str:
    return next((why for pattern, why in DIFFERENT.items() if re.match(pattern, message.id)), "")


@pytest.mark.parametrize("message", [m for m in CASES if not why_different(m)], ids=str)
def test_the_same_inputs_give_the_recorded_bytes(message: recorded.Recorded) -> None:
    assert rebuilt(message).hex() == message.data.hex()


@pytest.mark.parametrize("message", [m for m in CASES if why_different(m)], ids=str)
def test_the_listed_differences_are_real(message: recorded.Recorded) -> None:
    assert rebuilt(message) != message.data


def test_what_was_compared() -> None:
    kinds = Counter(m.dialect for m in CASES if not why_different(m))
    assert kinds["1.8"] > 100 and kinds["2.0"] > 100
    assert sum(1 for m in CASES if why_different(m)) == 11
