"""How values read for people: one line, or a tree, derived from the declarations."""

from lustre_wire.text.line import brief, status_text, title
from lustre_wire.text.structs import struct_text
from lustre_wire.text.tree import Node, cut_tree, message_tree, struct_tree
from lustre_wire.text.values import field_text

__all__ = [
    "Node", "brief", "cut_tree", "field_text", "message_tree", "status_text", "struct_text", "struct_tree", "title",
]  # fmt: skip
