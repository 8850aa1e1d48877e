"""The account's arithmetic: each operation in its order, to the last bit."""

from __future__ import annotations

from engine.account import arithmetic as sums


def test_fees_are_summed_fixed_share_and_amount() -> None:
    assert sums.order_fees(1.1, 0.3, 7.0, 3.3, 17.9) == 1.1 + 0.3 * 3.3 + 7.0 / 1e4 * 3.3 * 17.9
    assert sums.order_fees(0.0, 0.0, 10.0, 2.0, 50.0) == 0.1
    assert sums.order_fees(0.0, 0.25, 0.0, 2.0, 50.0) == 0.5
    assert sums.order_fees(0.75, 0.0, 0.0, 2.0, 50.0) == 0.75


def test_cash_moves_by_the_amount_with_its_fees() -> None:
    """The fees join the amount before the cash does."""
    assert sums.bought(1e16, 1.0, 1.0, 1.0) == 1e16 - (1.0 * 1.0 + 1.0) != 1e16 - 1.0 - 1.0
    assert sums.sold(1e16, 3.0, 1.0, 2.0) == 1e16 + (3.0 * 1.0 - 2.0)
    assert (sums.bought(100.0, 2.0, 10.0, 0.5), sums.sold(100.0, 2.0, 10.0, 0.5)) == (79.5, 119.5)


def test_an_average_is_weighted_by_quantity() -> None:
    assert sums.scaled_average(10.0, 2.0, 13.0, 1.0) == (10.0 * 2.0 + 13.0 * 1.0) / (2.0 + 1.0) == 11.0


def test_a_gain_is_the_difference_of_prices_times_the_quantity_less_the_fees() -> None:
    assert sums.realized_on_sale(10.0, 4.0, 12.5, 1.0) == (12.5 - 10.0) * 4.0 - 1.0 == 9.0
    assert sums.trade_pnl(10.0, 12.5, 4.0, 3.0) == (12.5 - 10.0) * 4.0 - 3.0 == 7.0


def test_a_sum_goes_from_left_to_right() -> None:
    assert sums.total([0.1] * 10) == 0.9999999999999999
    assert sums.total([1e16, 1.0, 1.0]) == 1e16
    assert sums.total([1.0, 1.0], 1e16) == 1e16
    assert (sums.total([]), sums.total([], 2.5)) == (0.0, 2.5)


def test_slippage_is_paid_on_a_buy_and_lost_on_a_sale() -> None:
    assert (sums.slipped_buy(100.0, 25.0), sums.slipped_sell(100.0, 25.0)) == (100.25, 99.75)
    assert (sums.slipped_buy(33.3, 1.3), sums.slipped_sell(33.3, 1.3)) == (
        33.3 * (1 + 1.3 / 1e4),
        33.3 * (1 - 1.3 / 1e4),
    )
