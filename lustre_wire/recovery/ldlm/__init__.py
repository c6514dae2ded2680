"""The distributed lock manager: PLAIN, IBITS, EXTENT and FLOCK locks (ldlm/ of 1.8.9 and 2.0.0)."""

from lustre_wire.recovery.ldlm.client import LockTable
from lustre_wire.recovery.ldlm.locks import Lock, describe, policy_of
from lustre_wire.recovery.ldlm.namespace import Ast, Namespace
from lustre_wire.recovery.ldlm.policies import Bits, Extent, Flock, Policy

__all__ = ["Ast", "Bits", "Extent", "Flock", "Lock", "LockTable", "Namespace", "Policy", "describe", "policy_of"]
