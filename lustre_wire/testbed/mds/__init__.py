"""An MDS: what its MDT does with requests, in either dialect."""
