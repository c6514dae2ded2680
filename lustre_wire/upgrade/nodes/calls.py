"""A client's calls: each passes the gate before its first message is made, and leaves after its last answer."""

from __future__ import annotations

import errno
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from lustre_wire.testbed.tasks import OperationFailed, Steps, Task, Until
from lustre_wire.upgrade.nodes.writeback import WriteBack
from lustre_wire.upgrade.protocol.gate import Caller, Gate

#: Calls that change nothing, and calls that need no MDS.
READING = frozenset({"getattr", "readlink", "getxattr", "listxattr", "readdir", "statfs", "read", "resolve"})
DATA = frozenset({"read", "write", "write_later", "truncate", "fsync"})
#: Calls that may end at any OST: sizes are asked there, and objects of what lost its last name destroyed.
DESTROYING = frozenset({"unlink", "rename", "getattr", "statfs"})


Then = Callable[[Any, OperationFailed | None], None]


class Calls(WriteBack):
    """A client whose calls pass a gate.

    Attributes:
        gate: in front of every call, as the barriers have it.
    """

    gate: Gate

    def forget(self) -> None:
        super().forget()
        self._callers: dict[Task, Caller] = {}

    @abstractmethod
    def _watch(self) -> None:
        """Called when a call began or ended: let the barriers see it."""

    def perform(self, name: str, *args: Any, then: Then | None = None, **options: Any) -> Task:
        """Begin one of the operations of `files` behind the gate.

        Args:
            then: called with the result and None, or with None and the failure.
        """
        caller = Caller(self._needs(name, args), update=name not in READING, once=name == "close")
        steps = self._gated(caller, lambda: getattr(self, name)(*args, **options))
        task = self.do(steps if then is None else _told(steps, then), self.now, name)
        if not task.done:
            self._callers[task] = caller
        self._watch()
        return task

    def interrupt(self, task: Task) -> bool:
        """A signal for whoever made the call: True if it was held back and returns -EINTR."""
        caller = self._callers.get(task)
        interrupted = caller is not None and self.gate.interrupt(caller)
        self.tasks.run(self.now)
        return interrupted

    def _gated(self, caller: Caller, begin: Callable[[], Steps]) -> Steps:
        self.gate.enter(caller)
        try:
            if caller.status is None:
                yield Until(lambda: caller.status is not None)
            if caller.status:
                raise OperationFailed(caller.status)
            while True:
                try:
                    return (yield from begin())
                except OperationFailed as failure:
                    if failure.status != -errno.ERESTART:
                        raise
                    if caller.once:
                        return None
        finally:
            self.gate.leave(caller)
            self._callers = {task: other for task, other in self._callers.items() if other is not caller}

    def _needs(self, name: str, args: tuple[Any, ...]) -> frozenset[str]:
        """Targets an operation may send to (B13)."""
        everything = {index: osc.config.target.decode() for index, osc in self.oscs.items()}
        mds = {self.mdc.config.target.decode()} if self.mdc is not None else set()
        if name in DATA or name == "close":
            file = self.files.get(args[0])
            osts = {everything[index] for index, _ in file.objects} if file is not None else set()
            return frozenset(osts if name in DATA else osts | mds)
        return frozenset(mds | set(everything.values()) if name in DESTROYING else mds)


def _told(steps: Steps, then: Then) -> Steps:
    try:
        result = yield from steps
    except OperationFailed as failure:
        then(None, failure)
        raise
    then(result, None)
    return result
