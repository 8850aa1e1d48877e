"""A database that cannot be written: the dashboard shows it, says so, and refuses what would change it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from tests.support.desks import open_test_desk
from tests.tui.dashboard.driving import dashboard, press, screen_text, settled, toasts


async def test_every_screen_shows_it_and_a_sale_is_refused(stocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stocked.read_bytes()
    monkeypatch.setattr("storage.sqlite.connection.opening.may_write", lambda _: False)
    async with dashboard(stocked) as (app, pilot):
        assert "is read-only" in toasts(app)[0].replace("\n", " ")
        for key in "1234567":
            await press(app, pilot, key)
        assert app.live.fault is None
        await press(app, pilot, "1")
        assert "GOOG" in screen_text(app)
        await press(app, pilot, "c", "enter")
        problem = str(app.screen.query_one("#problem", Static).render())
        assert "error DATABASE_ERROR" in problem
        assert "is read-only" in problem.replace("\n", " ")
        await press(app, pilot, "escape")
        await settled(app, pilot)
    assert stocked.read_bytes() == before
    assert sorted(each.name for each in stocked.parent.glob("desk.db*")) == ["desk.db"]


async def test_another_account_is_shown_where_default_was_never_made(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_test_desk(db) as desk:
        desk.accounts.create("other", 5_000.0)
    monkeypatch.setattr("storage.sqlite.connection.opening.may_write", lambda _: False)
    async with dashboard(db) as (app, _):
        assert app.live.fault is None
        assert "other" in screen_text(app).splitlines()[1]
