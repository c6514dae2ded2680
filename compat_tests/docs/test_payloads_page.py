"""Every public name of the payload readers has an example."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

import pytest

import lustre_wire.payloads
from compat_tests.recorded import FIXTURES

PAGE = (FIXTURES.parent / "docs" / "payloads.md").read_text()
MODULES = [
    name for _, name, _ in iter_modules(lustre_wire.payloads.__path__) if name != "wire"
]  # what the modules share is not for users


@pytest.mark.parametrize("module", MODULES)
def test_every_name_has_an_example(module: str) -> None:
    examples = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    for name in import_module(f"lustre_wire.payloads.{module}").__all__:
        assert re.search(rf"\b{name}\b", examples), f"no example shows {module}.{name}"
