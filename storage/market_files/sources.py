"""What is asked of market data: `--data` names files and symbols, `--cut`, `--from` and `--to` the bars of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from engine.errors import InvalidError, NotFoundError, UsageError
from engine.market.bars import Bars, Bound
from engine.market.sessions import MICROS_PER_DAY, from_micros
from engine.symbols import check_symbol
from storage.market_files.values import read_time

Source = tuple[str | None, Path]
"""A symbol, or None where the file or the spec says it, and a path."""


_PAIRS = "give pairs of a symbol and a path, such as [('AAPL', 'AAPL.csv')]; None for the symbol where the file says it"
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)


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


@dataclass(frozen=True, slots=True)
class End:
    """One end of an extent, as its option gave it. `at` is a session's day, or an instant.

    `first` and `last` bound the times that it may mean (UTC microseconds; a day as a day in UTC).
    """

    option: str
    text: str
    at: Bound
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.option} {self.text}"


@dataclass(frozen=True, slots=True)
class Extent:
    """What is read, from `cut` to `end`, and what is traded of it, from `start` on; inclusive, None is unbounded."""

    cut: End | None
    start: End | None
    end: End | None

    def apply(self, bars: Bars) -> Bars:
        """The bars that are read. A date stands for its whole session, in the bars' own session zone."""
        first = 0 if self.cut is None else bars.rows_before(self.cut.at)
        last = len(bars) if self.end is None else bars.rows_through(self.end.at)
        return bars.slice(first, max(first, last))

    def said(self, *names: str) -> str:
        """These ends as options: `--cut 2020-01-03 --to 2020-02-01`."""
        return " ".join(str(end) for name in names if (end := getattr(self, name)) is not None)


def read_extent(cut: str | None, start: str | None, end: str | None) -> Extent:
    """The extent of `--cut`, `--from` and `--to`, each an ISO date or time (without a zone: UTC).

    Raises INVALID_TIME if one cannot be read, or if they are not in the order cut, from, to.
    """
    given = read_end(cut, "--cut"), read_end(start, "--from"), read_end(end, "--to")
    in_order = [one for one in given if one is not None]
    for place, earlier in enumerate(in_order):
        for later in in_order[place + 1 :]:
            if earlier.first > later.last:
                raise InvalidError("INVALID_TIME", f"{earlier} lies after {later}", hint="exchange them")
    return Extent(*given)


def read_end(text: str | None, option: str) -> End | None:
    """The end that an option gives; None if it is not given. Raises INVALID_TIME."""
    if text is None:
        return None
    text = text.strip()
    try:
        ts = read_time(text)
    except ValueError as error:
        raise InvalidError("INVALID_TIME", f"{option}: {error}") from error  # it says what to write
    if _DATE.fullmatch(text):
        return End(option, text, from_micros(ts).date(), ts, ts + MICROS_PER_DAY - 1)
    return End(option, text, from_micros(ts), ts, ts)
