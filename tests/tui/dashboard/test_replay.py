"""The replay screen, on a real database file: the form, steps, play by a hand-driven beat, chart and log."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select, Static

from engine.errors import SystemFault
from engine.market.bars import Dataset
from engine.strategies.spec import parse_spec
from storage.market_files import load_dataset
from storage.samples import sample_path
from tests.support.desks import open_test_desk
from tests.tui.dashboard.driving import dashboard, matches, press, screen_text, settled, toasts
from tui.dashboard.app import DashboardApp
from tui.dashboard.screens.replay.new_replay import NewReplayDialog, free_name
from tui.dashboard.screens.replay.screen import ReplayScreen
from tui.dashboard.screens.replay.session import SPEEDS, Pace
from tui.dashboard.screens.trace import TraceDialog
from tui.dashboard.widgets.chart import Chart
from tui.dashboard.widgets.dialog import QuitQuestion
from tui.dashboard.widgets.pickers import FilePicker
from tui.dashboard.widgets.price_chart import PriceChart
from tui.shared import figures

ENTRY = {"fast_period": "3", "slow_period": "8"}
TO = "2005-03-31"


@dataclass
class HandBeat:
    """A beat that comes when it is told to."""

    seconds: float
    call: Callable[[], None]
    is_going: bool = True

    def stop(self) -> None:
        self.is_going = False


class HandBeats:
    """Every beat that was started, newest last."""

    def __init__(self) -> None:
        self.started: list[HandBeat] = []

    def every(self, seconds: float, call: Callable[[], None]) -> HandBeat:
        self.started.append(HandBeat(seconds, call))
        return self.started[-1]

    @property
    def newest(self) -> HandBeat:
        return self.started[-1]


def screen(app: DashboardApp) -> ReplayScreen:
    found = app.desk_screen
    assert isinstance(found, ReplayScreen)
    return found


def kinds(app: DashboardApp) -> list[str]:
    return [line.what for line in screen(app).table.items]


def field(app: DashboardApp, name: str) -> Input:
    return app.screen.query_one(f"#{name}", Input)


async def fill_in(app: DashboardApp, pilot: Pilot[None], **texts: str) -> None:
    """Into the form that is open; parameters by the end of their path."""
    form = app.screen
    assert isinstance(form, NewReplayDialog)
    named = {each.path.rpartition(".")[2]: f"value-{place}" for place, each in enumerate(form._parameters)}
    for name, text in texts.items():
        field(app, named.get(name, name)).value = text
    await settled(app, pilot)


@asynccontextmanager
async def replaying(
    db: Path, size: tuple[int, int] = (80, 24), /, **texts: str
) -> AsyncIterator[tuple[DashboardApp, Pilot[None], HandBeats]]:
    """A replay of a quick crossing on half a year of GOOG, in `replay-1`, before its first step."""
    async with dashboard(db, size=size) as (app, pilot):
        await press(app, pilot, "7")
        beats = HandBeats()
        screen(app).every = beats.every
        await press(app, pilot, "n")
        await fill_in(app, pilot, **{**ENTRY, "end": TO, **texts})
        await press(app, pilot, "ctrl+s")
        yield app, pilot, beats


def outright(db: Path, workspace: str) -> list[tuple[object, ...]]:
    """The fills that `run -w` makes of the same in another workspace."""
    data: Dataset = load_dataset([(None, sample_path("GOOG"))], symbols=["GOOG"], end=TO)
    spec = parse_spec({"strategy_id": "sma_cross", "symbols": ["GOOG"], "entry": {"fast_period": 3, "slow_period": 8}})
    with open_test_desk(db) as desk:
        desk.research.run_onward(spec, data, desk.accounts.create(workspace))
    return fills(db, workspace)


def fills(db: Path, workspace: str) -> list[tuple[object, ...]]:
    with open_test_desk(db) as desk:
        events = desk.journal.events(workspace)
    return [(e.ts, e.symbol, e.side, e.quantity, e.price) for e in events if e.event_type == "ORDER_FILLED"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_it_looks_as_it_did(db: Path, size: tuple[int, int]) -> None:
    async with replaying(db, size) as (app, pilot, _):
        await press(app, pilot, "z", "z", ".")
        matches(app, f"replay-{size[0]}x{size[1]}")


async def test_with_nothing_under_way_it_says_what_to_do(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "7")
        assert "No replay is under way." in screen_text(app)
        await press(app, pilot, "space")
        assert "no replay is under way: n begins one" in toasts(app)[-1]
        await press(app, pilot, "v", "t", "plus", "escape")
        assert app.is_running


async def test_a_form_that_was_filled_in_is_not_left_unasked(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "7", "n", "escape")
        assert isinstance(app.screen, ReplayScreen)
        await press(app, pilot, "n")
        await fill_in(app, pilot, fast_period="3")
        await press(app, pilot, "escape", "n")
        assert isinstance(app.screen, NewReplayDialog)
        await press(app, pilot, "escape", "y")
        assert isinstance(app.screen, ReplayScreen)


async def test_the_header_and_the_replay_say_the_same_equity(db: Path) -> None:
    async with replaying(db) as (app, pilot, beats):
        await press(app, pilot, "space")
        said = set()
        for _ in range(12):
            beats.newest.call()
            await settled(app, pilot)
            header, *_, line = screen_text(app).splitlines()[1:4]
            equity = re.search(r"at marks ([\d,.]+)", header)[1]
            assert f"equity {equity}" in line
            said.add(equity)
        assert len(said) > 3  # it was held meanwhile


async def test_the_form_offers_a_new_workspace_and_begins_in_it(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "7", "n")
        assert field(app, "workspace").value == "replay-1"
        assert field(app, "symbols").value == "GOOG"
        assert "a new account" in screen_text(app)
        await fill_in(app, pilot, equity="25,000", end=TO)
        app.screen.query_one("#submit", Button).press()
        await settled(app, pilot)
        shown = screen_text(app)
        assert "replay-1" in shown.splitlines()[1]
        assert "sma_cross on GOOG, daily → replay-1  Ⅱ paused" in shown
        assert "eq at marks 25,000.00" in shown
        assert "0 of 154" in shown
    with open_test_desk(db) as desk:
        assert [each.name for each in desk.accounts.all()] == ["default", "replay-1"]
        assert [str(e.event_type) for e in desk.journal.events("replay-1")] == ["WORKSPACE_CREATED"]


async def test_a_workspace_that_is_there_is_warned_of_and_gone_on_with(db: Path) -> None:
    async with replaying(db) as (app, pilot, _):
        await press(app, pilot, "z", "z", ".")
        await press(app, pilot, "n")
        assert field(app, "workspace").value == "replay-2"
        await fill_in(app, pilot, workspace="replay-1", end=TO, **ENTRY)
        assert "! exists: the replay continues in it" in screen_text(app)
        assert field(app, "equity").disabled
        await press(app, pilot, "ctrl+s")
        assert "traded before" in screen_text(app)
        await press(app, pilot, "e")
    assert fills(db, "replay-1") == outright(db, "other")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"data": "nowhere.csv", "symbols": "X"}, "error FILE_NOT_FOUND"),
        ({"data": "sample:GOOG", "symbols": "IBM"}, "error INVALID_DATA"),
        ({"fast_period": "90"}, "fast_period: 90 must be less than slow_period"),
        ({"slippage_bps": "lots"}, "slippage bps: 'lots' is not a number"),
        ({"slippage_bps": "-1"}, "error INVALID_SPEC"),
        ({"equity": "-5"}, "error INVALID_WORKSPACE"),
        ({"workspace": " "}, "workspace: no workspace is named"),
        ({"spec": "[@click=app.quit]none.toml"}, "error FILE_NOT_FOUND"),
    ],
)
async def test_what_is_wrong_stays_in_the_form_and_makes_nothing(db: Path, texts: dict[str, str], said: str) -> None:
    async with replaying(db, **texts) as (app, pilot, _):
        assert isinstance(app.screen, NewReplayDialog)
        assert str(app.screen.query_one("#problem", Static).render()).startswith(said)
        await press(app, pilot, "escape", "y")
        assert "No replay is under way." in screen_text(app)
    with open_test_desk(db) as desk:
        assert [each.name for each in desk.accounts.all()] == ["default"]


async def test_a_spec_file_takes_the_place_of_the_strategy(db: Path, tmp_path: Path) -> None:
    file = tmp_path / "spec.toml"
    file.write_text('strategy_id = "rsi_reversion"\nsymbols = ["GOOG"]\n[entry]\nperiod = 3\n')
    async with replaying(db, (120, 40), spec=str(file)) as (app, pilot, _):
        assert "rsi_reversion on GOOG" in screen_text(app)
        await press(app, pilot, "z", "z", ".")
        others = screen(app).query_one("#others", Chart)
        assert others.display  # an RSI is no price
        assert "rsi" in str(others.render())
        assert "rsi" not in str(screen(app).query_one("#prices", PriceChart).render())


async def test_data_are_chosen_from_a_picker(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "7", "n", "ctrl+o")
        assert isinstance(app.screen, FilePicker)
        await press(app, pilot, *"IBM", "enter")
        assert field(app, "data").value == "sample:IBM"
        assert field(app, "symbols").value == "IBM"
        app.screen.query_one("#strategy", Select).value = "rsi_reversion"
        await settled(app, pilot)
        assert "entry.buy_below" in screen_text(app)


async def test_steps_of_one_ten_and_a_hundred_come_to_what_a_run_comes_to(db: Path) -> None:
    async with replaying(db, (120, 40)) as (app, pilot, _):
        await press(app, pilot, ".")
        assert "1 of 154" in screen_text(app)
        await press(app, pilot, "z", ".")
        assert "11 of 154" in screen_text(app)
        await press(app, pilot, "z", ".")
        assert "111 of 154" in screen_text(app)
        assert {"signal", "INTENT_EMITTED", "POLICY_EVALUATED", "ORDER_FILLED", "RUN_ADVANCED"} <= set(kinds(app))
        await press(app, pilot, ".", ".")
        assert "the data end: " in toasts(app)[-1]
        assert "■ at the end" in screen_text(app)
        head = len(fills(db, "replay-1"))
        await press(app, pilot, ".", "space", "e")
        assert len(fills(db, "replay-1")) == head > 4
    assert fills(db, "replay-1") == outright(db, "other")


async def test_it_plays_by_the_beat_and_pauses(db: Path) -> None:
    async with replaying(db) as (app, pilot, beats):
        await press(app, pilot, "space")
        assert "▶ playing" in screen_text(app)
        assert beats.newest.seconds == pytest.approx(0.2)
        for _ in range(3):
            beats.newest.call()
            await settled(app, pilot)
        assert "6 of 154" in screen_text(app)  # ten a second, in five beats of two
        await press(app, pilot, "plus", "plus", "plus", "plus")
        assert not beats.started[0].is_going
        beats.newest.call()
        await settled(app, pilot)
        assert "106 of 154" in screen_text(app)  # 500 a second
        await press(app, pilot, "space")
        assert "Ⅱ paused" in screen_text(app)
        assert not beats.newest.is_going
        beats.newest.call()  # one that was on its way
        await settled(app, pilot)
        assert "106 of 154" in screen_text(app)
        await press(app, pilot, "space")
        beats.newest.call()
        await settled(app, pilot)
        assert not beats.newest.is_going  # the data end
        assert "154 of 154" in screen_text(app)


async def test_a_beat_that_comes_too_early_is_left_out(db: Path) -> None:
    async with replaying(db) as (app, pilot, beats):
        await press(app, pilot, "space")
        for _ in range(5):
            beats.newest.call()
        await settled(app, pilot)
        assert "2 of 154" in screen_text(app)


async def test_it_goes_on_while_another_screen_is_shown(db: Path) -> None:
    async with replaying(db) as (app, pilot, beats):
        await press(app, pilot, "space", "1")
        while beats.newest.is_going:
            beats.newest.call()
            await settled(app, pilot)
        assert "realized 0.00" not in screen_text(app).splitlines()[1]  # the header follows the fills
        await press(app, pilot, "7")
        assert "154 of 154" in screen_text(app)


async def test_while_it_plays_leaving_asks(db: Path) -> None:
    async with replaying(db) as (app, pilot, _):
        await press(app, pilot, "space", "1", "q")
        assert isinstance(app.screen, QuitQuestion)
        assert "what it traded stays in replay-1" in screen_text(app)
        await press(app, pilot, "escape")
        assert app.is_running
        await press(app, pilot, "7", "space", "q")
        assert app._exit


async def test_to_the_end_and_no_way_back(db: Path) -> None:
    async with replaying(db) as (app, pilot, _):
        await press(app, pilot, "e")
        assert "154 of 154" in screen_text(app)
        await press(app, pilot, "0")
        assert "there is no way back to the start" in toasts(app)[-1]
    assert fills(db, "replay-1") == outright(db, "other")


async def test_at_its_end_it_says_what_refused_every_entry(db: Path) -> None:
    async with replaying(db, dollars_per_trade="20000") as (app, pilot, _):
        await press(app, pilot, "e")
        said = toasts(app)[-1]
    assert "the data end: 0 fills in replay-1, equity 10,000.00; " in said
    assert "entries refused by buying_power: an order of 20,000.00" in said
    assert fills(db, "replay-1") == []


async def test_escape_stops_the_way_to_the_end(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.dashboard.screens.replay.screen.HURRY", 10)
    async with replaying(db) as (app, pilot, _):
        found = screen(app)
        assert found._session is not None
        honest, asked = found._session.replay.step, []

        def step(count: int, watch: object) -> object:
            asked.append(count)
            if len(asked) == 3:
                app.call_from_thread(found.action_pause)
            return honest(count)

        monkeypatch.setattr(found._session.replay, "step", step)
        await press(app, pilot, "e")
        assert asked == [10, 10, 10]
        assert "30 of 154" in screen_text(app)
        assert "Ⅱ paused" in screen_text(app)


async def test_an_error_pauses_and_is_told(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with replaying(db) as (app, pilot, beats):
        found = screen(app)
        assert found._session is not None

        def fails(*_: object) -> None:
            raise SystemFault("DATABASE_BUSY", "another process is writing", hint="try again")

        with monkeypatch.context() as broken:
            broken.setattr(found._session.replay, "step", fails)
            await press(app, pilot, "space")
            beats.newest.call()
            await settled(app, pilot)
        assert toasts(app)[-1] == "error DATABASE_BUSY: another process is writing; try again"
        assert not beats.newest.is_going
        await press(app, pilot, ".")
        assert "1 of 154" in screen_text(app)


async def test_a_line_leads_to_its_trace(db: Path) -> None:
    async with replaying(db, (120, 40)) as (app, pilot, _):
        await press(app, pilot, "z", "z", ".")
        table = screen(app).table
        row = next(at for at, line in enumerate(table.items) if line.what == "ORDER_FILLED")
        table.move_cursor(row=row)
        await press(app, pilot, "enter")
        assert isinstance(app.screen, TraceDialog)
        assert "INTENT_EMITTED" in screen_text(app)


async def test_the_cursor_stays_on_the_newest_line(db: Path) -> None:
    async with replaying(db) as (app, pilot, _):
        await press(app, pilot, "z", "z", ".")
        before = screen(app).table.items[0].number
        await press(app, pilot, ".")
        assert screen(app).table.items[0].number > before
        assert screen(app).table.cursor_row == 0


async def test_the_chart_has_candles_levels_entries_and_exits_and_can_be_zoomed(db: Path) -> None:
    async with replaying(db, (120, 40)) as (app, pilot, _):
        await press(app, pilot, "z", "z", ".")
        title, *drawn = str(screen(app).query_one("#prices", PriceChart).render()).splitlines()
        for part in ("GOOG  20", "  O ", "  C ", "  fast ", "  slow ", "▲ entry", "▼ exit"):
            assert part in title
        assert sum(line.count("┃") for line in drawn) > 20
        assert any("volume" in line for line in drawn)
        assert "2004-08-19" in screen_text(app)
        await press(app, pilot, "left_square_bracket", "left_square_bracket")
        assert "2004-08-19" not in screen_text(app)
        await press(app, pilot, *["right_square_bracket"] * 9)
        assert "2004-08-19" in screen_text(app)


async def test_the_crosshair_reads_a_bar_and_stays_on_it_as_bars_are_added(db: Path) -> None:
    async with replaying(db, (120, 40)) as (app, pilot, _):
        await press(app, pilot, "z", ".")
        chart = screen(app).query_one("#prices", PriceChart)
        bars = screen(app)._session.replay.past("GOOG").bars  # type: ignore[union-attr]
        chart.focus()
        await press(app, pilot, "left", "left", "left")
        read = f"C {figures.price(float(bars.close[-3]))}"
        assert read in str(chart.render()).splitlines()[0]
        assert "┊" in str(chart.render())
        await press(app, pilot, ".")
        assert read in str(chart.render()).splitlines()[0]
        await press(app, pilot, *["right"] * 13)
        assert "┊" not in str(chart.render())
        newest = screen(app)._session.replay.past("GOOG").bars.close[-1]  # type: ignore[union-attr]
        assert f"C {figures.price(float(newest))}" in str(chart.render()).splitlines()[0]


async def test_a_replay_from_a_day_has_the_bars_before_it_as_history(db: Path) -> None:
    async with replaying(db, (120, 40), start="2004-11-10") as (app, pilot, _):
        await press(app, pilot, ".")
        session = screen(app)._session
        assert session is not None
        assert (session.replay.position, session.replay.length) == (1, 97)  # of 155 bars
        assert len(session.replay.past("GOOG").bars) == 59


async def test_two_symbols_are_looked_at_in_turn(db: Path) -> None:
    texts = {"data": "sample:GOOG sample:IBM", "symbols": "GOOG IBM", "start": "2004-09-01"}
    async with replaying(db, (120, 40), **texts) as (app, pilot, _):
        await press(app, pilot, "z", "z", ".", "v")
        assert str(screen(app).query_one("#prices", PriceChart).render()).startswith("IBM  2005-01-24  O ")
        await press(app, pilot, "v")
        assert str(screen(app).query_one("#prices", PriceChart).render()).startswith("GOOG  20")


async def test_hostile_names_are_text(db: Path, tmp_path: Path) -> None:
    name, symbol = "[@click=app.quit]w[/]", "[red]x[/]"
    file = tmp_path / "bars.csv"
    rows = [f"2024-01-{day:02},{p},{p},{p},{p},1" for day, p in enumerate([9, 8, 7, 6, 9, 12, 14, 9, 5, 4], 1)]
    file.write_text("\n".join(["ts,open,high,low,close,volume", *rows]) + "\n")
    texts = {"data": str(file), "symbols": f"'{symbol}'", "workspace": name, "fast_period": "1", "slow_period": "2"}
    async with replaying(db, (120, 40), end="", **texts) as (app, pilot, _):
        await press(app, pilot, "e")
        shown = screen_text(app)
        assert "9 of 9" in shown
        assert "[@click=app.quit]w[/]" in shown
        assert "[red]x[/]" in shown
        assert "fill" in toasts(app)[-1]


def test_a_free_name_is_found() -> None:
    assert free_name([]) == "replay-1"
    assert free_name({"replay-1", "replay-2", "default"}) == "replay-3"


def test_the_pace_stays_within_its_speeds() -> None:
    pace = Pace()
    for _ in range(20):
        pace.change(-1)
    assert (pace.speed, pace.seconds, pace.bars) == (1, 1.0, 1)
    for _ in range(20):
        pace.change(1)
    assert pace.speed == SPEEDS[-1] == pace.bars / pace.seconds
