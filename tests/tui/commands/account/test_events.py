"""`events`: the journal read page by page, filtered, and followed across processes."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import closing

import pytest

from storage.samples import sample_path
from storage.sqlite.connection.driver import sqlite as sqlite3
from tests.tui.console import Console
from tui.commands.account import events
from tui.shared.text import cell_width


def test_all_in_order_and_the_newest(console: Console) -> None:
    for price in (10, 11, 12):
        console.buy("IBM", 1, price)
    lines = console.journal()
    assert [line["seq"] for line in lines] == [*range(1, 17)]
    assert console.ok("events", "--limit", 3, "--json").lines == lines[-3:]
    fills = console.ok("events", "--type", "ORDER_FILLED", "--type", "STATE_RESET", "--json").lines
    assert [fill["price"] for fill in fills] == [10.0, 11.0, 12.0]
    assert console.ok("events", "--type", "ORDER_FILLED", "--limit", 1, "--json").lines == fills[-1:]


def test_pages_are_joined(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    console.buy("IBM", 1, 10)
    whole = console.journal()
    for size in (1, 2, 5, 6):
        monkeypatch.setattr(events, "PAGE", size)
        assert console.journal() == whole


def test_one_correlation_id_leads_from_signal_to_fill(console: Console) -> None:
    correlation = console.buy("IBM", 1, 10, "--json").document["correlation_id"]
    console.buy("IBM", 1, 10)
    chain = console.ok("events", "--correlation", correlation, "--json").lines
    assert [event["event_type"] for event in chain] == [
        "INTENT_EMITTED",
        "POLICY_EVALUATED",
        "INTENT_APPROVED",
        "ORDER_FILLED",
        "POSITION_OPENED",
    ]
    assert console.ok("events", "--correlation", "nobody", "--json").out == ""


def test_for_people(console: Console) -> None:
    console.buy("IBM", 1.5, 187.2)
    console.run("execute", "--action", "OPEN_LONG", "--symbol", "IBM", "--quantity", 1000, "--fill-price", 187.2)
    head, *lines = console.ok("events").out.splitlines()
    assert head.split() == ["seq", "time", "(UTC)", "event", "symbol", "what"]
    assert "OPEN_LONG 1.5" in lines[1]
    assert lines[2].endswith("approved")
    assert lines[4].endswith("BUY 1.5 at 187.20")
    assert lines[5].endswith(" 1.5 at 187.20")
    assert "buying_power: it costs" in lines[-1]
    console.sell("IBM", 1.5, 190.2)
    assert console.ok("events", "--limit", 1).out.endswith("P&L +4.50\n")


def test_nothing_is_cut_but_on_a_terminal(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    symbol = "A_SYMBOL_OF_THIRTY_TWO_LETTERS__"
    console.run("execute", "--action", "OPEN_LONG", "--symbol", symbol, "--quantity", 1000, "--fill-price", 187.2)
    piped = console.ok("events").out.splitlines()
    assert piped[-1].endswith(f"{symbol} buying_power: it costs 187,200.00 with fees, above the cash of 10,000.00")
    assert json.loads(piped[1].partition("WORKSPACE_CREATED")[2])["starting_equity"] == 10_000.0
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for columns in (80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = console.ok("events").out.splitlines()
        assert max(map(cell_width, shown)) == columns
        assert shown[1].endswith("…")


class Follower:
    """A process that follows a journal."""

    def __init__(self, console: Console, *arguments: str) -> None:
        self.process = console.start("events", "--follow", "--json", *arguments)
        assert self.process.stdout is not None
        self._lines = self.process.stdout

    def next(self) -> dict[str, object]:
        """The next event, as soon as it is written; waits for it."""
        document = json.loads(self._lines.readline())
        assert isinstance(document, dict)
        return document

    def end(self, with_signal: int) -> tuple[int, str]:
        """Ask it to end; its exit code and what it said."""
        self.process.send_signal(with_signal)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_following_sees_what_others_write_and_ends_cleanly(console: Console, how: int) -> None:
    console.buy("IBM", 1, 10)
    follower = Follower(console)
    assert [follower.next()["seq"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    console.buy("IBM", 1, 11)
    assert [follower.next()["seq"] for _ in range(5)] == [7, 8, 9, 10, 11]
    console.sell("IBM", 2, 12)
    assert [follower.next()["seq"] for _ in range(5)] == [12, 13, 14, 15, 16]
    assert follower.end(how) == (0, "")


def test_following_with_a_filter_and_a_limit(console: Console) -> None:
    console.buy("IBM", 1, 10)
    console.buy("IBM", 1, 11)
    follower = Follower(console, "--type", "ORDER_FILLED", "--limit", "1")
    assert follower.next()["price"] == 11.0
    console.buy("IBM", 1, 12)
    assert follower.next()["price"] == 12.0
    assert follower.end(signal.SIGINT) == (0, "")


def test_a_row_that_this_program_would_not_write_is_shown_all_the_same(console: Console) -> None:
    console.buy()
    with closing(sqlite3.connect(console.db)) as driver:
        driver.execute("PRAGMA ignore_check_constraints = ON")
        driver.execute("DROP TRIGGER trade_events_appended")
        driver.execute(
            "INSERT INTO trade_events (event_id, workspace_id, event_type, ts, recorded_at, payload)"
            " SELECT 'odd', workspace_id, 'LIKE_NOTHING_KNOWN', ?, ?, '{}' FROM trade_events LIMIT 1",
            (2**62, -(2**62)),
        )
        driver.commit()
    odd = console.journal()[-1]
    assert (odd["event_type"], odd["ts"][:10], odd["recorded_at"][:10]) == (
        "LIKE_NOTHING_KNOWN",
        "9999-12-30",
        "0001-01-02",
    )
    assert "LIKE_NOTHING_KNOWN" in console.ok("events").out


def test_a_backtest_without_trades_says_in_its_event_what_stopped_it(console: Console) -> None:
    run = ("run", "--strategy", "sma_cross", "--symbol", "GOOG", "--data", sample_path("GOOG"))
    refused = console.json(*run, "--set", "risk.dollars_per_trade=20000")
    last = console.ok("events", "-w", refused["workspace_id"], "--limit", 1).out.splitlines()[-1]
    assert refused["refusals"] == {"buying_power": refused["rejected"]}
    assert "sma_cross on GOOG: 0 trades, equity 10,000.00; refused: buying_power" in last
    assert f"{refused['rejected']}" in last.partition("; refused: ")[2]
