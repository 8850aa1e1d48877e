"""Whether a run should stop: its watcher says so, somebody asked for it in the journal, or it is another's by now."""

from __future__ import annotations

from engine.events import Stamps
from engine.ports import Store, Unwatched, Watch
from engine.sweeps.recorder import Run
from engine.sweeps.status import standing_of

LOOK_EVERY = 50_000
"""Microseconds between two looks at the journal: variants come out faster than it can be asked."""


class RunWatch:
    """A `Watch` for the simulation; any thread may ask. The journal is read only when somebody has written."""

    def __init__(self, store: Store, stamps: Stamps, run: Run, watch: Watch | None) -> None:
        self._store, self._stamps, self._run, self._watch = store, stamps, run, watch or Unwatched()
        self._version: int | None = None
        self._looked_at: int | None = None
        self._stopped = False

    def advance(self, done: int, total: int) -> None:
        """The simulation's own steps; whoever watches is told of variants."""

    def told(self, done: int, total: int) -> None:
        """`done` of `total` variants came out."""
        self._watch.advance(done, total)

    def stopped(self) -> bool:
        """Whether to stop."""
        if not self._stopped:
            self._stopped = self._watch.stopped() or self._journal_says_so()
        return self._stopped

    def _journal_says_so(self) -> bool:
        now = self._stamps.now()
        if self._looked_at is not None and 0 <= now - self._looked_at < LOOK_EVERY:
            return False
        self._looked_at = now
        version = self._store.data_version()
        if version == self._version:
            return False
        self._version = version
        key = str(self._run.run_plan_id)
        with self._store.read() as views:
            standing = standing_of(views.run_marks(key), key)
        return standing.cancel_requested or standing.end is not None or standing.begun.event_id != self._run.begun_id
