"""A table with what stands around it: what to do while it is empty, a line of totals, and how many rows there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui.dashboard.widgets.columns import Column
from tui.dashboard.widgets.table import DeskTable, Order
from tui.shared import figures

Row = TypeVar("Row")

READING = "reading…"


def nothing(_: object) -> bool:
    """For a table whose rows are all that there is: Enter opens nothing."""
    return False


class TablePane(Vertical, Generic[Row]):
    """`show` and `append` are the table's; `noun` names its rows (`position`), `empty` says what to do without any."""

    DEFAULT_CLASSES = "table-pane"
    IS_WHOLE: ClassVar[bool] = True
    """Whether `G` goes on to the last row of all, however many pages that takes."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        key: Callable[[Row], str],
        *,
        noun: str,
        empty: str,
        order: Order | None = None,
        frozen: int = 1,
        opens: Callable[[Row], bool] = lambda _: True,
        id: str | None = None,  # noqa: A002 - as Textual names it
    ) -> None:
        super().__init__(id=id)
        self.table: DeskTable[Row] = DeskTable(
            columns,
            key,
            order=order,
            frozen=frozen,
            whole=self.IS_WHOLE,
            opens=opens,
            id=f"{id}-table" if id else None,
        )
        self._of: int | None = None
        self._is_read = False
        self._noun, self._empty = noun, empty
        self._nothing = Static(READING, markup=False, classes="nothing")
        self._totals = Static("", markup=False, classes="totals")
        self._count = Static("", markup=False, classes="count")

    def compose(self) -> ComposeResult:
        """The table, or the text of an empty one, over a line of totals and count."""
        self.table.display = False
        yield self._nothing
        yield self.table
        with Horizontal(classes="table-foot"):
            yield self._totals
            yield self._count

    def show(
        self, rows: Sequence[Row], total: int | None = None, *, of: int | None = None, totals: Text | None = None
    ) -> None:
        """These rows, of so many in all, and the figures they come to; `of` how many there are without a filter."""
        self._of, self._is_read = of, True
        self.table.show(rows, total)
        self._totals.update(totals or Text())
        self._settle()

    def append(self, rows: Sequence[Row], total: int) -> None:
        """Add a page of rows below those that are there."""
        self.table.append(rows, total)
        self._settle()

    def say(self, sentence: str) -> None:
        """Set the text that is shown without rows; until a read has ended, `reading…` is shown."""
        self._empty = sentence
        self._settle()

    def expect(self, sentence: str) -> None:
        """Other rows are being read; `sentence` is shown when there are none of them."""
        self._is_read = False
        self.say(sentence)

    def give_up(self, sentence: str) -> None:
        """Say why the rows cannot be read."""
        self._is_read = True
        self.say(sentence)

    @property
    def counted(self) -> str:
        """`2 positions`, `500 of 12,345 positions` while not all are there, `6 of 32 variants` under a filter."""
        here, total, of = len(self.table.items), self.table.total, self._of
        if of is not None and of > total:
            matching = f"{total:,}" if here >= total else f"{here:,} of {total:,} found,"
            return f"{matching} of {figures.counted(of, self._noun)}"
        return figures.counted(total, self._noun) if here >= total else f"{here:,} of {total:,} {self._noun}s"

    def _settle(self) -> None:
        filled = bool(self.table.items)
        had_focus = self._nothing.display
        self.table.display, self._nothing.display = filled, not filled
        self._nothing.update(self._empty if self._is_read else READING)
        self._count.update(self.counted if filled else "")
        if filled and had_focus and self.screen.focused is None:
            self.table.focus()
