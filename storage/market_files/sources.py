"""What `--data` names: a file, and optionally the symbol that it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from engine.errors import NotFoundError, UsageError
from engine.symbols import check_symbol

Source = tuple[str | None, Path]
"""A symbol, or None where the file or the spec says it, and a path."""


_PAIRS = "give pairs of a symbol and a path, such as [('AAPL', 'AAPL.csv')]; None for the symbol where the file says it"


def parse_source(text: str, symbols: Sequence[str] = ()) -> Source:
    """`AAPL=file.csv` or `file.csv`; a text that is the path of an existing file is that path, '=' or not.

    Symbols and names of files may hold '=' too: the longest prefix that is one of `symbols`, the spec's, is the symbol;
    else the text before the last '=' behind which a file is named that exists; else the text before the first.
    UsageError when the symbol or the path is missing or the symbol cannot be one.
    """
    if not text.strip():
        raise UsageError("USAGE", "--data names no file", hint="give a path, or SYMBOL=path")
    if "=" not in text or _exists(Path(text)):
        return None, Path(text)
    symbol, path = _split(text, symbols)
    try:
        check_symbol(symbol)
    except ValueError as error:
        raise UsageError("USAGE", f"--data {text!r}: the symbol before '=' {error}", hint="give SYMBOL=path") from error
    if not path.strip():
        raise UsageError("USAGE", f"--data {text!r} names no file after '='", hint="give SYMBOL=path")
    return symbol, Path(path)


def _split(text: str, symbols: Sequence[str]) -> tuple[str, str]:
    """The symbol and the path; of several possible splits the one that `parse_source` describes."""
    places = [place for place, char in enumerate(text) if char == "="][::-1]
    pairs = [(text[:place], text[place + 1 :]) for place in places]
    named = (pair for pair in pairs if pair[0] in symbols)
    there = (pair for pair in pairs if pair[1] and _exists(Path(pair[1])))
    return next(named, None) or next(there, pairs[-1])


def named_sources(sources: Sequence[Source]) -> list[Source]:
    """Pairs of a symbol (or None) and a path, from pairs with texts or paths. Raises UsageError for anything else."""
    if isinstance(sources, (str, PathLike)):
        raise UsageError("USAGE", f"{sources!r} is not a list of sources", hint=_PAIRS)
    if not sources:
        raise UsageError("USAGE", "no data file is named", hint="give one with --data FILE")
    return [_source(each) for each in sources]


def _source(each: Any) -> Source:
    match each:
        case (str() | None as symbol, str() | PathLike() as path):
            return symbol, Path(path)
    raise UsageError("USAGE", f"{each!r} is not a source", hint=_PAIRS)


def read_bytes(path: Path) -> bytes:
    """The file's bytes as they are on disk. Raises NotFoundError if it is missing, a directory, or unreadable."""
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise _not_found(path, "is a directory", "name a file in it") from error
    except FileNotFoundError as error:
        raise _not_found(path, "does not exist", "check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise _not_found(path, f"cannot be read: {reason}", "check the path and its permissions") from error


def digest(hashes: Sequence[str]) -> str:
    """The sha256 of a dataset: that of a lone file's bytes, or that of several files' hex digests joined in order."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def stem_symbol(path: Path) -> str | None:
    """The symbol that a file's name suggests: `AAPL` of `aapl_daily.csv.gz`; None if it suggests none."""
    stem = path.name.replace("_", ".").split(".")[0].strip().upper()
    try:
        return check_symbol(stem)
    except ValueError:
        return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the text is too long, or holds a NUL byte, so it is not a path
        return False


def _not_found(path: Path, what: str, hint: str) -> NotFoundError:
    return NotFoundError("FILE_NOT_FOUND", f"{path} {what}", hint=hint)
