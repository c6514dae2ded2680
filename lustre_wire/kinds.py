"""Arguments of the wrong kind: what they would raise somewhere inside becomes one `WireError` that names the argument.

The annotations say what is expected. They are looked at when something has failed and not before, so that good
arguments cost nothing; where all arguments are of the right kind, what was raised is a fault of ours, and stays.
"""

from __future__ import annotations

import inspect
import struct
import types
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache, wraps
from typing import Annotated, Any, BinaryIO, Final, Literal, ParamSpec, TypeVar, Union, get_args, get_origin

import attrs

from lustre_wire.errors import WireError

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: What Python raises when a value is not of the kind that code expects.
FAULTS: Final = (
    AttributeError, TypeError, ValueError, LookupError, ArithmeticError, BufferError, RecursionError,
    NotImplementedError, struct.error,
)  # fmt: skip


def octets(value: Any, path: str = "") -> bytes:
    """The bytes of an object with the buffer protocol; of a number, `bytes` would make as many zeroes.

    Raises:
        WireError: no buffer, or a released one.
    """
    return value if type(value) is bytes else bytes(flat(value, path))


def flat(value: Any, path: str = "") -> Any:
    """The same as something that indexes byte by byte, copied only where its bytes do not lie one behind the other."""
    if type(value) is bytes:
        return value
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        raise WireError(f"expected bytes, got {_kind_of(value)}", path=path) from None
    return view.cast("B") if view.c_contiguous and view.nbytes else view.tobytes()


def checked(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorates a public function: an argument of another kind than its annotation raises `WireError`."""
    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def each(*args: Any, **named: Any) -> Iterator[Any]:
            try:
                yield from function(*args, **named)
            except FAULTS as error:
                blame(function, args, named)
                raise error

        return each  # type: ignore[return-value]  # gives what the function gives

    @wraps(function)
    def call(*args: _P.args, **named: _P.kwargs) -> _R:
        try:
            return function(*args, **named)
        except FAULTS as error:
            blame(function, args, named)
            raise error

    return call


def blame(function: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Raise for the first argument of a call that is not what its annotation says.

    Raises:
        WireError: it is of another kind; `path` names it.
    """
    bound, hints = inspect.signature(function).bind_partial(*args, **named), _hints(function)
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        given = {name: value}
        if kind is inspect.Parameter.VAR_POSITIONAL:
            given = {f"{name}[{i}]": each for i, each in enumerate(value)}
        elif kind is inspect.Parameter.VAR_KEYWORD:
            given = value
        for path, each in given.items():
            fault = _fault(each, hints.get(name, Any), path, set())
            if fault is not None:
                raise fault


@cache
def _hints(declared: Any) -> dict[str, Any]:
    """Annotations of a function or class, resolved."""
    return inspect.get_annotations(declared, eval_str=True)


def _fault(value: Any, hint: Any, path: str, seen: set[int]) -> WireError | None:
    """What makes a value something else than its annotation says; None where nothing does."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _fault(value, inner[0], path, seen)
    if origin in (Union, types.UnionType):
        faults = [_fault(value, option, path, seen) for option in inner]
        return None if None in faults else _expected(hint, value, path)
    if origin is Literal:
        return None if isinstance(value, str) and value in inner else _expected(hint, value, path)
    if not _is_a(value, origin or hint):
        return _expected(hint, value, path)
    if id(value) in seen:
        return None
    seen = {*seen, id(value)}
    if origin is tuple and Ellipsis not in inner and len(value) != len(inner):
        return WireError(f"expected {len(inner)} elements, got {len(value)}", path=path)
    if isinstance(value, Mapping) and len(inner) == 2:
        faults = [_fault(v, inner[1], f"{path}[{k!r}]", seen) for k, v in value.items()]
        faults += [_fault(k, inner[0], path, seen) for k in value]
    elif isinstance(value, Collection) and inner:
        kinds = inner if origin is tuple and Ellipsis not in inner else [inner[0]] * len(value)
        faults = [_fault(v, k, f"{path}[{i}]", seen) for i, (v, k) in enumerate(zip(value, kinds, strict=True))]
    elif inspect.isclass(hint) and _is_record(hint):
        known = _hints(hint)  # type: ignore[arg-type]  # a class has a hash
        public = [name for name in known if not name.startswith("_")]  # the others are no business of callers
        faults = [_fault(getattr(value, n, None), known[n], f"{path}.{n}", seen) for n in public]
    else:
        return None
    return next((fault for fault in faults if fault is not None), None)


def _is_a(value: Any, hint: Any) -> bool:
    if hint in (Any, Ellipsis) or isinstance(hint, TypeVar):
        return True
    if hint is None:
        return value is None
    if hint is bytes:
        return _does(memoryview, value)
    if hint is int:
        return hasattr(value, "__index__") and not isinstance(value, type)
    if hint is Hashable:
        return _does(hash, value)
    if hint in (Iterable, Sequence) and isinstance(value, (str, bytes, bytearray, memoryview)):
        return False  # what is in it is no value of ours
    if hint is BinaryIO:
        return hasattr(value, "read") or hasattr(value, "write")
    return isinstance(value, hint) if inspect.isclass(hint) else True


def _does(function: Callable[[Any], object], value: Any) -> bool:
    try:
        function(value)
    except (TypeError, ValueError, BufferError):
        return False
    return True


def _is_record(cls: type) -> bool:
    """Whether a class is a list of annotated fields; wire structs are not: who packs them says what is wrong."""
    return (attrs.has(cls) and not hasattr(cls, "__wire__")) or is_dataclass(cls) or hasattr(cls, "_fields")


def _expected(hint: Any, value: Any, path: str) -> WireError:
    return WireError(f"expected {_said(hint)}, got {_kind_of(value)}", path=path)


def _said(hint: Any) -> str:
    """A type as people write it: ``Dialect or str``, ``'little' or 'big'``, ``list``."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_said(option) for option in get_args(hint))
    if origin is Literal:
        return " or ".join(repr(option) for option in get_args(hint))
    return getattr(origin or hint, "__name__", str(hint))


def _kind_of(value: Any) -> str:
    """What a value is, in a word: a string that may be meant, else its type."""
    if isinstance(value, memoryview) and not _does(memoryview, value):
        return "a released memoryview"
    return repr(value) if isinstance(value, str) and len(value) < 32 else type(value).__name__
