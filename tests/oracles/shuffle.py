"""The shuffle of section 11, from the spec's text: rows, loops and words drawn one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.oracles.rows import day_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WORD = 1 << 64


class Candle(NamedTuple):
    ts: int
    """UTC microseconds"""
    open: float
    high: float
    low: float
    close: float
    volume: float
    day: date
    """the calendar day in the session time zone"""


Series = list[Candle]


def candles_of(bars: Any, zone: str) -> Series:
    """The columns of a `Bars` as rows; sessions are found anew, one timestamp at a time."""
    names = ("ts", "open", "high", "low", "close", "volume")
    columns = [getattr(bars, name).tolist() for name in names]
    return [Candle(*values, day_of(values[0], zone)) for values in zip(*columns, strict=True)]


def sessions_of(series: Sequence[Candle]) -> list[Series]:
    """Whole sessions, in order."""
    found: list[Series] = []
    for candle in series:
        if not found or found[-1][0].day != candle.day:
            found.append([])
        found[-1].append(candle)
    return found


def shuffled(
    data: Mapping[str, Series], starts: Mapping[str, int], words: Iterator[int], zone: str
) -> dict[str, Series]:
    """One draw: the bars of each symbol, those before its start and its first session as they were."""
    sessions = {symbol: sessions_of(series[starts.get(symbol, 0) :]) for symbol, series in data.items()}
    moves = {symbol: {session[0].day: session for session in mine[1:]} for symbol, mine in sessions.items()}
    gaps_of, shapes_of = sources(moves, words)
    return {
        symbol: data[symbol][: starts.get(symbol, 0)] + laid(mine, gaps_of, shapes_of, is_intraday(data[symbol]), zone)
        for symbol, mine in sessions.items()
    }


def sources(
    moves: Mapping[str, Mapping[date, Series]], words: Iterator[int]
) -> tuple[dict[date, date], dict[date, date]]:
    """For each day the day whose gap it gets, and the one whose shape: days that the same symbols have, together."""
    alike: dict[frozenset[str], list[date]] = {}
    for day in sorted({day for mine in moves.values() for day in mine}):
        alike.setdefault(frozenset(symbol for symbol, mine in moves.items() if day in mine), []).append(day)
    gaps: dict[date, date] = {}
    shapes: dict[date, date] = {}
    for days in alike.values():
        gaps.update(zip(days, permuted(days, words), strict=True))
        shapes.update(zip(days, permuted(days, words), strict=True))
    return gaps, shapes


def permuted(days: Sequence[Any], words: Iterator[int]) -> list[Any]:
    """From the last place to the second: each changes with one of those up to it, itself included."""
    order = list(days)
    for last in range(len(order) - 1, 0, -1):
        other = below(last + 1, words)
        order[last], order[other] = order[other], order[last]
    return order


def below(bound: int, words: Iterator[int]) -> int:
    """A whole number below the bound: words of the last, incomplete round are not used."""
    while True:
        word = next(words)
        if word < WORD // bound * bound:
            return word % bound


def laid(
    sessions: Sequence[Series], gaps_of: Mapping[date, date], shapes_of: Mapping[date, date], moves: bool, zone: str
) -> Series:
    """The first session, then the others: gap after shape after gap, from close to open to close."""
    by_day = {session[0].day: session for session in sessions}
    gap = {after[0].day: after[0].open / before[-1].close for before, after in pairwise(sessions)}
    found = list(sessions[0]) if sessions else []
    for session in sessions[1:]:
        day = session[0].day
        shape = by_day[shapes_of[day]]
        opening = found[-1].close * gap[gaps_of[day]]
        times = moved(shape, day, zone) if moves else [session[0].ts]
        for ts, one in zip(times, shape, strict=True):
            start, close = opening * (one.open / shape[0].open), opening * (one.close / shape[0].open)
            high = max(opening * (one.high / shape[0].open), start, close)
            low = min(opening * (one.low / shape[0].open), start, close)
            found.append(Candle(ts, start, high, low, close, one.volume, day))
    return found


def moved(session: Series, day: date, zone: str) -> list[int]:
    """The times of a session on another day: as long after midnight; what a shorter day has no room for at its end."""
    begin, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    left = len(session)
    times = []
    for candle in session:
        times.append(min(begin + candle.ts - midnight(candle.day, zone), end - left))
        left -= 1
    return times


def midnight(day: date, zone: str) -> int:
    """When a day begins, in UTC microseconds."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return (local.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def is_intraday(series: Sequence[Candle]) -> bool:
    return any(len(session) > 1 for session in sessions_of(series))
