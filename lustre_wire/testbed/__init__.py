"""A small MGS, MDS, OST and client that speak real bytes, in a simulator or over TCP.

=============  ==================================================================================================
`operations`   what a client asks for and a server answers, without a dialect
`packing`      how a dialect puts that into messages: declared in its ``testbed`` part, read in both directions
`space`        the namespace of an MDT in a `Store`; `layouts` files over objects, `pages` directory pages
`mds`          metadata service; `mds_open` and `mds_change` hold its operations
`ost`, `mgs`   object and configuration services; `configlogs` keeps configuration logs parsed
`tasks`        operations of several steps as generators
`client`       a client: mount and bookkeeping; `files` and `data` hold its operations
`callee`       what a node with imports owes to their servers: answers to callbacks, cancels
`node`         what a network moves packets to: servers and clients
`simulator`    the deterministic network: delay, loss, duplication, reordering, partitions, crashes
`hardware`     what links, servers and disks can do, where simulated time is to depend on it
`tcp`          the same nodes over TCP on loopback
`file_system`  a file system of nodes, and one in the simulator; `tcp_system` one on TCP
`exercises`    what a client does step by step, simulated or over TCP
`trace`        what went over the network; `seen` what a watcher notes of it, `reading` finds its way in that
`monitor`      the invariants of recovery, checked in what was seen
=============  ==================================================================================================
"""
