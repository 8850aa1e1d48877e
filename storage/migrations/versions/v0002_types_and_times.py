"""The trigger before each insert refuses unknown types and times beyond the calendar, whatever a client's pragmas."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "DROP TRIGGER trade_events_appended",
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
    WHEN NOT (NEW.event_type = 'INTENT_EMITTED' OR NEW.event_type = 'POLICY_EVALUATED'
      OR NEW.event_type = 'INTENT_APPROVED' OR NEW.event_type = 'ORDER_FILLED' OR NEW.event_type = 'POSITION_OPENED'
      OR NEW.event_type = 'POSITION_CLOSED' OR NEW.event_type = 'WORKSPACE_CREATED'
      OR NEW.event_type = 'POLICY_CHANGED' OR NEW.event_type = 'TRADING_STATE_CHANGED'
      OR NEW.event_type = 'INTENT_REJECTED' OR NEW.event_type = 'POSITION_SCALED'
      OR NEW.event_type = 'STATE_RECONCILED' OR NEW.event_type = 'STATE_RESET' OR NEW.event_type = 'RUN_ADVANCED'
      OR NEW.event_type = 'RUN_STARTED' OR NEW.event_type = 'RUN_RESUMED' OR NEW.event_type = 'RUN_VARIANT_COMPLETED'
      OR NEW.event_type = 'RUN_CANCEL_REQUESTED' OR NEW.event_type = 'RUN_COMPLETED'
      OR NEW.event_type = 'RUN_FAILED' OR NEW.event_type = 'RUN_CANCELLED')
      THEN RAISE(FAIL, 'trade_events: there is no such type of event')
    WHEN NEW.ts NOT BETWEEN -62135510400000000 AND 253402214399999999
      OR NEW.recorded_at NOT BETWEEN -62135510400000000 AND 253402214399999999
      THEN RAISE(FAIL, 'trade_events: a time is beyond the calendar')
    WHEN NEW.event_type = 'ORDER_FILLED' THEN CASE
      WHEN (NEW.side IN (1, -1) AND NEW.lots > 0 AND NEW.lots <= 9007199254740992
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
)


def upgrade() -> None:
    """Put the new trigger in place of the old one; the rows that are there stay."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
