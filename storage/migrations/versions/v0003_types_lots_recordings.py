"""Event types in a table of their own, fills of up to 2^62 lots, the bars that an account has seen, and what was tried.

A CHECK cannot be altered. `trade_events` would have to be copied whole, so its text in the schema is changed instead,
as sqlite.org/lang_altertable.html#otheralter lays down for a constraint that is taken away or made wider: no row that
was valid becomes invalid, and a journal of any size is upgraded at once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TYPES = (
    "WORKSPACE_CREATED",
    "POLICY_CHANGED",
    "TRADING_STATE_CHANGED",
    "INTENT_EMITTED",
    "POLICY_EVALUATED",
    "INTENT_APPROVED",
    "INTENT_REJECTED",
    "ORDER_FILLED",
    "POSITION_OPENED",
    "POSITION_SCALED",
    "POSITION_CLOSED",
    "STATE_RECONCILED",
    "STATE_RESET",
    "RUN_ADVANCED",
    "RUN_STARTED",
    "RUN_RESUMED",
    "RUN_VARIANT_COMPLETED",
    "RUN_CANCEL_REQUESTED",
    "RUN_COMPLETED",
    "RUN_FAILED",
    "RUN_CANCELLED",
    "BACKTEST_RECORDED",
    "HISTORY_ACCEPTED",
    "STRATEGY_ACCEPTED",
)

JOURNAL = """CREATE TABLE trade_events (
  seq INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  ts INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  correlation_id TEXT,
  intent_id TEXT,
  order_id TEXT,
  mode TEXT,
  symbol TEXT,
  side INTEGER,
  lots INTEGER,
  price REAL,
  fees REAL,
  session INTEGER,
  payload TEXT NOT NULL,
  PRIMARY KEY (seq),
  CONSTRAINT event_seq CHECK (seq > 0),
  CONSTRAINT event_fill CHECK (event_type <> 'ORDER_FILLED' OR (side IN (1, -1) AND lots > 0
    AND lots <= 4611686018427387904 AND price > 0 AND price < 9e999 AND fees >= 0 AND fees < 9e999
    AND symbol IS NOT NULL AND intent_id IS NOT NULL AND order_id IS NOT NULL AND mode IS NOT NULL
    AND session IS NOT NULL) IS TRUE)
) STRICT"""

BEFORE = (
    "CREATE TABLE event_types (name TEXT NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID, STRICT",
    """CREATE TABLE recordings (
  workspace_id TEXT NOT NULL,
  timeframe TEXT NOT NULL,
  session INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  bars BLOB NOT NULL,
  PRIMARY KEY (workspace_id, timeframe, session, symbol),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
) WITHOUT ROWID, STRICT""",
    """CREATE TABLE trials (
  kind TEXT NOT NULL,
  run_id TEXT NOT NULL,
  spec_key TEXT NOT NULL,
  strategy_sha256 TEXT NOT NULL,
  strategy_id TEXT NOT NULL,
  bars TEXT NOT NULL,
  first_ts INTEGER,
  last_ts INTEGER,
  specs BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (kind, run_id, spec_key, strategy_sha256),
  CONSTRAINT trial_kind CHECK (kind IN ('plan', 'backtest', 'forward')),
  CONSTRAINT trial_specs CHECK (length(specs) % 16 = 0)
) WITHOUT ROWID, STRICT""",
    "ALTER TABLE run_progress ADD COLUMN strategy_sha256 TEXT DEFAULT '' NOT NULL",
    "ALTER TABLE run_progress ADD COLUMN settled TEXT DEFAULT '{}' NOT NULL",
    "ALTER TABLE run_progress ADD COLUMN began INTEGER",
    "DROP TRIGGER trade_events_appended",
)

# what was run before cannot be counted: neither its specs nor its bars were journaled; it is listed all the same
EARLIER_RUNS = (
    """INSERT INTO trials
SELECT 'plan', correlation_id, '', '', json_extract(payload, '$.strategy_id'),
  (SELECT json_group_object(value, '') FROM json_each(payload, '$.base.symbols')), NULL, NULL, x'', seq
FROM trade_events INDEXED BY trade_events_of_runs
WHERE event_type >= 'RUN_' AND event_type < 'RUN`' AND event_type = 'RUN_STARTED' AND json_valid(payload)
  AND correlation_id IS NOT NULL""",
    """INSERT INTO trials
SELECT 'backtest', id, '', '', '',
  (SELECT json_group_object(symbol, '') FROM (SELECT DISTINCT symbol FROM trade_events
    WHERE workspace_id = id AND symbol IS NOT NULL)),
  NULL, NULL, x'', (SELECT max(seq) FROM trade_events WHERE workspace_id = id)
FROM workspaces WHERE kind = 'closed' AND EXISTS (SELECT 1 FROM trade_events WHERE workspace_id = id)""",
    """INSERT INTO trials
SELECT 'forward', workspace_id, spec_key, '', '',
  (SELECT json_group_object(key, '') FROM json_each(first_ts)), NULL, NULL, x'',
  coalesce((SELECT max(seq) FROM trade_events WHERE trade_events.workspace_id = run_progress.workspace_id), 1)
FROM run_progress WHERE json_valid(first_ts)""",
)

AFTER = (
    """CREATE TRIGGER trade_events_appended BEFORE INSERT ON trade_events BEGIN
  SELECT CASE
    WHEN NEW.seq <> -1 AND NEW.seq <= (SELECT max(seq) FROM trade_events)
      THEN RAISE(FAIL, 'trade_events is append-only: a seq comes after all others')
    WHEN NEW.seq = -1 AND EXISTS (SELECT 1 FROM trade_events WHERE seq = -1)
      THEN RAISE(FAIL, 'trade_events is append-only: a seq comes after all others')
    WHEN EXISTS (SELECT 1 FROM trade_events WHERE event_id = NEW.event_id)
      THEN RAISE(FAIL, 'trade_events: this event_id is taken')
    WHEN NOT EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.workspace_id)
      THEN RAISE(FAIL, 'trade_events: there is no such workspace')
    WHEN NOT EXISTS (SELECT 1 FROM event_types WHERE name = NEW.event_type)
      THEN RAISE(FAIL, 'trade_events: there is no such type of event')
    WHEN NEW.ts NOT BETWEEN -62135510400000000 AND 253402214399999999
      OR NEW.recorded_at NOT BETWEEN -62135510400000000 AND 253402214399999999
      THEN RAISE(FAIL, 'trade_events: a time is beyond the calendar')
    WHEN NEW.event_type = 'ORDER_FILLED' THEN CASE
      WHEN (NEW.side IN (1, -1) AND NEW.lots > 0 AND NEW.lots <= 4611686018427387904
        AND NEW.price > 0 AND NEW.price < 9e999 AND NEW.fees >= 0 AND NEW.fees < 9e999
        AND NEW.symbol IS NOT NULL AND NEW.intent_id IS NOT NULL AND NEW.order_id IS NOT NULL
        AND NEW.mode IS NOT NULL AND NEW.session IS NOT NULL) IS NOT TRUE
        THEN RAISE(FAIL, 'trade_events: a fill has a side, a positive quantity and price, fees, and its ids')
      WHEN EXISTS (SELECT 1 FROM trade_events WHERE event_type = 'ORDER_FILLED' AND order_id = NEW.order_id)
        THEN RAISE(FAIL, 'trade_events: this order is filled')
      WHEN EXISTS (SELECT 1 FROM trade_events WHERE event_type = 'ORDER_FILLED' AND workspace_id = NEW.workspace_id
        AND intent_id = NEW.intent_id AND mode = NEW.mode)
        THEN RAISE(FAIL, 'trade_events: this intent is filled')
    END
  END;
END""",
    """CREATE TRIGGER event_types_not_updated BEFORE UPDATE ON event_types BEGIN
  SELECT RAISE(ABORT, 'event_types: a type is for good');
END""",
    """CREATE TRIGGER event_types_not_deleted BEFORE DELETE ON event_types BEGIN
  SELECT RAISE(ABORT, 'event_types: a type is for good');
END""",
)


def upgrade() -> None:
    """The rows that are there stay where they are."""
    connection = op.get_bind()
    for statement in BEFORE:
        connection.exec_driver_sql(statement)
    for name in TYPES:
        connection.exec_driver_sql("INSERT INTO event_types VALUES (?)", (name,))
    _put_journal_text(connection)
    for statement in (*EARLIER_RUNS, *AFTER):
        connection.exec_driver_sql(statement)


def _put_journal_text(connection: sa.Connection) -> None:
    (version,) = connection.exec_driver_sql("PRAGMA schema_version").one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    put = "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = 'trade_events'"
    connection.exec_driver_sql(put, (JOURNAL,))
    # whoever has the old text in memory, this connection too, reads the schema again
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
