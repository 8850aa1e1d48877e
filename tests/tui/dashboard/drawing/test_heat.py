"""A map shows every cell: by colour, with figures where there is room, by shade without colour."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tui.dashboard.colours import THEMES, Palette, luminance, rgb
from tui.dashboard.drawing.heat import NOTHING, SHADES, Heat, Inks
from tui.dashboard.drawing.ramp import LEVELS, Ramp, Scale

THEME = THEMES[0]
PALETTE = Palette(THEME.variables["gain"], THEME.variables["loss"], THEME.variables["muted"], THEME.primary, ())
RAMP = Ramp.of(PALETTE, THEME.background or "", THEME.foreground or "")
INKS = Inks(THEME.foreground or "", THEME.panel or "", PALETTE.muted)
PLAIN = Inks("", "", "", coloured=False)


def heat(values: np.ndarray, **others: object) -> Heat:
    rows, columns = values.shape
    names = [str(row) for row in range(rows)], [str(column) for column in range(columns)]
    at = np.argwhere(np.ones(values.shape, bool))
    return Heat(at, values.ravel(), *names, Scale.over(values), **others)  # type: ignore[arg-type]


def colours_in(text: Text) -> set[str]:
    """Every colour that some span has, as ink or as ground."""
    return {word for span in text.spans for word in str(span.style).split() if word.startswith("#")}


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 55)])
def test_five_thousand_cells_at_once(width: int, height: int) -> None:
    """From 120 columns on each of 50 by 100 cells has a place of its own."""
    values = np.arange(5000, dtype=float).reshape(50, 100)
    map_ = heat(values)
    layout = map_.laid_out(width, height)
    lines = map_.text(layout, (49, 99), RAMP, INKS).plain.split("\n")
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    if width >= 120:
        assert (layout.across, layout.down) == (1, 1)
    corners = {layout.cell_at(x, y, values.shape) for x in range(width) for y in range(height)} - {None}
    assert len(corners) >= 5000 / (layout.across * layout.down) / 2  # two half rows share a line of the screen


def test_a_figure_stands_in_every_cell_that_has_room() -> None:
    values = np.array([[1.0, -2.0], [0.5, math.nan]])
    shown = {(0, 0): "1.00", (0, 1): "-2.00", (1, 0): "0.50"}
    map_ = heat(values, shown=shown, marks={(0, 0): "◆"})
    page = map_.text(map_.laid_out(60, 12), (1, 0), RAMP, INKS).plain
    assert "◆1.00" in page
    assert all(figure in page for figure in shown.values())
    assert "[" in page


def test_the_cursor_is_seen_where_cells_are_too_small_for_brackets() -> None:
    map_ = heat(np.zeros((60, 90)))
    layout = map_.laid_out(100, 40)
    page = map_.text(layout, (7, 11), RAMP, INKS)
    assert INKS.foreground in colours_in(page)
    assert {"7", "11"} <= {page.plain[span.start : span.end].strip() for span in page.spans if span.style == "bold"}


def test_neighbours_that_share_a_place_show_the_best_among_them() -> None:
    values = np.zeros((400, 400))
    values[301, 77] = 1.0
    map_ = heat(values)
    page = map_.text(map_.laid_out(60, 20), (0, 0), RAMP, INKS)
    assert RAMP.colours[-1] in colours_in(page)


def test_a_huge_sweep_of_which_a_part_was_run_is_drawn_from_its_figures_alone() -> None:
    names = [str(place) for place in range(100_000)]
    map_ = Heat(np.array([[3, 99_999]]), np.array([1.0]), names, names, Scale(0.0, 0.5, 1.0))
    page = map_.text(map_.laid_out(80, 24), (0, 0), RAMP, INKS)
    assert RAMP.colours[-1] in colours_in(page)


def test_without_colour_a_cell_is_a_shade_and_a_missing_one_a_dot() -> None:
    values = np.array([[0.0, 1.0, 2.0, 3.0, math.nan]])
    map_ = heat(values)
    page = map_.text(map_.laid_out(40, 6, coloured=False), (0, 0), RAMP, PLAIN)
    assert set(SHADES) | {NOTHING} <= set(page.plain)
    assert not colours_in(page)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=40), st.sampled_from([1, -1]))
def test_a_better_figure_never_has_a_worse_level(figures: list[float], better: int) -> None:
    values = np.array(figures)
    levels = Scale.over(values, better).levels(values)
    order = np.argsort(values * better, kind="stable")
    assert (np.diff(levels[order]) >= 0).all()
    assert levels.min() >= 0
    assert levels.max() < LEVELS


def test_zero_is_the_middle_where_there_are_gains_and_losses() -> None:
    scale = Scale.over(np.array([-1.0, 0.0, 50.0, np.nan]))
    assert scale.levels(np.array([-1.0, 0.0, 50.0, np.nan])).tolist() == [0, LEVELS // 2, LEVELS - 1, -1]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("better", [1, 0])
def test_figures_can_be_read_on_every_colour_of_every_theme(theme: object, better: int) -> None:
    named = theme.variables  # type: ignore[attr-defined]
    palette = Palette(named["gain"], named["loss"], named["muted"], theme.primary, ())  # type: ignore[attr-defined]
    ramp = Ramp.of(palette, theme.background, theme.foreground, better)  # type: ignore[attr-defined]
    for colour, ink in zip(ramp.colours, ramp.inks, strict=True):
        light, dark = sorted((luminance(rgb(colour)), luminance(rgb(ink))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
