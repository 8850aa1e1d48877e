"""What is stored beside the journal, compared with what the journal makes: accounts, and how far runs have come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.account.ledger import Ledger
from engine.account.state import Account, drift, folded
from engine.audit.findings import Audit, Findings
from engine.audit.worlds import World
from engine.drivers.trial import traded_window
from engine.errors import DamageFault
from engine.events import EventType
from engine.market.sessions import iso
from engine.policy.workspace import WorkspaceKind
from engine.ports import SPEC_DIGEST, JournalEvent, Progress, Trial, Views


def compare_account(views: Views, world: World, report: Audit) -> None:
    """Compare every field of the fold, the newest event, the limits and the trading state of a workspace."""
    workspace, findings = world.workspace, report.projection
    if workspace.kind is WorkspaceKind.ACCOUNT:
        report.accounts += 1
    else:
        report.hidden += 1
    world.compare_workspace(findings)
    made = world.close()
    try:
        stored = views.account(workspace)
    except DamageFault as error:
        findings.add(error.message)
        return
    where = f"the stored state of workspace {workspace.name}"
    if world.is_broken:
        report.skipped += 1
    elif stored.ledger != made:
        findings.add(f"{where} differs from its journal in {', '.join(_differing(stored, made))}")
    findings.compare(where, {"reconciled_at": stored.reconciled_at}, {"reconciled_at": world.reconciled_at})


def compare_progress(views: Views, worlds: Mapping[str, World], findings: Findings) -> None:
    """Compare how far runs have come with their newest RUN_ADVANCED."""
    told = {(key, spec): journaled for key, world in worlds.items() for spec, journaled in world.progress.items()}
    try:
        progresses = views.every_progress()
    except DamageFault as error:
        findings.add(error.message)
        return
    for workspace_id, progress in progresses:
        journaled = told.pop((str(workspace_id), progress.spec_key), None)
        where = f"the stored progress of spec {progress.spec_key} in workspace {workspace_id}"
        if journaled is None:
            findings.add(f"{where} has no RUN_ADVANCED in the journal")
        else:
            stored = _stored_as_said(progress)
            findings.compare(where, stored, {name: journaled[name] for name in stored if name in journaled})
    for key, spec in told:
        findings.add(f"workspace {key} has no stored progress of spec {spec}, and the journal a RUN_ADVANCED")


def _differing(stored: Account, made: Ledger) -> list[str]:
    """The names of the fields in which two states differ."""
    names = list(drift(folded(stored), folded(Account(stored.workspace_id, made))))
    beside = ("last_seq", "last_event_at")
    return names + [name for name in beside if getattr(stored.ledger, name) != getattr(made, name)]


def _stored_as_said(progress: Progress) -> dict[str, Any]:
    """A stored progress in the form of the payload of RUN_ADVANCED."""
    return {
        "ts": iso(progress.ts),
        "timeframe": progress.timeframe,
        "intraday": progress.intraday,
        "first_ts": {symbol: iso(first) for symbol, first in progress.first_ts.items()},
        "settled": {symbol: iso(last) for symbol, last in progress.settled.items()},
        "strategy_sha256": progress.strategy_sha256,
        "window": traded_window(progress.began, progress.ts),
        "clock_from": None if progress.clock_from is None else iso(progress.clock_from),
    }


Key = tuple[str, str, str, str]
"""Kind, run, spec key and the sha256 of the strategy's code."""


class Tries:
    """What BACKTEST_RECORDED, RUN_ADVANCED and RUN_STARTED say of tries; of each try, what its newest event says."""

    def __init__(self) -> None:
        self._told: dict[Key, Mapping[str, Any]] = {}

    def take(self, event: JournalEvent, said: Mapping[str, Any]) -> None:
        """Note what the next event of one of these types says."""
        seq, row = event
        if row.event_type == EventType.RUN_STARTED:
            key = ("plan", str(row.correlation_id), "", said["strategy_sha256"])
            known = {"strategy_id": said["strategy_id"], "bars": said.get("bars_sha256"), "window": said.get("window")}
        else:
            kind = "forward" if row.event_type == EventType.RUN_ADVANCED else "backtest"
            key = (kind, row.workspace_id, said.get("spec_key", ""), said.get("strategy_sha256", ""))
            digest = str(said.get("spec_sha256", ""))[: 2 * SPEC_DIGEST]
            known = {"bars": said.get("bars"), "window": said.get("window"), "specs": digest, "seq": seq}
        if known["bars"] is not None and (known["window"] is not None or kind_of(key) != "forward"):
            self._told[key] = known  # without it, it was journaled before tries were counted, or has traded nothing yet

    def compare(self, views: Views, findings: Findings) -> None:
        """Find a trial that is stored otherwise, and one that is not stored; of a plan there may be none."""
        try:
            stored = {_key(each): each for each in views.trials()}
        except DamageFault as error:
            findings.add(error.message)
            return
        for key, known in self._told.items():
            trial = stored.get(key)
            where = f"what {kind_of(key)} {key[1]} tried, as it is stored,"
            if trial is not None:
                findings.compare(where, _trial_as_said(trial), known)
            elif kind_of(key) != "plan":
                findings.add(f"{where} is not there")


def kind_of(key: Key) -> str:
    """The kind of trial that a key is of: `plan`, `backtest` or `forward`."""
    return key[0]


def _key(trial: Trial) -> Key:
    return trial.kind, trial.run_id, trial.spec_key, trial.strategy_sha256


def _trial_as_said(trial: Trial) -> dict[str, Any]:
    """The trial as the events have it."""
    return {
        "strategy_id": trial.strategy_id,
        "bars": dict(trial.bars),
        "window": traded_window(trial.first_ts, trial.last_ts),
        "specs": trial.specs.hex(),
        "seq": trial.seq,
    }
