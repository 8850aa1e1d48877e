"""Alembic's revisions, shipped with the package; `storage.opening` runs them."""
