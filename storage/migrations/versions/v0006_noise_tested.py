"""The event type RUN_NOISE_TESTED."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The journal accepts the type."""
    op.execute("INSERT INTO event_types VALUES ('RUN_NOISE_TESTED')")
