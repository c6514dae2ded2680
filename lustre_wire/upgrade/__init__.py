"""The upgrade of a live file system from 1.8 to 2.0 and back, as it was planned in 2008 and as it was shipped.

==========  =========================================================================================================
`protocol`  the two machines of a controlled stop, the mark and the rule that reads it, the gate, policies
`nodes`     the testbed's clients and servers, taking part
`stage`     a file system under load, its operator and the sentences he obeys, faults; `timeline` draws a play
`evidence`  what a play left behind
`checks`    the numbered invariants, checked against the evidence
`model`     every state of a small upgrade: `explore`
==========  =========================================================================================================
"""
