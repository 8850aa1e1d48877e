"""`papertape --web` without a browser: what it refuses, whom it refuses, what it says, and that nothing outlives it."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from tests.support.web import PROCESSES, WAIT_S, Served, environment, web
from tests.tui.console import Console
from tui.commands.system.web import is_loopback
from tui.web.server import PAGE, Dashboards, dashboard_command, fault_of

ODD_NAME = 'a desk\'s $(touch pwned); `x` "y" #.db'
Client = TestClient[Request, Application]

sees_processes = pytest.mark.skipif(not (PROCESSES / "self/stat").exists(), reason="no /proc to look for processes in")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--web", "--host", "0.0.0.0"), "'0.0.0.0' is not loopback, and the dashboard has no login"),
        (("--web", "--host", "::"), "'::' is not loopback"),
        (("--web", "--host", "192.168.1.7"), "'192.168.1.7' is not loopback"),
        (("--web", "--host", "desk.example"), "'desk.example' is not loopback"),
        (("--web", "--host", "127.0.0.1.desk.example"), "is not loopback"),
        (("--web", "--host", "localhost."), "is not loopback"),
        (("--web", "--host", ""), "'' is not loopback"),
        (("--web", "--port", "65536"), "--port 65536 is not a port"),
        (("--web", "--port", "-1"), "--port -1 is not a port"),
        (("--web", "--port", "many"), "'--port'"),
        (("--web", "state"), "takes no command, not 'state'"),
        (("--host", "127.0.0.1"), "--host before a command is for --web"),
        (("--port", "0", "state"), "--port before a command is for --web; `papertape serve` has its own"),
        (("--i-know",), "--i-know before a command is for --web"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_wrong_usage_is_one_line_and_exit_2(console: Console, arguments: tuple[str, ...], says: str) -> None:
    ran = console.run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("error USAGE: ")
    assert says in ran.err
    assert not console.db.exists()


def test_a_host_that_is_not_loopback_says_how_to_come_from_elsewhere(console: Console) -> None:
    said = console.run("--web", "--host", "0.0.0.0").err
    assert "whoever reaches it acts on the account" in said
    assert "`ssh -L`" in said
    assert "--i-know" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_what_only_this_machine_reaches(host: str) -> None:
    assert is_loopback(host)


def test_without_the_extra_it_names_it(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    ran = console.run("--web", "--json")
    assert ran.code == 1
    assert ran.document["error_code"] == "EXTRA_MISSING"
    assert ran.err.startswith("error EXTRA_MISSING: the dashboard in a browser needs textual-serve")
    assert ran.err.endswith("; pip install 'papertape[web]'\n")
    assert not console.db.exists()


def test_it_is_imported_only_when_it_is_asked_for(console: Console) -> None:
    probe = "import sys, tui.commands.app; print({'aiohttp', 'textual_serve', 'tui.web'} & {*sys.modules})"
    ran = subprocess.run(
        [sys.executable, "-c", probe], env=console.environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "set()\n"


def test_a_port_in_use_is_one_line(console: Console) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = console.run("--web", "--port", port)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == (
        f"error INVALID_SETTINGS: the dashboard cannot listen on 127.0.0.1, port {port}: Address already in use;"
        " choose another with --host and --port\n"
    )


def test_a_name_that_is_none_is_one_line(console: Console) -> None:
    for name in ("x" * 64, "no-such-host.invalid"):
        ran = console.run("--web", "--i-know", "--host", name, "--port", "0")
        assert ran.code == 5
        assert ran.err.startswith(f"error INVALID_SETTINGS: the dashboard cannot listen on {name}, port 0: ")
        assert len(ran.err.splitlines()) == 1


def test_what_no_dashboard_could_open_is_told_at_once(console: Console) -> None:
    assert console.run("--web", "-w", "nobody").code == 6
    (console.home / "notes.txt").write_text("not a database, and longer than a header of one would be " * 20)
    ran = console.run("--web", "--db", console.home / "notes.txt")
    assert ran.code == 1
    assert ran.err.startswith("error DATABASE_NOT_OURS")


def test_the_shell_takes_no_name_for_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "$HOME;'")
    words = shlex.split(dashboard_command(ODD_NAME, "-w $(x)"))
    assert words[:2] == ["exec", "env"]
    assert words[2].endswith(f"{os.pathsep}$HOME;'")
    assert words[-2:] == [f"--db={ODD_NAME}", "--workspace=-w $(x)"]
    assert not [word for word in shlex.split(dashboard_command(None, None)) if word.startswith(("--db", "--workspace"))]


OWN = "127.0.0.1:8001"


@pytest.mark.parametrize("host", [OWN, "127.0.0.1", "localhost:8001", "LOCALHOST:8001", "[::1]:8001", "10.0.0.7:80"])
def test_an_address_or_localhost_is_a_name_that_nobody_else_can_take(host: str) -> None:
    assert fault_of(host, None, "127.0.0.1", is_socket=False) is None
    assert fault_of(host, f"http://{host}", "127.0.0.1", is_socket=True) is None
    assert fault_of(host, f"https://{host}", "127.0.0.1", is_socket=True) is None


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8001", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", "[x]:1"],
)
def test_any_other_host_is_refused(host: str) -> None:
    """A name that a stranger may point at this machine, or no name at all."""
    assert "is not this service's" in (fault_of(host, f"http://{host}", "127.0.0.1", is_socket=True) or "")


def test_the_name_that_was_listened_on_is_ours() -> None:
    assert fault_of("desk.lan:8001", "http://desk.lan:8001", "Desk.LAN", is_socket=True) is None


@pytest.mark.parametrize("is_socket", [False, True])
@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "file://", f"ftp://{OWN}"),
        *("http://evil.example", f"http://{OWN}.evil.example", f"http://{OWN}@evil.example"),
        *("http://127.0.0.1", "http://127.0.0.1:8002", "http://localhost:8001"),
    ],
)
def test_a_page_of_another_origin_is_refused(origin: str, is_socket: bool) -> None:
    assert "not from the dashboard's" in (fault_of(OWN, origin, "127.0.0.1", is_socket=is_socket) or "")


def test_a_socket_without_an_origin_is_refused() -> None:
    assert fault_of(OWN, None, "127.0.0.1", is_socket=False) is None
    assert fault_of(OWN, None, "127.0.0.1", is_socket=True) == "a socket is opened by the page of the dashboard only"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of the page, on a socket. A dashboard that is opened there leaves a mark."""
    command = shlex.join(["touch", str(tmp_path / "opened")])
    server = TestServer(Dashboards(command, limit=1).application("127.0.0.1"))
    async with TestClient(server) as made:
        yield made
    assert not (tmp_path / "opened").exists()


def own(client: Client) -> str:
    return f"{client.host}:{client.port}"


REFUSED = {
    "another host": {"Host": "evil.example"},
    "another origin": {"Origin": "http://evil.example"},
    "no origin at all": {"Origin": "null"},
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("path", ["/", "/ws", "/download/x", "/page/page.js", "/static/js/textual.js", "/nothing"])
async def test_every_route_is_guarded(client: Client, path: str, headers: dict[str, str]) -> None:
    answer = await client.get(path, headers=headers)
    assert answer.status == 403
    assert (await answer.text()).count("\n") == 1


@pytest.mark.parametrize("headers", [*REFUSED.values(), {}], ids=[*REFUSED, "none"])
async def test_a_stranger_opens_no_dashboard(client: Client, headers: dict[str, str]) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await client.ws_connect("/ws", headers=headers)


async def test_no_other_site_may_show_the_page_and_it_may_load_nothing_else(client: Client) -> None:
    for path, status in (("/", 200), ("/page/page.js", 200), ("/static/js/textual.js", 200), ("/nothing", 404)):
        answer = await client.get(path, headers={"Origin": f"http://{own(client)}"})
        assert answer.status == status
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_is_whole_without_the_internet(client: Client) -> None:
    """All that it names is served here; the fonts come from textual-serve."""
    named = {"static/css/xterm.css", "static/js/textual.js", "page/page.css", "page/page.js"}
    page = await (await client.get("/")).text()
    for path in named:
        assert f'"{path}"' in page
    styles = (PAGE / "page.css").read_text()
    named |= {f"static/fonts/RobotoMono{style}-VariableFont_wght.ttf" for style in ("", "-Italic")}
    assert [part.split(")")[0].strip('"') for part in styles.split("url(")[1:]] == [
        f"../{path}" for path in sorted(named, reverse=True) if path.endswith(".ttf")
    ]
    for path in named:
        assert (await client.get(f"/{path}")).status == 200
    for each in PAGE.iterdir():
        assert "//" not in each.read_text().replace("// ", "")


async def first_frame(served: Served, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """Open a dashboard as the page does, and read until it has painted."""
    wire = await session.ws_connect(f"{served.address}/ws?width=100&height=30", origin=served.address)
    shown = b""
    while b"Nothing is held" not in shown:
        shown += await wire.receive_bytes(timeout=WAIT_S)
    return wire


async def status_of(served: Served, session: aiohttp.ClientSession) -> int:
    """What its page answers with."""
    async with session.get(served.address) as page:
        return page.status


async def closed(wire: aiohttp.ClientWebSocketResponse) -> None:
    """Read on until it is closed."""
    async for _ in wire:
        pass


@sees_processes
async def test_a_dashboard_is_a_process_for_as_long_as_its_browser(tmp_path: Path) -> None:
    """On the database and the workspace that were named, whatever a shell would make of their names."""
    subprocess.run(
        [sys.executable, "-m", "tui", "--db", ODD_NAME, "workspace", "create", ODD_NAME],
        cwd=tmp_path,
        env=environment(tmp_path),
        check=True,
        capture_output=True,
        timeout=WAIT_S,
    )
    with web(tmp_path, "--db", ODD_NAME, "-w", ODD_NAME) as served:
        async with aiohttp.ClientSession() as session:
            first, second = await first_frame(served, session), await first_frame(served, session)
            served.await_children(2)
            await first.close()
            served.await_children(1)
            await second.send_json(["stdin", "q"])
            await closed(second)
            served.await_children(0)
        code, said = served.end()
    assert code == 0
    assert said == (
        f"warning: the dashboard has no login: whoever can reach {served.address} acts on the account,"
        " other users of this machine included\n"
    )
    assert not (tmp_path / "pwned").exists()


@sees_processes
async def test_beyond_the_limit_nothing_is_opened_until_a_dashboard_is_left(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("max_dashboards = 1\n")
    with web(tmp_path, PAPERTAPE_CONFIG=str(tmp_path / "config.toml")) as served:
        async with aiohttp.ClientSession() as session:
            wire = await first_frame(served, session)
            with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
                await first_frame(served, session)
            async with session.get(served.address) as page:
                assert page.status == 503
                assert await page.text() == (
                    "1 dashboard is open, and no more may be (max_dashboards):"
                    " leave one with q, and load this page again\n"
                )
                assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
            served.await_children(1)
            await wire.send_json(["stdin", "q"])
            await closed(wire)
            async with asyncio.timeout(WAIT_S):
                while await status_of(served, session) != 200:
                    pass
            await first_frame(served, session)
        assert served.end()[0] == 0


def test_a_limit_that_is_none_is_one_line(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERTAPE_MAX_DASHBOARDS", "0")
    ran = console.run("--web", "--port", "0")
    assert ran.code == 5
    assert ran.err.startswith("error INVALID_SETTINGS: the variable PAPERTAPE_MAX_DASHBOARDS: ")
    assert len(ran.err.splitlines()) == 1


@sees_processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_and_every_dashboard(tmp_path: Path, number: int) -> None:
    with web(tmp_path) as served:
        async with aiohttp.ClientSession() as session:
            wire = await first_frame(served, session)
            served.await_children(1)
            (code, said), _ = await asyncio.gather(asyncio.to_thread(served.end, number), closed(wire))
        assert (code, len(said.splitlines())) == (0, 1)
        served.await_children(0)


@sees_processes
async def test_a_dashboard_ends_when_what_served_it_is_killed(tmp_path: Path) -> None:
    with web(tmp_path) as served:
        async with aiohttp.ClientSession() as session:
            await first_frame(served, session)
            served.await_children(1)
            assert served.end(signal.SIGKILL)[0] == -signal.SIGKILL
            served.await_children(0)


async def test_insisting_serves_other_machines_and_says_so(tmp_path: Path) -> None:
    with web(tmp_path, "--host", "0.0.0.0", "--i-know") as served:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{served.port}/") as answer,
        ):
            assert answer.status == 200
        code, said = served.end()
    assert code == 0
    assert "acts on the account, from other machines too, and nothing is encrypted" in said
