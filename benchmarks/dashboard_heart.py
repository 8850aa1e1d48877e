"""How long an event loop was held up: a task that beats on it, and tells the longest gap between two beats."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from types import TracebackType

EVERY = 0.002
"""Seconds between two beats of a loop that has nothing to do."""


@dataclass(frozen=True)
class Stall:
    """Seconds between two beats, beyond those that were meant; the CPU seconds of the loop's thread, and of all.

    Where both are far below the seconds, it was the machine that was busy, with somebody else's work.
    """

    seconds: float = 0.0
    loop_cpu: float = 0.0
    process_cpu: float = 0.0


class Heart:
    """Beats while it is entered. `longest` is the longest stall since `restart`."""

    def __init__(self) -> None:
        self.longest = Stall()
        self.beat_at = 0.0

    def restart(self) -> None:
        """From here on."""
        self.longest = Stall()

    async def __aenter__(self) -> Heart:
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()

    async def _beat(self) -> None:
        before = _clocks()
        while True:
            await asyncio.sleep(EVERY)
            now = _clocks()
            seconds, loop_cpu, process_cpu = (new - old for new, old in zip(now, before, strict=True))
            if seconds - EVERY > self.longest.seconds:
                self.longest = Stall(seconds - EVERY, loop_cpu, process_cpu)
            before, self.beat_at = now, now[0]


def _clocks() -> tuple[float, float, float]:
    return time.perf_counter(), time.thread_time(), time.process_time()


class Watcher:
    """Looks, from a thread of its own, at what the loop is doing whenever a beat is overdue: a sampling profiler.

    It costs a little of what it measures: figures are taken without it.
    """

    def __init__(self, heart: Heart, overdue: float = 0.04) -> None:
        self._heart, self._overdue = heart, overdue
        self._loop = threading.get_ident()
        self._ended = threading.Event()
        self._seen: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def take(self, most: int = 4) -> list[str]:
        """The stacks that were seen most, and how often, since it was asked last."""
        found, self._seen = self._seen, Counter()
        return [f"{count} x {stack}" for stack, count in found.most_common(most)]

    def _watch(self) -> None:
        while not self._ended.wait(0.005):
            if time.perf_counter() - self._heart.beat_at > self._overdue:
                frame = sys._current_frames().get(self._loop)
                lines = traceback.extract_stack(frame)[-14:] if frame else []
                self._seen[" > ".join(f"{_short(line.filename)}:{line.lineno} {line.name}" for line in lines)] += 1


def _short(path: str) -> str:
    return "/".join(path.split("/")[-2:])
