"""A run plan against noise on its screen: begun with a key, stopped, gone on with, and shown."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.sweeps.noise.draws import NoiseDraws
from engine.sweeps.noise.results import NoiseResult
from engine.sweeps.record import lifecycle
from tests.tui.dashboard.driving import dashboard, press, screen_text, toasts
from tests.tui.dashboard.sweeping import STOPPED, WHOLE, StopAfter, other_desk, sweep_in
from tests.tui.dashboard.test_run_plans import until
from tui.dashboard.screens.run_plan import screen

SIZE = (120, 80)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = screen.test_noise

    def few(run_plan_id: Any, tell: Any, desk: Any, watch: Any) -> NoiseResult:
        noise = desk.plans.noise
        monkeypatch.setattr(desk.plans, "noise", lambda *args, **terms: noise(*args, **{**terms, "draws": 9}))
        return whole(run_plan_id, tell, desk, watch)

    monkeypatch.setattr(screen, "test_noise", few)


def noise_in(db: Path) -> NoiseResult | None:
    with other_desk(db) as desk:
        return desk.plans.get(WHOLE).noise


async def test_a_key_runs_it_and_the_page_shows_it(db: Path) -> None:
    sweep_in(db, WHOLE)
    async with dashboard(db, size=SIZE) as (app, pilot):
        await press(app, pilot, "6", "N")
        await until(pilot, lambda: any("p_noise" in said for said in toasts(app)))
        await press(app, pilot, "i")
        found = noise_in(db)
        assert found is not None
        told = rf"p_noise +{found.p_noise:.3f}   on {found.as_good} of 9 shuffles the best did as well"
        await until(pilot, lambda: re.search(told, screen_text(app)) is not None)
        await press(app, pilot, "v")
        await until(pilot, lambda: f"│ the plan's best, {found.best_score:.4f}" in screen_text(app))
        assert "Against noise" in screen_text(app)


async def test_it_is_stopped_and_gone_on_with(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws wait until the key that stops them has been heard."""
    monkeypatch.setattr(lifecycle, "LOOK_EVERY", 0)
    sweep_in(db, WHOLE)
    go_on, best_scores = threading.Event(), NoiseDraws.best_scores

    def waiting(self: NoiseDraws, draws: int, **terms: Any) -> Iterator[float | None]:
        for place, score in enumerate(best_scores(self, draws, **terms)):
            if place == 3:
                assert go_on.wait(30)
                if terms["watch"].stopped():
                    return
            yield score

    monkeypatch.setattr(NoiseDraws, "best_scores", waiting)
    async with dashboard(db, size=SIZE) as (app, pilot):
        await press(app, pilot, "6")
        await pilot.press("N")
        await until(pilot, lambda: "3 of 9 draws against noise" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: any("was asked to stop; N goes on with it" in said for said in toasts(app)))
        go_on.set()
        await until(pilot, lambda: any("stopped after 3 of 9 draws" in said for said in toasts(app)))
        await press(app, pilot, "i")
        await until(pilot, lambda: re.search(r"noise +stopped after 3 of 9 draws", screen_text(app)) is not None)
        await pilot.press("N")
        await until(pilot, lambda: any("p_noise" in said for said in toasts(app)))
    found = noise_in(db)
    assert found is not None
    assert len(found.scores) == 9


async def test_a_plan_that_is_not_complete_is_refused(db: Path) -> None:
    sweep_in(db, STOPPED, watch=StopAfter(2))
    async with dashboard(db, size=SIZE) as (app, pilot):
        await press(app, pilot, "6", "N")
        await until(pilot, lambda: any("is cancelled" in said for said in toasts(app)))
