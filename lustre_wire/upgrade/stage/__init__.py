"""A file system under load, its operator, and what is played on it."""
