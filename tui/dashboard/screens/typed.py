"""What is typed into a form, as values; an error names its field, so that the form can mark it.

Sweeps and specs are read as the command line reads them, whose errors name options: here they name fields.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from engine.errors import InvalidError, PapertapeError
from tui.shared.inputs import EXAMPLE

BASE, TRIED = "base", "try"
"""The columns of fields that a parameter has."""
VALUES = "values such as 20,55 or 20:60:20"
_OPTION = re.compile(r"^--[a-z-]+ ")
_PREAMBLE = re.compile(r"^the spec(?:'s (\w+)| of these flags) is refused: ")
"""How an error begins that a whole spec is refused with; the part that it is about, if it names one."""


class FieldError(InvalidError):
    """A field cannot be taken as it is. `field` is its id, or a parameter's path; `column` is a parameter's field."""

    def __init__(self, field: str, message: str, hint: str, *, column: str = "") -> None:
        super().__init__("INVALID_SPEC", message, hint=hint)
        self.field, self.column = field, column


@contextmanager
def at_field(path: str, column: str) -> Iterator[None]:
    """Within it, an error is about one parameter's field."""
    try:
        yield
    except PapertapeError as error:
        raise _about(path, column, error) from error


@contextmanager
def among_fields(paths: Iterable[str], column: str) -> Iterator[None]:
    """Within it, an error that begins with the path of a parameter is about that parameter's field."""
    try:
        yield
    except PapertapeError as error:
        said = _said(error.message)
        found = next((path for path in paths if re.match(rf"{re.escape(path)}\b", said)), None)
        if found is None:
            raise
        raise _about(found, column, error) from error


def words(text: str, field: str) -> list[str]:
    """Words between spaces or commas; quotes keep one together."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t,", True, ""
    lexer.escape = ""
    try:
        return list(lexer)
    except ValueError as error:
        raise FieldError(field, f"{field}: a quote is not closed in {text!r}", "close it") from error


def whole_number(text: str, field: str) -> int:
    """An integer of 1 or more; thousands separators are allowed."""
    try:
        number = int(text.replace(",", "").strip())
    except ValueError:
        number = 0
    if number < 1:
        raise FieldError(field, f"{_label(field)}: {text.strip()!r} must be an integer ≥ 1", "correct it")
    return number


def number(text: str, field: str) -> float:
    """A finite number; thousands separators are allowed, and an empty field is 0."""
    try:
        value = float(text.replace(",", "").strip() or 0)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FieldError(field, f"{_label(field)}: {text.strip()!r} is not a number", "correct it")
    return value


def _about(path: str, column: str, error: PapertapeError) -> FieldError:
    """The error in the words of the form: the parameter's name, and what is wrong with its values."""
    said = _said(error.message).removeprefix(path).removeprefix(":").strip()
    hint = VALUES if error.hint == EXAMPLE else error.hint
    return FieldError(path, f"{path.rpartition('.')[2]}: {said}", hint, column=column)


def _said(message: str) -> str:
    """An error's message without the option that it begins with; of a refused spec, from the parameter's path on."""
    said = _OPTION.sub("", message)
    refused = _PREAMBLE.match(said)
    if refused is None:
        return said
    return f"{refused[1]}.{said[refused.end() :]}" if refused[1] else said[refused.end() :]


def _label(field: str) -> str:
    return field.replace("_", " ")
