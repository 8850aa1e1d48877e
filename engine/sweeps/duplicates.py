"""Whether a run that was made before came out the same: results are compared before anybody says that they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.account.metrics import Metrics
from engine.ports import Views
from engine.sweeps.document import done_of
from engine.sweeps.results import Done


def differing(views: Views, earlier: str, done: Iterable[Done]) -> int:
    """How many variants came out otherwise than in the run plan `earlier`, which has the same fingerprint."""
    before = {one.place: one for one in map(done_of, views.run_variants(earlier))}
    return sum(1 for one in done if not _same(before.get(one.place), one))


def _same(before: Done | None, now: Done) -> bool:
    if before is None or before.status != now.status:
        return False
    was, given = _figures(before.metrics), _figures(now.metrics)
    # one that an older program ran has fewer of them
    return all(was[name] == given[name] for name in was.keys() & given.keys())


def _figures(metrics: Metrics | None) -> Mapping[str, object]:
    return {} if metrics is None else vars(metrics)
