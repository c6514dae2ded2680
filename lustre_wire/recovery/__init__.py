"""What client and server remember of each other, and how they find together again: sans-IO.

Bytes and clock readings go in, bytes and events come out; nothing here waits, opens a socket or asks what time it is.

=================  ==============================================================================================
`names`            a dialect's constants as attributes
`rules`            what of recovery differs between dialects, declared by each of them
`packet`           one LNet operation as recovery sees it
`ldlm`             the lock manager: modes and policies, server namespace, client lock table
`request`          the client's record of one RPC
`imports`          client side of a connection: states, replay, resend, pinger
`store`            a small durable store with commit and crash; `last_rcvd` holds its client slots
`exports`          server side of a connection
`window`           the recovery window: queues and stages
`target`           a server target: connect, transno, commit, reply reconstruction, eviction
=================  ==============================================================================================
"""
