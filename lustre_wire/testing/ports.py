"""The frames around an input for a server that speaks socklnd on TCP."""

from __future__ import annotations

from typing import Final

from lustre_wire.frames import lnet
from lustre_wire.frames.events import AcceptorRequest, Hello, encode, encode_message
from lustre_wire.frames.ksock import KSOCK_PROTO_V3, SocklndConnType
from lustre_wire.frames.nid import parse_nid
from lustre_wire.testing.targets import PortTarget

_PID: Final = 12345


def socklnd_target(host: str, port: int, *, portal: int, timeout: float = 5.0, patience: float = 0.01) -> PortTarget:
    """A `PortTarget` for a node at a loopback address: connection request, HELLO version 3, then each input as a PUT.

    Args:
        portal: the LNet portal the PUT goes to.
        timeout, patience: seconds, as in `PortTarget`.

    Raises:
        WireError: an address that is not loopback.
    """
    server, client = parse_nid(f"{host}@tcp"), parse_nid("127.0.0.2@tcp")
    hello = Hello(
        0, KSOCK_PROTO_V3, "little", client, server, _PID, _PID, 1, 0, int(SocklndConnType.SOCKLND_CONN_CONTROL)
    )
    preamble = encode(AcceptorRequest(0, lnet.LNET_PROTO_ACCEPTOR_VERSION, "little", server)) + encode(hello)

    def wrap(data: bytes) -> bytes:
        put = lnet.LnetPut(match_bits=1, ptl_index=portal, offset=0)
        header = lnet.LnetHdr(
            dest_nid=server, src_nid=client, dest_pid=_PID, src_pid=_PID, type=lnet.LnetMsgType.LNET_MSG_PUT
        )
        header.msg.put = put
        return encode_message(header, data)

    return PortTarget(host, port, preamble, wrap, timeout=timeout, patience=patience)
