"""An account as callers see it."""

from __future__ import annotations

import math
from uuid import UUID

from engine.account.fold import apply_fills
from engine.account.ledger import BUY, Fill, Ledger
from engine.account.state import Account
from engine.intents import LOTS_PER_UNIT


def test_a_mark_that_makes_an_amount_no_finite_number_is_left_out_and_the_others_are_set() -> None:
    account = Account(UUID(int=1), Ledger.fresh(10_000.0), {"A": 11.0})
    apply_fills(account.ledger, [Fill(1, "A", BUY, 2 * LOTS_PER_UNIT, 10.0, 0.0, 1, 0)])
    assert account.value_at({"A": 1e308, "B": 1e308}) == ["A"]
    assert account.marks == {"A": 11.0, "B": 1e308}
    assert account.value_at({"A": 8e307}) == []
    assert math.isfinite(account.state().equity)
