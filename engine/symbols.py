"""What can name a symbol: one rule for commands, HTTP, files, specs, policies and Python alike."""

from __future__ import annotations

import re
import unicodedata

MAX_SYMBOL = 32
_SHOWN = 40
_CONTROL = frozenset({"Cc", "Cs"})
_UNSEEN_CATEGORIES = frozenset({"Cf", "Zl", "Zp"})
# Unicode's Default_Ignorable_Code_Point outside Cf (joiners, fillers, variation selectors, the block of tags), and the
# Braille pattern without a dot
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


def check_text(text: str) -> str:
    """The text, when it holds no control characters."""
    if any(unicodedata.category(char) in _CONTROL for char in text):
        raise ValueError("must not hold control characters")
    return text


def check_symbol(text: str) -> str:
    """The text, when it can name a symbol; ValueError shows it quoted and says why it cannot.

    1 to 32 characters, without white space around them, and inside with none but the plain space. No control character
    (Unicode's categories Cc and Cs), and none that cannot be seen: categories Cf (zero width, direction, tags), Zl, Zp,
    and those that displays leave out although they count as letters, marks or symbols.
    """
    _check_named(text)
    if len(text) <= MAX_SYMBOL and text.isascii() and text.isprintable() and text == text.strip():
        return text  # nearly every symbol, and every intent names one
    if text != text.strip():
        raise ValueError(f"{quoted(text)} must not have white space around it")
    check_held_symbol(text)
    for char in text:
        category = unicodedata.category(char)
        if category in _UNSEEN_CATEGORIES or _UNSEEN.match(char):
            raise ValueError(f"{quoted(text)} must not hold invisible characters (U+{ord(char):04X})")
        if category == "Zs" and char != " ":
            raise ValueError(f"{quoted(text)} must not hold white space but plain spaces (U+{ord(char):04X})")
    return text


def check_held_symbol(text: str) -> str:
    """The text, when a position may be held in it: papertape once took more symbols, and they can still be closed."""
    _check_named(text)
    if len(text) > MAX_SYMBOL:
        raise ValueError(f"{quoted(text)} must not be longer than {MAX_SYMBOL} characters")
    try:
        return check_text(text)
    except ValueError as error:
        raise ValueError(f"{quoted(text)} {error}") from error


def _check_named(text: object) -> None:
    if not isinstance(text, str):
        raise ValueError("must be a text")
    if not text:
        raise ValueError("must not be empty")
    if not text.strip():
        raise ValueError(f"{quoted(text)} must not be blank")


def quoted(text: str) -> str:
    """Foreign text as a sentence may hold it: quoted, what cannot be seen escaped, cut to 40 characters."""
    shown = repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
    return _UNSEEN.sub(lambda char: char[0].encode("unicode_escape").decode(), shown)


def readable(symbol: str) -> str:
    """A symbol as a sentence may hold it: as it is, or quoted where it is none, so that its spaces can be seen."""
    try:
        return check_symbol(symbol)
    except ValueError:
        return quoted(symbol)
