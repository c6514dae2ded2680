"""What people who write Lustre servers, clients and dissectors test them with.

Strategies for `hypothesis` derived from the declarations, a seeded mutator, and a pytest plugin. Needs the extra
``testing``.
"""

from lustre_wire.testing.conversations import Exchange, conversations
from lustre_wire.testing.messages import damaged, messages
from lustre_wire.testing.mutate import Change, Mutant, Mutator, minimised
from lustre_wire.testing.sampling import sample
from lustre_wire.testing.structs import structs

__all__ = [
    "Change", "Exchange", "Mutant", "Mutator", "conversations", "damaged", "messages", "minimised",
    "sample", "structs",
]  # fmt: skip
