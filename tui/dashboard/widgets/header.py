"""The header of all screens: whose account, in what state, worth what, as of when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from tui.commands import figures
from tui.commands.text import fit, safe_text
from tui.dashboard.registry import SCREENS
from tui.dashboard.widgets.money import Palette, gain

if TYPE_CHECKING:
    from datetime import datetime

    from engine.account.state import PaperState
    from engine.desk.accounts import Overview
    from tui.dashboard.live import Live

WIDE = 110
"""Columns from which the screens' names fit beside the rest."""

ACTIVE, REDUCING, HALTED = "ACTIVE", "REDUCING", "HALTED"  # `TradingState`, whose import would delay the first frame
STATES = {ACTIVE: "● ACTIVE", REDUCING: "▼ REDUCING exits only", HALTED: "■ HALTED no orders"}
"""What the trading state is, in a sign and in words."""

_NAME = 24


class DeskHeader(Static):
    """Two lines. `show` is called with every reading, and with the clock."""

    DEFAULT_CLASSES = ""
    EXPLAINED: ClassVar[str] = (
        "Equity is cash and positions at their marks; realized P&L is after fees. `as of` is when this was last found "
        "true. BEHIND: the stored state is not at the journal's head; reconcile. STALE: the database cannot be read."
    )

    def __init__(self, screen_name: str) -> None:
        super().__init__("", markup=False)
        self._screen_name = screen_name
        self._shown: tuple[Live, datetime] | None = None
        self.tooltip = Text(self.EXPLAINED)

    def show(self, live: Live, now: datetime) -> None:
        """Paint what is known now."""
        self._shown = (live, now)
        overview = live.reading.overview if live.reading else None
        state = overview.workspace.trading_state.value if overview else ACTIVE
        self.set_class(state == HALTED, "-halted")
        self.set_class(state == REDUCING, "-reducing")
        self.set_class(live.is_stale(now), "-stale")
        width = self.size.width
        if width:
            self.update(Text("\n").join([self._account_line(live, now, width), self._money_line(overview, width)]))

    def on_resize(self) -> None:
        """What fits is another."""
        if self._shown is not None:
            self.show(*self._shown)

    def _account_line(self, live: Live, now: datetime, width: int) -> Text:
        right = Text("  ").join(self._freshness(live, now))
        left = Text.assemble((" PAPER ", "reverse bold"))
        if live.reading is not None:
            left.append_text(self._account(live.reading.overview))
        middle = self._screens(all_of_them=width >= WIDE)
        if left.cell_len + middle.cell_len + right.cell_len + 3 > width:
            middle = self._screens(all_of_them=False)
        spare = max(1, width - left.cell_len - middle.cell_len - right.cell_len - 1)
        line = Text.assemble(left, " " * (spare // 2), middle, " " * (spare - spare // 2), right)
        line.truncate(width)
        return line

    def _account(self, overview: Overview) -> Text:
        workspace = overview.workspace
        state = Text(f" {STATES[workspace.trading_state.value]} ")
        if workspace.trading_state.value != ACTIVE:
            state.stylize("reverse bold")
        name = Text(fit(safe_text(workspace.name), _NAME), Style(bold=True, meta={"@click": "app.pick_workspace"}))
        return Text.assemble(" ", state, " ", name)

    def _screens(self, *, all_of_them: bool) -> Text:
        """The screens by their keys, or the name of this one where there is no room."""
        parts = []
        for entry in SCREENS:
            here = entry.name == self._screen_name
            if here or all_of_them:
                part = Text(f"{entry.key} {entry.title}", Style(meta={"@click": f"app.show_screen('{entry.name}')"}))
                part.stylize("bold underline" if here else Palette.of(self.app).muted)
                parts.append(part)
        return Text("  ").join(parts)

    def _freshness(self, live: Live, now: datetime) -> Iterator[Text]:
        if live.reading is not None and live.reading.overview.is_behind:
            yield Text(" BEHIND the journal ", "reverse bold")
        if live.as_of is None:
            yield Text("reading…" if live.fault is None else " CANNOT READ ")
        elif live.is_stale(now):
            yield Text(f" STALE, as of {live.as_of:%H:%M:%S} ", "reverse bold")
        else:
            yield Text(f"as of {live.as_of:%H:%M:%S}")

    def _money_line(self, overview: Overview | None, width: int) -> Text:
        """The account's figures; what does not fit is first said shorter, then without cents."""
        if overview is None:
            return Text()
        palette = Palette.of(self.app)
        long = ("equity", "cash", "realized", "unrealized")
        attempts = ((long, 2, "    "), (long, 2, "  "), (long, 0, "  "), (("eq", "cash", "real", "unreal"), 0, " "))
        for names, digits, gap in attempts:
            line = _figures(overview.state, names, digits, gap, palette)
            if line.cell_len <= width:
                break
        line.truncate(width, overflow="ellipsis")
        return line


def _figures(state: PaperState, names: Sequence[str], digits: int, gap: str, palette: Palette) -> Text:
    equity, cash, realized, unrealized = names
    return Text(gap).join(
        [
            Text.assemble((f" {equity} ", palette.muted), (figures.decimals(state.equity, digits), "bold")),
            Text.assemble((f"{cash} ", palette.muted), figures.decimals(state.cash, digits)),
            Text.assemble((f"{realized} ", palette.muted), gain(state.realized_pnl, palette, digits)),
            Text.assemble((f"{unrealized} ", palette.muted), gain(state.unrealized_pnl, palette, digits)),
        ]
    )
