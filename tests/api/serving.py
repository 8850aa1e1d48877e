"""The service on a socket of its own: in a thread of this process, or in a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from pydantic import SecretStr

from api.app import Server, address_of, create_app, listening
from api.service import Service
from api.token import HEADER
from engine.desk import Desk
from storage.desk import open_desk
from storage.settings import Settings
from tests.tui.console import BARS, ROOT

TOKEN = "a-token-for-the-tests"
WITH_TOKEN = {HEADER: TOKEN}
WAIT_S = 30.0

GENERATE = "/testing/run-plans/generate"
EXECUTE_PLAN = "/testing/run-plans/generate-and-execute"
SPEC = {"strategy_id": "breakout_52w_high", "symbols": ["X"], "entry": {"lookback_days": 2}}


@dataclass(frozen=True)
class Served:
    """A service that takes connections; `desk` is the one behind it."""

    address: str
    database: Path
    desk: Desk
    service: Service

    def client(self, token: str | None = TOKEN) -> httpx.Client:
        """A client with the token, on connections of its own."""
        return client_of(self.address, token)

    def head(self) -> int:
        """The `seq` of the newest event of all: unchanged when nothing was written."""
        return self.desk.journal.head()


def client_of(address: str, token: str | None = TOKEN) -> httpx.Client:
    """A client of a service, wherever it runs."""
    headers = {} if token is None else {HEADER: token}
    return httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=WAIT_S)


@contextmanager
def served(database: Path, **given: Any) -> Iterator[Served]:
    """A service over a database, in a thread; stopped at the end as a signal stops it."""
    settings = Settings(db=database, admin_token=SecretStr(TOKEN), **given)
    with open_desk(settings) as desk, listening("127.0.0.1", 0) as listener:
        app = create_app(desk, settings)
        server = Server(app, app.state.service)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="service")
        thread.start()
        try:
            yield Served(address_of(listener), database, desk, app.state.service)
        finally:
            server.should_exit = True
            thread.join(WAIT_S)
            app.state.service.close()
        assert not thread.is_alive()


def intent(workspace_id: object, **changed: Any) -> dict[str, Any]:
    """An order for 10 IBM, with a fresh id."""
    order = {"id": str(uuid4()), "workspace_id": str(workspace_id), "symbol": "IBM", "action": "OPEN_LONG"}
    return {**order, "quantity": 10.0, **changed}


def execute(client: httpx.Client, order: Any, fill_price: Any = 100.0, **more: Any) -> httpx.Response:
    """Send an intent."""
    return client.post("/execute/intents", json={"intent": order, "fill_price": fill_price, **more})


def form(workspace_id: object, *, spec: Any = SPEC, sweep: Any = None, **more: Any) -> dict[str, str]:
    """The fields of a sweep over `entry.lookback_days`."""
    constraints = {"sweep": {"entry.lookback_days": [2, 3, 4]} if sweep is None else sweep}
    texts = {"base_spec_json": json.dumps(spec), "constraints_json": json.dumps(constraints)}
    return {"workspace_id": str(workspace_id), **texts, **{name: str(value) for name, value in more.items()}}


def upload(content: bytes | str = BARS) -> dict[str, Any]:
    """The file of a form."""
    return {"file": ("bars.csv", content.encode() if isinstance(content, str) else content, "text/csv")}


@contextmanager
def sent(request: httpx.Request) -> Iterator[socket.socket]:
    """A request on a socket of its own, which is closed at the end whether it was answered or not."""
    body, url = request.read(), request.url
    lines = [f"{request.method} {url.raw_path.decode()} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
    with socket.create_connection((url.host, url.port or 0), timeout=WAIT_S) as wire:
        wire.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        yield wire


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, looking again and again; a test that waits too long has failed."""
    deadline, pause = time.monotonic() + WAIT_S, threading.Event()
    while not condition():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def code_of(response: httpx.Response) -> tuple[int, str]:
    """The status and the error code; the body has what every error has, and nothing of the server in it."""
    body = response.json()
    assert isinstance(body["error"], str)
    assert body["error"]
    assert TOKEN not in response.text
    return response.status_code, body["error_code"]


@dataclass(frozen=True)
class Process:
    """A service in a process of its own, as `papertape serve` starts it."""

    address: str
    popen: subprocess.Popen[str]
    log: Path

    def client(self, token: str | None = TOKEN) -> httpx.Client:
        """A client with the token, on connections of its own."""
        return client_of(self.address, token)

    def connect(self) -> socket.socket:
        """A connection, to say on it what one likes."""
        address = urlsplit(self.address)
        return socket.create_connection((address.hostname or "", address.port or 0), timeout=WAIT_S)

    def end(self, signal_number: int = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end; the exit code and what it said on stderr."""
        self.popen.send_signal(signal_number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait for its end; the exit code and what it said on stderr."""
        return self.popen.wait(WAIT_S), self.log.read_text()

    def await_refusal(self) -> None:
        """Wait until it takes no connection any more."""
        until(lambda: not self._connects())

    def _connects(self) -> bool:
        try:
            self.connect().close()
        except OSError:
            return False
        return True


@contextmanager
def process(home: Path, *arguments: object, **variables: str) -> Iterator[Process]:
    """`papertape serve` on a free port, over `desk.db` in `home`; killed at the end if it still runs."""
    log = home / "serve.log"
    with log.open("w") as stderr:
        popen = _started(home, stderr, arguments, variables)
    assert popen.stdout is not None
    try:
        said = "".join(iter(popen.stdout.readline, "}\n")) + "}"
        yield Process(json.loads(said)["address"], popen, log)
    finally:
        popen.kill()
        popen.wait(WAIT_S)
        popen.stdout.close()


def _started(
    home: Path, stderr: IO[str], arguments: tuple[object, ...], variables: dict[str, str]
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tui", "serve", "--port", "0", "--json", *map(str, arguments)],
        cwd=home,
        env=environment(home, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def environment(home: Path, **variables: str) -> dict[str, str]:
    """A process's: the token, a home and a database of its own, nothing of the machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PAPERTAPE", "XDG_"))}
    own = {"HOME": str(home), "PYTHONPATH": str(ROOT), "PAPERTAPE_DB": str(home / "desk.db")}
    return {**kept, **own, "PAPERTAPE_ADMIN_TOKEN": TOKEN, **variables}
