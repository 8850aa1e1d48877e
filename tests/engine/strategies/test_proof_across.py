"""The proofs of strategies that compare symbols: all are cut at the same times. Every column is compared."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from engine.market.bars import Bars, Panel
from engine.market.synthetic import synthetic_daily
from engine.strategies.base import OF_ENTRIES, Params, Signals, Strategy, Window
from engine.strategies.proof import (
    Finding,
    find_longer_window,
    find_longer_window_of_all,
    find_look_ahead,
    find_look_ahead_of_all,
)


def kept(bars: Bars, rows: Any) -> Bars:
    columns = (bars.ts, bars.open, bars.high, bars.low, bars.close, bars.volume, bars.session)
    ts, opening, high, low, close, volume, session = (column[rows] for column in columns)
    return Bars(bars.symbol, ts, opening, high, low, close, volume, session)


WHOLE, LATE, GAPS = (synthetic_daily(240, seed=seed, symbol=f"S{seed}") for seed in (1, 2, 3))
ROWS = np.arange(240)
PANEL = [WHOLE, kept(LATE, ROWS >= 90), kept(GAPS, (ROWS % 7 != 3) & (ROWS < 200))]


class Ranked(Strategy[Params]):
    """Buys the symbol that rose most over two rows of the panel, of those with a bar on both."""

    key = "ranked"

    def ranks(self, panel: Panel) -> Any:
        gain = np.full(panel.close.shape, np.nan)
        gain[1:] = panel.close[1:] / panel.close[:-1]
        return gain

    def signals_all(self, panel: Panel, params: Params) -> dict[str, Signals]:
        gain = self.ranks(panel)
        best = np.where(np.isnan(gain), -np.inf, gain).max(axis=1)
        return {
            symbol: Signals(gain[:, place] == best, score=gain[:, place]) for place, symbol in enumerate(panel.symbols)
        }

    def window(self, params: Params) -> Window:
        return Window(bars=2)


class RanksTomorrow(Ranked):
    """Ranks by the next row of another symbol."""

    def ranks(self, panel: Panel) -> Any:
        gain = super().ranks(panel).copy()
        gain[:-1, 0] *= np.where(gain[1:, 2] > 1, 1.5, 1.0)
        return gain


class WholePanel(Ranked):
    """Scales each row by how much the whole panel moves on the average, which nobody knew then."""

    def signals_all(self, panel: Panel, params: Params) -> dict[str, Signals]:
        usual = np.nanmean(self.ranks(panel))
        gain = self.ranks(panel)
        return {symbol: Signals(gain[:, place] > usual) for place, symbol in enumerate(panel.symbols)}


class KnowsWhoComes(Ranked):
    """Trades one symbol as another begins, as if it had been known before."""

    def signals_all(self, panel: Panel, params: Params) -> dict[str, Signals]:
        first = panel.close[:, 1][panel.present[:, 1]]
        entry = panel.close > (first[0] if len(first) else np.inf)
        return {symbol: Signals(entry[:, place]) for place, symbol in enumerate(panel.symbols)}


class LongerRanks(Ranked):
    """Looks back three rows of the panel and says two."""

    def ranks(self, panel: Panel) -> Any:
        gain = np.full(panel.close.shape, np.nan)
        gain[2:] = panel.close[2:] / panel.close[:-2]
        return gain


def test_a_rank_of_what_is_known_is_sound() -> None:
    assert find_look_ahead_of_all(Ranked(), Params(), PANEL) is None
    assert find_longer_window_of_all(Ranked(), Params(), PANEL) is None


@pytest.mark.parametrize("cheat", [RanksTomorrow, WholePanel, KnowsWhoComes])
def test_looking_ahead_across_symbols_is_found(cheat: type[Ranked]) -> None:
    finding = find_look_ahead_of_all(cheat(), Params(), PANEL)
    assert finding is not None
    assert (finding.kind, finding.rounding) == ("look-ahead", False)
    assert finding.symbol in {"S1", "S2", "S3"}
    assert finding.ts == int(np.unique(np.concatenate([one.ts for one in PANEL]))[finding.row])
    assert f" of row {finding.row} changes when rows of the panel after " in finding.sentence()


def test_looking_ahead_across_symbols_shows_on_no_symbol_alone() -> None:
    class PeeksAtTheLast(Ranked):
        def signals_all(self, panel: Panel, params: Params) -> dict[str, Signals]:
            later = np.r_[panel.close[1:, -1] > panel.close[:-1, -1], False]
            known = panel.present[:, 0] if len(panel.symbols) > 1 else np.zeros(len(panel), dtype=bool)
            return {symbol: Signals(later & known) for symbol in panel.symbols}

    assert find_look_ahead(PeeksAtTheLast(), Params(), WHOLE) is None
    assert find_look_ahead_of_all(PeeksAtTheLast(), Params(), PANEL) is not None


def test_a_window_counts_rows_of_the_panel() -> None:
    finding = find_longer_window_of_all(LongerRanks(), Params(), PANEL)
    assert finding is not None
    assert finding.kind == "window"

    class Declared(LongerRanks):
        def window(self, params: Params) -> Window:
            return Window(bars=3)

    assert find_longer_window_of_all(Declared(), Params(), PANEL) is None


def test_a_window_of_the_symbols_own_bars_is_longer_than_as_many_rows() -> None:
    """The bar before of a symbol with gaps may lie two rows of the panel back."""

    class OwnBars(Ranked):
        def ranks(self, panel: Panel) -> Any:
            gain = np.full(panel.close.shape, np.nan)
            for place, symbol in enumerate(panel.symbols):
                rows = panel.rows(symbol)
                gain[rows[1:], place] = panel.close[rows[1:], place] / panel.close[rows[:-1], place]
            return gain

    assert find_look_ahead_of_all(OwnBars(), Params(), PANEL) is None
    finding = find_longer_window_of_all(OwnBars(), Params(), PANEL)
    assert finding is not None
    assert finding.column in {"entry", "score"}


class Brings(Strategy[Params]):
    """Buys a rise; one of the columns that its entries bring is wrong."""

    key = "brings"
    column: ClassVar[str]

    def values(self, bars: Bars) -> Any:
        raise NotImplementedError

    def signals(self, bars: Bars, params: Params) -> Signals:
        rises = np.r_[False, bars.close[1:] > bars.close[:-1]]
        return Signals(rises, **{self.column: self.values(bars)})

    def window(self, params: Params) -> Window:
        return Window(bars=2)


def bringing(name: str, values: Any) -> Brings:
    kind = type("Brings", (Brings,), {"column": name, "values": lambda self, bars: values(bars)})
    found: Brings = kind()
    return found


def tomorrow(bars: Bars) -> Any:
    return np.r_[np.abs(bars.close[1:] - bars.close[:-1]), 1.0]


def three_back(bars: Bars) -> Any:
    return np.r_[np.full(3, np.nan), np.abs(bars.close[3:] - bars.close[:-3])][: len(bars)]


def backwards(bars: Bars) -> Any:
    sums = np.cumsum(np.r_[0.0, bars.close[::-1]])[::-1]
    return sums[:-1] - sums[1:]


@pytest.mark.parametrize("name", OF_ENTRIES)
def test_what_entries_bring_is_compared(name: str) -> None:
    ahead = find_look_ahead(bringing(name, tomorrow), Params(), WHOLE)
    assert isinstance(ahead, Finding)
    assert (ahead.column, ahead.is_harmless) == (name, False)
    assert find_look_ahead(bringing(name, three_back), Params(), WHOLE) is None
    longer = find_longer_window(bringing(name, three_back), Params(), WHOLE)
    assert longer is not None
    assert longer.column == name


@pytest.mark.parametrize("name", OF_ENTRIES)
def test_the_last_digits_of_what_entries_bring_are_rounding(name: str) -> None:
    finding = find_look_ahead(bringing(name, backwards), Params(), WHOLE)
    assert finding is not None
    assert (finding.column, finding.rounding, finding.is_harmless) == (name, True, True)


def test_a_column_that_comes_and_goes_with_the_bars_is_found() -> None:
    class Sometimes(Brings):
        def signals(self, bars: Bars, params: Params) -> Signals:
            rises = np.r_[False, bars.close[1:] > bars.close[:-1]]
            return Signals(rises, size=np.ones(len(bars)) if len(bars) > 100 else None)

    finding = find_look_ahead(Sometimes(), Params(), WHOLE)
    assert finding is not None
    assert finding.column == "size"
