"""The garbage collector, kept from stopping the screen: to walk everything there is takes longer than a frame."""

from __future__ import annotations

import gc

THRESHOLDS = (5_000, 3, 1_000_000)
"""Objects made, beyond those that are gone again, before the youngest are walked, and how often that is done before the
next older ones are: small steps. The oldest, a second's walk after a large sweep, wait for a moment of leisure.
Python's own thresholds are (700, 10, 10)."""

LEISURE = 10.0
"""Seconds without a key or the mouse."""

WORTH_IT = 20
"""Walks of the middle generation, each of 15,000 objects that stayed, after which all are walked at leisure."""


def keep_what_is_there() -> None:
    """Exempt all objects that exist now from garbage collection; they still go with their last reference.

    Called where much was made that stays: imports, thousands of results.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def collect_at_leisure(untouched: float) -> None:
    """Collect garbage when it is worth it and there was no key or mouse event for `LEISURE` seconds."""
    if untouched >= LEISURE and gc.get_count()[2] >= WORTH_IT:
        gc.collect()
        gc.freeze()
