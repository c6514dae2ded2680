"""LNet's and socklnd's wire structs that 2.0 declares otherwise than 1.8; on the wire they are the same."""

from lustre_wire.frames.ksock import KsockLnetMsg
from lustre_wire.frames.lnet import LnetPingInfo

__all__ = ["KsockLnetMsg", "LnetPingInfo"]
