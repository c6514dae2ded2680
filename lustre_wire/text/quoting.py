"""Text that comes from bytes, before a terminal, a shell or a program sees it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any, Final

_json: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def shown(text: str) -> str:
    """Text as one line of what can be seen: control characters, line ends, marks that turn the direction of writing,
    and bytes that are no UTF-8 (lone surrogates) as escapes."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shell_words(words: Iterable[str]) -> str:
    """Words as a POSIX shell reads them, on one line that can be shown.

    A word with other characters is written as ``$'...'`` with octal escapes, without a quote or backslash of its own,
    so that also a shell that does not know this form takes it for one harmless word.
    """
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    data = word.encode("utf-8", "surrogateescape")
    return "$'" + "".join(chr(b) if 32 <= b < 127 and b not in b"'\\" else f"\\{b:03o}" for b in data) + "'"


def json_line(obj: Any) -> str:
    """Plain JSON types as one line of ASCII that can be shown."""
    return _json(obj).replace("\x7f", "\\u007f")  # all others are escaped, or no ASCII
