"""Locks of users (FLOCK) across an upgrade: they are no cache, so they stay, under the name of the new dialect."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from lustre_wire.dialects import dialect
from lustre_wire.recovery.names import names
from lustre_wire.testbed.tasks import OperationFailed
from lustre_wire.upgrade.nodes.client import UpgradeClient
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play


def done(play: Play, client: UpgradeClient, name: str, *arguments: Any, **options: Any) -> Any:
    """A call from beginning to end."""
    client.now = play.now
    task = client.perform(name, *arguments, **options)
    play.simulator.flush(client)
    play.until(lambda: task.done, name)
    if task.error is not None:
        raise task.error
    return task.result


@pytest.mark.parametrize("options", [{}, {"cache": "flush"}], ids=str)
def test_a_file_lock_survives_the_upgrade_and_still_keeps_others_out(options: dict[str, str]) -> None:
    play = Play(policy("simplified", **options), clients=2, osts=1, seed=1)
    one, other = play.clients
    k = names(dialect("1.8"))
    mine = done(play, one, "open", "/f", k.MDS_OPEN_CREAT | k.FMODE_READ | k.FMODE_WRITE)
    yours = done(play, other, "open", "/f", k.FMODE_READ | k.FMODE_WRITE)
    lock = done(play, one, "flock", mine, "LCK_PW", 0, 99)
    assert lock.resource[2:] == (12, 0)
    Operator(play).move("mds", "2.0")
    assert lock.granted
    assert lock.resource[2:] == (0, 12)
    with pytest.raises(OperationFailed) as refused:
        done(play, other, "flock", yours, "LCK_PW", 0, 99, wait=False)
    assert refused.value.status in (-errno.EAGAIN, -errno.EWOULDBLOCK)
    done(play, one, "flock", mine, "LCK_NL", 0, 99)
    assert done(play, other, "flock", yours, "LCK_PW", 0, 99, wait=False).granted
