"""Columns of a table: how values are shown and copied, a column with the same decimals, and the room that it gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.cells import cell_len
from rich.text import Text

from tui.dashboard.colours import Palette, gain
from tui.shared import figures
from tui.shared.text import fit, safe_text

if TYPE_CHECKING:
    from textual.widget import Widget


Row = TypeVar("Row")
Cells = list[tuple[Text, ...]]

MOST_FROZEN = 0.65
"""The part of the width that frozen columns take at most; the others need the rest to be seen in."""

_FIGURE = re.compile(r"(?:[▲▼] )?\+?(-?\d[\d,]*(?:\.\d+)?)$")
_MOMENTS = {-1: "%m-%d %H:%M", 0: "%Y-%m-%d", 1: "%Y-%m-%d %H:%M", 2: "%Y-%m-%d %H:%M:%S"}
"""By how exact they are; -1 where there is little room and the year is known."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values are shown. `detail` is what one value needs (decimals, or how exact a time); a column gives all of
    its values what the neediest has. Numbers stand at the right."""

    show: Callable[[Any, int, Palette], Text]
    detail: Callable[[Any], int] = lambda _: 0
    right: bool = True


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: `value` of a row, None where there is none. `widest` cuts a long text; `why` is its tooltip.

    `least` is the room it has in any case: what changes while one looks does not move the columns after it.
    `tight_detail` and `tight_widest` are what it does with where the table has no room for all of its columns.
    """

    key: str
    title: str
    form: Form
    value: Callable[[Row], Any]
    why: str = ""
    widest: int = 32
    least: int = 0
    tight_detail: int | None = None
    tight_widest: int | None = None

    @property
    def yields(self) -> bool:
        """Whether it takes less room where there is little."""
        return self.tight_detail is not None or self.tight_widest is not None

    def detail(self, rows: Sequence[Row], *, tight: bool = False) -> int:
        """The detail that the most demanding of these rows needs."""
        values = (self.value(row) for row in rows)
        needed = max((self.form.detail(value) for value in values if value is not None), default=0)
        return min(needed, self.tight_detail) if tight and self.tight_detail is not None else needed

    def most(self, *, tight: bool) -> int:
        """The cells that it takes at most."""
        return self.tight_widest if tight and self.tight_widest is not None else self.widest

    def cells(self, rows: Sequence[Row], detail: int, palette: Palette) -> list[Text]:
        """The rows' cells: text, never markup."""
        return [self._cell(self.value(row), detail, palette) for row in rows]

    def plain(self, row: Row, palette: Palette) -> str:
        """What is copied: all that the value has, a figure as programs read it, nothing where there is none."""
        value = self.value(row)
        if value is None:
            return ""
        shown = self.form.show(value, self.form.detail(value), palette).plain
        figure = _FIGURE.match(shown) if self.form.right else None
        return figure[1].replace(",", "") if figure else shown

    def order(self, row: Row) -> tuple[bool, Any]:
        """What a row is sorted by; rows without a value stand together."""
        value = self.value(row)
        return value is not None, value

    def _cell(self, value: Any, detail: int, palette: Palette) -> Text:
        cell = Text(figures.NONE, palette.muted) if value is None else self.form.show(value, detail, palette)
        cell.no_wrap, cell.overflow, cell.end = True, "ellipsis", ""
        if self.form.right:
            cell.justify = "right"
        else:
            cell.pad_left(1)  # the gap to the column before; at the right it comes of the width
        return cell


def _words(value: Any, _: int, __: Palette) -> Text:
    return Text(safe_text(value))


def _amount(value: float, digits: int, _: Palette) -> Text:
    return Text(figures.decimals(value, digits))


def _gain(value: float, digits: int, palette: Palette) -> Text:
    return gain(value, palette, digits)


def _rate(value: float, digits: int, palette: Palette) -> Text:
    return gain(value, palette, digits, arrow=False)


def _moment(value: datetime, exactness: int, _: Palette) -> Text:
    return Text(value.astimezone(UTC).strftime(_MOMENTS[exactness]))


def _exactness(value: datetime) -> int:
    utc = value.astimezone(UTC)
    return 2 if utc.second else int(bool(utc.hour or utc.minute))


def fixed(digits: int) -> Form:
    """Amounts with so many decimals."""
    return Form(_amount, lambda _: digits)


def _id(value: Any, _: int, palette: Palette) -> Text:
    return Text(safe_text(value), palette.muted)


def _telling(value: str, _: int, palette: Palette) -> Text:
    first = value.partition(" ")[0]
    colour = palette.gain if first in _GOOD else palette.loss if first in _BAD else ""
    return Text(safe_text(value), colour)


_GOOD, _BAD = frozenset({"✓", "BUY", "ORDER_FILLED"}), frozenset({"✗", "SELL", "INTENT_REJECTED"})
"""Words that have a colour: what was filled or bought, and what was refused or sold."""
WORDS = Form(_words, right=False)
"""Any text, made safe."""
IDS = Form(_id, right=False)
"""What is copied rather than read."""
TELLING = Form(_telling, right=False)
"""An outcome, a side or an event, coloured by what it tells."""
COUNTS = fixed(0)
MONEY = fixed(2)
PERCENT = fixed(1)
QUANTITIES = Form(_amount, figures.needed_decimals)
PRICES = Form(_amount, figures.price_decimals)
GAINS = Form(_gain, lambda _: 2)
"""Profit and loss, by sign, arrow and colour."""
RATES = Form(_rate, lambda _: 2)
"""Profit and loss in percent, by sign and colour, beside the amount that has the arrow."""
TIMES = Form(_moment, _exactness, right=False)
"""Times in UTC, as exact as the most exact of the column: dates alone, to the minute, or to the second."""
MINUTES = Form(_moment, lambda value: min(1, _exactness(value)), right=False)
"""Times in UTC, to the minute at most."""


class Fitting(Generic[Row]):
    """`make` is for all rows, `more` for those that are added; `least` is the room that each column needs then."""

    def __init__(self, columns: Sequence[Column[Row]]) -> None:
        self._columns = columns
        self._detail = [0] * len(columns)
        self._content = [0] * len(columns)
        self._tight = False
        self._wanted = 0

    def make(self, rows: Sequence[Row], room: int, palette: Palette) -> Cells:
        """The rows' cells; some columns say less where all that they have to say is wider than the room."""
        cells = self._make(rows, palette, tight=False)
        self._wanted = sum(self.least())
        return self._make(rows, palette, tight=True) if self._must_yield(room) else cells

    def more(self, rows: Sequence[Row], room: int, palette: Palette) -> Cells | None:
        """The cells of rows that are added; None where those before them must be made anew to be alike."""
        detail = [max(had, needed) for had, needed in zip(self._detail, self._details(rows), strict=True)]
        if detail != self._detail:  # a value that needs more decimals than any before
            return None
        cells = self._cells(rows, palette)
        self._measure(cells)
        self._wanted = max(self._wanted, sum(self.least()))
        return None if self.is_other(room) else cells

    def is_other(self, room: int) -> bool:
        """Whether a table of this width needs other cells than those that were made."""
        return self._tight != self._must_yield(room)

    def least(self) -> list[int]:
        """The cells of each column's content or title, with the gap before it."""
        pairs = zip(self._content, self._columns, strict=True)
        return [max(content, cell_len(column.title) + 1) for content, column in pairs]

    def _must_yield(self, room: int) -> bool:
        return 0 < room < self._wanted and any(column.yields for column in self._columns)

    def _make(self, rows: Sequence[Row], palette: Palette, *, tight: bool) -> Cells:
        self._tight, self._content = tight, [0] * len(self._columns)
        self._detail = self._details(rows)
        cells = self._cells(rows, palette)
        self._measure(cells)
        return cells

    def _details(self, rows: Sequence[Row]) -> list[int]:
        return [column.detail(rows, tight=self._tight) for column in self._columns]

    def _cells(self, rows: Sequence[Row], palette: Palette) -> Cells:
        pairs = zip(self._columns, self._detail, strict=True)
        return list(zip(*(column.cells(rows, detail, palette) for column, detail in pairs), strict=True))

    def _measure(self, cells: Cells) -> None:
        for index, column in enumerate(self._columns):
            gap = 1 if column.form.right else 0  # at the left it is in the cell
            widest = max((cell_len(row[index].plain) + gap for row in cells), default=0)
            wanted = max(self._content[index], widest, column.least)
            self._content[index] = min(column.most(tight=self._tight), wanted)


def frozen(widths: Sequence[int], wanted: int, room: int) -> int:
    """How many of the first columns stay where they are: the wanted ones, fewer where they leave no room."""
    fitting = sum(1 for end in accumulate(widths[:wanted]) if end <= room * MOST_FROZEN)
    return max(1, fitting)


MOST_TOLD = 100
"""Characters of what was copied that a toast tells."""


def row_cells(columns: Sequence[Column[Row]], row: Row, palette: Palette) -> Iterator[str]:
    """All cells of a row, of which a spreadsheet takes none for a formula."""
    from tui.shared.files import guarded

    for column in columns:
        text = column.plain(row, palette)
        yield text if column.form.right else guarded(text)


def copy(widget: Widget, cells: Sequence[str]) -> None:
    """Copy the cells to the clipboard with tabs between them, and show a notification of what was copied."""
    widget.app.copy_to_clipboard("\t".join(cells))
    told = safe_text(" | ".join(cells)) or "an empty cell"
    widget.notify(fit(f"copied: {told}", MOST_TOLD), markup=False, timeout=2)
