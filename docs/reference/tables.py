"""Tables that are generated within pages written by hand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from docs.reference.markdown import table
from engine.account.metrics import METRICS, Unit
from engine.policy.limits import Limits, kind_of
from engine.policy.rules import ENTRY_RULES
from engine.strategies.registry import BUILTIN
from engine.vocabulary import EventType
from storage.market_files.dialects.table import DIALECTS
from storage.sqlite.connection.opening import APPLICATION_ID, SHIPPED


def rules() -> Iterator[str]:
    """The policy's rules in their order, and what sets each."""
    halted, reducing = "`HALTED`: everything", "`REDUCING`: entries"
    rows = [("`trading_state`", f"{halted}; {reducing}", "the command `trading-state`")]
    for rule in ENTRY_RULES:
        keys = ", ".join(f"`{key}`" for key in rule.keys)
        rows.append((f"`{rule.name}`", rule.meaning, keys or "always on"))
    return table(("rule", "refuses", "set by `policy set`"), rows)


def limits() -> Iterator[str]:
    """The fields of a policy as JSON has them."""
    kinds = {int: "integer or null", float: "number or null", tuple: "array or null", str: "text"}
    rows = [("`trading_state`", "text", "`ACTIVE`, `REDUCING` or `HALTED`")]
    for key, field in Limits.model_fields.items():
        rows.append((f"`{key}`", kinds[kind_of(key)], field.description or ""))
    return table(("field", "type", "meaning"), rows)


def metrics() -> Iterator[str]:
    """The metrics of a run and of a variant as JSON has them."""
    rows = []
    for name, metric in METRICS.items():
        kind = "integer" if metric.unit is Unit.COUNT else "number"
        needs = f"; null without {metric.needs}" if metric.needs else ""
        rows.append((f"`{name}`", kind + (" or null" if needs else ""), metric.meaning + needs))
    return table(("field", "type", "meaning"), rows)


def event_types() -> Iterator[str]:
    """Every type of event, in the order of the vocabulary."""
    return table(("type", "says"), ((f"`{kind}`", kind.meaning) for kind in EventType))


def strategies() -> Iterator[str]:
    """The built-in strategies, each with the first line of the docstring of `signals` or `signals_all`: the rule."""
    rows = []
    for kind in BUILTIN:
        decides = kind.signals_all if kind.compares_symbols() else kind.signals
        rule, _, _ = (inspect.getdoc(decides) or "").partition("\n")
        rows.append((f"`{kind.key}`", rule, f"`{kind.default_exit}`"))
    return table(("key", "rule", "default `exit.type`"), rows)


def marks() -> Iterator[str]:
    """The numbers by which a database of today is recognised, as statements that set them."""
    pragmas = {"application_id": APPLICATION_ID, "user_version": SHIPPED.generation}
    yield from ("```sql", *(f"PRAGMA {name} = {value};" for name, value in pragmas.items()), "```", "")


def dialects() -> Iterator[str]:
    """What `data import` recognises: each dialect, how such a file begins, and what there is to know of it."""
    rows = []
    for dialect in DIALECTS:
        lines = (line.replace("|", "\\|") for line in dialect.example.split(" ⏎ "))
        rows.append((dialect.vendor, " ".join(f"`{line}`" for line in lines), dialect.note))
    return table(("written by", "begins", "to know"), rows)


TABLES: dict[str, dict[str, Callable[[], Iterator[str]]]] = {
    "json.md": {"limits": limits, "metrics": metrics},
    "../bring-your-data.md": {"dialects": dialects},
    "../concepts/journal.md": {"event types": event_types, "marks": marks},
    "../concepts/policy.md": {"rules": rules},
    "../concepts/strategies.md": {"strategies": strategies},
}
"""By page, from here, the tables that stand on it, each between two comments that name it."""
