"""The upgrade of a live file system from 1.8 to 2.0 and back, as it was planned in 2008 and as it was shipped.

=============  ==================================================================================================
`policy`       ways to upgrade, by name, and their options
`gate`         in front of a client's operations: behind it nothing is formatted
`barrier`      the client's side of a controlled stop, a machine without I/O
`shutdown`     the server's side of it, another one
`mark`         what a target's disk says of its last stop, and the rule that reads it
`access`       the all-access lock
`member`       one barrier of one client, its connections and its lock
`participant`  what a node does that takes part: a client, or an MDS as a client of its OSTs
`reopen`       open files across a change of dialect; `rebuild` requests without an answer, by translation
`writeback`    writes a client keeps in memory until they are wanted on disk
`client`       a testbed client that takes part; `calls` what its users ask of it
`server`       testbed servers under control, `mds` an MDS; `writeconf` erases their configuration
`workload`     users, and what they were told was done
`play`         a file system under load and its operator; `fault` is what goes wrong
`operator`     what he does in it; `everybody` waits for all clients without looking at all of them
`scenario`     files that say what is played; `timeline` draws it
`journal`      what the nodes note; `snapshot` what is seen when a server reaches a state
`explore`      every state of a small upgrade; `model` and `messages` are what stands around the machines there,
               `world` its state, `laws` what must hold, `graph` the states of one server, `joint` of several
`monitor`      the numbered invariants: `invariants_stop`, `invariants_start`; `verdict` what they say, `traffic` what
               they read; `alike` says which messages are the same in two dialects
`network`      a play over TCP
=============  ==================================================================================================
"""
