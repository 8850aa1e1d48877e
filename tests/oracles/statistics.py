"""The statistics of session returns, from the spec's text: lists, loops and words drawn one at a time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from statistics import NormalDist
from typing import Any

import numpy as np

NORMAL = NormalDist()
Column = Sequence[float]


def mean(values: Column) -> float:
    return math.fsum(values) / len(values)


def deviation(values: Column) -> float:
    """With ddof 1; 0 where all are the same."""
    if len(set(values)) == 1:
        return 0.0
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def sharpe(values: Column) -> float:
    """Of one session; 0 without variation."""
    spread = deviation(values)
    return mean(values) / spread if spread > 0 else 0.0


def moment(values: Column, order: int) -> float:
    middle = mean(values)
    return math.fsum((value - middle) ** order for value in values) / len(values)


def returns(equity: Column) -> list[float]:
    return [after / before - 1 for before, after in pairwise(equity)]


def a_year(days: Sequence[int]) -> float:
    return (len(days) - 1) / ((days[-1] - days[0]) / 365.25)


def psr(values: Column, sr0: float = 0.0) -> float | None:
    ratio = mean(values) / deviation(values)
    skew = moment(values, 3) / moment(values, 2) ** 1.5
    kurtosis = moment(values, 4) / moment(values, 2) ** 2
    under = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    return NORMAL.cdf((ratio - sr0) * math.sqrt(len(values) - 1) / math.sqrt(under)) if under > 0 else None


def session_figures(equity: Column, per_year: float) -> dict[str, Any]:
    """The metrics of an equity curve E_0 to E_T that stays above zero, T at least 2."""
    r = returns(equity)
    root = math.sqrt(per_year)
    spread = deviation(r)
    below = math.sqrt(mean([min(value, 0.0) ** 2 for value in r]))
    cagr = ((equity[-1] / equity[0]) ** (1 / (len(r) / per_year)) - 1) * 100
    fall, longest = drawdown(equity)
    flat = spread == 0
    return {
        "sharpe_annual": None if flat else mean(r) / spread * root,
        "sortino_annual": None if below == 0 else mean(r) / below * root,
        "volatility_pct": spread * root * 100,
        "cagr_pct": cagr,
        "max_drawdown_marked_pct": fall,
        "longest_drawdown_sessions": longest,
        "calmar_annual": None if fall == 0 else cagr / fall,
        "skew": None if flat else moment(r, 3) / moment(r, 2) ** 1.5,
        "kurtosis": None if flat else moment(r, 4) / moment(r, 2) ** 2,
        "psr": None if flat else psr(r),
    }


def drawdown(equity: Column) -> tuple[float, int]:
    """From each session at a peak, wait until the first that is at or above it again."""
    deepest, longest = 0.0, 0
    for start, peak in enumerate(equity):
        if peak < max(equity[: start + 1]):
            continue
        after = equity[start + 1 :]
        waited = next((later for later, level in enumerate(after, 1) if level >= peak), len(after))
        under = [level for level in after[:waited] if level < peak]
        if under:
            deepest = max(deepest, (peak - min(under)) / peak * 100)
            longest = max(longest, waited)
    return deepest, longest


def hold(starting: float, symbols: dict[str, list[tuple[int, float, bool]]]) -> tuple[list[int], list[float]]:
    """The clock, and equity E_0 to E_T, of buying each symbol with an equal part.

    A symbol's bars are (day, close, whether the bar lies in the window), oldest first, from its very first on.
    """
    days = sorted({day for bars in symbols.values() for day, _, inside in bars if inside})
    part = starting / len(symbols)
    equity = [starting]
    for today in days:
        cash, values = 0.0, []
        for symbol in sorted(symbols):
            quantity, last = None, None
            for row, (day, close, inside) in enumerate(symbols[symbol]):
                if not inside or day > today:
                    continue
                if quantity is None and row > 0:
                    quantity = part / close
                last = close
            if quantity is None:
                cash += part
            else:
                values.append(quantity * last)
        equity.append(cash + math.fsum(values))
    return days, equity


def beta(r: Column, b: Column) -> float:
    if len(set(b)) == 1:
        return 0.0
    r_mean, b_mean = mean(r), mean(b)
    shared = math.fsum((x - r_mean) * (y - b_mean) for x, y in zip(r, b, strict=True))
    return shared / math.fsum((y - b_mean) ** 2 for y in b)


def alpha_annual_pct(r: Column, b: Column, per_year: float) -> float:
    slope = beta(r, b)
    return mean([x - slope * y for x, y in zip(r, b, strict=True)]) * per_year * 100


def expected_maximum(trials: int) -> float:
    gamma = 0.57721566490153286
    return (1 - gamma) * NORMAL.inv_cdf(1 - 1 / trials) + gamma * NORMAL.inv_cdf(1 - 1 / (trials * math.e))


def dsr(best: Column, trials: int, sharpes: Column) -> float | None:
    least = 1 / (len(best) - 1)
    variance = least if len(sharpes) < 2 else max(least, deviation(sharpes) ** 2)
    return psr(best, 0.0 if trials == 1 else math.sqrt(variance) * expected_maximum(trials))


def pbo(columns: Sequence[Column], blocks: int, measure: Any = sharpe) -> float | None:
    """Every half as the inside once, sessions of its blocks strung together."""
    once = [column for nth, column in enumerate(columns) if column not in columns[:nth]]
    if len(once) < 2:
        return None
    length = len(once[0]) // blocks
    skipped = len(once[0]) % blocks
    low = halves = 0
    for half in combinations(range(blocks), blocks // 2):
        inside, outside = [], []
        for column in once:
            parts = [column[skipped + block * length : skipped + (block + 1) * length] for block in range(blocks)]
            inside.append(measure([x for block in range(blocks) if block in half for x in parts[block]]))
            outside.append(measure([x for block in range(blocks) if block not in half for x in parts[block]]))
        chosen = outside[inside.index(max(inside))]
        ranks = [rank for rank, value in enumerate(sorted(outside), 1) if value == chosen]
        halves += 1
        low += mean(ranks) <= (len(once) + 1) / 2
    return low / halves


def words(purpose: str, sha256: str) -> Iterator[int]:
    digest = hashlib.sha256(f"{purpose}:{sha256}".encode()).digest()
    source = np.random.Philox(key=int.from_bytes(digest[:16], "little"))
    while True:
        yield int(source.random_raw())


def block(sessions: int) -> int:
    return next(length for length in range(1, sessions + 1) if length**3 >= sessions)


def draw(stream: Iterator[int], sessions: int) -> list[int]:
    """The sessions of one draw."""
    mean_block = block(sessions)
    places: list[int] = []
    for nth in range(sessions):
        word = next(stream)
        jumps = word * mean_block < 2**64 or nth == 0
        places.append(next(stream) % sessions if jumps else (places[-1] + 1) % sessions)
    return places


def omega(d: Column) -> float:
    """Hansen's closed formula, lag after lag."""
    count, middle = len(d), mean(d)
    stay = 1 - 1 / block(count)
    total = math.fsum((x - middle) ** 2 for x in d) / count
    for lag in range(1, count):
        covariance = math.fsum((d[t] - middle) * (d[t + lag] - middle) for t in range(count - lag)) / count
        kernel = (count - lag) / count * stay**lag + lag / count * stay ** (count - lag)
        total += 2 * kernel * covariance
    return math.sqrt(max(total, 0.0))


def p_plan(columns: Sequence[Column], b: Column, best: int, sha256: str, draws: int) -> tuple[float, float]:
    """With the t statistic of the best. A column that only rounding sets apart from beta·b is taken as being it."""
    count = len(b)
    root = math.sqrt(count)
    d = [[x - beta(column, b) * y for x, y in zip(column, b, strict=True)] for column in columns]
    spreads = [deviation(each) if deviation(each) > 1e-12 else 0.0 for each in d]
    t = [root * mean(each) / spread if spread else 0.0 for each, spread in zip(d, spreads, strict=True)]
    g = []
    for each, spread in zip(d, spreads, strict=True):
        limit = -math.sqrt(2 * math.log(math.log(count)))
        g.append(mean(each) if spread and root * mean(each) / omega(each) >= limit else 0.0)
    observed = round(max(0.0, t[best]), 9)
    stream = words("p_luck", sha256)
    reached = 0
    for _ in range(draws):
        places = draw(stream, count)
        greatest = 0.0
        for each, spread, centre in zip(d, spreads, g, strict=True):
            if spread:
                greatest = max(greatest, root * (mean([each[place] for place in places]) - centre) / spread)
        reached += round(greatest, 9) >= observed
    return (reached + 1) / (draws + 1), t[best]
