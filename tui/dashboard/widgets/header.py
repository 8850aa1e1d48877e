"""The header of all screens: whose account, in what state, worth what, as of when; and the screens that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from tui.dashboard.colours import Palette, gain
from tui.dashboard.registry import SCREENS, ScreenEntry
from tui.shared import figures
from tui.shared.text import cell_width, fit, safe_text

if TYPE_CHECKING:
    from datetime import datetime

    from engine.account.state import PaperState
    from engine.desk.accounts import Overview
    from tui.dashboard.live import Live


RIGHT = 29
"""Columns of the longest trading state beside the longest clock."""
WIDE = RIGHT + 1 + sum(len(f"  {entry.key} {entry.title}") for entry in SCREENS)
NARROW = RIGHT + 1 + sum(len(f" {entry.key} {entry.short}") for entry in SCREENS)
"""Terminal widths from which the titles are shown in full, and in short. The width alone decides: nothing moves when
figures arrive."""


def tabs(current: str, width: int, muted: str) -> Text:
    """` 1 Pos  2 Exec …`: the current screen is a filled chip, told from the others without colour."""
    line = Text()
    gap = " " if width < WIDE else "  "
    for before, entry in pairwise([None, *SCREENS]):
        assert entry is not None  # noqa: S101 - for the type checker: None stands at the beginning alone
        click = Style(meta={"@click": f"app.show_screen('{entry.name}')"})
        words = _words(entry, width, here=entry.name == current)
        if entry.name == current:
            line.append(gap[1:]).append(f" {words} ", Style.parse(ALERT) + click)
        else:
            line.append(gap[1:] if before is not None and before.name == current else gap)
            line.append(words, Style.parse(muted) + click)
    return line if SCREENS[-1].name == current else line.append(" ")


def _words(entry: ScreenEntry, width: int, *, here: bool) -> str:
    if width >= WIDE:
        return f"{entry.key} {entry.title}"
    return f"{entry.key} {entry.short}" if width >= NARROW or here else entry.key


ACTIVE, REDUCING, HALTED = "ACTIVE", "REDUCING", "HALTED"  # `TradingState`, whose import would delay the first frame
STATES = {ACTIVE: "● ACTIVE", REDUCING: "▼ REDUCING exits only", HALTED: "■ HALTED no orders"}
"""What the trading state is, in a sign and in words."""

ALERT = "reverse bold"
"""How stands what must not be overlooked, with colours and without."""


@dataclass(frozen=True, slots=True)
class _Saying:
    """A way to show the account's figures: their names, decimals and gap, and the longest name of the account."""

    names: Sequence[str]
    digits: int
    gap: str
    least_name: int
    arrows: bool = True

    def figures(self, state: PaperState, palette: Palette) -> list[Text]:
        """`equity at marks 10,000.00`, `cash 10,000.00`, …, each with the gap before it."""
        shown = (
            Text(figures.decimals(state.equity, self.digits), "bold"),
            Text(figures.decimals(state.cash, self.digits)),
            gain(state.realized_pnl, palette, self.digits, arrow=self.arrows),
            gain(state.unrealized_pnl, palette, self.digits, arrow=self.arrows),
        )
        pairs = zip(self.names, shown, strict=True)
        return [Text.assemble(self.gap, (f"{name} ", palette.muted), value) for name, value in pairs]


_LONG = ("equity at marks", "cash", "realized", "unrealized")
_SHORT = ("eq at marks", "cash", "real", "unreal")
_SAYINGS = (
    _Saying(_LONG, 2, "    ", 64),
    _Saying(_LONG, 2, "  ", 24),
    _Saying(("equity at marks", *_SHORT[1:]), 2, "  ", 12),
    _Saying(_SHORT, 2, "  ", 12),
    _Saying(_SHORT, 2, " ", 12, arrows=False),
    _Saying(_SHORT, 0, "  ", 12),
    _Saying(("eq", *_SHORT[1:]), 0, " ", 4, arrows=False),
)
"""From the longest to the shortest; the workspace's name gives way before cents do."""


class DeskHeader(Static):
    """The header: two lines. `show` is called with every reading, and as the clock advances."""

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
            self.update(Text("\n").join([self._screens_line(live, now, width), self._account_line(overview, width)]))

    def on_resize(self) -> None:
        """Redraw: another size has room for other things."""
        if self._shown is not None:
            self.show(*self._shown)

    def _screens_line(self, live: Live, now: datetime, width: int) -> Text:
        """The screens at the left, the trading state and the clock at the right, both whole in any case."""
        screens = tabs(self._screen_name, width, Palette.of(self.app).muted)
        for short_state, short_clock in ((False, False), (True, False), (True, True)):
            right = Text.assemble(_state(live, short=short_state), " ", _clock(live, now, short=short_clock))
            if screens.cell_len + right.cell_len <= width:
                break
        screens.truncate(max(0, width - right.cell_len), pad=True)
        return screens.append_text(right)

    def _account_line(self, overview: Overview | None, width: int) -> Text:
        """Whose account, and its figures: said shorter where they do not fit; one without room is left out, not cut."""
        line = Text.assemble((" PAPER ", ALERT), " ")
        if overview is None:
            return line
        name = safe_text(overview.workspace.name)
        behind = Text.assemble(" ", (" BEHIND ", ALERT)) if overview.is_behind else Text()
        spare = width - line.cell_len - behind.cell_len
        for saying in _SAYINGS:
            room = spare - min(cell_width(name), saying.least_name)
            account_figures = saying.figures(overview.state, Palette.of(self.app))
            if _length(account_figures) <= room:
                break
        while account_figures and _length(account_figures) > room:
            account_figures.pop()
        switch = Style(bold=True, meta={"@click": "app.pick_workspace"})
        return Text.assemble(line, (fit(name, spare - _length(account_figures)), switch), behind, *account_figures)


def _length(parts: Sequence[Text]) -> int:
    return sum(part.cell_len for part in parts)


def _state(live: Live, *, short: bool) -> Text:
    """The trading state with its sign, such as `● ACTIVE`."""
    if live.reading is None:
        return Text()
    state = live.reading.overview.workspace.trading_state.value
    words = " ".join(STATES[state].split()[:2]) if short else STATES[state]
    return Text(f" {words} ", "" if state == ACTIVE else ALERT)


def _clock(live: Live, now: datetime, *, short: bool) -> Text:
    """The time of the last confirmed reading, or that it may be out of date."""
    if live.as_of is None:
        return Text("reading…" if live.fault is None else " CANNOT READ ")
    if live.is_stale(now):
        return Text(f" STALE{'' if short else ', as of'} {live.as_of:%H:%M:%S} ", ALERT)
    return Text(f"as of {live.as_of:%H:%M:%S}")
