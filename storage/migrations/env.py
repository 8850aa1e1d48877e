"""Alembic's entry: on the connection and in the transaction of `opening`, which begins and commits it."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
