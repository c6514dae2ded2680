"""What carries the RPCs: LNet's structs, socklnd's and the container's, declared beside the frames that read them."""
