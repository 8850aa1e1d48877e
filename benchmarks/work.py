"""The sweeps that are measured: made-up bars, and lookbacks times dollar sizes of `breakout_52w_high`.

Nothing heavy is imported here: the process that starts the others stays small.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.market.bars import Bars, Dataset
    from engine.strategies.spec import ExecutionSpec

STARTING_EQUITY = 10_000.0
DOLLARS = (500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)
"""The largest takes all there is: after a loss its cash binds, and every tool has to refuse what it refuses."""
_SEED = 1


@dataclass(frozen=True)
class Work:
    """One sweep: `bars` of each symbol, every lookback (sessions) with every dollar size, out at the session's end."""

    name: str
    timeframe: str
    bars: int
    lookbacks: tuple[int, ...]
    dollars: tuple[float, ...] = DOLLARS
    symbols: int = 1

    @property
    def variants(self) -> list[tuple[int, float]]:
        """The grid, in plan order."""
        return [(lookback, dollars) for lookback in self.lookbacks for dollars in self.dollars]

    @property
    def sweep(self) -> dict[str, list[Any]]:
        """The grid as papertape is told of it."""
        return {"entry.lookback_days": list(self.lookbacks), "risk.dollars_per_trade": list(self.dollars)}

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Work:
        """From `document`."""
        return cls(**{**document, "lookbacks": tuple(document["lookbacks"]), "dollars": tuple(document["dollars"])})


def daily(bars: int, lookbacks: tuple[int, ...] = tuple(range(10, 210, 10)), symbols: int = 1) -> Work:
    """Daily bars; 100 variants unless other lookbacks are given."""
    return Work(_name(bars, "daily", symbols), "daily", bars, lookbacks, symbols=symbols)


def minutes(bars: int, lookbacks: tuple[int, ...] = tuple(range(10, 210, 10))) -> Work:
    """One-minute bars in sessions of 390; 100 variants unless other lookbacks are given."""
    return Work(_name(bars, "one-minute", 1), "1min", bars, lookbacks)


def bars_of(work: Work, nth: int = 0) -> Bars:
    """The bars of the work's `nth` symbol."""
    from engine.market.synthetic import synthetic_daily, synthetic_minutes  # noqa: PLC0415

    make = synthetic_daily if work.timeframe == "daily" else synthetic_minutes
    return make(work.bars, _SEED + nth, symbol_names(work)[nth])


def dataset_of(work: Work) -> Dataset:
    """All its symbols' bars."""
    from engine.market.bars import Dataset  # noqa: PLC0415

    return Dataset({name: bars_of(work, nth) for nth, name in enumerate(symbol_names(work))})


def spec_of(work: Work) -> ExecutionSpec:
    """The base spec: its own lookback and size are one variant more, the baseline."""
    from engine.strategies.spec import parse_spec  # noqa: PLC0415

    return parse_spec({"strategy_id": "breakout_52w_high", "symbols": symbol_names(work), "exit": {"type": "eod"}})


def symbol_names(work: Work) -> list[str]:
    """`SYN`, or `SYN000` and on when there are several."""
    return ["SYN"] if work.symbols == 1 else [f"SYN{nth:03d}" for nth in range(work.symbols)]


def _name(bars: int, kind: str, symbols: int) -> str:
    return f"{bars:,} {kind} bars" if symbols == 1 else f"{symbols} symbols of {bars:,} {kind} bars"
