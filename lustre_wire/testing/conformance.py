"""Runs another implementation over the conformance vectors.

It is given one JSON object a line on standard input: ``{"id", "dialect", "direction", "format", "hex"}``. For each it
writes one line on standard output, in any order: ``{"id", "decoded": {...}, "hex": "..."}`` with the JSON form of the
message and the bytes it encodes to, or ``{"id", "error": "why"}`` where it refuses the message. ``decoded`` may be left
out by an implementation that has no JSON form; then the bytes alone count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from lustre_wire.capture.inputs import json_of
from lustre_wire.dialects import dialect
from lustre_wire.errors import WireError
from lustre_wire.jsonform import from_json, to_json
from lustre_wire.rpc import REPLY, decode, encode
from lustre_wire.testing.commands import run_bounded
from lustre_wire.testing.vectors import Vector, shape_of
from lustre_wire.text.quoting import json_line

#: Bytes that all answers together may have.
MAX_ANSWERS: Final = 256 << 20


@dataclass
class Result:
    """How an implementation did.

    Attributes:
        passed: ids of the vectors it got right.
        failed: id -> what was wrong, for those not on the list of known failures.
        known: id -> what was wrong, for those on the list.
        stale: ids on the list that pass, or that no vector has.
    """

    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """No unexpected failure and no stale entry."""
        return not self.failed and not self.stale

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"passed": len(self.passed), "failed": self.failed, "known": self.known, "stale": self.stale}


def question(vector: Vector) -> dict[str, Any]:
    """What an implementation is told of a vector."""
    return {
        "id": vector.id, "dialect": vector.dialect, "direction": vector.direction, "format": vector.format,
        "hex": vector.data.hex(),
    }  # fmt: skip


def run(argv: Sequence[str], vectors: Iterable[Vector], *, timeout: float = 300.0, known: Iterable[str] = ()) -> Result:
    """Ask a command about every vector.

    Args:
        argv: the command; it reads to the end of standard input.
        timeout: seconds for the whole run.
        known: ids that are expected to fail; the list must not go stale.

    Raises:
        WireError: no answer in time, a line that is no answer, or more than `MAX_ANSWERS` bytes of them.
        OSError: the command cannot be started.
    """
    asked = list(vectors)
    text = "".join(json.dumps(question(vector)) + "\n" for vector in asked)
    try:
        done = run_bounded(argv, text.encode(), timeout=timeout, most=MAX_ANSWERS)
    except TimeoutError:
        raise WireError(f"{argv[0]} did not end within {timeout:g} s") from None
    answers = _answers(done.out)
    result = _judged(asked, answers, set(known))
    if done.status and not answers:
        said = done.said.decode(errors="replace").strip()[-300:]
        raise WireError(f"{argv[0]} ended with status {done.status}: {said or 'no output'}")
    return result


def _answers(text: bytes) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(text.split(b"\n"), 1):
        if not line.strip():
            continue
        answer = json_of(line, f"line {number} of the answers")
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise WireError(f"line {number} of the answers has no id")
        found[answer["id"]] = answer
    return found


def _judged(asked: list[Vector], answers: dict[str, dict[str, Any]], known: set[str]) -> Result:
    result = Result(stale=sorted(known - {vector.id for vector in asked}))
    for vector in asked:
        fault = judge(vector, answers.get(vector.id))
        if not fault:
            (result.stale if vector.id in known else result.passed).append(vector.id)
        else:
            (result.known if vector.id in known else result.failed)[vector.id] = fault
    return result


def judge(vector: Vector, answer: dict[str, Any] | None) -> str:
    """What is wrong with an answer, or ""."""
    if answer is None:
        return "no answer"
    if vector.must_fail:
        return "" if "error" in answer else f"accepted, although {vector.must_fail}"
    if "error" in answer:
        return f"refused: {answer['error']}"
    if answer.get("hex") != vector.data.hex():
        return "encodes to other bytes"
    if "decoded" in answer and answer["decoded"] != vector.decoded:
        return f"decodes otherwise: {_difference(vector.decoded, answer['decoded'])}"
    return ""


def _difference(wanted: Any, got: Any, path: str = "") -> str:
    """Where two JSON values differ first."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in sorted(wanted.keys() | got.keys()):
            if wanted.get(key) != got.get(key) or (key in wanted) != (key in got):
                return _difference(wanted.get(key), got.get(key), f"{path}.{key}" if path else key)
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for i, (a, b) in enumerate(zip(wanted, got, strict=True)):
            if a != b:
                return _difference(a, b, f"{path}[{i}]")
    return f"{path}: expected {_brief(wanted)}, got {_brief(got)}"


def _brief(value: Any) -> str:
    try:
        return json.dumps(value)[:80]
    except RecursionError:
        return "values in values without an end"


def answer(asked: Any) -> dict[str, Any]:
    """This library's own answer to a question.

    Raises:
        WireError: it is no question.
    """
    if not isinstance(asked, dict) or not all(isinstance(asked.get(k), str) for k in ("id", "dialect", "hex")):
        raise WireError("expected a question with id, dialect and hex")
    try:
        data = bytes.fromhex(asked["hex"])
    except ValueError as error:
        raise WireError(str(error), path=f"{asked['id']}.hex") from None
    try:
        found = dialect(asked["dialect"])
        form = found.rpcs.get(str(asked["format"])) if asked.get("format") else None
        message = decode(data, found, request=form if asked.get("direction") == REPLY else None)
        shape = json.loads(json.dumps(shape_of(to_json(message))))
        return {"id": asked["id"], "decoded": shape, "hex": encode(from_json(shape)).hex()}
    except WireError as error:
        return {"id": asked["id"], "error": str(error)}


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer questions line by line, as `run` expects of a command.

    Raises:
        WireError: a line that is no question.
    """
    for number, line in enumerate(questions, 1):
        if line.strip():
            answers.write(json_line(answer(json_of(line, f"line {number}"))) + "\n")
