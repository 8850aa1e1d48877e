"""The walk: its ticks, the order of exits and entries, and what it counts."""

from __future__ import annotations

import math
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
import pytest

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, Fill, Ledger
from engine.account.state import Account
from engine.broker.paper import Placement, check, place
from engine.drivers import bar_loop
from engine.drivers.bar_loop import BarLoop, Tally, Terms, check_slippage
from engine.errors import ConflictError, InvalidError
from engine.intents import TradeIntent
from engine.market.bars import Bars, Dataset, make_bars
from engine.policy.limits import Limits
from engine.policy.workspace import Workspace
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.runner import StrategyRunner
from engine.strategies.spec import compile_spec, parse_spec
from tests.support.memory_desks import counted_stamps
from tests.support.worlds import DAY, MINUTE

ID = UUID(int=7)
UNIT = 100_000_000


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
    walk = BarLoop(StrategyRunner().compile(spec), dataset, UUID(int=7), Terms(session_complete=complete))
    ends = {series.bars.symbol: np.flatnonzero(series.is_eod).tolist() for series in walk.series}
    assert ends == {"LONG": long, "SHORT": short}


class Signalled(Strategy[Params]):
    """Enters and leaves on the days it is told, by symbol."""

    key = "signalled"
    has_exit = True
    enters: ClassVar[dict[str, set[int]]] = {}
    leaves: ClassVar[dict[str, set[int]]] = {}

    def signals(self, bars: Bars, params: Params) -> Signals:
        days = (bars.ts // DAY - 20_000).tolist()
        entry, own = (
            np.array([day in told.get(bars.symbol, set()) for day in days]) for told in (self.enters, self.leaves)
        )
        return Signals(entry=entry, exit=own, levels={"close": bars.close})

    def window(self, params: Params) -> Window:
        return Window(bars=1)


def daily(symbol: str, days: list[int], base: float) -> Bars:
    """A bar on each day; its close is the base and its day."""
    ts = (20_000 + np.array(days)) * DAY
    close = base + np.array(days, dtype=np.float64)
    return make_bars(symbol, ts, close, close, close, close, np.ones(len(days)))


class Book:
    """An account that takes intents at the price that the walk names; `refusing` raises instead."""

    def __init__(self, **limits: Any) -> None:
        self.workspace = Workspace(ID, "w", 10_000.0, 0, limits=Limits(**limits))
        self.account = Account(ID, Ledger.fresh(10_000.0))
        self.stamps = counted_stamps()
        self.taken: list[tuple[int, str, str, float, str | None]] = []
        self.refusing: Exception | None = None

    def submit(self, intent: TradeIntent, fill_price: float, ts: int) -> Placement:
        said = intent.action.value.removesuffix("_LONG")
        self.taken.append((ts // DAY - 20_000, intent.symbol, said, fill_price, intent.reason))
        if self.refusing is not None:
            raise self.refusing
        return place(check(intent, fill_price), self.account, self.workspace, ts, self.stamps)


def world(
    monkeypatch: pytest.MonkeyPatch,
    enters: dict[str, set[int]],
    leaves: dict[str, set[int]] | None = None,
    *,
    terms: Terms | None = None,
    first_rows: dict[str, int] | None = None,
    **parts: Any,
) -> BarLoop:
    """B on days 0, 1, 2, 4, 5 and A on days 1, 2, 3, 4; B comes first in the spec."""
    monkeypatch.setattr(Signalled, "enters", enters)
    monkeypatch.setattr(Signalled, "leaves", leaves or {})
    document = {"strategy_id": "signalled", "symbols": ["B", "A"], "risk": {"dollars_per_trade": 100.0}}
    spec = compile_spec(parse_spec({**document, **parts}), Signalled())
    bars = {"A": daily("A", [1, 2, 3, 4], 20.0), "B": daily("B", [0, 1, 2, 4, 5], 40.0)}
    return BarLoop(spec, Dataset(bars, first_rows=first_rows or {}), ID, terms or Terms())


def days_of(ticks: Any, walk: BarLoop) -> list[int]:
    return [int(walk.ticks[tick]) // DAY - 20_000 for tick in ticks]


def test_a_tick_is_a_time_at_which_a_symbol_has_a_bar_that_is_not_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = world(monkeypatch, {})
    assert days_of(range(len(walk.ticks)), walk) == [1, 2, 3, 4, 5]
    members = [[(series.bars.symbol, row) for series, row in walk.members(tick)] for tick in range(len(walk.ticks))]
    assert members == [[("B", 1)], [("B", 2), ("A", 1)], [("A", 2)], [("B", 3), ("A", 3)], [("B", 4)]]
    assert (walk.last_ts // DAY - 20_000, walk.last_closes()) == (5, {"B": 45.0, "A": 24.0})


def test_bars_before_the_window_make_no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = world(monkeypatch, {"A": {1, 2, 3}, "B": {1, 2}}, first_rows={"A": 2, "B": 3})
    assert days_of(range(len(walk.ticks)), walk) == [3, 4, 5]
    assert days_of(walk.visit(lambda: Ledger.fresh(1.0)), walk) == [3]
    nothing = world(monkeypatch, {"A": {4}, "B": {4}}, first_rows={"A": 4, "B": 4})
    assert days_of(range(len(nothing.ticks)), nothing) == [5]


def test_only_ticks_are_visited_at_which_something_can_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = world(monkeypatch, {"A": {1, 3}, "B": {0, 1}})  # a first bar enters nothing
    flat, held, other = Ledger.fresh(1e3), Ledger.fresh(1e3), Ledger.fresh(1e3)
    apply_fills(held, [Fill(1, "A", BUY, UNIT, 1.0, 0.0, 1, 0)])
    apply_fills(other, [Fill(1, "Z", BUY, UNIT, 1.0, 0.0, 1, 0)])
    assert days_of(walk.visit(lambda: flat), walk) == days_of(walk.visit(lambda: other), walk) == [1, 3]
    assert days_of(walk.visit(lambda: flat, 1), walk) == [3]
    assert days_of(walk.visit(lambda: flat, 3), walk) == []
    assert days_of(walk.visit(lambda: held), walk) == [1, 2, 3, 4, 5]
    assert days_of(walk.visit(lambda: held, 2), walk) == [3, 4, 5]
    disabled = world(monkeypatch, {"A": {3}}, enabled=False)
    assert days_of(disabled.visit(lambda: flat), disabled) == []


def test_it_would_act_where_one_would_enter_or_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = world(monkeypatch, {"A": {2}, "B": {4}}, {"A": {3}, "B": {2}}, exit={"type": "signal"})
    flat, held = Ledger.fresh(1e3), Ledger.fresh(1e3)
    apply_fills(held, [Fill(1, "A", BUY, UNIT, 20.0, 0.0, 1, 0)])
    assert [walk.would_act(tick, of(flat)) for tick in range(5)] == [False, True, False, True, False]
    assert [walk.would_act(tick, of(held)) for tick in range(5)] == [False, False, True, True, False]


def of(ledger: Ledger) -> bar_loop.Book:
    return bar_loop.Book(ledger, Limits())


def trade(walk: BarLoop, book: Book) -> tuple[Tally, list[tuple[str, str]]]:
    tally, held_back = Tally(), list[tuple[str, str]]()
    for tick in range(len(walk.ticks)):
        walk.step(tick, of(book.account.ledger), book.submit, tally, lambda *said: held_back.append(said))
    return tally, held_back


def test_exits_come_before_entries_and_what_left_does_not_enter_again_at_that_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enters: dict[str, set[int]] = {"A": {2, 3, 4}, "B": {1, 2, 4, 5}}
    terms = Terms(slippage_bps=100.0, closed=False)
    walk, book = world(monkeypatch, enters, {"A": {4}, "B": {4}}, terms=terms, exit={"type": "signal"}), Book()
    tally, held_back = trade(walk, book)
    assert book.taken == [
        (1, "B", "OPEN", 41.0 * (1 + 100.0 / 1e4), "signalled_entry"),
        (2, "A", "OPEN", 22.0 * (1 + 100.0 / 1e4), "signalled_entry"),
        (4, "B", "CLOSE", 44.0 * (1 - 100.0 / 1e4), "signal_exit"),
        (4, "A", "CLOSE", 24.0 * (1 - 100.0 / 1e4), "signal_exit"),
        (5, "B", "OPEN", 45.0 * (1 + 100.0 / 1e4), "signalled_entry"),
    ]
    assert (tally, held_back) == (Tally(intents=5, fills=5, entries=3), [])


def test_an_entry_is_decided_on_the_positions_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """B leaves and makes room for A at the same time; the closed world's last bar of A does not enter."""
    risk = {"dollars_per_trade": 100.0, "max_positions": 1}
    walk, book = world(monkeypatch, {"A": {2, 3, 4}, "B": {1}}, {"B": {2}}, exit={"type": "signal"}, risk=risk), Book()
    tally, held_back = trade(walk, book)
    assert [each[:3] for each in book.taken] == [(1, "B", "OPEN"), (2, "B", "CLOSE"), (2, "A", "OPEN")]
    blocked = world(monkeypatch, {"A": {2, 4}, "B": {1}}, exit={"type": "signal"}, risk=risk)
    counted, told = trade(blocked, Book())
    assert told == [("A", "entry_blocked_max_positions"), ("A", "entry_skipped_end_of_data")]
    assert counted.held_back == {"entry_blocked_max_positions": 1, "entry_skipped_end_of_data": 1}
    assert (tally.fills, held_back) == (3, [])


def test_what_the_policy_refuses_and_what_the_broker_raises_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = world(monkeypatch, {"A": {2, 3}, "B": {1}}, exit={"type": "none"})
    refused = Book(deny_symbols=("A",))
    assert trade(walk, refused)[0] == Tally(intents=3, fills=1, rejected=2, entries=3, refusals={"symbols": 2})
    raising = Book()
    raising.refusing = InvalidError("INVALID_QUANTITY", "too much")
    assert trade(walk, raising)[0] == Tally(intents=3, rejected=3, entries=3, refusals={"INVALID_QUANTITY": 3})
    raising.refusing = ConflictError("ALREADY_EXECUTED", "done")
    assert trade(walk, raising)[0] == Tally(intents=3, already_executed=3, entries=3)


def test_an_exit_that_is_refused_does_not_keep_its_symbol_from_being_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    walk, book = world(monkeypatch, {"B": {1, 2}}, {"B": {2}}, exit={"type": "signal"}), Book()
    walk.step(0, of(book.account.ledger), book.submit, Tally())
    book.refusing = InvalidError("INVALID_FILL_PRICE", "no")
    tally = Tally()
    walk.step(1, of(book.account.ledger), book.submit, tally)
    assert (tally, [each[:3] for each in book.taken]) == (
        Tally(1, 0, 1, refusals={"INVALID_FILL_PRICE": 1}),
        [(1, "B", "OPEN"), (2, "B", "CLOSE")],
    )


def test_a_disabled_spec_does_nothing_and_what_is_open_is_closed_at_the_last_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk, book = world(monkeypatch, {"A": {2}, "B": {1}}, enabled=False, terms=Terms(50.0)), Book()
    assert trade(walk, book) == (Tally(), [])
    opened = [Fill(0, symbol, BUY, UNIT, 10.0, 0.0, 1, 0) for symbol in ("A", "B", "Z")]
    apply_fills(book.account.ledger, opened)
    tally = Tally()
    walk.close_out(book.account.ledger, book.submit, tally)
    assert book.taken == [
        (5, "B", "CLOSE", 45.0 * (1 - 50.0 / 1e4), "end_of_data_exit"),
        (4, "A", "CLOSE", 24.0 * (1 - 50.0 / 1e4), "end_of_data_exit"),
    ]
    assert (tally, list(book.account.ledger.holdings)) == (Tally(2, 2), ["Z"])


@pytest.mark.parametrize("bps", [0, 0.0, 0.5, 9_999.999])
def test_a_slippage_is_less_than_the_whole_price(bps: float) -> None:
    check_slippage(bps)


@pytest.mark.parametrize("bps", [-0.001, 10_000, math.nan, math.inf, "5", None])
def test_any_other_slippage_is_refused(bps: Any) -> None:
    with pytest.raises(InvalidError) as caught:
        check_slippage(bps)
    assert (caught.value.code, caught.value.message) == ("INVALID_SPEC", f"a slippage of {bps!r} basis points")


def test_a_symbol_s_kind_is_that_of_its_first_run_and_its_last_bar_enters_unless_the_world_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terms = Terms(closed=False, session_complete=False, intraday={"A": True})
    for each, last, symbol in zip(world(monkeypatch, {}, terms=terms).series, (5, 4), "BA", strict=True):
        assert (each.bars.symbol, each.intraday, len(each.bars)) == (symbol, symbol == "A", last)
        assert each.is_eod.tolist() == [True] * last, "A's data end before those of B do"
