"""Looking accounts up: `find`, `require`, `ensure_default`."""

from __future__ import annotations

from uuid import UUID

import pytest

from engine.desk import Desk
from engine.errors import InvalidError, NotFoundError
from engine.policy.workspace import DEFAULT_ID
from tests.support.memory_desks import memory_desk


@pytest.fixture
def desk() -> Desk:
    return memory_desk()


@pytest.mark.parametrize("ref", [None, "default", DEFAULT_ID, str(DEFAULT_ID)])
def test_only_ensuring_creates_the_default(desk: Desk, ref: str | UUID | None) -> None:
    accounts = desk.accounts
    assert accounts.find(ref) is None
    assert (accounts.require(ref).id, accounts.require(ref).name) == (DEFAULT_ID, "default")
    assert accounts.all() == []
    created = accounts.ensure_default(ref)
    assert accounts.find(ref) == accounts.require(ref) == accounts.ensure_default(ref) == created
    assert accounts.all() == [created]


@pytest.mark.parametrize("ref", ["other", UUID(int=7)])
def test_no_other_account_is_created(desk: Desk, ref: str | UUID) -> None:
    assert desk.accounts.find(ref) is None
    for look in (desk.accounts.require, desk.accounts.ensure_default):
        with pytest.raises(NotFoundError) as caught:
            look(ref)
        assert caught.value.code == "WORKSPACE_NOT_FOUND"
    assert desk.journal.head() == 0


def test_reading_stores_nothing(desk: Desk) -> None:
    accounts = desk.accounts
    assert accounts.state().cash == accounts.equity()[0].equity == accounts.metrics().ending_equity == 10_000.0
    assert (accounts.trades(), desk.journal.events(), desk.journal.story("X"), desk.plans.all()) == ([], [], [], [])
    assert accounts.reconcile(dry_run=True).events_replayed == accounts.compare().head == 0
    assert desk.journal.head() == 0


def test_settings_that_are_refused_do_not_create_the_default(desk: Desk) -> None:
    with pytest.raises(InvalidError, match="max_positions"):
        desk.accounts.set_policy({"max_positions": "none of them"})
    assert desk.accounts.all() == []
    desk.accounts.set_policy({"max_positions": "3"})
    assert desk.accounts.require().limits.max_positions == 3
