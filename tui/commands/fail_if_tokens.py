"""The words of a `--fail-if` condition, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.errors import UsageError

OPTION = "--fail-if"
EXAMPLE = "write it as in 'best.return_pct < 0 or best.trade_count < 30'"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][\w.]*)|(?P<sign><=|>=|==|!=|[-+*/()<>]))",
    re.ASCII,
)
_INSTEAD = {"=": "==", "&": "and", "|": "or", "!": "not"}
_WORDS = frozenset({"and", "or", "not"})


class Token(NamedTuple):
    """A `number`, a `name`, a `sign` (`and`, `or` and `not` too) or the `end`; `at` is its first character, from 1."""

    kind: str
    text: str
    at: int


def tokens_of(text: str) -> Iterator[Token]:
    """The text's tokens, the end last; UsageError for a character that begins none."""
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _unreadable(text, at)
        word = found[found.lastgroup]
        yield Token("sign" if word in _WORDS else found.lastgroup, word, found.start(found.lastgroup) + 1)
        at = found.end()
    yield Token("end", "the end", end + 1)


def fault(text: str, at: int, why: str, hint: str = EXAMPLE) -> UsageError:
    """What is wrong with a condition, and where."""
    return UsageError("USAGE", f"{OPTION} '{text}', character {at}: {why}", hint=hint)


def _unreadable(text: str, at: int) -> UsageError:
    at += len(text[at:]) - len(text[at:].lstrip())
    char = text[at]
    hint = f"write {_INSTEAD[char]!r}" if char in _INSTEAD else EXAMPLE
    return fault(text, at + 1, f"{char!r} means nothing here", hint)
