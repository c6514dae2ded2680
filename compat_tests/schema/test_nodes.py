"""What fields are lowered to; and that whoever reads nodes asks nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import lustre_wire as lw
from lustre_wire.engines import bulk
from lustre_wire.engines.bulk.numbers import C
from lustre_wire.schema import types
from lustre_wire.schema.nodes import Cell, Group, Node, Overlap, Repeat, cells
from lustre_wire.schema.struct import spec_of

ROOT = Path(lw.__file__).parent
STRUCTS = {f"{d} {name}": cls for d in ("1.8", "2.0") for name, cls in lw.dialect(d).structs.items()}


def covered(node: Node) -> list[tuple[int, int]]:
    """(offset, width) of what a node consists of, in order."""
    if isinstance(node, (Cell, Overlap)):
        return [(node.offset, node.width)]
    if isinstance(node, Group):
        return [place for member in node.members for place in covered(member)]
    return [(at + i * node.stride, width) for i in range(node.count) for at, width in covered(node.node)]


@pytest.mark.parametrize("name", STRUCTS)
def test_nodes_say_every_byte_of_a_struct_once(name: str) -> None:
    node: Any = spec_of(STRUCTS[name]).node
    if isinstance(node, Overlap):
        assert max((view.width for view in node.views), default=0) == node.width
        assert all(at + width <= node.width for at, width in node.swab)
        return
    end = 0
    for at, width in covered(node):
        assert at == end, name
        end += width
    assert end == node.width == spec_of(STRUCTS[name]).size


def test_a_tail_is_the_last_members() -> None:
    for cls in STRUCTS.values():
        node: Any = spec_of(cls).node
        if isinstance(node, Group) and node.tail is not None:
            assert isinstance(node.tail, Repeat) and node.member(node.tail_path) is node.tail


def test_what_is_swapped_is_within_the_struct() -> None:
    for cls in STRUCTS.values():
        node: Any = spec_of(cls).node
        assert all(c.offset >= 0 and c.offset + c.width <= node.width for c in cells(node))


# --- who may know kinds -----------------------------------------------------------------------------------------------

KINDS = {"Named", *(name for name in types.__all__ if isinstance(getattr(types, name), type))} - {"Tag", "AsSent"}
#: They declare structs, which is done with kinds; none of them asks what a field is.
DECLARING = {f"frames/{name}.py" for name in ("lustre_msg", "ksock", "ksock_large", "lnet", "lnet_large", "nid")}
BACKENDS = sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*.py") if "schema" not in p.relative_to(ROOT).parts)


def asked(tree: ast.AST) -> set[str]:
    """Names of kinds that code imports or compares types with."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lustre_wire.schema"):
            found |= {f"{node.module}.{a.name}" for a in node.names if a.name in KINDS or "types" in str(node.module)}
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            names = {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
            found |= {f"isinstance {name}" for name in names & KINDS}
    return found


@pytest.mark.parametrize("path", BACKENDS)
def test_no_backend_asks_what_kind_a_field_is(path: str) -> None:
    found = asked(ast.parse((ROOT / path).read_text()))
    if path in DECLARING:
        assert not {name for name in found if name.startswith("isinstance")}
    else:
        assert not found


def test_the_search_finds_who_asks() -> None:
    assert asked(ast.parse("from lustre_wire.schema import Scalar")) == {"lustre_wire.schema.Scalar"}
    assert asked(ast.parse("from lustre_wire.schema.types import as_type"))
    assert asked(ast.parse("isinstance(field.type, (Raw, Chars))")) == {"isinstance Raw", "isinstance Chars"}
    assert asked(ast.parse("from lustre_wire.schema import spec_of\nisinstance(node, Cell)")) == set()


# --- what stands in C alone -------------------------------------------------------------------------------------------


@pytest.mark.skipif(bulk.core is None, reason="the C core was not built")
def test_enumerations_are_the_c_cores() -> None:
    header = (ROOT / "engines/bulk/core.h").read_text()
    names = set(re.findall(r"\bLW_[A-Z_]+\b", re.sub(r"/\*.*?\*/", "", header, flags=re.S))) - {"LW_H"}
    known = vars(C)
    assert known and set(known) <= names
    assert known == {name: getattr(bulk.core.lib, name) for name in known}  # type: ignore[union-attr]
