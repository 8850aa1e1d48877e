"""papertape for scripts and strategies: the public names, each imported when it is first used.

    import papertape

    with papertape.open_desk(papertape.Settings(db="paper.db")) as desk:
        print(desk.accounts.state().cash)

`python -m papertape` is the command line. The import raises `ShadowedError`, an `ImportError`, where a file of another
program stands in the place of one of our packages.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from _papertape import FOR_SCRIPTS, main, refuse_shadows

if __name__ != "__main__":
    refuse_shadows(FOR_SCRIPTS)

if TYPE_CHECKING:
    from engine.account.metrics import Metrics
    from engine.account.state import PaperPosition, PaperState
    from engine.broker.execute import ExecutionResult
    from engine.broker.reconcile import ReconcileReport
    from engine.desk import Desk
    from engine.desk.accounts import EquityPoint, TradeView
    from engine.desk.journal import EventView
    from engine.drivers.backtest import RunOutcome
    from engine.drivers.beginning import OnwardTerms
    from engine.errors import (
        ConflictError,
        DataError,
        ForbiddenError,
        InvalidError,
        NotFoundError,
        PapertapeError,
        RefusedError,
        SystemFault,
        UsageError,
    )
    from engine.events import EventType
    from engine.intents import TradeIntent
    from engine.market.bars import Bars, Dataset, Panel, make_bars
    from engine.market.snapshot import Bar, MarketSnapshot
    from engine.policy.limits import Limits
    from engine.policy.workspace import Workspace
    from engine.ports import EventFilter, Watch
    from engine.strategies.base import Params, Signals, Strategy, Window
    from engine.strategies.registry import Registry
    from engine.strategies.runner import StrategyEvaluation, StrategyRunner
    from engine.strategies.spec import ExecutionPart, ExecutionSpec, ExitSpec, RiskSpec, parse_spec
    from engine.sweeps.plan.request import SweepRequest
    from engine.vocabulary import IntentAction, TradingState
    from storage.desk import open_desk
    from storage.frames import dataset_from_frame, events_frame, trades_frame
    from storage.market_files import infer_timeframe, load_dataset
    from storage.settings import Settings
    from storage.spec_files import read_spec
    from storage.strategies.files import load_strategy_file, make_registry
    from tui.report.files import write_account_report, write_plan_report

_HOMES = {
    "engine.account.metrics": ("Metrics",),
    "engine.account.state": ("PaperPosition", "PaperState"),
    "engine.broker.reconcile": ("ReconcileReport",),
    "engine.broker.execute": ("ExecutionResult",),
    "engine.desk": ("Desk",),
    "engine.desk.accounts": ("EquityPoint", "TradeView"),
    "engine.desk.journal": ("EventView",),
    "engine.drivers.backtest": ("RunOutcome",),
    "engine.drivers.beginning": ("OnwardTerms",),
    "engine.errors": (
        "ConflictError",
        "DataError",
        "ForbiddenError",
        "InvalidError",
        "NotFoundError",
        "PapertapeError",
        "RefusedError",
        "SystemFault",
        "UsageError",
    ),
    "engine.events": ("EventType",),
    "engine.intents": ("TradeIntent",),
    "engine.market.bars": ("Bars", "Dataset", "Panel", "make_bars"),
    "engine.market.snapshot": ("Bar", "MarketSnapshot"),
    "engine.policy.limits": ("Limits",),
    "engine.policy.workspace": ("Workspace",),
    "engine.ports": ("EventFilter", "Watch"),
    "engine.strategies.base": ("Params", "Signals", "Strategy", "Window"),
    "engine.strategies.registry": ("Registry",),
    "engine.strategies.runner": ("StrategyEvaluation", "StrategyRunner"),
    "engine.strategies.spec": ("ExecutionPart", "ExecutionSpec", "ExitSpec", "RiskSpec", "parse_spec"),
    "engine.sweeps.plan.request": ("SweepRequest",),
    "engine.vocabulary": ("IntentAction", "TradingState"),
    "storage.desk": ("open_desk",),
    "storage.frames": ("dataset_from_frame", "events_frame", "trades_frame"),
    "storage.market_files": ("infer_timeframe", "load_dataset"),
    "storage.settings": ("Settings",),
    "storage.spec_files": ("read_spec",),
    "storage.strategies.files": ("load_strategy_file", "make_registry"),
    "tui.report.files": ("write_account_report", "write_plan_report"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Bar",
    "Bars",
    "ConflictError",
    "DataError",
    "Dataset",
    "Desk",
    "EquityPoint",
    "EventFilter",
    "EventType",
    "EventView",
    "ExecutionPart",
    "ExecutionResult",
    "ExecutionSpec",
    "ExitSpec",
    "ForbiddenError",
    "IntentAction",
    "InvalidError",
    "Limits",
    "MarketSnapshot",
    "Metrics",
    "NotFoundError",
    "OnwardTerms",
    "Panel",
    "PaperPosition",
    "PaperState",
    "PapertapeError",
    "Params",
    "ReconcileReport",
    "RefusedError",
    "Registry",
    "RiskSpec",
    "RunOutcome",
    "Settings",
    "Signals",
    "Strategy",
    "StrategyEvaluation",
    "StrategyRunner",
    "SweepRequest",
    "SystemFault",
    "TradeIntent",
    "TradeView",
    "TradingState",
    "UsageError",
    "Watch",
    "Window",
    "Workspace",
    "dataset_from_frame",
    "events_frame",
    "infer_timeframe",
    "load_dataset",
    "load_strategy_file",
    "make_bars",
    "make_registry",
    "open_desk",
    "parse_spec",
    "read_spec",
    "trades_frame",
    "write_account_report",
    "write_plan_report",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value  # found at once from the second time on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if __name__ == "__main__":
    sys.exit(main())
