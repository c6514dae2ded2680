"""What travels inside buffers and bulk transfers, or lies on a server's disk: bytes in, values out, and back.

Each module reads one kind of payload; what is read gives the same bytes again when it is written.

======================  ==============================================================================
`llog`                  log files and blocks of them: records, catalogues, configuration logs
`logwriter`             the same, written: new logs, records appended and cancelled
`reading`               what readers of files give: all that could be read, and the faults
`logcheck`              what is not right about a log, and what the nodes that read it do about it
`changelog`             what a log of changes in the namespace says
`config`                one configuration command, and the command lines of a configuration log
`last_rcvd`             what a server knows of its clients after a restart
`mountdata`             what a target is and how to mount it
`files`                 any file of a target, by its contents or its path
`records`               files of one head and records of one struct: object numbers, sequences, catalogues, replies
`tables`                indexes of ldiskfs and quota files
`attributes`            extended attributes, also as getfattr prints them
`target`                a whole target from its files
`precheck`              what stands in the way of another release
`lov`                   file layouts: striping, pools, joined files, and what users ask for
`mea`                   directories split over several MDTs
`directory`             directory pages: blocks of 1.8, pages ordered by hash of 2.0
`acl`                   POSIX access control lists as extended attributes
`connect`               which fields of obd_connect_data count
`hsm`                   what a 2.0 MDT tells the copy tools of hierarchical storage
`updates`               updates of objects that targets send each other, and what came of them
`batch`                 messages inside of a message: MDS_BATCH
`indexpage`             pages of an index: quota, nodemaps, directories of other targets
`nidtable`              where the targets of a file system are
`linkea`                the names of a file, as 2.0 keeps them with it
======================  ==============================================================================
"""
