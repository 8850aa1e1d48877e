"""A headless Chromium, driven over its DevTools protocol on the socket that aiohttp opens.

textual-serve brings aiohttp: this needs no further package, and no driver program that has to fit the browser.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WAIT_S = 60
FLAGS = (
    "--headless",
    "--no-sandbox",  # which root, as CI runs, cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_CATCH_THE_TERMINAL = """
// textual.js keeps its terminal to itself: it is caught by the first property that is set on its owner
Object.defineProperty(Object.prototype, "websocket_url", {
  configurable: true,
  set(url) {
    window.owner = this;
    Object.defineProperty(this, "websocket_url", { value: url });
  },
});
window.screenText = () => {
  if (!window.owner) return "";
  const { terminal } = window.owner;
  const lines = Array.from({ length: terminal.rows }, (_, y) => terminal.buffer.active.getLine(y));
  return lines.map((line) => line.translateToString(true)).join("\\n");
};
window.until = (holds, what) =>
  new Promise((done, fail) => {
    const deadline = performance.now() + WAIT_MS;
    const look = () => {
      if (holds()) done(window.screenText());
      else if (performance.now() > deadline) fail(new Error(`never ${what} on\\n${window.screenText()}`));
      else requestAnimationFrame(look);
    };
    look();
  });
""".replace("WAIT_MS", str(1000 * WAIT_S))
_ENTER = 13


class Page:
    """One tab."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self._wire, self._sent = wire, 0
        self.events: list[dict[str, Any]] = []
        """What the browser has told without being asked, as `Network.enable` makes it do"""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol; what it answers."""
        self._sent += 1
        await self._wire.send_json({"id": self._sent, "method": method, "params": parameters})
        while True:
            answer = json.loads(await self._wire.receive_str(timeout=2 * WAIT_S))
            if answer.get("id") == self._sent:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    async def evaluate(self, expression: str) -> Any:
        """What JavaScript makes of it; a promise is waited for."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]["exception"]["description"]
        return answer["result"].get("value")

    async def open(self, address: str, width: int = 1280, height: int = 720) -> None:
        """Go there, with a window of so many pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=_CATCH_THE_TERMINAL)
        await self.call("Page.enable")
        answer = await self.call("Page.navigate", url=address)
        assert "errorText" not in answer, answer
        await self.until("document.readyState === 'complete'")

    async def shows(self, *words: str) -> str:
        """Wait until all of it stands on the terminal; the terminal's text."""
        return await self.until(f"{json.dumps(words)}.every((word) => screenText().includes(word))")

    async def hides(self, word: str) -> str:
        """Wait until it stands there no more; the terminal's text."""
        return await self.until(f"!screenText().includes({json.dumps(word)})")

    async def until(self, condition: str) -> str:
        """Wait until an expression of JavaScript is true; the terminal's text then."""
        return str(await self.evaluate(f"until(() => {condition}, {json.dumps(condition)})"))

    async def type(self, text: str) -> None:
        """Type it."""
        for character in text:
            code = ord(character.upper()) if character.isalnum() else 0  # the codes of others are not their own
            await self._key(character, code, character)

    async def enter(self) -> None:
        """Press Enter."""
        await self._key("Enter", _ENTER, "\r")

    async def picture(self) -> bytes:
        """What can be seen, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def _key(self, key: str, code: int, text: str) -> None:
        down: dict[str, Any] = {"type": "keyDown", "key": key, "windowsVirtualKeyCode": code, "text": text}
        await self.call("Input.dispatchKeyEvent", **down)
        await self.call("Input.dispatchKeyEvent", **{**down, "type": "keyUp", "text": ""})


@asynccontextmanager
async def chromium(room: Path, *flags: str) -> AsyncIterator[Page]:
    """A browser with a profile of its own in `room`, and its one tab."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        *(CHROMIUM, *FLAGS, *flags, f"--user-data-dir={room}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        address = await asyncio.wait_for(_listening_at(process.stderr), WAIT_S)
        drain = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            tabs = await (await session.get(f"http://{address}/json/list")).json()
            url = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with session.ws_connect(url, max_msg_size=0) as wire:
                page = Page(wire)
                yield page
                await page.call("Browser.close")
        await drain
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listening_at(said: asyncio.StreamReader) -> str:
    async for line in said:
        if line.startswith(b"DevTools listening on "):
            return urlsplit(line.split()[-1].decode()).netloc
    raise AssertionError("the browser did not start")
