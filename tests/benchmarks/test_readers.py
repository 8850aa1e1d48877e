"""The readers that are measured beside each other read the same, and remembering changes no result."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import importing, reading, remembering
from engine.market.synthetic import synthetic_minutes
from storage.market_files import write_csv


@pytest.mark.parametrize("factor", reading.FACTORS.values(), ids=list(reading.FACTORS))
def test_every_reader_reads_the_same_closes(tmp_path: Path, factor: float) -> None:
    path = tmp_path / "bars.csv"
    write_csv(reading.scaled(synthetic_minutes(300, seed=2), factor), path)
    exact = reading.nearest(path)
    for read in reading.READERS.values():
        assert (read(path) == exact).all()


def test_an_account_is_the_same_with_and_without_the_memory(tmp_path: Path) -> None:
    states = []
    for remembers in (True, False):
        room = tmp_path / str(remembers)
        room.mkdir()
        with remembering.account(room, positions=2, days=3) as desk:
            remembering.executions(desk, 4, remembers=remembers)
            states.append(
                desk.accounts.state().model_dump(include={"cash", "realized_pnl", "orders_count", "last_seq"})
            )
    assert states[0] == states[1]
    assert states[0]["orders_count"] == 6


def test_importing_is_measured_with_its_memory() -> None:
    cost, read, written = importing.best(rows=50, rounds=1)
    assert cost.cpu > 0
    assert cost.memory > 10
    assert read > written > 50 * len("2020-01-01T00:00:00+00:00,1,1,1,1,1")
