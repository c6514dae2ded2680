"""The container that peers of 1.8 and before may send; by this name dialects find it."""

from lustre_wire.frames.lustre_msg import LustreMsgV1

__all__ = ["LustreMsgV1"]

__until__ = "2.0"
