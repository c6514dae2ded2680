"""Running somebody else's command: with an end, and no more of what it says than can be believed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Final

from lustre_wire.errors import WireError

#: Seconds that what was said may take to arrive after the command has ended; its children may hold the pipe.
_PATIENCE: Final = 1.0
_PIECE: Final = 1 << 16


@dataclass(frozen=True)
class Ended:
    """How a command ended: `status` as `subprocess` has it, what it wrote, and the end of its standard error."""

    status: int
    out: bytes
    said: bytes


def run_bounded(argv: Sequence[str], data: bytes, *, timeout: float, most: int, most_said: int = 2000) -> Ended:
    """Run a command on `data` as its standard input, and end it with all its children.

    Args:
        argv: the command's words.
        timeout: seconds.
        most: bytes it may write to standard output; 0: what it writes there is not looked at.
        most_said: how many of the last bytes of its standard error are kept.

    Raises:
        TimeoutError: it has not ended in time.
        WireError: it wrote more than `most` bytes.
        OSError: it cannot be started.
    """
    until = time.monotonic() + timeout
    process = subprocess.Popen(
        list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE if most else subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    out, said = bytearray(), bytearray()

    def read(stream: IO[bytes], into: bytearray, keep: int) -> None:
        with stream:
            while piece := os.read(stream.fileno(), _PIECE):
                into += piece
                if into is out and len(out) > most:
                    _kill(process)
                    return
                del into[: max(0, len(into) - keep)]

    def write(stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError), stream:
            stream.write(data)

    assert process.stdin is not None and process.stderr is not None
    threads = [
        threading.Thread(target=write, args=(process.stdin,), daemon=True),
        threading.Thread(target=read, args=(process.stderr, said, most_said), daemon=True),
    ]
    if process.stdout is not None:
        threads.append(threading.Thread(target=read, args=(process.stdout, out, most + _PIECE), daemon=True))
    try:
        for thread in threads:
            thread.start()
        status = process.wait(timeout)
        for thread in threads:
            thread.join(max(0.0, min(until - time.monotonic(), _PATIENCE)))
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"no end within {timeout:g} s") from None
    finally:
        _kill(process)
        process.wait()
        for thread in threads:
            thread.join(_PATIENCE)
    if len(out) > most > 0:
        raise WireError(f"{argv[0]} wrote more than {most:,} bytes")
    return Ended(status, bytes(out), bytes(said))


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
