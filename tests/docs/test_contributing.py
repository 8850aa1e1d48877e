"""The six recipes of CONTRIBUTING.md, followed on a copy of the product, which is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from storage.sqlite.schema import SHIPPED
from tests.docs.pages import ROOT, code_blocks, codes, section

COPIED = ("api", "docs", "engine", "storage", "tests", "tui")
ALONE = ("_papertape.py", "papertape.py", "pyproject.toml")
SPEC = ("--strategy", "breakout_52w_high", "--symbol", "AAPL", "--symbol", "GOOG", "--symbol", "IBM")
DATA = ("--data", "sample:AAPL", "--data", "sample:GOOG", "--data", "sample:IBM")
TRADED = (*SPEC, *DATA, "--set", "exit.type=none", "--set", "exit.max_bars=9")


SWEEP = ("--sweep", "entry.lookback_days=30", "--no-ablations")


class Product:
    """The product as it lies in a directory, run as a person runs it, with a home of its own."""

    def __init__(self, source: Path, home: Path) -> None:
        self.source, self.edited = source, set[str]()
        places = {"HOME": str(home), "XDG_CONFIG_HOME": f"{home}/config", "PAPERTAPE_DB": f"{home}/papertape.db"}
        self.environment = os.environ | places | {"PYTHONPATH": str(source)}

    def create(self, path: str, text: str) -> None:
        file = self.source / path
        assert not file.exists(), path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        self.edited.add(path)

    def insert(self, path: str, before: str, block: str) -> None:
        text = (self.source / path).read_text(encoding="utf-8")
        assert text.count(before) == 1, (path, before)
        (self.source / path).write_text(text.replace(before, block + before), encoding="utf-8")
        self.edited.add(path)

    def python(self, *arguments: str) -> str:
        return self._printed("-m", *arguments)

    def script(self, text: str, *arguments: str) -> str:
        return self._printed("-c", text, *arguments)

    def _printed(self, *arguments: str) -> str:
        command, source = [sys.executable, *arguments], self.source
        done = subprocess.run(command, cwd=source, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def papertape(self, *arguments: str) -> Any:
        out = self.python("tui", *arguments, "--json")
        return [json.loads(line) for line in out.splitlines()] if arguments[0] == "events" else json.loads(out)


PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MOST_FILES = {"strategy": 2, "metric": 3, "screen": 3, "policy rule": 3, "command": 2, "event type": 3}
"""What a recipe may cost; that of an event type with its migration."""


def recipe(name: str) -> str:
    return section(PAGE, f"### A new {name}")


def blocks(name: str, kind: str = "python") -> list[str]:
    return list(code_blocks(recipe(name), kind))


def files_of(name: str) -> list[str]:
    """The files that a recipe lists."""
    line = re.search(r"(?ms)^Files: (.*?)\n\n", recipe(name))
    assert line is not None, name
    return codes(line[1])


def add_strategy(made: Product) -> None:
    (module,) = blocks("strategy")
    path, registry = files_of("strategy")
    made.create(path, module)
    made.insert(registry, "\nBUILTIN: tuple", "from engine.strategies.builtin.up_days import UpDays\n")
    made.insert(registry, ")\nEXIT_TYPES", ", UpDays")


def add_metric(made: Product) -> None:
    field, formula = blocks("metric")
    table, formulas, _ = files_of("metric")
    made.insert(table, "\n\ndef _described(", indent(field, "    "))
    made.insert(formulas, "    }\n    return trusted(Metrics", indent(formula, "        "))


def add_screen(made: Product) -> None:
    module, entry = blocks("screen")
    package, screen, registry = files_of("screen")
    made.create(package, '"""The screen of fees."""\n')
    made.create(screen, module)
    text = (made.source / registry).read_text(encoding="utf-8").removesuffix(")\n")
    (made.source / registry).write_text(f"{text}    {entry.strip()},\n)\n", encoding="utf-8")
    made.edited.add(registry)


def add_policy_rule(made: Product) -> None:
    field, listed = blocks("policy rule")
    limits, rules, _ = files_of("policy rule")
    made.insert(limits, "    fee_fixed: Positive", indent(field, "    "))
    made.insert(rules, ')\n"""The one list of rules', listed.partition("    ...,\n")[2].removesuffix(")\n"))


def add_command(made: Product) -> None:
    (module,) = blocks("command")
    path, app = files_of("command")
    made.create(path, module)
    made.insert(app, ", look, policy, workspaces\n", ", fees")
    made.insert(app, ", accounts, policy):", ", fees")


def add_event_type(made: Product) -> None:
    member, migration = blocks("event type")
    (payload,) = blocks("event type", "text")
    vocabulary, page, revision = files_of("event type")
    made.insert(vocabulary, "\n\nclass IntentAction", indent(member, "    "))
    made.insert(page, "### `STRATEGY_ACCEPTED`", f"### `NOTE_ADDED`\n\n{payload}\n")
    made.create(revision, migration)


RECIPES = {
    "strategy": add_strategy,
    "metric": add_metric,
    "screen": add_screen,
    "policy rule": add_policy_rule,
    "command": add_command,
    "event type": add_event_type,
}


@pytest.fixture(scope="module")
def edited() -> dict[str, set[str]]:
    """By recipe, the files that were edited or made."""
    return {}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, edited: dict[str, set[str]]) -> Product:
    """A copy on which all six recipes were followed."""
    room = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        shutil.copytree(ROOT / name, room / name, ignore=shutil.ignore_patterns("__pycache__", "*.svg", "*.png"))
    for name in ALONE:
        shutil.copy(ROOT / name, room / name)
    made = Product(room, room)
    for name, follow in RECIPES.items():
        made.edited = edited[name] = set()
        follow(made)
    made.python("docs.reference.generate")
    return made


def test_the_page_has_these_recipes() -> None:
    assert set(re.findall(r"(?m)^### A new (.*)$", PAGE)) == set(RECIPES) == set(MOST_FILES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_lists_the_files_that_it_edits(name: str, copy: Product, edited: dict[str, set[str]]) -> None:
    listed = files_of(name)
    tests = {path for path in listed if path.startswith("tests/")}
    assert set(listed) - tests == edited[name]
    assert all((ROOT / path).exists() for path in tests)
    assert len(listed) <= MOST_FILES[name]


def test_the_tests_that_hold_lists_hold_on_the_copy(copy: Product) -> None:
    kept = (
        "storage/sqlite/test_schema",
        "storage/sqlite/connection/test_upgrades",
        "golden/test_strategy_code",
        "docs/test_concepts",
    )
    paths = [f"tests/{path}.py" for path in (*kept, "engine/strategies/test_prepare", "docs/test_reference")]
    copy.python("pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *paths)


def test_a_strategy_runs_sweeps_and_passes_its_check(copy: Product) -> None:
    assert "up_days" in [each["key"] for each in copy.papertape("strategy", "list")]
    own = ("--strategy", "up_days", *TRADED[2:])
    swept = copy.papertape("plan", "run", *own, "--sweep", "entry.days=2", "--no-ablations", "--verify", "9")
    assert swept["verified"] == 2
    alone = copy.papertape("run", *own, "--set", "entry.days=2")
    assert swept["results"][1]["metrics"] == alone["metrics"]
    assert alone["metrics"]["trade_count"] > 20
    copy.papertape("strategy", "check", "up_days")
    page = (copy.source / "docs/concepts/strategies.md").read_text(encoding="utf-8")
    assert "| `up_days` | Entry: each of the last `days` closes is above the close before it. | `eod` |" in page


def test_a_command_answers_and_is_in_the_docs(copy: Product) -> None:
    run = copy.papertape("run", *TRADED)
    trades = copy.papertape("trades", "-w", run["workspace_id"])
    assert copy.papertape("fees", "-w", run["workspace_id"]) == {"fees": sum(trade["fees"] for trade in trades)}
    assert "papertape fees -w default" in copy.python("tui", "fees", "--help")
    assert "## `papertape fees`" in (copy.source / "docs/reference/commands.md").read_text(encoding="utf-8")


SHOW_SCREEN = """
import asyncio, sys
from pathlib import Path
from tests.tui.dashboard.driving import dashboard, press, screen_text

async def show():
    async with dashboard(Path(sys.argv[1]), size=(120, 30)) as (app, pilot):
        await press(app, pilot, "8")
        print(screen_text(app))

asyncio.run(show())
"""


def test_a_screen_has_its_tab_and_its_key(copy: Product) -> None:
    copy.papertape("execute", "--action", "OPEN_LONG", "--symbol", "IBM", "--quantity", "1", "--fill-price", "9")
    shown = copy.script(SHOW_SCREEN, copy.environment["PAPERTAPE_DB"])
    assert " 8 Fees " in shown
    assert "fees paid 0.00" in shown
    assert "`app.fees`" in (copy.source / "docs/reference/settings.md").read_text(encoding="utf-8")


ADD_NOTE = """
import sys
from pathlib import Path
from engine.events import EventType, account_event
from engine.events import LiveStamps
from storage.sqlite.unit_of_work import SqliteStore

with SqliteStore(Path(sys.argv[1])) as store, store.write() as unit:
    stamps = LiveStamps(lambda: 1_800_000_000_000_000)
    unit.append([account_event(EventType.NOTE_ADDED, sys.argv[2], stamps, {"text": "bought too early"})])
    unit.commit()
"""


def test_an_event_type_is_written_to_an_older_database(copy: Product, tmp_path: Path) -> None:
    older, newer = Product(ROOT, tmp_path), Product(copy.source, tmp_path)
    workspace = older.papertape("workspace", "create", "books")["id"]
    before = older.papertape("events", "-w", "books")
    database = newer.environment["PAPERTAPE_DB"]
    newer.script(ADD_NOTE, database, workspace)
    *others, note = sorted(newer.papertape("events", "-w", "books"), key=lambda event: event["seq"])
    assert others == before
    assert (note["event_type"], note["payload"]) == ("NOTE_ADDED", {"text": "bought too early"})
    assert newer.papertape("events", "-w", "books", "--type", "NOTE_ADDED") == [note]
    assert "fault" not in {check["status"] for check in newer.papertape("doctor")["checks"]}
    assert Path(f"{database}.before-{SHIPPED.head}.1.bak").exists()
    with pytest.raises(AssertionError, match="newer"):
        older.papertape("events", "-w", "books")
    journal = (copy.source / "docs/concepts/journal.md").read_text(encoding="utf-8")
    assert "| `NOTE_ADDED` | a person wrote a note beside the account |" in journal


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
    rules, fields = ((copy.source / "docs" / page).read_text() for page in ("concepts/policy.md", "reference/json.md"))
    assert "| `min_cash` | an entry that leaves less cash than the limit | `min_cash` |" in rules
    assert "| `min_cash` | number or null | cash that an entry leaves |" in fields
    assert "cash that an entry leaves" in copy.python("tui", "policy", "show")
