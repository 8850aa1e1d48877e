"""Which names and equities an account can have, and which accounts take orders."""

from __future__ import annotations

import math
from uuid import UUID

import pytest

from engine.errors import InvalidError
from engine.policy.workspace import (
    DEFAULT_ID,
    Workspace,
    WorkspaceKind,
    as_uuid,
    check_equity,
    check_name,
    check_open,
)

ID = UUID("3f0c5b62-1f7e-4b0e-9a57-2a5a3b1d9c11")


@pytest.mark.parametrize("name", ["a", "x" * 64, "Zürich 2", "[bold]", "3f0c5b62-1f7e-4b0e"])
def test_a_name_is_any_line_of_up_to_64_characters(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (7, "the name 7 is not text"),
        ("", "the name '' is blank or begins or ends with a space"),
        (" ", "the name ' ' is blank or begins or ends with a space"),
        (" a", "the name ' a' is blank or begins or ends with a space"),
        ("a ", "the name 'a ' is blank or begins or ends with a space"),
        ("x" * 65, "the name is longer than 64 characters"),
        ("a\tb", r"the name 'a\tb' holds control characters"),
        ("a\ud800b", r"the name 'a\ud800b' holds control characters"),
        (str(ID), f"the name '{ID}' is a UUID, and workspaces are addressed by those"),
        (ID.hex.upper(), f"the name '{ID.hex.upper()}' is a UUID, and workspaces are addressed by those"),
    ],
)
def test_what_can_be_no_name_is_refused_and_said_why(name: str, said: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_name(name)
    assert (caught.value.code, caught.value.message) == ("INVALID_WORKSPACE", said)


@pytest.mark.parametrize("equity", [5e-324, 0.5, 1, 1e308])
def test_an_account_begins_with_any_finite_amount_above_zero(equity: float) -> None:
    assert check_equity(equity) == equity
    assert isinstance(check_equity(equity), float)


@pytest.mark.parametrize(
    ("equity", "said"),
    [
        (0.0, "the starting equity 0.0 is not a finite number above zero"),
        (-1.0, "the starting equity -1.0 is not a finite number above zero"),
        (math.inf, "the starting equity inf is not a finite number above zero"),
        (math.nan, "the starting equity nan is not a finite number above zero"),
        ("1", "the starting equity: '1' is not a number"),
    ],
)
def test_what_no_account_can_begin_with_is_refused_and_said_why(equity: float, said: str) -> None:
    with pytest.raises(InvalidError) as caught:
        check_equity(equity)
    assert (caught.value.code, caught.value.message) == ("INVALID_WORKSPACE", said)


def test_a_finished_result_takes_no_orders() -> None:
    account = Workspace(ID, "a", 1.0, 0)
    assert check_open(account) is account
    kinds = {
        WorkspaceKind.CLOSED: "the account of a run in a closed world",
        WorkspaceKind.VARIANT: "a variant of a sweep",
    }
    for kind, what in kinds.items():
        with pytest.raises(InvalidError) as caught:
            check_open(Workspace(ID, "a", 1.0, 0, kind))
        assert caught.value.code == "WORKSPACE_CLOSED"
        assert caught.value.message == f"workspace {ID} is {what}, and its result is final"


def test_a_uuid_is_one_in_any_writing() -> None:
    assert as_uuid(ID.hex) == as_uuid(f"{{{ID}}}") == ID
    assert as_uuid("default") is None
    assert str(DEFAULT_ID) == "0fd92ecc-4c50-5073-af2c-da29f8802576", "intents are evaluated for it before it is stored"
