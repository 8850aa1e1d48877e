"""The dashboard's benchmark on little data: that it measures what it says, and that it notices what is wrong."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import dashboard_report as report
from benchmarks import dashboard_session as session
from benchmarks.children import ChildError
from benchmarks.dashboard import first_paint
from benchmarks.dashboard_heart import Heart, Watcher
from benchmarks.dashboard_session import Action, BrokenError, Sitting, sit
from benchmarks.dashboard_terminal import on_terminal, own_home, succeeded
from benchmarks.dashboard_world import WORKSPACES, Size, build, contents
from engine.ports import EventFilter
from storage.desk import open_desk
from storage.settings import Settings
from tui.dashboard.app import DashboardApp
from tui.dashboard.opening import Surroundings
from tui.dashboard.registry import SCREENS

SMALL = Size(events=1_500, plans=6, variants=12, held=12)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own settings reaches a dashboard."""
    for name in [each for each in os.environ if each.startswith(("PAPERTAPE_", "XDG_", "TEXTUAL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("dashboard") / "small.db"
    build(made, SMALL)
    return made


def app_over(db: Path) -> DashboardApp:
    return DashboardApp(lambda: Settings(db=db), Surroundings(db.with_suffix(".prefs")), "desk")


def test_the_database_holds_what_was_asked_for(db: Path) -> None:
    found = contents(db)
    assert found["events"] >= SMALL.events
    assert (found["run_plans"], found["variants"]) == (SMALL.plans, 1 + 200)  # the grid's other two axes have 200
    assert 0 < found["positions"] <= SMALL.held
    assert not list(db.parent.glob("*.unfinished*"))


def test_its_run_plans_stand_in_several_ways_the_largest_newest(db: Path) -> None:
    with open_desk(Settings(db=db)) as desk:
        plans = desk.plans.all()
    assert [plan.status for plan in plans].count("interrupted") == 2
    assert [plan.status for plan in plans].count("cancelled") == 1
    assert max(plans, key=lambda plan: plan.variants) is plans[0]
    assert plans[0].status == "completed"


def test_its_accounts_are_what_their_journals_make(db: Path) -> None:
    with open_desk(Settings(db=db)) as desk:
        for name in WORKSPACES:
            overview, found = desk.accounts.overview(name), desk.accounts.reconcile(name, dry_run=True)
            assert (overview.is_behind, found.drift, found.errors) == (False, {}, [])
        kinds = {event.row.event_type for event in desk.journal.page(EventFilter(), limit=SMALL.events)}
    assert {"INTENT_REJECTED", "POSITION_SCALED", "POSITION_CLOSED", "RUN_CANCELLED"} <= kinds


def hold_up(watcher: Watcher) -> list[str]:
    """Keep the loop from everything else until somebody has noticed."""
    until, seen = time.perf_counter() + 60, list[str]()
    while not seen and time.perf_counter() < until:
        seen = [stack for stack in watcher.take() if "hold_up" in stack]
    return seen


async def test_a_loop_that_is_held_up_is_noticed_with_whose_time_it_was() -> None:
    async with Heart() as heart:
        await asyncio.sleep(0)
        with Watcher(heart, overdue=0.02) as watcher:
            stacks = hold_up(watcher)
        await asyncio.sleep(0.004)
        longest = heart.longest
        heart.restart()
        assert heart.longest.seconds == 0
    assert stacks
    assert longest.seconds > 0
    assert 0 < longest.loop_cpu <= longest.process_cpu


async def test_a_sitting_opens_every_screen_and_does_every_action(db: Path) -> None:
    app = app_over(db)
    actions = (Action("journal", "page", ("G", "g")), Action("run_plans", "sort", ("l", "s")))
    try:
        async with app.run_test(size=(100, 30)) as pilot:
            found = await sit(app, pilot, rounds=1, actions=actions)
    finally:
        app.close()
    names = [entry.name for entry in SCREENS]
    assert list(found["again"]) == names
    assert list(found["first"]) == names[1:]
    for opened in (*found["first"].values(), *(one for each in found["again"].values() for one in each)):
        assert 0 < opened["shown"] <= opened["complete"]
        assert opened["shown_cpu"] > 0
    assert [(each["screen"], each["what"]) for each in found["actions"]] == [
        ("journal", "page"),
        ("run_plans", "sort"),
    ]
    assert all(each["stall"]["seconds"] < each["seconds"] for each in found["actions"])


async def test_a_screen_that_shows_nothing_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_desk(Settings(db=tmp_path / "empty.db")) as desk:
        desk.accounts.create("desk")
    monkeypatch.setattr(session, "PATIENCE", 0.2)
    app = app_over(tmp_path / "empty.db")
    try:
        async with app.run_test() as pilot, Heart() as heart:
            with pytest.raises(BrokenError, match="run_plans is not shown"):
                await Sitting(app, pilot, heart).open("run_plans")
    finally:
        app.close()


async def test_a_dialog_that_is_left_open_is_told_of(db: Path) -> None:
    app = app_over(db)
    try:
        async with app.run_test() as pilot, Heart() as heart:
            sitting = Sitting(app, pilot, heart)
            await sitting.open("positions")
            with pytest.raises(BrokenError, match="positions, look: a dialog is left open"):
                await sitting.act(Action("positions", "look", ("question_mark",)))
    finally:
        app.close()


@pytest.mark.parametrize("action", session.ACTIONS, ids=lambda action: f"{action.screen} {action.what}")
def test_an_action_is_of_a_screen_that_there_is(action: Action) -> None:
    assert action.screen in {entry.name for entry in SCREENS}


def test_a_terminal_says_when_words_were_seen(tmp_path: Path) -> None:
    code = "import os, sys; print(*os.get_terminal_size()); sys.stdout.flush(); print('answered', input())"
    shown = on_terminal(["-c", code], own_home(tmp_path), size=(99, 33), look_for=(b"99 33",), then=b"yes\n")
    assert shown.code == 0
    assert b"answered yes" in shown.last
    assert shown.sights[b"99 33"].seconds > 0


def test_a_program_that_fails_on_its_terminal_says_why(tmp_path: Path) -> None:
    shown = on_terminal(["-c", "raise SystemExit('out of order')"], own_home(tmp_path))
    with pytest.raises(ChildError, match="it ended with 1: out of order"):
        succeeded(shown, "it")


def test_first_paint_is_before_the_account_is_read(db: Path, tmp_path: Path) -> None:
    found = first_paint(db, tmp_path, 1, (120, 40))
    ((frame,), (account,)) = found["frame"], found["account"]
    assert 0 < frame["seconds"] < account["seconds"]


def opened(shown: float) -> dict[str, Any]:
    stall = {"seconds": 0.03, "loop_cpu": 0.01, "process_cpu": 0.02}
    return {"shown": shown, "shown_cpu": shown / 2, "complete": shown + 1, "stall": stall}


def acted(what: str, seconds: float, cpu: float) -> dict[str, Any]:
    stall = {"seconds": seconds, "loop_cpu": cpu, "process_cpu": cpu}
    return {"screen": "journal", "what": what, "seconds": 2.0, "stall": stall}


FOUND: dict[str, Any] = {
    "machine": {
        "date": "2026-01-02",
        "processor": "a processor",
        "cores": 2,
        "system": "a system",
        "python": "3",
        "load": "1",
    },
    "terminal": [120, 40],
    "database": {"events": 1_000_000, "run_plans": 200, "variants": 5_001, "positions": 600, "fills": 110_000},
    "paint": {
        "frame": [{"seconds": 0.7, "cpu_seconds": 0.3}, {"seconds": 0.5, "cpu_seconds": 0.2}],
        "account": [{"seconds": 1.5, "cpu_seconds": 1.0}],
    },
    "sittings": [
        {
            "first": {"journal": opened(0.4)},
            "again": {"positions": [opened(0.1)], "journal": [opened(0.2), opened(0.3)]},
            "actions": [acted("page", 0.09, 0.095), acted("sort", 0.2, 0.3), acted("page", 0.11, 0.095)],
            "why": {"journal, sort": ["3 x a.py:1 sort"]},
        }
    ],
}


def row(text: str, beginning: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {beginning}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_figures_stand_beside_their_targets() -> None:
    text = report.markdown(FOUND)
    assert row(text, "the first frame")[1:] == ["600 ms", "500 ms", "600 ms", "met", "200 ms"]
    assert row(text, "journal, first visit")[1:6] == ["300 ms", "400 ms", "400 ms", "**missed**", "200 ms"]
    assert row(text, "journal, again")[1:] == ["300 ms", "200 ms", "250 ms", "met", "100 ms", "1,200 ms", "30 ms"]
    assert row(text, "journal: page")[1:] == ["100 ms", "90 ms", "100 ms", "110 ms", "95 ms", "met"]
    assert row(text, "journal: sort")[4:] == ["200 ms", "200 ms", "**missed**"]
    assert "1,000,000 events, 200 run plans, the largest of 5,001 variants" in text
    assert report.missed(FOUND) == ["journal, first visit", "journal: sort"]
    assert "journal, sort\n    3 x a.py:1 sort" in report.reasons(FOUND)


def test_the_docs_keep_what_is_around_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.write_docs(FOUND, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "the first frame" in text
    assert "old" not in text
    page.write_text("without markers", encoding="utf-8")
    with pytest.raises(ValueError, match="no markers"):
        report.write_docs(FOUND, page)
