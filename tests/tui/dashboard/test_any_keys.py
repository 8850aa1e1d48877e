"""Any keys and any sizes, over the demo's database: nothing of it ends the dashboard but leaving it.

`PAPERTAPE_KEYS_SEED=7 PAPERTAPE_KEYS=20000` before pytest: other keys, and more. A failure prints its seed.
"""

from __future__ import annotations

import os
import random
import time
from collections import deque
from pathlib import Path

import pytest

from docs.screenshots.dashboard import demo_database
from tests.tui.dashboard.driving import Driver, World, settled
from tests.tui.dashboard.test_bursts import burst
from tui.dashboard import registry
from tui.dashboard.app import DashboardApp

SEED = int(os.environ.get("PAPERTAPE_KEYS_SEED", "20240301"))
KEYS = int(os.environ.get("PAPERTAPE_KEYS", "300"))
"""So many take a quarter of a minute."""

SCREENS = tuple(entry.key for entry in registry.SCREENS)
LETTERS = tuple("abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789")
SIGNS = ("space", "slash", "full_stop", "comma", "question_mark", "plus", "minus", "left_square_bracket", "equals_sign")
MOVES = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "shift+tab", "enter", "escape")
OTHERS = ("backspace", "delete", "ctrl+p", "ctrl+s", "ctrl+o", "ctrl+u", "ctrl+home", "ctrl+end", "ctrl+f", "f1")
LEAVES = ("q", "ctrl+q", "ctrl+c")
KINDS = (SCREENS, LETTERS, SIGNS, MOVES, OTHERS, LEAVES)
WEIGHTS = (15, 35, 8, 35, 8, 0.3)
MOST_AT_ONCE = 5


class Monkey:
    """Types into one dashboard after the other, until it has typed all its keys."""

    def __init__(self, seed: int, keys: int) -> None:
        self._random, self.left = random.Random(seed), keys
        self.typed: deque[str] = deque(maxlen=40)
        """The last of them"""

    async def type(self, app: DashboardApp, pilot: Driver) -> None:
        """Until a key has left the dashboard, or all were typed."""
        await settled(app, pilot)
        while self.left > 0 and app.is_running and not app._exit:
            if self._random.random() < 0.05:
                size = self._random.randint(1, 200), self._random.randint(1, 60)
                self.typed.append(f"{size[0]}x{size[1]}")
                await pilot.resize_terminal(*size)
            keys = [self._key() for _ in range(self._random.randint(1, MOST_AT_ONCE))]
            self.left -= len(keys)
            self.typed += keys
            burst(app, *keys)
            await (settled(app, pilot) if self._random.random() < 0.7 else pilot.pause(0))
            assert app.crash is None

    def _key(self) -> str:
        (kind,) = self._random.choices(KINDS, WEIGHTS)
        return self._random.choice(kind)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_database(tmp_path_factory.mktemp("demo"))


async def test_no_key_ends_the_dashboard(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # what is exported goes there
    monkey, began = Monkey(SEED, KEYS), time.monotonic()
    try:
        while monkey.left > 0:
            world = World.of(demo, tmp_path / "prefs.json")
            app = world.app("demo")
            try:
                async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
                    await monkey.type(app, pilot)
            finally:
                app.close()
            assert app.crash is None
            assert app.failure is None
    except BaseException:
        print(f"PAPERTAPE_KEYS_SEED={SEED}, {monkey.left} of {KEYS} keys left, the last: {' '.join(monkey.typed)}")
        raise
    print(f"PAPERTAPE_KEYS_SEED={SEED}: {KEYS} keys in {time.monotonic() - began:.0f} s")
