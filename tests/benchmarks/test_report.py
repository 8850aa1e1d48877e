from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from benchmarks import report, sweeps
from benchmarks.chart import chart


def tool(best_s: float, compared: int = 100) -> dict[str, Any]:
    return {
        "best_s": best_s,
        "median_s": best_s * 2,
        "cold_s": 1.25,
        "peak_mb": 1234.0,
        "compared": compared,
        "versions": {"a-tool": "9.8.7"},
    }


def agreement(*, holds: bool) -> dict[str, Any]:
    return {"compared": 5, "trades": 40, "counts_differ": 0 if holds else 2, "worst_equity": 6e-8, "holds": holds}


def owed(**more: Any) -> dict[str, Any]:
    return {
        "what": "the call",
        "work": "so many bars",
        "variants": 100,
        "best_s": 0.08,
        "median_s": 0.09,
        "first_s": 0.5,
        "import_s": 0.3,
        "peak_mb": 200.0,
        "most_s": 0.1,
        "rate": None,
        "least_rate": None,
        "unit": "",
    } | more


CURVES = {
    "bars": [
        {"bars": n, "variants": 100, "seconds": {"papertape": n / 1e7, "vectorbt": n / 1e5}} for n in (1000, 10**6)
    ],
    "variants": [
        {"bars": 500, "variants": n, "seconds": {"papertape": n / 1e5, "vectorbt": n / 1e3}} for n in (10, 99)
    ],
}
FOUND: dict[str, Any] = {
    "machine": {"date": "2026-01-02", "python": "3.11", "system": "Linux", "processor": "P", "cores": 2, "load": 0.1},
    "beside": [
        {
            "work": "1,000,000 one-minute bars",
            "variants": 100,
            "tools": {"papertape": tool(0.1), "vectorbt": tool(12.3), "backtesting": tool(456.0, compared=5)},
            "agreement": {"vectorbt": agreement(holds=True), "backtesting": agreement(holds=True)},
        }
    ],
    "owed": [
        owed(),
        owed(most_s=0.05, what="a slow call"),
        owed(unit="events/s", rate=150_000.0, least_rate=100_000.0, most_s=None, what="written", variants=None),
        owed(unit="bar-variants/s", rate=2e8, least_rate=3e8, most_s=None, what="swept"),
        owed(most_s=None, what="alone"),
    ],
    "cold": [
        {
            "what": "the first",
            "work": "so many bars",
            "variants": 100,
            "never_compiled": {"import_s": 0.3, "first_s": 2.5},
            "kept": {"import_s": 0.3, "first_s": 0.4},
        }
    ],
    "commands": [
        {
            "name": "so many bars",
            "variants": 100,
            "seconds": [1.2, 0.8],
            "cpu_seconds": [1.0, 0.8],
            "peak_mb": 99.0,
            "csv_mb": 59.0,
            "stages": {"start": 0.5, "data": 0.3},
            "most_s": 1.0,
        }
    ],
    "curves": CURVES,
    "curves_sampled": {"vectorbt": 3},
}


def row(text: str, beginning: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {beginning}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_ratios_come_first_and_what_is_extrapolated_says_so() -> None:
    cells = row(report.markdown(FOUND), "1,000,000 one-minute bars, 100 variants")
    assert cells[1:] == ["**120 x**", "**4,600 x**", "100 ms", "12.3 s", "456 s (extrapolated from 5 variants)"]


def test_targets_stand_beside_what_was_measured() -> None:
    text = report.markdown(FOUND)
    assert row(text, "the call")[1:] == ["100 ms", "80 ms", "90 ms", "met", "200 MB"]
    assert row(text, "a slow call")[4] == "**missed**"
    assert row(text, "written")[1:5] == ["100,000 events/s", "150,000 events/s", "90 ms", "met"]
    assert row(text, "swept")[1:5] == [
        "300 million bar-variants/s",
        "200 million bar-variants/s",
        "90 ms",
        "**missed**",
    ]
    assert row(text, "alone")[1:5] == ["", "80 ms", "90 ms", ""]
    assert row(text, "the first: so many bars, 100 variants")[1:] == ["2.5 s", "400 ms", "300 ms"]
    assert "a-tool 9.8.7" in text
    assert "2026-01-02" in text


def test_tables_have_as_many_cells_as_heads() -> None:
    width = None
    for line in report.markdown(FOUND).splitlines():
        cells = line.count("|") if line.startswith("|") else None
        if cells is None or width is None:
            width = cells
        assert cells == width


def test_a_curve_says_from_how_many_variants_it_was_scaled() -> None:
    text = report.markdown(FOUND)
    assert text.count("| bars | papertape | vectorbt (extrapolated from 3 variants) |") == 1
    assert row(text, "1,000,000 |")[1:] == ["100 ms", "10 s"]


def test_without_rivals_or_curves_there_are_no_tables_of_them() -> None:
    alone = copy.deepcopy(FOUND)
    del alone["curves"]
    alone["beside"][0]["tools"] = {"papertape": tool(0.1)}
    alone["beside"][0]["agreement"] = {}
    text = report.markdown(alone)
    assert "Beside" not in text
    assert "Growth" not in text
    assert sweeps._verdict(alone) == 0


def test_a_disagreement_is_an_exit_code_and_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert sweeps._verdict(FOUND) == 0
    wrong = copy.deepcopy(FOUND)
    wrong["beside"][0]["agreement"]["vectorbt"] = agreement(holds=False)
    assert sweeps._verdict(wrong) == 1
    assert "error: vectorbt on 1,000,000 one-minute bars: 2 of 5 trade counts differ" in capsys.readouterr().err


def test_the_page_keeps_what_is_around_the_markers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "CHART", tmp_path / "chart.svg")
    report.write_docs(FOUND)
    report.write_docs(FOUND)
    text = page.read_text(encoding="utf-8")
    assert text == f"before\n{report.BEGIN}\n\n{report.markdown(FOUND)}\n\n{report.END}\nafter\n"
    assert (tmp_path / "chart.svg").is_file()


def test_the_chart_draws_every_tool_over_both_axes_rising_upwards() -> None:
    picture = ET.fromstring(chart(CURVES, report.NAMES))
    space = "{http://www.w3.org/2000/svg}"
    paths = [path.get("d", "") for path in picture.iter(f"{space}path")]
    assert len(paths) == 4
    for path in paths:
        points = [tuple(map(float, point.split(","))) for point in path.removeprefix("M").split(" L")]
        assert points[0][0] < points[1][0]
        assert points[0][1] > points[1][1]
    texts = [text.text for text in picture.iter(f"{space}text")]
    assert texts.count("papertape") == texts.count("vectorbt") == 2
    assert {"1M", "1k", "0.1"} <= set(texts)


def test_the_page_in_the_docs_has_its_markers() -> None:
    text = report.PAGE.read_text(encoding="utf-8")
    assert text.index(report.BEGIN) < text.index(report.END)
