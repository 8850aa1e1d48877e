"""A report in a real browser, as a file: every chart is drawn, nothing is loaded, and no name in it does anything.

python -m tests.e2e.test_report_browser     draws docs/screenshots/report.png anew
"""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from engine.strategies.spec import ExecutionSpec, RiskSpec
from storage.market_files import load_dataset
from storage.samples import sample_path
from tests.support.browser import CHROMIUM, Page, chromium
from tests.support.memory_desks import memory_desk
from tests.tui.console import ROOT
from tests.tui.report.making import NAUGHTY, crowded, named_everywhere, report_of_plan
from tui.report.content import Report
from tui.report.html import as_html
from tui.report.plan import plan_report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: Debian's is `apt-get install chromium`")

PICTURE = ROOT / "docs" / "screenshots" / "report.png"
OFFLINE = ("--proxy-server=127.0.0.1:9", "--disable-features=Translate")
WATCHED = ("Runtime", "Log", "Network")
# of every canvas of a chart, whether anything is on it
INK = """(() => {
  const inked = (canvas) => {
    const { width, height } = canvas;
    if (!width || !height) return false;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, width, height).data.some((part) => part !== 0);
  };
  const canvases = (node) => [...node.querySelectorAll("*")].flatMap((each) => [
    ...(each instanceof HTMLCanvasElement ? [each] : []),
    ...(each.shadowRoot ? canvases(each.shadowRoot) : []),
  ]);
  return Object.fromEntries([...document.querySelectorAll(".chart")].map((chart) =>
    [chart.id, canvases(chart).some(inked)]));
})()"""


async def opened(page: Page, report: Report, room: Path) -> None:
    """The report's file in the tab, with everything watched that it could do, until its charts are drawn."""
    path = room / "report.html"
    path.write_bytes(as_html(report))
    for domain in WATCHED:
        await page.call(f"{domain}.enable")
    await page.open(path.as_uri(), width=1200, height=1600)
    await page.until(f"document.documentElement.dataset.drawn === '{len(report.charts())}'")
    await page.until(f"Object.values({INK}).every((inked) => inked)")


def complaints(page: Page) -> list[Any]:
    """Errors and warnings on the console, exceptions, and what a policy blocked."""
    kinds = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
    said = [event["params"] for event in page.events if event["method"] in kinds]
    return [one for one in said if one.get("type") not in {"log", "info", "debug"}]


def requests(page: Page) -> set[str]:
    """The schemes of all that was asked for."""
    asked = [event["params"] for event in page.events if event["method"] == "Network.requestWillBeSent"]
    return {one["request"]["url"].partition(":")[0] for one in asked}


async def test_every_chart_is_drawn_and_nothing_is_loaded(tmp_path: Path) -> None:
    async with chromium(tmp_path / "chromium", *OFFLINE) as page:
        await opened(page, report_of_plan(), tmp_path)
        drawn = await page.evaluate(INK)
        assert drawn == {chart.key: True for chart in report_of_plan().charts()}
        assert complaints(page) == []
        assert requests(page) <= {"file", "data"}
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_charts_follow_the_mouse_and_the_colours_of_the_screen(tmp_path: Path) -> None:
    async with chromium(tmp_path / "chromium", *OFFLINE) as page:
        await opened(page, report_of_plan(), tmp_path)
        paper = "getComputedStyle(document.documentElement).backgroundColor"
        light = await page.evaluate(paper)
        line = "Bokeh.documents[0].roots()[0].renderers.at(-1).glyph.line_color.value"
        in_light = await page.evaluate(line)
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        await page.call("Emulation.setEmulatedMedia", features=features)
        await page.until(f"{line} !== {json.dumps(in_light)}")
        assert await page.evaluate(paper) != light
        where = await page.evaluate(
            "(() => { const box = document.getElementById('equity-chart').getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        await page.evaluate(f"scrollBy(0, {where[1] - 400})")
        for x in (where[0], where[0] + 3):
            await page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=400)
        tips = "[...document.querySelectorAll('.chart')].map((one) => one.innerText).join()"
        deep = (
            "(function texts(node) { return [...node.childNodes].map((each) => each.nodeType === 3 ? each.data :"
            " texts(each) + (each.shadowRoot ? texts(each.shadowRoot) : '')).join(' '); })"
        )
        await page.until(f"/holding.*\\d,\\d{{3}}\\.\\d\\d/s.test({deep}(document.body)) || {tips}.includes('holding')")
        assert complaints(page) == []


async def test_it_fits_a_telephone_and_prints(tmp_path: Path) -> None:
    async with chromium(tmp_path / "chromium", *OFFLINE) as page:
        await opened(page, report_of_plan(), tmp_path)
        size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
        await page.call("Emulation.setDeviceMetricsOverride", **size)
        await page.until("innerWidth === 360")
        assert await page.evaluate("document.documentElement.scrollWidth <= 360")
        printed = await page.call("Page.printToPDF", printBackground=True)
        assert len(printed["data"]) > 100_000
        assert complaints(page) == []


async def test_a_thousand_hostile_names_do_nothing(tmp_path: Path) -> None:
    names = [f"{bad}{nth}" for nth, bad in zip(range(1000), itertools.cycle(NAUGHTY), strict=False)]
    async with chromium(tmp_path / "chromium", *OFFLINE) as page:
        for report in (crowded(names), named_everywhere("".join(NAUGHTY))):
            await opened(page, report, tmp_path)
            assert await page.evaluate("typeof window.harmed") == "undefined"
            assert await page.evaluate("document.images.length") == 0
        assert complaints(page) == []
        assert requests(page) <= {"file", "data"}


async def test_should_a_name_come_through_the_policy_stops_it(tmp_path: Path) -> None:
    html = as_html(report_of_plan()).replace(b"<main>", f"<main>{''.join(NAUGHTY[:3])}".encode())
    path = tmp_path / "report.html"
    path.write_bytes(html)
    async with chromium(tmp_path / "chromium", *OFFLINE) as page:
        for domain in WATCHED:
            await page.call(f"{domain}.enable")
        await page.open(path.as_uri())
        await page.until("document.documentElement.dataset.drawn !== undefined")
        assert await page.evaluate("typeof window.harmed") == "undefined"
        assert any("Content Security Policy" in json.dumps(one) for one in complaints(page))


def on_real_prices() -> Report:
    """The report of a sweep over the bundled prices."""
    desk, names = memory_desk(), ["GOOG", "IBM"]
    data = load_dataset([(name, sample_path(name)) for name in names], symbols=names)
    spec = ExecutionSpec(strategy_id="sma_cross", symbols=names, risk=RiskSpec(dollars_per_trade=4_000.0))
    sweep = {"entry.fast_period": [5, 10, 15, 20, 25, 30], "entry.slow_period": [40, 60, 80, 100, 120]}
    found = desk.plans.run(spec, data, sweep, slippage_bps=2.0)
    return plan_report(desk, desk.plans.get(found.run_plan_id), lambda _: data)[0]


async def draw() -> bytes:
    """The picture of the top of a report."""
    with tempfile.TemporaryDirectory() as room:
        async with chromium(Path(room) / "chromium", *OFFLINE) as page:
            await opened(page, on_real_prices(), Path(room))
            return await page.picture()


if __name__ == "__main__":
    PICTURE.write_bytes(asyncio.run(draw()))
