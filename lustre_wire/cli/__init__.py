"""The lustre-wire command: one module per command, loaded when it is called (see `lustre_wire.cli.main`)."""
