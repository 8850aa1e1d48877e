"""Fills, sizes, exits and the order across symbols: small cases worked by hand, then any world, then real prices.

Bars are (open, high, low, close), one a day unless the case says otherwise; places are counted from 0.
"""

from __future__ import annotations

import math
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.comparing import CODES, compare, loops
from tests.oracles.scripted import Done, Prices, flat, play
from tests.support.samples import sample_dataset
from tests.support.sized_strategies import sized_registry
from tests.support.worlds import World, make_window, make_world_12, worlds_12

IN, OUT = {"enters": True}, {"leaves": True}
STEPS: list[Prices | None] = [
    (8.0, 8.5, 7.5, 8.25),
    (10.0, 11.0, 9.0, 10.5),
    (12.0, 13.0, 11.0, 12.5),
    (14.0, 15.0, 13.0, 14.5),
    (16.0, 17.0, 15.0, 16.5),
]
"""Every price tells its bar and its kind."""


def one(bars: list[Prices | None], signals: dict[int, dict[str, Any]], **others: Any) -> list[Done]:
    return play({"A": bars}, {"A": signals}, **others).done


def each_way(bars: list[Prices | None], signals: dict[int, dict[str, Any]], **others: Any) -> dict[str, list[Done]]:
    return {fill: one(bars, signals, fill=fill, **others) for fill in ("close", "next_open", "pessimistic")}


class TestFills:
    def test_where_a_decision_is_filled(self) -> None:
        """Row 1 enters, row 3's own exit leaves."""
        found = each_way(STEPS, {1: IN, 3: OUT}, leave={"type": "signal"})
        assert found["close"] == [Done("A", 1, 10.5, 3, 14.5, "signal")]
        assert found["next_open"] == [Done("A", 2, 12.0, 4, 16.0, "signal")]
        assert found["pessimistic"] == [Done("A", 2, 13.0, 4, 15.0, "signal")]

    def test_slippage_goes_on_top_and_is_not_held_within_the_bar(self) -> None:
        found = each_way(STEPS, {1: IN, 3: OUT}, leave={"type": "signal"}, slippage_bps=2500.0)
        assert found["next_open"] == [Done("A", 2, 15.0, 4, 12.0, "signal")]
        assert found["pessimistic"] == [Done("A", 2, 16.25, 4, 11.25, "signal")]

    @pytest.mark.parametrize("fill", ["next_open", "pessimistic"])
    def test_the_second_bar_is_the_first_that_decides(self, fill: str) -> None:
        assert one(STEPS, {0: IN}, fill=fill) == []
        assert [trade.entered for trade in one(STEPS, {1: IN}, fill=fill)] == [2]

    def test_a_symbol_that_begins_late_decides_at_its_own_second_bar(self) -> None:
        bars = {"A": STEPS, "B": [None, None, *STEPS[2:]]}
        found = play(bars, {"B": {2: IN, 3: IN}}).done
        assert found == [Done("B", 4, 16.0, 4, 16.5, "end_of_data")]

    def test_the_next_bar_is_the_symbols_own(self) -> None:
        """A has no bar at 2: it is done at 3, when B's decision of 2 is done too."""
        bars = {"A": [*STEPS[:2], None, *STEPS[3:]], "B": STEPS}
        found = play(bars, {"A": {1: IN}, "B": {2: IN}}).done
        assert found == [Done("A", 3, 14.0, 4, 16.5, "end_of_data"), Done("B", 3, 14.0, 4, 16.5, "end_of_data")]

    def test_the_bar_of_the_entry_already_decides(self) -> None:
        """The exit that row 1 signals beside its entry is nobody's; row 2's leaves at row 3."""
        found = each_way(STEPS, {1: {**IN, **OUT}, 2: OUT}, leave={"type": "signal"})
        assert found["close"] == [Done("A", 1, 10.5, 2, 12.5, "signal")]
        assert found["next_open"] == [Done("A", 2, 12.0, 3, 14.0, "signal")]
        assert found["pessimistic"] == [Done("A", 2, 13.0, 3, 13.0, "signal")]

    @pytest.mark.parametrize(("bars_held", "left"), [(1, 3), (2, 4)])
    def test_max_bars_leaves_at_the_open_of_so_many_rows_after_the_entrys(self, bars_held: int, left: int) -> None:
        found = each_way(STEPS, {1: IN}, leave={"max_bars": bars_held})
        assert found["close"] == [Done("A", 1, 10.5, left - 1, STEPS[left - 1][3], "max_bars")]
        assert found["next_open"] == [Done("A", 2, 12.0, left, STEPS[left][0], "max_bars")]
        assert found["pessimistic"] == [Done("A", 2, 13.0, left, STEPS[left][2], "max_bars")]

    def test_where_both_decide_the_code_is_the_signals(self) -> None:
        found = each_way(STEPS, {1: IN, 2: OUT}, leave={"type": "signal", "max_bars": 1})
        assert [trades[0].reason for trades in found.values()] == ["signal"] * 3

    def test_the_last_bar_decides_nothing_and_may_hold_a_fill(self) -> None:
        assert one(STEPS, {3: IN, 4: OUT}, leave={"type": "signal"}) == [Done("A", 4, 16.0, 4, 16.5, "end_of_data")]
        played = play({"A": STEPS}, {"A": {4: IN}}, fill="close")
        assert (played.done, played.held_back) == ([], {"entry_skipped_end_of_data": 1})
        assert one(STEPS, {4: IN}) == []

    def test_what_is_open_leaves_at_its_own_last_close_and_keeps_its_slot_till_the_end(self) -> None:
        bars = {"A": STEPS[:3], "B": STEPS}
        played = play(bars, {"A": {1: IN}, "B": {2: IN, 3: IN}}, risk={"max_positions": 1})
        assert played.done == [Done("A", 2, 12.0, 2, 12.5, "end_of_data")]
        assert played.held_back == {"entry_blocked_max_positions": 2}

    def test_one_that_left_at_the_open_does_not_enter_at_that_timestamp(self) -> None:
        signals = {1: IN, 2: {**IN, **OUT}, 3: IN}
        found = one(STEPS, signals, leave={"type": "signal"})
        assert found == [Done("A", 2, 12.0, 3, 14.0, "signal"), Done("A", 4, 16.0, 4, 16.5, "end_of_data")]

    def test_one_that_left_within_a_bar_may_enter_at_the_next(self) -> None:
        """The low of 11 is at the stop; the row of it decides to enter again."""
        found = one(STEPS, {1: IN, 2: IN}, leave={"stop_loss_pct": 6.25})
        assert found == [Done("A", 2, 12.0, 2, 11.25, "stop"), Done("A", 3, 14.0, 3, 13.125, "stop")]

    def test_a_slot_is_free_for_entries_once_an_own_exit_left_at_the_open(self) -> None:
        signals = {"B": {1: IN, 2: OUT}, "A": {2: IN}}
        found = play({"A": STEPS, "B": STEPS}, signals, leave={"type": "signal"}, risk={"max_positions": 1}).done
        assert found == [Done("B", 2, 12.0, 3, 14.0, "signal"), Done("A", 3, 14.0, 4, 16.5, "end_of_data")]

    def test_a_slot_is_not_free_for_entries_where_a_stop_gaps_at_the_same_open(self) -> None:
        falls = [*STEPS[:3], flat(5.0), flat(5.0)]
        played = play(
            {"B": falls, "A": STEPS},
            {"B": {1: IN}, "A": {2: IN, 3: IN}},
            leave={"stop_loss_pct": 25.0},
            risk={"max_positions": 1},
        )
        assert played.done == [Done("B", 2, 12.0, 3, 5.0, "stop"), Done("A", 4, 16.0, 4, 16.5, "end_of_data")]
        assert played.held_back == {"entry_blocked_max_positions": 1}

    def test_cash_is_that_of_the_moment_of_the_open(self) -> None:
        """6,000 of 10,000 are out: the same again is refused beside a stop at this open, and bought after an exit."""
        falls = [*STEPS[:3], flat(5.0), flat(5.0)]
        signals = {"B": {1: IN, 2: OUT}, "A": {2: IN}}
        risk = {"dollars_per_trade": 6000.0}
        stopped = play({"B": falls, "A": STEPS}, signals, leave={"type": "none", "stop_loss_pct": 25.0}, risk=risk)
        assert (len(stopped.done), stopped.refused) == (1, ["buying_power"])
        left = play({"B": falls, "A": STEPS}, signals, leave={"type": "signal"}, risk=risk)
        assert (len(left.done), left.refused) == (2, [])

    def test_exits_at_one_open_are_in_spec_order_then_entries(self) -> None:
        signals = {"B": {1: IN, 3: OUT}, "A": {1: IN, 3: OUT}}
        found = play({"B": STEPS, "A": STEPS}, signals, leave={"type": "signal"}).done
        assert [trade.symbol for trade in found] == ["B", "A"]

    def test_the_cooldown_runs_from_the_bar_of_the_exit_to_that_of_the_entry(self) -> None:
        """Out at the open of place 3, in again at that of place 4: 1,440 minutes."""
        signals = {1: IN, 2: OUT, 3: IN}
        for minutes, trades in ((1440.0, 2), (1440.5, 1)):
            limits = {"cooldown_minutes": minutes}
            played = play({"A": STEPS}, {"A": signals}, leave={"type": "signal"}, limits=limits)
            assert (len(played.done), len(played.refused)) == (trades, 2 - trades)


class TestEod:
    def test_days_enter_at_the_open_and_leave_at_the_close_of_the_same_bar(self) -> None:
        found = each_way(STEPS, {1: IN, 2: IN}, leave={"type": "eod"})
        assert found["close"] == [Done("A", 1, 10.5, 2, 12.5, "eod")]
        assert found["next_open"] == [Done("A", 2, 12.0, 2, 12.5, "eod"), Done("A", 3, 14.0, 3, 14.5, "eod")]
        assert found["pessimistic"] == [Done("A", 2, 13.0, 2, 12.5, "eod"), Done("A", 3, 15.0, 3, 14.5, "eod")]

    def test_an_intraday_decision_on_a_sessions_last_bar_is_dropped(self) -> None:
        played = play({"A": STEPS}, {"A": {2: IN}}, leave={"type": "eod"}, sessions=[3, 2])
        assert (played.done, played.held_back) == ([], {"entry_skipped_eod": 1})

    def test_an_intraday_fill_on_a_sessions_last_bar_stands_and_leaves_at_its_close(self) -> None:
        found = one(STEPS, {1: IN}, leave={"type": "eod"}, sessions=[3, 2])
        assert found == [Done("A", 2, 12.0, 2, 12.5, "eod")]

    @pytest.mark.parametrize("kind", ["none", "signal"])
    def test_without_eod_a_session_has_no_end(self, kind: str) -> None:
        found = one(STEPS, {2: IN}, leave={"type": kind}, sessions=[3, 2])
        assert found == [Done("A", 3, 14.0, 4, 16.5, "end_of_data")]

    def test_a_stop_goes_before_the_close(self) -> None:
        assert one(STEPS, {1: IN}, leave={"type": "eod", "stop_loss_pct": 6.25}) == [
            Done("A", 2, 12.0, 2, 11.25, "stop")
        ]

    def test_pessimistic_spares_a_stop_in_the_bar_of_the_entry_but_not_eod(self) -> None:
        found = one(STEPS, {1: IN}, fill="pessimistic", leave={"type": "eod", "stop_loss_pct": 6.25})
        assert found == [Done("A", 2, 13.0, 2, 12.5, "eod")]


class TestStops:
    BARS: tuple[Prices | None, ...] = (
        flat(10.0),
        flat(10.0),
        (10.0, 10.5, 9.5, 10.0),
        (10.0, 16.0, 9.5, 10.0),
        (10.0, 12.0, 6.0, 9.0),
        flat(9.0),
    )
    """Bought at 10 by row 1 (pessimistic: 10.5): 16 is the high of row 3, 6 the low of row 4."""

    def stopped(self, fill: str, leave: dict[str, Any], **signal: Any) -> tuple[int, float, str]:
        (trade,) = one(list(self.BARS), {1: {**IN, **signal}}, fill=fill, leave=leave)
        return (trade.left, trade.got, trade.reason)

    def test_a_percentage_below_the_average(self) -> None:
        leave = {"stop_loss_pct": 25.0}
        assert self.stopped("close", leave) == (4, 7.5, "stop")
        assert self.stopped("next_open", leave) == (4, 7.5, "stop")
        assert self.stopped("pessimistic", leave) == (4, 7.875, "stop")

    def test_the_average_has_the_slippage_in_it(self) -> None:
        (trade,) = one(list(self.BARS), {1: IN}, leave={"stop_loss_pct": 20.0}, slippage_bps=1000.0)
        avg = 10.0 * (1 + 1000.0 / 1e4)
        assert (trade.paid, trade.left) == (avg, 4)
        assert trade.got == avg * (1 - 20.0 / 100) * (1 - 1000.0 / 1e4)

    def test_it_is_hit_at_the_price_itself(self) -> None:
        assert self.stopped("next_open", {"stop_loss_pct": 5.0}) == (2, 9.5, "stop")
        assert self.stopped("next_open", {"stop_loss_pct": 40.0}) == (4, 6.0, "stop")
        assert self.stopped("next_open", {"stop_loss_pct": 40.5}) == (5, 9.0, "end_of_data")

    def test_at_the_close_it_applies_from_the_bar_after_the_entry(self) -> None:
        """Row 1's own low is below the stop."""
        bars: list[Prices | None] = [flat(10.0), (10.0, 10.0, 5.0, 10.0), flat(10.0), flat(10.0)]
        assert one(bars, {1: IN}, fill="close", leave={"stop_loss_pct": 10.0})[0].reason == "end_of_data"

    def test_the_bar_of_the_entry_can_stop_it_out_but_for_pessimistic(self) -> None:
        bars: list[Prices | None] = [flat(10.0), flat(10.0), (10.0, 10.0, 5.0, 8.0), flat(8.0)]
        assert one(bars, {1: IN}, leave={"stop_loss_pct": 10.0}) == [Done("A", 2, 10.0, 2, 9.0, "stop")]
        found = one(bars, {1: IN}, fill="pessimistic", leave={"stop_loss_pct": 10.0})
        assert found == [Done("A", 2, 10.0, 3, 8.0, "stop")]

    def test_a_gap_fills_at_the_open(self) -> None:
        bars: list[Prices | None] = [flat(10.0), flat(10.0), flat(10.0), (7.0, 12.0, 6.0, 11.0), flat(9.0)]
        for fill in ("close", "next_open", "pessimistic"):
            assert one(bars, {1: IN}, fill=fill, leave={"stop_loss_pct": 10.0, "take_profit_pct": 10.0})[0][3:] == (
                3,
                7.0,
                "stop",
            )

    def test_the_trail_follows_the_highest_high_before_the_bar(self) -> None:
        """16 of row 3 does not count in row 3: 25 % below it is 12, where row 4 opens lower."""
        leave = {"trail_pct": 25.0}
        assert self.stopped("close", leave) == (4, 10.0, "trail")
        assert self.stopped("next_open", leave) == (4, 10.0, "trail")

    def test_the_trail_counts_the_bar_of_the_entry_unless_that_was_at_its_close(self) -> None:
        bars: list[Prices | None] = [
            flat(10.0),
            (10.0, 20.0, 10.0, 10.0),
            (10.0, 16.0, 9.5, 10.0),
            flat(11.0),
            flat(11.0),
        ]
        found = each_way(bars, {1: IN}, leave={"trail_pct": 25.0})
        assert found["close"] == [Done("A", 1, 10.0, 3, 11.0, "trail")]
        """20 does not count, 16 does: 12 is the stop of row 3"""
        assert found["next_open"] == [Done("A", 2, 10.0, 3, 11.0, "trail")]
        assert found["pessimistic"] == [Done("A", 2, 16.0, 3, 11.0, "trail")]

    def test_the_peak_is_at_least_the_average(self) -> None:
        bars: list[Prices | None] = [flat(10.0), flat(10.0), flat(9.5), flat(9.0), flat(9.0)]
        assert one(bars, {1: IN}, fill="close", leave={"trail_pct": 10.0}) == [Done("A", 1, 10.0, 3, 9.0, "trail")]

    def test_a_distance_of_the_deciding_row_stays(self) -> None:
        """2.5 at row 1, which decides; row 2, where it is filled, says something else."""
        bars = list(self.BARS)
        signals = {1: {**IN, "stop_distance": 2.5}, 2: {"stop_distance": 1.0}, 3: {"stop_distance": 9.0}}
        assert one(bars, signals) == [Done("A", 2, 10.0, 4, 7.5, "stop")]
        assert one(bars, signals, fill="close") == [Done("A", 1, 10.0, 4, 7.5, "stop")]
        assert one(bars, signals, fill="pessimistic") == [Done("A", 2, 10.5, 4, 8.0, "stop")]

    def test_a_trailed_distance(self) -> None:
        """16 less 4.5 is above the open of row 4."""
        assert self.stopped("next_open", {"trail": True}, stop_distance=4.5) == (4, 10.0, "trail")
        assert self.stopped("next_open", {"trail": True}, stop_distance=7.0) == (4, 9.0, "trail")
        assert self.stopped("next_open", {"trail": False}, stop_distance=3.0) == (4, 7.0, "stop")

    @pytest.mark.parametrize("distance", [math.nan, 0.0, -1.0, 12.0])
    def test_no_distance_and_one_that_reaches_below_nothing(self, distance: float) -> None:
        assert self.stopped("next_open", {}, stop_distance=distance)[2] == "end_of_data"

    def test_break_even_once_the_peak_was_there(self) -> None:
        """60 % above 10 is 16, the high of row 3; row 4 opens at 10. At 61 % it never was."""
        assert self.stopped("next_open", {"breakeven_pct": 60.0}) == (4, 10.0, "breakeven")
        assert self.stopped("close", {"breakeven_pct": 60.0}) == (4, 10.0, "breakeven")
        assert self.stopped("next_open", {"breakeven_pct": 61.0}) == (5, 9.0, "end_of_data")

    def test_break_even_stays_on(self) -> None:
        bars: list[Prices | None] = [
            flat(10.0),
            flat(10.0),
            (10.0, 15.0, 10.0, 14.0),
            flat(14.0),
            flat(11.0),
            (11.0, 11.0, 8.0, 8.0),
            flat(8.0),
        ]
        bars[2] = (10.0, 15.0, 10.0, 14.0)
        assert one(bars, {1: IN}, leave={"breakeven_pct": 50.0}) == [Done("A", 2, 10.0, 5, 10.0, "breakeven")]

    def test_the_highest_counts(self) -> None:
        leave = {"stop_loss_pct": 25.0, "trail_pct": 50.0}
        assert self.stopped("next_open", leave, stop_distance=3.0) == (4, 8.0, "trail")
        assert self.stopped("next_open", {**leave, "breakeven_pct": 50.0}, stop_distance=3.0) == (4, 10.0, "breakeven")
        assert self.stopped("next_open", {"stop_loss_pct": 25.0}, stop_distance=2.0) == (4, 8.0, "stop")

    def test_a_tie_is_the_stop_then_the_trail_then_break_even(self) -> None:
        """In row 2 of the first the peak is the average; in the second a trail of 20 % below 12.5 is 10 as well."""
        bars: list[Prices | None] = [flat(10.0), flat(10.0), (10.0, 10.0, 5.0, 5.0), flat(5.0)]
        assert one(bars, {1: IN}, leave={"stop_loss_pct": 25.0, "trail_pct": 25.0})[0][4:] == (7.5, "stop")
        assert one(bars, {1: {**IN, "stop_distance": 2.5}}, leave={"trail_pct": 25.0})[0][4:] == (7.5, "stop")
        bars = [flat(10.0), flat(10.0), (10.0, 12.5, 10.0, 12.0), (12.0, 12.0, 5.0, 5.0), flat(5.0)]
        leave = {"trail_pct": 20.0, "breakeven_pct": 25.0}
        assert one(bars, {1: IN}, leave=leave)[0][4:] == (10.0, "trail")
        leave = {"trail": True, "breakeven_pct": 25.0}
        assert one(bars, {1: {**IN, "stop_distance": 2.5}}, leave=leave)[0][4:] == (10.0, "trail")


class TestTargets:
    BARS: tuple[Prices | None, ...] = (
        flat(10.0),
        flat(10.0),
        (10.0, 11.0, 9.0, 10.0),
        (10.0, 12.0, 9.0, 10.0),
        (10.0, 13.0, 9.0, 10.0),
        (10.0, 14.0, 9.0, 10.0),
        flat(10.0),
    )

    def left(self, fill: str, leave: dict[str, Any], **signal: Any) -> tuple[int, float, str]:
        (trade,) = one(list(self.BARS), {1: {**IN, **signal}}, fill=fill, leave=leave)
        return (trade.left, trade.got, trade.reason)

    def test_a_percentage_above_the_average(self) -> None:
        assert self.left("close", {"take_profit_pct": 25.0}) == (4, 12.5, "target")
        assert self.left("next_open", {"take_profit_pct": 25.0}) == (4, 12.5, "target")
        assert self.left("pessimistic", {"take_profit_pct": 25.0}) == (5, 13.75, "target")

    def test_a_distance_above_the_average_and_the_lowest_counts(self) -> None:
        assert self.left("next_open", {}, target_distance=3.0) == (4, 13.0, "target")
        assert self.left("next_open", {"take_profit_pct": 25.0}, target_distance=3.0) == (4, 12.5, "target")
        assert self.left("next_open", {"take_profit_pct": 50.0}, target_distance=1.0) == (2, 11.0, "target")
        assert self.left("next_open", {"take_profit_pct": 50.0}, target_distance=math.nan) == (6, 10.0, "end_of_data")

    def test_the_deciding_rows_distance_counts(self) -> None:
        signals = {1: {**IN, "target_distance": 3.0}, 2: {"target_distance": 0.5}, 3: {"target_distance": 0.5}}
        assert one(list(self.BARS), signals)[0][3:] == (4, 13.0, "target")

    def test_percentages_by_bars_held(self) -> None:
        """Held from row 2 on: 50 % from its 1st bar, 25 % from the 3rd. After an entry at the close one row earlier."""
        leave = {"take_profit_by_bars": [[1, 50.0], [3, 25.0]]}
        assert self.left("next_open", leave) == (4, 12.5, "target")
        leave = {"take_profit_by_bars": [[1, 50.0], [3, 20.0]]}
        assert self.left("close", leave) == (4, 12.0, "target")
        bars: list[Prices | None] = [flat(10.0), flat(10.0), flat(10.0), flat(12.0), flat(12.0), flat(12.0)]
        leave = {"take_profit_by_bars": [[3, 12.5]]}
        assert one(bars, {1: IN}, fill="close", leave=leave)[0][3:] == (4, 12.0, "target")
        assert one(bars, {1: IN}, fill="next_open", leave=leave)[0][3:] == (4, 12.0, "target")
        leave = {"take_profit_by_bars": [[2, 12.5]]}
        assert one(bars, {1: IN}, fill="close", leave=leave)[0][3:] == (3, 12.0, "target")
        leave = {"take_profit_by_bars": [[4, 12.5]]}
        assert one(bars, {1: IN}, fill="close", leave=leave)[0][3:] == (5, 12.0, "target")
        assert one(bars, {1: IN}, fill="next_open", leave=leave)[0][3:] == (5, 12.0, "target")

    def test_none_before_the_first_pair_and_any_after_the_last(self) -> None:
        assert self.left("next_open", {"take_profit_by_bars": [[4, 5.0]]}) == (5, 10.5, "target")
        assert self.left("next_open", {"take_profit_by_bars": [[5, 0.0]]}) == (6, 10.0, "target")
        assert self.left("next_open", {"take_profit_by_bars": [[6, 0.0]]}) == (6, 10.0, "end_of_data")
        assert self.left("next_open", {"take_profit_by_bars": [[0, 10.0]]}) == (2, 11.0, "target")

    def test_by_bars_and_the_percentage_the_lower_counts(self) -> None:
        leave = {"take_profit_pct": 30.0, "take_profit_by_bars": [[1, 40.0], [4, 20.0]]}
        assert self.left("next_open", leave) == (4, 13.0, "target")
        assert self.left("next_open", {**leave, "take_profit_pct": 40.0}) == (5, 12.0, "target")

    def test_a_gap_fills_at_the_open(self) -> None:
        bars: list[Prices | None] = [flat(10.0), flat(10.0), flat(10.0), (15.0, 16.0, 5.0, 11.0), flat(9.0)]
        assert one(bars, {1: IN}, leave={"take_profit_pct": 25.0})[0][3:] == (3, 15.0, "target")

    def test_the_stop_goes_first_even_if_the_bar_opened_beyond_the_target(self) -> None:
        bars: list[Prices | None] = [flat(10.0), flat(10.0), flat(10.0), (15.0, 16.0, 5.0, 11.0), flat(9.0)]
        leave = {"take_profit_pct": 25.0, "stop_loss_pct": 25.0}
        for fill in ("close", "next_open", "pessimistic"):
            assert one(bars, {1: IN}, fill=fill, leave=leave)[0][3:] == (3, 7.5, "stop")

    def test_pessimistic_spares_a_target_in_the_bar_of_the_entry_and_counts_that_bar(self) -> None:
        """Bought at 11, the high of row 2, where h is 1 already."""
        leave = {"take_profit_by_bars": [[0, 0.0]]}
        assert self.left("pessimistic", leave) == (3, 11.0, "target")
        assert self.left("pessimistic", {"take_profit_by_bars": [[2, 0.0]]}) == (3, 11.0, "target")
        assert self.left("pessimistic", {"take_profit_by_bars": [[3, 0.0]]}) == (4, 11.0, "target")


class TestSizes:
    TEN: tuple[Prices | None, ...] = (flat(10.0),) * 6

    def bought(self, risk: dict[str, Any], leave: dict[str, Any] | None = None, **others: Any) -> float | str:
        """The quantity of the one entry that row 1 decides, or why there is none."""
        signal = {name: others.pop(name) for name in ("size", "stop_distance") if name in others}
        played = play(
            {"A": others.pop("bars", list(self.TEN))}, {"A": {1: {**IN, **signal}}}, leave=leave, risk=risk, **others
        )
        if played.quantities:
            return played.quantities[0]
        return [*played.held_back, *played.refused][0]

    def test_dollars_at_the_price_before_slippage(self) -> None:
        for fill, quantity in (("close", 1000 / 10.5), ("next_open", 1000 / 12), ("pessimistic", 1000 / 13)):
            found = self.bought({}, bars=list(STEPS), fill=fill, slippage_bps=50.0)
            assert found == math.floor(quantity * 1e8) / 1e8

    def test_a_share_of_the_equity_at_cost(self) -> None:
        """Half of 10,000; the gain of A, still open, is not in it: B gets half of 10,000 too."""
        rises: list[Prices | None] = [flat(10.0), flat(10.0), flat(10.0), flat(20.0), flat(20.0)]
        risk = {"size": "equity", "equity_pct": 50.0}
        played = play({"A": rises, "B": list(self.TEN)}, {"A": {1: IN}, "B": {3: IN}}, risk=risk)
        assert sorted(played.quantities) == [500.0, 500.0]

    def test_what_was_gained_and_paid_is_in_the_equity(self) -> None:
        """500 bought at 10 and sold at 20 for a fee of 8 each time: half of 14,984 buys 374.6 at 20."""
        rises: list[Prices | None] = [flat(10.0), flat(10.0), flat(10.0), flat(20.0), flat(20.0), flat(20.0)]
        risk, limits = {"size": "equity", "equity_pct": 50.0}, {"fee_fixed": 8.0}
        played = play({"A": rises}, {"A": {1: IN, 2: OUT, 4: IN}}, leave={"type": "signal"}, risk=risk, limits=limits)
        assert played.quantities == [500.0, 374.6]

    def test_an_entry_fee_is_out_of_the_equity_at_once(self) -> None:
        """At one open: A gets half of 10,000, B half of 9,992."""
        signals = {"A": {1: IN}, "B": {1: IN}}
        risk, limits = {"size": "equity", "equity_pct": 50.0}, {"fee_fixed": 8.0}
        played = play({"A": list(self.TEN), "B": list(self.TEN)}, signals, risk=risk, limits=limits, equity=10_000.0)
        assert (played.quantities, played.refused) == ([500.0], ["buying_power"])
        risk["short_of_cash"] = "scale"
        played = play({"A": list(self.TEN), "B": list(self.TEN)}, signals, risk=risk, limits=limits, equity=10_000.0)
        assert played.quantities == [500.0, 498.4]

    def test_what_is_lost_at_the_stop(self) -> None:
        """1 % of 10,000 is 100: at a stop 2.5 below 10 that is 40, at 2 below 50, and the higher stop counts."""
        risk = {"size": "risk", "risk_pct": 1.0}
        assert self.bought(risk, {"stop_loss_pct": 25.0}) == 40.0
        assert self.bought(risk, {"trail_pct": 25.0}) == 40.0
        assert self.bought(risk, {}, stop_distance=2.0) == 50.0
        assert self.bought(risk, {"trail": True}, stop_distance=2.0) == 50.0
        assert self.bought(risk, {"stop_loss_pct": 25.0}, stop_distance=2.0) == 50.0
        assert self.bought(risk, {"stop_loss_pct": 25.0, "trail_pct": 12.5}, stop_distance=2.0) == 80.0

    def test_the_risk_is_reckoned_from_the_price_before_slippage(self) -> None:
        assert self.bought({"size": "risk", "risk_pct": 1.0}, {"stop_loss_pct": 25.0}, slippage_bps=100.0) == 40.0
        found = self.bought(
            {"size": "risk", "risk_pct": 1.0}, {}, bars=list(STEPS), fill="pessimistic", stop_distance=2.0
        )
        assert found == 50.0

    def test_break_even_is_no_stop_to_reckon_from(self) -> None:
        risk = {"size": "risk", "risk_pct": 1.0}
        assert self.bought(risk, {"stop_loss_pct": 25.0, "breakeven_pct": 1.0}) == 40.0
        assert self.bought(risk, {"breakeven_pct": 1.0}, stop_distance=math.nan) == "entry_skipped_no_stop"

    @pytest.mark.parametrize("distance", [math.nan, 0.0, -2.0, 1e-17])
    def test_no_stop_no_size(self, distance: float) -> None:
        """10 less 1e-17 is 10: nothing lies between price and stop."""
        assert self.bought({"size": "risk", "risk_pct": 1.0}, {}, stop_distance=distance) == "entry_skipped_no_stop"
        assert self.bought({"size": "dollars"}, {}, stop_distance=distance) == 100.0

    def test_a_stop_below_nothing_still_says_how_much(self) -> None:
        assert self.bought({"size": "risk", "risk_pct": 1.0}, {}, stop_distance=20.0) == 5.0

    @pytest.mark.parametrize(
        ("size", "quantity"), [(0.5, 50.0), (1.0, 100.0), (3.0, 100.0), (math.inf, 100.0), (1e-10, 1e-8)]
    )
    def test_the_signals_share_of_it(self, size: float, quantity: float) -> None:
        assert self.bought({}, size=size) == quantity
        assert self.bought({"size": "equity", "equity_pct": 10.0}, size=size) == quantity
        assert self.bought({"size": "risk", "risk_pct": 2.5}, {"stop_loss_pct": 25.0}, size=size) == quantity

    @pytest.mark.parametrize("size", [0.0, -0.5, math.nan, -math.inf, 1e-12])
    def test_a_share_of_nothing(self, size: float) -> None:
        assert self.bought({}, size=size) == "entry_skipped_zero_quantity"

    def test_the_deciding_rows_share_counts(self) -> None:
        signals = {1: {**IN, "size": 0.5}, 2: {"size": 0.0}}
        assert play({"A": list(self.TEN)}, {"A": signals}).quantities == [50.0]

    def test_short_of_cash_is_refused_or_scaled(self) -> None:
        """100 dollars: a fee of 1 leaves 99; 1 % on top of each dollar leaves 100 / 1.01."""
        one_dollar: dict[str, Any] = {"bars": [flat(1.0)] * 4, "equity": 100.0}
        assert self.bought({}, **one_dollar) == "buying_power"
        assert self.bought({"short_of_cash": "refuse"}, **one_dollar) == "buying_power"
        scale = {"short_of_cash": "scale"}
        assert self.bought(scale, **one_dollar) == 100.0
        assert self.bought(scale, limits={"fee_fixed": 1.0}, **one_dollar) == 99.0
        assert self.bought(scale, limits={"fee_per_share": 0.25}, **one_dollar) == 80.0
        assert self.bought(scale, limits={"fee_bps": 100.0}, **one_dollar) == 99.00990099
        assert self.bought(scale, slippage_bps=2500.0, **one_dollar) == 80.0
        limits = {"fee_fixed": 10.0, "fee_per_share": 0.25}
        assert self.bought(scale, limits=limits, slippage_bps=2500.0, **one_dollar) == 60.0

    def test_what_the_cash_covers_is_not_scaled(self) -> None:
        assert self.bought({"short_of_cash": "scale"}, equity=1000.0) == 100.0
        assert self.bought({"short_of_cash": "scale"}, equity=1000.0, limits={"fee_fixed": 1.0}) == 99.9

    def test_the_cash_covers_nothing(self) -> None:
        found = self.bought({"short_of_cash": "scale"}, equity=100.0, limits={"fee_fixed": 100.0})
        assert found == "entry_skipped_zero_quantity"

    def test_two_at_one_open_share_the_cash(self) -> None:
        """7,000 for the first, what is left for the second, nothing for the third."""
        bars = {name: list(self.TEN) for name in "CAB"}
        risk = {"short_of_cash": "scale", "dollars_per_trade": 7000.0}
        played = play(bars, {name: {1: IN} for name in "CAB"}, risk=risk)
        assert played.quantities == [700.0, 300.0]
        assert played.held_back == {"entry_skipped_zero_quantity": 1}

    def test_more_lots_than_there_can_be(self) -> None:
        """100 dollars lost within a billionth are 10^12 units, 10^20 lots; the cash covers 1,000 units of those."""
        signals = {"A": {1: {**IN, "stop_distance": 1e-9}}}
        risk = {"size": "risk", "risk_pct": 1.0}
        refused = play({"A": list(self.TEN)}, signals, risk=risk)
        assert (refused.quantities, refused.refused, refused.too_many) == ([], [], 1)
        risk["short_of_cash"] = "scale"
        assert play({"A": list(self.TEN)}, signals, risk=risk).quantities == [1000.0]
        for pct in (1e300, 1.7e308):  # of 10,000 dollars: beyond the floats
            risk = {"size": "equity", "equity_pct": pct, "short_of_cash": "scale"}
            assert self.bought(risk) == 1000.0

    def test_all_the_cash_in_a_coin_of_a_fraction_of_a_cent(self) -> None:
        """Above 2^53 lots a quantity is a float64: the greatest that the cash covers is bought, and never refused."""
        risk = {"size": "equity", "equity_pct": 200.0, "short_of_cash": "scale"}
        for step in range(30):
            price = 0.0006 + step * 1.1e-6
            quantity = self.bought(risk, bars=[flat(price)] * 6, equity=75_000.0)
            assert isinstance(quantity, float), (price, quantity)
            assert quantity > 2**53 / 1e8
            assert quantity * price <= 75_000.0 < math.nextafter(quantity, math.inf) * price

    def test_later_rules_judge_the_scaled_order(self) -> None:
        risk = {"short_of_cash": "scale", "dollars_per_trade": 5000.0}
        for limit, found in ((999.0, "max_order_notional"), (1000.0, 100.0)):
            assert self.bought(risk, equity=1000.0, limits={"max_order_notional": limit}) == found

    def test_too_small_an_order(self) -> None:
        """1,000 dollars at 10 are 1,000; at 3 they buy 333.33333333, which are a little less."""
        assert self.bought({"min_dollars": 1000.0}) == 100.0
        assert self.bought({"min_dollars": 1000.0}, slippage_bps=2500.0) == 100.0
        assert self.bought({"min_dollars": 1000.5}) == "entry_skipped_too_small"
        assert self.bought({"min_dollars": 1000.0}, bars=[flat(3.0)] * 4) == "entry_skipped_too_small"
        assert self.bought({"min_dollars": 999.99}, bars=[flat(3.0)] * 4) == 333.33333333
        assert self.bought({"min_dollars": 600.0}, size=0.5) == "entry_skipped_too_small"

    def test_too_small_after_scaling(self) -> None:
        risk = {"short_of_cash": "scale", "min_dollars": 600.0}
        assert self.bought(risk, equity=500.0) == "entry_skipped_too_small"
        assert self.bought({**risk, "min_dollars": 500.0}, equity=500.0) == 50.0


class TestAcrossSymbols:
    def order(self, scores: dict[str, float], fill: str = "next_open") -> list[str]:
        """The symbols in the order of their entries, as the one slot after the other would let them in."""
        signals = {name: {1: {**IN, "score": score}} for name, score in scores.items()}
        bars: dict[str, list[Prices | None]] = {name: [flat(10.0)] * 4 for name in scores}
        taken = []
        for slots in range(1, len(scores) + 1):
            played = play(bars, signals, fill=fill, risk={"max_positions": slots})
            taken.append({trade.symbol for trade in played.done})
        return [(after - before).pop() for before, after in zip([set(), *taken], taken, strict=False)]

    @pytest.mark.parametrize("fill", ["close", "next_open", "pessimistic"])
    def test_the_highest_score_first_those_without_last_ties_in_spec_order(self, fill: str) -> None:
        scores = {"D": math.nan, "C": 1.0, "B": 2.0, "A": 1.0, "E": math.nan, "F": -math.inf, "G": math.inf}
        assert self.order(scores, fill) == ["G", "B", "C", "A", "F", "D", "E"]

    def test_nothing_between_the_two_zeros(self) -> None:
        assert self.order({"B": -0.0, "A": 0.0}) == ["B", "A"]

    def test_the_deciding_rows_score_counts(self) -> None:
        signals = {
            "B": {1: {**IN, "score": 1.0}, 2: {"score": 9.0}},
            "A": {1: {**IN, "score": 2.0}, 2: {"score": 0.0}},
        }
        bars: dict[str, list[Prices | None]] = {name: [flat(10.0)] * 4 for name in "BA"}
        for fill in ("close", "next_open"):
            assert [t.symbol for t in play(bars, signals, fill=fill, risk={"max_positions": 1}).done] == ["A"]

    def test_scores_of_rows_that_are_of_different_times(self) -> None:
        """A has no bar at 2, so its row 1 still decides at 3, beside B's row 2."""
        bars: dict[str, list[Prices | None]] = {
            "B": [flat(10.0)] * 5,
            "A": [flat(10.0), flat(10.0), None, flat(10.0), flat(10.0)],
        }
        signals = {"B": {2: {**IN, "score": 1.0}}, "A": {1: {**IN, "score": 2.0}}}
        assert [trade.symbol for trade in play(bars, signals, risk={"max_positions": 1}).done] == ["A"]

    def test_exits_stay_in_spec_order(self) -> None:
        bars: dict[str, list[Prices | None]] = {name: [flat(10.0)] * 5 for name in "BA"}
        signals = {
            "B": {1: {**IN, "score": 1.0}, 2: {**OUT, "score": 1.0}},
            "A": {1: {**IN, "score": 2.0}, 2: {**OUT, "score": 2.0}},
        }
        for fill in ("close", "next_open"):
            found = play(bars, signals, fill=fill, leave={"type": "signal"}).done
            assert [trade.symbol for trade in found] == ["B", "A"]


EXITS = set(CODES.values())
HELD_BACK = {
    "entry_skipped_end_of_data", "entry_skipped_eod", "entry_blocked_max_positions", "entry_skipped_zero_quantity",
    "entry_skipped_no_stop", "entry_skipped_too_small",
}  # fmt: skip


@given(worlds_12())
@settings(max_examples=200)
def test_any_world_trades_as_the_plain_loops_do(world: World) -> None:
    compare(world, registry=sized_registry())


@given(st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_any_world_in_any_window(random: Random) -> None:
    """Rows before the start decide nothing; what they were counts in every signal."""
    world = make_world_12(random)
    window = make_window(random, world.dataset)
    if not world.dataset.window(window.start, window.end).untraded(world.spec["symbols"]):
        compare(world, registry=sized_registry(), window=window)


def test_seeded_worlds_meet_every_fill_with_every_exit() -> None:
    """The comparison means nothing for what does not come up."""
    exits: Counter[tuple[str, str]] = Counter()
    held_back: Counter[str] = Counter()
    for seed in range(400):
        world = make_world_12(Random(seed))
        fill = world.spec.get("execution", {}).get("fill", "close")
        events = compare(world, registry=sized_registry())
        exits.update(
            (fill, event["reason"])
            for event in events
            if event["type"] == "INTENT_EMITTED" and event["action"] == "CLOSE_LONG"
        )
        held_back.update(loops(world).run()["held_back"])
    assert set(exits) == {(fill, code) for fill in ("close", "next_open", "pessimistic") for code in EXITS}
    assert min(exits.values()) >= 5, exits
    assert set(held_back) == HELD_BACK


REAL = {
    "turned by distance": (
        "atr_breakout",
        {"period": 14, "stop_ranges": 3.0, "target_ranges": 5.0},
        {"type": "signal", "trail": True, "breakeven_pct": 4.0},
        {"size": "risk", "risk_pct": 1.0, "short_of_cash": "scale"},
    ),
    "by score": (
        "scored_moves",
        {"steps": 200, "sized": True},
        {"type": "none", "stop_loss_pct": 3.0, "take_profit_by_bars": [[1, 5.0], [10, 2.0]], "max_bars": 20},
        {"size": "equity", "equity_pct": 60.0, "short_of_cash": "scale", "min_dollars": 500.0, "max_positions": 2},
    ),
    "the strongest": (
        "strongest",
        {"lookback": 60, "places": 2},
        {"type": "signal", "trail_pct": 8.0, "take_profit_pct": 20.0},
        {"size": "equity", "equity_pct": 50.0, "short_of_cash": "scale"},
    ),
    "a breakout": (
        "breakout_52w_high",
        {"lookback_days": 55},
        {"type": "none", "stop_loss_pct": 8.0, "trail_pct": 10.0, "breakeven_pct": 5.0},
        {"size": "risk", "risk_pct": 2.0},
    ),
    "days": ("sma_cross", {}, {"type": "eod"}, {"size": "equity", "equity_pct": 100.0, "short_of_cash": "scale"}),
}


@pytest.mark.parametrize("fill", ["close", "next_open", "pessimistic"])
@pytest.mark.parametrize("name", REAL)
def test_real_prices(name: str, fill: str) -> None:
    """Three series of unequal length, in an order that is not theirs, with fees and slippage."""
    strategy, entry, leave, risk = REAL[name]
    spec = {
        "strategy_id": strategy,
        "symbols": ["IBM", "GOOG", "AAPL"],
        "entry": entry,
        "exit": leave,
        "risk": risk,
        "execution": {"fill": fill},
    }
    limits = {"fee_fixed": 1.0, "fee_bps": 2.0}
    assert compare(World(spec, sample_dataset("AAPL", "GOOG", "IBM"), limits, 10_000.0, 5.0), registry=sized_registry())
