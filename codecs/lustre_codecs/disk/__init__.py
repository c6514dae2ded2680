"""What servers of every release keep on disk beside last_rcvd and mountdata: one declaration, whoever wrote it."""
