"""Candles: their strokes, several bars in one, arrows off the line, levels, the tag of the last price."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.bars import Bars, make_bars
from tui.dashboard.colours import DOWN, UP, Palette
from tui.dashboard.drawing.candles import Across, Candles, Signed
from tui.dashboard.drawing.candles import _Drawn as Drawn  # what a chart sums up, which its text shows only roughly

PALETTE = Palette("#56b4e9", "#f09a3e", "#9aa4b2", "#7aa2d6", ("#1", "#2", "#3", "#4"))
DAY = 86_400_000_000


def bars(prices: list[tuple[float, float, float, float]], volume: float = 1000.0) -> Bars:
    columns = [np.array(column) for column in zip(*prices, strict=True)]
    ts = 1_600_000_000_000_000 // DAY * DAY + np.arange(len(prices)) * DAY
    return make_bars("X", ts, *columns, np.full(len(prices), volume), "UTC")


def walk(count: int, seed: int = 1) -> Bars:
    chance = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.01, count)))
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99
    return make_bars("X", np.arange(count) * DAY, open_, high, low, close, chance.gamma(2, 100, count), "UTC")


def grid(candles: Candles, width: int = 80, height: int = 24) -> list[str]:
    lines = candles.text(width, height, PALETTE).plain.split("\n")
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    return [line.ljust(width) for line in lines]


def test_a_candle_is_thin_to_its_high_and_low_and_thick_between_open_and_close() -> None:
    lines = grid(Candles(bars([(10.0, 20.0, 0.0, 10.0), (5.0, 20.0, 0.0, 15.0)] * 30, volume=0.0)), 80, 30)
    first, second = ("".join(line[x] for line in lines[:-1]) for x in (0, 1))
    assert first.strip().count("┃") + first.count("╿") + first.count("╽") <= 1
    assert second.count("┃") >= 8
    assert second.strip()[0] in "│╷╵"
    assert second.strip()[-1] in "│╷╵"


def test_an_entry_stands_below_its_candle_and_an_exit_above() -> None:
    lines = grid(Candles(walk(60), fills=[Signed(20, True), Signed(40, False)]), 80, 30)
    up = next((y, line.index(UP)) for y, line in enumerate(lines) if UP in line)
    down = next((y, line.index(DOWN)) for y, line in enumerate(lines) if DOWN in line)
    assert lines[up[0] - 1][up[1]] in "│┃╵╹╿╽╷╻"
    assert lines[down[0] + 1][down[1]] in "│┃╷╻╿╽╵╹"


def test_lines_across_have_their_price_and_name() -> None:
    last = float(walk(60).close[-1])
    lines = grid(Candles(walk(60), across=[Across(last * 0.97, "stop", PALETTE.loss)]))
    (line,) = [line for line in lines if line.rstrip().endswith("stop")]
    assert "┄┄┄" in line


def test_the_last_price_has_a_tag_on_its_line() -> None:
    chart = Candles(bars([(10.0, 10.0, 10.0, 10.0)] * 20 + [(12.5, 12.5, 12.5, 12.5)]))
    text = chart.text(80, 20, PALETTE)
    (tag,) = [span for span in text.spans if "reverse" in str(span.style)]
    assert text.plain[tag.start : tag.end] == " 12.50 "


def test_a_level_is_seen_beside_candles_and_on_their_thin_strokes() -> None:
    world = bars([(10.0, 14.0, 6.0, 10.0)] * 40)
    lines = grid(Candles(world, levels={"high": np.full(40, 13.0), "nowhere": np.full(40, np.nan)}), 80, 30)
    assert any(line.count("┼") >= 30 for line in lines)


def test_a_level_far_away_does_not_squeeze_the_candles() -> None:
    near = grid(Candles(walk(40)))
    assert grid(Candles(walk(40), levels={"far": np.full(40, 1e9)})) == near


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(1, 120), st.integers(0, 1 << 20))
def test_several_bars_in_one_candle_are_summed_up_as_a_plain_loop_does(count: int, most: int, seed: int) -> None:
    world = walk(count, seed)
    drawn = Drawn.of(world, most)
    since = 0
    for place, until in enumerate(drawn.ends.tolist()):
        assert drawn.open[place] == world.open[since]
        assert drawn.high[place] == max(world.high[since:until])
        assert drawn.low[place] == min(world.low[since:until])
        assert drawn.close[place] == world.close[until - 1]
        assert drawn.volume[place] == pytest.approx(sum(world.volume[since:until]))
        assert all(drawn.candle_of(row) == place for row in range(since, until))
        since = until
    assert since == count
    assert len(drawn.ends) == min(count, most)
    assert drawn.column(len(drawn.ends) - 1) < most


@given(st.integers(1, 300), st.integers(30, 120))
@settings(max_examples=30, deadline=None)
def test_the_bar_under_a_column_is_the_one_that_the_crosshair_marks(count: int, width: int) -> None:
    world = walk(count)
    for x in range(width):
        row = Candles(world).row_at(x, width)
        if row is not None:
            drawn = Drawn.of(world, Candles(world)._plot_width(width))
            assert drawn.column(drawn.candle_of(row)) // drawn.step == x // drawn.step


def test_a_million_bars_are_drawn_whole() -> None:
    world = walk(1_000_000)
    lines = grid(Candles(world, crosshair=500_000), 120, 40)
    assert sum("┊" in line for line in lines) > 3
    assert lines[-1].strip().startswith("1970-01")


@pytest.mark.parametrize("size", [(30, 6), (60, 15), (200, 55)])
@pytest.mark.parametrize("count", [1, 2, 500])
def test_any_size_is_filled_and_never_exceeded(size: tuple[int, int], count: int) -> None:
    grid(Candles(walk(count), crosshair=0), *size)
