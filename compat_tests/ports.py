"""Ports for tests over TCP."""

import random
import socket
from itertools import count

from lustre_wire.testbed.file_system import MDS_NID, MGS_NID, OST_NID
from lustre_wire.testbed.tcp import address_of

_ports = count(21000 + random.SystemRandom().randrange(20000))


def free_port() -> int:
    """A port free on every loopback address the testbed uses."""
    for port in _ports:
        try:
            for nid in (MGS_NID, MDS_NID, OST_NID):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((address_of(nid), port))
        except OSError:
            continue
        return port
    raise AssertionError("no free port")
