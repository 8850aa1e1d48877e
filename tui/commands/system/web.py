"""`papertape --web`: the dashboard in a browser, on this machine unless `--i-know` allows another host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated

import typer

from engine.errors import SystemFault, UsageError
from tui.commands.calls import Call
from tui.shared.output import answers

HOST, PORT = "127.0.0.1", 8001
"""Where it listens unless told otherwise; 8000 is the service's."""

WebOption = Annotated[bool, typer.Option("--web", help="Serve the dashboard to a browser, without a login.")]
HostOption = Annotated[
    str | None,
    typer.Option(
        "--host", metavar="ADDRESS", help=f"With --web: the address to listen on (default: {HOST}).", show_default=False
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option("--port", metavar="N", help=f"With --web: the port (default: {PORT}; 0: any).", show_default=False),
]
KnownOption = Annotated[bool, typer.Option("--i-know", help="With --web: allow a host that other machines can reach.")]


@dataclass(frozen=True, slots=True)
class WebCall:
    """The options of `papertape --web`."""

    wanted: bool
    host: str | None
    port: int | None
    known: bool

    def check(self, command: str | None) -> None:
        """Raise USAGE when the options do not go together, or when a host is not loopback and `--i-know` is missing."""
        if not self.wanted:
            self._check_alone()
        elif command is not None:
            raise UsageError("USAGE", f"--web serves the dashboard and takes no command, not {command!r}")
        elif not 0 <= self.listening_port <= 65_535:
            raise UsageError(
                "USAGE", f"--port {self.port} is not a port", hint="a port is 0 (any that is free) to 65535"
            )
        elif not (self.known or is_loopback(self.listening_host)):
            raise UsageError(
                "USAGE",
                f"--host {self.listening_host!r} is not loopback, and the dashboard has no login: whoever reaches it"
                " acts on the account",
                hint="omit --host and connect through `ssh -L`, or add --i-know",
            )

    @property
    def listening_host(self) -> str:
        """The host to listen on."""
        return HOST if self.host is None else self.host

    @property
    def listening_port(self) -> int:
        """The port to listen on."""
        return PORT if self.port is None else self.port

    def _check_alone(self) -> None:
        given = {"--host": self.host is not None, "--port": self.port is not None, "--i-know": self.known}
        for option in (name for name, is_given in given.items() if is_given):
            raise UsageError(
                "USAGE", f"{option} before a command is for --web", hint="`papertape serve` has its own, after its name"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it. A name other than `localhost` is not looked up: it may change."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def serve_dashboard(call: Call, asked: WebCall) -> None:
    """Serve until Ctrl-C or SIGTERM. Raises why the dashboard cannot open, or why the address cannot be bound."""
    _require_extra()
    from storage.system import FOR_A_SERVICE, require_descriptors
    from tui.web.server import Dashboards, address_of, dashboard_command, listening, serve

    require_descriptors(FOR_A_SERVICE)
    named = call.workspace or os.environ.get("PAPERTAPE_WORKSPACE") or None
    _try_opening(call, named)
    with listening(asked.listening_host, asked.listening_port) as listener:
        address = address_of(listener)
        command = dashboard_command(call.db, named)
        dashboards = Dashboards(command, call.settings().max_dashboards)
        serve(dashboards.application(asked.listening_host), listener, lambda: _announce(call, asked, address))


def _try_opening(call: Call, named: str | None) -> None:
    """Open the desk once, so that an error is reported here and not to the first browser."""
    from tui.dashboard.opening import Prefs, default_path, open_behind

    open_behind(call.settings, named, Prefs(default_path())).desk.close()


def _announce(call: Call, asked: WebCall, address: str) -> None:
    included = "other users of this machine included"
    if not is_loopback(asked.listening_host):
        included = "from other machines too, and nothing is encrypted"
    call.warn([f"the dashboard has no login: whoever can reach {address} acts on the account, {included}"])
    call.answer(
        {"success": True, "address": address},
        lambda page: page.line(f"the dashboard is at {address} (Ctrl-C ends it)"),
    )
    answers().flush()


def _require_extra() -> None:
    from importlib.util import find_spec

    if find_spec("textual_serve") is None:
        raise SystemFault(
            "EXTRA_MISSING",
            "the dashboard in a browser needs textual-serve, which is not installed",
            hint="pip install 'papertape[web]'",
        )
