"""What was asked of a run plan: spec, sweep, data, account, and what to know of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.dashboard.screens.run_plan.part import Part
from tui.dashboard.widgets.dialog import fact_lines
from tui.shared import figures
from tui.shared.leaderboard import scalar, without_result
from tui.shared.plan_words import HASH, bars_of, took

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.sweeps.results import PlanDetail
    from tui.dashboard.screens.run_plan.view import PlanView

MOST_VALUES = 12
Fact = tuple[str, str]


class AboutPart(Part):
    """Facts, to scroll through."""

    def compose(self) -> ComposeResult:
        """One page."""
        with VerticalScroll():
            yield Static("", classes="page", markup=False)

    def focused_first(self) -> Widget | None:
        """The keys scroll."""
        return self.query_one(VerticalScroll)

    def take(self, view: PlanView) -> None:
        """Everything that was read."""
        detail = view.detail
        facts = [*_standing(detail), *_asked(detail), *_account(detail.plan), *_to_know(detail)]
        self.query_one(".page", Static).update(fact_lines(facts))


def _standing(detail: PlanDetail) -> Iterator[Fact]:
    yield "run plan", str(detail.run_plan_id)
    yield "started", f"{detail.started_at:%Y-%m-%d %H:%M:%S} UTC, {took(detail.duration_s)} of work"
    counts = f"{figures.whole(detail.done)} of {figures.whole(detail.variants)} done"
    counts += f", {figures.whole(detail.failed)} failed, {figures.whole(detail.skipped)} skipped"
    yield "variants", f"{counts}, {figures.whole(detail.variants_dropped)} dropped by max variants"
    if detail.error is not None:
        yield "ended by", f"{detail.error_code}: {detail.error}"
    if detail.verified:
        yield "verified", f"{figures.counted(detail.verified, 'variant')} run again bar by bar, all the same"


def _asked(detail: PlanDetail) -> Iterator[Fact]:
    plan, base = detail.plan, detail.plan["base"]
    yield "strategy", f"{detail.strategy_id}, {plan['strategy_origin']}"
    yield "symbols", f"{', '.join(base['symbols'])}, {base['timeframe']}"
    for part in ("entry", "exit", "risk"):
        shown = {name: value for name, value in base[part].items() if name != "type" or part == "exit"}
        values = (f"{name} {scalar(value)}" for name, value in shown.items() if value is not None)
        yield part, ", ".join(values) or "nothing to set"
    for place, (path, values) in enumerate(plan["sweep"].items()):
        yield "sweep" if place == 0 else "", f"{path}: {_list(values)}"
    yield "objective", f"{detail.objective}, journal {detail.journal}"
    for place, source in enumerate(plan["dataset"]["sources"] or ["made by a program"]):
        yield "data" if place == 0 else "", source
    yield "", f"{bars_of(detail)}, sha256 {detail.dataset_sha256[:HASH]}"
    yield "fingerprint", detail.fingerprint[:HASH]


def _account(plan: dict[str, Any]) -> Iterator[Fact]:
    yield "account", f"{figures.money(plan['starting_equity'])} to begin with, slippage {plan['slippage_bps']:g} bps"
    limits = {name: value for name, value in plan["limits"].items() if value not in (None, 0, 0.0, [])}
    yield "limits", ", ".join(f"{name} {_limit(value)}" for name, value in limits.items()) or "none"


def _to_know(detail: PlanDetail) -> Iterator[Fact]:
    for place, same in enumerate(detail.duplicate_of):
        count = detail.differs_from.get(same)
        but = f", but for the results of {figures.counted(count, 'variant')}" if count else ""
        yield "same as" if place == 0 else "", f"run plan {same}{but}"
    for place, sentence in enumerate(detail.reasons):
        yield "why" if place == 0 else "", sentence
    for place, sentence in enumerate(without_result(detail.results)):
        yield "no result" if place == 0 else "", sentence
    for place, sentence in enumerate(detail.plan["data"].get("warnings", ())):
        yield "warnings" if place == 0 else "", sentence


def _limit(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else scalar(value)


def _list(values: list[Any]) -> str:
    shown = ", ".join(map(scalar, values[:MOST_VALUES]))
    return shown if len(values) <= MOST_VALUES else f"{shown}, … ({figures.whole(len(values))} values)"
