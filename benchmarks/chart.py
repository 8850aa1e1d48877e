"""Growth curves as an SVG: seconds over bars and over variants, both axes by powers of ten."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _TOP = 400, 300, 62, 36
_COLOURS = ("#1f77b4", "#d62728", "#7f7f7f")
_PANEL = _WIDTH + _LEFT + 24


def chart(curves: Mapping[str, Sequence[Mapping[str, Any]]], names: Mapping[str, str]) -> str:
    """One panel a curve, side by side; `names` are the tools' as shown."""
    every = [seconds for points in curves.values() for each in points for seconds in each["seconds"].values()]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    panels = "\n".join(
        "\n".join(_panel(place * _PANEL, axis, points, (low, high), names))
        for place, (axis, points) in enumerate(curves.items())
    )
    size = f'width="{_PANEL * len(curves)}" height="{_HEIGHT + _TOP + 52}"'
    style = "text{font:12px sans-serif;fill:#555}path{fill:none;stroke-width:2}line{stroke:#9996}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{style}</style>\n{panels}\n</svg>\n'


def _panel(
    left: float, axis: str, points: Sequence[Mapping[str, Any]], decades: tuple[int, int], names: Mapping[str, str]
) -> Iterator[str]:
    low, high = decades
    least, most = (math.log10(points[end][axis]) for end in (0, -1))
    fixed = "variants" if axis == "bars" else "bars"

    def across(value: float) -> float:
        return left + _LEFT + (math.log10(value) - least) / (most - least) * (_WIDTH - 84)

    def down(seconds: float) -> float:
        return _TOP + (high - math.log10(seconds)) / (high - low) * _HEIGHT

    yield f'<text x="{left + _LEFT}" y="16">seconds over {axis}, {points[0][fixed]:,} {fixed}</text>'
    for decade in range(low, high + 1):
        y = down(10.0**decade)
        yield f'<line x1="{left + _LEFT}" x2="{left + _LEFT + _WIDTH - 84}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{left + _LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**decade:g}</text>'
    for each in points:
        x = across(each[axis])
        yield f'<text x="{x:.1f}" y="{_TOP + _HEIGHT + 20}" text-anchor="middle">{_short(each[axis])}</text>'
    for tool, colour in zip(points[0]["seconds"], _COLOURS, strict=False):
        line = " L".join(f"{across(each[axis]):.1f},{down(each['seconds'][tool]):.1f}" for each in points)
        yield f'<path d="M{line}" stroke="{colour}"/>'
        end = points[-1]
        where = f'x="{across(end[axis]) + 6:.1f}" y="{down(end["seconds"][tool]) + 4:.1f}"'
        yield f'<text {where} style="fill:{colour}">{names[tool]}</text>'


def _short(number: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:g}"
