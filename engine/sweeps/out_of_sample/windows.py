"""Which sessions a holdout and a walk-forward's folds take, from what was asked for.

A session is a day on which a symbol of the plan has a bar in its window. Sessions are day numbers (days since
1970-01-01), rising, as `Clock.sessions` has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from engine.errors import InvalidError
from engine.market.bars import IntArray
from engine.market.sessions import day_to_date

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST = 10**9
_LENGTHS = ("train", "test", "step", "purge")


class Days(NamedTuple):
    """The first and the last session of a stretch; both belong to it."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class HoldoutTerms:
    """The last sessions, kept from the sweep: a share of them, or those from a day on."""

    share: Fraction | None
    day: date | None

    @classmethod
    def read(cls, text: str) -> HoldoutTerms:
        """Of `20%` or `2012-01-01`; INVALID_SPEC."""
        given = text.strip()
        if found := _SHARE.fullmatch(given):
            share = Fraction(found[1]) / 100
            if not 0 < share < 1:
                raise _refused(f"a holdout of {given} leaves nothing on one side", "give a share between 0% and 100%")
            return cls(share, None)
        try:
            return cls(None, date.fromisoformat(given) if _DAY.fullmatch(given) else _no_day())
        except ValueError:
            raise _refused(
                f"the holdout {given[:40]!r} is neither a share nor a day", "give one as 20% or 2012-01-01"
            ) from None

    def first_place(self, sessions: IntArray) -> int:
        """The place of its first session: at least one lies before it, and one in it. INVALID_SPEC with the figures."""
        count = len(sessions)
        if self.share is not None:
            held = int(self.share * count)
            if held in (0, count):
                share = f"{float(self.share * 100):g}%"
                raise _refused(
                    f"a holdout of {share} of {_counted(count, 'session')} has {held}", "give a larger share, or a day"
                )
            return count - held
        first = _place(sessions, self.day or date.min)
        if first in (0, count):
            span = f"the sessions go from {_days(sessions, 0, count)}" if count else "there is no session"
            side = "before it" if first == 0 else "in it"
            raise _refused(f"a holdout from {self.day} has no session {side}: {span}", "give a day between them")
        return first


@dataclass(frozen=True, slots=True)
class WalkForwardTerms:
    """The lengths of a walk-forward's folds, in sessions; `anchored`: every training begins with the first session."""

    train: int
    test: int
    step: int
    purge: int = 0
    anchored: bool = False

    @classmethod
    def read(cls, text: str) -> WalkForwardTerms:
        """Of `train=504,test=126[,step=126][,purge=0][,anchored]`; a step left out is the test. INVALID_SPEC."""
        lengths: dict[str, int] = {}
        anchored = False
        for part in text.split(","):
            name, _, value = (each.strip() for each in part.partition("="))
            if name == "anchored" and not value and "=" not in part and not anchored:
                anchored = True
            elif name in _LENGTHS and name not in lengths and value.isascii() and value.isdigit():
                lengths[name] = min(int(value[:12]), _MOST)
            else:
                raise _refused(f"walk-forward: {part.strip()[:40]!r} does not belong there", _EXAMPLE)
        missing = [name for name in ("train", "test") if name not in lengths]
        if missing:
            raise _refused(f"walk-forward: {' and '.join(missing)} is missing", _EXAMPLE)
        step = lengths.get("step", lengths["test"])
        terms = cls(lengths["train"], lengths["test"], step, lengths.get("purge", 0), anchored)
        terms._check()
        return terms

    def __str__(self) -> str:
        lengths = f"train={self.train},test={self.test},step={self.step},purge={self.purge}"
        return f"{lengths},anchored" if self.anchored else lengths

    def _check(self) -> None:
        if self.train < 1 or self.test < 1:
            raise _refused("walk-forward: train and test are at least 1 session", _EXAMPLE)
        if self.step < self.test:
            raise _refused(
                f"walk-forward: with a step of {self.step} below the test of {self.test}, tests would overlap",
                "give a step of the test's length, or more",
            )

    def folds(self, sessions: IntArray) -> list[FoldDays]:
        """Whole folds only, at least one. INVALID_SPEC with the figures."""
        found = [
            FoldDays(Days(*_ends(sessions, train)), Days(*_ends(sessions, test)))
            for train, test in self._places(len(sessions))
        ]
        if not found:
            purged = f" and a purge of {self.purge}" if self.purge else ""
            needed = self.train + self.purge + self.test
            raise _refused(
                f"a walk-forward with a train of {self.train}{purged} and a test of {self.test} needs {needed:,} "
                f"sessions, and there are {len(sessions):,}",
                "shorten the windows",
            )
        return found

    def _places(self, count: int) -> Iterator[tuple[range, range]]:
        begin = 0
        while (test := begin + self.train + self.purge) + self.test <= count:
            yield range(0 if self.anchored else begin, begin + self.train), range(test, test + self.test)
            begin += self.step


class FoldDays(NamedTuple):
    """Where one fold trains and where it tests."""

    train: Days
    test: Days


def days_of(sessions: IntArray, first: int) -> Days:
    """From the session at a place to the last one."""
    return Days(*_ends(sessions, range(first, len(sessions))))


_EXAMPLE = "write it as train=504,test=126 with step=126, purge=0 or anchored behind it"


def _ends(sessions: IntArray, places: Sequence[int]) -> tuple[date, date]:
    return day_to_date(int(sessions[places[0]])), day_to_date(int(sessions[places[-1]]))


def _place(sessions: IntArray, day: date) -> int:
    """How many sessions lie before a day."""
    return sum(1 for each in sessions.tolist() if day_to_date(each) < day)


def _days(sessions: IntArray, first: int, stop: int) -> str:
    return str(Days(*_ends(sessions, range(first, stop))))


def _no_day() -> date:
    raise ValueError


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _refused(why: str, hint: str) -> InvalidError:
    return InvalidError("INVALID_SPEC", why, hint=hint)
