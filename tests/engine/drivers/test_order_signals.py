"""The signals behind an order, and the same strategy's on the same bar later."""

from __future__ import annotations

import numpy as np
import pytest

from engine.drivers.order_signals import Kept, check_kept
from engine.errors import InvalidError
from engine.market.bars import Bars
from engine.ports import Progress
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.runner import Series
from engine.strategies.spec import CompiledSpec, compile_spec, parse_spec
from tests.engine.drivers.test_memory import at, bars


class Told(Strategy[Params]):
    """A strategy whose window is given."""

    key = "told"
    declared = Window(bars=2)

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(entry=np.zeros(len(bars), dtype=np.bool_))

    def window(self, params: Params) -> Window:
        return self.declared


def compiled(*symbols: str) -> CompiledSpec:
    return compile_spec(parse_spec({"strategy_id": "told", "symbols": list(symbols)}), Told())


def series(column: Bars, entry: bool, level: float, own: bool | None) -> Series:
    """Signals that are the same on every bar."""
    count = len(column)
    exits = None if own is None else np.full(count, own)
    signals = Signals(entry=np.full(count, entry), exit=exits, levels={"level": np.full(count, level)})
    return Series(column, signals, np.zeros(count, dtype=np.bool_), True, count)


def check(
    said: dict[str, object],
    *,
    file: Bars | None = None,
    began: int = 1,
    minute: int = 3,
    changed: tuple[str, ...] = (),
    symbol: str = "X",
) -> None:
    column = bars(1, 2, 3, 4) if file is None else file
    kept = [Kept(symbol, at(minute), {"entry": True, "exit": None, "levels": {"level": 1.0}, **said})]
    check_kept(
        kept, compiled("X"), [series(column, True, 1.0, None)], Progress("k", 0, first_ts={"X": at(began)}), changed
    )


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"entry": False}, "entry False when it made an order, and gives True"),
        ({"exit": True}, "exit True when it made an order, and gives None"),
        ({"levels": {"level": 1.5}}, "the level level 1.5 when it made an order, and gives 1.0"),
        ({"levels": {"level": None}}, "the level level None when it made an order, and gives 1.0"),
        ({"levels": {"level": 1.0, "more": 2.0}}, "the level more 2.0 when it made an order, and gives None"),
        ({"levels": {}}, "the level level None when it made an order, and gives 1.0"),
    ],
)
def test_signals_that_come_out_otherwise_later_are_said(said: dict[str, object], what: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check(said)
    assert caught.value.code == "STRATEGY_LOOKS_AHEAD"
    when = "X: on the bar of 2024-10-04 00:03 UTC told gave"
    assert caught.value.message == f"{when} {what} now that later bars are known"


def test_signals_that_agree_and_bars_that_cannot_tell_are_passed_over() -> None:
    check({})
    check({"levels": {"level": 1.0 + 2**-50}})
    apart: dict[str, object] = {"entry": False}
    check(apart, changed=("X",))
    check(apart, symbol="Y")
    check(apart, minute=7)  # after the data
    check(apart, file=bars(1, 2, 4))  # gone from them


@pytest.mark.parametrize(
    ("file", "began", "minute", "tells"),
    [
        ((1, 2, 3), 1, 1, True),  # the same beginning: every row has the past that it had
        ((2, 3, 4), 1, 3, True),  # the row and the one before it are there
        ((2, 3, 4), 1, 2, False),
        ((1, 2, 3), 2, 3, True),
        ((1, 2, 3), 2, 2, False),
        ((1, 2, 3), 3, 2, False),  # before the first run began
    ],
)
def test_a_bar_tells_when_its_window_is_in_these_data_and_was_in_the_first_run_s(
    file: tuple[int, ...], began: int, minute: int, tells: bool
) -> None:
    if not tells:
        check({"entry": False}, file=bars(*file), began=began, minute=minute)
        return
    with pytest.raises(InvalidError, match="gave entry False"):
        check({"entry": False}, file=bars(*file), began=began, minute=minute)


def test_a_window_of_sessions_is_counted_from_where_both_have_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session before the first run does not count, though the file has it."""
    monkeypatch.setattr(Told, "declared", Window(sessions=1))
    file = bars(0, 1440, 1441, 2880)
    check({"entry": False}, file=file, began=1440, minute=1441)
    with pytest.raises(InvalidError, match="gave entry False"):
        check({"entry": False}, file=file, began=1440, minute=2880)
