"""The end of a service: SIGTERM and Ctrl-C finish what is written, and cancel what can be resumed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.service import EndingGate, Service
from engine.ports import EventFilter
from storage.desk import open_desk
from storage.settings import Settings
from storage.sqlite.connection.driver import sqlite as sqlite3
from tests.api.serving import (
    EXECUTE_PLAN,
    TOKEN,
    WAIT_S,
    Served,
    code_of,
    environment,
    execute,
    form,
    intent,
    process,
    until,
    upload,
)
from tests.api.test_sweeps import without_ids
from tests.tui.probes import Meeting, order, probe

SPEC = {"strategy_id": "probe", "symbols": ["X"], "exit": {"max_bars": 2}}
SWEEP = {"entry.days": [2, 3, 4, 5]}


@pytest.fixture
def helper() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def sweep(client: httpx.Client, workspace_id: UUID) -> httpx.Response:
    return client.post(EXECUTE_PLAN, data=form(workspace_id, spec=SPEC, sweep=SWEEP), files=upload())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_service_ends_well(tmp_path: Path, number: int) -> None:
    with process(tmp_path) as service:
        with service.client() as client:
            assert client.get("/health").status_code == 200
        assert service.end(number) == (0, "")


def test_a_running_sweep_is_cancelled_and_can_be_resumed(
    tmp_path: Path, helper: ThreadPoolExecutor, workspace_id: UUID
) -> None:
    probe(tmp_path, d3="meet")
    meeting, strategies = Meeting(tmp_path), str(tmp_path / "probe.py")
    with process(tmp_path, PAPERTAPE_STRATEGIES=strategies) as service, service.client() as client:
        running = helper.submit(sweep, client, workspace_id)
        meeting.wait()
        service.popen.send_signal(signal.SIGTERM)
        service.await_refusal()
        meeting.let_go()
        stopped = running.result(WAIT_S)
        assert service.ended() == (0, "")
    assert code_of(stopped) == (503, "CANCELLED")
    run_plan_id = stopped.json()["run_plan_id"]
    order(tmp_path)
    with open_desk(Settings(db=tmp_path / "desk.db", strategies=strategies)) as desk:
        (plan,) = desk.plans.all()
        assert (str(plan.run_plan_id), plan.status) == (run_plan_id, "cancelled")
        assert 0 < plan.done < plan.variants
    resumed = subprocess.run(
        [sys.executable, "-m", "tui", "plan", "resume", run_plan_id, "--json"],
        env=environment(tmp_path, PAPERTAPE_STRATEGIES=strategies),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    with process(tmp_path, PAPERTAPE_STRATEGIES=strategies) as service, service.client() as client:
        whole = sweep(client, workspace_id).json()
    assert whole["status"] == "completed"
    assert without_ids(json.loads(resumed.stdout)) == without_ids(whole)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads of another process are counted in /proc")
def test_a_write_under_way_is_finished_and_answered(
    tmp_path: Path, helper: ThreadPoolExecutor, workspace_id: UUID
) -> None:
    with process(tmp_path) as service, service.client() as client:
        client.get("/health")
        with closing(sqlite3.connect(tmp_path / "desk.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody else can write until this one is done
            alone = _threads_of(service.popen.pid)
            running = helper.submit(execute, client, intent(workspace_id))
            until(lambda: _threads_of(service.popen.pid) > alone)  # a thread has the order
            service.popen.send_signal(signal.SIGTERM)
            service.await_refusal()
            assert not running.done()
            other.execute("ROLLBACK")
        answered = running.result(WAIT_S)
        assert service.ended() == (0, "")
    assert answered.json()["success"] is True
    with open_desk(Settings(db=tmp_path / "desk.db")) as desk:
        assert len(desk.journal.events(workspace_id, where=EventFilter(types=("ORDER_FILLED",)))) == 1


SLOW_FORM = (
    f"POST {EXECUTE_PLAN} HTTP/1.1\r\nHost: x\r\nX-Admin-Token: {TOKEN}\r\nExpect: 100-continue\r\n"
    "Content-Type: multipart/form-data; boundary=cut\r\nContent-Length: 5000000\r\n\r\n",
    '--cut\r\nContent-Disposition: form-data; name="file"; filename="bars.csv"\r\n\r\nts,open',
)
SLOW_ORDER = (
    f"POST /execute/intents HTTP/1.1\r\nHost: x\r\nX-Admin-Token: {TOKEN}\r\nExpect: 100-continue\r\n"
    "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    '9\r\n{"intent"\r\n',
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("slow", [SLOW_FORM, SLOW_ORDER], ids=["form", "order"])
def test_who_is_still_sending_is_not_waited_for(tmp_path: Path, slow: tuple[str, str], number: int) -> None:
    head, begun = slow
    with process(tmp_path) as service, service.connect() as wire:
        wire.sendall(head.encode())
        answers = wire.makefile("rb")
        assert answers.readline() == b"HTTP/1.1 100 Continue\r\n"  # it waits for the body
        assert answers.readline() == b"\r\n"
        wire.sendall(begun.encode())
        assert service.end(number) == (0, "")
        status, *_, body = answers.read().splitlines()
    assert status == b"HTTP/1.1 503 Service Unavailable"
    said = "the service is stopping; try again when it is back"
    assert json.loads(body) == {"error": said, "error_code": "CANCELLED"}


@pytest.mark.parametrize("answered", [False, True])
async def test_what_the_server_gives_up_has_an_answer_and_no_traceback(service: Served, answered: bool) -> None:
    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        if answered:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        here.set()
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        sent.append(message)

    here, sent = asyncio.Event(), list[Message]()
    ends = Service(service.desk, Settings(db=service.database))
    task = asyncio.create_task(EndingGate(stuck, ends)({"type": "http"}, receive=_never, send=send))
    await here.wait()
    ends.stop()
    task.cancel()
    await task
    ends.close()
    assert [message.get("status") for message in sent] == ([200] if answered else [503, None])


async def test_who_is_cancelled_without_an_end_stays_so(service: Served) -> None:
    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        here.set()
        await asyncio.Event().wait()

    here = asyncio.Event()
    task = asyncio.create_task(EndingGate(stuck, service.service)({"type": "http"}, receive=_never, send=_unsent))
    await here.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _never() -> Message:
    raise AssertionError("nothing is received")


async def _unsent(message: Message) -> None:
    raise AssertionError(message)


def _threads_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))
