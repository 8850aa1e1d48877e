"""What a run plan tries, and how many tries there have been on its data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from engine.drivers.trial import TrialCount, count_trials
from engine.jsontext import canonical_json
from engine.ports import SPEC_DIGEST, Trial
from engine.strategies.spec import CompiledSpec
from engine.sweeps.plan.run_plan import RunPlan
from engine.sweeps.results import VariantResult


class SpecDigests:
    """The digests of resolved specs that share most of their parts, each part written once.

    The same as `short_digest(spec_sha256(spec.base()))`, at a tenth of its cost: a sweep has thousands.
    """

    def __init__(self, base: CompiledSpec) -> None:
        self._rest = base.base()
        self._texts: dict[tuple[str, int], tuple[object, str]] = {}

    def of(self, spec: CompiledSpec) -> bytes:
        """The digest of a variant's resolved spec."""
        shared: dict[str, object] = {
            "entry": spec.params,
            "execution": spec.spec.execution,
            "exit": spec.exit,
            "risk": spec.risk,
        }
        parts = (self._text(name, shared.get(name), spec) for name in sorted({*self._rest, *shared}))
        return hashlib.sha256(f"{{{','.join(filter(None, parts))}}}".encode()).digest()[:SPEC_DIGEST]

    def _text(self, name: str, part: object, spec: CompiledSpec) -> str:
        found = self._texts.get((name, id(part)))
        if found is None:
            # the part is kept beside its text, so that its id stays its own
            written = {key: value for key, value in spec.base().items() if key == name}  # none: all at its defaults
            found = self._texts[name, id(part)] = (part, canonical_json(written)[1:-1])
        return found[1]


@dataclass(slots=True)
class PlanTrial:
    """A plan as a trial: the digest of each variant's resolved spec, found when it is needed."""

    plan: RunPlan
    _digests: dict[int, bytes] = field(default_factory=dict)
    _maker: SpecDigests = field(init=False)

    def __post_init__(self) -> None:
        self._maker = SpecDigests(self.plan.base)

    def specs(self, places: Iterable[int]) -> bytes:
        """The digests of the variants at these places that have a spec, each once, in order, end to end."""
        found: dict[bytes, None] = {}
        for place in places:
            spec = self.plan.variants[place].spec
            if spec is None:
                continue
            if place not in self._digests:
                self._digests[place] = self._maker.of(spec)
            found[self._digests[place]] = None
        return b"".join(found)

    def tried(self, run_plan_id: UUID, done: Mapping[int, VariantResult], seq: int) -> Trial | None:
        """What has come out so far; None where nothing has, or the plan was begun without what names a try."""
        specs = self.specs(place for place, result in done.items() if result.status == "succeeded")
        return self._trial(str(run_plan_id), specs, seq) if specs and self.plan.bars_sha256 else None

    def count(self, others: Iterable[Trial]) -> TrialCount:
        """The tries on these data, before the first result of this plan."""
        return count_trials(self.as_trial(), others)

    def as_trial(self) -> Trial:
        """Every variant of the plan that has a spec, as one trial."""
        return self._trial("", self.specs(range(len(self.plan.variants))), 0)

    def _trial(self, run_id: str, specs: bytes, seq: int) -> Trial:
        plan = self.plan
        return Trial(
            kind="plan",
            run_id=run_id,
            strategy_id=plan.base.spec.strategy_id,
            strategy_sha256=plan.strategy_sha256,
            bars=plan.bars_sha256,
            first_ts=plan.first_ts,
            last_ts=plan.last_ts,
            specs=specs,
            seq=seq,
        )
