"""What a strategy's code is, as a person meets it: helpers, versions, journals of others, checks that were passed."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest

from storage.datasets import loading
from storage.desk import open_desk
from storage.settings import Settings
from storage.strategies import identity
from tests.storage.code.folders import RISES, strategy, written
from tests.tui.console import Console, write_bars

SWEEP = ("--sweep", "risk.dollars_per_trade=500,2000")
UNCHECKED = "its present source has not passed `papertape strategy check`"


class Lab:
    """A folder with a strategy that tells when it runs, and a helper; the flags of a sweep of it."""

    def __init__(self, room: Path) -> None:
        self.room, self.mark = room, room / "ran"
        loud = f"open({str(self.mark)!r}, 'a').close()"
        text = strategy(f"from helpers import at_least\n{loud}", entry=f"{RISES} & (bars.close > at_least())")
        self.path = written(room, {"mine.py": text, "helpers.py": "def at_least():\n    return 0.0\n"})
        bars = write_bars(room / "bars.csv")
        self.flags = ("--strategy", str(self.path), "--symbol", "X", "--data", f"X={bars}", "--set", "exit.max_bars=1")

    @property
    def has_run(self) -> bool:
        there = self.mark.exists()
        self.mark.unlink(missing_ok=True)
        return there

    def change_helper(self) -> None:
        written(self.room, {"helpers.py": "def at_least():\n    return 11.5\n"})


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "lab")


def counts(document: dict[str, Any]) -> list[int]:
    return [each["metrics"]["trade_count"] for each in document["results"]]


def test_a_changed_helper_makes_another_plan_and_stops_a_resume(console: Console, lab: Lab) -> None:
    first = console.json("plan", "run", *lab.flags, *SWEEP, "--journal", "summary")
    lab.change_helper()
    again = console.ok("plan", "run", *lab.flags, *SWEEP, "--json")
    assert (counts(first), counts(again.document)) == ([2] * 4, [1] * 4)
    assert again.document["fingerprint"] != first["fingerprint"]
    assert (again.document["duplicate_of"], "run before" in again.err) == ([], False)
    assert lab.has_run
    for named in ((), ("--strategy", lab.path)):
        refused = console.run("plan", "trades", first["run_plan_id"], "best", *named, "--json")
        assert (refused.code, refused.document["error_code"], lab.has_run) == (5, "STRATEGY_CHANGED", False)
        assert "mine.py with helpers.py" in refused.document["error"]


def test_other_results_of_one_fingerprint_are_said_plainly(console: Console, lab: Lab) -> None:
    reads = f"float(Path({str(lab.room / 'level.txt')!r}).read_text())"
    text = strategy("from pathlib import Path", entry=f"{RISES} & (bars.close > {reads})")
    written(lab.room, {"mine.py": text, "level.txt": "0"})
    first = console.json("plan", "run", *lab.flags, *SWEEP)
    (lab.room / "level.txt").write_text("11.5")
    other = console.ok("plan", "run", *lab.flags, *SWEEP, "--json")
    assert other.document["fingerprint"] == first["fingerprint"]
    assert other.document["differs_from"] == {first["run_plan_id"]: 4}
    assert "warning: the same fingerprint gave other results: 4 of 4 variants differ from run plan " in other.err
    assert "with the same results" not in other.err
    assert "but 4 variants came out otherwise than in " + first["run_plan_id"] in console.ok("plan", "show", "last").out


def test_an_updated_package_is_told_and_no_reason_to_refuse(
    console: Console, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.ok("plan", "run", *lab.flags, *SWEEP, "--journal", "summary")
    monkeypatch.setattr(identity, "_distribution", lambda package: (package, "99") if package == "numpy" else None)
    shown = console.ok("plan", "trades", "last", "best")
    then = importlib.metadata.version("numpy")
    assert f"note: numpy was {then} then and is 99 now: results may differ" in shown.err


def test_a_plan_of_ones_own_goes_on_without_a_word_more(console: Console, lab: Lab) -> None:
    console.ok("plan", "run", *lab.flags, *SWEEP, "--journal", "summary")
    assert len(console.json("plan", "trades", "last", "best")) == 2


def test_nothing_runs_because_somebody_elses_journal_names_it(console: Console, lab: Lab) -> None:
    assert console.spawn("plan", "run", *lab.flags, *SWEEP, "--journal", "summary").code == 0
    assert lab.has_run
    console.extra["HOME"] = str(console.home / "stranger")  # another user, who was given the database
    refused = console.spawn("plan", "trades", "last", "best", "--json")
    assert (refused.code, refused.document["error_code"], lab.has_run) == (5, "STRATEGY_UNTRUSTED", False)
    assert "--strategy FILE" in refused.document["hint"]
    for looks in (("show", "last"), ("list",), ("export", "last", "--to", "x.csv")):
        assert console.spawn("plan", *looks).code == 0
    assert not lab.has_run
    assert len(console.spawn("plan", "trades", "last", "best", "--strategy", lab.path, "--json").document) == 2
    assert lab.has_run
    assert len(console.spawn("plan", "trades", "last", "best", "--json").document) == 2  # it is known from now on


@pytest.mark.parametrize("verb", ["resume", "trades"])
def test_a_journal_that_names_any_file_runs_none(console: Console, lab: Lab, verb: str) -> None:
    evil = lab.room / "evil.py"
    evil.write_text(f"open({str(lab.mark)!r}, 'a').close()\n")
    with open_desk(Settings(db=console.db)) as desk:
        from storage.datasets import load_again
        from storage.strategies.files import load_strategy_file
        from tests.tui.dashboard.sweeping import StopAfter

        spec = desk.research.registry.add(load_strategy_file(str(lab.path)), "theirs")
        data = loading([("X", lab.room / "bars.csv")], symbols=["X"])
        desk.plans.run(
            _spec(spec.key),
            load_again(data),
            {},
            data={**data, "strategy_file": str(evil)},
            journal="summary",
            watch=StopAfter(0) if verb == "resume" else None,
        )
    assert lab.has_run
    refused = console.run("plan", verb, "last", *(["baseline"] if verb == "trades" else []), "--json")
    assert (refused.code, refused.document["error_code"], lab.has_run) == (5, "STRATEGY_CHANGED", False)


def _spec(key: str) -> Any:
    from engine.strategies.spec import parse_spec

    return parse_spec({"strategy_id": key, "symbols": ["X"]})


def test_a_plan_of_a_built_in_strategy_looks_at_no_file_that_the_journal_names(console: Console, lab: Lab) -> None:
    with open_desk(Settings(db=console.db)) as desk:
        from storage.datasets import load_again

        data = loading([("X", lab.room / "bars.csv")], symbols=["X"])
        told = {**data, "strategy_file": str(lab.path)}
        desk.plans.run(_spec("breakout_52w_high"), load_again(data), {}, data=told, journal="summary")
    shown = console.ok("plan", "trades", "last", "baseline", "--json")
    assert (shown.err, lab.has_run) == ("", False)


def test_a_listed_strategy_is_found_again_though_it_is_not_listed_any_more(
    console: Console, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERTAPE_STRATEGIES", str(lab.path))
    flags = ("--strategy", "mine", *lab.flags[2:])
    ran = console.ok("plan", "run", *flags, *SWEEP, "--journal", "summary")
    assert f"note: the strategy mine ({lab.path}): {UNCHECKED}" in ran.err
    monkeypatch.delenv("PAPERTAPE_STRATEGIES")
    assert len(console.json("plan", "trades", "last", "best")) == 2


@pytest.mark.parametrize("command", ["run", "plan run"])
def test_a_run_says_when_the_source_passed_no_check(console: Console, lab: Lab, command: str) -> None:
    call = (*command.split(), *lab.flags)
    notes = [line for line in console.ok(*call).err.splitlines() if UNCHECKED in line]
    assert notes == [f"note: {lab.path} is a program and runs with your rights: load only files you trust; {UNCHECKED}"]
    console.ok("strategy", "check", lab.path, "--data", "sample:GOOG")
    assert UNCHECKED not in console.ok(*call).err
    lab.change_helper()
    assert UNCHECKED in console.ok(*call).err
    assert UNCHECKED not in console.ok("evaluate", *lab.flags[:-2]).err
    built_in = ("--strategy", "sma_cross", *lab.flags[2:6])
    assert console.ok(*command.split(), *built_in).err == ""


def test_a_check_that_failed_is_no_passed_one(console: Console, lab: Lab) -> None:
    written(lab.room, {"mine.py": strategy(entry="np.r_[bars.close[1:] > bars.close[:-1], False]")})
    assert console.run("strategy", "check", lab.path).code == 5
    assert UNCHECKED in console.ok("run", *lab.flags).err


def test_that_a_check_was_passed_is_in_no_database(console: Console, lab: Lab) -> None:
    console.ok("strategy", "check", lab.path, "--data", "sample:GOOG")
    assert not console.db.exists()
    (known,) = console.home.rglob("strategies.known")
    assert json.dumps(known.read_text()).startswith('"checked ')
