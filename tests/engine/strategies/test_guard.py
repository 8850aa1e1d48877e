"""What goes wrong in a strategy's own code is INVALID_STRATEGY, with its name and where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import field_validator

from engine.errors import InvalidError, NotFoundError
from engine.market.bars import Bars, Dataset
from engine.market.synthetic import synthetic_daily
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.guard import signals_of, window_of
from engine.strategies.registry import Registry
from engine.strategies.spec import compile_spec, parse_spec
from tests.support.memory_desks import memory_desk

BARS = synthetic_daily(30, seed=1)
NEVER = np.zeros(len(BARS), dtype=bool)


class Broken(Strategy[Params]):
    key = "broken"

    def __init__(self, given: Any = None) -> None:
        self.given = given

    def signals(self, bars: Bars, params: Params) -> Signals:
        return bars.close[len(bars)] if self.given is None else self.given

    def window(self, params: Params) -> Window:
        return 5  # type: ignore[return-value]


def failure(given: Any = None) -> str:
    with pytest.raises(InvalidError) as error:
        signals_of(Broken(given), BARS, Params())
    assert error.value.code == "INVALID_STRATEGY"
    return error.value.message


def test_an_exception_names_the_strategy_the_file_and_the_line() -> None:
    line = Broken.signals.__code__.co_firstlineno + 1
    assert failure().startswith(f"the strategy broken failed at test_guard.py:{line}: IndexError: index 30")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "gave int, not Signals"),
        (Signals(NEVER[1:]), "entry has shape (29,), not (30,)"),
        (Signals(BARS.close), "entry holds float64, not bool"),
        (Signals([False] * 30), "entry is list, not a numpy array"),  # type: ignore[arg-type]
        (Signals(NEVER, exit=NEVER.astype(int)), "exit holds int64, not bool"),
        (Signals(NEVER, levels={"entry": np.zeros(3)}), "the level entry has shape (3,), not (30,)"),
        (Signals(NEVER, levels={"a": np.array(["x"] * 30)}), "the level a holds <U1, not numbers"),
        (Signals(NEVER, history=BARS.close), "history holds float64, not whole numbers"),  # type: ignore[arg-type]
    ],
)
def test_signals_that_are_none_are_refused(given: Any, said: str) -> None:
    assert said in failure(given)


def test_an_exit_that_was_promised_and_not_given() -> None:
    class Promises(Broken):
        has_exit = True

    with pytest.raises(InvalidError, match="has_exit is set"):
        signals_of(Promises(Signals(NEVER)), BARS, Params())


def test_a_window_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidError, match=r"broken failed .*window\(\) gave int, not Window"):
        window_of(Broken(), Params())


def test_an_exit_from_the_process_is_a_failure_too() -> None:
    class Leaves(Broken):
        def signals(self, bars: Bars, params: Params) -> Signals:
            raise SystemExit(3)

    with pytest.raises(InvalidError, match=r"test_guard.py:\d+: SystemExit: 3"):
        signals_of(Leaves(), BARS, Params())


def test_the_engines_own_errors_pass() -> None:
    class Asks(Broken):
        def signals(self, bars: Bars, params: Params) -> Signals:
            raise NotFoundError("FILE_NOT_FOUND", "no such file")

    with pytest.raises(NotFoundError):
        signals_of(Asks(), BARS, Params())


def test_a_validator_that_breaks_is_the_strategys_fault() -> None:
    class Fussy(Params):
        n: int = 3

        @field_validator("n")
        @classmethod
        def _look_up(cls, n: int) -> int:
            return {3: 3}[n]

    class WithParams(Broken):
        params = Fussy

    with pytest.raises(InvalidError, match=r"broken failed at test_guard.py:\d+: KeyError: 4"):
        compile_spec(parse_spec({"strategy_id": "broken", "symbols": ["A"], "entry": {"n": 4}}), WithParams())


def test_a_run_and_an_evaluation_say_so_and_write_nothing() -> None:
    desk = memory_desk(registry=Registry((Broken,)))
    spec = parse_spec({"strategy_id": "broken", "symbols": ["SYN"]})
    for call in (desk.research.run, desk.research.evaluate):
        with pytest.raises(InvalidError, match="the strategy broken failed at"):
            call(spec, Dataset({"SYN": BARS}))
    assert desk.accounts.all() == []
