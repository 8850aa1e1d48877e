"""Events, run plans, and what a plan's best is worth, in a few words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tui.shared import figures

if TYPE_CHECKING:
    from engine.desk.journal import EventView
    from engine.drivers.trial import TrialCount
    from engine.statistics.holding import HoldingMetrics
    from engine.sweeps.noise.results import NoiseResult
    from engine.sweeps.results import PlanDetail, PlanStatistics, PlanSummary

SHORT_SHA256 = 8
"""Digits of a hash that tell two versions of a strategy apart."""
MEANINGS = {
    "TOO_LITTLE_DATA": "too little to judge by",
    "LIKE_LUCK": "luck alone would do as well",
    "FAILED_OUT_OF_SAMPLE": "good where it was chosen, and not beyond",
    "BEYOND_LUCK": "more than luck explains",
}
"""What each verdict means."""
ODDS = {
    "p_luck": "probability that luck alone would do as well",
    "dsr": "probability of a true Sharpe ratio above 0 after all tries",
    "pbo": "how often the best of one half does poorly in the other",
}
"""The probabilities of a plan, and what each says."""

Fact = tuple[str, str]


def said_by(event: EventView) -> str:
    """An event in a few words; its payload as JSON when there are no words for it."""
    payload = event.payload
    if event.price is not None and event.quantity is not None:
        return f"{event.side} {_at(event.quantity, event.price)}"
    if "because" in payload:
        return f"{payload.get('rule')}: {payload['because']}" if payload["because"] else "approved"
    if "pnl" in payload:
        return f"P&L {figures.signed(payload['pnl'])}"
    if "avg_price" in payload:
        return _at(payload["quantity"], payload["avg_price"])
    if "action" in payload:
        return f"{payload['action']} {figures.quantity(payload['quantity'])} {payload.get('reason') or ''}"
    return _of_a_driver(payload) or _of_a_sweep(payload) or json.dumps(payload, ensure_ascii=False)


def _of_a_driver(payload: dict[str, Any]) -> str:
    """An event of a backtest or a forward run: its progress, its result, or what was accepted."""
    match payload:
        case {"spec_key": _, "timeframe": _, "ts": str(ts)}:
            return f"came to {ts[:19].replace('T', ' ')}"
        case {"symbols": dict(symbols), "settled": _}:
            changes = (f"{symbol} {change['kind']} at {change['ts'][:10]}" for symbol, change in symbols.items())
            return f"the data's past is followed: {', '.join(changes)}"
        case {"strategy_id": str(strategy), "from": str(before), "to": str(now)}:
            return f"{strategy}: the code {before[:SHORT_SHA256]} is now {now[:SHORT_SHA256]}"
        case {"spec": dict(spec), "fills": _, "metrics": {"trade_count": trades, "ending_equity": equity}}:
            made = f"{figures.counted(trades, 'trade')}, equity {figures.money(equity)}"
            return f"{spec['strategy_id']} on {', '.join(spec['symbols'])}: {made}{_stopped(payload)}"
    return ""


def _stopped(payload: dict[str, Any]) -> str:
    """What kept entries of a backtest from being filled, where it was counted."""
    counts = (("refused", payload.get("refusals")), ("held back", payload.get("held_back")))
    return "".join(f"; {what}: {figures.by_code(counted)}" for what, counted in counts if counted)


def _of_a_sweep(payload: dict[str, Any]) -> str:
    """A run plan's event: its payload may hold a thousand variants."""
    if "draws" in payload:
        told = payload["first"] + len(payload["scores"])
        odds = "" if payload["p_noise"] is None else f", p_noise {probability(payload['p_noise'])}"
        return f"{told:,} of {payload['draws']:,} draws against noise{odds}"
    if "variants_count" in payload:
        return f"{payload['strategy_id']}, {figures.counted(payload['variants_count'], 'variant')}"
    return f"variant {payload['variant_id']} {payload['status']}" if "variant_id" in payload else ""


def _at(quantity: float, price: float) -> str:
    return f"{figures.quantity(quantity)} at {figures.price(price)}"


HASH = 16
"""Digits of a hash that are shown: enough to compare by eye, JSON has the rest."""


def bars_of(plan: PlanDetail) -> str:
    """The bars of a run plan, such as `1,047 bars after 2,223 of history`."""
    return f"{figures.whole(plan.bar_count)} bars{figures.after(plan.history_bars)}"


def progress_of(plan: PlanSummary) -> str:
    """The progress of a plan, such as `100 of 100, 2 failed, 1 skipped`."""
    parts = [f"{figures.whole(plan.done)} of {figures.whole(plan.variants)}"]
    without = ((plan.failed, "failed"), (plan.skipped, "skipped"))
    return ", ".join([*parts, *(f"{figures.whole(count)} {what}" for count, what in without if count)])


def took(seconds: float) -> str:
    """A duration, such as `0.25 s`, `3 min 20 s` or `2 h 05 min`."""
    if round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def verdict_of(statistics: PlanStatistics) -> str:
    """The verdict with its meaning, such as `LIKE_LUCK: luck alone would do as well`."""
    meaning = MEANINGS.get(statistics.verdict)
    return statistics.verdict if meaning is None else f"{statistics.verdict}: {meaning}"


def odds_of(statistics: PlanStatistics) -> Iterator[Fact]:
    """Each probability with what it says."""
    for name, meaning in ODDS.items():
        yield name, f"{probability(getattr(statistics, name)):<6}  {meaning}"


def noise_of(noise: NoiseResult | None) -> list[Fact]:
    """A fact with what a plan came to against noise, or how far its test has come; empty where there was none."""
    if noise is None:
        return []
    if noise.p_noise is None:
        return [("noise", f"stopped after {len(noise.scores):,} of {noise.draws:,} draws; `plan noise` goes on")]
    meaning = f"on {noise.as_good:,} of {noise.draws:,} shuffles the best did as well"
    return [("p_noise", f"{probability(noise.p_noise):<6}  {meaning}")]


def brief_odds(statistics: PlanStatistics) -> str:
    """The probabilities in one line, such as `p_luck 0.195, dsr 0.910, pbo 0.254`."""
    return ", ".join(f"{name} {probability(getattr(statistics, name))}" for name in ODDS)


def tries_of(trials: TrialCount | None) -> list[Fact]:
    """A fact with the number of tries; empty for a plan from before they were counted."""
    if trials is None:
        return []
    counts = f"{figures.whole(trials.in_plan)} in this plan, {figures.whole(trials.on_these_data)} on these data"
    if trials.not_countable:
        counts += f", {figures.counted(trials.not_countable, 'older run')} not counted"
    return [("tries", counts)]


def holding_of(benchmark: HoldingMetrics | None) -> list[Fact]:
    """Facts with what buying and holding came to; empty where it was not measured."""
    if benchmark is None:
        return []
    gain = f"{figures.percent(benchmark.return_pct)}, {_or_none(benchmark.cagr_pct, figures.percent)} a year"
    sharpe = _or_none(benchmark.sharpe_annual, figures.money)
    fall = _or_none(benchmark.max_drawdown_marked_pct, lambda amount: f"{figures.money(amount)} %")
    return [("holding", gain), ("", f"Sharpe {sharpe}, max drawdown {fall}")]


def breakeven_of(statistics: PlanStatistics) -> str:
    """The further cost at which the best earns nothing."""
    bps = statistics.costs["breakeven_bps"]
    if bps is None:
        return "none: without a profit there is nothing for costs to take"
    return f"{figures.decimals(bps, 1)} bps more on each side, and the best earns nothing"


def neighbours_of(statistics: PlanStatistics) -> str:
    """How the variants one value away from the best did."""
    near = statistics.sensitivity["neighbours"]
    if near is None:
        return "none: the best does not stand on the grid"
    if not near["count"]:
        return "none"
    mean = _or_none(near["mean_score"], lambda score: figures.decimals(score, 4))
    return f"{near['count']:,} with a mean score of {mean}, {near['beat_baseline']:,} of them above the baseline"


def probability(value: float | None) -> str:
    """With three decimals; one that only rounds to 0 or to 1 says so."""
    if value is None:
        return figures.NONE
    if 0 < value < 0.0005:
        return "<0.001"
    return ">0.999" if 0.9995 <= value < 1 else figures.decimals(value, 3)


def _or_none(value: float | None, shown: Callable[[float], str]) -> str:
    return figures.NONE if value is None else shown(value)
