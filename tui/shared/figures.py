"""Figures as people read them: thousands separators, a column's decimals alike, profit and loss with its sign."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

NONE = "-"
MAX_DECIMALS = 8
TO_THE_MINUTE = "%Y-%m-%d %H:%M"

Number = float | int | None


def money(amount: float) -> str:
    """`10,000.00`, in the account's currency."""
    return decimals(amount, 2)


def signed(amount: float, digits: int = 2) -> str:
    """`+12.30`, `-3.00`, `0.00`: what was won or lost says so without colour."""
    shown = decimals(amount, digits)
    return f"+{shown}" if amount > 0 and any(char in "123456789" for char in shown) else shown


def percent(amount: float) -> str:
    """A signed percentage, such as `+4.21 %`."""
    return f"{signed(amount)} %"


def whole(count: int) -> str:
    """A whole number with thousands separators, such as `12,345`."""
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """A count with its noun, such as `1 trade` or `1,234 trades`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def joined(names: Sequence[str]) -> str:
    """Names in a sentence, such as `best, baseline and holding`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def by_code(counts: Mapping[str, int]) -> str:
    """Counts by code, such as `buying_power 3, max_positions 1`."""
    return ", ".join(f"{code} {count:,}" for code, count in counts.items())


def stopped_by(what: str, counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """A field with counts by code; empty when nothing was counted."""
    return [(what, by_code(counts))] if counts else []


def after(history: int) -> str:
    """` after 2,223 of history`, behind a number of bars; empty without history."""
    return f" after {history:,} of history" if history else ""


def decimals(amount: float, digits: int) -> str:
    """A number with so many decimals; minus zero is shown as zero."""
    shown = f"{amount:,.{digits}f}"
    return shown.removeprefix("-") if not any(char in "123456789" for char in shown) else shown


def quantity(amount: float) -> str:
    """A quantity with the decimals it has, up to a lot's eight."""
    return decimals(amount, needed_decimals(amount))


def brief_quantity(amount: float) -> str:
    """A quantity for a sentence: two decimals at most, of one below 1 three digits that count."""
    digits = 2 if abs(amount) >= 1 or amount == 0 else min(MAX_DECIMALS, 2 - math.floor(math.log10(abs(amount))))
    return decimals(amount, needed_decimals(amount, digits))


def price(amount: float) -> str:
    """A price: two decimals, or up to four where it has them (eight below a cent)."""
    return decimals(amount, price_decimals(amount))


def needed_decimals(amount: float, most: int = MAX_DECIMALS) -> int:
    """How many decimals show the amount, rounded to at most `most`."""
    return len(f"{amount:.{most}f}".rstrip("0").rpartition(".")[2])


def price_decimals(amount: float) -> int:
    """How many decimals a price is shown with."""
    return max(2, needed_decimals(amount, 4 if abs(amount) >= 0.01 else MAX_DECIMALS))


def aligned(amounts: Sequence[Number], digits: Callable[[float], int]) -> list[str]:
    """A column of amounts, all with the decimals of the one that needs the most."""
    most = max((digits(amount) for amount in amounts if amount is not None), default=0)
    return [NONE if amount is None else decimals(amount, most) for amount in amounts]


def moments(times: Sequence[datetime | None], finest: str = "%Y-%m-%d %H:%M:%S") -> list[str]:
    """A column of times in UTC, as exact as the most exact of them (`finest` at most): dates alone at midnights."""
    utc = [None if time is None else time.astimezone(UTC).replace(microsecond=0) for time in times]
    form = _form([time for time in utc if time is not None], finest)
    return [NONE if time is None else time.strftime(form) for time in utc]


def moment(time: datetime | None) -> str:
    """A time in UTC, to the second where it has seconds."""
    return moments([time])[0]


def _form(times: Sequence[datetime], finest: str) -> str:
    if any(time.second for time in times):
        return finest
    return TO_THE_MINUTE if any(time.hour or time.minute for time in times) else "%Y-%m-%d"
