"""`trials` on the command line."""

from __future__ import annotations

from tests.tui.console import Console

SMA = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG", "--to", "2006-12-31")


def test_what_was_tried_is_listed_with_where_it_came_from(console: Console) -> None:
    assert console.json("trials") == []
    assert console.ok("trials", "--symbol", "IBM").out == "nothing has been tried on IBM yet\n"
    backtest = console.json("run", *SMA)
    plan = console.json("plan", "run", *SMA, "--sweep", "entry.fast_period=5,10", "--no-ablations")
    assert plan["trials"] == {"in_plan": 3, "on_these_data": 3, "not_countable": 0}
    console.ok("workspace", "create", "paper")
    console.ok("run", "-w", "paper", *SMA, "--set", "entry.fast_period=7")
    found = console.json("trials")
    assert [(each["kind"], each["configurations"], each["symbols"]) for each in found] == [
        ("backtest", 1, ["GOOG"]),
        ("plan", 3, ["GOOG"]),
        ("forward", 1, ["GOOG"]),
    ]
    assert (found[0]["run_id"], found[1]["run_id"]) == (backtest["workspace_id"], plan["run_plan_id"])
    assert found[2]["run_id"] == console.json("workspace", "show", "paper")["id"]
    assert {each["from"] for each in found} == {"2004-08-20T00:00:00+00:00"}
    assert {each["to"] for each in found} == {"2006-12-29T00:00:00+00:00"}
    page = console.ok("trials", "--symbol", "GOOG").out
    assert "4 distinct configurations tried on GOOG" in page
    rows = [line.split() for line in page.splitlines()[2:5]]
    assert [row[:3:2] for row in rows] == [[kind, "sma_cross"] for kind in ("backtest", "plan", "forward")]
    assert plan["run_plan_id"].startswith(rows[1][1])
    assert rows[2][1] == "paper"
    said = [line.split("  ")[-1] for line in console.ok("events", "-w", backtest["workspace_id"]).out.splitlines()]
    metrics = backtest["metrics"]
    made = f"{metrics['trade_count']} trades, equity {metrics['ending_equity']:,.2f}"
    assert f"sma_cross on GOOG: {made}" in said[-1]
    assert "RUN_ADVANCED" in (last := console.ok("events", "-w", "paper").out.splitlines()[-1])
    assert last.endswith("came to 2006-12-29 00:00:00")
    shown = console.ok("plan", "show", plan["run_plan_id"]).out
    assert "tries 3 in this plan, 3 on these data" in " ".join(shown.split())
