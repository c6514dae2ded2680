"""Enumerations, flag sets and constants, by subject."""
