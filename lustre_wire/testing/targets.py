"""What `fuzz` drives: our own decoder, a command that reads a message on standard input, or a TCP port."""

from __future__ import annotations

import ipaddress
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from lustre_wire.dialects import Dialect
from lustre_wire.dialects import dialect as named_dialect
from lustre_wire.errors import WireError
from lustre_wire.jsonform import from_json, to_json
from lustre_wire.rpc import decode, encode
from lustre_wire.testing.commands import run_bounded

ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
CRASH: Final = "crash"
HANG: Final = "hang"
UNFAITHFUL: Final = "unfaithful"
#: Outcomes that are findings.
FAILURES: Final = frozenset({CRASH, HANG, UNFAITHFUL})

_SHELL_SIGNALS: Final = 128


@dataclass(frozen=True)
class Outcome:
    """What a target did with one input: one of the five words above, and a detail for people."""

    kind: str
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is a finding."""
        return self.kind in FAILURES


class Target(Protocol):
    """Something that is given one input after the other."""

    def give(self, data: bytes) -> Outcome:
        """Hand over one input and say what happened."""
        ...

    def close(self) -> None:
        """Give back what the target holds."""
        ...


class DecoderTarget:
    """Our own decoder: whatever comes in, a message that encodes to the same bytes (also through JSON), or a WireError.

    Any other exception is a crash; more than `slow` seconds on one input is a hang.
    """

    def __init__(self, dialect: Dialect | str, *, slow: float = 1.0) -> None:
        self.dialect = named_dialect(dialect)
        self.slow = slow

    def give(self, data: bytes) -> Outcome:
        """See `Target.give`."""
        start = time.perf_counter()
        try:
            outcome = self._read(data)
        except Exception as error:  # the point of the target is to find what should not come out
            return Outcome(CRASH, f"{type(error).__name__}: {error}")
        taken = time.perf_counter() - start
        return Outcome(HANG, f"{taken:.1f} s") if taken > self.slow else outcome

    def _read(self, data: bytes) -> Outcome:
        try:
            message = decode(data, self.dialect)
        except WireError as error:
            return Outcome(REFUSED, str(error))
        if encode(message) != data:
            return Outcome(UNFAITHFUL, "encodes to other bytes")
        if encode(from_json(to_json(message))) != data:
            return Outcome(UNFAITHFUL, "encodes to other bytes after its JSON form")
        return Outcome(ACCEPTED, message.name)

    def close(self) -> None:
        """Nothing is held."""


class CommandTarget:
    """A command that reads one message on standard input.

    Exit status 0 counts as accepted, any other up to 127 as refused; a signal (also as 128 + n, the way of shells) is a
    crash, and no end within `timeout` seconds a hang.
    """

    def __init__(self, argv: Sequence[str], *, timeout: float = 5.0) -> None:
        if not argv:
            raise WireError("expected a command to run")
        self.argv = list(argv)
        self.timeout = timeout

    def give(self, data: bytes) -> Outcome:
        """See `Target.give`.

        Raises:
            OSError: the command cannot be started.
        """
        try:
            done = run_bounded(self.argv, data, timeout=self.timeout, most=0)
        except TimeoutError as error:
            return Outcome(HANG, str(error))
        said = done.said.decode(errors="replace").strip()
        code = done.status
        if code < 0 or code > _SHELL_SIGNALS:
            number = -code if code < 0 else code - _SHELL_SIGNALS
            return Outcome(CRASH, f"{_signal(number)} {said}".strip())
        return Outcome(ACCEPTED if code == 0 else REFUSED, said)

    def close(self) -> None:
        """Nothing is held."""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class PortTarget:
    """A server on loopback that speaks socklnd.

    Each input is sent as the payload of an LNet PUT on a connection of its own, after connection request and HELLO.
    The server may answer, close, or say nothing; what counts is that it still takes the next connection. One that
    refuses it has crashed, one that takes it and answers no HELLO within `timeout` seconds hangs.

    Args:
        host, port: where; only loopback addresses are accepted.
        preamble: bytes that open a connection (connection request and HELLO).
        wrap: makes the bytes to send of one input.
        timeout: seconds to wait for the HELLO.
        patience: seconds to wait for an answer to the input.

    Raises:
        WireError: an address that is not loopback.
    """

    def __init__(
        self, host: str, port: int, preamble: bytes, wrap: Wrap, *, timeout: float = 5.0, patience: float = 0.01
    ) -> None:
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise WireError(f"{host} is not a loopback address: fuzzing is for servers on this machine")
        self.address = (host, port)
        self.preamble = preamble
        self.wrap = wrap
        self.timeout = timeout
        self.patience = patience

    def give(self, data: bytes) -> Outcome:
        """See `Target.give`."""
        try:
            with socket.create_connection(self.address, self.timeout) as link:
                link.sendall(self.preamble)
                if not link.recv(65536):  # all of the HELLO, so that none of it is taken for the answer to the input
                    return Outcome(REFUSED, "closed at the HELLO")
                return self._send(link, data)
        except TimeoutError:
            return Outcome(HANG, f"no HELLO within {self.timeout:g} s")
        except ConnectionRefusedError as error:
            return Outcome(CRASH, f"the server is gone: {error}")
        except ConnectionError as error:
            return Outcome(REFUSED, str(error))

    def _send(self, link: socket.socket, data: bytes) -> Outcome:
        link.sendall(self.wrap(data))
        link.settimeout(self.patience)
        try:
            return Outcome(ACCEPTED) if link.recv(65536) else Outcome(REFUSED, "closed")
        except TimeoutError:
            return Outcome(ACCEPTED, "no answer")

    def close(self) -> None:
        """Nothing is held between inputs."""


class Wrap(Protocol):
    """Puts one input into the frames of a connection."""

    def __call__(self, data: bytes, /) -> bytes: ...
