"""Many clients at once: every intent is filled exactly once."""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from engine.ports import EventFilter
from storage.desk import open_desk
from storage.settings import Settings
from tests.api.serving import WAIT_S, WITH_TOKEN, intent, process

INTENTS = 500
SENT = 4
POSTS = INTENTS * SENT
SPARE_FILES = 200


@pytest.fixture
def at_once() -> Iterator[int]:
    """How many connections the system lets a process have: a socket for every post, where it can be had."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, min(hard, POSTS + SPARE_FILES)) if hard != resource.RLIM_INFINITY else POSTS + SPARE_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield min(POSTS, wanted - SPARE_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def post_all(address: str, orders: list[dict[str, Any]], at_once: int) -> list[httpx.Response]:
    """Each order `SENT` times, each on a connection of its own, all at once."""
    free = asyncio.Semaphore(at_once)
    encryption = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used; every client would make one of its own

    async def post(order: dict[str, Any]) -> httpx.Response:
        async with (
            free,
            httpx.AsyncClient(
                base_url=address, headers=WITH_TOKEN, timeout=4 * WAIT_S, trust_env=False, verify=encryption
            ) as client,
        ):
            return await client.post("/execute/intents", json={"intent": order, "fill_price": 10.0})

    return await asyncio.gather(*(post(order) for _ in range(SENT) for order in orders))


async def test_2000_concurrent_posts_of_500_intents_fill_each_once(
    home: Path, at_once: int, workspace_id: UUID
) -> None:
    orders = [intent(workspace_id, symbol=f"S{number % 5}", quantity=0.01) for number in range(INTENTS)]
    with process(home) as service:
        answers = await post_all(service.address, orders, at_once)
        assert service.end() == (0, "")
    assert Counter(answer.status_code for answer in answers) == {200: INTENTS, 409: INTENTS * (SENT - 1)}
    filled = {body["intent_id"]: body["order_id"] for body in (a.json() for a in answers if a.status_code == 200)}
    assert filled.keys() == {order["id"] for order in orders}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {body["error_code"] for body in refused} == {"ALREADY_EXECUTED"}
    assert all(body["order_id"] == filled[body["intent_id"]] for body in refused)
    with open_desk(Settings(db=home / "desk.db")) as desk:
        fills = desk.journal.events(workspace_id, where=EventFilter(types=("ORDER_FILLED",)))
        report = desk.accounts.reconcile(workspace_id)
    assert len(fills) == INTENTS
    assert {event.intent_id: event.order_id for event in fills} == filled
    assert (report.drift, report.errors, report.orders_rebuilt) == ({}, [], INTENTS)
