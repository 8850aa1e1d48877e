"""What a forward run remembers: which bars follow a file that tells the past otherwise, and what is settled then."""

from __future__ import annotations

import numpy as np
import pytest

from engine.drivers.memory import Memory, followed, settled, without_settled
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.recording import Recorded
from engine.ports import Progress
from engine.strategies.registry import Registry
from engine.strategies.spec import CompiledSpec, compile_spec, parse_spec
from tests.support.worlds import DAY, MINUTE

FIRST = 20_000


def bars(*minutes: int, symbol: str = "X", shift: float = 0.0) -> Bars:
    """Bars at these minutes after the first day's midnight; a close is its minute, and `shift`."""
    ts = FIRST * DAY + np.array(minutes) * MINUTE
    close = np.array(minutes) + 10.0 + shift
    return make_bars(symbol, ts, close, close, close, close, np.ones(len(ts)))


def seen(*minutes: int) -> Recorded:
    return Recorded.of(bars(*minutes))


def minutes_of(recorded: Recorded) -> list[int]:
    return ((recorded.ts - FIRST * DAY) // MINUTE).tolist()


def shifted(recorded: Recorded) -> list[int]:
    """The minutes whose bars are the file's."""
    return [minute for minute, close in zip(minutes_of(recorded), recorded.figures[3], strict=True) if close % 1]


@pytest.mark.parametrize(
    ("file", "kept", "of_the_file"),
    [
        ((1, 2, 3, 4, 5), (1, 2, 3, 4), (1, 2, 3, 4)),  # up to the last that was seen
        ((2, 3), (1, 2, 3, 4), (2, 3)),  # a head and a tail that the file lacks stay
        ((2, 4), (1, 2, 4), (2, 4)),  # one that is gone in the middle is gone
        ((0, 1, 4), (0, 1, 4), (0, 1, 4)),
        ((1, 4), (1, 4), (1, 4)),
        ((4, 5, 6), (1, 2, 3, 4), (4,)),
        ((0, 1), (0, 1, 2, 3, 4), (0, 1)),
    ],
)
def test_a_recording_of_bars_within_days_follows_the_file_where_they_overlap(
    file: tuple[int, ...], kept: tuple[int, ...], of_the_file: tuple[int, ...]
) -> None:
    after, days = followed(seen(1, 2, 3, 4), bars(*file, shift=0.5), "UTC", daily=False)
    assert (minutes_of(after), shifted(after)) == (list(kept), list(of_the_file))
    assert days.tolist() == [FIRST] * len(kept)


@pytest.mark.parametrize(
    ("file", "kept", "of_the_file"),
    [
        ((0, 1440, 2890, 4320), (0, 1440, 2890), (0, 1440, 2890)),  # the last session is seen whole, whatever its time
        ((1440,), (0, 1440, 2880), (1440,)),
        ((1445,), (0, 1445, 2880), (1445,)),
        ((0, 2880), (0, 2880), (0, 2880)),
        ((1450, 2885, 2890), (0, 1450, 2885, 2890), (1450, 2885, 2890)),
    ],
)
def test_a_recording_of_daily_bars_follows_it_session_by_session(
    file: tuple[int, ...], kept: tuple[int, ...], of_the_file: tuple[int, ...]
) -> None:
    after, days = followed(seen(0, 1440, 2880), bars(*file, shift=0.5), "UTC", daily=True)
    assert (minutes_of(after), shifted(after)) == (list(kept), list(of_the_file))
    assert days.tolist() == [FIRST + minute // 1440 for minute in kept]


def at(minute: int) -> int:
    return FIRST * DAY + minute * MINUTE


@pytest.mark.parametrize(
    ("traded_to", "before", "after", "is_settled"),
    [
        (4, (1, 4), (1, 4, 5), True),  # what was seen was traded, and a bar came after it
        (4, (1, 4), (1, 4), False),
        (4, (1, 5), (1, 6), False),  # there is still something to trade of what was seen
        (5, (1, 4), (1, 5), False),
        (5, (1, 4), (1, 6), True),
        (4, (), (1, 6), False),
        (4, (1, 4), (), False),
    ],
)
def test_bars_that_a_changed_history_brought_are_not_traded_by_what_had_traded_up_to_them(
    traded_to: int, before: tuple[int, ...], after: tuple[int, ...], is_settled: bool
) -> None:
    one, other = (seen(*each) if each else Recorded.joined([]) for each in (before, after))
    progress = Progress("key", at(traded_to), first_ts={"X": at(1)})
    assert settled(progress, "X", one, other).settled == ({"X": at(after[-1])} if is_settled else {})
    assert settled(progress, "Y", one, other) is progress, "not a symbol of this spec"


def test_what_is_settled_is_history() -> None:
    data = Dataset({"X": bars(1, 2, 3, 4), "Y": bars(1, 2, 3, 4, symbol="Y")})
    progress = Progress("key", at(2))
    assert without_settled(data, progress) is data
    found = without_settled(data, progress.with_settled("X", at(3)))
    assert (found.first_row("X"), found.first_row("Y")) == (3, 0)
    later = data.traded_from({"X": 2})
    assert without_settled(later, progress.with_settled("X", at(1))).first_row("X") == 2


def compiled(*symbols: str) -> CompiledSpec:
    spec = parse_spec({"strategy_id": "sma_cross", "symbols": list(symbols)})
    return compile_spec(spec, Registry().get(spec.strategy_id))


def memory(*progresses: Progress) -> Memory:
    return Memory(None, progresses, {})


def test_how_far_an_account_has_come_is_asked_of_the_specs_that_share_a_symbol() -> None:
    one, other = Progress("a", 5, first_ts={"X": 1, "Y": 1}), Progress("b", 7, first_ts={"Y": 1})
    assert memory(one, other).came_to(compiled("X")) == 5
    assert memory(one, other).came_to(compiled("Y", "Z")) == 7
    assert memory(one, other).came_to(compiled("Z")) is None


def test_a_symbol_is_what_its_first_run_found() -> None:
    one, other = Progress("a", 5, intraday={"X": False}), Progress("b", 7, intraday={"X": True, "Y": True})
    assert [memory(one, other).is_daily(symbol) for symbol in ("X", "Y", "Z")] == [True, False, False]
