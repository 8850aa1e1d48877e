"""Wiring: from settings to a desk over SQLite, with the strategies that they list."""

from __future__ import annotations

from engine.desk import Desk, DeskConfig
from engine.events import LiveStamps
from storage.settings import Settings
from storage.sqlite.owners import ProcessOwners
from storage.sqlite.unit_of_work import SqliteStore
from storage.strategies.files import make_registry
from storage.strategies.identity import KnownCode, strategy_code
from storage.system import wall_clock


def open_desk(settings: Settings | None = None) -> Desk:
    """The desk that the settings describe. The database is created or upgraded. Raises `SystemFault`."""
    settings = settings or Settings()
    config = DeskConfig(production=settings.environment == "production", workspace=settings.workspace)
    registry = make_registry(settings.strategies, KnownCode())
    return Desk(
        SqliteStore(settings.db),
        LiveStamps(wall_clock),
        config,
        registry,
        owners=ProcessOwners(),
        source_sha256=lambda kind: strategy_code(kind).sha256,
        distributions=lambda kind: strategy_code(kind).distributions,
    )
