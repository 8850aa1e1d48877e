"""A strategy that does to the process that runs it what a test asks for, and the sweeps of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.tui.console import write_bars

PROBE = """
import json
import os
import signal
import time
from pathlib import Path

import numpy as np
from engine.sweeps.record.lifecycle import LOOK_EVERY
from papertape import Bars, Params, Signals, Strategy, Window


class ProbeParams(Params):
    days: int = 1
    word: str = "plain"


class Probe(Strategy[ProbeParams]):
    key = "probe"
    summary = "Buys a rise over so many bars."
    params = ProbeParams

    def signals(self, bars: Bars, params: ProbeParams) -> Signals:
        orders = Path(__file__).with_name("orders.json")
        order = json.loads(orders.read_text()).get(str(params.days)) if orders.exists() else None
        if order == "fail":
            raise RuntimeError(f"no signals for {params.days}\\nand a second line")
        if order == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "meet":  # say that we are here, and wait to be let go
            until = time.monotonic() + 2 * LOOK_EVERY / 1e6
            Path(__file__).with_name("here").write_text("here")
            Path(__file__).with_name("go").read_text()
            while time.monotonic() < until:  # the run looks into the journal again
                pass
        before = np.r_[np.full(params.days, np.inf), bars.close[: -params.days]][: len(bars)]
        return Signals(entry=bars.close > before)

    def window(self, params: ProbeParams) -> Window:
        return Window(bars=params.days + 1)
"""


def probe(room: Path, **orders: str) -> tuple[str, ...]:
    """The flags of a sweep of the probe over small bars, in a directory; `orders(d3="die")` is for the variant of 3."""
    (room / "probe.py").write_text(PROBE, encoding="utf-8")
    order(room, **orders)
    bars = write_bars(room / "bars.csv")
    return (
        "--strategy",
        str(room / "probe.py:Probe"),
        "--symbol",
        "X",
        "--data",
        f"X={bars}",
        "--set",
        "exit.max_bars=2",
    )


def order(room: Path, **orders: str) -> None:
    """What each variant is to do from now on, by its days."""
    text = json.dumps({name.removeprefix("d"): what for name, what in orders.items()})
    (room / "orders.json").write_text(text, encoding="utf-8")


class Meeting:
    """Where a process under test waits, by two pipes with names."""

    def __init__(self, room: Path) -> None:
        self._here, self._go = room / "here", room / "go"
        os.mkfifo(self._here)
        os.mkfifo(self._go)

    def wait(self) -> None:
        """Until the process has come."""
        assert self._here.read_text() == "here"

    def let_go(self) -> None:
        """Let it go on."""
        self._go.write_text("go")
