"""A strategy that waits in the middle of a sweep until it is let go: what happens meanwhile is not a matter of luck."""

from __future__ import annotations

import threading

import numpy as np

from papertape import Bars, Params, Signals, Strategy, Window


class HeldParams(Params):
    day: int = 0


class Held(Strategy[HeldParams]):
    """Buys on one day. It waits at the variant whose day is 2."""

    key = "held"
    summary = "Waits."
    params = HeldParams
    reached, go = threading.Event(), threading.Event()

    def signals(self, bars: Bars, params: HeldParams) -> Signals:
        if params.day == 2:
            self.reached.set()
            assert self.go.wait(60)
        return Signals(np.arange(len(bars)) == params.day)

    def window(self, params: HeldParams) -> Window:
        return Window(anchored=True)
