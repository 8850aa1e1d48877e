"""Alembic's revisions, shipped with the package; `storage.sqlite.connection.opening` runs them."""
