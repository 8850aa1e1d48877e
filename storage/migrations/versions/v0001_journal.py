"""The journal, the accounts folded from it, and how far runs have come."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE trade_events (
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
  CONSTRAINT event_type_known CHECK (event_type = 'INTENT_EMITTED' OR event_type = 'POLICY_EVALUATED'
    OR event_type = 'INTENT_APPROVED' OR event_type = 'ORDER_FILLED' OR event_type = 'POSITION_OPENED'
    OR event_type = 'POSITION_CLOSED' OR event_type = 'WORKSPACE_CREATED'
    OR event_type = 'POLICY_CHANGED' OR event_type = 'TRADING_STATE_CHANGED'
    OR event_type = 'INTENT_REJECTED' OR event_type = 'POSITION_SCALED'
    OR event_type = 'STATE_RECONCILED' OR event_type = 'STATE_RESET'
    OR event_type = 'RUN_ADVANCED' OR event_type = 'RUN_STARTED' OR event_type = 'RUN_RESUMED'
    OR event_type = 'RUN_VARIANT_COMPLETED' OR event_type = 'RUN_CANCEL_REQUESTED'
    OR event_type = 'RUN_COMPLETED' OR event_type = 'RUN_FAILED' OR event_type = 'RUN_CANCELLED'),
  CONSTRAINT event_fill CHECK (event_type <> 'ORDER_FILLED' OR (side IN (1, -1) AND lots > 0
    AND lots <= 9007199254740992 AND price > 0 AND price < 9e999 AND fees >= 0 AND fees < 9e999
    AND symbol IS NOT NULL AND intent_id IS NOT NULL AND order_id IS NOT NULL AND mode IS NOT NULL
    AND session IS NOT NULL) IS TRUE)
) STRICT""",
    """CREATE INDEX trade_events_correlation ON trade_events (correlation_id) WHERE correlation_id IS NOT NULL""",
    """CREATE UNIQUE INDEX trade_events_event_id ON trade_events (event_id)""",
    """CREATE INDEX trade_events_of_runs ON trade_events (event_type, correlation_id)
  WHERE event_type >= 'RUN_' AND event_type < 'RUN`'""",
    """CREATE INDEX trade_events_of_workspace ON trade_events (workspace_id, seq, event_type, symbol)""",
    """CREATE UNIQUE INDEX trade_events_one_fill_per_intent ON trade_events (workspace_id, intent_id, mode)
  WHERE event_type = 'ORDER_FILLED'""",
    """CREATE UNIQUE INDEX trade_events_one_fill_per_order ON trade_events (order_id)
  WHERE event_type = 'ORDER_FILLED'""",
    """CREATE INDEX trade_events_replay ON trade_events (workspace_id, seq, symbol, side, lots, price, fees, ts,
  session) WHERE event_type = 'ORDER_FILLED' AND mode = 'paper'""",
    """CREATE TABLE workspaces (
  id TEXT NOT NULL,
  name TEXT,
  starting_equity REAL NOT NULL,
  kind TEXT NOT NULL,
  trading_state TEXT NOT NULL,
  limits TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT workspace_kind CHECK (kind IN ('account', 'closed', 'variant')),
  CONSTRAINT workspace_trading_state CHECK (trading_state IN ('ACTIVE', 'REDUCING', 'HALTED')),
  CONSTRAINT workspace_hidden_without_name CHECK ((name IS NULL) = (kind <> 'account')),
  CONSTRAINT workspace_equity CHECK (starting_equity > 0 AND starting_equity < 9e999),
  UNIQUE (name)
) WITHOUT ROWID, STRICT""",
    """CREATE TABLE account_sessions (
  workspace_id TEXT NOT NULL,
  session INTEGER NOT NULL,
  realized REAL NOT NULL,
  PRIMARY KEY (workspace_id, session),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
) WITHOUT ROWID, STRICT""",
    """CREATE TABLE account_states (
  workspace_id TEXT NOT NULL,
  cash REAL NOT NULL,
  realized_pnl REAL NOT NULL,
  peak_equity REAL NOT NULL,
  orders_count INTEGER NOT NULL,
  trades_count INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  last_event_at INTEGER,
  reconciled_at INTEGER,
  PRIMARY KEY (workspace_id),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
) WITHOUT ROWID, STRICT""",
    """CREATE TABLE account_symbols (
  workspace_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  lots INTEGER,
  avg_price REAL,
  opened_at INTEGER,
  entry_fees REAL,
  mark REAL,
  last_closed_at INTEGER,
  PRIMARY KEY (workspace_id, symbol),
  CONSTRAINT account_symbol_position CHECK ((lots IS NULL) = (avg_price IS NULL)
    AND (lots IS NULL) = (opened_at IS NULL) AND (lots IS NULL) = (entry_fees IS NULL)),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
) WITHOUT ROWID, STRICT""",
    """CREATE TABLE run_progress (
  workspace_id TEXT NOT NULL,
  spec_key TEXT NOT NULL,
  ts INTEGER NOT NULL,
  timeframe TEXT NOT NULL,
  untimed_key TEXT NOT NULL,
  intraday TEXT NOT NULL,
  first_ts TEXT NOT NULL,
  PRIMARY KEY (workspace_id, spec_key),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
) STRICT""",
    """CREATE TRIGGER trade_events_appended BEFORE INSERT ON trade_events BEGIN
  SELECT CASE
    WHEN NEW.seq <> -1 AND NEW.seq <= (SELECT max(seq) FROM trade_events) THEN RAISE(FAIL,
      'trade_events is append-only: a seq comes after all others')
    WHEN NEW.seq = -1 AND EXISTS (SELECT 1 FROM trade_events WHERE seq = -1) THEN RAISE(FAIL,
      'trade_events is append-only: a seq comes after all others')
    WHEN EXISTS (SELECT 1 FROM trade_events WHERE event_id = NEW.event_id) THEN RAISE(FAIL,
      'trade_events: this event_id is taken')
    WHEN NOT EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.workspace_id)
      THEN RAISE(FAIL, 'trade_events: there is no such workspace')
    WHEN NEW.event_type = 'ORDER_FILLED' THEN CASE
      WHEN (NEW.side IN (1, -1) AND NEW.lots > 0 AND NEW.lots <= 9007199254740992 AND NEW.price > 0
        AND NEW.price < 9e999 AND NEW.fees >= 0 AND NEW.fees < 9e999 AND NEW.symbol IS NOT NULL
        AND NEW.intent_id IS NOT NULL AND NEW.order_id IS NOT NULL AND NEW.mode IS NOT NULL
        AND NEW.session IS NOT NULL) IS NOT TRUE
        THEN RAISE(FAIL, 'trade_events: a fill has a side, a positive quantity and price, fees, and its ids')
      WHEN EXISTS (SELECT 1 FROM trade_events WHERE event_type = 'ORDER_FILLED'
        AND order_id = NEW.order_id) THEN RAISE(FAIL, 'trade_events: this order is filled')
      WHEN EXISTS (SELECT 1 FROM trade_events WHERE event_type = 'ORDER_FILLED'
        AND workspace_id = NEW.workspace_id AND intent_id = NEW.intent_id AND mode = NEW.mode)
        THEN RAISE(FAIL, 'trade_events: this intent is filled')
    END
  END;
END""",
    """CREATE TRIGGER trade_events_not_updated BEFORE UPDATE ON trade_events BEGIN
  SELECT RAISE(ABORT, 'trade_events is append-only');
END""",
    """CREATE TRIGGER trade_events_not_deleted BEFORE DELETE ON trade_events BEGIN
  SELECT RAISE(ABORT, 'trade_events is append-only');
END""",
    """CREATE TRIGGER workspaces_not_replaced BEFORE INSERT ON workspaces
WHEN EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.id OR name = NEW.name) BEGIN
  SELECT RAISE(ABORT, 'workspaces: this id or name is taken');
END""",
    """CREATE TRIGGER workspaces_keep_their_start BEFORE UPDATE ON workspaces
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.starting_equity <> OLD.starting_equity
  OR NEW.created_at <> OLD.created_at OR EXISTS (SELECT 1 FROM workspaces WHERE name = NEW.name
    AND id <> OLD.id) BEGIN
  SELECT RAISE(ABORT, 'workspaces: id, kind, start and time are for good, and no two share a name');
END""",
    """CREATE TRIGGER workspaces_not_deleted BEFORE DELETE ON workspaces
WHEN EXISTS (SELECT 1 FROM trade_events WHERE workspace_id = OLD.id) BEGIN
  SELECT RAISE(ABORT, 'workspaces: the journal has events of this workspace');
END""",
)


def upgrade() -> None:
    """Create all tables, indexes and triggers of the first schema."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
