"""Trials: the runs that tried a strategy, stored in the transaction that has their results."""

from __future__ import annotations

from typing import Any

from engine.jsontext import compact_json
from engine.payloads import stored_object
from engine.ports import Trial
from engine.shapes import TEXT, Each
from storage.sqlite import statements as sql
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.stored_values import Columns

_COLUMNS = Columns("trials", sql.columns_of("trials"))


def read_trials(driver: sqlite.Connection) -> list[Trial]:
    """All of them, in the order of their newest results; DATABASE_ERROR when one is damaged."""
    return [_trial(row) for row in driver.execute(sql.READ_TRIALS).fetchall()]


def write_trial(driver: sqlite.Connection, trial: Trial) -> None:
    """Put a trial in place of what was stored of it, and of what could not be counted of the same run."""
    if trial.kind == "forward":
        driver.execute(sql.DROP_UNCOUNTED, (trial.run_id, trial.spec_key))
    key = (trial.kind, trial.run_id, trial.spec_key, trial.strategy_sha256)
    time = (trial.first_ts, trial.last_ts)
    row = (*key, trial.strategy_id, compact_json(dict(trial.bars)), *time, trial.specs, trial.seq)
    driver.execute(sql.WRITE_TRIAL, row)


def _trial(row: tuple[Any, ...]) -> Trial:
    where = f"what run {row[1]} tried"
    _COLUMNS.check(row, where)
    kind, run_id, spec_key, sha256, strategy_id, bars, first_ts, last_ts, specs, seq = row
    return Trial(
        kind=kind,
        run_id=run_id,
        spec_key=spec_key,
        strategy_sha256=sha256,
        strategy_id=strategy_id,
        bars=stored_object(bars, Each(TEXT, of=dict), where),
        first_ts=first_ts,
        last_ts=last_ts,
        specs=specs,
        seq=seq,
    )
