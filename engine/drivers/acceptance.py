"""What a person accepts before a forward run goes on: a past that changed, a strategy whose code changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from engine.drivers.memory import Memory, followed, settled
from engine.errors import InvalidError
from engine.events import EventType, Stamps, account_event
from engine.market.bars import Dataset
from engine.market.recording import BarChange, Recorded, changed
from engine.market.sessions import iso
from engine.ports import Progress, UnitOfWork
from engine.strategies.spec import CompiledSpec


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is accepted, and what the run goes on with then.

    `changes`: how the data contradict the recording, by symbol. `recorded`: the recordings as they follow the data.
    `code`: the sha256 of the strategy's code before and now; None when it is the same.
    """

    spec: CompiledSpec
    dataset: Dataset
    changes: Mapping[str, BarChange] = field(default_factory=dict)
    recorded: Mapping[str, Recorded] = field(default_factory=dict)
    code: tuple[str, str] | None = None

    @classmethod
    def of(
        cls, spec: CompiledSpec, dataset: Dataset, memory: Memory, sha256: str, *, history: bool, strategy: bool
    ) -> Acceptance:
        """HISTORY_CHANGED or STRATEGY_CHANGED for what there is to accept and is not."""
        changes = memory.changes(dataset)
        if changes and not history:
            raise changed(changes)
        if not strategy:
            check_code(spec, memory.known, sha256)
        code = other_code(memory.known, sha256)
        recorded = {
            symbol: followed(memory.recorded[symbol], dataset.bars[symbol], dataset.session_tz, daily=daily)[0]
            for symbol, daily in ((each, memory.is_daily(each)) for each in changes)
        }
        return cls(spec, dataset, changes, recorded, code)

    @property
    def is_needed(self) -> bool:
        """Whether changed bars or changed strategy code have to be accepted."""
        return bool(self.changes) or self.code is not None

    def applied(self, progress: Progress, memory: Memory) -> Progress:
        """The spec's own progress as `write` leaves it."""
        for symbol, after in self.recorded.items():
            progress = settled(progress, symbol, memory.recorded[symbol], after)
        return progress if self.code is None else replace(progress, strategy_sha256=self.code[1])

    def write(self, unit: UnitOfWork, workspace_id: UUID, stamps: Stamps) -> None:
        """HISTORY_ACCEPTED and STRATEGY_ACCEPTED, with what they change; on the memory as it is in this transaction."""
        memory = Memory.of(unit, workspace_id, self.spec)
        changes = memory.changes(self.dataset)
        if changes:
            self._follow(unit, workspace_id, memory, changes, stamps)
        code = other_code(memory.known, "" if self.code is None else self.code[1])
        known = unit.progress(workspace_id, self.spec.key)
        if code is not None and known is not None:
            said = {
                "spec_key": self.spec.key,
                "strategy_id": self.spec.spec.strategy_id,
                "from": code[0],
                "to": code[1],
            }
            unit.append([account_event(EventType.STRATEGY_ACCEPTED, str(workspace_id), stamps, said)])
            unit.save_progress(workspace_id, replace(known, strategy_sha256=code[1]))

    def _follow(
        self, unit: UnitOfWork, workspace_id: UUID, memory: Memory, changes: Mapping[str, BarChange], stamps: Stamps
    ) -> None:
        """Put the file's bars into the recordings; every spec that had traded them is settled up to the last."""
        progresses = {each.spec_key: each for each in memory.everybody}
        for symbol in changes:
            before, bars = memory.recorded[symbol], self.dataset.bars[symbol]
            after, days = followed(before, bars, self.dataset.session_tz, daily=memory.is_daily(symbol))
            unit.replace_recording(workspace_id, self.spec.timeframe, symbol, days, after)
            for key, progress in progresses.items():
                if progress.timeframe == self.spec.timeframe:
                    progresses[key] = settled(progress, symbol, before, after)
        moved = [each for each in progresses.values() if each not in memory.everybody]
        for progress in moved:
            unit.save_progress(workspace_id, progress)
        said = {
            "spec_key": self.spec.key,
            "timeframe": self.spec.timeframe,
            "symbols": {symbol: change.payload() for symbol, change in changes.items()},
            "settled": {
                each.spec_key: {symbol: iso(ts) for symbol, ts in each.settled.items() if symbol in changes}
                for each in moved
            },
        }
        unit.append([account_event(EventType.HISTORY_ACCEPTED, str(workspace_id), stamps, said)])


def other_code(known: Progress | None, sha256: str) -> tuple[str, str] | None:
    """The sha256 that a spec was traded with and the one now, where both are known and differ."""
    before = "" if known is None else known.strategy_sha256
    return (before, sha256) if before and sha256 and before != sha256 else None


def check_code(spec: CompiledSpec, known: Progress | None, sha256: str) -> None:
    """STRATEGY_CHANGED when the strategy's code is not the code that the account has traded the spec with."""
    if other_code(known, sha256) is None:
        return
    raise InvalidError(
        "STRATEGY_CHANGED",
        f"the code of {spec.strategy.key} is not the code that this account has traded the spec with",
        hint="put the code back, take the new one with --accept-strategy, or trade it in a new account"
        " (`papertape workspace create`)",
    )
