"""Every state of a small upgrade: the machines of `protocol` with a network, faults and an administrator."""
