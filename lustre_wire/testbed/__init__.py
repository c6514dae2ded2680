"""A small MGS, MDS, OST and client that speak real bytes, in a simulator or over TCP.

=============  ==================================================================================================
`operations`   what a client asks for and a server answers, without a dialect
`packing`      how a dialect puts that into messages: declared in its ``testbed`` part, read in both directions
`space`        the namespace and the objects, in a `Store`
`mds`          metadata service; `mds_open`, `mds_change` hold its operations
`ost`          object service
`mgs`          configuration service
`client`       a client: mount, and every operation as a generator of requests
`node`         what a network moves packets to: servers and clients
`simulator`    the deterministic network: delay, loss, duplication, reordering, partitions, crashes, slow disks
`tcp`          the same nodes over TCP on loopback
`trace`        what went over the network; `monitor` checks the invariants of recovery in it
`scenario`     a file system of nodes, and what happens to it
=============  ==================================================================================================
"""
