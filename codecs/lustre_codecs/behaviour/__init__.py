"""What the code of each release does, where that is more than its formats: one table a subject."""
