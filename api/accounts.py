"""Accounts by UUID. One that nobody has seen is a fresh default account, and only an execution creates it."""

from __future__ import annotations

from uuid import UUID

from api.answers import RequestRefused
from engine.account.ledger import Ledger
from engine.account.state import Account, PaperState
from engine.broker.reconcile import ReconcileReport
from engine.desk import Desk
from engine.errors import NotFoundError
from engine.policy.workspace import DEFAULT_EQUITY, Workspace
from engine.ports import Watch
from storage.system import wall_clock


def workspace_id_in(text: str) -> UUID:
    """The UUID in a path or a form, in papertape's own spelling; INVALID_REQUEST for anything else."""
    return uuid_in(text, "workspace_id")


def uuid_in(text: str, name: str) -> UUID:
    """The same of the parameter of that name."""
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text.lower():
        raise RequestRefused("INVALID_REQUEST", f"{name}: {text[:40]!r} is not a UUID")
    return found


def unseen_workspace(workspace_id: UUID) -> Workspace:
    """The account that a UUID has before anybody has seen it. Not stored; its name is its own."""
    return Workspace(workspace_id, f"http-{workspace_id}", DEFAULT_EQUITY, wall_clock())


def state_of(desk: Desk, workspace_id: UUID) -> PaperState:
    """Read the account as it is now."""
    try:
        return desk.accounts.state(workspace_id)
    except NotFoundError:
        return _fresh(workspace_id)


def reset(desk: Desk, workspace_id: UUID) -> PaperState:
    """Put the account back to its start; FORBIDDEN_IN_PRODUCTION."""
    if desk.accounts.find(workspace_id) is None and not desk.config.production:
        return _fresh(workspace_id)
    return desk.accounts.reset(workspace_id, confirmed=True)


def reconcile(desk: Desk, workspace_id: UUID, watch: Watch) -> ReconcileReport:
    """Rebuild the account from its journal."""
    if desk.accounts.find(workspace_id) is None:
        return _nothing_to_replay(workspace_id)
    return desk.accounts.reconcile(workspace_id, watch=watch)


def _fresh(workspace_id: UUID) -> PaperState:
    return Account(workspace_id, Ledger.fresh(DEFAULT_EQUITY)).state()


def _nothing_to_replay(workspace_id: UUID) -> ReconcileReport:
    return ReconcileReport(
        success=True,
        workspace_id=workspace_id,
        dry_run=False,
        events_replayed=0,
        duplicates_skipped=0,
        orders_rebuilt=0,
        positions_rebuilt=0,
        cash_after=DEFAULT_EQUITY,
        realized_pnl_after=0.0,
        last_event_at=None,
        errors=[],
        drift={},
    )
