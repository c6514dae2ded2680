"""The way back (C.11), beyond what the monitor checks in every play."""

from __future__ import annotations

from typing import Any

import pytest

from compat_tests.upgrade.plays import played
from lustre_wire.dialects import dialect
from lustre_wire.payloads import config, llog, logwriter
from lustre_wire.testbed import mgs
from lustre_wire.testbed.file_system import FSNAME, MDS_NID, OST_NID
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play

OLD, NEW = dialect("1.8"), dialect("2.0")


def back_again() -> Play:
    """In 2.0 from the beginning, then back to 1.8."""
    return Play(policy("simplified"), clients=1, osts=1, seed=5, version="2.0")


def test_D3_the_old_release_forgets_everybody_by_itself() -> None:
    starts = [start for start in played("downgrade", "shipped").play.starts() if start.metadata and start.back]
    assert [(bool(start.before), start.after) for start in starts] == [(True, frozenset())]


def test_D5_D6_records_a_2_0_MGS_wrote_are_named_before_1_8_meets_them() -> None:
    log = llog.read_log(mgs.client_log(NEW, FSNAME, MDS_NID, [OST_NID], 1), NEW)
    logwriter.append(log, config.make_config(NEW, "LCFG_SPTLRPC_CONF", f"{FSNAME}", "default"))
    unknown = [int(record.config.command) for record, _ in llog.unknown_to(log, OLD)]  # type: ignore[union-attr]
    lmv = ["LCFG_ATTACH", "LCFG_SETUP", "LCFG_ADD_MDC"]
    assert unknown == [NEW.constants[name] for name in [*lmv, "LCFG_SPTLRPC_CONF"]]


def test_D7_what_was_made_under_2_0_is_readable_under_1_8() -> None:
    play = back_again()
    play.work(6)
    made = dict(play.workers[0].ledger.files)
    assert made
    Operator(play).move("mds", "1.8")
    play.work(2)
    assert play.losses() == []


def done(play: Play, *call: str) -> Any:
    """A call of the only client, from beginning to end."""
    client = play.clients[0]
    task = client.perform(*call)
    play.simulator.flush(client)
    play.until(lambda: task.done, f"{call[0]} is over")
    assert task.error is None
    return task.result


@pytest.mark.parametrize("crash", [False, True])
def test_D8_a_FID_is_gone_with_the_first_look_under_1_8_and_stays_where_nobody_looked(crash: bool) -> None:
    play = back_again()
    born = {path: done(play, "mkdir", path) for path in ("/looked-at", "/left-alone")}
    assert all(ident[0] >= 0x200000400 for ident in born.values())
    Operator(play).move("mds", "1.8")
    inode, generation, _ = done(play, "getattr", "/looked-at").ident
    if crash:
        play.mishaps.crash(play.servers["mds"].nid)
        Operator(play).start("mds")
        Operator(play).settled()
    Operator(play).move("mds", "2.0")
    assert done(play, "getattr", "/looked-at").ident == (inode, generation, 0)
    assert done(play, "getattr", "/left-alone").ident == born["/left-alone"]


def test_D9_a_client_cannot_bring_the_removed_FID_back() -> None:
    play = back_again()
    play.work(2)
    Operator(play).move("mds", "1.8")
    client, path = play.clients[0], play.workers[0].home
    for name, value, status in ((b"trusted.lma", b"x" * 24, 0), (b"trusted.lov", b"x" * 24, -13)):
        task = client.perform("setxattr", path, name, value)
        play.simulator.flush(client)
        play.until(lambda task=task: task.done, "answered")  # type: ignore[misc]
        assert (task.error.status if task.error is not None else 0) == status  # type: ignore[union-attr]
    listing = client.perform("listxattr", path)
    play.simulator.flush(client)
    play.until(lambda: listing.done, "answered")
    assert b"trusted.lma" not in listing.result
