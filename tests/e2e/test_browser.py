"""The dashboard in a real browser: an order is given in it, and its position is seen. No other site gives one.

python -m tests.e2e.test_browser     draws docs/screenshots/browser.png anew
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from aiohttp.web import Application, Request, Response

from tests.support.browser import CHROMIUM, chromium
from tests.support.web import WAIT_S, Served, environment, web
from tests.tui.console import ROOT

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: Debian's is `apt-get install chromium`")

PICTURE = ROOT / "docs" / "screenshots" / "browser.png"
STRATEGY = ("run", "-w", "default", "--strategy", "rsi_reversion", "--symbol", "GOOG", "--data", "sample:GOOG")


def papertape(home: Path, *arguments: str) -> str:
    """A command, in a process of its own; what it prints."""
    command = [sys.executable, "-m", "tui", *arguments]
    ran = subprocess.run(
        command, cwd=home, env=environment(home), capture_output=True, text=True, check=True, timeout=WAIT_S
    )
    return ran.stdout


async def order_in_the_browser(home: Path, served: Served) -> bytes:
    """Buy 10 IBM on the execution screen, see them on the positions screen: the picture of it."""
    async with chromium(home / "chromium") as page:
        await page.open(served.address)
        await page.shows("default", "cash", "c close  m mark")
        await page.type("2")
        await page.shows("i ticket", "Still to fill in: symbol, amount, price")
        await page.type("i")
        await page.hides("i ticket")
        for entry in ("IBM", "10", "201.50"):
            await page.type(entry)
            await page.enter()
        await page.shows("Would buy", "position", "10", "2,015.00", "not executed yet")
        await page.enter()
        await page.shows("opened: BUY 10 IBM at 201.50", "POSITION_OPENED")
        await page.type("1")
        shown = await page.shows("c close  m mark", "2,015.00")
        row = next(line.split() for line in shown.splitlines() if line.lstrip().startswith("IBM"))
        assert (float(row[1]), row[2:5]) == (10, ["201.50", "201.50", "2,015.00"])
        loaded = await page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
        assert {name.startswith(f"{served.address}/") for name in loaded} == {True}
        assert await page.evaluate("document.fonts.check(\"16px 'Roboto Mono'\")")
        return await page.picture()


async def test_an_order_given_in_the_browser_is_a_position_everywhere(tmp_path: Path) -> None:
    with web(tmp_path) as served:
        picture = await order_in_the_browser(tmp_path, served)
        code, said = served.end()
    assert picture.startswith(b"\x89PNG")
    assert (code, len(said.splitlines())) == (0, 1)
    assert "IBM" in papertape(tmp_path, "positions")
    filled = papertape(tmp_path, "events", "--type", "ORDER_FILLED", "--json").splitlines()
    assert len(filled) == 1


async def test_what_another_process_does_is_seen_and_a_page_that_was_left_opens_again(tmp_path: Path) -> None:
    order = ("execute", "--action", "OPEN_LONG", "--symbol", "GOOG", "--quantity", "3", "--fill-price", "500")
    with web(tmp_path) as served:
        async with chromium(tmp_path / "chromium") as page:
            await page.open(served.address)
            await page.shows("Nothing is held")
            await asyncio.to_thread(papertape, tmp_path, *order)
            await page.shows("1 position", "GOOG", "1,500.00")
            await page.type("q")
            await page.until("getComputedStyle(document.getElementById('ended')).display === 'flex'")
            await page.evaluate("document.getElementById('again').click()")
            await page.shows("1 position", "GOOG", "1,500.00")


OPENS_THE_SOCKET = """new Promise((done) => {
  const wire = new WebSocket("ws://HOST/ws");
  wire.onopen = () => done(true);
  wire.onerror = () => done(false);
})"""
SHOWS_IT_IN_A_FRAME = """new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.onload = done;
  frame.src = "http://HOST/";
  document.body.append(frame);
}).then(() => true)"""


FRAMES_IN_THE_TREE = ("--disable-site-isolation-trials", "--disable-features=IsolateOrigins,site-per-process")
"""A frame of another site has no process of its own, and the protocol tells of it."""


def another_site() -> TestServer:
    """A page of somebody else on this machine: browsers have walls of their own around loopback, and it is inside."""

    async def page(request: Request) -> Response:
        return Response(text="<p>somebody else's</p>", content_type="text/html")

    app = Application()
    app.router.add_get("/", page)
    return TestServer(app)


async def test_no_other_site_reaches_it(tmp_path: Path) -> None:
    """Not with a page of its own, that opens the socket or shows the dashboard; not with a name for this machine."""
    with web(tmp_path) as served:
        own, foreign = f"127.0.0.1:{served.port}", f"evil.example:{served.port}"
        flags = ("--host-resolver-rules=MAP evil.example 127.0.0.1", *FRAMES_IN_THE_TREE)
        async with another_site() as other, chromium(tmp_path / "chromium", *flags) as page:
            await page.open(served.address)
            assert await page.evaluate(OPENS_THE_SOCKET.replace("HOST", own))
            await page.open(f"http://evil.example:{other.port}/")
            assert await page.evaluate("document.body.innerText") == "somebody else's"
            assert not await page.evaluate(OPENS_THE_SOCKET.replace("HOST", own))
            assert await page.evaluate(SHOWS_IT_IN_A_FRAME.replace("HOST", own))
            framed = (await page.call("Page.getFrameTree"))["frameTree"]["childFrames"]
            assert [each["frame"].get("unreachableUrl") for each in framed] == [f"http://{own}/"]
            await page.open(f"http://{foreign}/")
            assert "is not this service's" in await page.evaluate("document.body.innerText")
            for host in (own, foreign):
                assert not await page.evaluate(OPENS_THE_SOCKET.replace("HOST", host))


async def draw() -> bytes:
    """The picture of an account that a strategy has traded for years, after an order in the browser."""
    with tempfile.TemporaryDirectory() as room:
        home = Path(room)
        papertape(home, *STRATEGY)
        with web(home) as served:
            return await order_in_the_browser(home, served)


if __name__ == "__main__":
    PICTURE.write_bytes(asyncio.run(draw()))
