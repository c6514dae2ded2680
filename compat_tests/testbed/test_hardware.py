"""Simulated seconds against seconds computed by hand from bytes and rates."""

from __future__ import annotations

from math import inf

import pytest

from lustre_wire.recovery.packet import PUT, Packet
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.hardware import HEADER, Hardware, Wires
from lustre_wire.testbed.simulator import Faults
from lustre_wire.testbed.tasks import OperationFailed

#: Bytes of a stripe: a client writes no more at once.
PIECE = 1 << 16
#: MDS_OPEN_CREAT, FMODE_READ, FMODE_WRITE.
MAKE = 0o100 | 0x3


def test_a_link_carries_one_packet_after_the_other() -> None:
    wires = Wires(Hardware(link=1000.0))
    packet = Packet(PUT, 1, 2, data=bytes(500 - HEADER))
    assert [wires.sent(packet, now) for now in (0.0, 0.1, 3.0)] == [0.5, 1.0, 3.5]
    assert [wires.taken(packet, now, by_server=False) for now in (0.5, 0.6, 9.0)] == [1.0, 1.5, 9.5]


def test_a_server_looks_at_one_message_after_the_other_and_forgets_them_when_it_goes_down() -> None:
    wires = Wires(Hardware(requests=4.0))
    packet = Packet(PUT, 1, 2)
    assert [wires.taken(packet, 0.0, by_server=True) for _ in range(3)] == [0.25, 0.5, 0.75]
    assert wires.taken(packet, 0.0, by_server=False) == 0.0
    wires.forget(2)
    assert wires.taken(packet, 0.0, by_server=True) == 0.25


def _writing(hardware: Hardware | None, clients: int, size: int, delay: float = 0.0) -> float:
    """Seconds until each client has written so many bytes into a file of its own."""
    fs = Simulated("1.8", clients=clients, faults=Faults(delay=(delay, delay)), hardware=hardware)
    files = [fs.do(client.open(f"/{number}", MAKE), client) for number, client in enumerate(fs.clients)]
    for client, file in zip(fs.clients, files, strict=True):
        fs.do(client.write(file, 0, b"."), client)  # from here on every client holds its lock
    began = fs.simulator.now
    tasks = [fs.start(c.write(file, 0, bytes(size)), c) for c, file in zip(fs.clients, files, strict=True)]
    fs.simulator.run(lambda: all(task.done for task in tasks))
    assert not any(task.error for task in tasks)
    return fs.simulator.now - began


@pytest.mark.parametrize("clients", [1, 3])
def test_a_disk_takes_what_all_clients_write_one_after_the_other(clients: int) -> None:
    assert _writing(Hardware(disk=float(PIECE)), clients, PIECE) == pytest.approx(clients * 1.0)
    assert _writing(Hardware(disk=float(PIECE)), clients, 2 * PIECE) == pytest.approx(clients * 2.0)


def test_a_link_is_crossed_at_both_ends() -> None:
    assert _writing(Hardware(link=float(PIECE)), 1, PIECE) == pytest.approx(2.0, abs=0.1)


def test_the_slower_of_link_and_disk_decides_when_there_are_many() -> None:
    assert _writing(Hardware(link=float(PIECE)), 4, PIECE) == pytest.approx(5.0, abs=0.1)
    assert _writing(Hardware(link=float(PIECE), disk=PIECE / 3), 4, PIECE) == pytest.approx(12.0, abs=0.1)


def test_without_rates_there_are_delays_alone() -> None:
    assert Hardware().writing == inf
    assert _writing(None, 3, PIECE, 0.001) == _writing(Hardware(), 3, PIECE, 0.001) == pytest.approx(0.004)


def test_a_disk_that_is_full_takes_no_more() -> None:
    fs = Simulated("2.0", hardware=Hardware(capacity=2 * PIECE))
    file = fs.do(fs.clients[0].open("/f", MAKE))
    fs.do(fs.clients[0].write(file, 0, bytes(PIECE)))
    with pytest.raises(OperationFailed, match="ENOSPC"):
        fs.do(fs.clients[0].write(file, PIECE, bytes(PIECE)))


@pytest.mark.parametrize("crashes", [False, True])
def test_what_waits_at_a_server_that_crashes_is_gone(crashes: bool) -> None:
    fs = Simulated("1.8", hardware=Hardware(requests=1.0))
    fs.simulator.settle(20.0)
    fs.start(fs.clients[0].getattr("/"), fs.clients[0])
    sent = fs.simulator.trace.packets[-1]
    assert sent.packet.target == fs.system.mds.nid
    fs.simulator.settle(0.5)
    if crashes:
        fs.simulator.crash(fs.system.mds.nid)
        fs.simulator.start(fs.system.mds.nid)
    fs.simulator.settle(1.0)
    assert len(sent.arrived) == (0 if crashes else 1)
