"""What an order would come to: the outcome, the account after it, and the policy's verdict rule by rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.errors import ConflictError, PapertapeError
from tui.dashboard.screens.trace import rule_figures
from tui.dashboard.widgets.money import Palette, gain
from tui.shared import figures
from tui.shared.failures import lines_of
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.account.state import PaperPosition
    from engine.broker.execute import Preview

PASSED, REFUSED = "✓", "✗"


def verdict(preview: Preview, palette: Palette) -> RenderableType:
    """All of it, for a place of any width."""
    return Group(outcome_line(preview), _account(preview, palette), Text(""), rule_lines(preview.policy, palette))


def refused(error: PapertapeError, *, is_done: bool) -> Text:
    """An order that the broker would not take; `is_done` when it is the one that was executed just now."""
    if not isinstance(error, ConflictError):
        return Text.assemble((f" {REFUSED} would be refused ", "reverse bold"), "\n", "\n".join(lines_of(error)))
    title = f" {PASSED} done " if is_done else f" {REFUSED} would be refused "
    if is_done:
        again = "The same id is never executed twice; ctrl+n makes another order, and so does a change of the fields."
        return Text.assemble((title, "reverse bold"), "\n", again)
    said = "\n".join(lines_of(error))
    return Text.assemble((title, "reverse bold"), "\n", said, ("\n\nctrl+n makes another order.", "dim"))


def outcome_line(preview: Preview) -> Text:
    """Whether it would fill, or why not."""
    order = f"{figures.quantity(preview.quantity)} {safe_text(preview.symbol)} at {figures.price(preview.fill_price)}"
    if preview.success:
        return Text.assemble((f" {PASSED} would fill ", "reverse bold"), f" {preview.position_action} {order}")
    return Text.assemble((f" {REFUSED} would be refused ", "reverse bold"), f" {safe_text(preview.error)}")


def _account(preview: Preview, palette: Palette) -> Table:
    """Before and after: nothing moves when it is refused."""
    grid = _grid("left", "right", "left", "right")
    notional, fees = figures.money(preview.notional), figures.money(preview.fees)
    grid.add_row(_muted("order", palette), notional, _muted("fees", palette), fees)
    grid.add_row(_muted("cash", palette), figures.money(preview.cash_before), "→", figures.money(preview.cash_after))
    for name, shown in (("position", _held), ("average", _average)):
        grid.add_row(_muted(name, palette), shown(preview.position_before), "→", shown(preview.position_after))
    if preview.success and preview.realized_pnl:
        grid.add_row(_muted("realizes", palette), "", "", gain(preview.realized_pnl, palette))
    return grid


def rule_lines(policy: dict[str, Any], palette: Palette) -> Table:
    """The rules that were looked at, each with its verdict and figures, and the warnings."""
    grid = _grid("left", "left", "left")
    for rule in policy["rules"]:
        passed = rule["verdict"] == "pass"
        name = Text(safe_text(rule["rule"]), "" if passed else "bold")
        grid.add_row(PASSED if passed else Text(REFUSED, "bold"), name, rule_figures(rule))
    for warning in policy["warnings"]:
        grid.add_row(Text("!", "bold"), _muted("warning", palette), safe_text(warning))
    return grid


def _held(position: PaperPosition | None) -> str:
    return "none" if position is None else figures.quantity(position.quantity)


def _average(position: PaperPosition | None) -> str:
    return figures.NONE if position is None else figures.price(position.avg_price)


def _grid(*sides: Any) -> Table:
    grid = Table.grid(padding=(0, 1))
    for side in sides:
        grid.add_column(justify=side)
    return grid


def _muted(text: str, palette: Palette) -> Text:
    return Text(text, palette.muted)


def to_fill_in(missing: Iterable[str], palette: Palette) -> Text:
    """What the ticket lacks."""
    return Text(
        f"The policy's verdict comes here, rule by rule.\nStill to fill in: {', '.join(missing)}", palette.muted
    )
