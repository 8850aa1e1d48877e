"""Trading by hand: intents sent to the paper broker."""

from __future__ import annotations

import math
from uuid import UUID

from engine.broker.execute import ExecutionResult, PaperBroker, Preview, nothing_filled
from engine.desk.accounts import Accounts
from engine.errors import ConflictError, InvalidError
from engine.events import PAPER, Stamps
from engine.intents import TradeIntent
from engine.numerals import real_number
from engine.policy.workspace import Workspace
from engine.ports import Store
from engine.validation import parse_model
from engine.vocabulary import IntentAction


class Trading:
    """Executes intents. The broker defines the checks and their order."""

    def __init__(self, store: Store, stamps: Stamps, accounts: Accounts) -> None:
        self._broker = PaperBroker(store, stamps)
        self._stamps, self._accounts = stamps, accounts

    def execute(
        self, intent: TradeIntent, fill_price: float, mode: str = PAPER, *, to_create: Workspace | None = None
    ) -> ExecutionResult:
        """Fill an intent in its workspace at the caller's price; see `PaperBroker.execute`.

        An intent for the id that `default` has everywhere creates `default` if it is missing.
        """
        if not isinstance(intent, TradeIntent):
            raise InvalidError("INVALID_INTENT", f"{intent!r} is not a TradeIntent", hint="`parse_intent` makes one")
        to_create = self._accounts.missing_default(intent.workspace_id) or to_create
        return self._broker.execute(intent, _price(fill_price), mode, to_create=to_create)

    def order(
        self,
        action: IntentAction | str,
        symbol: str,
        quantity: float,
        fill_price: float,
        *,
        workspace: str | UUID | None = None,
        intent_id: UUID | None = None,
        mode: str = PAPER,
        reason: str | None = None,
    ) -> ExecutionResult:
        """Execute a manual intent, with a new id unless one is given. An order that is accepted creates a missing
        `default`.
        """
        stored = self._accounts.find(workspace)
        account = stored or self._accounts.require(workspace)
        intent, price = self._intent(account, action, symbol, quantity, intent_id, reason), _price(fill_price)
        try:
            return self._broker.execute(intent, price, mode, to_create=account if stored is None else None)
        except ConflictError as error:
            if not (stored is None and error.code == "WORKSPACE_EXISTS"):
                raise
        # another process created `default` first, maybe with another id: the order goes there
        taken = self._accounts.require(workspace)
        return self._broker.execute(intent.model_copy(update={"workspace_id": taken.id}), price, mode)

    def preview(
        self,
        action: IntentAction | str,
        symbol: str,
        quantity: float,
        fill_price: float,
        *,
        workspace: str | UUID | None = None,
        intent_id: UUID | None = None,
    ) -> Preview:
        """The outcome that `order` would have now, rule by rule. Nothing is written. Raises as `order` does."""
        account = self._accounts.require(workspace)
        intent = self._intent(account, action, symbol, quantity, intent_id, None)
        return self._broker.preview(intent, _price(fill_price), to_create=account)

    def _intent(
        self,
        account: Workspace,
        action: IntentAction | str,
        symbol: str,
        quantity: float,
        intent_id: UUID | None,
        reason: str | None,
    ) -> TradeIntent:
        known_as = str(intent_id or self._stamps.new_id())
        document = {
            "id": known_as,
            "workspace_id": str(account.id),
            "symbol": symbol,
            "action": action,
            "quantity": quantity,
            "reason": reason,
        }
        try:
            document["quantity"] = _finite(quantity)
            return parse_model(TradeIntent, document, code="INVALID_INTENT", what="the intent")
        except InvalidError as error:
            error.details = nothing_filled(known_as, known_as)
            raise


def _finite(quantity: float) -> float:
    try:
        units = real_number(quantity)
    except ValueError as error:
        raise InvalidError("INVALID_QUANTITY", f"the quantity: {error}", hint="give a number of units") from error
    if not math.isfinite(units):
        why = f"the quantity {units!r} is not a finite number"
        raise InvalidError("INVALID_QUANTITY", why, hint="give a number of units")
    return units


def _price(fill_price: float) -> float:
    try:
        return real_number(fill_price)
    except ValueError as error:
        raise InvalidError("INVALID_FILL_PRICE", f"the fill price: {error}", hint="give a price a unit") from error


def parse_intent(document: str | bytes) -> TradeIntent:
    """An intent from JSON text. Raises INVALID_JSON, or INVALID_INTENT with every fault named."""
    return parse_model(TradeIntent, document, code="INVALID_INTENT", what="the intent")
