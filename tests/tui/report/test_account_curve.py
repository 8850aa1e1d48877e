"""The curve in an account's report: at marks where the account keeps its equity by session, else at cost."""

from __future__ import annotations

from pathlib import Path

from engine.vocabulary import IntentAction
from tests.engine.drivers.test_past import daily, run
from tests.support.memory_desks import memory_desk
from tui.report.account import account_report
from tui.report.files import encoder_for

AT_MARKS = "Equity is at marks, at the end of each session."
AT_COST = "Equity is at cost, after each closed trade: open positions do not show."


def test_an_account_that_trades_on_is_drawn_at_marks_and_ends_with_its_equity() -> None:
    with memory_desk() as desk:
        desk.accounts.create("w")
        run(desk, daily(100.0, 101.0, 103.0, 102.0, 150.0))
        told = encoder_for(Path("a.md"))(account_report(desk, "w")).decode()
        worth = f"{desk.accounts.state('w').equity:,.2f}"
    assert AT_MARKS in told
    assert AT_COST not in told
    assert f"from 2024-01-02 to 2024-01-06, each from 10,000.00: account at {worth}" in told


def test_an_account_traded_by_hand_is_drawn_at_cost() -> None:
    with memory_desk() as desk:
        desk.trading.order(IntentAction.OPEN_LONG, "X", 1.0, 100.0)
        desk.trading.order(IntentAction.CLOSE_LONG, "X", 1.0, 110.0)
        told = encoder_for(Path("a.md"))(account_report(desk)).decode()
    assert AT_COST in told
    assert AT_MARKS not in told
