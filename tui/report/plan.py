"""The report of a run plan: its verdict first, then what the best made, how it was found, and how to find it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.errors import ConflictError, InvalidError, NotFoundError
from engine.symbols import readable
from tui.report import reproduce
from tui.report.content import Block, Commands, Fact, Facts, Report, Role, Section, Series, Text
from tui.report.curves import MS_A_DAY
from tui.report.out_of_sample import holdout_section, noise_section, walk_forward_section
from tui.report.over_time import Curves, equity_section, trades_section
from tui.report.plan_variants import leaderboard_section, map_section
from tui.report.plan_worth import (
    best_of,
    costs_section,
    figures_section,
    key_figures,
    odds_section,
    sensitivity_section,
    sentence_of,
    sides_of,
)
from tui.shared import figures
from tui.shared.out_of_sample import labels_of
from tui.shared.words import bars_of, progress_of

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.accounts import TradeView
    from engine.desk.plans import Load
    from engine.sweeps.results import PlanDetail
    from engine.sweeps.simulation.rerun import SessionCurves

NAMED_SYMBOLS = 6
"""Symbols that a title names."""


def plan_report(desk: Desk, detail: PlanDetail, load: Load) -> tuple[Report, list[str]]:
    """The report, and a sentence for each part that is left out because the data or the strategy are not as they were.

    VERIFY_FAILED where the best, run again, has another result.
    """
    missing: list[str] = []
    curves = trades = None
    if detail.best_variant_id is not None:
        try:
            curves = desk.plans.session_curves(detail.run_plan_id, ("best", "baseline"), load)
        except (ConflictError, InvalidError, NotFoundError) as error:
            missing.append(f"The curves are left out: {error.message}.")
        try:
            trades = desk.plans.trades(detail.run_plan_id, "best", load)
        except (ConflictError, InvalidError, NotFoundError) as error:
            missing.append(f"The trades are left out: {error.message}.")
    return _report(detail, curves, trades, missing), missing


def _report(
    detail: PlanDetail, curves: SessionCurves | None, trades: Sequence[TradeView] | None, missing: Sequence[str]
) -> Report:
    statistics = detail.statistics
    figures_first = key_figures(sides_of(detail))
    return Report(
        kind="Report of a run plan",
        title=f"{detail.strategy_id} on {_symbols(detail)}",
        verdict=sentence_of(detail),
        because=[] if statistics is None else [statistics.because],
        label="" if statistics is None else statistics.verdict,
        about=_about(detail),
        lead=[] if figures_first is None else [figures_first],
        sections=list(_sections(detail, curves, trades, missing)),
    )


def _sections(
    detail: PlanDetail, curves: SessionCurves | None, trades: Sequence[TradeView] | None, missing: Sequence[str]
) -> Iterator[Section]:
    statistics = detail.statistics
    if statistics is not None:
        yield odds_section(detail, statistics)
    if curves is not None and len(curves.sessions):
        yield equity_section(_curves(detail, curves), missing)
    elif missing:
        yield Section("equity", "Equity over time", [Text(sentence) for sentence in missing])
    sides = sides_of(detail)
    if sides:
        yield figures_section(sides)
    yield leaderboard_section(detail)
    found = [map_section(detail), *_out_of_sample(detail)]
    if statistics is not None:
        found += [sensitivity_section(statistics), costs_section(detail, statistics)]
    yield from (section for section in found if section is not None)
    if trades is not None:
        yield trades_section(trades, "The best")
    yield _reproduction(detail)


def _out_of_sample(detail: PlanDetail) -> list[Section | None]:
    from tui.shared.output import plain

    return [
        holdout_section(detail.holdout),
        walk_forward_section(detail.walk_forward, labels_of(detail.results)),
        noise_section(plain(getattr(detail, "noise", None)), detail.objective),
    ]


def _curves(detail: PlanDetail, curves: SessionCurves) -> Curves:
    times = curves.sessions.astype("float64") * MS_A_DAY
    series: list[Series] = []
    for role, result in ((Role.BEST, best_of(detail)), (Role.BASELINE, detail.results[0])):
        if (
            result is not None
            and result.variant_id in curves.equity
            and not _is_there(series, curves, result.variant_id)
        ):
            series.append(Series(role.value, role, curves.equity[result.variant_id]))
    series.append(Series("holding", Role.HOLDING, curves.holding))
    return Curves(times, series, curves.starting_equity, "sessions")


def _is_there(series: Sequence[Series], curves: SessionCurves, variant_id: str) -> bool:
    return any(one.values is curves.equity[variant_id] for one in series)


def _symbols(detail: PlanDetail) -> str:
    symbols = [readable(symbol) for symbol in detail.plan["base"]["symbols"]]
    more = len(symbols) - NAMED_SYMBOLS
    return ", ".join(symbols) if more <= 0 else f"{', '.join(symbols[:NAMED_SYMBOLS])} and {figures.whole(more)} more"


def _about(detail: PlanDetail) -> list[Fact]:
    plan = detail.plan
    best = best_of(detail)
    return [
        Fact("period", _period(plan)),
        Fact("bars", f"{bars_of(detail)}, {plan['timeframe']}"),
        Fact("variants", progress_of(detail)),
        Fact("best", "none has a score" if best is None else best.label),
        Fact("ranked by", detail.objective),
        Fact("account", _account(plan)),
    ]


def _period(plan: Mapping[str, Any]) -> str:
    traded = [bars for bars in plan["dataset"]["bars"].values() if bars[0]]
    if not traded:
        return figures.NONE
    return f"{min(first for _, first, _ in traded)[:10]} to {max(last for _, _, last in traded)[:10]}"


def _account(plan: Mapping[str, Any]) -> str:
    limits = {name: value for name, value in plan["limits"].items() if value is not None and name != "session_tz"}
    parts = [figures.money(plan["starting_equity"]), f"slippage {plan['slippage_bps']:g} bps"]
    parts += [f"{name} {value}" for name, value in limits.items()]
    return ", ".join(parts)


def _reproduction(detail: PlanDetail) -> Section:
    plan = detail.plan
    versions = plan.get("distributions", {})
    facts = [
        Fact("fingerprint", detail.fingerprint, "the same fingerprint, the same results"),
        Fact("run plan", str(detail.run_plan_id), f"started {figures.moment(detail.started_at)} UTC"),
        Fact("data", detail.dataset_sha256, "sha256"),
        Fact("strategy", plan["strategy_sha256"], f"sha256; {plan['strategy_origin']}"),
    ]
    if versions:
        facts.append(Fact("versions", ", ".join(f"{name} {version}" for name, version in versions.items())))
    blocks: list[Block] = [Commands(reproduce.plan_commands(plan, detail.objective, detail.journal)), Facts(facts)]
    said = [*reproduce.why_not_whole(plan), *(f"Warning: {sentence}" for sentence in plan["data"].get("warnings", ()))]
    return Section("reproduce", "How to reproduce it", [*blocks, *(Text(sentence, aside=True) for sentence in said)])
