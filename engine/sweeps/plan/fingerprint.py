"""What decides a plan's results, as a hash: the same fingerprint, the same results."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from engine.account.metrics import Metrics
from engine.jsontext import canonical_json
from engine.policy.workspace import Workspace
from engine.ports import Views
from engine.strategies.spec import CompiledSpec
from engine.sweeps.plan.data import deciding
from engine.sweeps.plan.document import read_result
from engine.sweeps.plan.run_plan import Variant
from engine.sweeps.results import VariantResult

_OFF_AT_FIRST: dict[str, Any] = {
    "allow_symbols": None,
    "deny_symbols": None,
    "max_positions": None,
    "max_order_notional": None,
    "max_position_notional": None,
    "max_exposure_pct": None,
    "max_daily_loss": None,
    "max_drawdown_pct": None,
    "cooldown_minutes": None,
    "fee_fixed": None,
    "fee_per_share": None,
    "fee_bps": None,
    "session_tz": "UTC",
}
"""The limits that the first fingerprints hold even where they are off. It never changes: a limit that comes later is
hashed where it is set, so that every plan without it keeps its fingerprint."""


def fingerprint(
    base: CompiledSpec,
    variants: Sequence[Variant],
    described: dict[str, Any],
    account: Workspace,
    slippage_bps: float,
    strategy_sha256: str,
    out_of_sample: Mapping[str, Any] | None = None,
) -> str:
    """The sha256 (hex) of the canonical JSON of all that decides results.

    `out_of_sample` is what a holdout and a walk-forward add; a plan without either is hashed as before there were any.
    """
    decides = {
        "base": base.base(),
        "enabled": base.spec.enabled,
        "variants": [variant.variant_id for variant in variants],
        "dataset": deciding(described),
        "limits": _OFF_AT_FIRST | account.limits.model_dump(mode="json", exclude_defaults=True),
        "starting_equity": account.starting_equity,
        "slippage_bps": float(slippage_bps),
        "strategy_sha256": strategy_sha256,
    }
    decides |= {"out_of_sample": out_of_sample} if out_of_sample else {}
    return hashlib.sha256(canonical_json(decides).encode()).hexdigest()


def differing(views: Views, earlier: str, variants: Sequence[Variant], done: Mapping[int, VariantResult]) -> int:
    """How many variants came out otherwise than in the run plan `earlier`, which has the same fingerprint.

    `done` has results by place in the plan. The same fingerprint means the same `variants`.
    """
    before = dict(read_result(stored, variants) for stored in views.run_variants(earlier))
    return sum(1 for place, result in done.items() if not _same(before.get(place), result))


def _same(before: VariantResult | None, now: VariantResult) -> bool:
    if before is None or before.status != now.status:
        return False
    was, given = _figures(before.metrics), _figures(now.metrics)
    # one that an older program ran has fewer of them
    return all(was[name] == given[name] for name in was.keys() & given.keys())


def _figures(metrics: Metrics | None) -> Mapping[str, object]:
    return {} if metrics is None else vars(metrics)
