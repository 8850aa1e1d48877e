"""Run plans on SQLite: the same reads as in memory, fast among many, and owners that are told apart."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.desk import Desk, DeskConfig
from engine.errors import ConflictError, SystemFault
from engine.events import EventType, LiveStamps
from engine.ports import EventFilter, Owner
from engine.strategies.registry import Registry
from engine.strategies.spec import parse_spec
from engine.sweeps.plan.data import describe
from engine.sweeps.plan.document import plan_payload
from engine.sweeps.record.recorder import Recorder, Run, run_event
from engine.sweeps.simulation.simulate import Simulation
from storage.datasets import keep_dataset, load_again, loading
from storage.market_files import load_dataset, write_csv
from storage.samples import sample_path
from storage.sqlite.owners import ProcessOwners, process_start
from storage.sqlite.unit_of_work import SqliteStore
from tests.engine.sweeps.cases import DATA, SWEEP, run, same, spec
from tests.engine.sweeps.test_plans import interfering
from tests.support.desks import TickingClock
from tests.support.memory_desks import memory_desk

RUN = UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c")


def open_desk(path: Path) -> Desk:
    return Desk(SqliteStore(path), LiveStamps(TickingClock()), DeskConfig(), Registry(), owners=ProcessOwners())


@pytest.fixture
def desk(path: Path) -> Any:
    with open_desk(path) as opened:
        yield opened


@pytest.mark.parametrize("journal", ["full", "summary"])
def test_results_are_those_of_memory_and_every_world_reconciles(desk: Desk, journal: str) -> None:
    result = run(desk, journal=journal, run_plan_id=RUN, verify=2)
    assert same(result) == same(run(memory_desk(), journal=journal, verify=2))
    assert desk.plans.result(RUN) == result
    worlds = [one for one in result.results if one.workspace_id is not None]
    assert len(worlds) == (7 if journal == "full" else 0)
    for one in worlds:
        report = desk.accounts.reconcile(one.workspace_id)
        assert one.metrics is not None
        assert (report.drift, report.errors, report.cash_after) == ({}, [], one.metrics.ending_equity)
    for name in ("best", "baseline"):
        assert desk.plans.trades(RUN, name, lambda data: DATA) != []


class Stop:
    """A watch that says stop after so many questions."""

    def __init__(self, left: int) -> None:
        self.left = left

    def advance(self, done: int, total: int) -> None:
        pass

    def stopped(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_list_reads_an_unfinished_plan_as_its_detail_does(desk: Desk) -> None:
    run(desk, run_plan_id=RUN, watch=Stop(5), journal="summary")
    plan = desk.plans._plan(desk.plans._record(RUN))
    owner = Owner("elsewhere", 1, "", 1)
    other = UUID("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5d")
    record = desk.plans._record(RUN)
    with desk._store.write() as unit:
        payload = plan_payload(plan, owner, 0)
        begun = run_event(EventType.RUN_STARTED, other, record.workspace_id, "begun", 5, payload)
        unit.append([begun])
        unit.commit()
    recorder = Recorder(desk._store, desk.plans._stamps, plan, Run(other, record.workspace_id, "begun", 5, 0, 0, 0), {})
    simulation = Simulation(DATA, plan.account, 0.0)
    for index, variant in enumerate(plan.variants):
        if variant.spec is None:
            recorder.skip(index, variant)
        else:
            recorder.take(index, variant, next(iter(simulation.simulate_each([variant], fills=True))))
    recorder.flush()
    listed, detail = desk.plans.all()[0], desk.plans.get(other)
    assert listed.status == "interrupted"
    assert listed.model_dump() == {name: getattr(detail, name) for name in type(listed).model_fields}
    assert listed.best_variant_id == run(desk).best_variant_id


def test_a_variants_second_result_is_refused_by_the_database(desk: Desk) -> None:
    run(desk, run_plan_id=RUN)
    with desk._store.read() as views:
        (event,) = views.events(EventFilter(types=("RUN_VARIANT_COMPLETED",)), limit=1)
    with pytest.raises(SystemFault, match="event_id is taken"), desk._store.write() as unit:
        unit.append([event.row])


def test_200_plans_list_at_once_though_one_is_large(desk: Desk) -> None:
    for _ in range(199):
        desk.plans.run(spec(enabled=False), DATA, {"entry.lookback_days": [1, 2]}, journal="summary")
    large = {"entry.lookback_days": list(range(1, 501)), "risk.dollars_per_trade": list(range(1, 11))}
    result = desk.plans.run(spec(enabled=False), DATA, large, journal="summary", max_variants=5000)
    assert len(result.results) == 5000
    listing = min(_timed(desk.plans.all) for _ in range(3))
    detail = min(_timed(lambda: desk.plans.get(result.run_plan_id)) for _ in range(3))
    assert len(desk.plans.all()) == 200
    assert listing < 0.25  # measured: 5 ms; no variant is parsed for it
    assert detail < 1.0  # measured: 100 ms


def _timed(call: Any) -> float:
    """Seconds of this process's CPU time: what else the machine does is not counted."""
    began = time.process_time()
    call()
    return time.process_time() - began


def test_a_claim_is_alive_until_it_is_released() -> None:
    owners = ProcessOwners()
    owner, other = owners.claim(), owners.claim()
    assert owner != other
    assert owners.alive(owner)
    owners.release(owner)
    assert (owners.alive(owner), owners.alive(other)) == (False, True)
    owners.release(other)


def test_a_reused_pid_is_not_the_owner() -> None:
    owners = ProcessOwners()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = replace(owners.claim(), pid=child.pid, started=process_start(child.pid))
    assert owners.alive(owner)
    assert not owners.alive(replace(owner, started="another"))
    assert not owners.alive(replace(owner, host="elsewhere"))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not owners.alive(owner)  # a zombie does no work
    child.communicate()
    assert process_start(child.pid) == ""
    assert not owners.alive(owner)


def test_two_desks_of_a_process_do_not_resume_each_others_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_desk(path) as one, open_desk(path) as two:
        codes = []

        def resume() -> None:
            with pytest.raises(ConflictError) as caught:
                two.plans.resume(RUN, lambda data: DATA)
            codes.append(caught.value.code)

        interfering(monkeypatch, resume)
        run(one, run_plan_id=RUN)
    assert codes == ["RUN_NOT_RESUMABLE"]


def test_a_dataset_is_loaded_again_from_what_the_run_holds(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    write_csv(DATA, file)
    data = loading([(None, file)], symbols=list(DATA.symbols), start="2024-10-05")
    dataset = load_again(data)
    first = desk.plans.run(spec(), dataset, SWEEP, journal="summary", data=data)
    assert dataset.sha256 == first.dataset_sha256
    trades = desk.plans.trades(first.run_plan_id, "best", load_again)
    assert (first.history_bars, first.bar_count) == (dataset.history_bars, dataset.bar_count)
    assert min(trade.entry_ts for trade in trades) >= datetime(2024, 10, 5, tzinfo=UTC)
    full = desk.plans.run(spec(), dataset, SWEEP, data=data)
    assert trades == desk.plans.trades(full.run_plan_id, "best", load_again) != []
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(Exception, match="the data are not those"):
        desk.plans.trades(first.run_plan_id, "best", load_again)


def test_a_run_plan_of_the_time_when_from_was_a_cut_keeps_it(desk: Desk) -> None:
    """What `plan run --from 2009-01-01 --to 2011-12-31` recorded and computed then, stopped and resumed now."""
    told = {
        "sources": [["GOOG", "sample:GOOG"]],
        "symbols": ["GOOG"],
        "session_tz": "UTC",
        "from": "2009-01-01",
        "to": "2011-12-31",
        "unnamed": None,
    }
    goog = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["GOOG"], "entry": {"lookback_days": 20}})
    sweep = {"entry.lookback_days": [20, 55, 100, 200]}
    result = desk.plans.run(goog, load_again(told), sweep, data=told, run_plan_id=RUN, watch=Stop(3))
    assert (result.status, result.bar_count, result.history_bars) == ("cancelled", 756, 0)
    assert describe(load_again(told))["bars"] == {
        "GOOG": [756, "2009-01-02T00:00:00+00:00", "2011-12-30T00:00:00+00:00"]
    }
    result = desk.plans.resume(RUN, load_again)
    assert result.status == "completed"
    assert result.fingerprint == "f0f6e1edadcb4dad44798961f08635b7e2f59097f25bb80b53a2819435feea1a"
    assert [one.metrics and one.metrics.ending_equity for one in result.results] == [
        *(10237.952757995343, 10237.952757995343, 10065.936623769498, 10050.816063863296, 9998.5199988918),
    ]
    cut = loading([("GOOG", sample_path("GOOG"))], symbols=["GOOG"], cut="2009-01-01", end="2011-12-31")
    assert cut == {**told, "start": None}
    assert desk.plans.run(goog, load_again(cut), sweep).fingerprint == result.fingerprint


def test_the_window_is_in_the_fingerprint_and_no_other_moves(desk: Desk) -> None:
    goog = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["GOOG"], "entry": {"lookback_days": 20}})

    def mark(**bounds: str) -> str:
        data = load_dataset([("GOOG", sample_path("GOOG"))], symbols=["GOOG"], **bounds)
        return desk.plans.run(goog, data, {"entry.lookback_days": [20, 55, 100, 200]}).fingerprint

    whole = "d237253ec1d2ff5c8b52e8c5d5b17b539f6340c070acc60bb2e2333e80b9a8a9"  # as before there were windows
    assert mark() == mark(start="2004-08-19") == mark(start="2000-01-01") == whole
    assert mark(start="2009-01-01") == mark(start="2009-01-02")  # there is no bar between them
    others = [mark(start="2009-01-01"), mark(start="2009-01-05"), mark(cut="2009-01-01")]
    others.append(mark(cut="2008-01-01", start="2009-01-01"))
    assert len({whole, *others}) == 5


def test_an_upload_is_kept_once_under_its_sha256(tmp_path: Path) -> None:
    database = tmp_path / "data" / "papertape.db"
    kept = keep_dataset(b"ts,open\n", database)
    again = keep_dataset(b"ts,open\n", database)
    assert kept == again
    assert kept.read_bytes() == b"ts,open\n"
    assert kept.name == f"{hashlib.sha256(b'ts,open' + bytes([10])).hexdigest()}.csv"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in kept.parent.iterdir()] == [kept.name]


def test_a_sample_is_found_wherever_papertape_is_installed() -> None:
    path = sample_path("GOOG")
    data = loading([("GOOG", path)], symbols=["GOOG"])
    assert data["sources"] == [["GOOG", "sample:GOOG"]]
    assert load_again(data).sources == load_dataset([("GOOG", path)]).sources


def test_a_file_whose_name_is_no_text_is_found_again(tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path / "bars") + b"\xff.csv"))
    shutil.copy(sample_path("GOOG"), file.with_suffix(".csv.gz"))
    file = file.with_suffix(".csv.gz")
    data = loading([("GOOG", file)], symbols=["GOOG"])
    goog = parse_spec({"strategy_id": "breakout_52w_high", "symbols": ["GOOG"], "entry": {"lookback_days": 20}})
    with open_desk(tmp_path / "papertape.db") as desk:
        result = desk.plans.run(goog, load_again(data), {}, data=data, journal="summary")
        assert desk.plans.get(result.run_plan_id).plan["data"] == data
        assert desk.plans.trades(result.run_plan_id, "baseline", load_again) != []
