"""What is measured, what is owed for it, and the points of the growth curves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from benchmarks.work import Work, daily, minutes

THOUSAND = tuple(range(2, 202))
"""So many lookbacks that the five sizes make 1,000 variants."""


@dataclass(frozen=True)
class Beside:
    """A sweep that all tools run; of backtesting.py's variants only a sample, scaled, where all would take minutes."""

    work: Work
    sample: int | None = None


@dataclass(frozen=True)
class Owed:
    """A call of papertape's own and what it is to take: seconds, or bar-variants or events a second."""

    what: str
    work: Work
    most_s: float | None = None
    least_rate: float | None = None
    unit: str = ""
    question: dict[str, Any] = field(default_factory=lambda: {"case": "call", "workers": 1})


@dataclass(frozen=True)
class Plan:
    """All of a benchmark."""

    beside: list[Beside]
    owed: list[Owed]
    commands: list[tuple[Work, float | None]]
    curve_bars: list[Work]
    curve_variants: list[Work]


def whole() -> Plan:
    """What docs/performance.md shows."""
    million, thousand = minutes(1_000_000), minutes(1_000_000, THOUSAND)
    return Plan(
        beside=[Beside(daily(2_500)), Beside(minutes(100_000), 20), Beside(million, 5)],
        owed=[
            *_both(daily(2_500), most_s=0.005),
            *_both(minutes(100_000), most_s=0.020),
            *_both(million, most_s=0.100),
            *_both(thousand, most_s=0.500),
            *_both(daily(2_500, symbols=100), most_s=1.0, what=", cash and positions shared"),
            *_simulations([daily(2_500), minutes(100_000), million, thousand]),
            *_patterns(million, least=300e6),
            Owed("journal full, events", minutes(100_000, THOUSAND), None, 100_000, "events/s", {"case": "journal"}),
        ],
        commands=[(daily(2_500), 1.0), (thousand, 3.0)],
        curve_bars=[minutes(bars) for bars in (3_900, 10_000, 31_600, 100_000, 316_000, 1_000_000)],
        curve_variants=[minutes(100_000, tuple(range(2, 2 + count))) for count in (2, 6, 20, 63, 200)],
    )


def quick() -> Plan:
    """The same with little data: whether everything runs and agrees, and no figure to be shown."""
    few = (1, 2, 3)
    small, some = daily(120, few), minutes(3_000, few)
    return Plan(
        beside=[Beside(small), Beside(some, 5)],
        owed=[
            Owed("the call", small),
            *_simulations([some]),
            *_patterns(some, least=None),
            Owed("journal full, events", some, unit="events/s", question={"case": "journal"}),
        ],
        commands=[(small, None)],
        curve_bars=[minutes(bars, few) for bars in (1_000, 3_000)],
        curve_variants=[minutes(2_000, few[:count]) for count in (1, 3)],
    )


def _both(work: Work, *, most_s: float, what: str = "") -> list[Owed]:
    """The orchestrator, of which it is owed, and the whole call with generation, fingerprint and start around it."""
    return [
        Owed(f"the orchestrator{what}", work, most_s, question={"case": "orchestrator", "workers": 1}),
        Owed(f"the call{what}", work, most_s),
    ]


def _simulations(works: list[Work]) -> list[Owed]:
    """In both forms: what numba's compiled kernels gain over the same source as it stands."""
    return [
        Owed(f"simulation alone, {form}", work, question={"case": "simulation", "form": form})
        for work in works
        for form in ("plain", "compiled")
    ]


def _patterns(work: Work, least: float | None) -> list[Owed]:
    """Strategies without structure, with stop and target; what is owed is owed on two cores."""
    return [
        Owed(
            f"{strategy}, stop and target, {workers} worker{'s' * (workers > 1)}",
            work,
            None,
            least if workers == 2 else None,
            "bar-variants/s",
            {"case": "call", "strategy": strategy, "workers": workers},
        )
        for strategy in ("sma_cross", "rsi_reversion")
        for workers in (1, 2)
    ]
