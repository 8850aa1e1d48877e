"""The walk's series: which bars end a session, where the data end within one."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest

from engine.drivers.walk import Terms, Walk
from engine.market.bars import Bars, Dataset, make_bars
from engine.strategies.runner import StrategyRunner
from engine.strategies.spec import parse_spec
from tests.support.worlds import DAY, MINUTE


def intraday(symbol: str, *days: int) -> Bars:
    """Three bars on each day."""
    ts = np.array([(20_000 + day) * DAY + (600 + minute) * MINUTE for day in days for minute in range(3)])
    close = np.full(len(ts), 10.0)
    return make_bars(symbol, ts, close, close, close, close, np.ones(len(ts)))


@pytest.mark.parametrize(
    ("complete", "long", "short"), [(False, [2, 5], [2, 5]), (True, [2, 5, 8], [2, 5])], ids=["open", "complete"]
)
def test_only_the_session_in_which_the_data_end_may_be_unfinished(
    complete: bool, long: list[int], short: list[int]
) -> None:
    """One symbol's data end a day before the other's: that day is over, for both."""
    spec = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["SHORT", "LONG"]})
    dataset = Dataset({"SHORT": intraday("SHORT", 0, 1), "LONG": intraday("LONG", 0, 1, 2)})
    walk = Walk(StrategyRunner().compile(spec), dataset, UUID(int=7), Terms(session_complete=complete))
    ends = {series.bars.symbol: np.flatnonzero(series.is_eod).tolist() for series in walk.series}
    assert ends == {"LONG": long, "SHORT": short}
