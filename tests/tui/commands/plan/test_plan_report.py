"""`plan report` and `report`: files written whole, the command that reproduces a plan, and what may be missing."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.tui.console import Console

SWEEP = ("plan", "run", "--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
VALUES = ("--sweep", "entry.fast_period=5,10,15,20", "--sweep", "exit.take_profit_by_bars=[[1,5]],none")
TERMS = (
    *("--set", "entry.slow_period=60", "--set", "exit.stop_loss_pct=7.5", "--set", "risk.dollars_per_trade=2500"),
    *("--from", "2006-01-01", "--to", "2011-06-30", "--slippage-bps", "2.5", "--objective", "calmar_annual"),
    *("--no-ablations", "--max-variants", "6", "--journal", "summary"),
    *("--holdout", "20%", "--walk-forward", "train=504,test=126,purge=2,anchored"),
)


def commands_in(document: str) -> list[list[str]]:
    """The commands of a report in Markdown, as a shell reads them."""
    script = document.partition("```sh\n")[2].partition("```")[0].replace("\\\n", "")
    return [shlex.split(line) for line in script.splitlines()]


def test_the_command_of_a_report_makes_the_same_plan_elsewhere(console: Console, tmp_path: Path) -> None:
    """In another database, with an account that the commands make: the same fingerprint, and the same results."""
    console.run("workspace", "create", "rich", "--starting-equity", "25000.5")
    console.run("policy", "set", "-w", "rich", "fee_bps=1.5", "max_positions=3", "deny_symbols=IBM,AAPL")
    ran = console.json(*SWEEP, *VALUES, *TERMS, "--like", "rich", "--session-tz", "America/New_York")
    assert console.run("plan", "report", "last", "--to", "plan.md").code == 0
    document = (tmp_path / "plan.md").read_text(encoding="utf-8")
    assert ran["fingerprint"] in document
    assert "It is sealed" in document
    for fold in ran["walk_forward"]["folds"]:
        assert f"{fold['test_from']} to {fold['test_to']}" in document
    commands = commands_in(document)
    assert [command[:3] for command in commands] == [
        ["papertape", "workspace", "create"],
        ["papertape", "policy", "set"],
        ["papertape", "plan", "run"],
    ]
    console.extra["PAPERTAPE_DB"] = str(tmp_path / "elsewhere.db")
    for command in commands[:-1]:
        assert console.run(*command[1:], "--db", "elsewhere.db").code == 0
    again = console.json(*commands[-1][1:], "--db", "elsewhere.db")
    assert again["fingerprint"] == ran["fingerprint"]
    assert again["best_variant_id"] == ran["best_variant_id"]
    assert again["objective"] == ran["objective"]
    assert again["walk_forward"] == ran["walk_forward"]


@pytest.mark.parametrize("name", ["plan.html", "plan.md"])
def test_a_report_is_written_whole_and_replaces_nothing(console: Console, tmp_path: Path, name: str) -> None:
    ran = console.json(*SWEEP, "--sweep", "entry.fast_period=5,10")
    written = console.json("plan", "report", "last", "--to", name)
    content = (tmp_path / name).read_bytes()
    assert written == {
        "success": True,
        "run_plan_id": ran["run_plan_id"],
        "path": name,
        "bytes": len(content),
        "missing": [],
    }
    refused = console.run("plan", "report", "last", "--to", name)
    assert (refused.code, refused.out) == (4, "")
    assert "FILE_EXISTS" in refused.err
    again = console.run("plan", "report", "last", "--to", name, "--force")
    assert again.out == f"{name} written, {len(content):,} bytes\n"
    assert (tmp_path / name).read_bytes() == content
    assert sorted(path.name for path in tmp_path.glob("*plan*")) == [name]


def test_another_ending_is_refused_before_anything_is_read(console: Console, tmp_path: Path) -> None:
    for command in (("plan", "report", "last"), ("report",)):
        refused = console.run(*command, "--to", "report.pdf")
        assert refused.code == 2
        assert "name a .html or a .md file" in refused.err
    assert not console.db.exists()


def test_a_file_of_bars_that_is_gone_leaves_the_curves_out(console: Console, tmp_path: Path) -> None:
    from storage.samples import sample_path

    data = tmp_path / "bars.csv.gz"
    data.write_bytes(sample_path("IBM").read_bytes())
    console.run(*SWEEP[:4], "--symbol", "IBM", "--data", "IBM=bars.csv.gz", "--sweep", "entry.fast_period=5,10")
    data.unlink()
    written = console.run("plan", "report", "last", "--to", "plan.md", "--json")
    assert written.code == 0
    (missing,) = written.document["missing"]
    assert missing.startswith("The curves are left out: ")
    assert f"warning: {missing}" in written.err
    document = (tmp_path / "plan.md").read_text(encoding="utf-8")
    assert "The curves are left out" in document
    assert "Returns of the best by month" not in document
    assert "All figures" in document


@pytest.mark.parametrize("name", ["account.html", "account.md"])
def test_an_account_has_a_report(console: Console, tmp_path: Path, name: str) -> None:
    console.run("workspace", "create", "paper")
    console.run("run", "-w", "paper", "--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
    written = console.json("report", "-w", "paper", "--to", name)
    document = (tmp_path / name).read_text(encoding="utf-8")
    assert written["bytes"] == len(document.encode())
    trades = console.json("trades", "-w", "paper")
    assert f"in {len(trades)} trades" in document
    held = console.json("positions", "-w", "paper")
    assert f"{len(held)} position still open" in document
    assert "papertape reconcile --dry-run -w paper" in document


def test_a_backtest_has_a_report_with_its_sentence_and_its_command(console: Console, tmp_path: Path) -> None:
    ran = console.run(
        "run",
        "--strategy",
        "breakout_52w_high",
        "--symbol",
        "IBM",
        "--data",
        "sample:IBM",
        "--slippage-bps",
        "3",
        "--json",
    ).document
    console.run("report", "-w", ran["workspace_id"], "--to", "run.md")
    document = (tmp_path / "run.md").read_text(encoding="utf-8")
    lead, _, rest = ran["because"].partition(": ")
    assert document.startswith(f"# {lead}.\n")
    assert f"{rest[0].upper()}{rest[1:]}" in document
    (command,) = commands_in(document)
    at = command.index("IBM=FILE")
    command[at] = "sample:IBM"
    again = console.json(*command[1:])
    assert again["metrics"] == ran["metrics"]


def test_an_account_without_trades_says_so(console: Console, tmp_path: Path) -> None:
    assert console.run("report", "--to", "empty.md").code == 0
    assert "Nothing has been traded yet" in (tmp_path / "empty.md").read_text(encoding="utf-8")
    unknown = console.run("report", "-w", "nobody", "--to", "nobody.md")
    assert unknown.code == 6
    assert not (tmp_path / "nobody.md").exists()


STRATEGY = """
import numpy as np
from papertape import Bars, Params, Signals, Strategy, Window


class UpDay(Strategy[Params]):
    key = "up_day"
    summary = "Buys a close above the one before."

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(entry=np.diff(bars.close, prepend=bars.close[0]) > 0)

    def window(self, params: Params) -> Window:
        return Window(bars=2)
"""


def test_a_strategy_that_was_changed_leaves_out_what_it_would_have_to_compute(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "up_day.py"
    file.write_text(STRATEGY, encoding="utf-8")
    own = ("plan", "run", "--strategy", "up_day.py:UpDay", "--symbol", "GOOG", "--data", "sample:GOOG")
    ran = console.json(*own, "--sweep", "exit.max_bars=2,3", "--journal", "summary")
    assert console.json("plan", "report", "last", "--to", "before.md")["missing"] == []
    commands = commands_in((tmp_path / "before.md").read_text(encoding="utf-8"))
    assert console.json(*commands[-1][1:])["fingerprint"] == ran["fingerprint"]
    file.write_text(STRATEGY.replace("> 0", "< 0"), encoding="utf-8")
    missing = console.json("plan", "report", ran["run_plan_id"], "--to", "after.md")["missing"]
    assert [sentence.partition(" are left out")[0] for sentence in missing] == ["The curves", "The trades"]
    named = ("plan", "report", ran["run_plan_id"], "--strategy", "up_day.py:UpDay")
    refused = console.run(*named, "--to", "named.md")
    assert (refused.code, (tmp_path / "named.md").exists()) == (5, False)
    assert "STRATEGY_CHANGED" in refused.err
