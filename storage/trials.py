"""Trials: the runs that tried a strategy, stored in the transaction that has their results."""

from __future__ import annotations

import json

from engine.jsontext import compact_json
from engine.ports import Trial
from storage import statements as sql
from storage.driver import sqlite


def read_trials(driver: sqlite.Connection) -> list[Trial]:
    """All of them, in the order of their newest results."""
    return [
        Trial(
            kind=kind,
            run_id=run_id,
            spec_key=spec_key,
            strategy_sha256=sha256,
            strategy_id=strategy_id,
            bars=json.loads(bars),
            first_ts=first_ts,
            last_ts=last_ts,
            specs=specs,
            seq=seq,
        )
        for kind, run_id, spec_key, sha256, strategy_id, bars, first_ts, last_ts, specs, seq in driver.execute(
            sql.READ_TRIALS
        )
    ]


def write_trial(driver: sqlite.Connection, trial: Trial) -> None:
    """Put a trial in place of what was stored of it, and of what could not be counted of the same run."""
    if trial.kind == "forward":
        driver.execute(sql.DROP_UNCOUNTED, (trial.run_id, trial.spec_key))
    key = (trial.kind, trial.run_id, trial.spec_key, trial.strategy_sha256)
    time = (trial.first_ts, trial.last_ts)
    row = (*key, trial.strategy_id, compact_json(dict(trial.bars)), *time, trial.specs, trial.seq)
    driver.execute(sql.WRITE_TRIAL, row)
