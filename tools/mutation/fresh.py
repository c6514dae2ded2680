"""Faults in what runs while declarations load: each is tried in a process that has not loaded the package yet."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from tools.mutation.mutants import Mutant, mutated
from tools.mutation.tests import hurried


def preload() -> None:
    """Import what the package and the tests need from elsewhere, once for all children."""
    import attrs
    import click
    import construct
    import hypothesis.strategies
    import rich.console

    assert attrs and click and construct and hypothesis and rich
    if "lustre_wire" in sys.modules:
        raise RuntimeError("the package is loaded already: faults in it would come too late")


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with a fault in it."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType:
        return self.code


class Importer(importlib.abc.MetaPathFinder):
    """Finds one module with its fault, before anybody finds the one without."""

    def __init__(self, mutant: Mutant) -> None:
        parts = Path(mutant.file).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.path = str(Path(mutant.file).resolve())
        self.code = mutated(mutant)

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> Any:
        if fullname != self.name:
            return None
        loader = _Loader(fullname, self.path, self.code)
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


class _Chosen:
    """A pytest plugin: runs the chosen tests in the order given."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.rank = {name: i for i, name in enumerate(ids)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.rank]
        hurried(chosen)
        items[:] = sorted(chosen, key=lambda item: self.rank[item.nodeid])


def run_pytest(arguments: Sequence[str], plugin: Any) -> int:
    """Tests of this process, silently; the package may be loaded already."""
    import lustre_wire.plugins.for_hypothesis

    lustre_wire.plugins.for_hypothesis.register()
    fixed = ("-q", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    return int(pytest.main([*fixed, *arguments], plugins=[plugin]))


def tried(mutant: Mutant, ids: Sequence[str]) -> str:
    """Runs in a child: load everything with the fault in place, run the tests until one fails."""
    importer = Importer(mutant)
    sys.meta_path.insert(0, importer)
    try:
        importlib.import_module(importer.name)  # before pytest looks for modules in its own way
        import lustre_wire as lw

        for name in ("1.8", "2.0"):
            assert lw.dialect(name).formats
        import lustre_codecs.translation
    except Exception:  # whatever it is, nobody could fail to notice it
        return "killed"
    assert lustre_codecs.translation.RULES
    files = dict.fromkeys(name.partition("::")[0] for name in ids)
    status = run_pytest([*files, "-x"], _Chosen(ids))
    return "survived" if status == pytest.ExitCode.OK else "killed"
