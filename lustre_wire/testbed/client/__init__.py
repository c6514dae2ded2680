"""A client: what it is connected with (`node`), bytes of files (`file_io`), names and everything else (`namespace`)."""
