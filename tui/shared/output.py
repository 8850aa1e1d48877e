"""What a command prints: JSON documents, or for people lines, fields and tables, made safe and fitted.

In JSON times are ISO 8601 with +00:00, ids and enums are text, figures are plain numbers and never NaN.

For people, what is piped is plain text, whatever the terminal; on a terminal a table wider than it is cut in the
columns that may shrink, never in a figure.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePath
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO
from uuid import UUID

from tui.shared import figures
from tui.shared.figures import Number
from tui.shared.text import cell_width, colour_wanted, fit, pad, safe_text, speaks_unicode, width_of

if TYPE_CHECKING:
    from engine.account.state import PaperPosition
    from engine.desk.accounts import TradeView

LEAST = 8
"""Cells that a shrinking column keeps."""


class _Kept(NamedTuple):
    stream: TextIO
    is_json: bool


_kept: list[_Kept] = []


def answers() -> TextIO:
    """Where the answer of the command goes."""
    return _kept[-1].stream if _kept else sys.stdout


def are_json() -> bool:
    """Whether the command at work answers in JSON."""
    return bool(_kept) and _kept[-1].is_json


@contextmanager
def answers_alone(*, json: bool) -> Iterator[None]:
    """While a command works: what is printed goes to the standard error, and `answers` to the standard output."""
    _kept.append(_Kept(sys.stdout, json))
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _kept.pop()


def plain(value: Any) -> Any:
    """The value as JSON's own types."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = _as_text(value)
    return _plain_compound(value) if text is None else text


def _as_text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, (str, UUID, PurePath)) else None


def _plain_compound(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def write_document(value: Any) -> None:
    """One document to the standard output, indented for people."""
    answers().write(json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def write_line(value: Any) -> None:
    """One document on one line: JSON Lines."""
    answers().write(json.dumps(plain(value), separators=(", ", ": "), allow_nan=False) + "\n")


class Tone(Enum):
    """What a cell's colour says; the text says it too."""

    PLAIN = ""
    GAIN = "\x1b[32m"
    LOSS = "\x1b[31m"
    STRONG = "\x1b[1m"
    FAINT = "\x1b[2m"


RESET = "\x1b[0m"


@dataclass(slots=True)
class _Column:
    title: str
    cells: list[str]
    right: bool = False
    shrinks: bool = False
    tones: list[Tone] = field(default_factory=list)
    shorter: list[str] = field(default_factory=list)
    """The same to be shown where there is no room"""

    @property
    def width(self) -> int:
        return max(map(cell_width, [self.title, *self.cells]))

    @property
    def least(self) -> int:
        """The least width that the column can shrink to."""
        return min(self.width, max(LEAST, cell_width(self.title))) if self.shrinks else self.width

    def tone(self, row: int) -> Tone:
        return self.tones[row] if self.tones else Tone.PLAIN


class Table:
    """Built column by column; every column has the same number of values."""

    def __init__(self) -> None:
        self._columns: list[_Column] = []

    def text(self, title: str, values: Iterable[object], *, shrinks: bool = False, right: bool = False) -> Table:
        """Add a column of safe text; `-` where there is none."""
        cells = [figures.NONE if value is None else safe_text(value) for value in values]
        return self._add(_Column(title, cells, right, shrinks))

    def counts(self, title: str, values: Iterable[int | None]) -> Table:
        """Add a column of whole numbers."""
        return self._add(
            _Column(title, [figures.NONE if value is None else figures.whole(value) for value in values], True)
        )

    def quantities(self, title: str, values: Sequence[Number]) -> Table:
        """Add a column of quantities with the decimals that it needs."""
        return self._add(_Column(title, figures.aligned(values, figures.needed_decimals), True))

    def prices(self, title: str, values: Sequence[Number]) -> Table:
        """Add a column of prices with at least two decimals."""
        return self._add(_Column(title, figures.aligned(values, figures.price_decimals), True))

    def money(self, title: str, values: Iterable[Number], digits: int = 2) -> Table:
        """Add a column of amounts with a fixed number of decimals."""
        cells = [figures.NONE if value is None else figures.decimals(value, digits) for value in values]
        return self._add(_Column(title, cells, True))

    def gains(self, title: str, values: Sequence[Number], digits: int = 2) -> Table:
        """Add a column of profits and losses with signs and colours."""
        cells = [figures.NONE if value is None else figures.signed(value, digits) for value in values]
        return self._add(_Column(title, cells, True, tones=[gain_tone(value) for value in values]))

    def times(self, title: str, values: Sequence[datetime | None]) -> Table:
        """Add a column of times in UTC, without seconds where there is no room."""
        shorter = figures.moments(values, figures.TO_THE_MINUTE)
        return self._add(_Column(title, figures.moments(values), shorter=shorter))

    def columns(self) -> list[tuple[str, list[str], bool]]:
        """Of each column its title, its cells, and whether it is aligned to the right."""
        return [(column.title, column.cells, column.right) for column in self._columns]

    def lines(self, width: int, *, colour: bool = False, rule: str = "-") -> list[str]:
        """The table's lines, at most `width` cells wide as far as its columns allow."""
        gap = self._make_room(width)
        widths = self._widths(width, gap)
        head = [pad(column.title, wide, right=column.right) for column, wide in zip(self._columns, widths, strict=True)]
        titles = gap.join(_toned(cell, Tone.STRONG, colour) for cell in head)
        rules = gap.join(rule * wide for wide in widths)
        rows = range(len(self._columns[0].cells))
        return [titles.rstrip(), rules, *(self._row(row, widths, gap, colour) for row in rows)]

    def _row(self, row: int, widths: Sequence[int], gap: str, colour: bool) -> str:
        cells = []
        for column, wide in zip(self._columns, widths, strict=True):
            cell = pad(fit(column.cells[row], wide), wide, right=column.right)
            cells.append(_toned(cell, column.tone(row), colour))
        return gap.join(cells).rstrip()

    def _make_room(self, width: int) -> str:
        """What stands between columns; where there is no room, times lose their seconds, then the gap a space."""
        if self._least("  ") > width:
            for column in self._columns:
                column.cells = column.shorter or column.cells
        return "  " if self._least("  ") <= width else " "

    def _least(self, gap: str) -> int:
        return sum(column.least for column in self._columns) + len(gap) * (len(self._columns) - 1)

    def _widths(self, width: int, gap: str) -> list[int]:
        widths = [column.width for column in self._columns]
        excess = sum(widths) + len(gap) * (len(widths) - 1) - width
        for index, column in enumerate(self._columns):
            cut = max(0, min(excess, widths[index] - column.least))
            widths[index] -= cut
            excess -= cut
        return widths

    def _add(self, column: _Column) -> Table:
        self._columns.append(column)
        return self


def gain_tone(amount: Number) -> Tone:
    """Green above zero, red below."""
    if amount is None or amount == 0:
        return Tone.PLAIN
    return Tone.GAIN if amount > 0 else Tone.LOSS


def _toned(cell: str, tone: Tone, colour: bool) -> str:
    return f"{tone.value}{cell}{RESET}" if colour and tone is not Tone.PLAIN else cell


def put_positions(table: Table, held: Sequence[PaperPosition]) -> Table:
    """Add what is known of positions, behind a column of their symbols."""
    table.quantities("quantity", [position.quantity for position in held])
    table.prices("avg price", [position.avg_price for position in held])
    table.prices("mark", [position.mark for position in held])
    table.money("value", [position.market_value for position in held])
    table.gains("unrealized", [position.unrealized_pnl for position in held])
    return table.times("opened", [position.opened_at for position in held])


def put_trades(table: Table, closed: Sequence[TradeView]) -> Table:
    """Add what is known of round trips, behind a column of their symbols; fees where there were any."""
    table.times("entry", [trade.entry_ts for trade in closed])
    table.times("exit", [trade.exit_ts for trade in closed])
    table.quantities("quantity", [trade.quantity for trade in closed])
    table.prices("in", [trade.entry_price for trade in closed])
    table.prices("out", [trade.exit_price for trade in closed])
    if any(trade.fees for trade in closed):
        table.money("fees", [trade.fees for trade in closed])
    return table.gains("P&L", [trade.pnl for trade in closed])


Field = tuple[str, str] | tuple[str, str, Tone]
"""A name, what it is, and perhaps what its colour says."""


class Page:
    """One command's output on the standard output."""

    def __init__(self) -> None:
        self.width = width_of(answers())
        self.colour = colour_wanted(answers())
        self.unicode = speaks_unicode(answers())

    def line(self, text: str = "") -> None:
        """Print a line of text, made safe."""
        self.raw(safe_text(text))

    def paragraph(self, text: str) -> None:
        """Print a paragraph of text, made safe and wrapped."""
        for line in wrap(safe_text(text), self.width, break_long_words=False, break_on_hyphens=False):
            self.raw(line)

    def raw(self, text: str) -> None:
        """Print a line that is known to be safe."""
        answers().write(text + "\n")

    def heading(self, text: str) -> None:
        """Print a heading, made safe, and strong where there is colour."""
        shown = safe_text(text)
        self.raw(f"{Tone.STRONG.value}{shown}{RESET}" if self.colour else shown)

    def fields(self, fields: Iterable[Field]) -> None:
        """Print fields: names at the left, their values beside them."""
        rows = [(field[0], safe_text(field[1]), field[2] if len(field) > 2 else Tone.PLAIN) for field in fields]
        wide = max(cell_width(name) for name, _, _ in rows)
        for name, value, tone in rows:
            shown = f"{tone.value}{value}{RESET}" if self.colour and tone is not Tone.PLAIN else value
            self.raw(f"{name}{' ' * (wide - cell_width(name))}  {shown}".rstrip())

    def table(self, table: Table) -> None:
        """Print a table, fitted to the width."""
        for line in table.lines(self.width, colour=self.colour, rule="─" if self.unicode else "-"):
            self.raw(line)
