"""The pytest plugin (entry-point group "pytest11"): dialects, messages and a small file system as fixtures.

::

    def test_my_parser(lustre_dialect, lustre_messages):
        for message in lustre_messages(count=100):
            my_parser(lw.encode(message))

``--lustre-dialect 1.8`` (repeatable) limits what `lustre_dialect` runs over; every installed dialect unless given.
``--lustre-recorded FILE`` (repeatable) names captures or recordings for `lustre_recorded`.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from lustre_wire.capture import Captured
    from lustre_wire.dialects import Dialect
    from lustre_wire.rpc import Message
    from lustre_wire.testbed.file_system import Simulated


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lustre-wire")
    group.addoption(
        "--lustre-dialect", action="append", default=[], metavar="NAME",
        help="run tests that use the lustre_dialect fixture only for this dialect (repeatable)",
    )  # fmt: skip
    group.addoption(
        "--lustre-recorded", action="append", default=[], metavar="FILE",
        help="capture or recording whose messages the lustre_recorded fixture gives (repeatable)",
    )  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lustre_dialect" not in metafunc.fixturenames:
        return
    from lustre_wire.dialects import dialect, names
    from lustre_wire.errors import WireError

    wanted = metafunc.config.getoption("--lustre-dialect") or names()
    try:
        found = [dialect(name) for name in wanted]
    except WireError as error:
        raise pytest.UsageError(str(error)) from None
    metafunc.parametrize("lustre_dialect", found, ids=[d.name for d in found], indirect=True)


@pytest.fixture
def lustre_dialect(request: pytest.FixtureRequest) -> Dialect:
    """Each dialect in turn, or those of ``--lustre-dialect``."""
    made: Dialect = request.param
    return made


@pytest.fixture
def lustre_messages(lustre_dialect: Dialect) -> Callable[..., list[Message]]:
    """A function ``(count=20, seed=0, **which)`` that gives that many messages of the dialect, the same every time.

    `which` goes to `lustre_wire.testing.messages`: ``opcode=``, ``name=``, ``direction=``, ``order=``.
    """
    if find_spec("hypothesis") is None:
        raise pytest.UsageError("the lustre_messages fixture needs an extra: pip install 'lustre-wire[testing]'")
    from lustre_wire.testing.sampling import sample

    def some(count: int = 20, *, seed: int = 0, **which: Any) -> list[Message]:
        return sample(lustre_dialect, count, seed=seed, **which)

    return some


@pytest.fixture
def lustre_recorded(request: pytest.FixtureRequest, lustre_dialect: Dialect) -> list[Captured]:
    """The messages of the dialect in the files of ``--lustre-recorded``, replies with their requests."""
    from lustre_wire.capture import read_input

    paths = request.config.getoption("--lustre-recorded")
    if not paths:
        raise pytest.UsageError("the lustre_recorded fixture needs --lustre-recorded FILE")
    found = [captured for path in paths for captured in read_input(path)]
    return [c for c in found if c.message is not None and c.message.dialect is lustre_dialect]


@pytest.fixture
def lustre_testbed(lustre_dialect: Dialect) -> Simulated:
    """A file system of the dialect in the simulator (MGS, MDS, one OST), with one client that has mounted it."""
    from lustre_wire.testbed.file_system import Simulated

    return Simulated(lustre_dialect)
