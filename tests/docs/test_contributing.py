"""What CONTRIBUTING.md says of a new policy rule and a new metric, done to a copy of the product, which is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from tests.docs.pages import ROOT, code_blocks

COPIED = ("api", "docs", "engine", "storage", "tui")
ALONE = ("_papertape.py", "papertape.py")
SPEC = ("--strategy", "breakout_52w_high", "--symbol", "AAPL", "--symbol", "GOOG", "--symbol", "IBM")
DATA = ("--data", "sample:AAPL", "--data", "sample:GOOG", "--data", "sample:IBM")
TRADED = (*SPEC, *DATA, "--set", "exit.type=none", "--set", "exit.max_bars=9")


SWEEP = ("--sweep", "entry.lookback_days=30", "--no-ablations")


class Product:
    """The product as it lies in a directory, run as a person runs it, with a home of its own."""

    def __init__(self, source: Path, home: Path) -> None:
        self.source = source
        places = {"HOME": str(home), "XDG_CONFIG_HOME": f"{home}/config", "PAPERTAPE_DB": f"{home}/papertape.db"}
        self.environment = os.environ | places | {"PYTHONPATH": str(source)}

    def insert(self, path: str, before: str, block: str) -> None:
        text = (self.source / path).read_text(encoding="utf-8")
        assert text.count(before) == 1, (path, before)
        (self.source / path).write_text(text.replace(before, block + before), encoding="utf-8")

    def python(self, *arguments: str) -> str:
        command, source = [sys.executable, "-m", *arguments], self.source
        done = subprocess.run(command, cwd=source, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def papertape(self, *arguments: str) -> Any:
        out = self.python("tui", *arguments, "--json")
        return [json.loads(line) for line in out.splitlines()] if arguments[0] == "events" else json.loads(out)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """A copy with the rule and the metric where CONTRIBUTING.md says."""
    field, listed, metric, formula = code_blocks((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "python")
    room = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, room / name, ignore=shutil.ignore_patterns("__pycache__", "*.svg", "*.png"))
    for name in ALONE:
        shutil.copy(ROOT / name, room / name)
    made = Product(room, room)
    made.insert("engine/policy/limits.py", "    fee_fixed: Positive", indent(field, "    "))
    made.insert(
        "engine/policy/rules.py", ')\n"""The one list of rules', listed.partition("    ...,\n")[2].removesuffix(")\n")
    )
    made.insert("engine/account/metrics.py", "\n\ndef _described(", indent(metric, "    "))
    made.insert("engine/account/metrics.py", "    }\n    return trusted(Metrics", indent(formula, "        "))
    return made


def test_a_metric_is_wherever_metrics_are(copy: Product, tmp_path: Path) -> None:
    file = tmp_path / "sweep.csv"
    swept = copy.papertape("plan", "run", *TRADED, *SWEEP, "--fail-if", "best.average_pnl > 1e9")
    assert swept["fail_if"]["holds"] is False
    for one in swept["results"]:
        trades = copy.papertape("plan", "trades", swept["run_plan_id"], one["variant_id"])
        assert one["metrics"]["average_pnl"] == pytest.approx(sum(trade["pnl"] for trade in trades) / len(trades))
    copy.python("tui", "plan", "export", "last", "--to", str(file))
    assert ",average_pnl," in file.read_text().splitlines()[0]
    assert "average P&L" in copy.python("tui", "run", *TRADED)
    copy.python("docs.reference.generate")
    rows = (copy.source / "docs/reference/json.md").read_text()
    assert "| `average_pnl` | number or null | mean `pnl`; null without a trade |" in rows


def test_a_result_from_before_a_metric_has_none_of_it(copy: Product, tmp_path: Path) -> None:
    older, newer = Product(ROOT, tmp_path), Product(copy.source, tmp_path)
    before = older.papertape("plan", "run", *TRADED, *SWEEP)
    after = newer.papertape("plan", "show", before["run_plan_id"])
    for one, other in zip(before["results"], after["results"], strict=True):
        assert other["metrics"] == {**one["metrics"], "average_pnl": None}


def test_a_rule_of_two_edits_holds_in_a_run_and_in_a_sweep_alike(copy: Product, tmp_path: Path) -> None:
    plain = copy.papertape("plan", "run", *TRADED, *SWEEP)
    before = Product(ROOT, tmp_path).papertape("plan", "run", *TRADED, *SWEEP)
    assert plain["fingerprint"] == before["fingerprint"], "a limit that is off is not in it"
    for one, other in zip(plain["results"], before["results"], strict=True):
        assert other["metrics"].items() <= one["metrics"].items()

    assert copy.papertape("policy", "set", "min_cash=8500")["min_cash"] == 8500.0
    swept = copy.papertape("plan", "run", *TRADED, *SWEEP, "--verify", "9")
    assert (swept["verified"], len(swept["results"])) == (2, 2)
    assert swept["fingerprint"] != plain["fingerprint"]
    one = swept["results"][1]
    alone = copy.papertape("run", *TRADED, "--set", "entry.lookback_days=30")
    assert one["metrics"] == alone["metrics"]
    rejected = copy.papertape("events", "-w", alone["workspace_id"], "--type", "INTENT_REJECTED", "--limit", "9999")
    assert one["refusals"] == Counter(event["payload"]["rule"] for event in rejected)
    assert one["refusals"]["min_cash"] > 20
    trades = copy.papertape("plan", "trades", swept["run_plan_id"], one["variant_id"])
    assert trades == copy.papertape("trades", "-w", alone["workspace_id"])


def test_the_docs_follow_from_it(copy: Product) -> None:
    copy.python("docs.reference.generate")
    rules, fields = ((copy.source / "docs" / page).read_text() for page in ("concepts/policy.md", "reference/json.md"))
    assert "| `min_cash` | an entry that leaves less cash than it | `min_cash` |" in rules
    assert "| `min_cash` | number or null | cash that an entry leaves |" in fields
    assert "cash that an entry leaves" in copy.python("tui", "policy", "show")
