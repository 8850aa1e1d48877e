"""Whether data hold the past that a forward run needs, at the edge of each case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, Fill, Ledger
from engine.drivers.memory import check_history, covers
from engine.errors import InvalidError
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.sessions import iso
from engine.ports import Progress
from engine.strategies.base import Window
from engine.strategies.registry import Registry
from engine.strategies.spec import CompiledSpec, compile_spec, parse_spec
from tests.support.worlds import DAY, MINUTE

FIRST = 20_000


def bars(symbol: str, *minutes: int) -> Bars:
    """Bars at these minutes after the first day's midnight."""
    ts = FIRST * DAY + np.array(minutes) * MINUTE
    close = np.full(len(ts), 10.0)
    return make_bars(symbol, ts, close, close, close, close, np.ones(len(ts)))


def days(symbol: str, begin: int, end: int) -> Bars:
    """A bar at each midnight from a day to the one before another."""
    return bars(symbol, *range(begin * 1440, end * 1440, 1440))


def at(day: int) -> int:
    return (FIRST + day) * DAY


def compiled(*symbols: str, **parts: Any) -> CompiledSpec:
    document = {"strategy_id": "sma_cross", "symbols": list(symbols), "entry": {"fast_period": 1, "slow_period": 3}}
    spec = parse_spec({**document, **parts})
    return compile_spec(spec, Registry().get(spec.strategy_id))


def check(spec: CompiledSpec, known_until: int, began: int, *columns: Bars, ledger: Ledger | None = None) -> None:
    progress = Progress("key", at(known_until), first_ts={each.symbol: at(began) for each in columns})
    check_history(spec, Dataset({each.symbol: each for each in columns}), progress, ledger or Ledger.fresh(1.0))


def refused(*arguments: Any, **named: Any) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        check(*arguments, **named)
    assert caught.value.code == "HISTORY_SHORT"
    return caught.value


def test_data_that_begin_where_the_first_run_began_are_never_short() -> None:
    check(compiled("X"), 5, 5, days("X", 5, 7))
    check(compiled("X", strategy_id="rsi_reversion", entry={}), 5, 5, days("X", 5, 7))


def test_a_window_of_bars_must_lie_before_the_first_new_one() -> None:
    """A crossing looks at the averages of three bars on this one and on the one before: four bars."""
    check(compiled("X"), 8, 0, days("X", 6, 10))
    error = refused(compiled("X"), 8, 0, days("X", 7, 10))
    began, start = iso(at(0)), iso(at(7))
    said = f"its bars begin at {start}, the first run's at {began}"
    assert error.message == f"X: the data lack history that the strategy needs: {said}"
    assert error.hint == "give the whole file"


def test_an_anchored_strategy_takes_no_other_beginning() -> None:
    anchored = compiled("X", strategy_id="rsi_reversion", entry={})
    assert refused(anchored, 90, 0, days("X", 1, 100)).hint == "give the whole file"
    earlier = refused(anchored, 90, 3, days("X", 1, 100))
    assert earlier.hint == f"cut the earlier bars off again: --cut {iso(at(3))}"
    check(compiled("X"), 90, 3, days("X", 1, 100))


def test_a_symbol_with_nothing_new_needs_nothing_and_the_next_is_looked_at() -> None:
    check(compiled("X"), 9, 0, days("X", 9, 10))
    error = refused(compiled("X", "Y"), 8, 0, days("X", 7, 9), days("Y", 7, 10))
    assert error.message.startswith("Y: the data lack history")


@pytest.mark.parametrize(("opened", "begins", "short"), [(6, 6, False), (6, 7, True), (7, 6, False)])
def test_bars_that_are_counted_since_an_entry_must_be_there(opened: int, begins: int, short: bool) -> None:
    spec = compiled("X", entry={"fast_period": 1, "slow_period": 2}, exit={"type": "none", "max_bars": 99})
    ledger = Ledger.fresh(1000.0)
    apply_fills(ledger, [Fill(1, "X", BUY, 1, 1.0, 0.0, at(opened), 0)])
    columns = days("X", begins, 20)
    if not short:
        check(spec, 15, 0, columns, ledger=ledger)
        return
    said = f"its bars begin at {iso(at(begins))}, after the open position's entry"
    assert refused(spec, 15, 0, columns, ledger=ledger).message.endswith(said)
    uncounted = compiled("X", entry={"fast_period": 1, "slow_period": 2}, exit={"type": "none"})
    check(uncounted, 15, 0, columns, ledger=ledger)
    check(spec, 15, 0, columns)


@pytest.mark.parametrize(
    ("window", "first_new", "covered"),
    [
        (Window(bars=0), 0, False),  # a symbol starts at its second bar
        (Window(bars=0), 1, True),
        (Window(bars=2), 1, True),
        (Window(bars=3), 1, False),
        (Window(bars=3), 2, True),
        (Window(sessions=1), 2, False),
        (Window(sessions=1), 3, True),
        (Window(sessions=2), 4, False),
        (Window(sessions=2), 5, True),
        (Window(anchored=True), 5, False),
    ],
)
def test_a_window_of_bars_and_one_of_sessions(window: Window, first_new: int, covered: bool) -> None:
    """Three sessions: of three bars, of two, and of one."""
    assert covers(window, bars("X", 600, 601, 602, 2040, 2041, 3480), first_new) is covered


@pytest.mark.parametrize(
    ("begins", "covered"),
    [((600, 2040, 3480), True), ((601, 2040, 3480), False), ((600, 2039, 3480), False), ((600, 2040, 3479), False)],
)
def test_a_session_that_begins_later_in_its_day_than_another_does_not_count(
    begins: tuple[int, int, int], covered: bool
) -> None:
    minutes = [begin + minute for begin in begins for minute in (0, 5)]
    assert covers(Window(sessions=2), bars("X", *minutes), 4) is covered
    assert covers(Window(sessions=1), bars("X", *minutes), 4)
