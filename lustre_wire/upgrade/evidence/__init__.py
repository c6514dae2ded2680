"""What a play left behind: frozen records of traffic, of disks, and of what users and the operator saw."""
