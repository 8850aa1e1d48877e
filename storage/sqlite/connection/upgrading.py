"""Upgrading an old database: a backup beside it, then the newer revisions by Alembic. Imported only when needed."""

from __future__ import annotations

import os
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from engine.errors import SystemFault
from storage.sqlite.connection.driver import sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.sqlite.schema import Schema


def upgrade(path: Path, connection: Connection, revision: str, schema: Schema) -> None:
    """Migrate from `revision` to the head, in the caller's transaction. The backup stays, even if this fails.

    Raises DATABASE_ERROR, after which the caller's transaction must be rolled back.
    """
    backup = back_up(path, revision)
    config = alembic_config(schema)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, schema.head)
    except Exception as error:
        raise SystemFault(
            "DATABASE_ERROR",
            f"{path} could not be upgraded from revision {revision} to {schema.head} ({error})",
            hint=f"it is as it was, and a copy is {backup}; go on with the version that made it",
        ) from error


def alembic_config(schema: Schema) -> Config:
    """Alembic's configuration, in place of an alembic.ini."""
    config = Config()
    config.set_main_option("script_location", schema.scripts.replace("%", "%%"))
    return config


def back_up(path: Path, revision: str) -> Path:
    """Copy the database to `NAME.before-REVISION.N.bak`, readable by its owner. The caller holds the write lock."""
    backup = _new_file(path, revision)
    try:
        source = sqlite.connect(f"{path.as_uri()}?mode=ro", uri=True)
        with closing(source), closing(sqlite.connect(backup)) as copy:
            source.backup(copy)
    except BaseException:
        backup.unlink()
        raise
    return backup


def _new_file(path: Path, revision: str) -> Path:
    for number in count(1):
        candidate = path.with_name(f"{path.name}.before-{revision}.{number}.bak")
        try:
            os.close(os.open(candidate, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("count() ends nowhere")
