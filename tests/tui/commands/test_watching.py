"""Long work: a bar on a terminal that goes away again, and a clean end at Ctrl-C."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.tui.console import Console
from tui.__main__ import main
from tui.commands import progress
from tui.commands.progress import Watched, on_signals, watching

SMA_GOOG = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")


class Terminal(io.StringIO):
    """A terminal's stderr."""

    def isatty(self) -> bool:
        return True


def put_up(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch, patience: float = 0.0) -> None:
    """Make it stderr; not in a fixture, since pytest puts its own back between setting up and calling a test."""
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")


def test_a_bar_is_shown_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    put_up(screen := Terminal(), monkeypatch)
    with watching("reading [b]") as watch:
        watch.advance(1, 2)
        watch.advance(2, 2)
    shown = screen.getvalue()
    assert "reading [b]" in shown
    assert shown.endswith("\x1b[1A\x1b[2K")
    assert "\x1b[?25" not in shown  # the cursor was never hidden: no ending can leave it so


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    put_up(screen := Terminal(), monkeypatch, patience=60.0)
    with watching("reading") as watch:
        watch.advance(1, 2)
    assert screen.getvalue() == ""


def test_no_bar_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    put_up(elsewhere := io.StringIO(), monkeypatch)
    with watching("reading") as watch:
        watch.advance(1, 2)
    assert elsewhere.getvalue() == ""


def test_the_first_signal_asks_the_second_ends() -> None:
    asked: list[str] = []
    before = signal.getsignal(signal.SIGINT)

    def twice() -> None:
        with on_signals(lambda: asked.append("stop")):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert asked == ["stop"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_hang_up_that_follows_is_nobody_who_insists() -> None:
    asked: list[str] = []
    with on_signals(lambda: asked.append("stop"), lambda: asked.append("again")):
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.raise_signal(number)
    assert asked == ["stop", "again", "again"]


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with on_signals(lambda: pytest.fail("nobody asked")):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_thread_may_watch_too() -> None:
    seen: list[bool] = []

    def work() -> None:
        with watching("reading") as watch:
            seen.append(watch.stopped())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ctrl-C is pressed in the middle of a run, while the list is not empty."""
    left = [1]
    advance = Watched.advance

    def pressed(self: Watched, done: int, total: int) -> None:
        advance(self, done, total)
        if left and total < 10_000 and done > total / 2:  # the run's ticks, not the file's bytes
            left.pop()
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Watched, "advance", pressed)
    return left


def test_a_closed_world_that_is_stopped_leaves_nothing(console: Console, stops: list[int]) -> None:
    ran = console.run("run", *SMA_GOOG, "--json")
    assert (ran.code, ran.document["error_code"]) == (1, "CANCELLED")
    assert stops == []
    assert console.json("workspace", "list") == []


def test_an_onward_run_that_is_stopped_goes_on(console: Console, stops: list[int]) -> None:
    console.ok("workspace", "create", "whole")
    stops.clear()
    console.ok("run", "-w", "whole", *SMA_GOOG)
    console.ok("workspace", "create", "stopped")
    stops.append(1)
    ran = console.run("run", "-w", "stopped", *SMA_GOOG)
    assert ran.code == 1
    said, error = ran.err.splitlines()
    assert said == "stopping after the step under way; Ctrl-C again ends it at once"
    assert error.startswith("error CANCELLED: the run was stopped")
    some = console.json("trades", "-w", "stopped")
    console.ok("run", "-w", "stopped", *SMA_GOOG)
    whole = console.json("trades", "-w", "whole")
    assert 0 < len(some) < len(whole)
    assert console.json("trades", "-w", "stopped") == whole
    assert console.json("reconcile", "-w", "stopped")["drift"] == {}


def test_a_stop_before_there_is_a_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def pressed(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.commands.app.run_command", pressed)
    assert main() == 1
    assert capsys.readouterr().err == "error CANCELLED: stopped\n"


def on_a_terminal(console: Console, *arguments: str, columns: int = 80) -> tuple[int, str]:
    """Run a command on a terminal of its own; its exit code and all it showed."""
    keyboard, screen = pty.openpty()
    environment = {**console.environment(), "TERM": "xterm-256color", "COLUMNS": str(columns)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", *arguments],
        cwd=console.home,
        env=environment,
        stdin=screen,
        stdout=screen,
        stderr=screen,
    )
    os.close(screen)
    shown = b""
    try:
        while block := os.read(keyboard, 65536):
            shown += block
    except OSError:  # the other end is closed: Linux says so with EIO
        pass
    os.close(keyboard)
    return process.wait(timeout=60), shown.decode()


def test_colour_on_a_terminal_unless_told_otherwise(console: Console) -> None:
    console.buy("IBM", 10, 100)
    console.ok("mark", "IBM", 90)
    code, shown = on_a_terminal(console, "positions")
    assert code == 0
    assert "\x1b[31m-100.00\x1b[0m" in shown.replace("   ", "")
    console.extra["NO_COLOR"] = "1"
    assert "\x1b" not in on_a_terminal(console, "positions")[1]
    assert "\x1b" not in on_a_terminal(console, "--help")[1]


def test_a_wide_terminal_shows_more(console: Console) -> None:
    console.buy("IBM", 10, 100)
    narrow, wide = (on_a_terminal(console, "events", columns=columns)[1] for columns in (60, 160))
    assert max(map(len, narrow.splitlines())) <= 60
    assert max(map(len, wide.splitlines())) > 80


def test_the_chart_takes_the_terminals_width(console: Console) -> None:
    console.ok("run", "-w", "default", *SMA_GOOG)
    _, shown = on_a_terminal(console, "equity", columns=120)
    assert "\x1b[" in shown
    console.extra["NO_COLOR"] = "1"
    chart = [line for line in on_a_terminal(console, "equity", columns=120)[1].splitlines() if "│" in line]
    assert {len(line) for line in chart} <= {119, 120}


def test_output_for_a_terminal_that_knows_ascii_alone(console: Console, tmp_path: Path) -> None:
    console.ok("run", "-w", "default", *SMA_GOOG)
    console.extra |= {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for command in ("equity", "trades", "demo"):
        ran = console.spawn(command)
        assert (ran.code, ran.out.isascii()) == (0, True)
        assert "\\u" not in ran.out
