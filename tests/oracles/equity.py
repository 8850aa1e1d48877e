"""Equity at marks at the end of each session, by plain loops: every session is added up anew from the first fill on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

Bar = tuple[int, float]
"""Its time (UTC microseconds) and its close."""

Row = tuple[date, float, bool]
"""A session, the equity at its end, and whether a position was open at its start or was opened in it."""


class Event(NamedTuple):
    """A fill (`side` BUY or SELL), or the price of a symbol without a close (`side` MARK), in the journal's order."""

    ts: int
    symbol: str
    side: str
    quantity: float
    price: float
    fees: float


def day_of(ts: int, zone: str) -> date:
    """The day of a time in a zone."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts)).astimezone(ZoneInfo(zone)).date()


def equity_by_session(
    starting_equity: float,
    events: Sequence[Event],
    bars: Mapping[str, Iterable[Bar]],
    processed: Iterable[int],
    zone: str,
) -> list[Row]:
    """`bars` are all that the account has seen, `processed` the times of those that its runs have traded."""
    since, latest = [], {}
    for event in events:
        day = day_of(event.ts, zone)
        if event.side != "MARK":
            day = latest[event.symbol] = max(day, latest.get(event.symbol, day))
        since.append(day)
    closes = {symbol: [(day_of(ts, zone), ts, close) for ts, close in those] for symbol, those in bars.items()}
    rows = []
    for session in sorted({day_of(ts, zone) for ts in processed}):
        cash, held, marks, exposed = starting_equity, {}, {}, False
        ordered = sorted(range(len(events)), key=lambda nth: (since[nth], nth))
        behind = [nth for nth in ordered if since[nth] < session]
        for nth in [*behind, None, *(nth for nth in ordered if since[nth] == session)]:
            if nth is None:
                exposed = bool(held)
                continue
            event = events[nth]
            marks[event.symbol] = event.price
            if event.side == "BUY":
                cash = cash - (event.quantity * event.price + event.fees)
                held[event.symbol] = _sum(held.get(event.symbol, 0.0), event.quantity)
                exposed = True
            elif event.side == "SELL":
                cash = cash + (event.quantity * event.price - event.fees)
                del held[event.symbol]
        worth = cash
        for symbol in sorted(held):
            known = [(ts, close) for day, ts, close in closes.get(symbol, ()) if day <= session]
            worth = worth + held[symbol] * (max(known)[1] if known else marks[symbol])
        rows.append((session, worth, exposed))
    return rows


def _sum(one: float, other: float) -> float:
    """Of two quantities, in lots of 1e-8."""
    return (round(one * 1e8) + round(other * 1e8)) / 1e8
