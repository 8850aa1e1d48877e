"""Run plans, read from RUN_* events alone through their own small index, and trials: the runs that tried a strategy."""

from __future__ import annotations

import json
from typing import Any

from engine.events import EventType
from engine.jsontext import compact_json
from engine.payloads import HEADING, damaged, event_named, read_payload, stored_object
from engine.ports import RunMark, RunSoFar, StoredPayload, Trial
from engine.shapes import TEXT, Each, fault_in
from storage.sqlite import statements as sql
from storage.sqlite.connection.database import Transaction, guarded
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.stored_values import Columns, rows_of_events
from storage.sqlite.tables import RUN_EVENT

_STARTED, _DONE = f"event_type = '{EventType.RUN_STARTED}'", f"event_type = '{EventType.RUN_VARIANT_COMPLETED}'"
_COMPLETED = f"event_type = '{EventType.RUN_COMPLETED}'"
_MARKS = (
    EventType.RUN_STARTED,
    EventType.RUN_RESUMED,
    EventType.RUN_CANCEL_REQUESTED,
    EventType.RUN_COMPLETED,
    EventType.RUN_FAILED,
    EventType.RUN_CANCELLED,
)
# INDEXED BY: the planner would scan a whole journal in the requested order rather than sort a few rows
_FROM = f"FROM trade_events INDEXED BY trade_events_of_runs WHERE {RUN_EVENT}"
_OF_ONE = "correlation_id = ?"
_IS_MARK = f"event_type IN ({', '.join(repr(kind.value) for kind in _MARKS)})"

_PLANS = f"SELECT correlation_id {_FROM} AND {_STARTED} AND correlation_id >= ? AND correlation_id < ? LIMIT ?"
_READ_MARKS = (
    "SELECT seq, correlation_id, workspace_id, event_type, event_id, recorded_at,"
    f" CASE WHEN {_STARTED} THEN '' ELSE payload END {_FROM} AND {_IS_MARK}"
)
_MARK = Columns("trade_events", ("seq", "correlation_id", *RunMark._fields[2:]))
_HEADING = ("owner", "strategy_id", "objective", "journal", "variants_count", "fingerprint")
_READ_HEADING = (
    "SELECT seq, CASE WHEN json_valid(payload)"
    f" THEN json_extract(payload, {', '.join(repr(f'$.{name}') for name in _HEADING)}) END"
    f" {_FROM} AND {_STARTED} AND {_OF_ONE}"
)
_READ_DOCUMENT = f"SELECT seq, payload {_FROM} AND {_STARTED} AND {_OF_ONE}"
_READ_VARIANTS = f"SELECT seq, payload {_FROM} AND {_DONE} AND {_OF_ONE} ORDER BY seq"
_IS_SOUND = (
    "json_valid(payload) AND json_extract(payload, '$.status') IN ('succeeded', 'failed', 'skipped')"
    " AND json_type(payload, '$.variant_id') = 'text'"
    " AND json_type(payload, '$.objective_score') IN ('real', 'integer', 'null')"
)
_UNSOUND = f"SELECT 1 {_FROM} AND {_DONE} AND {_OF_ONE} AND ({_IS_SOUND}) IS NOT TRUE LIMIT 1"
_COUNTS = (
    f"SELECT json_extract(payload, '$.status') AS status, count(*), max(recorded_at) {_FROM} AND {_DONE} AND {_OF_ONE}"
    " GROUP BY status"
)
# the ranking of engine.sweeps.objectives
_BEST = (
    "SELECT json_extract(payload, '$.variant_id') AS id, json_extract(payload, '$.objective_score') AS score"
    f" {_FROM} AND {_DONE} AND {_OF_ONE} AND score IS NOT NULL"
    " ORDER BY score DESC, json_extract(payload, '$.metrics.return_pct') DESC,"
    " json_extract(payload, '$.metrics.max_drawdown_pct'), id LIMIT 1"
)
_WITH_FINGERPRINT = f"SELECT correlation_id {_FROM} AND {_COMPLETED} AND instr(payload, ?) ORDER BY seq"


class RunPlanViews(Transaction):
    """Implements the reads of `engine.ports.RunViews` in a SQLite transaction."""

    @guarded
    def run_plans(self, prefix: str, limit: int) -> list[str]:
        """Ids of run plans that begin with `prefix`, at most `limit`."""
        rows = self._driver.execute(_PLANS, (prefix, f"{prefix}g", limit))  # `g` sorts after every hex digit
        return [run_plan_id for (run_plan_id,) in rows]

    @guarded
    def run_marks(self, run_plan_id: str | None = None) -> list[RunMark]:
        """The starts, resumptions, requests to cancel and ends of one run plan, or of all, in `seq` order."""
        if run_plan_id is None:
            rows = rows_of_events(self._driver, _READ_MARKS)
        else:
            rows = rows_of_events(self._driver, f"{_READ_MARKS} AND {_OF_ONE}", (run_plan_id,))
        for row in rows:
            _MARK.check(row, event_named(row[0]))
        return sorted(map(RunMark._make, rows))

    @guarded
    def run_heading(self, run_plan_id: str) -> dict[str, Any]:
        """The fields of RUN_STARTED that lists show, without the variants. Raises DATABASE_ERROR."""
        seq, said = self._driver.execute(_READ_HEADING, (run_plan_id,)).fetchone() or (0, None)
        if said is None:  # SQLite cannot read the JSON; reading the whole payload says what is wrong with it
            stored = self.run_document(run_plan_id)
            document = read_payload(stored.text, EventType.RUN_STARTED, stored.seq)
            return {name: document[name] for name in _HEADING}
        heading = dict(zip(_HEADING, json.loads(said), strict=True))
        if why := fault_in(heading, HEADING):
            raise damaged(event_named(seq, EventType.RUN_STARTED), f"its payload{why}")
        return heading

    @guarded
    def run_document(self, run_plan_id: str) -> StoredPayload:
        """The payload of RUN_STARTED. Raises DATABASE_ERROR if the event is missing."""
        for found in rows_of_events(self._driver, _READ_DOCUMENT, (run_plan_id,)):
            return StoredPayload._make(found)
        raise damaged(f"run plan {run_plan_id}", "the journal has no RUN_STARTED of it")

    @guarded
    def run_variants(self, run_plan_id: str) -> list[StoredPayload]:
        """The payloads of RUN_VARIANT_COMPLETED, in `seq` order."""
        return [StoredPayload._make(row) for row in rows_of_events(self._driver, _READ_VARIANTS, (run_plan_id,))]

    @guarded
    def run_payloads(self, kind: EventType, run_plan_id: str | None = None) -> list[StoredPayload]:
        """The payloads of a type of `RUN_*` event, of one run plan or of all, in `seq` order."""
        query, of_one = f"SELECT seq, payload {_FROM} AND event_type = '{kind}'", [run_plan_id]
        if run_plan_id is None:
            rows = rows_of_events(self._driver, f"{query} ORDER BY seq")
        else:
            rows = rows_of_events(self._driver, f"{query} AND {_OF_ONE} ORDER BY seq", of_one)
        return [StoredPayload._make(row) for row in rows]

    @guarded
    def run_so_far(self, run_plan_id: str) -> RunSoFar:
        """The outcome so far of a run that has not ended. Raises DATABASE_ERROR if a payload is damaged."""
        if self._driver.execute(_UNSOUND, (run_plan_id,)).fetchone():
            for stored in self.run_variants(run_plan_id):
                read_payload(stored.text, EventType.RUN_VARIANT_COMPLETED, stored.seq)  # raises, and names the event
        rows = self._driver.execute(_COUNTS, (run_plan_id,)).fetchall()
        variant_id, score = self._driver.execute(_BEST, (run_plan_id,)).fetchone() or (None, None)
        counts = {status: count for status, count, _ in rows}
        return RunSoFar(counts, variant_id, score, max((last_at for _, _, last_at in rows), default=0))

    @guarded
    def run_plans_with(self, fingerprint: str) -> list[str]:
        """Completed run plans of this fingerprint, in the order of their ends."""
        wanted = f'"fingerprint":"{fingerprint}"'
        return [run_plan_id for (run_plan_id,) in self._driver.execute(_WITH_FINGERPRINT, (wanted,))]


_COLUMNS = Columns("trials", sql.columns_of("trials"))


def read_trials(driver: sqlite.Connection) -> list[Trial]:
    """All trials, in the order of their newest results. Raises DATABASE_ERROR if a row is damaged."""
    return [_trial(row) for row in driver.execute(sql.READ_TRIALS).fetchall()]


def write_trial(driver: sqlite.Connection, trial: Trial) -> None:
    """Store a trial in place of what was stored of it, and of the uncountable row of the same forward run."""
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
