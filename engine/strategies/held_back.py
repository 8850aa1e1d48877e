"""The signal codes that hold an entry back before it becomes an intent: what each means, and what a person can do.

Evaluations, drivers and the sweep's kernel take the codes from here; the words of a result without trades do too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

END_OF_DATA = "entry_skipped_end_of_data"
END_OF_SESSION = "entry_skipped_eod"
MAX_POSITIONS = "entry_blocked_max_positions"
ZERO_QUANTITY = "entry_skipped_zero_quantity"
NO_STOP = "entry_skipped_no_stop"
TOO_SMALL = "entry_skipped_too_small"
NO_HISTORY = "entry_skipped_no_history"
LOOKBACK_PARTIAL = "lookback_partial"
"""The family of `lookback_partial_<have>_of_<need>`, as it is counted."""
DISABLED = "strategy_disabled"
INVALID_PRICE = "entry_skipped_invalid_price"
NOT_IN_SPEC = "symbol_not_in_spec"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """`meaning` and `remedy` are for people; `is_of_bars`: bars on which nothing can enter, whatever is signalled."""

    code: str
    meaning: str
    remedy: str
    is_of_bars: bool = False


CODES: Mapping[str, HeldBack] = {
    each.code: each
    for each in (
        HeldBack(DISABLED, "the spec says enabled = false", "enable it", is_of_bars=True),
        HeldBack(NO_HISTORY, "no earlier bar or session at all", "give a longer file", is_of_bars=True),
        HeldBack(
            LOOKBACK_PARTIAL,
            "fewer earlier bars or sessions than the strategy needs",
            "give a longer file",
            is_of_bars=True,
        ),
        HeldBack(
            END_OF_DATA,
            "the last bar of a symbol does not enter in a closed world",
            "give a file that goes on after it",
        ),
        HeldBack(
            END_OF_SESSION,
            "with exit.type eod the last bar of an intraday session does not enter",
            "exit.type=none or another exit lets it in",
        ),
        HeldBack(
            MAX_POSITIONS, "risk.max_positions positions were open already", "a greater risk.max_positions lets more in"
        ),
        HeldBack(
            ZERO_QUANTITY,
            "the size of the entry does not come to one lot of 0.00000001",
            "a greater risk.dollars_per_trade (or what risk.size names) does",
        ),
        HeldBack(
            NO_STOP,
            "risk.size is 'risk', and there is no stop below the price",
            "exit.stop_loss_pct or exit.trail_pct sets one on every bar",
        ),
        HeldBack(TOO_SMALL, "the order is smaller than risk.min_dollars", "a smaller risk.min_dollars lets it in"),
    )
}
"""Those that a driver counts, in the order in which an entry meets them."""


def in_order(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by code in the order of `CODES`, without those that are 0."""
    return {code: counts[code] for code in CODES if counts.get(code)}
