"""A position's story: its fills, and the position after each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from engine.account.arithmetic import scaled_average
from engine.intents import to_lots, to_quantity
from tui.dashboard.widgets.columns import IDS, MONEY, PRICES, QUANTITIES, TIMES, WORDS, Column
from tui.dashboard.widgets.dialog import DeskDialog, fact_lines
from tui.dashboard.widgets.pane import TablePane, nothing
from tui.shared import figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.account.state import PaperPosition
    from engine.desk.journal import EventView


@dataclass(frozen=True, slots=True)
class Chapter:
    """A fill, and the position after it."""

    fill: EventView
    held: float
    average: float


COLUMNS: tuple[Column[Chapter], ...] = (
    Column("time", "time", TIMES, lambda row: row.fill.ts, "trading time, UTC"),
    Column("quantity", "bought", QUANTITIES, lambda row: row.fill.quantity, "units"),
    Column("price", "price", PRICES, lambda row: row.fill.price, "what it was filled at"),
    Column("fees", "fees", MONEY, lambda row: row.fill.fees, "realized when paid"),
    Column("held", "held", QUANTITIES, lambda row: row.held, "units after this fill"),
    Column("average", "avg", PRICES, lambda row: row.average, "average price after this fill"),
    Column("by", "strategy", WORDS, lambda row: row.fill.payload.get("strategy_id"), "who asked for it", widest=20),
    Column("seq", "seq", QUANTITIES, lambda row: row.fill.seq, "its place in the journal"),
    Column("trace", "correlation", IDS, lambda row: row.fill.correlation_id, "leads from signal to fill", widest=38),
)


class StoryDialog(DeskDialog[None]):
    """The fills that made a position, oldest first."""

    def __init__(self, workspace: UUID, position: PaperPosition) -> None:
        super().__init__()
        self._workspace, self._position = workspace, position

    def compose(self) -> ComposeResult:
        """The position now, over its fills."""
        held = self._position
        facts = [
            ("held", f"{figures.quantity(held.quantity)} at {figures.price(held.avg_price)} on average"),
            ("worth", f"{figures.money(held.market_value)} at the mark {figures.price(held.mark)}"),
            ("unrealized", figures.signed(held.unrealized_pnl)),
            ("opened", f"{figures.moment(held.opened_at)} UTC"),
        ]
        with Vertical(classes="dialog wide"):
            yield Static(Text(f"{safe_text(held.symbol)}: the fills that made it", "bold"), classes="dialog-title")
            yield Static(fact_lines(facts), classes="facts")
            empty = "No fill is in the journal: the state has drifted from it, reconcile."
            yield TablePane(COLUMNS, lambda row: str(row.fill.seq), noun="fill", empty=empty, opens=nothing, id="story")

    def on_mount(self) -> None:
        """Read the fills off the event loop."""
        symbol, workspace = self._position.symbol, self._workspace
        self.loader.load(lambda desk, _: chapters(desk.journal.story(symbol, workspace)), self._show)

    def _show(self, fills: list[Chapter]) -> None:
        self.query_one("#story", TablePane).show(fills)


def chapters(fills: Sequence[EventView]) -> list[Chapter]:
    """Each fill with the quantity and the average price after it; buys alone, oldest first."""
    told: list[Chapter] = []
    for fill in fills:
        quantity, price = fill.quantity or 0.0, fill.price or 0.0
        if told:
            before = told[-1]
            held = to_quantity(to_lots(before.held) + to_lots(quantity))
            told.append(Chapter(fill, held, scaled_average(before.average, before.held, price, quantity)))
        else:
            told.append(Chapter(fill, quantity, price))
    return told
