"""The database away and back: a screen says that it is reading, and reads by itself when the file is there again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.dashboard.driving import Driver, dashboard, press, refreshed, screen_text, settled
from tests.tui.dashboard.sweeping import STOPPED, WHOLE, sweep_in
from tui.dashboard.app import DashboardApp
from tui.dashboard.widgets.pane import READING

SCREENS = {
    "execution": ("2", " outcomes", "No order"),
    "journal": ("3", " events", "No event"),
    "reconciliation": ("4", "13 fills replayed", "never reconciled"),
    "run plans": ("5", "sma_cross", "No run plan"),
    "run plan": ("6", "baseline", "no run plan"),
}


@pytest.fixture
def planned(stocked: Path) -> Path:
    """The stocked account, beside a run plan."""
    sweep_in(stocked, WHOLE, journal="summary")
    return stocked


async def shown(app: DashboardApp, pilot: Driver) -> str:
    """What is on the screen, without the toasts that tell of the outage."""
    app.clear_notifications()
    await settled(app, pilot)
    return screen_text(app)


@pytest.mark.parametrize("name", SCREENS)
async def test_what_could_not_be_read_is_read_when_the_database_is_back(planned: Path, name: str) -> None:
    key, there, none = SCREENS[name]
    async with dashboard(planned) as (app, pilot):
        away = planned.rename(planned.with_name("away.db"))
        await refreshed(app, pilot)
        await press(app, pilot, key)
        text = await shown(app, pilot)
        assert READING in text
        assert there not in text
        assert none not in text
        away.rename(planned)
        await refreshed(app, pilot)
        assert there in await shown(app, pilot)
        assert READING not in await shown(app, pilot)
        assert none != "never reconciled" or none in await shown(app, pilot)


async def test_what_was_read_before_is_shown_on_and_comes_up_to_date(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        for key, _, _ in SCREENS.values():
            await press(app, pilot, key)
        away = planned.rename(planned.with_name("away.db"))
        for key, there, _ in SCREENS.values():
            await press(app, pilot, key)
            await refreshed(app, pilot)
            assert "STALE" in await shown(app, pilot)
            assert there in await shown(app, pilot)
        away.rename(planned)
        sweep_in(planned, STOPPED, {"entry.fast_period": [7]}, journal="summary")
        await press(app, pilot, "5")
        await refreshed(app, pilot)
        assert "2 run plans" in await shown(app, pilot)


async def test_another_filter_in_an_outage_is_read_afterwards(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "3", "slash", *"nothing at all")
        assert "No event matches" in await shown(app, pilot)
        away = planned.rename(planned.with_name("away.db"))
        await press(app, pilot, "escape")
        assert READING in await shown(app, pilot)
        away.rename(planned)
        await refreshed(app, pilot)
        assert " events" in await shown(app, pilot)


async def test_the_past_of_reconciliations_is_read_after_an_outage(planned: Path) -> None:
    async with dashboard(planned) as (app, pilot):
        await press(app, pilot, "4")
        away = planned.rename(planned.with_name("away.db"))
        await press(app, pilot, "p")
        assert READING in await shown(app, pilot)
        away.rename(planned)
        await refreshed(app, pilot)
        assert "never reconciled and never reset" in await shown(app, pilot)
