"""What goes wrong in the demo, to be looked at: refused orders, a reset undone, sweeps with something amiss.

Each happens once: what the journal has already is not done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from engine.account.state import values_apart
from engine.events import EventType
from engine.intents import TradeIntent
from engine.market.sessions import from_micros
from engine.ports import EventFilter, Watch
from engine.vocabulary import IntentAction
from storage.datasets import load_again, loading
from tui.commands.demo.sweeps import is_there, run_or_finish, stopped
from tui.commands.progress import watching
from tui.shared import figures

if TYPE_CHECKING:
    from engine.desk import Desk
    from engine.desk.journal import EventView
    from engine.market.bars import Dataset
    from engine.policy.workspace import Workspace
    from engine.strategies.spec import ExecutionSpec
    from engine.sweeps.results import PlanSummary
    from tui.shared.output import Page

LIMITS = {"max_order_notional": "5000"}
"""Above what the strategies trade with: only the orders by hand meet it."""
ORDERS = (("GOOG", 7.0), ("IBM", 40.0))
"""Bought at their marks the first costs more than an order may, the second more than there is cash."""
MISFITS: dict[str, list[Any]] = {"entry.fast_period": [10, 20, 50], "entry.slow_period": [20, 50, 100]}
"""A fast average that is not faster than the slow one is no variant of `sma_cross`: those are skipped."""
UNFINISHED: dict[str, list[Any]] = {"entry.period": [7, 14, 21, 28], "entry.buy_below": [20, 25, 30, 35]}
UNFINISHED_STRATEGY = "rsi_reversion"


@dataclass(frozen=True, slots=True)
class Incidents:
    """What there is of each; `drifted` is None where no reset is allowed."""

    orders_refused: int
    drifted: int | None
    unfinished: PlanSummary
    misfits: PlanSummary

    def document(self) -> dict[str, Any]:
        """The fields that `--json` prints."""
        return {
            "orders_refused": self.orders_refused,
            "fields_drifted": self.drifted,
            "unfinished_run_plan_id": self.unfinished.run_plan_id,
            "skipped_run_plan_id": self.misfits.run_plan_id,
        }


def by_hand(desk: Desk, workspace: Workspace, dataset: Dataset) -> None:
    """The orders that the policy refuses, at the data's last closes; then the reset."""
    last = {symbol: dataset.bars[symbol] for symbol, _ in ORDERS}
    closes = {symbol: float(bars.close[-1]) for symbol, bars in last.items()}
    intents = [
        TradeIntent(
            id=uuid5(workspace.id, f"order {symbol}"),
            workspace_id=workspace.id,
            symbol=symbol,
            action=IntentAction.OPEN_LONG,
            quantity=quantity,
            reason="more than the policy allows",
            created_at=from_micros(int(last[symbol].ts[-1])),
        )
        for symbol, quantity in ORDERS
    ]
    new = [intent for intent in intents if not _events(desk, workspace, correlation_id=intent.correlation_id)]
    if new:
        desk.accounts.set_policy(LIMITS, workspace.id)
    for intent in new:
        desk.trading.execute(intent, closes[intent.symbol])
    _reset_and_reconcile(desk, workspace, closes)


def _reset_and_reconcile(desk: Desk, workspace: Workspace, closes: dict[str, float]) -> None:
    """Reset the account by mistake, as a person might, and reconcile it with its journal again."""
    if desk.config.production or _events(desk, workspace, types=(EventType.STATE_RECONCILED,)):
        return
    desk.accounts.reset(workspace.id, confirmed=True)
    desk.accounts.reconcile(workspace.id)
    for symbol, price in closes.items():  # a reconcile brings back the last fills' prices: the closes are newer
        desk.accounts.mark(symbol, price, workspace.id)


class UntilHalf:
    """A watch that stops a sweep when half of its variants are done, as a person would who has seen enough."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._is_half = watch, False

    def advance(self, done: int, total: int) -> None:
        """Note the progress; `stopped` compares it with half of the total."""
        self._is_half = 2 * done >= total
        self._watch.advance(done, total)

    def stopped(self) -> bool:
        """Whether half is done, or the person at the keyboard asked to stop."""
        return self._is_half or self._watch.stopped()


def amiss(
    desk: Desk, workspace: Workspace, misfits: ExecutionSpec, unfinished: ExecutionSpec, sources: list[tuple[str, Path]]
) -> None:
    """A sweep of which some variants are skipped, and one that is stopped half-way, to be resumed."""
    data = loading(sources, symbols=misfits.symbols)
    run_or_finish(desk, workspace, misfits, MISFITS, data, _id(workspace, "misfits"), "skipped variants")
    state_id = _id(workspace, "unfinished")
    if not is_there(desk, state_id):
        with watching("half of a sweep") as watch:
            dataset = load_again(data, watch)
            desk.plans.run(
                unfinished,
                dataset,
                UNFINISHED,
                workspace=workspace.id,
                data=data,
                run_plan_id=state_id,
                watch=UntilHalf(watch),
            )
            if watch.stopped():
                raise stopped()


def found_in(desk: Desk, workspace: Workspace) -> Incidents:
    """Read from the journal what happened."""
    plans = {plan.run_plan_id: plan for plan in desk.plans.all()}
    reconciled = _events(desk, workspace, types=(EventType.STATE_RECONCILED,))
    return Incidents(
        desk.journal.count(EventFilter(workspace_id=workspace.id, types=(EventType.INTENT_REJECTED,))),
        len(list(values_apart(reconciled[0].payload["drift"]))) if reconciled else None,
        plans[_id(workspace, "unfinished")],
        plans[_id(workspace, "misfits")],
    )


def show_incidents(page: Page, incidents: Incidents) -> None:
    """Print a line for each, with where to look."""
    page.heading("What went wrong, to look at")
    events = "papertape events -w demo --type"
    fields = [(f"{figures.counted(incidents.orders_refused, 'order')} refused", f"{events} INTENT_REJECTED")]
    if incidents.drifted is not None:
        fields.append(
            (f"{figures.counted(incidents.drifted, 'field')} drifted by a reset", f"{events} STATE_RECONCILED")
        )
    misfits, unfinished = incidents.misfits, incidents.unfinished
    skipped = figures.counted(misfits.skipped, "variant")
    fields.append((f"{skipped} skipped", f"papertape plan show {misfits.run_plan_id}"))
    left = figures.counted(unfinished.variants - unfinished.done, "variant")
    fields.append((f"{left} left, {unfinished.status}", f"papertape plan resume {unfinished.run_plan_id}"))
    page.fields(fields)


def _id(workspace: Workspace, name: str) -> UUID:
    return uuid5(workspace.id, f"sweep {name}")


def _events(desk: Desk, workspace: Workspace, **where: Any) -> list[EventView]:
    """The first event of the workspace that matches, if there is one."""
    return desk.journal.events(workspace.id, where=EventFilter(**where, after=0), limit=1)
