"""The two ends of an import: what a person says of the files, and what is said of them, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import UsageError
from engine.market.sessions import zone
from engine.symbols import check_symbol, quoted
from engine.vocabulary import Ambiguous, DropRows
from storage.market_files.dialects.base import FIELDS
from storage.market_files.importing.patterns import check_format
from storage.market_files.importing.resampling import read_spacing

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read and what to write; everything that is not said is told by the files.

    `columns` has names of columns by field. `zone` is that of times that state none. `timeframe` is the spacing that
    the bars are resampled to, such as `1h` or `daily`. Raises UsageError or INVALID_TIME for what cannot be.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    time_format: str = ""
    zone: str = ""
    ambiguous: Ambiguous | None = None
    adjusted: bool = False
    drop: frozenset[DropRows] = frozenset()
    timeframe: str = ""
    symbol: str = ""

    def __post_init__(self) -> None:
        check_format(self.time_format)
        if self.zone:
            zone(self.zone)
        if self.timeframe:
            read_spacing(self.timeframe)
        if self.symbol:
            try:
                check_symbol(self.symbol)
            except ValueError as error:
                raise UsageError("USAGE", f"--symbol: {error}", hint="give one symbol, such as AAPL") from error


def read_columns(given: Sequence[str]) -> dict[str, str]:
    """`--column ts="Gmt time"` as names by field. Raises UsageError."""
    columns: dict[str, str] = {}
    for text in given:
        name, sign, column = text.partition("=")
        if not sign or name.strip() not in FIELDS or not column.strip():
            known = ", ".join(FIELDS)
            raise UsageError("USAGE", f"--column {text!r} is not FIELD=NAME", hint=f"FIELD is one of {known}")
        if name.strip() in columns:
            raise UsageError("USAGE", f"--column names {name.strip()} twice", hint="name one column for it")
        columns[name.strip()] = column.strip()
    return columns


@dataclass(frozen=True, slots=True)
class Counted:
    """So many rows, bars or numbers with which something was done, and what; `row` is the first of them."""

    count: int
    what: str
    row: int = 0
    unit: str = "row"

    def __str__(self) -> str:
        rows = f"1 {self.unit}" if self.count == 1 else f"{self.count:,} {self.unit}s"
        first = "" if not self.row else f" (row {self.row})" if self.count == 1 else f" (the first is row {self.row})"
        return f"{rows}: {self.what}{first}"


@dataclass(slots=True)
class FileReport:
    """What one file is and how it was read.

    `columns` are the names of the columns taken, by field; `symbols` are those that the header names.
    """

    file: str
    kind: str
    notes: tuple[str, ...]
    separator: str
    decimal: str
    header: str
    columns: dict[str, str]
    left_out: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    times: str = ""
    zone: str = ""
    order: str = "oldest first"
    bars: int = 0
    dropped: list[Counted] = field(default_factory=list)
    changed: list[Counted] = field(default_factory=list)

    def lines(self) -> Iterator[tuple[str, str]]:
        """Label and text of each line."""
        notes = f" ({', '.join(self.notes)})" if self.notes else ""
        yield "read as", self.kind + notes
        yield "separator", self.separator + (f", {self.decimal}" if self.decimal else "")
        yield "header", self.header
        taken = ", ".join(f"{field} from {quoted(name)}" for field, name in self.columns.items())
        taken += "" if len(self.symbols) < 2 else f", and likewise for {_listed(self.symbols[1:])}"
        left = "" if not self.left_out else f"; left out: {_listed(self.left_out)}"
        yield "columns", taken + left
        yield "times", self.times
        yield "zone", self.zone
        yield "dropped", "; ".join(map(str, self.dropped)) or "nothing"
        yield "changed", "; ".join(map(str, self.changed)) or "nothing"
        yield "order", self.order


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(quoted(name) for name in names[:_SHOWN])
    return f"{shown}, and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def separator_name(separator: str) -> str:
    """A separator in a word."""
    return _SEPARATORS.get(separator, quoted(separator))
