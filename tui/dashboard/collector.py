"""The garbage collector, kept from stopping the screen: to walk everything there is takes longer than a frame."""

from __future__ import annotations

import gc

THRESHOLDS = (5_000, 3, 50)
"""Objects made, beyond those that are gone again, before the youngest are walked, and how often that is done before the
next older ones are: small steps, and all of it seldom. Python's own are (700, 10, 10)."""


def keep_what_is_there() -> None:
    """What is there now is not walked again; it still goes when the last reference to it goes.

    Called where much was made that stays: imports, thousands of results.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
