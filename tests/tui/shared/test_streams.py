"""The standard streams: closed, full, or read by nobody; what a command ends with then, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.console import Console
from tests.tui.probes import probe

UNREAD = 141


@pytest.fixture
def unread() -> Iterator[int]:
    """A pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.mark.parametrize(
    "command",
    [
        *("events", "events --json", "events --follow", "events --follow --json", "plan list", "plan list --json"),
        *("state", "state --json", "reconcile --json", "doctor", "strategy list", "spec new", "trials --json"),
        *("--help", "--version", "plan --help", "data check sample:GOOG", "serve --openapi"),
    ],
)
def test_what_nobody_reads_ends_silently(console: Console, unread: int, command: str) -> None:
    console.buy()
    process = console.start(*command.split(), stdout=unread)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (UNREAD, "")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_reader_that_goes_away_in_the_middle(console: Console, form: tuple[str, ...]) -> None:
    console.ok("run", "-w", "default", "--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
    process = console.start("events", *form)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (UNREAD, "")


def test_following_ends_when_its_reader_goes_though_nothing_more_happens(console: Console) -> None:
    console.buy()
    process = console.start("events", "--follow", "--type", "ORDER_FILLED", "--json")
    assert process.stdout is not None
    process.stdout.readline()  # there is only this one
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (UNREAD, "")


def test_what_was_done_for_nobody_is_done(console: Console, unread: int) -> None:
    order = ("--action", "OPEN_LONG", "--symbol", "X", "--quantity", "1", "--fill-price", "10")
    process = console.start("execute", *order, stdout=unread)
    assert (process.communicate(timeout=60)[1], process.returncode) == ("", UNREAD)
    assert "X" in console.json("state")["positions"]


def test_a_failure_that_nobody_reads_keeps_its_code(console: Console, unread: int) -> None:
    process = console.start("state", "-w", "nobody", "--json", stdout=unread)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.count("\n")) == (6, 1)
    assert err.startswith("error WORKSPACE_NOT_FOUND: ")


@pytest.mark.parametrize("full", [False, True], ids=["read by nobody", "full"])
def test_what_cannot_be_said_beside_the_answer_does_not_stop_it(
    console: Console, tmp_path: Path, unread: int, full: bool
) -> None:
    flags = probe(tmp_path)  # a file of one's own: a note says that it is a program
    with Path("/dev/full").open("w") as disk:
        process = console.start("run", *flags, "--json", stderr=disk if full else unread)
        out, _ = process.communicate(timeout=60)
        refused = console.start("state", "-w", "nobody", stderr=disk if full else unread)
        refused.communicate(timeout=60)
    assert (process.returncode, refused.returncode) == (0, 6)
    assert '"trade_count"' in out


def test_a_full_disk_is_told(console: Console) -> None:
    console.buy("IBM", 1, 10)
    with Path("/dev/full").open("w") as full:
        process = console.start("state", stdout=full)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith(
        "error ANSWER_NOT_WRITTEN: the command was carried out, and its answer could not be written: "
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_order_whose_answer_is_lost_is_said_to_be_executed(console: Console, form: tuple[str, ...]) -> None:
    order = ("--action", "OPEN_LONG", "--symbol", "X", "--quantity", "1", "--fill-price", "10")
    with Path("/dev/full").open("w") as full:
        process = console.start("execute", *order, *form, stdout=full)
        _, err = process.communicate(timeout=30)
        refused = console.start("execute", *order[:-1], "-1", *form, stdout=full)
        _, why = refused.communicate(timeout=30)
    assert (process.returncode, err.count("\n")) == (1, 1)
    assert err.startswith("error ANSWER_NOT_WRITTEN: the command was carried out")
    assert "`papertape events` shows what it did" in err
    assert "X" in console.json("state")["positions"]
    assert (refused.returncode, why.count("\n")) == (5, 1)
    assert why.startswith("error INVALID_FILL_PRICE: ")


def test_closed_streams_are_no_fault(console: Console) -> None:
    for command, code in (("state", 0), ("--help", 0), ("execute --fill-price 1 --file -", 5)):
        shell = f"{sys.executable} -m tui {command} <&- >&-"
        ran = subprocess.run(
            ["sh", "-c", shell], env=console.environment(), cwd=console.home, capture_output=True, check=False
        )
        assert (ran.returncode, b"Traceback" in ran.stderr) == (code, False)
