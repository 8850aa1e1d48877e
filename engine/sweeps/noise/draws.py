"""The best score of a plan on each of many shuffles of its bars."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from engine.market.bars import Dataset
from engine.ports import Unwatched, Watch
from engine.statistics.shuffled import Deal, Shuffle
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.simulation.simulate import Simulation


class NoiseDraws:
    """A plan on shuffles of the data it was swept over: the whole plan again, through the same simulation."""

    def __init__(self, plan: RunPlan, dataset: Dataset) -> None:
        self._plan = plan
        self._shuffle = Shuffle(dataset, plan.base.symbols)
        self._variants = [variant for variant in plan.variants if variant.spec is not None]

    def best_scores(self, draws: int, *, skip: int, workers: int, watch: Watch) -> Iterator[float | None]:
        """The best score of each draw but the first few, in their order, whatever the number of workers.

        None where no variant has a score. When the watch says stop, the iterator ends early.
        """
        stop = _Stop(watch)
        deals = islice(self._shuffle.deals(draws), skip, None)
        pending: deque[Future[Sequence[float | None]]] = deque()
        with ThreadPoolExecutor(max(1, workers), thread_name_prefix="noise") as pool:
            try:
                for deal in deals:
                    pending.append(pool.submit(self._best, deal, stop))
                    if len(pending) > workers:
                        yield from pending.popleft().result()
                    if stop.stopped():
                        return
                while pending and not stop.stopped():
                    yield from pending.popleft().result()
            finally:
                stop.set()
                for waiting in pending:
                    waiting.cancel()

    def _best(self, deal: Deal, stop: _Stop) -> Sequence[float | None]:
        """The best score of a draw, alone; nothing when it was stopped."""
        plan = self._plan
        simulation = Simulation(self._shuffle.dataset(deal), plan.account, plan.request.slippage_bps)
        scores = list(simulation.scores(self._variants, plan.request.objective, stop))
        if len(scores) < len(self._variants):
            return ()
        return (max((score for score in scores if score is not None), default=None),)


class _Stop(Unwatched):
    """Says stop once a watch does, or once nobody waits for the draws any longer."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._left = threading.Event()

    def set(self) -> None:
        """Nobody waits any longer."""
        self._left.set()

    def stopped(self) -> bool:
        return self._left.is_set() or self._watch.stopped()
