"""What a person says of the files to be imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.errors import UsageError
from engine.market.sessions import zone
from engine.symbols import check_symbol
from engine.vocabulary import Ambiguous, DropRows
from storage.market_files.dialects.base import FIELDS
from storage.market_files.importing.patterns import check_format
from storage.market_files.importing.resampling import read_spacing


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
