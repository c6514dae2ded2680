"""Work in a process of its own, which may crash, hang or grow without harm."""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

#: Bytes a child may have mapped.
MEMORY = 4 << 30

TIMED_OUT = "timeout"
CRASHED = "crash"

_log = os.dup(2)  # children have no standard error


def say(text: str) -> None:
    """A line on the standard error this process began with."""
    os.write(_log, f"{text}\n".encode())


def forked(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` returns in a forked child; `TIMED_OUT` after `seconds`, `CRASHED` if the child dies."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _run(work, reader, writer)
    os.close(writer)
    data = _received(reader, seconds)
    if data is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    os.close(reader)
    os.waitpid(child, 0)
    return TIMED_OUT if data is None else pickle.loads(data) if data else CRASHED


def _run(work: Callable[[], Any], reader: int, writer: int) -> None:
    """The child's life."""
    try:
        os.setsid()
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pickle.dumps(work()))
    except Exception:
        say(traceback.format_exc())
    finally:
        os._exit(0)  # no clean-up: that is the parent's


def _received(reader: int, seconds: float) -> bytes | None:
    """Everything the child writes; None if it takes too long."""
    end = time.monotonic() + seconds
    pieces: list[bytes] = []
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return None
        piece = os.read(reader, 1 << 16)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
