"""Fills at the next open beside backtesting.py, where the extra `bench` is installed, and what the comparison says."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks import agreement_next_open
from benchmarks.agreement_next_open import CASES, Case, Traded, compare, ours, with_gaps
from engine.market.bars import Bars
from engine.market.synthetic import synthetic_minutes

INSTALLED = pytest.mark.skipif(find_spec("backtesting") is None, reason="backtesting is not installed")
TRADE = Traded(3, 100.0, 5, 101.0, 1_000_000_000, 10.0)


def bars() -> Bars:
    return with_gaps(synthetic_minutes(1_200, 1, "GAPS"), 15)


def case(name: str) -> Case:
    return next(each for each in CASES if each.name == name)


@INSTALLED
@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_it_agrees_with_papertape(one: Case) -> None:
    found = compare(one, bars())
    assert found.differences == []
    assert found.trades or one.name == "breakouts"


@INSTALLED
def test_the_whole_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert agreement_next_open.main(["--quick"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(" trades, 0 differ")


def test_half_of_the_opens_gap_and_every_bar_encloses_its_open() -> None:
    found = bars()
    gaps = found.open[1:] != found.close[:-1]
    assert 0.4 < gaps.mean() < 0.6
    assert np.all(found.low <= np.minimum(found.open, found.close))
    assert np.all(found.high >= np.maximum(found.open, found.close))


def test_papertapes_own_trades_are_at_opens_of_the_row_after() -> None:
    found, one = bars(), case("own exits")
    trades = ours(one, found)
    assert len(trades) > 100
    assert all(each.entry_price == found.open[each.entry_row] for each in trades)
    assert all(each.exit_price == found.open[each.exit_row] for each in trades[:-1])


@pytest.mark.parametrize("field", ["entry_row", "entry_price", "exit_row", "exit_price", "lots", "pnl"])
def test_any_difference_shows(field: str) -> None:
    other = TRADE._replace(**{field: getattr(TRADE, field) + 1})
    assert TRADE.same(TRADE)
    assert not TRADE.same(other)
    assert not TRADE.same(TRADE._replace(pnl=10.00001))
    assert TRADE.same(TRADE._replace(pnl=10.0000001))


@pytest.mark.parametrize("rival", [[], [TRADE._replace(exit_price=102.0)], [TRADE, TRADE._replace(entry_row=4)]])
def test_a_trade_of_one_alone_or_of_another_kind_is_a_difference(
    rival: list[Traded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement_next_open, "ours", lambda *_: [TRADE])
    monkeypatch.setattr(agreement_next_open, "theirs", lambda *_: rival)
    assert len(compare(CASES[0], bars()).differences) == 1
