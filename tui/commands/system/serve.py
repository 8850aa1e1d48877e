"""`serve`: the desk over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import SystemFault
from tui.commands.calls import Call, command
from tui.shared.output import answers

if TYPE_CHECKING:
    from storage.settings import Settings

app = typer.Typer()


@command(app, "serve", example="papertape serve --openapi", panel="Service", without_workspace=True)
def serve(
    call: Call,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="The address to listen on (default: 127.0.0.1).")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="The port (default: 8000; 0: any that is free).")
    ] = None,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the OpenAPI document, and serve nothing.")] = False,
) -> None:
    """Serve the desk over HTTP, until Ctrl-C.

    Every request needs the header X-Admin-Token; the token is PAPERTAPE_ADMIN_TOKEN, or admin_token in the settings
    file, and has at least 16 characters. Without one nothing is served.
    """
    _require_extra()
    if openapi:
        _print_document()
        return
    from api.app import LOOPBACK, serve
    from storage.system import FOR_A_SERVICE, require_descriptors

    require_descriptors(FOR_A_SERVICE)
    settings = _settings(call, host, port)
    if settings.host not in LOOPBACK:
        call.warn(
            [
                f"{settings.host} can be reached from other machines, and nothing is encrypted: whoever listens on the"
                " way sees the token; put a proxy with TLS in front"
            ]
        )
    serve(settings, lambda address: _announce(call, address))


def _settings(call: Call, host: str | None, port: int | None) -> Settings:
    from storage.settings import Settings

    return Settings(db=call.db, workspace=call.workspace, host=host, port=port)


def _announce(call: Call, address: str) -> None:
    call.answer({"success": True, "address": address}, lambda page: page.line(f"serving on {address} (Ctrl-C ends it)"))
    answers().flush()


def _print_document() -> None:
    from api.app import bare_app
    from tui.shared.output import write_document

    write_document(bare_app().openapi())


def _require_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("fastapi", "python_multipart", "uvicorn") if find_spec(name) is None]
    if missing:
        raise SystemFault(
            "EXTRA_MISSING",
            f"the service needs {', '.join(missing)}, which is not installed",
            hint="pip install 'papertape[api]'",
        )
