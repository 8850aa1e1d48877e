"""How an execution ended: the payload of the event that says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.errors import PapertapeError
from engine.sweeps.results import VariantResult


def ending(
    heading: dict[str, Any],
    done: Iterable[VariantResult],
    best: VariantResult | None,
    worked_s: float,
    *,
    verified: int = 0,
    differs_from: dict[str, int] | None = None,
    error: BaseException | None = None,
) -> dict[str, Any]:
    """The payload of RUN_COMPLETED, RUN_FAILED or RUN_CANCELLED: all that a list of run plans shows."""
    states = [result.status for result in done]
    known = isinstance(error, PapertapeError)
    return {
        **{name: heading[name] for name in ("strategy_id", "objective", "journal", "variants_count", "fingerprint")},
        "done": len(states),
        "failed": states.count("failed"),
        "skipped": states.count("skipped"),
        "best_variant_id": None if best is None else best.variant_id,
        "best_score": None if best is None else best.objective_score,
        "worked_s": round(worked_s, 6),
        "verified": verified,
        "differs_from": differs_from or {},
        "error": None if error is None else str(error) if known else f"{type(error).__name__}: {error}",
        "error_code": None if error is None else error.code if isinstance(error, PapertapeError) else "INTERNAL",
    }
