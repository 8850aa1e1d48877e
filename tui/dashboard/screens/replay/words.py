"""What the replay screen says: where the replay is, what it has come to, and why there is no way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tui.dashboard.widgets.money import Palette, gain
from tui.shared import figures
from tui.shared.text import safe_text

if TYPE_CHECKING:
    from engine.drivers.replay import SymbolSeen
    from tui.dashboard.screens.replay.session import Pace, Session

EMPTY = (
    "No replay is under way.\n\n"
    "n        a form, filled in: sma_cross on real prices, in a new account\n"
    "ctrl+s   begins it there, as it stands\n"
    "space    plays it;   . takes a step, e goes to the end\n\n"
    "Every bar goes through strategy, policy, broker and journal, as `papertape run -w` would take it."
)
QUIET = "Nothing has happened yet.   space plays, . takes a step, e goes to the end"
NO_WAY_BACK = (
    "there is no way back to the start: what was replayed is traded, and the journal is append-only;"
    " n begins anew in a new workspace"
)
_BAR = 12


def standing(session: Session, pace: Pace, going: str, palette: Palette, width: int) -> Text:
    """Three lines: what is replayed where and how fast; how far it is and what it is worth; the newest bar.

    What does not fit into `width` columns is cut.
    """
    replay, newest = session.replay, session.newest
    spec = replay.spec
    first = Text.assemble(
        (f" {safe_text(spec.spec.strategy_id)}", "bold"),
        f" on {safe_text(', '.join(spec.symbols))}, {safe_text(spec.timeframe)} → {safe_text(replay.workspace.name)}  ",
        (going, "bold"),
        (f"  {pace.speed:,} bars/s, step {pace.step}", palette.muted),
    )
    second = Text(f" {_progress(replay.position, replay.length)}")
    if newest is not None:
        tally = replay.tally
        second.append(f"  {figures.moment(newest.ts)}")
        second.append("  equity ", palette.muted).append(figures.money(newest.equity), "bold")
        by_code = f" ({figures.by_code(tally.refusals)})" if tally.refusals else ""
        second.append(f"  {figures.counted(tally.fills, 'fill')}, {tally.rejected:,} refused{by_code}")
    elif replay.start:
        second.append(f"  {figures.counted(replay.start, 'bar')} traded before")
    third = _bar(session.seen, palette) if session.seen is not None else Text(f" {safe_text(session.symbol)}")
    for line in (first, second, third):
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join([first, second, third])


def ended(session: Session) -> str:
    """What a replay came to, at its end."""
    replay, newest = session.replay, session.newest
    if newest is None:
        return f"everything in these data was traded in {replay.workspace.name} before"
    fills = figures.counted(replay.tally.fills, "fill")
    sentence = f"the data end: {fills} in {replay.workspace.name}, equity {figures.money(newest.equity)}"
    return "; ".join([sentence, *replay.reasons[:1]])


def _progress(done: int, total: int) -> str:
    full = _BAR * done // total if total else _BAR
    return f"{'█' * full}{'░' * (_BAR - full)} {done:,} of {total:,}"


def _bar(seen: SymbolSeen, palette: Palette) -> Text:
    line = Text.assemble((f" {safe_text(seen.symbol)}", "bold"))
    for name, price in (("O", seen.open), ("H", seen.high), ("L", seen.low), ("C", seen.close)):
        line.append(f"  {name} ", palette.muted).append(figures.price(price))
    if seen.held is not None:
        line.append("  held ", palette.muted)
        line.append(f"{figures.quantity(seen.held.quantity)} at {figures.price(seen.held.avg_price)} ")
        line.append_text(gain(seen.held.unrealized_pnl, palette))
    return line.append(f"  {safe_text(seen.code or '')}", "bold")
