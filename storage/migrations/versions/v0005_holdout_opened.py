"""The event type RUN_HOLDOUT_OPENED."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The journal accepts the type."""
    op.execute("INSERT INTO event_types VALUES ('RUN_HOLDOUT_OPENED')")
