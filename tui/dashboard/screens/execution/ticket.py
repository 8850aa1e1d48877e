"""The ticket: what is to be bought or sold, as it is typed, and as an order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Static

from engine.errors import InvalidError
from engine.vocabulary import IntentAction
from tui.dashboard.colours import Palette
from tui.dashboard.widgets.fields import Choice, Completing, parse_price
from tui.shared import figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.account.state import PaperState
    from tui.dashboard.app import DashboardApp


BUY, SELL = IntentAction.OPEN_LONG.value, IntentAction.CLOSE_LONG.value
ACTIONS = ((BUY, f"{BUY} buy"), (SELL, f"{SELL} sell all"))
ALL = "all"
_WHY = {
    "symbol": "what to trade; Tab, → and Enter take the symbol in grey, deleted again it stays as you typed it",
    "amount": "units (10 or 2.5), or dollars ($1,000); a sale is always of all that is held",
    "price": "what it is filled at; → takes the mark that stands in grey",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as the desk takes it."""

    action: str
    symbol: str
    quantity: float
    price: float


@dataclass(frozen=True, slots=True)
class Typed:
    """The texts of the ticket's fields."""

    action: str = BUY
    symbol: str = ""
    amount: str = ""
    price: str = ""

    def missing(self, held: float | None) -> list[str]:
        """The fields that an order needs and that are empty; `held` is what there is to sell."""
        amount = self.amount or (self.is_of_all and held)
        parts = (("symbol", self.symbol), ("amount", amount), ("price", self.price))
        return [name for name, value in parts if not value]

    def asked(self, held: float | None) -> Asked:
        """The order; INVALID_FILL_PRICE or INVALID_QUANTITY for what is no number."""
        price = parse_price(self.price, "INVALID_FILL_PRICE")
        if self.is_of_all and held:
            return Asked(self.action, self.symbol, held, price)
        return Asked(self.action, self.symbol, parse_amount(self.amount, price), price)

    @property
    def is_of_all(self) -> bool:
        """Whether a sale leaves the amount to the position."""
        return self.action == SELL and self.amount.casefold() in {"", ALL}


def parse_amount(text: str, price: float) -> float:
    """Units, or the whole lots that so many dollars buy at a price: `10`, `2.5`, `$1,000`."""
    plain = text.replace(",", "").strip()
    try:
        amount = float(plain.removeprefix("$"))
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        hint = "give units (10), dollars ($1,000), or `all` for a sale"
        raise InvalidError("INVALID_QUANTITY", f"{text.strip()!r} is not an amount", hint=hint)
    if not plain.startswith("$"):
        return amount
    from engine.intents import lots_for, to_quantity

    return to_quantity(lots_for(amount, price))


class Ticket(Vertical):
    """Four fields and a button. It knows nothing of the desk; it tells what is typed, and when it is to be done.

    Enter goes to the next field, and after the last to the button: that alone executes. It is taken before the field
    has it, so that what is typed ahead of the screen lands in the field that it is meant for.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "next_field", "next", show=False, tooltip="to the next field", priority=True, id="ticket.next"
        ),
    ]

    class Changed(Message):
        """A field of the ticket was changed: the verdict on it is out of date."""

    class Submitted(Message):
        """The ticket is to be executed."""

    def __init__(self) -> None:
        super().__init__(id="ticket")
        self._traded: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """The fields below each other; below the symbol what it may be completed to."""
        yield from self._line("action", Choice(ACTIONS, id="action"))
        yield from self._line("symbol", Completing(id="symbol"))
        yield Static("", id="matches", markup=False)
        yield from self._line("amount", Input(id="amount", placeholder="10, or $1,000", compact=True))
        yield from self._line("price", Completing(id="price"))
        button = Button("Submit", id="submit", variant="primary", compact=True)
        button.tooltip = Text("execute it: ctrl+s from any field")
        yield button

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Enter to the button when it has the focus."""
        return action != "next_field" or not self.query_one(Button).has_focus

    def action_next_field(self) -> None:
        """Go to the next field; complete a symbol first."""
        field = self.screen.focused
        if isinstance(field, Completing):
            field.entered()
        self.screen.focus_next()

    @property
    def typed(self) -> Typed:
        """The values of the fields as they were typed."""
        amount, price = (self._entry(name).value.strip() for name in ("amount", "price"))
        return Typed(self.query_one(Choice).value, self._entry("symbol").value, amount, price)

    def enter(self) -> None:
        """Focus the first empty field."""
        empty = (name for name in ("symbol", "amount", "price") if not self._entry(name).value)
        self._entry(next(empty, "symbol")).focus()

    @property
    def is_entered(self) -> bool:
        """Whether it has the focus."""
        return self.has_focus_within

    def know(self, state: PaperState, allowed: Iterable[str]) -> None:
        """The symbols that are held, were traded or are allowed: what a symbol may be completed to."""
        self._traded = frozenset({*state.positions, *state.marks, *state.last_closed_at})
        known = sorted({*self._traded, *allowed})
        self._symbol.known = tuple(symbol for symbol in known if safe_text(symbol) == symbol)
        self.explain(state)

    def explain(self, state: PaperState) -> None:
        """What may be meant, beside what is typed: the symbols that match, what is held, the mark."""
        typed = self.typed
        self.query_one("#matches", Static).update(self._matches(typed.symbol))
        held, mark = state.positions.get(typed.symbol), state.marks.get(typed.symbol)
        units = "10, or $1,000" if typed.action == BUY else "nothing held" if held is None else "all"
        if held is not None and typed.action == SELL:
            units = f"all {figures.quantity(held.quantity)}"
        self._entry("amount").placeholder = units
        price = self.query_one("#price", Completing)
        price.placeholder = "" if mark is None else figures.price(mark)
        price.offered = "" if mark is None else f"{mark!r}"

    @on(Input.Changed)
    @on(Choice.Changed)
    def _tell(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(Button.Pressed)
    def _submit(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Submitted())

    def _matches(self, symbol: str) -> Text:
        """The symbols that it may become; one that was never traded here is said to be new, whatever it may become."""
        others = self._symbol.begun if symbol else self._symbol.known
        line = Text(no_wrap=True, overflow="ellipsis")
        if symbol and symbol not in self._traded:
            line.append("new", "bold").append(", or " if others else " here", "dim" if others else "bold")
        return line.append(" ".join(others[:8]) if others != [symbol] else "", "dim")

    @property
    def _symbol(self) -> Completing:
        return self.query_one("#symbol", Completing)

    def _line(self, name: str, control: Widget) -> Iterator[Widget]:
        control.tooltip = Text(_WHY[name]) if name in _WHY else None
        yield Horizontal(Label(name, markup=False), control, classes="ticket-line")

    def _entry(self, name: str) -> Input:
        return self.query_one(f"#{name}", Input)


class IntentLine(Static):
    """`renew` gives a fresh id. After a fill the id is spent, and a change of the ticket renews it, unless it is kept.

    A refusal by the policy spends nothing: the same intent may be tried again.
    """

    app: DashboardApp

    def __init__(self) -> None:
        super().__init__("", id="intent", markup=False)
        self.intent_id = UUID(int=0)
        self.is_spent = self._is_kept = False
        self.tooltip = Text("The same id is never executed twice; ctrl+n makes another order.")

    def renew(self) -> None:
        """A fresh id, for another order."""
        self.intent_id, self.is_spent = self.app.surroundings.new_id(), False
        self.paint()

    def spend(self) -> None:
        """Note that the order was executed: the next one gets a new id."""
        self.is_spent = True
        self.paint()

    def keep(self) -> None:
        """Keep the id even when the ticket changes, or stop keeping it."""
        self._is_kept = not self._is_kept
        self.paint()

    def ticket_changed(self) -> None:
        """The ticket was changed; after a fill this makes another order."""
        if self.is_spent and not self._is_kept:
            self.renew()

    def paint(self) -> None:
        """Show the id, and whether it is spent, in the theme's colours."""
        state = "executed" if self.is_spent else "not executed yet"
        muted = Palette.of(self.app).muted
        kept = ", kept" if self._is_kept else ""
        self.update(Text.assemble(("intent id ", muted), str(self.intent_id), (f"  {state}{kept}", muted)))
