"""Adds to pyproject.toml what only setup() can say: the C core, built by cffi for the stable ABI."""

from setuptools import setup

setup(
    cffi_modules=["lustre_wire/engines/bulk/build.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
