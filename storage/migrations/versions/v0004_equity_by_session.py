"""What an account that trades on is worth at the end of each session, and from when on its sessions count.

There are no rows of sessions that were traded before. An account's next forward run begins with them, as far back as
its bars were recorded.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE account_equity (
  workspace_id TEXT NOT NULL,
  session INTEGER NOT NULL,
  equity REAL NOT NULL,
  is_exposed INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, session),
  CONSTRAINT account_equity_exposed CHECK (is_exposed IN (0, 1)),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
) WITHOUT ROWID, STRICT""",
    "ALTER TABLE run_progress ADD COLUMN clock_from INTEGER",
)


def upgrade() -> None:
    """The rows that are there stay as they are."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
