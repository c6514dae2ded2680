"""What the code of each release does, where that is more than its formats: one table a subject.

Every module has a function `at`, which makes what is so in a release (`lustre_wire.dialects.Dialect.part`).
"""
