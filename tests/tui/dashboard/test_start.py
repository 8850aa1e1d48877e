"""`papertape` alone: the dashboard on a terminal, the help without one; and nothing heavy before it is wanted."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

LATE = ("pydantic", "numpy", "sqlalchemy", "sqlmodel", "pandas", "plotext", "alembic")
FIRST_FRAME = (
    "import json, sys; import tui.commands.app, tui.dashboard.app; from tui.dashboard.registry import SCREENS;"
    f" SCREENS[0].load(); print(json.dumps([name for name in {LATE!r} if name in sys.modules]))"
)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[3])}


def test_the_first_frame_waits_for_nothing_heavy(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == []


def test_without_a_terminal_it_prints_the_help(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tui"],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.startswith("Usage: papertape")
    assert list(tmp_path.iterdir()) == []


def on_a_terminal(home: Path, *arguments: str, keys: bytes, after: bytes) -> tuple[int, bytes]:
    """Run it on a terminal, type when it has shown `after`; its exit code and all that it showed."""
    process, terminal = pty.fork()
    if process == 0:
        program = arguments if arguments[:1] == ("-c",) else ("-m", "tui", *arguments)
        os.execve(sys.executable, [sys.executable, *program], environment(home))
    shown = b""
    while True:
        try:
            block = os.read(terminal, 65_536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        shown += block
        if keys and after in shown:
            os.write(terminal, keys)
            keys = b""
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), shown


@pytest.mark.parametrize("keys", [b"q", b"\x03"], ids=["q", "ctrl-c"])
def test_on_a_terminal_it_opens_and_ends_cleanly(tmp_path: Path, keys: bytes) -> None:
    code, shown = on_a_terminal(tmp_path, "--db", str(tmp_path / "x.db"), keys=keys, after=b"Nothing is held")
    assert code == 0
    assert b"\x1b]2;papertape: default\x07" in shown
    assert shown.rstrip().endswith(b"\x1b[23;2t")
    assert b"Traceback" not in shown


@pytest.mark.parametrize("words", [("demo",), ("demo", "--headless")], ids=" ".join)
def test_the_demo_opens_on_a_terminal_unless_it_is_to_print(tmp_path: Path, words: tuple[str, ...]) -> None:
    database = tmp_path / "x.db"
    for _ in ("first", "again"):
        code, shown = on_a_terminal(tmp_path, *words, "--db", str(database), keys=b"q", after=b"\x1b]2;papertape: demo")
        assert code == 0
        assert (b"\x1b]2;papertape: demo\x07" in shown) is ("--headless" not in words)
        assert (b"Held now" in shown) is ("--headless" in words)
        assert b"Traceback" not in shown


def test_what_it_cannot_open_is_told_as_the_commands_tell_it(tmp_path: Path) -> None:
    code, shown = on_a_terminal(tmp_path, "-w", "nobody", "--db", str(tmp_path / "x.db"), keys=b"", after=b"")
    assert code == 6
    assert b"error WORKSPACE_NOT_FOUND: there is no workspace 'nobody'" in shown


STUCK = """
import sys, threading
from tui.dashboard import app, start

def stuck(self):
    self.run_worker(threading.Event().wait, thread=True)
    self.exit()

app.DashboardApp.on_ready = stuck
start.LEAVING = 0.1
start.open_dashboard(start.Alone())
"""


def test_a_thread_that_cannot_be_stopped_is_not_waited_for(tmp_path: Path) -> None:
    code, shown = on_a_terminal(tmp_path, "-c", STUCK, keys=b"", after=b"")
    assert code == 0
    assert b"plan resume last" in shown


BROKEN = """
import asyncio, sys
from tui.dashboard import app, start

def broken(self, *_):
    {how}

app.DashboardApp.on_ready = broken
try:
    start.open_dashboard(start.Alone())
except Exception as error:
    from tui.shared.failures import as_papertape_error, tell
    sys.exit(tell(as_papertape_error(error), json=False))
"""


@pytest.mark.parametrize(
    "how",
    [
        "self.query_one('#nowhere')",
        "self.run_worker(asyncio.to_thread(self.query_one, '#nowhere'))",
        "self._was_read = lambda _: self.query_one('#nowhere')",
        "self.set_timer(0.001, lambda: self.query_one('#nowhere'))",
        "self.set_interval(0.001, lambda: self.query_one('#nowhere'))",
        "self.screen.set_timer(0.001, lambda: self.query_one('#nowhere'))",
        "self.call_later(self.query_one, '#nowhere')",
        "self.call_after_refresh(self.query_one, '#nowhere')",
    ],
    ids=["in a handler", "in a worker", "of a result", "timer", "interval", "screen's timer", "later", "after refresh"],
)
def test_what_nobody_has_foreseen_is_one_line_with_the_path_of_a_log(tmp_path: Path, how: str) -> None:
    code, shown = on_a_terminal(tmp_path, "-c", BROKEN.replace("{how}", how), keys=b"", after=b"")
    assert code == 1
    assert b"Traceback" not in shown
    (line,) = [line for line in shown.decode().splitlines() if "error INTERNAL" in line]
    assert "NoMatches: No nodes match '#nowhere'" in line
    (log,) = tmp_path.rglob("logs/dashboard-*.log")
    assert line.rstrip().endswith(f"where it went wrong is in {log}")
    written = log.read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in written
    assert "NoMatches" in written
