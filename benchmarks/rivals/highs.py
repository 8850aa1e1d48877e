"""The entry signals for tools that take ready ones, by pandas: a close above all highs of the sessions before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from engine.market.bars import Bars

Flags = npt.NDArray[np.bool_]


def session_ends(bars: Bars) -> Flags:
    """Whether a bar is its session's last, (n,)."""
    ends: Flags = np.r_[bars.session[1:] != bars.session[:-1], True]
    return ends


def breakouts(bars: Bars, lookbacks: Sequence[int]) -> Flags:
    """Whether a bar enters, (n, lookbacks): rolling maxima of the sessions' highs and today's high so far.

    As papertape has it, the first and the last bar never enter, nor does an intraday session's last.
    """
    high = pd.Series(bars.high)
    ordinal = np.cumsum(np.r_[False, bars.session[1:] != bars.session[:-1]])
    by_session = high.groupby(ordinal)
    today = by_session.cummax().groupby(ordinal).shift(1).to_numpy()
    before = by_session.max().shift(1)
    entries = np.empty((len(bars), len(lookbacks)), dtype=bool)
    for nth, lookback in enumerate(lookbacks):
        prior = before.rolling(lookback).max().to_numpy()[ordinal]  # none before so many sessions are there
        entries[:, nth] = bars.close > np.where(np.isnan(prior), np.inf, np.fmax(prior, today))
    if ordinal[-1] + 1 < len(bars):
        entries[session_ends(bars)] = False
    entries[0] = entries[-1] = False
    return entries
