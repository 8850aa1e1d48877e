"""A script that hands over what is none gets a `PapertapeError` with its code; numbers of numpy are numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.desk import Desk
from engine.errors import PapertapeError
from engine.strategies.spec import ExecutionSpec
from storage.frames import dataset_from_frame
from storage.market_files import load_dataset
from storage.samples import sample_path
from tests.support.desks import open_test_desk

BUY: Any = "OPEN_LONG"
HUGE = 10**400

WRONG: dict[str, tuple[str, Callable[[Any], object]]] = {
    "an unknown action": ("INVALID_INTENT", lambda desk: desk.trading.order("BUY", "X", 1, 10)),
    "no action": ("INVALID_INTENT", lambda desk: desk.trading.order(None, "X", 1, 10)),
    "a symbol that is a number": ("INVALID_INTENT", lambda desk: desk.trading.order(BUY, 5, 1, 10)),
    "a quantity that is a text": ("INVALID_QUANTITY", lambda desk: desk.trading.order(BUY, "X", "1", 10)),
    "no quantity": ("INVALID_QUANTITY", lambda desk: desk.trading.order(BUY, "X", None, 10)),
    "a truth for a quantity": ("INVALID_QUANTITY", lambda desk: desk.trading.order(BUY, "X", True, 10)),
    "a quantity beyond floats": ("INVALID_QUANTITY", lambda desk: desk.trading.order(BUY, "X", HUGE, 10)),
    "a preview beyond floats": ("INVALID_QUANTITY", lambda desk: desk.trading.preview(BUY, "X", HUGE, 10)),
    "a price that is a text": ("INVALID_FILL_PRICE", lambda desk: desk.trading.order(BUY, "X", 1, "10")),
    "no price": ("INVALID_FILL_PRICE", lambda desk: desk.trading.order(BUY, "X", 1, None)),
    "a price beyond floats": ("INVALID_FILL_PRICE", lambda desk: desk.trading.order(BUY, "X", 1, HUGE)),
    "no intent": ("INVALID_INTENT", lambda desk: desk.trading.execute(None, 10)),
    "a workspace that is a number": (
        "WORKSPACE_NOT_FOUND",
        lambda desk: desk.trading.order(BUY, "X", 1, 10, workspace=5),
    ),
    "a mark beyond floats": ("INVALID_PRICE", lambda desk: desk.accounts.mark("X", HUGE)),
    "a mark that is a text": ("INVALID_PRICE", lambda desk: desk.accounts.mark("X", "5")),
    "a mark of a number": ("INVALID_PRICE", lambda desk: desk.accounts.mark(5, 5)),
    "equity beyond floats": ("INVALID_WORKSPACE", lambda desk: desk.accounts.create("w", HUGE)),
    "a name that is a number": ("INVALID_WORKSPACE", lambda desk: desk.accounts.create(5)),
    "an unknown trading state": ("INVALID_POLICY", lambda desk: desk.accounts.set_trading_state("BOGUS")),
    "a limit that is a number": ("INVALID_POLICY", lambda desk: desk.accounts.set_policy({"max_positions": 3})),
    "a slippage that is a text": (
        "INVALID_SPEC",
        lambda desk: desk.research.run(SPEC, goog(), slippage_bps="5"),
    ),
    "an onward run of nobody": ("WORKSPACE_NOT_FOUND", lambda desk: desk.research.run_onward(SPEC, goog(), "nobody")),
    "a path alone": ("USAGE", lambda desk: load_dataset("IBM.csv")),
    "a list of paths": ("USAGE", lambda desk: load_dataset(["IBM.csv"])),
    "a source of three": ("USAGE", lambda desk: load_dataset([("IBM", "IBM.csv", 3)])),
    "a list for a frame": ("INVALID_DATA", lambda desk: dataset_from_frame([1, 2])),
}
SPEC = ExecutionSpec(strategy_id="sma_cross", symbols=["GOOG"])


def goog() -> Any:
    return load_dataset([("GOOG", str(sample_path("GOOG")))])


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    with open_test_desk(tmp_path / "desk.db") as opened:
        yield opened


@pytest.mark.parametrize("name", WRONG)
def test_what_is_none_is_refused_with_a_code(desk: Any, name: str) -> None:
    code, call = WRONG[name]
    with pytest.raises(PapertapeError) as refused:
        call(desk)
    assert (refused.value.code, bool(refused.value.hint)) == (code, True)
    assert desk.accounts.all() == []


def test_numbers_of_numpy_are_numbers_and_an_action_may_be_its_name(desk: Desk) -> None:
    filled = desk.trading.order("OPEN_LONG", "X", np.int64(2), np.float32(10))
    assert (filled.success, filled.quantity_filled, filled.fill_price) == (True, 2.0, 10.0)
    assert desk.accounts.mark("X", np.int64(11)).positions["X"].mark == 11.0
    assert desk.accounts.set_trading_state("HALTED").trading_state == "HALTED"


def test_an_onward_run_takes_the_name_of_its_workspace(desk: Desk) -> None:
    workspace = desk.accounts.create("w")
    assert desk.research.run_onward(SPEC, goog(), "w").workspace_id == workspace.id
    assert desk.research.replay(SPEC, goog(), "w").is_over


def test_a_closed_desk_opens_what_it_needs_again(desk: Desk) -> None:
    desk.close()
    assert desk.accounts.state().cash == 10_000.0
