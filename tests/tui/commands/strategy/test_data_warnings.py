"""Warnings of data where a person meets them: `data check`, `run`, `plan generate` and `plan run`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.console import Console

HEADER = "time,open,high,low,close,volume"
FIGURES = (
    "100,101,99,100,10", "100,102,99,101,10", "101,104,100,103,10", "103,106,102,105,10", "105,108,104,107,10",
    "107,110,106,109,10", "109,112,108,111,10",
)  # fmt: skip
FILES = {
    "live": (
        ("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-09T15:59:58Z"),
        "the session 2024-01-09 has 2 bars",
        "daily",
    ),
    "london": (
        (
            *(f"2024-03-{day}T00:00:00+00:00" for day in (27, 28, 29, 30, 31)),
            *(f"2024-04-0{day}T00:00:00+01:00" for day in (1, 2)),
        ),
        "use --session-tz Europe/London",
        "daily",
    ),
    "minutes": (
        tuple(f"2024-11-19T{at}:00Z" for at in ("18:47", "18:48", "18:49", "23:58", "23:59")),
        "308 bars are missing inside sessions between 2024-11-19 18:49 and 2024-11-19 23:58 UTC",
        "1m",
    ),
    "weeks": (
        ("2024-01-05", "2024-01-12", "2024-01-19", "2024-01-26"),
        "the bars are weekly, and each is a session of its own: lookback_days counts weeks",
        "weekly",
    ),
}
STRATEGY = ("--strategy", "breakout_52w_high", "--symbol", "X")


@pytest.fixture(params=sorted(FILES))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, str]:
    """A file, what is warned of in it, and its timeframe."""
    times, warning, timeframe = FILES[request.param]
    path = tmp_path / f"{request.param}.csv"
    lines = (f"{time},{figures}" for time, figures in zip(times, FIGURES, strict=False))
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return path, warning, timeframe


def test_data_check_says_it_and_the_usual_spacing(console: Console, case: tuple[Path, str, str]) -> None:
    path, warning, timeframe = case
    ran = console.ok("data", "check", f"X={path}")
    assert warning in ran.err
    assert f"{timeframe}, 1 warning, above" in ran.out
    document = console.json("data", "check", f"X={path}")
    assert (document["timeframe"], document["symbols"][0]["timeframe"]) == (timeframe, timeframe)
    assert [warning in one for one in document["warnings"]] == [True]


def test_runs_and_plans_say_it_too(console: Console, case: tuple[Path, str, str]) -> None:
    path, warning, timeframe = case
    options = (*STRATEGY, "--data", f"X={path}")
    assert warning in console.ok("run", *options).err
    ran = console.ok("plan", "generate", *options, "--sweep", "entry.lookback_days=1,2", "--json")
    assert warning in ran.err
    assert ran.document["timeframe"] == timeframe
    ran = console.ok("plan", "run", *options, "--sweep", "entry.lookback_days=1,2", "--json")
    assert warning in ran.err
    shown = console.ok("plan", "show", ran.document["run_plan_id"]).out
    assert warning.split(" ", maxsplit=1)[0] in " ".join(shown.split())


def test_a_timeframe_that_is_named_stays(console: Console, tmp_path: Path) -> None:
    path = tmp_path / "weeks.csv"
    lines = (f"{time},{figures}" for time, figures in zip(FILES["weeks"][0], FIGURES, strict=False))
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    options = (*STRATEGY, "--data", f"X={path}", "--timeframe", "daily", "--sweep", "entry.lookback_days=1")
    assert console.json("plan", "generate", *options)["timeframe"] == "daily"


def test_a_zone_that_fits_makes_londons_midnights_daily(console: Console, tmp_path: Path) -> None:
    path = tmp_path / "london.csv"
    lines = (f"{time},{figures}" for time, figures in zip(FILES["london"][0], FIGURES, strict=True))
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    ran = console.ok("data", "check", f"X={path}", "--session-tz", "Europe/London")
    assert (ran.err, "daily, no warnings" in ran.out) == ("", True)
    options = (*STRATEGY, "--data", f"X={path}", "--set", "entry.lookback_days=1")
    fills = [console.json("run", *options, *zone)["fills"] for zone in ((), ("--session-tz", "Europe/London"))]
    assert fills == [2, 4]
