"""N, counted by the journal and by a plain set, over many backtests, forward runs and sweeps, stopped and killed ones.

    python -m benchmarks.tries                       10,000 runs on one journal, hundreds of them killed
    python -m benchmarks.tries --runs 500 --seed 7

A try is a pair of a spec and a strategy's code. The runs are of a few symbols, one of which has the bars of another,
over times that overlap, that touch and that lie apart, with code that changes now and then. Sweeps are finished, run
again, stopped by their watch, or killed by SIGKILL before, in and after one of their transactions; what was stopped is
cancelled, resumed, or left. Which variants of a stopped sweep have a result is read from the rows of the journal; N of
every plan and every backtest is then compared with the size of a set. Exit 1 when one of them differs.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from benchmarks.tries_killed import execute, kill, open_desk
from benchmarks.tries_world import MARKETS, Market, Setting, Sweep, Try, data_of, spec_of
from engine.errors import PapertapeError
from engine.ports import Unwatched, Watch
from storage.sqlite.connection.driver import sqlite

RUNS = 10_000
_MOST_PASSINGS = 72
_OF_CODE = 400
"""After about so many runs the strategy's code is another."""


@dataclass
class Report:
    """What was run, and every count that was wrong."""

    seed: int
    runs: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    most: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def compare(self, what: str, counted: tuple[int, int], expected: tuple[int, int]) -> None:
        """The tries in the plan and those on its data."""
        self.compared += 1
        self.most = max(self.most, expected[1])
        if counted != expected:
            self.faults.append(f"{what}: the journal counted {counted}, and there are {expected}")


@dataclass
class Stopped:
    """A sweep without an end."""

    run_plan_id: UUID
    sweep: Sweep
    counted: tuple[int, int]


class Runs:
    """One journal, and the set that is kept beside it."""

    def __init__(self, room: Path, seed: int) -> None:
        self._path, self._source = room / "desk.db", Random(seed)
        self._code = "code 0"
        self._tries: dict[Market, set[Try]] = {}
        self._done: list[Sweep] = []
        self._stopped: list[Stopped] = []
        self._forward_runs: dict[str, tuple[Market, Try]] = {}
        self._halfway: list[tuple[str, Market, Try]] = []
        self._desk = open_desk(self._path, lambda: self._code)
        self.report = Report(seed)

    def close(self) -> None:
        """Close the journal."""
        self._desk.close()

    def run(self, runs: int) -> Report:
        """So many runs, one after the other."""
        began = time.perf_counter()
        kinds = {
            self._backtest: 24,
            self._forward: 8,
            self._sweep: 40,
            self._again: 6,
            self._stop: 8,
            self._killed: 5,
            self._resume: 7,
            self._cancel: 2,
        }
        chosen = self._source.choices(list(kinds), list(kinds.values()), k=runs)
        for nth, each in enumerate(chosen):
            if self._source.random() < 1 / _OF_CODE:
                self._code = f"code {nth}"
            self.report.runs[each.__name__.strip("_")] += 1
            each()
        self._check_list()
        self.report.seconds = time.perf_counter() - began
        return self.report

    def _counted(self, mine: set[Try], market: Market) -> tuple[int, int]:
        """The size of the set."""
        known = [tries for other, tries in self._tries.items() if market.has_tries_of(other)]
        onward = {one for other, one in self._forward_runs.values() if market.has_tries_of(other)}
        return len(mine), len(mine.union(onward, *known))

    def _add(self, market: Market, tries: Iterable[Try]) -> None:
        self._tries.setdefault(market, set()).update(tries)

    def _setting(self) -> Setting:
        source = self._source
        return Setting(source.randint(1, 60), source.randint(1, 30), source.choice([500.0, 1000.0]))

    def _backtest(self) -> None:
        market, setting = self._source.choice(MARKETS), self._setting()
        self._add(market, [one := Try(market.symbols, setting, self._code)])
        told = self._desk.research.run(spec_of(market, setting), data_of(market)).worth or ""
        if found := re.search(r"after ([\d,]+) tr", told):
            self.report.compare("a backtest", (1, int(found[1].replace(",", ""))), self._counted({one}, market))

    def _forward(self) -> None:
        """On an account of its own, over half of the bars; or on, over all of them, by which it is known then."""
        if self._halfway and self._source.random() < 0.4:
            name, market, one = self._halfway.pop(self._source.randrange(len(self._halfway)))
            self._code = one.code
        else:
            whole = self._source.choice([market for market in MARKETS if not market.start])
            name, market = f"account {len(self._forward_runs)}", whole._replace(length=whole.length // 2)
            one = Try(whole.symbols, self._setting(), self._code)
            self._desk.accounts.create(name)
            self._halfway.append((name, whole, one))
        self._desk.research.run_onward(spec_of(market, one.setting), data_of(market), name)
        self._forward_runs[name] = market, one

    def _sweep(self) -> None:
        self._execute(self._new())

    def _again(self) -> None:
        """A sweep that was run before, word for word, with the code of now."""
        if self._done:
            before = self._source.choice(self._done)
            self._execute(Sweep(before.market, before.base, before.values, self._code))

    def _stop(self) -> None:
        """A sweep whose watch says stop."""
        self._execute(self._new(), Patience(self._source.randint(0, 12)))

    def _killed(self) -> None:
        """A sweep in a process that is killed, at one of the places where it writes."""
        sweep, run_plan_id = self._new(), UUID(int=self._source.getrandbits(128), version=4)
        expected = self._counted(sweep.tries, sweep.market)
        kill(self._path, sweep, run_plan_id, self._source.randint(1, _MOST_PASSINGS))
        started = self._payloads("RUN_STARTED", run_plan_id)
        if not started:
            self.report.runs["killed before the start"] += 1
            return
        said = started[0]["trials"]
        counted = said["in_plan"], said["on_these_data"]
        self.report.compare("a killed sweep", counted, expected)
        self._keep(Stopped(run_plan_id, sweep, counted))

    def _resume(self) -> None:
        """Whatever was stopped goes on with its own code, and to its end; N stays."""
        if not self._stopped:
            return
        one = self._stopped.pop(self._source.randrange(len(self._stopped)))
        self._code = one.sweep.code
        watch = Patience(self._source.randint(0, 12)) if self._source.random() < 0.3 else Unwatched()
        result = self._desk.plans.resume(one.run_plan_id, lambda _: data_of(one.sweep.market), watch=watch)
        assert result.trials is not None
        self.report.compare("a resumed sweep", (result.trials.in_plan, result.trials.on_these_data), one.counted)
        self._keep(one)

    def _cancel(self) -> None:
        """What was killed is cancelled, and may be resumed all the same; with another code it is not."""
        if not self._stopped:
            return
        one = self._source.choice(self._stopped)
        self._desk.plans.cancel(one.run_plan_id)
        self._code = f"{self._code}, changed"
        try:
            self._desk.plans.resume(one.run_plan_id, lambda _: data_of(one.sweep.market))
            self.report.faults.append(f"a sweep with other code was resumed: {one.run_plan_id}")
        except PapertapeError as error:
            if error.code != "STRATEGY_CHANGED":
                self.report.faults.append(f"a sweep with other code: {error}")
        self._code = self._code.removesuffix(", changed")

    def _new(self) -> Sweep:
        """A few values of some parameters; now and then one that cannot be traded."""
        source, lookbacks, bars = self._source, range(1, 61), range(31)
        values: dict[str, list[Any]] = {"entry.lookback_days": source.sample(lookbacks, source.randint(1, 4))}
        if source.random() < 0.6:
            values["exit.max_bars"] = source.sample(bars, source.randint(1, 3))
        if source.random() < 0.3:
            values["risk.dollars_per_trade"] = [500, 1000.0]
        return Sweep(source.choice(MARKETS), self._setting(), values, self._code)

    def _execute(self, sweep: Sweep, watch: Watch | None = None) -> None:
        expected = self._counted(sweep.tries, sweep.market)
        result = execute(self._desk, sweep, watch=watch)
        assert result.trials is not None
        counted = result.trials.in_plan, result.trials.on_these_data
        self.report.compare("a sweep", counted, expected)
        self._keep(Stopped(result.run_plan_id, sweep, counted))

    def _keep(self, one: Stopped) -> None:
        """What has come out so far is a try; what has no end is kept, to go on with."""
        (started,) = self._payloads("RUN_STARTED", one.run_plan_id)
        variants = started["variants"]
        completed = self._payloads("RUN_VARIANT_COMPLETED", one.run_plan_id)
        places = [said["index"] for said in completed if said["status"] == "succeeded"]
        self._add(one.sweep.market, {one.sweep.try_of(variants[place]["overrides"]) for place in places})
        if self._payloads("RUN_COMPLETED", one.run_plan_id):
            self._done.append(one.sweep)
        else:
            self._stopped.append(one)

    def _payloads(self, kind: str, run_plan_id: UUID) -> list[dict[str, Any]]:
        """The payloads of a run's events, from the rows of the journal."""
        with closing(sqlite.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT payload FROM trade_events WHERE correlation_id = ? AND event_type = ? ORDER BY seq",
                (str(run_plan_id), kind),
            )
            return [json.loads(payload) for (payload,) in rows]

    def _check_list(self) -> None:
        """What `papertape trials` lists has all tries that there were, and no other."""
        listed = {
            (trial.strategy_sha256, digest) for trial in self._desk.journal.trials() for digest in trial.digests()
        }
        expected = {one for _, one in self._forward_runs.values()}.union(*self._tries.values())
        self.report.compare("the list of trials", (0, len(listed)), (0, len(expected)))


class Patience(Unwatched):
    """A watch that says stop when it has been asked so many times."""

    def __init__(self, times: int) -> None:
        self._left = times

    def stopped(self) -> bool:
        """Whether it has had enough."""
        self._left -= 1
        return self._left < 0


def main(arguments: list[str] | None = None) -> int:
    """Run, compare, and say what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--room", type=Path, help="where the temporary directory is made: on which disk")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=asked.room) as room, closing(Runs(Path(room), asked.seed)) as runs:
        report = runs.run(asked.runs)
    done = ", ".join(f"{count:,} {kind}" for kind, count in report.runs.most_common())
    print(f"seed {report.seed}, {report.seconds:,.0f} s: {done}")
    print(f"{report.compared:,} counts compared, up to N = {report.most:,}; {len(report.faults)} wrong")
    for fault in report.faults[:20]:
        print(f"  {fault}")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
