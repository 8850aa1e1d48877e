"""Fills at the next open, trade by trade: papertape's `next_open` beside backtesting.py's `trade_on_close=False`.

    python -m benchmarks.agreement_next_open [--quick]

Each case is a spec on some bars. Both programs trade the same signals with the same whole lots of 0.00000001 units;
the entry's bar and price, the exit's bar and price, and the lots of every trade must be the same, its profit to 1e-9 of
what was paid. Exit code 1 when a trade differs.

How backtesting.py is brought to say the same:

- prices are left alone and sizes are lots, so its money is in units of 0.00000001 dollars, the cash and fees too;
- stop and target are reckoned from the fill price. It wants a stop below the last close when an order is given, which a
  gap at the open may not allow, so they are put on the order afterwards;
- what it calls the last bar cannot be traded at the close: a bar at the last close is put behind the data;
- it has no trailing stop, break-even, bound on bars or targets by bars of its own: its strategy moves `sl` and `tp`, or
  closes, when a bar is over, for the next.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from engine.market.bars import Bars
    from engine.strategies.base import Signals

LOTS = 1e8
STARTING_EQUITY = 10_000.0
PNL_TOLERANCE = 1e-9
"""Of what was paid: the two add up profit and fees in another order."""


class Traded(NamedTuple):
    """A trade in either program; rows are those of the bars."""

    entry_row: int
    entry_price: float
    exit_row: int
    exit_price: float
    lots: int
    pnl: float

    def same(self, other: Traded) -> bool:
        paid = self.entry_price * self.lots / LOTS
        return self[:5] == other[:5] and abs(self.pnl - other.pnl) <= PNL_TOLERANCE * paid


@dataclass(frozen=True)
class Case:
    """A spec's parts; `fees` are those of `policy set`."""

    name: str
    strategy: str
    entry: dict[str, Any]
    leave: dict[str, Any]
    fees: dict[str, float]
    dollars: float = 1000.0

    def spec(self, symbol: str) -> dict[str, Any]:
        return {
            "strategy_id": self.strategy,
            "symbols": [symbol],
            "entry": self.entry,
            "exit": self.leave,
            "risk": {"dollars_per_trade": self.dollars},
            "execution": {"fill": "next_open"},
        }


@dataclass(frozen=True)
class Compared:
    """One case: how many trades papertape made, and the pairs that differ (None: the other has none)."""

    name: str
    trades: int
    differences: Sequence[tuple[Traded | None, Traded | None]]


CASES = (
    Case("own exits", "sma_cross", {"fast_period": 2, "slow_period": 5}, {"type": "signal"}, {}),
    Case(
        "own exits, all the cash", "rsi_reversion", {"period": 3, "buy_below": 40.0}, {"type": "signal"}, {}, 10_000.0
    ),
    Case(
        "stop and target",
        "rsi_reversion",
        {"period": 2, "buy_below": 60.0},
        {"type": "none", "stop_loss_pct": 0.12, "take_profit_pct": 0.15},
        {"fee_fixed": 0.35, "fee_bps": 1.0},
    ),
    Case(
        "own exits beside stop and target",
        "rsi_reversion",
        {"period": 2, "buy_below": 60.0, "sell_above": 70.0},
        {"type": "signal", "stop_loss_pct": 0.1, "take_profit_pct": 0.1},
        {"fee_per_share": 0.005},
    ),
    Case(
        "trailing stop",
        "sma_cross",
        {"fast_period": 1, "slow_period": 3},
        {"type": "none", "trail_pct": 0.15},
        {},
    ),
    Case(
        "trailing stop, break-even and a bound on bars",
        "rsi_reversion",
        {"period": 2, "buy_below": 70.0},
        {"type": "none", "stop_loss_pct": 0.2, "trail_pct": 0.25, "breakeven_pct": 0.1, "max_bars": 9},
        {"fee_bps": 2.0},
    ),
    Case(
        "targets by bars",
        "rsi_reversion",
        {"period": 2, "buy_below": 60.0},
        {"type": "none", "stop_loss_pct": 0.4, "take_profit_by_bars": [[1, 0.5], [4, 0.2], [9, 0.0]], "max_bars": 20},
        {},
    ),
    Case(
        "breakouts",
        "breakout_52w_high",
        {"lookback_days": 1},
        {"type": "none", "stop_loss_pct": 0.5, "take_profit_pct": 0.7, "max_bars": 1},
        {},
    ),
)


def with_gaps(bars: Bars, largest: int) -> Bars:
    """The same with opens up to so many cents (a power of two less one) from the close before: half of them gap."""
    from engine.market.bars import Bars  # noqa: PLC0415

    bits = np.random.PCG64(11).random_raw(len(bars))
    gap = (bits & largest).astype(np.int64) - (bits >> 8 & largest).astype(np.int64)
    gap[bits >> 16 & 1 == 0] = 0
    opening = np.round(bars.open * 100).astype(np.int64) + gap
    opening = np.maximum(opening, 1) / 100
    high, low = np.maximum(bars.high, opening), np.minimum(bars.low, opening)
    return Bars(bars.symbol, bars.ts, opening, high, low, bars.close, bars.volume, bars.session)


def ours(case: Case, bars: Bars) -> list[Traded]:
    """By a backtest into a new database."""
    from engine.market.bars import Dataset  # noqa: PLC0415
    from engine.strategies.spec import parse_spec  # noqa: PLC0415
    from storage.desk import open_desk  # noqa: PLC0415
    from storage.settings import Settings  # noqa: PLC0415

    row = {ts: i for i, ts in enumerate(bars.ts.tolist())}
    with tempfile.TemporaryDirectory() as room, open_desk(Settings(db=Path(room) / "desk.db")) as desk:
        desk.accounts.create("fees", STARTING_EQUITY)
        desk.accounts.set_policy({name: repr(fee) for name, fee in case.fees.items()}, "fees")
        outcome = desk.research.run(parse_spec(case.spec(bars.symbol)), Dataset({bars.symbol: bars}), like="fees")
    return [
        Traded(row[each.entry_ts], each.entry_price, row[each.exit_ts], each.exit_price, each.lots, each.pnl)
        for each in outcome.trades
    ]


def theirs(case: Case, bars: Bars) -> list[Traded]:
    """By `Backtest.run`."""
    import backtesting  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    backtesting.backtesting._tqdm = lambda sequence, **_: sequence
    names = {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close, "Volume": bars.volume}
    columns = {name: np.append(column, bars.close[-1]) for name, column in names.items()}
    index = pd.to_datetime(np.append(bars.ts, bars.ts[-1] + 60_000_000), unit="us")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of every order that the cash does not cover
        stats = backtesting.Backtest(
            pd.DataFrame(columns, index=index),
            _strategy(case, bars),
            cash=STARTING_EQUITY * LOTS,
            commission=lambda size, price: _fees(case.fees, abs(size) / LOTS, price) * LOTS,
            trade_on_close=False,
            finalize_trades=True,
        ).run()
    last = len(bars) - 1
    return sorted(
        Traded(entered, paid, min(left, last), got, lots, pnl / LOTS)
        for entered, paid, left, got, lots, pnl in stats["_trades"][
            ["EntryBar", "EntryPrice", "ExitBar", "ExitPrice", "Size", "PnL"]
        ].itertuples(index=False)
    )


def _fees(fees: dict[str, float], quantity: float, price: float) -> float:
    fixed, share, bps = (fees.get(name, 0.0) for name in ("fee_fixed", "fee_per_share", "fee_bps"))
    return fixed + share * quantity + bps / 1e4 * quantity * price


def _signals(case: Case, bars: Bars) -> Signals:
    from engine.strategies.registry import Registry  # noqa: PLC0415

    strategy = Registry().get(case.strategy)
    return strategy.signals(bars, strategy.params(**case.entry))


def _strategy(case: Case, bars: Bars) -> type[Any]:
    """What backtesting.py runs: papertape's signals, and its exits by orders and by what is done at a bar's end."""
    import backtesting  # noqa: PLC0415

    signals, leave = _signals(case, bars), case.leave
    opening, high = bars.open.tolist(), bars.high.tolist()
    last = len(bars) - 1

    class AtTheOpen(backtesting.Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.peak = 0.0

        def next(self) -> None:
            row = len(self.data) - 1
            if row >= last:
                return  # the last bar decides nothing, and the one behind it is not of the data
            if self.trades:
                self.hold(self.trades[0], row)
            elif signals.entry[row]:
                self.enter(row)

        def enter(self, row: int) -> None:
            price = opening[row + 1]
            lots = math.floor(case.dollars / price * LOTS)
            if lots:
                self.peak = price
                order = self.buy(size=lots)
                order._replace(sl_price=_stop(leave, price, price), tp_price=_target(leave, price, 1))

        def hold(self, trade: Any, row: int) -> None:
            held = row - trade.entry_bar + 1
            self.peak = max(self.peak, high[row])
            _move(trade, "sl", _stop(leave, trade.entry_price, self.peak))
            _move(trade, "tp", _target(leave, trade.entry_price, held + 1))
            own = leave["type"] == "signal" and signals.exit is not None and signals.exit[row]
            if own or held >= leave.get("max_bars", math.inf):
                trade.close()

    return AtTheOpen


def _move(trade: Any, name: str, price: float | None) -> None:
    if price is not None and price != getattr(trade, name):
        setattr(trade, name, price)


def _stop(leave: dict[str, Any], avg: float, peak: float) -> float | None:
    stops = []
    if "stop_loss_pct" in leave:
        stops.append(avg * (1 - leave["stop_loss_pct"] / 100))
    if "trail_pct" in leave:
        stops.append(peak * (1 - leave["trail_pct"] / 100))
    if "breakeven_pct" in leave and peak >= avg * (1 + leave["breakeven_pct"] / 100):
        stops.append(avg)
    return max(stops, default=None)


def _target(leave: dict[str, Any], avg: float, held: int) -> float | None:
    reached = [pct for number, pct in leave.get("take_profit_by_bars", []) if number <= held][-1:]
    if "take_profit_pct" in leave:
        reached.append(leave["take_profit_pct"])
    return min((avg * (1 + pct / 100) for pct in reached), default=None)


def compare(case: Case, bars: Bars) -> Compared:
    """Trades are paired by the row of their entry."""
    one, other = ({each.entry_row: each for each in trade(case, bars)} for trade in (ours, theirs))
    pairs = [(one.get(row), other.get(row)) for row in sorted(one.keys() | other.keys())]
    differences = [(a, b) for a, b in pairs if a is None or b is None or not a.same(b)]
    return Compared(f"{case.name}, {bars.symbol}", len(one), differences)


def datasets(count: int) -> list[Bars]:
    """Minutes with gaps, minutes that open at the close before, and days of three real series."""
    from engine.market.synthetic import synthetic_minutes  # noqa: PLC0415
    from storage.market_files import load_dataset  # noqa: PLC0415
    from storage.samples import sample_path  # noqa: PLC0415

    made = [with_gaps(synthetic_minutes(count, 1, "GAPS"), 15), synthetic_minutes(count, 2, "PLAIN")]
    real = load_dataset([(symbol, sample_path(symbol)) for symbol in ("AAPL", "GOOG", "IBM")])
    return made + [bars.slice(0, count) for bars in real.bars.values()]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little data, to see that it works")
    count = 1_200 if parser.parse_args(arguments).quick else 16_000
    found = [compare(case, bars) for bars in datasets(count) for case in CASES]
    for each in found:
        print(f"{each.name:60} {each.trades:7,} trades {len(each.differences):5,} differ")
        for one, other in each.differences[:5]:
            print(f"    papertape {one}\n    backtesting.py {other}")
    differ = sum(len(each.differences) for each in found)
    print(f"{sum(each.trades for each in found):,} trades, {differ:,} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
