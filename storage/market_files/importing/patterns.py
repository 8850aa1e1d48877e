"""The patterns of times: those that vendors use, and those that a person gives as a format of strptime.

They are matched against a cell's shape, which has a zero for each digit: the groups then say where the digits are.
"""

from __future__ import annotations

import re
from functools import lru_cache

from engine.errors import UsageError
from engine.symbols import quoted

_DAYS = {
    "year-month-day": r"(?P<year>0000)(?P<sep>[-./])(?P<month>00?)(?P=sep)(?P<day>00?)",
    "yearmonthday": r"(?P<year>0000)(?P<month>00)(?P<day>00)",
    "": r"(?P<first>00?)(?P<sep>[-./])(?P<second>00?)(?P=sep)(?P<year>0000)",
    "month day, year": r"(?P<name>[A-Za-z]{3,9})\.? (?P<day>00?),? (?P<year>0000)",
    "day month year": r"(?P<day>00?)[- .](?P<name>[A-Za-z]{3,9})\.?[- ,](?P<year>0000)",
}
"""By what a day is called, its pattern; without a name where day and month are still to be told apart."""
_HOURS = (
    r"(?P<hour>00?)(?::?(?P<minute>00)(?::?(?P<seconds>00)(?:[.,](?P<fraction>0{1,9}))?)?)?"
    r"(?:[ -]?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_ZONE = (
    r" ?(?:(?P<utc>Z|z|UTC|GMT)|(?:GMT|UTC)?(?P<sign>[+-])(?P<offset_hour>00)(?::?(?P<offset_minute>00))?"
    r"|(?P<zone>[A-Za-z][A-Za-z_]+(?:/[A-Za-z_]+)*))?"
)
_DIRECTIVES = {
    "Y": r"(?P<year>0000)",
    "y": r"(?P<short>00)",
    "m": r"(?P<month>00?)",
    "d": r"(?P<day>00?)",
    "b": r"(?P<name>[A-Za-z]{3})",
    "B": r"(?P<name>[A-Za-z]{3,9})",
    "H": r"(?P<hour>00?)",
    "I": r"(?P<hour>00?)",
    "M": r"(?P<minute>00?)",
    "S": r"(?P<seconds>00?)",
    "f": r"(?P<fraction>0{1,9})",
    "p": r"(?P<half>[AaPp])[Mm]",
    "z": r"(?:(?P<utc>Z)|(?P<sign>[+-])(?P<offset_hour>00):?(?P<offset_minute>00)?)",
    "Z": r"(?P<zone>[A-Za-z][A-Za-z_]+(?:/[A-Za-z_]+)*)",
}
EPOCHS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1}
"""By the unit of an epoch, its nanoseconds."""


@lru_cache(maxsize=1)
def known_patterns() -> dict[str, re.Pattern[str]]:
    """The patterns of vendors' times, by what the order of their parts is called."""
    return {name: re.compile(f"{day}(?:(?:T|,? +|-){_HOURS}{_ZONE})?") for name, day in _DAYS.items()}


def pattern_of(form: str) -> dict[str, re.Pattern[str]]:
    """The pattern of a format that a person gave. Raises UsageError if it is none."""
    parts = re.split(r"%(.)", form)
    unknown = [f"%{letter}" for letter in parts[1::2] if letter not in _DIRECTIVES]
    if unknown or form.endswith("%"):
        raise _usage(form, f"{unknown[0] if unknown else '%'} is not known")
    given = {*parts[1::2]}
    if not ("d" in given and given & {"Y", "y"} and given & {"m", "b", "B"}):
        raise _usage(form, "it names no day, month and year")
    literal = [re.escape(re.sub(r"\d", "0", part)) for part in parts[::2]]
    between = [_DIRECTIVES[letter] for letter in parts[1::2]]
    try:
        return {form: re.compile("".join(a + b for a, b in zip(literal, [*between, ""], strict=True)))}
    except re.error as error:
        raise _usage(form, "it names a part twice") from error


def check_format(form: str) -> None:
    """Raise UsageError for a format that cannot be read."""
    if form and form not in EPOCHS:
        pattern_of(form)


def _usage(form: str, what: str) -> UsageError:
    known = " ".join(f"%{letter}" for letter in _DIRECTIVES)
    hint = f"give {known} as the file has them, such as '%d/%m/%Y %H:%M', or s, ms, us or ns for an epoch"
    return UsageError("USAGE", f"--time-format {quoted(form)}: {what}", hint=hint)
