"""``lustre-wire bench``: the throughput table of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from lustre_wire import bulk
from lustre_wire.cli.names import DIALECT, close_to, default_dialect
from lustre_wire.cli.output import examples, json_option, print_json, print_table
from lustre_wire.dialects import Dialect
from lustre_wire.frames import lustre_msg
from lustre_wire.jsonform import to_json
from lustre_wire.rpc import REPLY, REQUEST, build, decode, encode
from lustre_wire.schema import spec_of

_ROWS = 10_000
#: (what, how many messages or rows, bytes, the work) of one line of the table.
Work = tuple[str, int, int, Callable[[], Any]]


@click.command(
    epilog=examples("""
        lustre-wire bench
        lustre-wire bench MDS_GETATTR LDLM_ENQUEUE/INTENT_OPEN --dialect 1.8
        lustre-wire bench --seconds 1 --json
    """)
)
@click.argument("formats", nargs=-1, metavar="[FORMAT]...")
@click.option("--dialect", "-d", type=DIALECT, help="Which dialect; the latest one if not given.")
@click.option("--seconds", default=0.2, show_default=True, type=click.FloatRange(0, min_open=True),
              help="How long each line is measured.")  # fmt: skip
@json_option
def command(formats: tuple[str, ...], dialect: Dialect | None, seconds: float, as_json: bool) -> None:
    """Measure how many messages a second are decoded and encoded here.

    FORMAT is an RPC format by name; MDS_GETATTR if none is given. Bulk lines work on columns of the reply's first
    struct, and stand beside a plain copy of the same bytes.
    """
    chosen = dialect or default_dialect()
    rows: list[dict[str, Any]] = []
    for name in formats or ("MDS_GETATTR",):
        if name not in chosen.rpcs:
            raise click.UsageError(f"dialect {chosen.name} knows no RPC format {name!r}{close_to(name, chosen.rpcs)}")
        for what, count, size, work in _works(chosen, name):
            each = _measured(work, seconds) / count
            rows.append({"format": name, "work": what, "seconds_each": each, "per_second": 1 / each, "bytes": size})
    if as_json:
        for row in rows:
            print_json({"dialect": chosen.name, **row})
        return
    table = [
        [str(r["format"]), str(r["work"]), f"{r['per_second']:,.0f}", f"{r['seconds_each'] * 1e6:.3f}",
         f"{r['bytes'] * r['per_second'] / 1e6:,.0f}"]
        for r in rows
    ]  # fmt: skip
    core = "with the C core" if bulk.available else "without the C core"
    columns = ["format", "work", "a second#", "us each#", "MB/s#"]
    print_table(columns, table, title=f"Dialect {chosen.name}, {core}")


def _works(dialect: Dialect, name: str) -> Iterator[Work]:
    form = dialect.rpcs[name]
    sides = ((REQUEST, form.request), (REPLY, form.reply))
    for direction, side in sides:
        structs = {s.name: s.struct() for s in side.__slot_specs__ if s.struct is not None}
        message = build(dialect, name, direction, **structs)
        data = encode(message)
        size = len(data)
        asked = form if direction == REPLY else None
        yield f"split {direction}", 1, size, lambda data=data: lustre_msg.split(data)  # type: ignore[misc]
        yield f"decode {direction}", 1, size, lambda data=data, asked=asked: decode(data, dialect, request=asked)  # type: ignore[misc]
        yield f"encode {direction}", 1, size, lambda message=message: encode(message)  # type: ignore[misc]
        yield f"JSON form of {direction}", 1, size, lambda message=message: to_json(message)  # type: ignore[misc]
        if direction == REQUEST:
            stream = data * _ROWS
            yield "bulk index of requests", _ROWS, size, lambda stream=stream: bulk.index(stream, dialect)  # type: ignore[misc]
    first = next((s.struct for s in form.reply.__slot_specs__ if s.struct is not None), None)
    if first is not None:
        yield from _bulk(first)


def _bulk(cls: Any) -> Iterator[Work]:
    size, name = spec_of(cls).size, spec_of(cls).name
    data = bytes(size * _ROWS)
    columns = bulk.unpack(cls, data, stride=size)
    target = memoryview(bytearray(len(data)))

    def copy() -> None:
        target[:] = data

    yield f"bulk unpack {name}", _ROWS, size, lambda: bulk.unpack(cls, data, stride=size, out=columns)
    yield f"bulk pack {name}", _ROWS, size, lambda: bulk.pack(cls, columns, out=target)
    yield f"copy {name}", _ROWS, size, copy


def _measured(work: Callable[[], Any], seconds: float) -> float:
    """Seconds of one call: the best of as many series as fit into the time."""
    work()
    best, calls = float("inf"), 1
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        for _ in range(calls):
            work()
        taken = time.perf_counter() - begun
        best = min(best, taken / calls)
        if taken < seconds / 20:
            calls *= 2
    return best
