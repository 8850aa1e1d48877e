"""`strategy check`: over whole data, of new modules; rounding, files that are opened, and what proves nothing."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.market.bars import Bars, Dataset, make_bars
from engine.market.synthetic import synthetic_daily
from engine.strategies.proof import CUTS
from storage.strategies import check as strategy_check
from storage.strategies.check import StrategyCheck, check_strategy_class, check_strategy_file
from storage.strategies.probing import listening, theirs
from storage.strategies.source import is_installed
from tests.storage.strategies.folders import RISES, strategy, written
from tests.support.samples import sample_dataset

DATA = Dataset({"SYN": synthetic_daily(300, seed=4)})
PEEK = "np.r_[bars.close[1:] > bars.close[:-1], False]"


def checked(room: Path, files: dict[str, str], data: Dataset = DATA, **options: Any) -> StrategyCheck:
    return check_strategy_file(str(written(room, files)), data, **options)


def kinds(found: StrategyCheck) -> list[str]:
    return [finding.check for finding in found.findings]


def long_bars(rows: int, price: float = 100.0) -> Bars:
    ts = np.arange(rows, dtype=np.int64) * 60_000_000 + 1_700_000_000_000_000
    close = price + np.sin(np.arange(rows) / 7.0)
    return make_bars("LONG", ts, open=close, high=close, low=close, close=close, volume=np.ones(rows))


def test_what_signals_only_long_ago_is_looked_at(tmp_path: Path) -> None:
    """In the sample GOOG is below 150 in its first months only, more than 2,000 bars before its end."""
    early = strategy(entry=f"{PEEK} & (bars.close < 150)")
    goog = sample_dataset("GOOG")
    assert not (goog.bars["GOOG"].close[-2000:] < 150).any()
    found = checked(tmp_path, {"mine.py": early}, goog)
    assert (found.bars, found.error_code) == ({"GOOG": 2148}, "STRATEGY_LOOKS_AHEAD")
    assert found.entries == {"GOOG": 31}


def test_where_nothing_signals_nothing_was_proved(tmp_path: Path) -> None:
    found = checked(tmp_path, {"mine.py": strategy(entry="bars.close < 0")})
    assert (found.findings, found.proved, found.error_code) == ([], False, "INVALID_STRATEGY")
    error = found.error()
    assert error is not None
    assert error.message == "the strategy mine: nothing was proved: 0 entries on SYN"
    assert "--data" in error.hint


def test_an_entry_on_the_last_bar_alone_proves_nothing(tmp_path: Path) -> None:
    found = checked(tmp_path, {"mine.py": strategy(entry="np.arange(len(bars)) == 299")})
    assert (found.entries, found.proved) == ({"SYN": 1}, False)


def test_a_symbol_without_entries_is_noted_beside_one_with_some(tmp_path: Path) -> None:
    data = Dataset({"SYN": DATA.bars["SYN"], "LONG": long_bars(300, price=10_000.0)})
    found = checked(tmp_path, {"mine.py": strategy(entry=f"{RISES} & (bars.close < 5000)")}, data)
    assert (found.error_code, found.proved) == (None, True)
    assert [(note.check, note.symbol, note.message) for note in found.notes] == [
        ("proof", "LONG", "nothing was proved: 0 entries")
    ]


KEEPS = """
KEPT = {}


def kept(bars, compute):
    if bars.symbol not in KEPT:
        KEPT[bars.symbol] = compute(bars)
    return KEPT[bars.symbol][: len(bars)]
"""


@pytest.mark.parametrize("where", ["mine.py", "helpers.py"])
def test_results_that_a_module_keeps_by_symbol_hide_no_look_ahead(tmp_path: Path, where: str) -> None:
    text = strategy("" if where == "mine.py" else "from helpers import kept", entry=f"kept(bars, lambda bars: {PEEK})")
    files = {"mine.py": text + KEEPS} if where == "mine.py" else {"mine.py": text, "helpers.py": KEEPS}
    found = checked(tmp_path, files)
    assert (kinds(found), found.error_code) == (["look-ahead"], "STRATEGY_LOOKS_AHEAD")


def test_a_strategy_that_keeps_results_is_not_sound_though_it_does_not_look_ahead(tmp_path: Path) -> None:
    found = checked(tmp_path, {"mine.py": strategy(entry=f"kept(bars, lambda bars: {RISES})") + KEEPS})
    assert (kinds(found), found.error_code) == (["state"], "INVALID_STRATEGY")
    assert "it keeps results from one call to the next" in found.findings[0].message


BACKWARDS = "np.cumsum(np.r_[0.0, bars.close[::-1]])[::-1]"
LEVEL = ', levels={"average": np.r_[np.nan, (sums[:-2] - sums[2:]) / 2]}'


def test_rounding_is_said_to_be_rounding_and_passes(tmp_path: Path) -> None:
    found = checked(tmp_path, {"mine.py": strategy(first=f"sums = {BACKWARDS}", entry=RISES + LEVEL)})
    assert (found.findings, found.error_code) == ([], None)
    (note,) = found.notes
    assert (note.check, note.symbol) == ("rounding", "SYN")
    assert "level average of bar " in note.message
    assert "that is rounding, and no look-ahead" in note.message


def test_rounding_that_decides_entries_does_not_pass(tmp_path: Path) -> None:
    again = "np.diff(np.cumsum(np.r_[0.0, bars.close]))"
    text = strategy(first=f"again = {again}", entry='bars.close > again, levels={"again": again}')
    found = checked(tmp_path, {"mine.py": text})
    assert (kinds(found), found.error_code) == (["rounding"], "INVALID_STRATEGY")


def test_files_that_it_opens_are_named_and_its_own_are_not(tmp_path: Path) -> None:
    reads = "from pathlib import Path\nimport json\nimport helpers\nat_import = Path(__file__).with_name('a.json')"
    text = strategy(f"{reads}\nat_import.read_text()", first="at_import.with_name('b.txt').read_text()")
    files = {"mine.py": text, "helpers.py": "", "a.json": "1", "b.txt": "2"}
    found = checked(tmp_path, files)
    assert found.files == [str(tmp_path / "a.json"), str(tmp_path / "b.txt")]
    assert found.error_code is None
    assert checked(tmp_path / "lone", {"mine.py": strategy("import pandas\nimport zoneinfo")}).files == []


def test_a_module_that_is_imported_by_a_name_made_up_at_run_time_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "lib", {"unseen_of_mine.py": "x = 1\n"})
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    text = strategy("import importlib\nimportlib.import_module('unseen' + '_of_mine')")
    assert checked(tmp_path / "s", {"mine.py": text}).files == [str(tmp_path / "lib/unseen_of_mine.py")]
    del sys.modules["unseen_of_mine"]


def test_nobody_listens_outside_a_check(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    with listening() as heard:
        (tmp_path / "a").read_text()
    count = len(heard)
    (tmp_path / "a").read_text()
    assert (len(heard), theirs(heard)) == (count, [str(tmp_path / "a")])
    assert is_installed(Path(np.__file__))


def test_parameters_that_are_set_are_the_ones_that_are_checked(tmp_path: Path) -> None:
    text = strategy("from pydantic import Field", entry="np.roll(bars.close, -params.ahead) > bars.close")
    text = text.replace("class Mine", "class P(Params):\n    ahead: int = 0\n\n\nclass Mine").replace("[Params]", "[P]")
    text = text.replace('    key = "mine"', '    key = "mine"\n    params = P')
    assert checked(tmp_path, {"mine.py": text}).proved is False
    assert kinds(checked(tmp_path, {"mine.py": text}, entry={"ahead": 1})) == ["look-ahead"]
    refused = checked(tmp_path, {"mine.py": text}, entry={"ahead": "x"})
    assert kinds(refused) == ["parameters"]


def test_a_parameter_without_a_default_may_be_set(tmp_path: Path) -> None:
    text = strategy().replace("class Mine", "class P(Params):\n    n: int\n\n\nclass Mine").replace("[Params]", "[P]")
    text = text.replace('    key = "mine"', '    key = "mine"\n    params = P')
    assert kinds(checked(tmp_path, {"mine.py": text})) == ["parameters"]
    assert checked(tmp_path, {"mine.py": text}, entry={"n": 3}).error_code is None


def test_long_data_are_cut_less_often_and_looked_at_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def count(trial: Any, strategy: Any, params: Any, bars: Any, cuts: int) -> Any:
        asked.append(cuts)
        return original(trial, strategy, params, bars, cuts)

    original = strategy_check.check_bars
    monkeypatch.setattr(strategy_check, "check_bars", count)
    monkeypatch.setattr(strategy_check, "ROWS", 100_000)
    for rows in (300, 5_000, 40_000):
        found = checked(tmp_path, {"mine.py": strategy()}, Dataset({"LONG": long_bars(rows)}))
        assert (found.bars, found.error_code) == ({"LONG": rows}, None)
    assert asked == [CUTS, 20, strategy_check.FEWEST_CUTS]


def test_a_class_of_an_installed_module_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    written(tmp_path, {"checked_of_mine.py": strategy(entry=PEEK)})
    kind = importlib.import_module("checked_of_mine").Mine
    assert kinds(check_strategy_class(kind, DATA)) == ["look-ahead"]
    del sys.modules["checked_of_mine"]


# strategies that compare symbols, and what entries bring with them

RANKS = """
import numpy as np
from papertape import Panel, Params, Signals, Strategy, Window


class Mine(Strategy[Params]):
    key = "mine"

    def signals_all(self, panel: Panel, params):
        gain = np.full(panel.close.shape, np.nan)
        gain[1:] = panel.close[1:] / panel.close[:-1] - 1
        gain = {scaled}
        best = np.where(np.isnan(gain), -np.inf, gain).max(axis=1)
        return {{s: Signals(gain[:, i] == best, score=gain[:, i]) for i, s in enumerate(panel.symbols)}}

    def window(self, params):
        return Window(bars={window})
"""
THREE = Dataset({f"S{seed}": synthetic_daily(200, seed=seed, symbol=f"S{seed}") for seed in (1, 2, 3)})


def ranks(scaled: str = "gain", window: int = 2) -> dict[str, str]:
    return {"mine.py": RANKS.format(scaled=scaled, window=window)}


def test_symbols_that_are_compared_are_checked_together(tmp_path: Path) -> None:
    found = checked(tmp_path, ranks(), THREE)
    assert (found.error_code, found.findings, found.notes, found.proved) == (None, [], [], True)
    assert (found.signals_all, found.columns) == (True, ["score"])
    assert sum(found.entries.values()) == 199
    assert set(found.bars) == set(found.entries) == {"S1", "S2", "S3"}


@pytest.mark.parametrize(
    "scaled",
    [
        "gain - np.nanmean(gain)",
        "gain - np.where(np.r_[panel.close[1:, -1] > panel.close[:-1, -1], False], 0.01, 0.0)[:, None]",
        "gain / np.nan_to_num(panel.close).max(axis=0)",
    ],
)
def test_a_rank_that_knows_later_bars_is_found(tmp_path: Path, scaled: str) -> None:
    found = checked(tmp_path, ranks(scaled), THREE)
    assert (kinds(found), found.error_code) == (["look-ahead"], "STRATEGY_LOOKS_AHEAD")
    assert found.findings[0].symbol in {"S1", "S2", "S3"}
    assert "rows of the panel" in found.findings[0].message


def test_a_window_of_rows_of_the_panel_is_held(tmp_path: Path) -> None:
    found = checked(tmp_path, ranks(window=1), THREE)
    assert (kinds(found), found.error_code) == (["window"], "INVALID_STRATEGY")


def test_without_data_symbols_that_begin_and_end_apart_are_compared(tmp_path: Path) -> None:
    found = checked(tmp_path, ranks(), None)
    assert (found.error_code, found.proved) == (None, True)
    assert {"AAPL", "GOOG", "IBM", "DAYS1", "MINUTES1"} <= set(found.bars)
    assert len({found.bars[f"DAYS{place}"] for place in range(1, 6)}) == 5
    knows = "gain * (np.nan_to_num(panel.close).max(axis=0) > 0).sum()"  # how many symbols there will ever be
    assert checked(tmp_path / "even", ranks(knows), THREE).error_code is None
    assert kinds(checked(tmp_path / "uneven", ranks(knows), None))[0] == "look-ahead"


def test_one_symbol_alone_proves_nothing_across_symbols(tmp_path: Path) -> None:
    found = checked(tmp_path, ranks(), DATA)
    assert found.error_code is None
    assert [(note.check, note.symbol, note.message) for note in found.notes] == [
        ("proof", "SYN", "nothing was proved across symbols: there is one")
    ]


def test_where_no_symbol_signals_nothing_was_proved(tmp_path: Path) -> None:
    found = checked(tmp_path, ranks("gain * np.nan"), THREE)
    assert (found.findings, found.proved, found.error_code) == ([], False, "INVALID_STRATEGY")
    assert [(note.symbol, note.message) for note in found.notes] == [
        (None, "S1, S2, S3: nothing was proved: 0 entries")
    ]


def test_a_score_that_is_no_number_is_told(tmp_path: Path) -> None:
    found = checked(tmp_path, {"mine.py": strategy(entry=f"{RISES}, score=bars.close > 1")})
    assert found.findings[0].message.endswith("ValueError: score holds bool, not numbers")


@pytest.mark.parametrize("column", ["stop_distance", "target_distance", "size", "score"])
def test_what_entries_bring_is_checked_too(tmp_path: Path, column: str) -> None:
    sound = checked(tmp_path / "sound", {"mine.py": strategy(entry=f"{RISES}, {column}=bars.high - bars.low")})
    assert (sound.error_code, sound.columns) == (None, [column])
    ahead = f"{RISES}, {column}=np.r_[bars.close[1:], 1.0]"
    assert kinds(checked(tmp_path / "ahead", {"mine.py": strategy(entry=ahead)})) == ["look-ahead"]
    longer = f"{RISES}, {column}=bars.close - bars.close[0]"
    assert kinds(checked(tmp_path / "longer", {"mine.py": strategy(entry=longer)})) == ["window"]
    wild = f"{RISES}, {column}=np.full(len(bars), float(next(COUNT)))"
    text = strategy("import itertools\nCOUNT = itertools.count()", entry=wild)
    assert checked(tmp_path / "wild", {"mine.py": text}).error_code is not None
