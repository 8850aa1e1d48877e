"""The form of a new sweep, and the choice of its data, on a real database file."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest
from textual.widgets import Input, OptionList, Select, Static

from engine.errors import PapertapeError
from engine.strategies.registry import Registry
from engine.strategies.spec import ExecutionPart, ExitSpec, RiskSpec
from storage.datasets import loading
from storage.samples import sample_path
from tests.support.desks import open_test_desk
from tests.tui.dashboard.driving import dashboard, matches, press, refreshed, screen_text, settled, toasts
from tui.dashboard.app import DashboardApp
from tui.dashboard.screens.run_plans.new_sweep import NewSweepDialog
from tui.dashboard.screens.run_plans.new_sweep_entries import Entries, parameters, symbols_in
from tui.dashboard.screens.run_plans.screen import RunPlansScreen
from tui.dashboard.screens.typed import whole_number, words
from tui.dashboard.widgets.pickers import FilePicker, choices

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
FIRST = UUID(int=1)


@pytest.fixture(autouse=True)
def one_processor() -> object:
    """What the form proposes does not depend on the machine."""
    with patch("tui.dashboard.screens.run_plans.new_sweep.spare_processors", return_value=1):
        yield


def form(app: DashboardApp) -> NewSweepDialog:
    assert isinstance(app.screen, NewSweepDialog)
    return app.screen


def set_field(app: DashboardApp, path: str, value: str) -> None:
    """Type into a field, or into the values to try of a parameter."""
    dialog = form(app)
    places = [each.path for each in dialog._parameters]
    dialog.query_one(f"#try-{places.index(path)}" if path in places else f"#{path}", Input).value = value


def said(app: DashboardApp, what: str) -> str:
    return str(form(app).query_one(f"#{what}", Static).render())


@SIZES
async def test_it_looks_as_it_did(db: Path, size: tuple[int, int]) -> None:
    async with dashboard(db, size=size) as (app, pilot):
        await press(app, pilot, "5", "n")
        set_field(app, "entry.fast_period", "5,10,60")
        await settled(app, pilot)
        matches(app, f"new-sweep-{size[0]}x{size[1]}")


async def test_the_variants_are_counted_while_it_is_filled_in(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n")
        assert said(app, "sweep-count") == "1 variant: the baseline"
        set_field(app, "entry.fast_period", "5:25:5")
        set_field(app, "entry.slow_period", "30,60,8")
        await settled(app, pilot)
        assert said(app, "sweep-count") == (
            "17 variants: the baseline, 15 of the grid, 1 ablation; 4 out of bounds, to be skipped"
        )
        set_field(app, "risk.dollars_per_trade", "1:10000")
        await settled(app, pilot)
        assert said(app, "sweep-count") == "1,000 variants of 150,002; max variants drops the rest"


async def test_lists_and_ways_to_fill_can_be_tried(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n")
        set_field(app, "exit.take_profit_by_bars", "[[1,5]],[[2,3],[9,1]],none,[[9,1],[2,3]]")
        set_field(app, "execution.fill", "close,next_open,pessimistic")
        await settled(app, pilot)
        assert said(app, "sweep-count") == (
            "13 variants: the baseline, 12 of the grid, 0 ablations; 3 out of bounds, to be skipped"
        )


@pytest.mark.parametrize(
    ("path", "typed", "sentence"),
    [
        ("entry.fast_period", "5,x", "fast_period: 'x' is not of the type int; correct the value"),
        ("entry.slow_period", "1:20000", "slow_period: too many values (limit 10,000); widen the step"),
        ("entry.fast_period", "9:5", "never reaches its end"),
        ("exit.take_profit_by_bars", "5", "'5' is not a JSON list"),
        ("symbols", "", "no symbol is named"),
        ("symbols", "'GOOG", "a quote is not closed"),
        ("max_variants", "none", "max variants: 'none' must be an integer"),
    ],
)
async def test_what_is_wrong_is_said_at_once(db: Path, path: str, typed: str, sentence: str) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n")
        set_field(app, path, typed)
        await settled(app, pilot)
        assert sentence in said(app, "problem")
        assert "--" not in said(app, "problem")
        assert said(app, "sweep-count") == ""
        blamed = [field for field in form(app).query(Input) if field.has_class("-wrong")]
        assert [field.value for field in blamed] == [typed]
        blamed[0].value = {"symbols": "GOOG", "max_variants": "100"}.get(path, "")
        await settled(app, pilot)
        assert not blamed[0].has_class("-wrong")


@pytest.mark.parametrize(
    ("path", "typed", "sentence"),
    [
        ("data", "", "data: no data are named"),
        ("data", "nowhere.csv", "error FILE_NOT_FOUND"),
        ("symbols", "IBM", "error INVALID_DATA"),
        ("slippage_bps", "much", "slippage bps: 'much' is not a number"),
        ("workers", "0", "workers: '0' must be an integer"),
        ("start", "yesterday", "error"),
    ],
)
async def test_what_cannot_start_stays_in_the_form(db: Path, path: str, typed: str, sentence: str) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n")
        set_field(app, "data", "sample:GOOG")
        set_field(app, path, typed)
        await settled(app, pilot)
        if path == "data":
            set_field(app, "symbols", "GOOG")
        await press(app, pilot, "ctrl+s")
        assert sentence in said(app, "problem")
        await press(app, pilot, "escape", "y")
        assert isinstance(app.screen, RunPlansScreen)
    with open_test_desk(db) as desk:
        assert desk.plans.all() == []


async def test_a_new_sweep_runs_and_is_listed(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n")
        set_field(app, "entry.fast_period", "5,10")
        set_field(app, "entry.slow_period", "30,50")
        set_field(app, "start", "2006-01-01")
        set_field(app, "end", "2008-12-31")
        form(app).query_one("#journal", Select).value = "summary"
        form(app).query_one("#objective", Select).value = "calmar"
        await settled(app, pilot)
        await press(app, pilot, "ctrl+s")
        assert isinstance(app.screen, RunPlansScreen)
        assert " started; " in toasts(app)[0]
        assert "completed: 6 of 6 variants" in toasts(app)[1]
        assert "✓ completed" in screen_text(app)
    with open_test_desk(db) as desk:
        found = desk.plans.get(FIRST)
        assert (found.objective, found.journal, found.variants) == ("calmar", "summary", 6)
        assert found.plan["sweep"] == {"entry.fast_period": [5, 10], "entry.slow_period": [30, 50]}
        told = found.plan["data"]
        assert (told["start"], told["to"], told["from"]) == ("2006-01-01", "2008-12-31", None)
        assert (found.bar_count, found.history_bars) == (755, 346)
        assert found.plan["data"]["sources"] == loading([("GOOG", sample_path("GOOG"))])["sources"]


async def test_a_form_that_was_filled_in_is_not_left_unasked(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n", "escape")
        assert isinstance(app.screen, RunPlansScreen)  # nothing was filled in
        await press(app, pilot, "n")
        set_field(app, "entry.fast_period", "5,10")
        await press(app, pilot, "escape")
        assert "Leave the form?" in screen_text(app)
        await press(app, pilot, "n")
        assert form(app).entries().tried == {"entry.fast_period": "5,10"}
        await press(app, pilot, "escape", "y")
        assert isinstance(app.screen, RunPlansScreen)


async def test_only_strategies_are_offered(db: Path) -> None:
    async with dashboard(db, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "5", "n", "enter")
        shown = screen_text(app)
        assert "rsi_reversion" in shown
        assert "reading…" not in shown
        assert "int, 1 or more" in shown


async def test_the_cursor_goes_to_the_sweep_that_was_begun(db: Path) -> None:
    async with dashboard(db, size=(120, 40)) as (app, pilot):
        await press(app, pilot, "5")
        for values in ("5", "10", "15"):
            await press(app, pilot, "n")
            set_field(app, "entry.fast_period", values)
            await press(app, pilot, "ctrl+s")
            await refreshed(app, pilot)
            screen = app.desk_screen
            assert isinstance(screen, RunPlansScreen)
            assert screen.table.current is not None
            assert screen.table.current.summary.run_plan_id == max(
                row.summary.run_plan_id for row in screen.table.items
            )


async def test_another_strategy_has_its_own_parameters(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n")
        form(app).query_one("#strategy", Select).value = "rsi_reversion"
        await settled(app, pilot)
        paths = [each.path for each in form(app)._parameters]
        assert paths[:4] == ["entry.period", "entry.buy_below", "entry.sell_above", "exit.type"]
        assert "entry.buy_below" in screen_text(app)


async def test_symbols_follow_the_data_until_others_are_typed(db: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n")
        symbols = form(app).query_one("#symbols", Input)
        assert symbols.value == "GOOG"
        set_field(app, "data", "sample:GOOG sample:IBM")
        await settled(app, pilot)
        assert symbols.value == "GOOG IBM"
        symbols.value = "IBM"
        await settled(app, pilot)
        set_field(app, "data", "sample:AAPL")
        await settled(app, pilot)
        assert symbols.value == "IBM"


async def test_the_data_are_chosen_from_files(db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "[b]my data"
    inside.mkdir()
    shutil.copy(sample_path("IBM"), inside / "ibm_daily.csv.gz")
    (inside / "notes.txt").write_text("no data", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n", "ctrl+o")
        assert isinstance(app.screen, FilePicker)
        assert "sample:AAPL" in screen_text(app)
        await press(app, pilot, *"my data", "enter")
        assert "ibm_daily.csv.gz" in screen_text(app)
        assert "notes.txt" not in screen_text(app)
        await press(app, pilot, *"ibm_", "enter")
        chosen = form(app).query_one("#data", Input).value
        assert chosen == f"'{inside / 'ibm_daily.csv.gz'}'"
        assert form(app).query_one("#symbols", Input).value == "IBM"
        set_field(app, "end", "2001-12-31")
        await press(app, pilot, "ctrl+s")
        assert "✓ completed" in screen_text(app)


async def test_the_picker_goes_up_and_takes_a_typed_path(db: Path, tmp_path: Path) -> None:
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n", "ctrl+o")
        app.screen.query_one(Input).value = str(tmp_path / "absent.csv")
        await press(app, pilot, "enter")
        assert "error FILE_NOT_FOUND" in toasts(app)[-1]
        app.screen.query_one(Input).value = str(tmp_path)
        await press(app, pilot, "enter")
        assert str(app.screen.query_one("#where", Static).render()) == f"Data: {tmp_path}"
        await press(app, pilot, *"../", "enter")
        assert app.screen.query_one(OptionList).option_count > 0
        await press(app, pilot, "escape")
        assert isinstance(app.screen, NewSweepDialog)


async def test_a_file_that_is_not_read_as_it_is_can_be_imported(
    db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{day:02}/02/2020,10,12,9,11,100\n" for day in (3, 4, 5))
    (tmp_path / "kurse.csv").write_text(f"sep=,\nDate,Open,High,Low,Last,Volume\n{rows}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    async with dashboard(db) as (app, pilot):
        await press(app, pilot, "5", "n", "ctrl+o", *"kurse", "enter")
        assert "kurse.csv is a table with names in its first row" in screen_text(app)
        assert "day/month" in screen_text(app)
        app.screen.query_one("#field-format", Input).value = "%d/%m/%Y"
        await settled(app, pilot)
        assert "3 bars, daily" in screen_text(app)
        assert not (tmp_path / "kurse.bars.csv").exists()
        await press(app, pilot, "enter")
        assert form(app).query_one("#data", Input).value == str(tmp_path / "kurse.bars.csv")
        assert form(app).query_one("#symbols", Input).value == "KURSE"
        assert (tmp_path / "kurse.bars.csv").read_text().splitlines()[1] == "2020-02-03T00:00:00+00:00,10,12,9,11,100"


def test_samples_directories_and_data_files_are_offered(tmp_path: Path) -> None:
    for name in ("b.csv", "a.parquet", "c.txt", ".hidden.csv"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "z").mkdir()
    assert [each.name for each in choices(tmp_path)] == [
        *("sample:AAPL", "sample:GOOG", "sample:IBM"),
        *("../", "z/", "a.parquet", "b.csv"),
    ]
    with pytest.raises(PapertapeError, match="cannot be read"):
        choices(tmp_path / "absent")


def test_a_strategy_s_parameters_with_every_field_of_a_spec() -> None:
    found = {each.path: each for each in parameters(Registry().get("sma_cross"))}
    assert list(found) == [
        *("entry.fast_period", "entry.slow_period"),
        *(f"exit.{name}" for name in ExitSpec.model_fields),
        *(f"risk.{name}" for name in RiskSpec.model_fields),
        *(f"execution.{name}" for name in ExecutionPart.model_fields),
    ]
    assert (found["execution.fill"].default, found["execution.fill"].kind) == (
        "close",
        "one of close, next_open, pessimistic",
    )
    assert (found["exit.trail"].default, found["exit.trail"].kind) == ("false", "true or false")
    steps = found["exit.take_profit_by_bars"]
    assert (steps.default, steps.kind) == ("", "a list, such as [[1,5],[30,3]], or off")
    assert (found["entry.fast_period"].default, found["exit.type"].default) == ("20", "signal")
    assert found["entry.fast_period"].why == "bars of the fast average; int, 1 or more"
    assert found["exit.stop_loss_pct"].kind == "number, above 0, below 100, or off"


def test_words_keep_what_is_quoted_together() -> None:
    assert words("A, B 'C D' x\\y", "them") == ["A", "B", "C D", "x\\y"]
    assert symbols_in("sample:GOOG BRK.B=x.csv '/a b/ibm_daily.csv' ''") == "GOOG BRK.B IBM"
    assert symbols_in("'open") == ""
    with pytest.raises(PapertapeError, match="a quote is not closed"):
        words("'open", "them")


@pytest.mark.parametrize("typed", ["", "0", "-1", "1.5", "x"])
def test_what_is_no_whole_number(typed: str) -> None:
    with pytest.raises(PapertapeError, match="must be an integer"):
        whole_number(typed, "it")
    assert whole_number(" 1,000 ", "it") == 1000


def test_a_form_begins_with_the_defaults_of_a_sweep() -> None:
    entries = Entries("sma_cross")
    assert (entries.journal, entries.max_variants, entries.ablations) == ("full", "1000", True)
