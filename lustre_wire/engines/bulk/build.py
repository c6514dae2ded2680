"""Builds the C core with cffi in API mode; setuptools runs it through ``cffi_modules``.

Where there is no compiler the extension is left out (``optional``) and the record engine serves the same calls.
"""

from __future__ import annotations

from pathlib import Path

import cffi  # type: ignore[import-untyped]

#: Of the core, relative to the project's root, where setup.py runs.
HERE = "lustre_wire/engines/bulk"
SOURCES = ("rows.c", "index.c", "formats.c", "swab.c", "compose.c", "translate.c", "text.c")
HEADERS = ("core.h", "rows.h", "bytes.h", "walk.h")
WARNINGS = ("-Wall", "-Wextra", "-Wconversion")


def shared_declarations(header: str) -> str:
    """What stands between BEGIN and END in core.h."""
    return header.split("/* BEGIN */")[1].split("/* END */")[0]


def make(root: str = ".") -> cffi.FFI:
    """The cffi builder of ``lustre_wire.engines.bulk._core``."""
    ffi = cffi.FFI()
    ffi.cdef(shared_declarations(Path(root, HERE, "core.h").read_text()))
    ffi.set_source(
        "lustre_wire.engines.bulk._core",
        '#include "core.h"',
        sources=[f"{HERE}/{name}" for name in SOURCES],
        include_dirs=[HERE],
        depends=[f"{HERE}/{name}" for name in HEADERS],
        extra_compile_args=["-std=c11", "-O3", "-fno-tree-vectorize", "-funroll-loops"],
        optional=True,
        py_limited_api=True,
    )
    return ffi


ffibuilder = make()
