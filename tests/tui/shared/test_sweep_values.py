"""`--sweep`: values in their parameters' types, ranges exact and with their end, everything else refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from engine.errors import InvalidError, PapertapeError, UsageError
from engine.market.bars import Bars
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.registry import Registry
from engine.strategies.spec import CompiledSpec, ExecutionSpec, compile_spec
from tui.shared.inputs import MAX_VALUES, read_sweep


class WordParams(Params):
    """Parameters of every type."""

    at: str = "10:30"
    share: Annotated[float, Field(gt=0)] = 0.5
    days: int = 3
    loud: bool = False
    weights: list[float] = Field(default_factory=lambda: [0.5])
    names: tuple[str, ...] = ("a",)


class Words(Strategy[WordParams]):
    """A strategy for the sake of its parameters."""

    key = "words"
    summary = "Never enters."
    params = WordParams

    def signals(self, bars: Bars, params: WordParams) -> Signals:
        return Signals(entry=np.zeros(len(bars), bool), exit=None, levels={})

    def window(self, params: WordParams) -> Window:
        return Window(bars=1)


WORDS = compile_spec(ExecutionSpec(strategy_id="words", symbols=["X"]), Words())
BREAKOUT = compile_spec(
    ExecutionSpec(strategy_id="breakout_52w_high", symbols=["X"]), Registry().get("breakout_52w_high")
)


def values(path: str, text: str, spec: CompiledSpec = WORDS) -> list[object]:
    return list(read_sweep(spec, [f"{path}={text}"])[path])


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("entry.days", "20,55,252", [20, 55, 252]),
        ("entry.days", " 20 , 55 ", [20, 55]),
        ("entry.days", "7", [7]),
        ("entry.days", "-3,+4", [-3, 4]),
        ("entry.days", "5:9", [5, 6, 7, 8, 9]),
        ("entry.days", "20:60:20", [20, 40, 60]),
        ("entry.days", "20:59:20", [20, 40]),
        ("entry.days", "3:3", [3]),
        ("entry.days", "3:3:5", [3]),
        ("entry.days", "60:20:-20", [60, 40, 20]),
        ("entry.days", "-2:2:2", [-2, 0, 2]),
        ("entry.days", "5,10:20:5,252", [5, 10, 15, 20, 252]),
        ("entry.days", "1e2:3e2:1e2", [100, 200, 300]),
        ("entry.share", "0.1:0.5:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("entry.share", "1:2:.25", [1.0, 1.25, 1.5, 1.75, 2.0]),
        ("entry.share", "1000", [1000.0]),
        ("entry.loud", "true,False", [True, False]),
        ("entry.at", "10:30,11:00:30", ["10:30", "11:00:30"]),  # where text belongs, a colon is text
        ("entry.at", "1:3", ["1:3"]),
        ("entry.at", "a=b", ["a=b"]),
        ("exit.stop_loss_pct", "none,2:4:2", [None, 2.0, 4.0]),
        ("exit.max_bars", "null,5", [None, 5]),
        ("exit.type", "eod,none", ["eod", "none"]),
        ("exit.type", "sometime", ["sometime"]),  # out of bounds: a variant that is skipped
        ("risk.dollars_per_trade", "1000,5000", [1000.0, 5000.0]),
        ("exit.take_profit_by_bars", "[[1,5]]", [((1, 5.0),)]),
        ("exit.take_profit_by_bars", "[[1,5]],[[2,3],[9,1]],none", [((1, 5.0),), ((2, 3.0), (9, 1.0)), None]),
        ("exit.take_profit_by_bars", " [ [1, 5], [30, 2.5] ] , null ", [((1, 5.0), (30, 2.5)), None]),
        ("exit.take_profit_by_bars", "[[9,1],[2,3]]", [((9, 1.0), (2, 3.0))]),  # out of bounds: skipped
        ("exit.take_profit_by_bars", "[]", [()]),
        ("exit.trail", "true,false", [True, False]),
        ("exit.trail_pct", "none,5:15:5", [None, 5.0, 10.0, 15.0]),
        ("execution.fill", "close,next_open,pessimistic", ["close", "next_open", "pessimistic"]),
        ("execution.fill", "tomorrow", ["tomorrow"]),
        ("risk.size", "dollars,equity", ["dollars", "equity"]),
        ("risk.short_of_cash", "scale", ["scale"]),
        ("entry.weights", "[1,2],[0.5]", [(1.0, 2.0), (0.5,)]),
        ("entry.names", '["a,]","b"],["c\\",["]', [("a,]", "b"), ('c",[',)]),
    ],
)
def test_values_take_the_types_of_their_parameters(path: str, text: str, expected: list[object]) -> None:
    found = values(path, text)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


def test_several_parameters_keep_their_order() -> None:
    sweep = read_sweep(BREAKOUT, ["risk.max_positions=1", "entry.lookback_days=20:40:20"])
    assert list(sweep.items()) == [("risk.max_positions", [1]), ("entry.lookback_days", [20, 40])]
    assert read_sweep(BREAKOUT, []) == {}


@pytest.mark.parametrize(
    ("texts", "kind", "place"),
    [
        (["entry.days"], UsageError, "'entry.days' does not name a parameter with its values"),
        (["=5"], UsageError, "'=5' does not name a parameter"),
        ([""], UsageError, "does not name a parameter"),
        (["entry.days="], UsageError, "entry.days: a value is missing in ''"),
        (["entry.days=1,,2"], UsageError, "a value is missing in '1,,2'"),
        (["entry.days=1,"], UsageError, "a value is missing"),
        (["entry.days=1", "entry.days=2"], UsageError, "entry.days twice"),
        (["entry.days=1:5:0"], UsageError, "1:5:0 never reaches its end; give a step above zero"),
        (["entry.days=1:5:-1"], UsageError, "give a step above zero"),
        (["entry.days=5:1"], UsageError, "5:1 never reaches its end; give a step below zero"),
        ([f"entry.days=0:{MAX_VALUES}"], UsageError, "too many values (limit 10,000); widen the step"),
        (["entry.days=0:1e999:1e-999"], UsageError, "too many values (limit 10,000)"),
        (["entry.dys=1"], InvalidError, "did you mean entry.days?"),
        (["lookback=1"], InvalidError, "there is no parameter 'lookback'"),
        (["entry.days=soon"], InvalidError, "entry.days: 'soon' is not of the type int"),
        (["entry.days=2.5"], InvalidError, "'2.5' is not of the type int"),
        (["entry.days=1:2:0.5"], InvalidError, "'1.5' is not of the type int"),
        (["entry.days=1:2:3:4"], InvalidError, "'1:2:3:4' is not of the type int"),
        (["entry.loud=maybe"], InvalidError, "entry.loud: 'maybe'"),
        (["exit.take_profit_by_bars=5"], InvalidError, "'5' is not a JSON list; such as [[1, 5], [30, 3]]"),
        (["exit.take_profit_by_bars=[[1,5]"], InvalidError, "'[[1,5]' is not a JSON list"),
        (["exit.take_profit_by_bars=[[1,5]],"], UsageError, "a value is missing in '[[1,5]],'"),
        (["exit.take_profit_by_bars=[[1,5,6]]"], InvalidError, "[1, 5, 6] is not a pair of a number of bars and"),
        (["exit.take_profit_by_bars=[[1.5,5]]"], InvalidError, "[1.5, 5] is not a pair"),
        (["exit.take_profit_by_bars=[1,5]"], InvalidError, "1 is not a pair"),
        (['exit.take_profit_by_bars=[["1",5]]'], InvalidError, "['1', 5] is not a pair"),
        (["exit.take_profit_by_bars=" + "[" * 150], InvalidError, "is not a JSON list"),
        (["entry.weights=[{}]"], InvalidError, "entry.weights: {} is an object in a list"),
        (["entry.weights=1"], InvalidError, "'1' is not a JSON list; such as [1, 2.5]"),
        (["exit.trail=yes"], InvalidError, "exit.trail: 'yes' is not of the type bool"),
        (["execution.fil=close"], InvalidError, "did you mean execution.fill?"),
    ],
)
def test_what_is_no_sweep_is_refused(texts: list[str], kind: type[PapertapeError], place: str) -> None:
    with pytest.raises(kind) as refused:
        read_sweep(WORDS, texts)
    assert place in refused.value.sentence


decimals = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=4)


@given(decimals, st.integers(0, 300), st.decimals(Decimal("0.0001"), 5, places=4), st.booleans())
def test_a_range_has_every_step_exactly_and_its_end(first: Decimal, count: int, step: Decimal, down: bool) -> None:
    step = -step if down else step
    last = first + count * step
    expected = [float(first + number * step) for number in range(count + 1)]
    text = f"{first:f}:{last:f}:{step:f}"
    assert values("entry.share", text) == expected
    beyond = last + step / 2
    assert values("entry.share", f"{first:f}:{beyond:f}:{step:f}") == expected


@given(st.text(max_size=30))
def test_any_text_is_values_or_refused(text: str) -> None:
    try:
        found: object = values("entry.days", text)
    except PapertapeError as refused:
        found = refused.code
    assert found in ("USAGE", "INVALID_SPEC") or all(type(value) is int for value in found)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    ["9" * 100_000, "9" * 100_000 + "x", "1:" + "9" * 100_000, "." + "0" * 100_000 + "1:1", "1e999:" + "2" * 201],
)
def test_a_value_of_many_digits_is_refused_at_once_by_its_length(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        values("entry.share", text)
    assert refused.value.message == f"--sweep entry.share: a value has {len(text):,} characters; at most 200 are read"


@pytest.mark.parametrize("text", ["1:1e999", "1:2:1e-999", "-9e99:9e99"])
def test_a_huge_range_is_refused_at_once(text: str) -> None:
    with pytest.raises(UsageError, match=r"too many values \(limit 10,000\)"):
        values("entry.share", text)


def test_ranges_stand_for_so_many_values_together() -> None:
    assert len(values("entry.days", "1:5000,5001:10000,7,8")) == MAX_VALUES + 2
    with pytest.raises(UsageError, match=r"too many values \(limit 10,000\)"):
        values("entry.days", ",".join(["1:5000"] * 1000))
