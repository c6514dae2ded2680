"""Declarations of what Lustre sends, by subject."""

from lustre_codecs import releases  # noqa: F401  # margins name them
