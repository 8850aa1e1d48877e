"""A database with something in it, and a home of its own for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.market.sessions import MICROS_PER_DAY
from engine.vocabulary import IntentAction
from tests.support.desks import EPOCH, TickingClock, open_test_desk

BUY, SELL = IntentAction.OPEN_LONG, IntentAction.CLOSE_LONG
TRADES = ((100.0, 112.0), (112.0, 96.0), (96.0, 101.0), (101.0, 118.5), (118.5, 109.0))


class LongDays(TickingClock):
    """A wall clock that moves a quarter of a day each time it is read, so that a curve has a time to run over."""

    def __call__(self) -> int:
        return EPOCH + next(self._ticks) * MICROS_PER_DAY // 4


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings, colours or preferences reaches a dashboard."""
    for name in list(os.environ):
        if name.startswith(("PAPERTAPE_", "XDG_", "TEXTUAL")) and name != "PAPERTAPE_SNAPSHOTS":
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A database that does not exist yet."""
    return tmp_path / "desk.db"


@pytest.fixture
def stocked(db: Path) -> Path:
    """A workspace `default` with five closed trades, a position bought in two parts, and one at a loss."""
    with open_test_desk(db, LongDays()) as desk:
        for bought, sold in TRADES:
            desk.trading.order(BUY, "ACME", 10, bought)
            desk.trading.order(SELL, "ACME", 10, sold)
        desk.trading.order(BUY, "GOOG", 2.5, 700.0)
        desk.trading.order(BUY, "GOOG", 1.25, 760.0)
        desk.trading.order(BUY, "IBM", 20, 200.0)
        desk.accounts.mark("GOOG", 806.19)
        desk.accounts.mark("IBM", 191.55)
    return db
