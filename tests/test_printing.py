"""What a person prints in a notebook is one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

import papertape
from storage.samples import sample_path


def test_a_dataset_and_its_bars_are_one_line() -> None:
    data = papertape.load_dataset([("GOOG", sample_path("GOOG"))])
    assert str(data).startswith(f"<Dataset: {data.bar_count:,} bars of 1 symbol ('GOOG'), 0 of history")
    assert str(data.bars["GOOG"]).startswith(f"<Bars of 'GOOG': {len(data.bars['GOOG']):,}, ")
    assert str(data.bars["GOOG"].slice(0, 0)) == "<Bars of 'GOOG': 0>"
    many = papertape.Dataset({f"S{number}": data.bars["GOOG"] for number in range(500)})
    for each in (data, data.bars["GOOG"], many):
        assert "\n" not in repr(each)
        assert len(repr(each)) < 200


def test_a_desk_is_one_line_that_says_where_it_is(tmp_path: Path) -> None:
    with papertape.open_desk(papertape.Settings(db=tmp_path / "paper.db", workspace="paper")) as desk:
        assert str(desk) == f"<Desk on {tmp_path / 'paper.db'}, workspace 'paper'>"


def is_one_short_line(value: object) -> bool:
    """As `repr` and as `print` have it."""
    return all("\n" not in text and len(text) < 200 for text in (repr(value), str(value)))


def test_what_a_run_and_an_account_hand_out_is_one_line(tmp_path: Path) -> None:
    spec = papertape.parse_spec(
        {"strategy_id": "breakout_52w_high", "symbols": ["GOOG"], "entry": {"lookback_days": 5}}
    )
    with papertape.open_desk(papertape.Settings(db=tmp_path / "paper.db")) as desk:
        outcome = desk.research.run(spec, papertape.load_dataset([("GOOG", sample_path("GOOG"))]))
        state = desk.accounts.state(str(outcome.workspace_id))
        report = desk.accounts.reconcile(str(outcome.workspace_id), dry_run=True)
    assert outcome.trades
    assert str(outcome).startswith(f"<RunOutcome {outcome.workspace_id}: {outcome.bars:,} bars, ")
    assert str(state).startswith(f"<PaperState of {outcome.workspace_id}: equity {state.equity:,.2f}, cash ")
    assert str(report).startswith(f"<ReconcileReport of {outcome.workspace_id}: success, ")
    assert all(map(is_one_short_line, (outcome, state, report)))


def test_signals_and_a_snapshot_are_one_line() -> None:
    entry = np.arange(5_000) % 100 == 0
    signals = papertape.Signals(entry, levels={"price": np.ones(5_000)})
    assert str(signals) == "<Signals: 50 entries in 5,000 bars, levels: price>"
    first = datetime(2024, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(300)]
    bars = [papertape.Bar(ts=day, open=1.0, high=1.0, low=1.0, close=1.0) for day in days]
    snapshot = papertape.MarketSnapshot(symbol="GOOG", ts=days[-1], bars=bars)
    assert str(snapshot) == f"<MarketSnapshot of 'GOOG': 300 bars to {days[-1]}, daily>"
    assert is_one_short_line(signals)
    assert is_one_short_line(snapshot)
