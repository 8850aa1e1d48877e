"""Run plans as people read them: durations, progress, the chart of the best over the baseline."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from engine.desk.accounts import EquityPoint
from engine.sweeps.results import PlanSummary
from tests.tui.console import Console
from tui.commands.plan.pages import draw_over
from tui.shared.output import Page
from tui.shared.text import cell_width
from tui.shared.words import progress_of, took

START = datetime(2024, 1, 1, tzinfo=UTC)


def curve(*values: float, first_day: int = 1) -> list[EquityPoint]:
    closed = [EquityPoint(ts=START + timedelta(days=first_day + day), equity=each) for day, each in enumerate(values)]
    return [EquityPoint(ts=None, equity=10_000.0), *closed]


def drawn(page: Page, best: list[EquityPoint], baseline: list[EquityPoint], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    draw_over(page, best, baseline)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 80, 133])
def test_both_curves_in_one_frame(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    page = Page()
    page.width, page.unicode = width, True
    out = drawn(page, curve(10_500, 11_000), curve(9_500, 9_000, 9_200, first_day=5), capsys)
    assert max(map(cell_width, out.splitlines())) <= max(width, 70)  # the legend is not cut
    assert "·" in out
    assert any("\u2800" < char <= "\u28ff" for char in out)
    assert "11,000" in out
    assert "9,000" in out
    assert "2024-01-02" in out
    assert "2024-01-08" in out
    assert out.splitlines()[-1] == "line: the best, to 11,000.00   · · · the baseline, to 9,200.00"


def test_the_baseline_is_marks_with_gaps_in_ascii_too(capsys: pytest.CaptureFixture[str]) -> None:
    page = Page()
    page.width, page.unicode = 80, False
    out = drawn(page, curve(10_500, 11_000), curve(9_000, 9_000), capsys)
    assert out.isascii()
    marks = next(line for line in out.splitlines() if line.count(".") > 20)
    assert "...." not in marks.partition("|")[2]


def test_a_side_without_trades_stays_where_it_started(capsys: pytest.CaptureFixture[str]) -> None:
    out = drawn(Page(), curve(10_500, 11_000), curve(), capsys)
    assert "the baseline, to 10,000.00" in out
    assert drawn(Page(), curve(), curve(), capsys) == ""


def test_colour_tells_them_apart_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stdout", screen)
    page = Page()
    page.width, page.unicode, page.colour = 80, True, True
    draw_over(page, curve(10_500, 11_000), curve(9_000, 9_500))
    assert "80;200;120m" in screen.getvalue()
    assert "150;150;150m" in screen.getvalue()


def test_times_that_stand_still_or_go_back_are_drawn_where_the_curve_has_come_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = EquityPoint(ts=START + timedelta(days=9), equity=10_400.0)
    early = EquityPoint(ts=START + timedelta(days=2), equity=10_800.0)
    assert "10,800" in drawn(Page(), [*curve(), late, early, early], curve(9_900), capsys)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.00 s"),
        (0.254, "0.25 s"),
        (59.99, "59.99 s"),
        (59.999, "1 min 00 s"),
        (200.4, "3 min 20 s"),
        (7500, "2 h 05 min"),
    ],
)
def test_how_long_it_took(seconds: float, shown: str) -> None:
    assert took(seconds) == shown


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ((1000, 1000, 0, 0), "1,000 of 1,000"),
        ((9, 5, 1, 0), "5 of 9, 1 failed"),
        ((9, 9, 2, 3), "9 of 9, 2 failed, 3 skipped"),
    ],
)
def test_progress(counts: tuple[int, int, int, int], shown: str) -> None:
    names = ("variants", "done", "failed", "skipped")
    assert progress_of(PlanSummary.model_construct(**dict(zip(names, counts, strict=True)))) == shown


def test_many_values_are_counted_not_listed(console: Console) -> None:
    flags = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG", "--journal", "summary")
    console.ok("plan", "run", *flags, "--sweep", "entry.fast_period=1:20")
    assert "entry.fast_period 1, 2, 3, 4, 5, 6, 7, 8 and 12 more" in console.ok("plan", "show", "last").out
