"""The commands that come to the same result again, from what a run plan or a backtest keeps of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from shlex import quote
from typing import Any

from engine.numerals import value_text
from engine.policy.limits import Limits
from engine.policy.workspace import DEFAULT_EQUITY
from engine.strategies.paths import PARTS
from engine.vocabulary import DEFAULT_OBJECTIVE, JournalMode
from tui.shared.inputs import SAMPLE

MODEL_ACCOUNT = "like-this"
"""The account that the commands make where a plan's is not as a new one is."""
BUILT_IN = "built in"
ANY_FILE = "FILE"
DAILY, UTC = "daily", "UTC"
"""The timeframe that daily bars have, and the zone whose days are sessions, where none is named."""
MOST_VARIANTS = 1000
LEAST_OF_A_RANGE = 4
"""Values that are written as a range from so many on."""
_EXACT = 10**15
_WIDTH = 88
_INDENT = "    "

Option = tuple[str, str]
"""An option and its value, the value empty for a flag."""


def plan_commands(plan: Mapping[str, Any], objective: str, journal: str) -> list[str]:
    """The commands that run a plan again; `plan` is `PlanDetail.plan`."""
    account = _account(plan["limits"], plan["starting_equity"])
    options = [*_spec_options(plan["spec"], plan["timeframe"], plan["data"].get("strategy_file"))]
    options += [*_data_options(plan), *_sweep_options(plan)]
    options += [("--like", MODEL_ACCOUNT)] if account else []
    if plan["slippage_bps"]:
        options.append(("--slippage-bps", value_text(plan["slippage_bps"])))
    if objective != DEFAULT_OBJECTIVE:
        options.append(("--objective", objective))
    if journal != JournalMode.FULL:
        options.append(("--journal", journal))
    return [*account, _wrapped("papertape plan run", options)]


def run_commands(base: Mapping[str, Any], slippage_bps: float, limits: Limits, starting_equity: float) -> list[str]:
    """The commands that run a backtest again; `base` is its resolved spec. The file of its bars is not kept."""
    account = _account(limits.model_dump(mode="json"), starting_equity)
    options = [*_spec_options(base, base["timeframe"], None)]
    options += [("--data", f"{symbol}={ANY_FILE}") for symbol in base["symbols"]]
    options += [("--session-tz", limits.session_tz)] if limits.session_tz != UTC else []
    options += [("--like", MODEL_ACCOUNT)] if account else []
    options += [("--slippage-bps", value_text(slippage_bps))] if slippage_bps else []
    return [*account, _wrapped("papertape run", options)]


def why_not_whole(plan: Mapping[str, Any]) -> list[str]:
    """Sentences on what the commands cannot say; empty where they are enough."""
    said = []
    if "sources" not in plan["data"]:
        said.append(
            f"The bars came from a program: {ANY_FILE} stands for a file that holds them. Their sha256 tells whether"
            " they are the same."
        )
    if plan["strategy_origin"] != BUILT_IN and not plan["data"].get("strategy_file"):
        said.append(
            f"The strategy {plan['strategy_id']} is not built in: it came from {plan['strategy_origin']} and has to be"
            " known to papertape first."
        )
    return said


def _account(said: Mapping[str, Any], equity: float) -> list[str]:
    """The commands that make an account with this equity, these limits and fees; none where a new one has them."""
    defaults = Limits()
    limits = {
        name: value
        for name, value in said.items()
        if name != "session_tz" and name in Limits.model_fields and value != getattr(defaults, name)
    }
    if equity == DEFAULT_EQUITY and not limits:
        return []
    made = [f"papertape workspace create {MODEL_ACCOUNT} --starting-equity {value_text(equity)}"]
    if limits:
        settings = " ".join(quote(f"{name}={_limit(value)}") for name, value in limits.items())
        made.append(f"papertape policy set -w {MODEL_ACCOUNT} {settings}")
    return made


def _limit(value: Any) -> str:
    return ",".join(value) if isinstance(value, (list, tuple)) else value_text(value)


def _spec_options(spec: Mapping[str, Any], timeframe: str, strategy_file: str | None) -> Iterator[Option]:
    yield "--strategy", strategy_file or spec["strategy_id"]
    yield from (("--symbol", symbol) for symbol in spec["symbols"])
    if timeframe != DAILY:
        yield "--timeframe", timeframe
    for name, value in spec["entry"].items():
        if name != "type":
            yield "--set", f"entry.{name}={value_text(value)}"
    for part, model in PARTS.items():
        usual = model().model_dump(mode="json")
        for name, value in spec.get(part, {}).items():
            if value != usual.get(name):
                yield "--set", f"{part}.{name}={value_text(value)}"


def _data_options(plan: Mapping[str, Any]) -> Iterator[Option]:
    data = plan["data"]
    if "sources" not in data:
        yield "--data", ANY_FILE
    for symbol, name in data.get("sources", ()):
        yield "--data", name if symbol is None or name == f"{SAMPLE}{symbol}" else f"{symbol}={name}"
    for option, name in (("--from", "start"), ("--to", "to"), ("--cut", "from")):
        if data.get(name) is not None:
            yield option, data[name]
    if plan["dataset"]["session_tz"] != UTC:
        yield "--session-tz", plan["dataset"]["session_tz"]


def _sweep_options(plan: Mapping[str, Any]) -> Iterator[Option]:
    for path, values in plan["sweep"].items():
        yield "--sweep", f"{path}={_values(values)}"
    if not plan["include_ablations"]:
        yield "--no-ablations", ""
    if plan["max_variants"] != MOST_VARIANTS:
        yield "--max-variants", str(plan["max_variants"])
    for option in ("sample", "holdout", "walk_forward"):
        if plan.get(option) is not None:
            yield f"--{option.replace('_', '-')}", str(plan[option])


def _values(values: Sequence[Any]) -> str:
    """The values, or the range that stands for them."""
    if len(values) >= LEAST_OF_A_RANGE and all(_is_whole(value) for value in values):
        steps = {after - before for before, after in pairwise(values)}
        if len(steps) == 1 and (step := steps.pop()):
            return ":".join(value_text(value) for value in (values[0], values[-1], step))
    return ",".join(map(value_text, values))


def _is_whole(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < _EXACT and value == int(value)


def _wrapped(command: str, options: Sequence[Option]) -> str:
    """The command with its options, on as many lines as it takes."""
    lines = [command]
    for name, value in options:
        part = f"{name} {quote(value)}" if value else name
        if len(lines[-1]) + 1 + len(part) > _WIDTH:
            lines.append(part)
        else:
            lines[-1] += f" {part}"
    return f" \\\n{_INDENT}".join(lines)
