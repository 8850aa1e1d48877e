"""The bars that a forward run acts on and the account's recording does not have yet."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np

from engine.market.bars import Bars
from engine.market.recording import Recorded, Span
from engine.ports import UnitOfWork


class Unrecorded:
    """By symbol: the rows before the recording begins, and those from a row on that came after it."""

    def __init__(self, timeframe: str, bars: Mapping[str, Bars], recorded: Mapping[str, Recorded]) -> None:
        self._timeframe, self._bars = timeframe, bars
        self._head = {symbol: _rows_before(one, recorded[symbol]) for symbol, one in bars.items()}
        self._tail = {symbol: _rows_through(one, recorded[symbol].last) for symbol, one in bars.items()}

    def has(self, ts: int) -> bool:
        """Whether a bar up to a time (UTC microseconds) is not recorded."""
        return any(self._head.values()) or any(stop > self._tail[symbol] for symbol, stop in self._stops(ts).items())

    def write(self, unit: UnitOfWork, workspace_id: UUID, ts: int) -> None:
        """Record what there is up to a time; `written` says that it was committed."""
        spans = []
        for symbol, stop in self._stops(ts).items():
            rows = ((0, self._head[symbol]), (self._tail[symbol], stop))
            spans += [Span(self._bars[symbol], start, end) for start, end in rows if end > start]
        unit.record_bars(workspace_id, self._timeframe, spans)

    def written(self, ts: int) -> None:
        """All up to a time is recorded."""
        for symbol, stop in self._stops(ts).items():
            self._head[symbol], self._tail[symbol] = 0, max(self._tail[symbol], stop)

    def _stops(self, ts: int) -> dict[str, int]:
        return {symbol: _rows_through(bars, ts) for symbol, bars in self._bars.items()}


def _rows_before(bars: Bars, recorded: Recorded) -> int:
    return int(np.searchsorted(bars.ts, recorded.ts[0])) if len(recorded) else 0


def _rows_through(bars: Bars, ts: int | None) -> int:
    return 0 if ts is None else int(np.searchsorted(bars.ts, ts, side="right"))
