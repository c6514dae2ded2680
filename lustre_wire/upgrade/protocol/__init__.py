"""The protocol of 2008 as machines without I/O: barrier, shutdown, mark and start rule, gate, and its options."""
