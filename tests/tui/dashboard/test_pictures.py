"""A picture of the screen: where it is said to be, or why there is none."""

from __future__ import annotations

from pathlib import Path

from tests.tui.dashboard.driving import dashboard, settled, toasts


async def test_a_picture_is_where_it_is_said_to_be(stocked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Downloads"
    assert not folder.exists()
    async with dashboard(stocked) as (app, pilot):
        app.save_picture()
        while not toasts(app):
            await settled(app, pilot)
        (picture,) = folder.iterdir()
        assert toasts(app) == [f"the picture is {picture}"]
        assert "GOOG" in picture.read_text(encoding="utf-8")


async def test_why_there_is_none_is_told(stocked: Path, tmp_path: Path) -> None:
    (tmp_path / "Downloads").write_text("a file")
    async with dashboard(stocked) as (app, pilot):
        app.save_picture()
        await settled(app, pilot)
        (said,) = toasts(app)
        assert said.startswith("the picture is not saved: ")
        assert "exists" in said
        app._notifications.clear()
        app.deliver_screenshot(path=str(tmp_path / "nowhere"))
        while not toasts(app):
            await settled(app, pilot)
        assert "No such file" in toasts(app)[0]
