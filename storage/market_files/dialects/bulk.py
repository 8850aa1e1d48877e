"""Collections that are sold or shared as files without a header: FirstRate Data, Kibot, LEAN."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from storage.market_files.dialects.base import DayOrder, Dialect, Form, Head, fits, form_of, layout

_BARS = "open high low close volume"
_NEW_YORK = "America/New_York"
_EASTERN = f"no header; times of New York: `--timezone {_NEW_YORK}`"
_DAY = re.compile(r"(?:^|[/\\])(\d{4})(\d\d)(\d\d)_")
_LEAN = "a LEAN (QuantConnect) file"


def _lean_days(head: Head, at: int) -> Form | None:
    """LEAN's hours and days: the time is `20200102 00:00`."""
    if head.separator == "," and fits(head.row(at), "lnnnnn"):
        custom = "" if any("." in cell for cell in head.row(at)[1:5]) else _NEW_YORK  # coins have points, and UTC
        return form_of(_LEAN, at, f"ts {_BARS}".split(), custom=custom, whole_prices=True)
    return None


def _lean_minutes(head: Head, at: int) -> Form | None:
    """LEAN's minutes and seconds: milliseconds since midnight of the day in the file's name."""
    rows = [row for row in head.rows[at:] if row]
    if head.separator != "," or not rows or not all(fits(row, "onnnnn") for row in rows[:-1] or rows):
        return None
    times = [int(row[0]) for row in (rows[:-1] or rows)]
    if times != sorted(set(times)) or times[-1] >= 86_400_000 or any(time % 1000 for time in times):
        return None
    fields = f"ts {_BARS}".split()
    form = form_of(_LEAN, at, fields, custom=_NEW_YORK, whole_prices=True, since_midnight=True)
    return replace(form, day=_day_of(head.name))


def _day_of(name: str) -> date | None:
    named = _DAY.search(name)
    try:
        return date(*map(int, named.groups())) if named else None
    except ValueError:
        return None


DIALECTS: tuple[Dialect, ...] = (
    layout(
        "FirstRate Data",
        "a FirstRate Data file",
        "2020-01-02 09:30:00,74.06,74.15,73.8,74.12,3119502",
        {
            "Dnnnnn": f"ts {_BARS}",
            "Dnnnnnn": f"ts {_BARS} open_interest",
            "Dnnnn": "ts open high low close",
        },
        custom=_NEW_YORK,
        note=_EASTERN,
    ),
    layout(
        "any rows without a header, of day and prices",
        "a table of day, open, high, low and close",
        "2020-01-02,74.06,75.15,73.8,75.09,135480400",
        {"ennnnn": f"ts {_BARS}", "ennnnnn": f"ts {_BARS} open_interest", "ennnn": "ts open high low close"},
        note="such as FirstRate's days",
    ),
    layout(
        "Kibot",
        "a Kibot file",
        "01/02/2020,09:30,74.06,74.15,73.8,74.12,3119502",
        {"atnnnnn": f"date time {_BARS}", "annnnn": f"ts {_BARS}", "atnnnn": "date time open high low close"},
        custom=_NEW_YORK,
        order=DayOrder.MONTH_FIRST,
        note=f"{_EASTERN}; the month comes first",
    ),
    Dialect(
        "LEAN (QuantConnect), hours and days",
        _LEAN,
        "20200102 00:00,740600,751500,737975,750875,135480400",
        _lean_days,
        note="no header; prices of shares, written in ten thousandths, are divided exactly",
    ),
    Dialect(
        "LEAN (QuantConnect), minutes and seconds",
        _LEAN,
        "34200000,740600,741500,738000,741200,3119502",
        _lean_minutes,
        note="milliseconds since midnight; the day is in the file's name, as in `20200102_trade.zip`",
    ),
)
