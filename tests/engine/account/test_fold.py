"""The ledger's arithmetic and the one fold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.account.fold import apply_fills, replay_fills
from engine.account.ledger import BUY, SELL, Fill, Ledger, Trade
from engine.intents import MAX_LOTS, to_quantity

UNIT = 100_000_000


def fill(seq: int, symbol: str, side: int, units: float, price: float, fees: float = 0.0, day: int = 0) -> Fill:
    return Fill(seq, symbol, side, round(units * UNIT), price, fees, seq * 1000, day)


def fold(fills: list[Fill], start: float = 10_000.0) -> tuple[Ledger, list[Trade]]:
    ledger, trades = Ledger.fresh(start), []
    assert apply_fills(ledger, fills, trades) == []
    return ledger, trades


def test_a_round_trip() -> None:
    ledger, trades = fold([fill(1, "AAPL", BUY, 10, 100.0, 1.0), fill(2, "AAPL", SELL, 10, 110.0, 2.0)])
    assert ledger.cash == 10_000.0 - (10 * 100.0 + 1.0) + (10 * 110.0 - 2.0)
    assert ledger.realized_pnl == -1.0 + ((110.0 - 100.0) * 10 - 2.0)
    assert ledger.holdings == {}
    assert (ledger.orders_count, ledger.trades_count) == (2, 1)
    assert trades == [Trade("AAPL", 1000, 2000, 10 * UNIT, 100.0, 110.0, 3.0, (110.0 - 100.0) * 10 - 3.0, ledger.cash)]
    assert ledger.last_closed_at == {"AAPL": 2000}


def test_scaling_averages_the_price_and_keeps_the_opening() -> None:
    ledger, _ = fold([fill(1, "X", BUY, 2, 10.0), fill(2, "X", BUY, 1, 13.0)])
    held = ledger.holdings["X"]
    assert held.avg_price == (10.0 * 2 + 13.0 * 1) / (2 + 1)
    assert (held.quantity, held.opened_at) == (3.0, 1000)


def test_the_fees_of_a_trade_are_those_of_every_entry_and_of_the_exit() -> None:
    fills = [fill(1, "X", BUY, 2, 10.0, 1.0), fill(2, "X", BUY, 1, 13.0, 2.0), fill(3, "X", BUY, 1, 13.0, 4.0)]
    ledger, _ = fold(fills)
    assert ledger.holdings["X"].entry_fees == 7.0
    _, (trade,) = fold([*fills, fill(4, "X", SELL, 4, 20.0, 8.0)])
    assert (trade.fees, trade.pnl) == (15.0, (20.0 - 11.5) * 4 - 15.0)


def test_a_new_position_costs_the_fill_price_itself() -> None:
    # the formula of scaling would give (0*0 + p*q)/q, which need not be p
    ledger, _ = fold([Fill(1, "X", BUY, 33_333_333, 0.1, 0.0, 1, 0)])
    assert ledger.holdings["X"].avg_price == 0.1


def test_quantities_are_compared_in_lots() -> None:
    ledger, _ = fold([fill(1, "X", BUY, 0.1, 1.0), fill(2, "X", BUY, 0.2, 1.0), fill(3, "X", SELL, 0.3, 1.0)])
    assert ledger.holdings == {}


def test_positions_are_summed_in_code_point_order() -> None:
    ledger, _ = fold([fill(i, symbol, BUY, 1, 0.1 * i) for i, symbol in enumerate(["b", "Z", "a", "é", "A"], 1)])
    assert list(ledger.holdings) == ["A", "Z", "a", "b", "é"]
    equity = ledger.cash
    for symbol in sorted(ledger.holdings):
        equity += ledger.holdings[symbol].quantity * ledger.holdings[symbol].avg_price
    assert ledger.equity_at_cost == equity


def test_the_peak_is_of_equity_at_cost_after_each_fill() -> None:
    fills = [fill(1, "X", BUY, 10, 100.0), fill(2, "X", SELL, 10, 150.0), fill(3, "X", BUY, 10, 100.0)]
    ledger, _ = fold([*fills, fill(4, "X", SELL, 10, 50.0)])
    assert ledger.peak_equity == 10_500.0
    assert fold([fill(1, "X", BUY, 1, 1.0, 5.0)])[0].peak_equity == 10_000.0


def test_equity_counts_every_position_that_is_open() -> None:
    """What A and B cost stays in it while C is bought and sold, in the peak and in the trade."""
    held = [fill(1, "A", BUY, 1, 100.0), fill(2, "B", BUY, 2, 200.0), fill(3, "C", BUY, 1, 50.0)]
    ledger, trades = fold([*held, fill(4, "C", SELL, 1, 80.0), fill(5, "B", SELL, 2, 190.0)])
    assert ledger.peak_equity == 10_030.0
    assert [trade.equity for trade in trades] == [10_030.0, 10_010.0]


def test_fills_after_one_that_cannot_be_applied_are_applied() -> None:
    ledger = Ledger.fresh(10_000.0)
    bad, good = fill(1, "X", SELL, 1, 5.0), fill(2, "X", BUY, 1, 5.0)
    assert [each.seq for each in apply_fills(ledger, [bad, good, fill(3, "Y", SELL, 1, 5.0)])] == [1, 3]
    assert (list(ledger.holdings), ledger.orders_count, ledger.last_seq) == (["X"], 1, 3)


def test_realized_pnl_is_kept_by_trading_day_whatever_the_order() -> None:
    ledger, _ = fold(
        [
            fill(1, "X", BUY, 1, 100.0, 1.0, day=5),
            fill(2, "Y", BUY, 1, 100.0, 2.0, day=3),
            fill(3, "X", SELL, 1, 110.0, 0.0, day=5),
            fill(4, "Y", SELL, 1, 90.0, 0.0, day=3),
        ]
    )
    assert ledger.realized_by_session == {5: 9.0, 3: -12.0}
    assert (ledger.session, ledger.realized_today) == (5, 9.0)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (fill(2, "Y", SELL, 1, 5.0), "a sale of Y, which is not held"),
        (fill(2, "X", SELL, 0.5, 5.0), "a sale of 0.5 X while 1.0 are held"),
        (fill(2, "X", SELL, 2, 5.0), "a sale of 2.0 X while 1.0 are held"),
        (fill(2, "X", 0, 1, 5.0), "a fill with side 0 and 100000000 lots"),
        (Fill(2, "X", BUY, 0, 5.0, 0.0, 1, 0), "a fill with side 1 and 0 lots"),
        (Fill(2, "X", BUY, -1, 5.0, 0.0, 1, 0), "a fill with side 1 and -1 lots"),
        (Fill(2, "X", BUY, MAX_LOTS, 5.0, 0.0, 1, 0), f"buying {to_quantity(MAX_LOTS)} X makes more than 2^62 lots"),
        (
            Fill(2, "Y", BUY, MAX_LOTS + 1, 5.0, 0.0, 1, 0),
            f"buying {to_quantity(MAX_LOTS)} Y makes more than 2^62 lots",
        ),
    ],
)
def test_a_fill_that_cannot_be_applied_changes_nothing_and_is_named(bad: Fill, reason: str) -> None:
    ledger, _ = fold([fill(1, "X", BUY, 1, 5.0)])
    before = ledger.copy()
    assert apply_fills(ledger, [bad]) == [(2, reason)]
    assert (ledger.last_seq, ledger.last_event_at) == (2, bad.ts)
    ledger.last_seq, ledger.last_event_at = before.last_seq, before.last_event_at
    assert ledger == before
    assert apply_fills(ledger, [fill(3, "X", SELL, 1, 6.0)]) == []


def test_the_most_that_can_be_held_and_the_least() -> None:
    ledger = Ledger.fresh(1e12)
    most = [Fill(1, "X", BUY, MAX_LOTS - 1, 1.0, 0.0, 1, 0), Fill(2, "X", BUY, 1, 1.0, 0.0, 1, 0)]
    assert apply_fills(ledger, [*most, Fill(3, "Y", BUY, 1, 1.0, 0.0, 1, 0)]) == []
    assert [held.lots for held in ledger.holdings.values()] == [MAX_LOTS, 1]
    (refused,) = apply_fills(ledger, [Fill(4, "X", BUY, 1, 1.0, 0.0, 1, 0)])
    assert refused.reason == "buying 1e-08 X makes more than 2^62 lots"


def test_what_goes_on_is_added_to_what_there_was() -> None:
    """Counts, days and the latest event, over two calls."""
    ledger, trades = fold([fill(1, "X", BUY, 1, 100.0, 1.0, day=5), fill(2, "X", SELL, 1, 90.0, 1.0, day=6)])
    more = [fill(3, "Y", BUY, 1, 100.0, 1.0, day=6), fill(4, "Y", SELL, 1, 120.0, 1.0, day=6)]
    assert apply_fills(ledger, more, trades) == []
    assert (ledger.orders_count, ledger.trades_count, len(trades)) == (4, 2, 2)
    assert ledger.realized_by_session == {5: -1.0, 6: -11.0 - 1.0 + 19.0}
    assert (ledger.last_seq, ledger.last_event_at, ledger.peak_equity) == (4, 4000, 10_006.0)
    assert apply_fills(ledger, []) == []
    assert (ledger.last_seq, ledger.last_event_at) == (4, 4000)


@st.composite
def lives(draw: Callable[..., object]) -> list[Fill]:
    """Fills that an account could have made: buys, and sales of the whole of what is held."""
    held: dict[str, int] = {}
    fills = []
    for seq in range(1, draw(st.integers(1, 40)) + 1):  # type: ignore[operator]
        symbol = draw(st.sampled_from("ABCDE"))
        price = draw(st.floats(0.01, 5000.0))
        fees = draw(st.sampled_from([0.0, 0.35, 1.0]))
        day = draw(st.integers(0, 4))
        if symbol in held and draw(st.booleans()):
            side, lots = SELL, held.pop(symbol)  # type: ignore[arg-type]
        else:
            side, lots = BUY, draw(st.integers(1, 50 * UNIT))
            held[symbol] = held.get(symbol, 0) + lots  # type: ignore[index,call-overload,operator]
        fills.append(Fill(seq, symbol, side, lots, price, fees, seq, day))  # type: ignore[arg-type]
    return fills


@given(lives())
def test_equity_at_cost_is_the_start_plus_what_was_realized(fills: list[Fill]) -> None:
    ledger, _ = fold(fills, 1_000_000.0)
    # the identity is exact in exact arithmetic; in floats it holds relative to the amounts that went through
    turnover = sum(f.lots / UNIT * f.price for f in fills)
    assert math.isclose(
        ledger.equity_at_cost, ledger.starting_equity + ledger.realized_pnl, rel_tol=1e-9, abs_tol=1e-9 * turnover
    )


@given(lives(), st.integers(0, 40))
def test_one_fold_whatever_the_cut(fills: list[Fill], cut: int) -> None:
    whole, trades = fold(fills)
    parts, parts_trades = Ledger.fresh(10_000.0), []
    apply_fills(parts, fills[:cut], parts_trades)
    for one in fills[cut:]:
        apply_fills(parts, [one], parts_trades)
    assert parts == whole
    assert parts_trades == trades


@given(lives())
def test_the_fold_agrees_with_exact_arithmetic(fills: list[Fill]) -> None:
    cash = Fraction(10_000)
    for f in fills:
        amount = Fraction(f.lots, UNIT) * Fraction(f.price)
        cash += -f.side * amount - Fraction(f.fees)
    ledger, trades = fold(fills)
    turnover = sum(f.lots / UNIT * f.price for f in fills)
    assert math.isclose(ledger.cash, float(cash), rel_tol=1e-12, abs_tol=1e-12 * turnover)
    assert ledger.trades_count == len(trades) == sum(1 for f in fills if f.side == SELL)


def test_a_fill_beyond_the_floats_is_not_applied_and_the_rest_is() -> None:
    sound = [fill(1, "A", BUY, 2, 10.0), fill(2, "B", BUY, 1, 5.0), fill(4, "A", SELL, 2, 12.0)]
    beyond = [fill(3, "C", BUY, 2, 1.7e308), fill(5, "B", BUY, 1e6, 1.7e308), fill(7, "C", SELL, 2, 1.7e308)]
    ledger, trades = Ledger.fresh(10_000.0), list[Trade]()
    unapplied = replay_fills(ledger, sorted(sound + beyond), trades)
    expected, made = fold(sound)
    assert [each.seq for each in unapplied] == [3, 5, 7]
    assert unapplied[0].reason == "C at 1.7e+308 makes an amount that is not finite"
    assert (ledger.last_seq, trades) == (7, made)
    assert ledger.holdings == expected.holdings
    assert (ledger.cash, ledger.realized_pnl, ledger.peak_equity) == (
        expected.cash,
        expected.realized_pnl,
        expected.peak_equity,
    )
    assert replay_fills(ledger, []) == []


def test_a_fill_beyond_the_floats_is_read_all_the_same() -> None:
    ledger = Ledger.fresh(10_000.0)
    assert [each.seq for each in replay_fills(ledger, [fill(9, "C", BUY, 2, 1.7e308, day=3)])] == [9]
    assert ledger == replace(Ledger.fresh(10_000.0), last_seq=9, last_event_at=9000)
