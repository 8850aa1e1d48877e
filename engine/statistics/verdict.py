"""What a plan's figures come to, in a word and in one or two sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

LEAST_ENTERED, LEAST_LOSING, LEAST_SESSIONS = 30, 5, 126
LEAST_TRADES = 30
MOST_LUCK = 0.05
_NO_BEST = "No variant has a score, so there is no best one to judge."


class Verdict(StrEnum):
    """`engine.statistics.verdict.judge` has the rules."""

    TOO_LITTLE_DATA = "TOO_LITTLE_DATA"
    LIKE_LUCK = "LIKE_LUCK"
    FAILED_OUT_OF_SAMPLE = "FAILED_OUT_OF_SAMPLE"
    BEYOND_LUCK = "BEYOND_LUCK"


@dataclass(frozen=True, slots=True)
class Performance:
    """Two figures of the best, of holding, or of a stretch outside the sample; what does not exist is None."""

    cagr_pct: float | None
    sharpe_annual: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a plan is judged by. `best` is None where no variant has a score.

    `entered_sessions` are sessions on which the best entered, `losing_trades` its trades that lost; `trials` are those
    on these data. `holdout` is that of an opened one, `walk_forward` that of the stitched tests; None without.
    """

    sessions: int
    trials: int
    best: Performance | None
    held: Performance
    entered_sessions: int = 0
    losing_trades: int = 0
    p_luck: float | None = None
    holdout: Performance | None = None
    walk_forward: Performance | None = None


def judge(evidence: Evidence) -> tuple[Verdict, str]:
    """The verdict and why: too little data first, then luck, then what came of it on sessions it had not seen."""
    if evidence.best is None:
        return Verdict.TOO_LITTLE_DATA, _NO_BEST
    beside = f"The best made {_made(evidence.best)}, holding {_made(evidence.held)}."
    lacking = list(_lacking(evidence))
    if evidence.p_luck is None or lacking:
        return Verdict.TOO_LITTLE_DATA, f"Too little to judge: {_joined(lacking or ['there is no p_luck'])}. {beside}"
    odds = f"{_of_tries(evidence.trials)} would do as well with a probability of {_share(evidence.p_luck)}"
    if evidence.p_luck > MOST_LUCK:
        return Verdict.LIKE_LUCK, f"{odds}, more than the {MOST_LUCK:g} allowed. {beside}"
    failed = list(_failed(evidence))
    if failed:
        return Verdict.FAILED_OUT_OF_SAMPLE, f"{odds}, but {_joined(failed)}. {beside}"
    return Verdict.BEYOND_LUCK, f"{odds}, within the {MOST_LUCK:g} allowed. {beside}"


def sentence_of_run(psr: float | None, alpha_annual_pct: float | None, trades: int, trials: int) -> str:
    """What a single backtest is worth; `trials` are those on these data, this one included.

    It is held against the best of so many tries without skill: all stay below it with a probability of psr^trials.
    """
    if not trades:
        return "No trades, so there is nothing to judge."
    if psr is None or alpha_annual_pct is None:
        return f"Nothing can be said of luck: {_count(trades, 'trade', 'trades')} and no Sharpe ratio."
    return (
        f"{_lead(psr, alpha_annual_pct, trades, trials)}: {_count(trades, 'trade', 'trades')}, "
        f"{alpha_annual_pct:+.2f} % a year beyond what the market gave, and a true Sharpe ratio above 0 with a "
        f"probability of {_share(psr)}, after {_count(trials, 'try', 'tries')} on these data."
    )


def _lead(psr: float, alpha_annual_pct: float, trades: int, trials: int) -> str:
    if trades < LEAST_TRADES:
        return "Too few trades to tell skill from luck"
    if alpha_annual_pct <= 0:
        return "No better than the market"
    return "This could well be luck" if psr**trials < 1 - MOST_LUCK else "This is hardly luck alone"


def _lacking(evidence: Evidence) -> Iterator[str]:
    """What a judgement needs and there is not."""
    if evidence.sessions < LEAST_SESSIONS:
        yield f"the data have {_count(evidence.sessions, 'session', 'sessions')} of the {LEAST_SESSIONS} needed"
    if evidence.entered_sessions < LEAST_ENTERED:
        entered = _count(evidence.entered_sessions, "session", "sessions")
        yield f"the best entered on {entered} of the {LEAST_ENTERED} needed"
    if evidence.losing_trades < LEAST_LOSING:
        losing = _count(evidence.losing_trades, "losing trade", "losing trades")
        yield f"it has {losing} of the {LEAST_LOSING} needed"
    if evidence.holdout is not None and evidence.holdout.sharpe_annual is None:
        yield "its holdout has no Sharpe ratio"


def _failed(evidence: Evidence) -> Iterator[str]:
    """Where the chosen one earned nothing on sessions that had no part in choosing it."""
    for stretch, where in ((evidence.holdout, "on the holdout"), (evidence.walk_forward, "in the walk-forward")):
        if stretch is not None and stretch.sharpe_annual is not None and stretch.sharpe_annual <= 0:
            yield f"{where} its Sharpe ratio is {stretch.sharpe_annual:.2f} a year"


def _of_tries(trials: int) -> str:
    return "One try without skill" if trials == 1 else f"The best of {trials:,} tries without skill"


def _made(performance: Performance) -> str:
    gain, sharpe = performance.cagr_pct, performance.sharpe_annual
    return f"{'nothing measurable' if gain is None else f'{gain:+.2f} % a year'} ({_sharpe(sharpe)})"


def _sharpe(sharpe: float | None) -> str:
    return "no Sharpe ratio" if sharpe is None else f"Sharpe ratio {sharpe:.2f}"


def _share(probability: float) -> str:
    return "over 0.999" if probability > 0.999 else f"{probability:.3g}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _joined(reasons: Sequence[str]) -> str:
    return f"{', '.join(reasons[:-1])} and {reasons[-1]}" if len(reasons) > 1 else reasons[0]
