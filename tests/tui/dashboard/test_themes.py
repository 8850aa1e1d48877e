"""The colours of every theme that is offered can be read wherever they stand: 4.5 to 1, as WCAG 2.1 AA asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from tests.tui.dashboard.driving import World, dashboard, press, screen_text, settled
from tui.dashboard.app import DashboardApp
from tui.dashboard.colours import DARK, DIM, LIGHT, THEMES
from tui.dashboard.registry import SCREENS
from tui.dashboard.widgets.table import DeskTable

READABLE = 4.5
EVERYWHERE = ("foreground", "gain", "loss", "muted")
ON_A_PAGE = ("warning", "error", "success", "accent", "primary", "series-1", "series-2", "series-3", "series-4")


def luminance(colour: Color) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG21/#dfn-relative-luminance."""
    parts = (each / 255 for each in (colour.r, colour.g, colour.b))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def colours(theme: Theme) -> dict[str, Color]:
    named = {**theme.to_color_system().generate(), **theme.variables}
    return {name: Color.parse(value) for name, value in named.items() if value.startswith("#")}


@pytest.mark.parametrize("theme", THEMES, ids=[theme.name for theme in THEMES])
def test_every_colour_can_be_read_on_what_it_stands_on(theme: Theme) -> None:
    named = colours(theme)
    pages, headers = ("background", "panel", "surface"), ("reducing", "halted")
    pairs = [(text, ground) for text in EVERYWHERE for ground in (*pages, *headers)]
    pairs += [(text, ground) for text in ON_A_PAGE for ground in pages]
    pairs += [("foreground", "field"), ("error", "field"), ("block-cursor-foreground", "block-cursor-background")]
    found = {pair: contrast(*(named[name] for name in pair)) for pair in pairs}
    dimmed = {
        ("dim", ground): contrast(named[ground].blend(named["foreground"], DIM), named[ground]) for ground in pages
    }
    assert {pair: round(ratio, 2) for pair, ratio in (found | dimmed).items() if ratio < READABLE} == {}


async def test_ours_are_the_themes_that_are_offered(stocked: Path) -> None:
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        assert list(app.available_themes) == [theme.name for theme in THEMES]
        await press(app, pilot, "ctrl+p", *"theme", "enter")
        await settled(app, pilot)
        assert all(theme.name in screen_text(app) for theme in THEMES)


async def test_a_theme_that_is_no_longer_offered_gives_way(stocked: Path) -> None:
    world = World.of(stocked)
    world.surroundings.prefs.write_text('{"theme": {"name": "gone"}}')
    async with dashboard(world) as (app, _):
        assert app.theme == DARK


def drawn(app: DashboardApp) -> set[str]:
    """Every colour of a text on the screen."""
    lines = app.screen._compositor.render_strips()
    styles = [segment.style for line in lines for segment in line if segment.style and segment.text.strip()]
    return {style.color.name for style in styles if style.color is not None}


async def test_another_theme_leaves_no_colour_of_the_one_before_on_any_screen(stocked: Path) -> None:
    """On the screen that is shown and on those that were shown before."""
    dark, light = (set(theme.variables.values()) for theme in THEMES[:2])
    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        for screen in SCREENS:
            await press(app, pilot, screen.key)
            assert drawn(app) & dark
        await press(app, pilot, "1")
        app.theme = LIGHT
        for screen in SCREENS:
            await press(app, pilot, screen.key)
            await settled(app, pilot)
            assert drawn(app) & (dark - light) == set(), screen.name
            assert drawn(app) & light


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)], ids=["60x15", "80x24", "120x40"])
async def test_the_line_of_keys_never_loses_help_and_quit(stocked: Path, size: tuple[int, int]) -> None:
    async with dashboard(stocked, size=size) as (app, pilot):
        for screen in SCREENS:
            await press(app, pilot, screen.key)
            await settled(app, pilot)
            assert screen_text(app).splitlines()[-1].endswith(" ^p palette  ? keys  q quit"), screen.name


async def test_open_is_offered_where_it_opens(stocked: Path) -> None:
    def offered() -> bool:
        return "open" in screen_text(app).splitlines()[-1]

    async with dashboard(stocked, size=(120, 40)) as (app, pilot):
        await settled(app, pilot)
        assert offered()
        await press(app, pilot, "4")
        await settled(app, pilot)
        table = app.screen.query_one("#reconciliation-table", DeskTable)
        for row, field in enumerate(table.items):
            table.move_cursor(row=row)
            await settled(app, pilot)
            assert offered() == (field.thing in {"GOOG", "IBM"}), field.thing
