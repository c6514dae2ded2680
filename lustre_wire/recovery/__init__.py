"""What client and server remember of each other, and how they find together again: sans-IO.

Bytes and clock readings go in, bytes and events come out; nothing here waits, opens a socket or asks what time it is.

=================  ==============================================================================================
`names`            a dialect's constants as attributes
`rules`            what of recovery differs between dialects, declared by each of them
`packet`           one LNet operation as recovery sees it
`timeouts`         adaptive timeouts
`ldlm`             the lock manager: modes and policies, server namespace, client lock table
`request`          the client's record of one RPC; `replay` the list of what may have to be done again
`imports`          client side of a connection; `connecting` its connects, `connect` the table of their answers,
                   `recover` the way back to FULL
`store`            a small durable store with commit and crash; `last_rcvd` its client slots
`exports`          server side of a connection
`service`          what a target serves; `waiting` its handlers that cannot go on yet
`target`           a server target; `connects` its answers to connects, `answers` all others, `callbacks` to clients
`transaction`      one change: transno, versions, slot
`window`           the recovery window: queues and stages
`deadlines`        the earliest of many times
=================  ==============================================================================================
"""
