"""Operations of several steps: generators that yield requests and are resumed with the answers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import attrs

from lustre_wire.errors import WireError
from lustre_wire.recovery.imports import Import
from lustre_wire.recovery.names import errno_name
from lustre_wire.recovery.request import Request


class OperationFailed(Exception):
    """An operation that the file system refused: `status` is a negative errno."""

    def __init__(self, status: int) -> None:
        super().__init__(errno_name(status))
        self.status = status


@attrs.define(slots=True, frozen=True)
class Call:
    """Yielded to send a request; resumed with the finished `Request`."""

    owner: Import
    request: Request


@attrs.define(slots=True, frozen=True)
class Until:
    """Yielded to wait until something is so."""

    holds: Callable[[], bool]


Steps = Generator[Call | Until, Any, Any]


@attrs.define(slots=True, eq=False)
class Task:
    """One operation under way.

    Attributes:
        done: it has a `result`, or an `error`.
    """

    steps: Steps
    name: str = ""
    done: bool = False
    result: Any = None
    error: OperationFailed | WireError | None = None
    waiting: Until | None = None


class Tasks:
    """The operations of one node."""

    def __init__(self) -> None:
        self.running: list[Task] = []
        self._ready: list[tuple[Task, Any]] = []

    def start(self, steps: Steps, name: str = "") -> Task:
        task = Task(steps, name)
        self.running.append(task)
        self._ready.append((task, None))
        return task

    def run(self, now: float) -> None:
        """Let everything go on that can."""
        while True:
            for task in self.running:
                if task.waiting is not None and task.waiting.holds():
                    task.waiting = None
                    self._ready.append((task, None))
            if not self._ready:
                return
            ready, self._ready = self._ready, []
            for task, value in ready:
                self._step(task, value, now)

    def _step(self, task: Task, value: Any, now: float) -> None:
        if task.done:
            return
        try:
            step = task.steps.send(value)
        except StopIteration as stop:
            self._finish(task, stop.value, None)
        except (OperationFailed, WireError) as error:
            self._finish(task, None, error)
        else:
            if isinstance(step, Until):
                task.waiting = step
            else:
                inner = step.request.done
                step.request.done = lambda request: self._answered(task, request, inner)
                step.owner.submit(step.request, now)

    def _answered(self, task: Task, request: Request, inner: Callable[[Request], None] | None) -> None:
        if inner is not None:
            inner(request)
        self._ready.append((task, request))

    def _finish(self, task: Task, result: Any, error: OperationFailed | WireError | None) -> None:
        task.done, task.result, task.error = True, result, error
        self.running.remove(task)
