"""papertape: `desk.plans.run` with the journal `summary`, into a new SQLite file each time."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.calls import warm_up
from benchmarks.children import answer, repeated
from benchmarks.work import Work, dataset_of, spec_of


def measure(question: dict[str, Any]) -> dict[str, Any]:
    """See `benchmarks.rivals`."""
    began = time.perf_counter()
    from importlib.metadata import version  # noqa: PLC0415

    from storage.desk import open_desk  # noqa: PLC0415
    from storage.settings import Settings  # noqa: PLC0415

    imported = time.perf_counter() - began
    work = Work.of(question["work"])
    dataset, spec = dataset_of(work), spec_of(work)
    with tempfile.TemporaryDirectory() as room, open_desk(Settings(db=Path(room) / "desk.db")) as desk:

        def call() -> Any:
            return desk.plans.run(
                spec, dataset, work.sweep, include_ablations=False, max_variants=1_000_000, journal="summary"
            )

        (first,) = repeated(call, least=1, most=1)
        warm_up(call)
        seconds = repeated(call, least=question["least"])
        result = call()
    return {
        "versions": {name: version(name) for name in ("papertape", "numpy", "numba")},
        "import_s": imported,
        "first_s": first,
        "seconds": seconds,
        "results": [
            (
                each.overrides["entry.lookback_days"],
                each.overrides["risk.dollars_per_trade"],
                each.metrics.trade_count,
                each.metrics.ending_equity,
            )
            for each in result.results
            if each.overrides  # the baseline is papertape's own addition
        ],
    }


if __name__ == "__main__":
    answer(measure)
