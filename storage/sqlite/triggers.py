"""The triggers that keep the journal append-only, for every client whatever its pragmas.

A CHECK is skipped under `ignore_check_constraints`, a foreign key under `foreign_keys=OFF`, and `REPLACE` deletes
without firing a delete trigger under `recursive_triggers=OFF`. So a trigger on INSERT refuses a row whose unique keys
exist, a type or a time that nobody could show, and a fill that is not whole. Looking at types and times costs three
rows in a hundred of the speed of appending.

It raises FAIL where the others raise ABORT, our own statement is `INSERT OR FAIL`, and `trade_events` has neither a
foreign key nor a function in a CHECK or partial index: any of these makes SQLite keep a statement journal for every
row, which halves the speed of appending (measured: 50,000 against 100,000 rows a second). A FAIL leaves the rows before
it: whoever appends rolls back.
"""

from __future__ import annotations

from engine.market.sessions import FIRST_MICROS, LAST_MICROS
from storage.sqlite.tables import FILLED, fill_rule

_APPENDED_AT_THE_END = "trade_events is append-only: a seq comes after all others"
_KEPT = "trade_events is append-only"


def _exists(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM trade_events WHERE {condition})"


def _beyond(time: str) -> str:
    return f"NEW.{time} NOT BETWEEN {FIRST_MICROS} AND {LAST_MICROS}"


_SAME_ORDER = f"{FILLED} AND order_id = NEW.order_id"
_SAME_INTENT = f"{FILLED} AND workspace_id = NEW.workspace_id AND intent_id = NEW.intent_id AND mode = NEW.mode"

# a seq that is left to SQLite reads -1 in the trigger
TRIGGERS = (
    f"""CREATE TRIGGER trade_events_appended BEFORE INSERT ON trade_events BEGIN
  SELECT CASE
    WHEN NEW.seq <> -1 AND NEW.seq <= (SELECT max(seq) FROM trade_events) THEN RAISE(FAIL, '{_APPENDED_AT_THE_END}')
    WHEN NEW.seq = -1 AND {_exists("seq = -1")} THEN RAISE(FAIL, '{_APPENDED_AT_THE_END}')
    WHEN {_exists("event_id = NEW.event_id")} THEN RAISE(FAIL, 'trade_events: this event_id is taken')
    WHEN NOT EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.workspace_id)
      THEN RAISE(FAIL, 'trade_events: there is no such workspace')
    WHEN NOT EXISTS (SELECT 1 FROM event_types WHERE name = NEW.event_type)
      THEN RAISE(FAIL, 'trade_events: there is no such type of event')
    WHEN {_beyond("ts")} OR {_beyond("recorded_at")} THEN RAISE(FAIL, 'trade_events: a time is beyond the calendar')
    WHEN NEW.{FILLED} THEN CASE
      WHEN ({fill_rule("NEW.")}) IS NOT TRUE
        THEN RAISE(FAIL, 'trade_events: a fill has a side, a positive quantity and price, fees, and its ids')
      WHEN {_exists(_SAME_ORDER)} THEN RAISE(FAIL, 'trade_events: this order is filled')
      WHEN {_exists(_SAME_INTENT)} THEN RAISE(FAIL, 'trade_events: this intent is filled')
    END
  END;
END""",
    f"""CREATE TRIGGER trade_events_not_updated BEFORE UPDATE ON trade_events BEGIN
  SELECT RAISE(ABORT, '{_KEPT}');
END""",
    f"""CREATE TRIGGER trade_events_not_deleted BEFORE DELETE ON trade_events BEGIN
  SELECT RAISE(ABORT, '{_KEPT}');
END""",
    """CREATE TRIGGER event_types_not_updated BEFORE UPDATE ON event_types BEGIN
  SELECT RAISE(ABORT, 'event_types: a type is for good');
END""",
    """CREATE TRIGGER event_types_not_deleted BEFORE DELETE ON event_types BEGIN
  SELECT RAISE(ABORT, 'event_types: a type is for good');
END""",
    """CREATE TRIGGER workspaces_not_replaced BEFORE INSERT ON workspaces
WHEN EXISTS (SELECT 1 FROM workspaces WHERE id = NEW.id OR name = NEW.name) BEGIN
  SELECT RAISE(ABORT, 'workspaces: this id or name is taken');
END""",
    """CREATE TRIGGER workspaces_keep_their_start BEFORE UPDATE ON workspaces
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.starting_equity <> OLD.starting_equity
  OR NEW.created_at <> OLD.created_at OR EXISTS (SELECT 1 FROM workspaces WHERE name = NEW.name AND id <> OLD.id) BEGIN
  SELECT RAISE(ABORT, 'workspaces: id, kind, start and time are for good, and no two share a name');
END""",
    """CREATE TRIGGER workspaces_not_deleted BEFORE DELETE ON workspaces
WHEN EXISTS (SELECT 1 FROM trade_events WHERE workspace_id = OLD.id) BEGIN
  SELECT RAISE(ABORT, 'workspaces: the journal has events of this workspace');
END""",
)
