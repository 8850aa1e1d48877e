"""A run plan in words: two lines above its parts, and a page with all that was asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from engine.numerals import value_text
from tui.dashboard.colours import Palette, gain
from tui.dashboard.screens.run_plan.view import Part
from tui.dashboard.screens.run_plans.rows import RUNNING, status_words
from tui.dashboard.widgets.dialog import fact_lines
from tui.shared import figures
from tui.shared.leaderboard import without_result
from tui.shared.out_of_sample import chosen_of, efficiency_of, facts_of, in_brief, lines_of, stretches_of
from tui.shared.text import safe_text
from tui.shared.words import (
    HASH,
    bars_of,
    breakeven_of,
    brief_odds,
    holding_of,
    noise_of,
    odds_of,
    probability,
    took,
    tries_of,
    verdict_of,
)

if TYPE_CHECKING:
    from textual.widget import Widget

    from engine.sweeps.results import PlanDetail, PlanStatistics, VariantResult
    from tui.dashboard.screens.run_plan.view import PlanView
    from tui.dashboard.sweeps import Progress


MOST_VALUES = 12
Fact = tuple[str, str]


class AboutPart(Part):
    """A page of facts that scrolls."""

    def compose(self) -> ComposeResult:
        """One page of text that scrolls."""
        with VerticalScroll():
            yield Static("", classes="page", markup=False)

    def focused_first(self) -> Widget | None:
        """The page has the focus, so that keys scroll it."""
        return self.query_one(VerticalScroll)

    def take(self, view: PlanView) -> None:
        """Show the facts of this run plan."""
        detail = view.detail
        facts = [*_standing(detail), *_worth(detail), *_out_of_sample(detail), *_asked(detail)]
        facts += [*_account(detail.plan), *_to_know(detail)]
        self.query_one(".page", Static).update(fact_lines(facts))


def _standing(detail: PlanDetail) -> Iterator[Fact]:
    yield "run plan", str(detail.run_plan_id)
    yield "started", f"{detail.started_at:%Y-%m-%d %H:%M:%S} UTC, {took(detail.duration_s)} of work"
    counts = f"{figures.whole(detail.done)} of {figures.whole(detail.variants)} done"
    counts += f", {figures.whole(detail.failed)} failed, {figures.whole(detail.skipped)} skipped"
    yield "variants", f"{counts}, {figures.whole(detail.variants_dropped)} not tried"
    if detail.error is not None:
        yield "ended by", f"{detail.error_code}: {detail.error}"
    if detail.verified:
        yield "verified", f"{figures.counted(detail.verified, 'variant')} run again bar by bar, all the same"


def _worth(detail: PlanDetail) -> Iterator[Fact]:
    """What the best is worth; of a plan without statistics the tries and holding alone, where they are known."""
    statistics = detail.statistics
    if statistics is not None:
        yield "verdict", verdict_of(statistics)
        yield "", statistics.because
        yield from odds_of(statistics)
        yield from noise_of(detail.noise)
        yield "break-even", breakeven_of(statistics)
    yield from tries_of(detail.trials)
    yield from holding_of(detail.benchmark)


def _out_of_sample(detail: PlanDetail) -> Iterator[Fact]:
    """What came of a walk-forward and of a holdout, for those who asked for them."""
    if detail.walk_forward is not None:
        for place, line in enumerate(lines_of(detail.results, detail.walk_forward)):
            yield "walk-forward" if place == 0 else "", line
        yield "efficiency", efficiency_of(detail.walk_forward)
        yield from chosen_of(detail.walk_forward)
    if detail.holdout is not None:
        yield "holdout", ""
        yield from facts_of(detail.holdout)
        yield from ((stretch.name, in_brief(stretch.metrics)) for stretch in stretches_of(detail.holdout))


def _asked(detail: PlanDetail) -> Iterator[Fact]:
    plan, base = detail.plan, detail.plan["base"]
    yield "strategy", f"{detail.strategy_id}, {plan['strategy_origin']}"
    yield "symbols", f"{', '.join(base['symbols'])}, {base['timeframe']}"
    for part in ("entry", "exit", "risk", "execution"):
        shown = {name: value for name, value in base.get(part, {}).items() if name != "type" or part == "exit"}
        values = (f"{name} {value_text(value)}" for name, value in shown.items() if value is not None)
        if shown or part in base:
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
    return ", ".join(map(str, value)) if isinstance(value, list) else value_text(value)


def _list(values: list[Any]) -> str:
    shown = ", ".join(map(value_text, values[:MOST_VALUES]))
    return shown if len(values) <= MOST_VALUES else f"{shown}, … ({figures.whole(len(values))} values)"


def head_lines(view: PlanView, progress: Progress | None, palette: Palette, width: int) -> Text:
    """Two lines, each cut to the width."""
    room, lines = max(1, width - 2), []
    for written in (_standing_line(view, progress, palette), _best_line(view, palette)):
        line = next((line for line in written if line.cell_len <= room), written[-1])
        line.truncate(room, overflow="ellipsis")
        lines.append(line)
    return Text("\n").join(lines)


def _standing_line(view: PlanView, progress: Progress | None, palette: Palette) -> list[Text]:
    """The first line in full, and shorter for where it does not fit."""
    detail, base = view.detail, view.detail.plan["base"]
    is_tested = progress is not None and progress.of_noise
    done = max(detail.done, progress.done) if progress and not is_tested else detail.done
    status = status_words(detail.status if progress is None or is_tested else RUNNING)
    line = Text.assemble((view.short_id, "bold"), f"  {status}  {safe_text(detail.strategy_id)} ")
    line.append(safe_text(f"{', '.join(base['symbols'])}, {base['timeframe']}"))
    counts = [f"{figures.whole(done)} of {figures.counted(detail.variants, 'variant')}"]
    counts += [
        f"{figures.whole(n)} {what}" for n, what in ((detail.failed, "failed"), (detail.skipped, "skipped")) if n
    ]
    if detail.variants_dropped:
        counts.append(f"{figures.whole(detail.variants_dropped)} dropped")
    if progress is not None and is_tested:
        counts.append(f"{figures.whole(progress.done)} of {figures.counted(progress.total, 'draw')} against noise")
    line.append(f"  {', '.join(counts)}")
    details = f"  {figures.whole(detail.bar_count)} bars, {took(detail.duration_s)}"
    return [line.copy().append(details, palette.muted), line]


def _best_line(view: PlanView, palette: Palette) -> list[Text]:
    """The best variant with all there is to say of it, then with less and less."""
    detail = view.detail
    if detail.error is not None:
        return [Text(safe_text(f"ended by {detail.error_code}: {detail.error}"), palette.loss)]
    best = view.by_id.get(detail.best_variant_id or "")
    if best is None:
        return [Text(f"no variant has a score by {detail.objective}", palette.muted)]
    score, verdicts = f"  {detail.objective} {detail.best_score:.4f}", _verdicts(detail.statistics)
    told = [(verdict, said) for verdict in verdicts for said in (score, "")]
    return [_best_of(view, best, said, palette).append(verdict) for verdict, said in told]


def _best_of(view: PlanView, best: VariantResult, score: str, palette: Palette) -> Text:
    """The best variant beside the baseline."""
    line = Text.assemble(("best ", palette.muted), (safe_text(best.label), "bold"), (f"{score}  ", palette.muted))
    line.append_text(_return_text(best, palette))
    if view.baseline is not best and view.baseline.metrics is not None:
        line.append("  baseline ", palette.muted).append_text(_return_text(view.baseline, palette))
    return line


def _verdicts(statistics: PlanStatistics | None) -> list[str]:
    """The verdict in full, shorter, and not at all."""
    if statistics is None:
        return [""]
    verdict = safe_text(statistics.verdict)
    return [
        f"  {verdict}, {brief_odds(statistics)}",
        f"  {verdict}, p_luck {probability(statistics.p_luck)}",
        f"  {verdict}",
        "",
    ]


def _return_text(result: VariantResult, palette: Palette) -> Text:
    return Text() if result.metrics is None else gain(result.metrics.return_pct, palette, unit=" %")
