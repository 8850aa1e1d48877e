"""The signals behind each order, kept with it: a strategy that gives others for the same bar later looks ahead."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from engine.drivers.memory import covers
from engine.errors import InvalidError
from engine.market.bars import Bars
from engine.market.sessions import iso, moment, to_micros
from engine.payloads import read_payload
from engine.ports import EventFilter, Progress, Views
from engine.strategies.base import OF_ENTRIES, Window
from engine.strategies.guard import window_of
from engine.strategies.rounding import is_rounding
from engine.strategies.runner import Series, levels_at
from engine.strategies.spec import CompiledSpec
from engine.vocabulary import EventType


class Kept(NamedTuple):
    """A symbol's signals on the bar of an order; `said` as `signals_of_row` gives them."""

    symbol: str
    ts: int
    said: dict[str, Any]


def signals_of_row(series: Series, row: int, *, elsewhere: bool = False) -> dict[str, Any]:
    """What a strategy says on a row: `entry`, `exit` (None: it has none of its own), its levels, and what it gives to
    entries (null where it is no finite number). With `elsewhere` also the row's `ts`: its order was filled on another.
    """
    own = series.signals.exit
    brought = {name: float(column[row]) for name, column in series.signals.of_entries.items()}
    return {
        "entry": bool(series.signals.entry[row]),
        "exit": None if own is None else bool(own[row]),
        "levels": levels_at(series.signals, row),
        **{name: value if math.isfinite(value) else None for name, value in brought.items()},
        **({"ts": iso(int(series.bars.ts[row]))} if elsewhere else {}),
    }


def read_kept(views: Views, workspace_id: UUID, spec: CompiledSpec, strategy_sha256: str) -> list[Kept]:
    """The signals behind the orders of a spec that the same code made, on bars that did not change since."""
    if not strategy_sha256:
        return []
    kinds = (EventType.RUN_ADVANCED.value, EventType.HISTORY_ACCEPTED.value)
    kept: list[Kept] = []
    for event in views.events(EventFilter(workspace_id, kinds), limit=None):
        said = read_payload(event.row.payload, event.row.event_type, event.seq)
        if event.row.event_type == EventType.HISTORY_ACCEPTED:
            if said["timeframe"] == spec.timeframe:
                kept = [each for each in kept if each.symbol not in said["symbols"]]
        elif said["spec_key"] == spec.key and said.get("strategy_sha256") == strategy_sha256:
            ts = _micros(said["ts"])
            kept += [
                Kept(symbol, _micros(signals["ts"]) if "ts" in signals else ts, signals)
                for symbol, signals in said.get("signals", {}).items()
            ]
    return kept


def check_kept(
    kept: Collection[Kept], spec: CompiledSpec, series: Collection[Series], known: Progress, changed: Collection[str]
) -> None:
    """STRATEGY_LOOKS_AHEAD when a strategy now says otherwise of a bar on which it made an order.

    Bars whose past the data do not hold whole are passed over, as are those of symbols in `changed`.
    """
    window, compares = window_of(spec.strategy, spec.params), spec.strategy.compares_symbols()
    by_symbol = {each.bars.symbol: each for each in series}
    for symbol, ts, said in kept:
        if symbol in changed or (compares and changed) or symbol not in by_symbol:
            continue
        one = by_symbol[symbol]
        row = int(np.searchsorted(one.bars.ts, ts))
        if row == len(one.bars) or one.bars.ts[row] != ts:
            continue
        seen = series if compares else [one]  # what the signals of this bar were made of
        if not all(_has_its_past(window, each.bars, ts, known) for each in seen):
            continue
        now = signals_of_row(one, row)
        for name, old, new in _apart(said, now):
            raise InvalidError(
                "STRATEGY_LOOKS_AHEAD",
                f"{symbol}: on the bar of {moment(ts)} {spec.strategy.key} gave {name} {old} when it made an order,"
                f" and gives {new} now that later bars are known",
                hint="nothing was traded; `papertape strategy check` shows where it looks ahead, and a corrected one is"
                " taken with --accept-strategy",
            )


def _micros(text: str) -> int:
    return to_micros(datetime.fromisoformat(text))


def _has_its_past(window: Window, bars: Bars, ts: int, known: Progress) -> bool:
    """Whether a row at a time depends on bars alone that are in these data and were in those of the first run."""
    began, start = known.first_ts[bars.symbol], int(bars.ts[0])
    if began == start:
        return True
    row = int(np.searchsorted(bars.ts, ts))
    base = int(np.searchsorted(bars.ts, max(began, start)))
    return row > base and covers(window, bars.slice(base, len(bars)), row - base)


def _apart(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in ("entry", "exit"):
        if old[name] != new[name]:
            yield name, old[name], new[name]
    for name in OF_ENTRIES:
        if not _agree(old.get(name), new.get(name)):
            yield name, old.get(name), new.get(name)
    for name in {**old["levels"], **new["levels"]}:
        one, other = old["levels"].get(name), new["levels"].get(name)
        if not _agree(one, other):
            yield f"the level {name}", one, other


def _agree(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return is_rounding(one, other)
