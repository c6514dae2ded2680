"""Numbers of all releases, by subject: enumerations, flag sets and constants.

Each name stands once, with its newest number; the margin says what it was and where the name comes and goes. Source:
`fixtures/facts/wire-history.json`, and for what it does not hold the headers of the releases it was read from.
"""
