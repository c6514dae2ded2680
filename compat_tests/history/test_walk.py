"""Every release against the facts: each asserted size, offset, field size and number, in that release's dialect.

What is set aside is listed here with its reason.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.recorded import FIXTURES
from lustre_wire.dialects import Dialect
from lustre_wire.schema import FieldSpec, StructSpec, spec_of
from lustre_wire.schema.releases import release
from lustre_wire.schema.types import Array, Chars, Flex, Raw, Struct, as_type

#: Structs whose assertions are of no concern, and why.
SET_ASIDE = {
    "kib_": "RDMA traffic of InfiniBand drivers: not on TCP",
    "kptl_": "Portals traffic of ptllnd: not on TCP",
}
#: Typedefs of integers, whose size is asserted as if they were structs.
INTEGERS = frozenset({"lnet_nid_t", "lnet_pid_t"})
#: Asserted constants that are of no concern: those of the same transports.
NUMBERS_SET_ASIDE = ("IBLND_", "IBNAL_", "PTLLND_", "PTL_RESERVED_MATCHBITS")
#: LNet's structs as the engine's frames call them, which know no release: asserted name -> theirs.
FRAMES = {
    "lnet_hdr": "lnet_hdr_t", "_lnet_hdr_nid4": "lnet_hdr_t", "lnet_handle_wire": "lnet_handle_wire_t",
    "lnet_magicversion": "lnet_magicversion_t", "lnet_acceptor_connreq": "lnet_acceptor_connreq_t",
    "lnet_process_id_packed": "lnet_process_id_packed_t",
}  # fmt: skip
#: Fields of the engine's frames that have another name there.
FRAME_FIELDS = {"lustre_msg_v2.lm_opc": "lm_padding_2", "lnet_ni_status.ns_unused": "ns_msg_size"}
#: Fields whose declaration is simpler than the C struct: only the offset is held to the facts.
SIMPLER = {
    "lu_dirpage.ldp_entries[0]": "bytes: each entry has its own length",
    "getinfo_fid2path.gf_u.gf_path[0]": "the member of an anonymous union that carries the answer",
    "update_op.uop_params_off": "before 2.14 it began in what rounded the struct up to 24 bytes",
}


@cache
def facts() -> dict[str, Any]:
    return dict(json.loads((FIXTURES / "facts" / "wire-history.json").read_text()))


@cache
def order() -> dict[str, int]:
    return {name: place for place, name in enumerate(facts()["releases"])}


def at(spans: list[list[Any]], name: str) -> list[Any] | None:
    """What a fact says of a release: the values behind the first and the last release of its span."""
    return next((s[2:] for s in spans if order()[s[0]] <= order()[name] <= order()[s[1]]), None)


@cache
def dialect(name: str) -> Dialect:
    """The dialect of a release."""
    return lw.dialect(name)


@cache
def asserted(name: str) -> tuple[tuple[str, int, dict[str, list[Any]]], ...]:
    """The structs a release asserts: name, size, and of each field offset, size and size of an element."""
    found = []
    for struct, fact in facts()["structs"].items():
        size = at(fact["size"], name)
        if size is not None and not struct.startswith(tuple(SET_ASIDE)) and struct not in INTEGERS:
            fields = {f: said for f, spans in fact["fields"].items() if (said := at(spans, name)) is not None}
            found.append((struct, size[0], fields))
    return tuple(found)


def located(spec: StructSpec, path: str) -> tuple[int, int] | None:
    """Offset and size of a field as the facts spell it: dotted, an element in brackets. Only its own name will do."""
    offset, size = 0, spec.size
    for part in path.removeprefix("gf_u.").split("."):
        name, _, index = part.rstrip("]").partition("[")
        found: FieldSpec | None = next((f for f in (*spec.fields, *spec.overlays) if f.name == name), None)
        if found is None:
            return None
        offset, size = offset + found.offset, found.size
        if index:
            kind = found.type
            assert isinstance(kind, (Array, Flex, Chars, Raw))
            size = as_type(kind.element).size if isinstance(kind, (Array, Flex)) else 1
            offset += int(index) * size
        if isinstance(found.type, Struct):
            spec = spec_of(found.type.cls)
    return offset, size


def test_the_releases_are_those_of_the_facts() -> None:
    assert set(lw.releases()) == set(facts()["releases"])
    assert [r for r in lw.releases() if r in facts()["mainline"]] == facts()["mainline"]
    for name, branch in facts()["releases_of_branches"].items():
        assert release(name).base is release(branch["base"])


@pytest.mark.parametrize("name", facts()["releases"])
class TestEveryRelease:
    def test_structs(self, name: str) -> None:
        wrong: list[Any] = []
        for struct, size, fields in asserted(name):
            spec = spec_of(dialect(name).structs[FRAMES.get(struct, struct)])
            if spec.size != size:
                wrong.append((struct, spec.size, size))
            for field, (offset, *sizes) in fields.items():
                found = located(spec, FRAME_FIELDS.get(f"{struct}.{field}", field))
                if sizes[0] is None or f"{struct}.{field}" in SIMPLER:
                    found, sizes = found and (found[0], 0), [0]
                if found != (offset, sizes[0]):
                    wrong.append((struct, field, found, (offset, sizes[0])))
        assert not wrong

    def test_numbers(self, name: str) -> None:
        """Every number that the release asserts."""
        have = {n: int(v) for n, v in dialect(name).constants.items() if isinstance(v, int)}
        have |= {n: v & 0xFFFFFFFF for n, v in have.items() if v < 0}  # asserted as unsigned
        wrong = {n: (have.get(n), number) for n, number in numbers(name).items() if have.get(n) != number}
        assert not wrong

    def test_no_number_stays_behind(self, name: str) -> None:
        """A name that the release's headers do not have, the dialect has not either."""
        assert not {n for n in dialect(name).constants if n in spans_of_names() and n not in present(name)}

    def test_connect_flags(self, name: str) -> None:
        """All of them, and none that the release has not."""
        spans = {n: s for n, s in facts()["connect"].items() if n.startswith("OBD_CONNECT_")}
        wanted = {n: found[0] for n, s in spans.items() if (found := at(s, name)) is not None}
        enums = dialect(name).enums
        members = [m for enum in ("ObdConnect", "MgsConnect") if enum in enums for m in enums[enum].__members__.items()]
        have = {n: int(m) for n, m in members if n.startswith("OBD_CONNECT_")}
        assert {n: v for n, v in have.items() if n in spans} == {n: v for n, v in wanted.items() if n in have}
        assert not {n for n in wanted if n not in have and not n.startswith("OBD_CONNECT2_")}


@cache
def numbers(name: str) -> dict[str, int]:
    """What a release asserts of constants."""
    found = {n: at(spans, name) for n, spans in facts()["constants"].items() if not n.startswith(NUMBERS_SET_ASIDE)}
    return {n: said[0] for n, said in found.items() if said is not None}


@cache
def spans_of_names() -> dict[str, list[Any]]:
    """Of every name that a release asserts or that the headers were read for, the releases that have it."""
    opcodes = {n: spans for group in facts()["opcodes"].values() for n, spans in group.items()}
    own = {"LNET_", *NUMBERS_SET_ASIDE}
    known = facts()["constants"] | opcodes | facts()["portals"] | facts()["connect"] | facts()["present"]["constants"]
    return {n: spans for n, spans in known.items() if not n.startswith(tuple(own)) and n not in READ_OTHERWISE}


#: Names whose presence is read otherwise than the facts do, and why.
READ_OTHERWISE = {
    "LDF_EMPTY": "1.8.9 has it, in a header of its client",
}


@cache
def present(name: str) -> frozenset[str]:
    return frozenset(n for n, spans in spans_of_names().items() if at(spans, name) is not None) | set(numbers(name))


def test_all_that_is_asserted_is_walked() -> None:
    """Counted, so that what is covered can only grow."""
    structs = sum(1 + len(fields) for name in facts()["releases"] for _, _, fields in asserted(name))
    assert structs >= 24_805
    assert sum(len(numbers(name)) for name in facts()["releases"]) >= 15_299
