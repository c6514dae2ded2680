"""RPC formats, one file a service."""
