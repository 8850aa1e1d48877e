"""Sweeps that are stopped: by Ctrl-C on a terminal, by a kill, by another process; and resumed, anywhere."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tui.console import Console, breakout, write_bars
from tests.tui.probes import Meeting, order, probe

DAYS = ("--sweep", "entry.days=2:5")
LABELS = ["baseline", "days=2", "days=3", "days=4", "days=5", "days=1"]


def without_ids(document: dict[str, Any]) -> dict[str, Any]:
    """A result without what differs from one execution to the next."""
    ours = {"run_plan_id", "duplicate_of", "fail_if"}
    results = [{**each, "workspace_id": None} for each in document["results"]]
    return {**{name: value for name, value in document.items() if name not in ours}, "results": results}


def whole(console: Console, flags: tuple[str, ...]) -> dict[str, Any]:
    """The sweep that nobody stops, in a database of its own."""
    found = console.json("plan", "run", *flags, *DAYS, "--db", console.home / "whole.db")
    assert isinstance(found, dict)
    return without_ids(found)


def check_reconciled(console: Console, document: dict[str, Any]) -> None:
    for each in document["results"]:
        report = console.json("reconcile", "--dry-run", "-w", each["workspace_id"])
        assert (report["drift"], report["errors"]) == ({}, [])
        assert report["cash_after"] == each["metrics"]["ending_equity"]


@pytest.mark.parametrize("mode", ["full", "summary"])
def test_a_killed_sweep_is_interrupted_and_resumed_from_anywhere(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    flags = (*probe(tmp_path), "--journal", mode, "--workers", "1")
    expected = whole(console, flags)
    order(tmp_path, d4="die")
    killed = console.spawn("plan", "run", *flags, *DAYS)
    assert killed.code == -signal.SIGKILL
    (interrupted,) = console.json("plan", "list")
    assert (interrupted["status"], interrupted["variants"]) == ("interrupted", 6)
    assert interrupted["done"] < 4
    shown = console.ok("plan", "show", "last").out
    assert "interrupted" in shown
    assert "not run yet" in shown
    assert f"to resume:  papertape plan resume {interrupted['run_plan_id']}" in shown
    order(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    ran = console.ok("plan", "resume", "last", "--json")
    assert ran.document["run_plan_id"] == interrupted["run_plan_id"]
    assert without_ids(ran.document) == expected
    assert "is a program and runs with your rights" in ran.err
    history = console.ok("plan", "show", "last").out.partition("history")[2]
    assert history.index("started by process") < history.index("resumed by process") < history.index("completed")
    if mode == "full":
        check_reconciled(console, ran.document)
    again = console.run("plan", "resume", "last")
    assert (again.code, again.err.splitlines()[-1][:24]) == (4, "error RUN_NOT_RESUMABLE:")


def test_a_resumed_sweep_may_be_gated_too(console: Console, tmp_path: Path) -> None:
    flags = (*probe(tmp_path, d3="die"), "--workers", "1")
    assert console.spawn("plan", "run", *flags, *DAYS).code == -signal.SIGKILL
    order(tmp_path)
    assert console.run("plan", "resume", "last", "--fail-if", "best.nonsense < 0").code == 2
    ran = console.run("plan", "resume", "last", "--fail-if", "best.trade_count >= 0", "--top", 1)
    assert ran.code == 1
    assert "is true: best.trade_count is " in ran.err
    assert " of 6 variants" in ran.out


@contextmanager
def put_down(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Whatever a test finds, its process does not outlive it."""
    try:
        yield
    finally:
        process.kill()
        process.wait()


def on_its_own_terminal(console: Console, *arguments: object) -> tuple[subprocess.Popen[bytes], int]:
    """A command on a terminal that sends it SIGINT at Ctrl-C; and the keyboard of that terminal."""
    keyboard, screen = pty.openpty()

    def take_terminal() -> None:
        fcntl.ioctl(screen, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "tui", *map(str, arguments)],
        cwd=console.home,
        env={**console.environment(), "TERM": "xterm", "COLUMNS": "80"},
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
        preexec_fn=take_terminal,  # noqa: PLW1509 - there are no threads here
    )
    os.close(screen)
    return process, keyboard


def press_ctrl_c(keyboard: int) -> None:
    """Press it, and wait until the terminal has sent the signal: it shows ^C right after."""
    os.write(keyboard, b"\x03")
    shown = b""
    while b"^C" not in shown:
        shown += os.read(keyboard, 65536)


def read_until(keyboard: int, text: str) -> str:
    shown = b""
    while text.encode() not in shown:
        shown += os.read(keyboard, 65536)
    return shown.decode()


def read_to_end(keyboard: int) -> str:
    shown = b""
    try:
        while block := os.read(keyboard, 65536):
            shown += block
    except OSError:  # the other end is closed: Linux says so with EIO
        pass
    os.close(keyboard)
    return shown.decode()


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(console: Console, tmp_path: Path) -> None:
    flags = (*probe(tmp_path), "--workers", "1")
    expected = whole(console, flags)
    order(tmp_path, d4="meet")
    meeting = Meeting(tmp_path)
    process, keyboard = on_its_own_terminal(console, "plan", "run", *flags, *DAYS)
    with put_down(process):
        meeting.wait()
        press_ctrl_c(keyboard)
        meeting.let_go()
        shown = read_to_end(keyboard)
        assert process.wait(timeout=60) == 1
    (stopped,) = console.json("plan", "list")
    assert (stopped["status"], stopped["variants"]) == ("cancelled", 6)
    assert 3 <= stopped["done"] < 6
    last = shown.strip().splitlines()[-1]
    assert last.startswith(f"error CANCELLED: the run plan was stopped with {stopped['done']} of 6 variants done; ")
    assert last.endswith(f"`papertape plan resume {stopped['run_plan_id']}` goes on")
    assert "Traceback" not in shown
    order(tmp_path)
    assert without_ids(console.json("plan", "resume", "last")) == expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_other_signals_keep_what_is_done_too(console: Console, tmp_path: Path, number: signal.Signals) -> None:
    flags = (*probe(tmp_path, d4="meet"), "--workers", "1")
    meeting = Meeting(tmp_path)
    process, keyboard = on_its_own_terminal(console, "plan", "run", *flags, *DAYS)
    with put_down(process):
        meeting.wait()
        process.send_signal(number)
        shown = read_until(keyboard, "Ctrl-C again ends it at once")
        meeting.let_go()
        shown += read_to_end(keyboard)
        assert process.wait(timeout=60) == 1
    (stopped,) = console.json("plan", "list")
    assert stopped["status"] == "cancelled"
    assert f"error CANCELLED: the run plan was stopped with {stopped['done']} of 6 variants done; " in shown
    assert "\x1b[?25l" not in shown


def heed_ctrl_c() -> None:
    """Whatever the shell of the tests ignores: what it starts in the background it keeps from SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_twice_ends_a_slow_sweep_at_once_and_says_how_to_go_on(console: Console, tmp_path: Path) -> None:
    flags = (*probe(tmp_path), "--workers", "1")
    expected = whole(console, flags)
    order(tmp_path, d4="meet")
    meeting = Meeting(tmp_path)
    process = console.start("plan", "run", *flags, *DAYS, "--json", preexec_fn=heed_ctrl_c)
    with put_down(process):
        meeting.wait()
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        said = process.stderr.readline()
        while "is a program" in said:
            said = process.stderr.readline()
        assert said == "stopping after the step under way; Ctrl-C again ends it at once\n"
        process.send_signal(signal.SIGINT)  # its signals() still waits to be let go
        out, err = process.communicate(timeout=30)
        assert process.returncode == 1
    (stopped,) = console.json("plan", "list")
    document = json.loads(out)
    assert (document["error_code"], document["run_plan_id"]) == ("CANCELLED", stopped["run_plan_id"])
    assert document["hint"] == f"`papertape plan resume {stopped['run_plan_id']}` resumes it"
    assert err == f"error CANCELLED: the run plan was stopped at once; {document['hint']}\n"
    order(tmp_path)
    assert without_ids(console.json("plan", "resume", "last")) == expected


def test_another_process_cancels(console: Console, tmp_path: Path) -> None:
    flags = (*probe(tmp_path, d4="meet"), "--workers", "1")
    meeting = Meeting(tmp_path)
    process = console.start("plan", "run", *flags, *DAYS, "--json")
    with put_down(process):
        meeting.wait()
        (running,) = console.json("plan", "list", "--status", "running")
        refused = console.run("plan", "resume", "last")
        assert (refused.code, "is being executed" in refused.err) == (4, True)
        asked = console.json("plan", "cancel", running["run_plan_id"][:8])
        assert asked == {"success": True, "run_plan_id": running["run_plan_id"], "status": "running"}
        meeting.let_go()
        out, err = process.communicate(timeout=60)
        assert process.returncode == 1
    document = json.loads(out)
    assert (document["success"], document["error_code"], document["status"]) == (False, "CANCELLED", "cancelled")
    assert [each["label"] for each in document["results"]] == LABELS
    assert "pending" in {each["status"] for each in document["results"]}
    assert err.splitlines()[-1].startswith("error CANCELLED: the run plan was stopped with ")
    assert "is cancelled" in console.ok("plan", "cancel", "last").out
    order(tmp_path)
    resumed = console.json("plan", "resume", "last")
    check_reconciled(console, resumed)
    ended = console.run("plan", "cancel", "last")
    assert (ended.code, ended.err.split(":")[0]) == (4, "error RUN_ENDED")


def test_a_sweep_that_died_is_cancelled_at_once(console: Console, tmp_path: Path) -> None:
    flags = (*probe(tmp_path, d2="die"), "--workers", "1")
    assert console.spawn("plan", "run", *flags, *DAYS).code == -signal.SIGKILL
    assert "is cancelled" in console.ok("plan", "cancel", "last").out
    assert console.json("plan", "list")[0]["status"] == "cancelled"


def test_changed_data_or_strategy_are_not_gone_on_with(console: Console, tmp_path: Path) -> None:
    flags = (*probe(tmp_path, d3="die"), "--workers", "1")
    assert console.spawn("plan", "run", *flags, *DAYS).code == -signal.SIGKILL
    order(tmp_path)
    strategy, bars = tmp_path / "probe.py", tmp_path / "bars.csv"
    kept = {path: path.read_text() for path in (strategy, bars)}
    for path, error in ((strategy, "STRATEGY_CHANGED"), (bars, "DATASET_CHANGED")):
        path.write_text(kept[path].replace("summary = ", "summary = 'x' + ").replace("12.75", "12.5"))
        ran = console.run("plan", "resume", "last", "--json")
        assert (ran.code, ran.document["error_code"]) == (5, error)
        path.write_text(kept[path])
    bars.rename(tmp_path / "moved.csv")
    ran = console.run("plan", "resume", "last")
    assert (ran.code, "bars.csv does not exist" in ran.err) == (6, True)
    (tmp_path / "moved.csv").rename(bars)
    assert [each["label"] for each in console.json("plan", "resume", "last")["results"]] == LABELS


def test_a_stop_before_the_first_variant(console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.commands.progress import Watched

    bars = write_bars(tmp_path / "bars.csv")
    values = ("--sweep", "entry.lookback_days=1,2")
    with monkeypatch.context() as patch:
        patch.setattr(Watched, "stopped", lambda self: self._what == "running the sweep")
        ran = console.run("plan", "run", *breakout(bars), *values)
    assert ran.code == 1
    assert "stopped with 0 of 3 variants done" in ran.err
    assert "3 not run yet" in ran.out
    assert console.json("plan", "resume", "last")["status"] == "completed"
