"""What was tried: the stored trials, compared with the events that say what they are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.audit.findings import Findings
from engine.drivers.trial import traded_window
from engine.errors import DamageFault
from engine.events import EventType
from engine.ports import SPEC_DIGEST, JournalEvent, Trial, Views

Key = tuple[str, str, str, str]
"""Kind, run, spec key and the sha256 of the strategy's code."""


class Tries:
    """What BACKTEST_RECORDED, RUN_ADVANCED and RUN_STARTED say of tries, event by event, the newest of each last."""

    def __init__(self) -> None:
        self._told: dict[Key, Mapping[str, Any]] = {}

    def take(self, event: JournalEvent, said: Mapping[str, Any]) -> None:
        """The next event of one of these types."""
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
            self._told[key] = known  # else it was journaled before tries were counted, or traded nothing yet

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
                findings.compare(where, _as_said(trial), known)
            elif kind_of(key) != "plan":
                findings.add(f"{where} is not there")


def kind_of(key: Key) -> str:
    """`plan`, `backtest` or `forward`."""
    return key[0]


def _key(trial: Trial) -> Key:
    return trial.kind, trial.run_id, trial.spec_key, trial.strategy_sha256


def _as_said(trial: Trial) -> dict[str, Any]:
    """As the events have it."""
    return {
        "strategy_id": trial.strategy_id,
        "bars": dict(trial.bars),
        "window": traded_window(trial.first_ts, trial.last_ts),
        "specs": trial.specs.hex(),
        "seq": trial.seq,
    }
