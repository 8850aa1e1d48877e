"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.answers import add_handlers
from api.models import Health, body_schemas
from api.routes import router
from api.service import EndingGate, Service
from api.token import AdminToken, TokenGate
from engine.desk import Desk
from storage.settings import Settings

_ABOUT = """\
The desk of papertape over HTTP: the same accounts, policy, broker and sweeps as the command line and the dashboard, \
in the same database. Every answer that is not 200 has the body `{"error": …, "error_code": …}`."""


def create_app(desk: Desk, settings: Settings) -> FastAPI:
    """The service over a desk, which the caller closes. INVALID_SETTINGS without a proper admin token."""
    token = AdminToken(settings.admin_token)
    app = bare_app()
    app.state.service = Service(desk, settings)
    app.add_middleware(TokenGate, token=token)
    app.add_middleware(EndingGate, service=app.state.service)
    desk.research.registry.all()  # people's strategies are loaded now, and not by two requests at once
    return app


def bare_app() -> FastAPI:
    """The routes and their document, without a desk or a token behind them."""
    app = FastAPI(
        title="papertape",
        version=_version(),
        description=_ABOUT,
        docs_url=None,  # those pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=_lifespan,
    )
    add_handlers(app)
    app.include_router(router)
    app.add_api_route("/health", health, response_model=Health, tags=["health"])
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


async def health() -> Health:
    """That the service lives. Without a token."""
    return Health(status="ok", version=_version())


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = made["components"]["schemas"]
        made["components"]["schemas"] = dict(sorted({**body_schemas(), **schemas}.items()))
        app.openapi_schema = made
    return app.openapi_schema


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.service.close()


def _version() -> str:
    try:
        return version("papertape")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
