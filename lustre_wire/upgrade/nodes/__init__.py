"""The testbed's clients and servers, taking part in controlled stops."""
