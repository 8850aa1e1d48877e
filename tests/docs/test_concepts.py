"""The tables of the concept pages are those of the code, and their Python blocks run."""

from __future__ import annotations

import ast
import re
from itertools import chain
from pathlib import Path

import pytest

from engine.broker.reconcile import ReconcileReport
from engine.events import EventType
from engine.policy.limits import Limits
from engine.policy.rules import ENTRY_RULES
from engine.strategies.registry import BUILTIN
from engine.strategies.spec import ExitSpec
from tests.docs.pages import DOCS, ROOT, code_blocks, codes, first_codes, table_under, text_of

CONCEPTS = sorted((DOCS / "concepts").glob("*.md"))


def test_the_journal_page_lists_every_event_type_in_order() -> None:
    rows = table_under(text_of("concepts/journal.md"), "## Event types")
    assert first_codes(rows) == [kind.value for kind in EventType]


def test_the_policy_page_lists_every_rule_in_order() -> None:
    rows = table_under(text_of("concepts/policy.md"), "# The policy")
    assert first_codes(rows) == ["trading_state", *(rule.name for rule in ENTRY_RULES)]


def test_the_policy_page_names_every_key() -> None:
    text = text_of("concepts/policy.md")
    set_by = [codes(row[2]) for row in table_under(text, "# The policy")]
    others = first_codes(table_under(text, "## Fees and the session zone"))
    named = set(chain.from_iterable(set_by)) - {"trading-state"}
    assert named | set(others) == set(Limits.model_fields)


def test_the_reconcile_page_names_every_field_of_the_report() -> None:
    rows = table_under(text_of("concepts/reconcile.md"), "## The report")
    assert first_codes(rows) == list(ReconcileReport.model_fields)


def test_the_strategies_page_names_every_exit() -> None:
    rows = table_under(text_of("concepts/strategies.md"), "## Exits")
    named = [code.partition(" = ")[0] for code in first_codes(rows)]
    assert set(named) == set(ExitSpec.model_fields)


def test_the_strategies_page_names_every_strategy_that_ships() -> None:
    rows = table_under(text_of("concepts/strategies.md"), "## Built-in strategies")
    assert [(row[0], row[-1]) for row in rows] == [(f"`{one.key}`", f"`{one.default_exit}`") for one in BUILTIN]


def test_the_strategies_page_lists_every_signal_code() -> None:
    rows = table_under(text_of("concepts/strategies.md"), "## Signal codes")
    listed = {re.sub(r"<\w+>", "<>", row) for row in first_codes(rows)}
    in_code = set(chain.from_iterable(map(_signal_codes, (ROOT / "engine").rglob("*.py"))))
    assert in_code - {"breakout_entry"} <= listed
    assert listed <= in_code


def _signal_codes(path: Path) -> set[str]:
    """Text in the code that reads like a signal code; what is put in is `<>`."""
    texts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            texts.add("".join(part.value if isinstance(part, ast.Constant) else "<>" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
    shape = re.compile(r"[a-z<>]+_exit|[a-z<>]+(_of_data|_bars|_loss|_profit)_exit|entry_(skipped|blocked)_[a-z_]+")
    others = re.compile(r"lookback_partial_<>_of_<>|symbol_not_in_spec|strategy_disabled|(<>|breakout)_entry")
    names = {"own_exit", "has_exit", "default_exit", "find_exit", "decide_exit"}
    return {text for text in texts if shape.fullmatch(text) or others.fullmatch(text)} - names


@pytest.mark.parametrize("page", [page for page in CONCEPTS if "```python" in page.read_text()], ids=lambda p: p.stem)
def test_python_on_a_concept_page_runs(page: Path) -> None:
    for block in code_blocks(page.read_text(encoding="utf-8"), "python"):
        exec(compile(block, str(page), "exec"), {})
