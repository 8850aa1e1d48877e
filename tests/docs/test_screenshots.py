"""A screenshot shows what its commands print today."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from pathlib import Path

import pytest

from docs.screenshots import dashboard as screens
from docs.screenshots import make
from tests.docs.console import alike
from tests.tui.dashboard.driving import without_tabs

_SHORT_ID = re.compile(r"(?<!\.)\b[0-9a-f]{8}\b(-[0-9a-f]+)*")
_TOOK = re.compile(r"\d+\.\d\d s\b")
_WHEN = re.compile(r"(?<![-\d])\d\d-\d\d \d\d:\d\d\b")  # by the wall clock, and in the year that it is
_AROUND_A_DIALOG = re.compile(r"^[^│┃]*([│┃].*[│┃])[^│┃]*$")
_TEXT = re.compile(r'<text[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')


def lines_of(picture: str) -> list[str]:
    """The text of a picture, line by line, each part in its place."""
    rows: defaultdict[float, list[tuple[float, str]]] = defaultdict(list)
    for x, y, text in _TEXT.findall(picture):
        rows[float(y)].append((float(x), html.unescape(text).replace("\xa0", " ").strip("\n")))
    return [alike(" ".join(text for _, text in sorted(rows[y]))) for y in sorted(rows)]


@pytest.mark.parametrize("shot", make.SHOTS, ids=lambda shot: shot.name)
def test_a_screenshot_is_fresh(shot: make.Shot) -> None:
    kept = (make.HERE / f"{shot.name}.svg").read_text(encoding="utf-8")
    assert lines_of(kept) == lines_of(make.draw(shot)), "python -m docs.screenshots.make draws it anew"
    assert any("papertape" in line for line in lines_of(kept))


def test_every_screenshot_of_the_dashboard_is_shown_and_drawn() -> None:
    page = (make.ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"screenshots/([\w-]+)\.svg", page))
    assert shown == {screen.name for screen in screens.SCREENS}
    assert {path.stem for path in make.HERE.glob("dashboard-*.svg")} == shown


def test_a_screenshot_loads_nothing_from_elsewhere() -> None:
    for picture in make.HERE.glob("*.svg"):
        assert set(re.findall(r"https?://[^\"' )]+", picture.read_text(encoding="utf-8"))) == {
            "http://www.w3.org/2000/svg"
        }


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return screens.demo_database(tmp_path_factory.mktemp("demo"))


@pytest.mark.parametrize("screen", screens.SCREENS, ids=lambda screen: screen.name)
async def test_a_screenshot_of_the_dashboard_is_fresh(screen: screens.Screen, demo: Path) -> None:
    kept = (make.HERE / f"{screen.name}.svg").read_text(encoding="utf-8")
    now = await screens.draw(screen, demo)
    assert of_any_run(kept) == of_any_run(now), "python -m docs.screenshots.dashboard draws it anew"


def of_any_run(picture: str) -> list[str]:
    """The text without tabs, run plans' ids and how long they took, nor what is left of ids beside a dialog."""
    lines = (_AROUND_A_DIALOG.sub(r"\1", without_tabs(line)) for line in lines_of(picture))
    return [_WHEN.sub("<when>", _TOOK.sub("<took>", _SHORT_ID.sub("<id>", line))) for line in lines]
