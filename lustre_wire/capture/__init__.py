"""Captures: reading messages out of network traffic and files, and writing traffic that other tools can read."""

from __future__ import annotations

from lustre_wire.capture.captured import Captured, Statistics
from lustre_wire.capture.compose import CaptureWriter, ConversationWriter
from lustre_wire.capture.inputs import read_input
from lustre_wire.capture.packets import TcpStreamWriter
from lustre_wire.capture.pcap import CaptureError, Packet, PcapWriter, read_packets
from lustre_wire.capture.rpcs import read_messages

__all__ = [
    "CaptureError", "CaptureWriter", "Captured", "ConversationWriter", "Packet", "PcapWriter", "Statistics",
    "TcpStreamWriter", "read_input", "read_messages", "read_packets",
]  # fmt: skip
