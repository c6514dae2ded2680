"""Configuration logs across the upgrade (C.12): who reads what the other wrote, and when it may be erased."""

from __future__ import annotations

import pytest

from lustre_wire.dialects import dialect
from lustre_wire.payloads import config, llog, logwriter
from lustre_wire.testbed import mgs
from lustre_wire.testbed.file_system import FSNAME, MDS_NID, OST_NID
from lustre_wire.upgrade.nodes.writeconf import WriteconfRefused, writeconf
from lustre_wire.upgrade.protocol.policy import policy
from lustre_wire.upgrade.stage.operator import Operator
from lustre_wire.upgrade.stage.play import Play

OLD, NEW = dialect("1.8"), dialect("2.0")
NAME = f"{FSNAME}-client".encode()


def small(version: str = "1.8") -> Play:
    return Play(policy("simplified"), clients=1, osts=1, seed=3, version=version)


def logs(play: Play) -> dict[bytes, bytes]:
    service = play.servers["mgs"].target.service  # type: ignore[union-attr]
    assert isinstance(service, mgs.Configuration)
    return service.logs


def test_G1_a_2_0_MGS_serves_the_log_that_1_8_wrote_to_a_new_client() -> None:
    play = small()
    before = logs(play)[NAME]
    Operator(play).move("mgs", "2.0")
    assert logs(play)[NAME] == before
    assert play.new_client().mdc is not None


def test_G1_both_releases_read_the_same_commands_from_it() -> None:
    data = mgs.client_log(OLD, FSNAME, MDS_NID, [OST_NID], 1)
    assert llog.records_as_commands(llog.read_log(data, OLD)) == llog.records_as_commands(llog.read_log(data, NEW))


def test_G2_a_client_passes_over_the_LMV_and_mounts() -> None:
    play = small()
    log = llog.read_log(mgs.client_log(OLD, FSNAME, MDS_NID, [OST_NID], 1), OLD)
    lmv = f"{FSNAME}-clilmv"
    logwriter.append(log, config.make_config(OLD, "LCFG_ATTACH", lmv, "lmv", f"{lmv}_UUID"))
    logwriter.append(log, config.make_config(OLD, "LCFG_SETUP", lmv, f"{lmv}_UUID"))
    logs(play)[NAME] = llog.write_log(log)
    client = play.new_client()
    assert [owner.config.target for owner in client.imports()] == [
        b"MGS", b"lustre-MDT0000_UUID", b"lustre-OST0000_UUID",
    ]  # fmt: skip


def test_G3_names_in_an_existing_log_stay_as_1_8_wrote_them() -> None:
    play = small()
    Operator(play).move("mgs", "2.0")
    commands = "\n".join(llog.records_as_commands(llog.read_log(logs(play)[NAME], NEW)))
    assert f"{FSNAME}-OST0000-osc" in commands
    assert f"{FSNAME}-clilov" in commands


def test_G4_records_1_8_does_not_know_are_found_before_it_meets_them() -> None:
    assert {name: NEW.constants[name] for name in ("LCFG_ADD_MDC", "LCFG_DEL_MDC", "LCFG_SPTLRPC_CONF")} == {
        "LCFG_ADD_MDC": 0xCF014, "LCFG_DEL_MDC": 0xCF015, "LCFG_SPTLRPC_CONF": 0xCE016,
    }  # fmt: skip
    log = llog.read_log(mgs.client_log(NEW, FSNAME, MDS_NID, [OST_NID], 1), NEW)
    found = [(record.config.header.lcfg_command, what) for record, what in llog.unknown_to(log, OLD)]  # type: ignore[union-attr]
    assert found == [(0xCF001, "skips"), (0xCF003, "skips"), (0xCF014, "skips")], "what is about the lmv"


def test_G4_security_rules_are_in_a_log_of_their_own_that_a_1_8_client_never_asks_for() -> None:
    play = small()
    logs(play)[f"{FSNAME}-sptlrpc".encode()] = b"not a log a 1.8 node could read"
    assert play.new_client().mdc is not None


def test_G5_a_mounted_client_keeps_the_devices_it_built() -> None:
    play = small()
    before = [owner.config.target for owner in play.clients[0].imports()]
    play.work(1)
    for name in ("mgs", "mds", "ost0"):
        Operator(play).move(name, "2.0")
    play.work(1)
    assert [owner.config.target for owner in play.clients[0].imports()] == before
    assert play.losses() == []


@pytest.mark.parametrize("version", ["1.8", "2.0"])
def test_G6_G7_writeconf_is_an_error_while_a_client_is_mounted_and_works_when_none_is(version: str) -> None:
    play = small(version)
    target, client = play.servers["mgs"].target, play.clients[0]
    assert target is not None
    before, fresh = dict(logs(play)), {NAME: mgs.client_log(NEW, FSNAME, MDS_NID, [OST_NID], 1)}
    with pytest.raises(WriteconfRefused, match="1 clients are mounted"):
        writeconf(target, fresh)
    assert logs(play) == before
    task = client.do(client.unmount(), play.now)
    play.simulator.flush(client)
    play.until(lambda: task.done, "unmounted")
    writeconf(target, fresh)
    assert logs(play) == fresh


def test_G8_logs_need_no_conversion_after_the_upgrade_of_the_MGS() -> None:
    play = small()
    Operator(play).move("mgs", "2.0")
    play.work(1)
    assert play.losses() == []
