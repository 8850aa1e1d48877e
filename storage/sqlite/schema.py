"""The schema: the triggers, what a new database gets, and what an upgraded one ends with.

`storage.sqlite.tables` has the tables and indexes, `engine.vocabulary` the types of events. A new database is made from
these and from the triggers below. An old one is taken through the migrations, which are history and refer to none of
them; then its triggers are made again and the types it lacks are added, so that no new migration has to repeat either.

The triggers keep the journal append-only for every client, whatever its pragmas: a CHECK is skipped under
`ignore_check_constraints`, a foreign key under `foreign_keys=OFF`, and `REPLACE` deletes without firing a delete
trigger under `recursive_triggers=OFF`. So a trigger on INSERT refuses a row whose unique keys exist, whose type is
unknown, whose times are outside the calendar, or whose fill is incomplete. Checking types and times costs 3 % of the
speed of appending.

That trigger raises FAIL where the others raise ABORT, our own statement is `INSERT OR FAIL`, and `trade_events` has
neither a foreign key nor a function in a CHECK or partial index: any of these makes SQLite keep a statement journal for
every row, which halves the speed of appending (measured: 50,000 against 100,000 rows a second). A FAIL leaves the rows
before it: the caller rolls back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, create_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from engine.market.sessions import FIRST_MICROS, LAST_MICROS
from engine.vocabulary import EventType
from storage.migrations import revisions
from storage.sqlite.connection.driver import sqlite
from storage.sqlite.tables import FILLED, Base, fill_rule

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


Definitions = dict[str, tuple[str, str]]
"""The name of a table, index or trigger to its type (`table`, `index`, `trigger`) and its SQL without white space."""

_ALEMBIC_TABLE = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


@dataclass(frozen=True, slots=True)
class Schema:
    """The revisions that lead to today's tables, oldest first, and where Alembic finds them.

    `PRAGMA user_version` is the number of revisions applied.
    """

    revisions: tuple[str, ...]
    scripts: str

    @property
    def head(self) -> str:
        """The name of the newest revision."""
        return self.revisions[-1]

    @property
    def generation(self) -> int:
        """What `user_version` is at the newest revision."""
        return len(self.revisions)


SHIPPED = Schema(revisions(), "storage:migrations")


def create_schema(connection: Connection) -> None:
    """Make everything in an empty database, without Alembic: importing it takes longer than this."""
    for table in Base.metadata.sorted_tables:
        connection.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index))
    connection.exec_driver_sql(_ALEMBIC_TABLE)
    renew_triggers_and_types(connection)


def renew_triggers_and_types(connection: Connection) -> None:
    """Make each of `TRIGGERS` again in today's words, and add the event types that are missing.

    Triggers that somebody else added stay. One that papertape gives up has to be dropped by a migration.
    """
    for trigger in TRIGGERS:
        name = trigger.split()[2]  # CREATE TRIGGER name ...
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        connection.exec_driver_sql(trigger)
    for event_type in EventType:
        connection.exec_driver_sql("INSERT OR IGNORE INTO event_types VALUES (?)", (event_type.value,))


def definitions_of(driver: sqlite.Connection) -> Definitions:
    """What a database has of tables, indexes and triggers; SQLite's automatic indexes have no SQL and are left out."""
    rows = driver.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
    return {name: (kind, "".join(sql.split())) for name, kind, sql in rows}


def expected_definitions() -> Definitions:
    """What a new database has, made in memory."""
    engine = create_engine("sqlite://", module=sqlite)
    with engine.begin() as connection:
        create_schema(connection)
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite.Connection)  # noqa: S101 - for the type checker
        return definitions_of(driver)
