"""Closing a position: a ticket for all of it at its mark, with what that would come to before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from rich.console import Group, RenderableType
from rich.text import Text

from engine.account.arithmetic import realized_on_sale
from engine.symbols import readable
from tui.dashboard.colours import Palette, gain
from tui.dashboard.screens.execution.outcome import outcome_line, preview, rule_lines
from tui.dashboard.screens.execution.ticket import SELL, Asked
from tui.dashboard.widgets.dialog import Field, FormDialog, labelled
from tui.dashboard.widgets.fields import parse_price
from tui.shared import figures

if TYPE_CHECKING:
    from engine.account.state import PaperPosition
    from engine.broker.execute import ExecutionResult, Preview
    from engine.desk import Desk
    from engine.policy.workspace import Workspace

Values = Mapping[str, str]


def close_dialog(
    workspace: Workspace, held: PaperPosition, intent_id: UUID, palette: Palette
) -> FormDialog[ExecutionResult]:
    """The ticket; it closes with the executed order."""
    facts = [
        ("sell", f"{figures.quantity(held.quantity)} {readable(held.symbol)}, all of it"),
        ("paid", f"{figures.price(held.avg_price)} on average"),
        ("workspace", workspace.name),
        ("intent id", str(intent_id)),
    ]
    price = Field("price", "price", f"{held.mark!r}", "what it is sold at; filled in with the mark")

    def foreseen(desk: Desk, values: Values) -> RenderableType:
        return what_it_comes_to(preview(_asked(held, values), workspace.id, intent_id, desk), palette)

    def close(desk: Desk, values: Values) -> ExecutionResult:
        return close_position(_asked(held, values), workspace.id, intent_id, desk)

    return FormDialog(f"Close {readable(held.symbol)}", facts, [price], "Close position", close, foresee=foreseen)


def what_it_comes_to(previewed: Preview, palette: Palette) -> RenderableType:
    """Whether the order would fill and what it brings; for a refused one only the rule and the reason."""
    if not previewed.success:
        return Group(outcome_line(previewed, palette), rule_lines(previewed.policy, palette))
    proceeds = f"{figures.money(previewed.notional - previewed.fees)}, after fees of {figures.money(previewed.fees)}"
    cash = f"{figures.money(previewed.cash_before)} → {figures.money(previewed.cash_after)}"
    lines = [("proceeds", Text(proceeds)), ("realizes", gain(previewed.realized_pnl, palette)), ("cash", Text(cash))]
    return Group(labelled(lines, palette.muted), rule_lines(previewed.policy, palette))


def close_position(asked: Asked, workspace: UUID, intent_id: UUID, desk: Desk) -> ExecutionResult:
    """Sell the whole position; a refusal by the policy is raised as on the command line."""
    from engine.vocabulary import IntentAction
    from tui.shared.failures import refusal

    result = desk.trading.order(
        IntentAction.CLOSE_LONG, asked.symbol, asked.quantity, asked.price, workspace=workspace, intent_id=intent_id
    )
    if not result.success:
        raise refusal(result)
    return result


def sold(result: ExecutionResult, held: PaperPosition) -> str:
    """`Sold 2 AAPL at 90.00` and what it realized, the fees of the sale taken off."""
    quantity, price = result.quantity_filled or 0.0, result.fill_price or 0.0
    gained = figures.signed(realized_on_sale(held.avg_price, quantity, price, result.fees or 0.0)).replace(
        "-", "\u2212"
    )
    return f"Sold {figures.quantity(quantity)} {readable(held.symbol)} at {figures.price(price)}, {gained}"


def _asked(held: PaperPosition, values: Values) -> Asked:
    return Asked(SELL, held.symbol, held.quantity, parse_price(values["price"], "INVALID_FILL_PRICE"))
