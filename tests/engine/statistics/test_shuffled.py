"""The shuffle of bars: what plain loops make of the spec's text, what stays as it was, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import DataError
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.sessions import MICROS_PER_DAY, date_to_day, day_to_date, session_days
from engine.market.synthetic import synthetic_daily
from engine.statistics.shuffled import Shuffle
from tests.engine.market.made import MINUTE
from tests.oracles import shuffle as oracle
from tests.oracles import statistics
from tests.support.worlds import make_dataset

RANDOMS = st.randoms(use_true_random=False)


def windowed(random: Random, *, zone: str | None = None) -> Dataset:
    """Symbols with holes and uneven ends, each traded from a row of its own; a bar's volume says which time it is of.

    The bars of one time have the same volume, and no others have it.
    """
    dataset = make_dataset(random, zone=zone)
    times = np.unique(np.concatenate([bars.ts for bars in dataset.bars.values()]))
    marked, firsts = {}, {}
    for symbol, bars in dataset.bars.items():
        marked[symbol] = with_volume(bars, np.searchsorted(times, bars.ts).astype(np.float64), dataset.session_tz)
        firsts[symbol] = min(random.choice([0, 0, 1, 5, len(bars) - 1, len(bars)]), len(bars))
    return Dataset(marked, session_tz=dataset.session_tz, first_rows=firsts)


def with_volume(bars: Bars, volume: np.ndarray, zone: str) -> Bars:
    return make_bars(bars.symbol, bars.ts, bars.open, bars.high, bars.low, bars.close, volume, zone)


def draws_of(dataset: Dataset, draws: int = 1) -> Iterator[Dataset]:
    shuffle = Shuffle(dataset, dataset.symbols)
    return map(shuffle.dataset, shuffle.deals(draws))


def rows_of(dataset: Dataset) -> dict[str, oracle.Series]:
    return {symbol: candles_of(bars) for symbol, bars in dataset.bars.items()}


def candles_of(bars: Bars) -> oracle.Series:
    columns = [getattr(bars, name).tolist() for name in ("ts", "open", "high", "low", "close", "volume")]
    days = map(day_to_date, bars.session.tolist())
    return [oracle.Candle(*values, day) for *values, day in zip(*columns, days, strict=True)]


def sessions_of(dataset: Dataset, symbol: str) -> list[oracle.Series]:
    """Of the window."""
    return oracle.sessions_of(candles_of(dataset.traded(symbol)))


def gaps_of(sessions: list[oracle.Series]) -> list[float]:
    return sorted(after[0].open / before[-1].close for before, after in pairwise(sessions))


def shape_of(session: oracle.Series) -> list[float]:
    start = session[0].open
    return [price / start for each in session for price in (each.open, each.high, each.low, each.close)]


def source_of(session: oracle.Series) -> tuple[float, ...]:
    """Which session it was, by its volumes."""
    return tuple(each.volume for each in session)


@given(RANDOMS)
def test_a_draw_is_what_plain_loops_make_of_single_words(random: Random) -> None:
    dataset = windowed(random)
    stream, rows = statistics.words("noise", dataset.columns_sha256), rows_of(dataset)
    starts = {symbol: dataset.first_row(symbol) for symbol in dataset.symbols}
    for drawn in draws_of(dataset, 3):
        assert rows_of(drawn) == oracle.shuffled(rows, starts, stream, dataset.session_tz)


@given(RANDOMS)
def test_the_first_session_stays_and_the_others_keep_their_gaps_and_shapes(random: Random) -> None:
    dataset = windowed(random)
    (drawn,) = draws_of(dataset)
    for symbol in dataset.symbols:
        before, after = sessions_of(dataset, symbol), sessions_of(drawn, symbol)
        assert after[:1] == before[:1]
        assert gaps_of(after) == pytest.approx(gaps_of(before), rel=1e-9)
        shapes = {source_of(session): shape_of(session) for session in before}
        assert sorted(map(source_of, after)) == sorted(shapes)
        for session in after:
            assert shape_of(session) == pytest.approx(shapes[source_of(session)], rel=1e-9)


@given(RANDOMS)
def test_history_and_the_clock_stay_and_bars_are_sound(random: Random) -> None:
    dataset = windowed(random)
    for drawn in draws_of(dataset, 2):
        assert drawn.first_rows == dataset.first_rows
        for symbol, bars in drawn.bars.items():
            first, before = dataset.first_row(symbol), dataset.bars[symbol]
            assert candles_of(bars)[:first] == candles_of(before)[:first]
            assert sorted(set(bars.session.tolist())) == sorted(set(before.session.tolist()))
            assert bars.session.tolist() == session_days(bars.ts, drawn.session_tz).tolist()
            assert np.all(np.diff(bars.ts) > 0)
            assert np.all(bars.high >= np.maximum(bars.open, bars.close))
            assert np.all(bars.low <= np.minimum(bars.open, bars.close))


@given(RANDOMS)
def test_common_times_are_permuted_alike(random: Random) -> None:
    """In a zone whose clocks stay: where they are changed, bars at the end of a day may be put at one time."""
    dataset = windowed(random, zone="UTC")
    (drawn,) = draws_of(dataset)
    moved = {symbol: {session[0].day for session in sessions_of(drawn, symbol)[1:]} for symbol in drawn.symbols}
    marks: dict[tuple[int, frozenset[str]], set[float]] = {}
    for symbol in drawn.symbols:
        for session in sessions_of(drawn, symbol)[1:]:
            for each in session:
                moves_alike = frozenset(s for s in drawn.symbols if each.day in moved[s])
                marks.setdefault((each.ts, moves_alike), set()).add(each.volume)
    assert all(len(found) == 1 for found in marks.values())


@given(RANDOMS)
def test_a_symbol_that_is_not_asked_for_stays_and_the_order_of_the_others_does_not_matter(random: Random) -> None:
    dataset = windowed(random)
    symbols = [symbol for symbol in dataset.symbols if random.random() < 0.7]
    assume(symbols)
    shuffle, turned = Shuffle(dataset, symbols), Shuffle(dataset, symbols[::-1])
    for deal, other in zip(shuffle.deals(2), turned.deals(2), strict=True):
        drawn = shuffle.dataset(deal)
        assert rows_of(drawn) == rows_of(turned.dataset(other))
        for symbol in set(dataset.symbols) - set(symbols):
            assert drawn.bars[symbol] is dataset.bars[symbol]


def test_daily_bars_keep_the_times_of_their_places() -> None:
    dataset = Dataset({"X": synthetic_daily(300, 1, "X", "America/New_York")}, session_tz="America/New_York")
    for drawn in draws_of(dataset, 3):
        assert drawn.bars["X"].ts.tolist() == dataset.bars["X"].ts.tolist()
        assert drawn.bars["X"].close.tolist() != dataset.bars["X"].close.tolist()


def test_intraday_sessions_take_their_times_along() -> None:
    """A short day is short wherever it comes to lie."""
    lengths = [3, 1, 3, 3, 2, 3, 3, 3]
    ts = [
        day * MICROS_PER_DAY + (570 + 30 * bar) * MINUTE for day, length in enumerate(lengths) for bar in range(length)
    ]
    price = 100 + np.arange(len(ts), dtype=np.float64)
    bars = make_bars("X", np.array(ts), price, price, price, price, price)
    (drawn,) = draws_of(Dataset({"X": bars}))
    sessions = sessions_of(drawn, "X")
    assert sorted(map(len, sessions)) == sorted(lengths)
    assert [len(session) for session in sessions] != lengths
    for session in sessions:
        assert [each.ts % MICROS_PER_DAY for each in session] == [
            (570 + 30 * bar) * MINUTE for bar in range(len(session))
        ]


def test_what_a_shorter_day_has_no_room_for_comes_at_its_end() -> None:
    """Clocks are put forward on the 14th: that day has 23 hours, and a bar of a 24th is in its last microsecond."""
    zone, first = "America/New_York", 18_698  # 2021-03-12
    hours = [oracle.midnight(date(2021, 3, 12), zone) + hour * 60 * MINUTE for hour in range(24 * 6 - 1)]
    price = 100 + np.arange(len(hours), dtype=np.float64)
    dataset = Dataset({"X": make_bars("X", np.array(hours), price, price, price, price, price, zone)}, session_tz=zone)
    assert sorted(len(session) for session in sessions_of(dataset, "X")) == [23, 24, 24, 24, 24, 24]
    short_day = first + 2
    for drawn in draws_of(dataset, 8):
        (there,) = (s for s in sessions_of(drawn, "X") if date_to_day(s[0].day) == short_day)
        end = oracle.midnight(date(2021, 3, 15), zone)
        if len(there) == 24:
            assert there[-1].ts == end - 1
            break
    else:
        pytest.fail("no draw put a whole day there")


def test_few_draws_are_the_first_of_many() -> None:
    dataset = Dataset({"X": synthetic_daily(60, 1, "X")})
    few, many = list(draws_of(dataset, 2)), list(draws_of(dataset, 5))
    assert list(map(rows_of, few)) == list(map(rows_of, many))[:2]
    assert len({rows_of(drawn)["X"][30] for drawn in many}) == 5


@pytest.mark.parametrize("bars", [1, 2, 3])
def test_there_may_be_nothing_to_shuffle(bars: int) -> None:
    dataset = Dataset({"X": synthetic_daily(50, 1, "X")}).traded_from({"X": 50 - bars})
    (drawn,) = draws_of(dataset)
    assert rows_of(drawn)["X"][: 51 - bars] == rows_of(dataset)["X"][: 51 - bars]
    if bars <= 2:  # a single gap and a single shape stay where they are
        for name in ("open", "high", "low", "close"):
            assert getattr(drawn.bars["X"], name).tolist() == pytest.approx(getattr(dataset.bars["X"], name).tolist())


def test_prices_too_far_apart_are_refused() -> None:
    ts = np.arange(6, dtype=np.int64) * MICROS_PER_DAY
    price = np.array([1.0, 1e200, 1e-200, 1e200, 1e-200, 1.0])
    with pytest.raises(DataError, match="'X' cannot be shuffled"):
        list(draws_of(Dataset({"X": make_bars("X", ts, price, price, price, price, price)}), 20))
