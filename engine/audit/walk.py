"""The audit's pass: every event once, in order, then every stored account, all in one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.audit.chains import audit_chain
from engine.audit.findings import Audit
from engine.audit.runs import Sweeps
from engine.audit.stored import Tries, compare_account, compare_progress
from engine.audit.worlds import World
from engine.broker.replay import without_gc
from engine.errors import DamageFault, SystemFault
from engine.events import EventRow, EventType
from engine.market.sessions import iso
from engine.payloads import event_named, read_payload
from engine.policy.workspace import Workspace
from engine.ports import EventFilter, JournalEvent, Store, Unwatched, Views, Watch

_PAGE = 5_000
_TRIED = {EventType.BACKTEST_RECORDED, EventType.RUN_ADVANCED, EventType.RUN_STARTED}
_OF_INTENT = ("order_id", "mode", "symbol")
_OF_FILL = ("side", "lots", "price", "fees", "session")


def audit(store: Store, watch: Watch | None = None) -> Audit:
    """Check a whole journal and everything that is stored beside it. Nothing is written.

    Raises DATABASE_ERROR if SQLite itself cannot go on, and CANCELLED if the watch stops it.
    """
    with without_gc(), store.read() as views:
        return _Walk(views, watch or Unwatched()).all()


class _Walk:
    def __init__(self, views: Views, watch: Watch) -> None:
        self._views, self._watch = views, watch
        self._found = Audit(views.head())
        self._sweeps, self._tries = Sweeps(self._found.journal), Tries()
        self._stored = _readable(views, self._found)
        self._worlds: dict[str, World] = {}
        self._strangers: set[str] = set()
        self._chain: list[tuple[JournalEvent, dict[str, Any] | None]] = []
        self._head, self._last = self._found.head, 0
        self._steps = self._head + len(self._stored)

    def all(self) -> Audit:
        """The journal, then the accounts."""
        for event in self._events():
            if event.seq != self._last + 1:
                missing = f"events {self._last + 1} to {event.seq - 1} of the journal are missing"
                self._found.journal.add(missing)
            self._last = event.seq
            self._take(event)
        self._close_chain()
        for done, (key, workspace) in enumerate(self._stored.items(), 1):
            world = self._worlds.setdefault(key, World(workspace, frozenset()))
            promise = self._sweeps.promised.get(key)
            if promise is not None and not world.is_broken:
                promise.compare(world.close(), self._found.journal)
            compare_account(self._views, world, self._found)
            if done % _PAGE == 0:
                self._go_on(self._head + done)
        compare_progress(self._views, self._worlds, self._found.projection)
        self._tries.compare(self._views, self._found.projection)
        for damage in self._views.damaged_recordings():
            self._found.projection.add(damage.message)
        self._go_on(self._steps)
        return self._found

    def _events(self) -> Iterator[JournalEvent]:
        """Every event that can be read, in order; a finding is added for each of the others."""
        after = 0
        while seqs := self._views.seqs(after, _PAGE):
            try:
                yield from self._views.events(EventFilter(after=after, before=seqs[-1] + 1), limit=None)
            except DamageFault:
                # a page is read as a whole; where an event in it is damaged, the others are still looked at
                yield from self._one_by_one(seqs)
            after = seqs[-1]
            self._go_on(after)

    def _one_by_one(self, seqs: Sequence[int]) -> Iterator[JournalEvent]:
        for seq in seqs:
            try:
                yield from self._views.events(EventFilter(after=seq - 1, before=seq + 1), limit=1)
            except DamageFault as error:
                self._found.journal.add(error.message)
                self._last = seq
                self._drop_chain()

    def _take(self, event: JournalEvent) -> None:
        row = event.row
        world = self._world(row.workspace_id, event.seq)
        said = self._said(event)
        if world is not None:
            world.seen(event)
        if stray := _stray(row):
            self._found.journal.add(f"{event_named(event.seq, row.event_type)} has {stray}")
        if row.intent_id is not None:
            self._link(event, said)
            return
        self._close_chain()
        if said is not None:
            self._hand_on(event, said, world)
        elif row.event_type == EventType.RUN_STARTED:
            self._sweeps.leave_out(row.correlation_id)

    def _hand_on(self, event: JournalEvent, said: dict[str, Any], world: World | None) -> None:
        """Pass an event that belongs to no execution to the check of its type."""
        kind = event.row.event_type
        if kind in _TRIED:
            self._tries.take(event, said)
        if kind == EventType.RUN_ADVANCED:
            self._advance(event, said, world)
        elif kind == EventType.BACKTEST_RECORDED:
            self._sweeps.promise(event, said)
        elif kind.startswith("RUN_"):
            self._sweeps.take(event, said)
        elif world is not None:
            world.take(event, said, self._found.journal)

    def _said(self, event: JournalEvent) -> dict[str, Any] | None:
        try:
            return read_payload(event.row.payload, event.row.event_type, event.seq)
        except DamageFault as error:
            self._found.journal.add(error.message)
            return None

    def _world(self, workspace_id: str, seq: int) -> World | None:
        world = self._worlds.get(workspace_id)
        if world is not None:
            return world
        workspace = self._stored.get(workspace_id)
        if workspace is None:
            if workspace_id not in self._strangers:
                self._strangers.add(workspace_id)
                self._found.journal.add(f"{event_named(seq)} is of workspace {workspace_id}, which is not there")
            return None
        duplicates = self._views.duplicate_fills(workspace.id)
        world = self._worlds[workspace_id] = World(workspace, duplicates)
        return world

    def _link(self, event: JournalEvent, said: dict[str, Any] | None) -> None:
        """Add an event to the current execution, or begin another one."""
        row = event.row
        if self._chain:
            first = self._chain[0][0].row
            if row.event_type == EventType.INTENT_EMITTED or row.intent_id != first.intent_id:
                self._close_chain()
        self._chain.append((event, said))

    def _drop_chain(self) -> None:
        """Give up the current execution: one of its events cannot be read, which was reported."""
        chain, self._chain = self._chain, []
        world = self._worlds.get(chain[0][0].row.workspace_id) if chain else None
        if world is not None:
            world.break_off()

    def _close_chain(self) -> None:
        chain, self._chain = self._chain, []
        if chain:
            world = self._worlds.get(chain[0][0].row.workspace_id)
            if world is not None:
                audit_chain(chain, world, self._found.journal)

    def _advance(self, event: JournalEvent, said: dict[str, Any], world: World | None) -> None:
        self._found.journal.compare(event_named(event.seq, event.row.event_type), said, {"ts": iso(event.row.ts)})
        if world is not None:
            world.progress[said["spec_key"]] = said

    def _go_on(self, done: int) -> None:
        self._watch.advance(done, self._steps)
        if self._watch.stopped():
            raise SystemFault("CANCELLED", "the audit was stopped", hint="nothing was changed")


def _stray(row: EventRow) -> str:
    """A column that only fills have, or only events of an intent, and is set on another event."""
    names = [] if row.intent_id is not None else [*_OF_INTENT]
    if row.event_type != EventType.ORDER_FILLED:
        names += _OF_FILL
    return next((f"{name} {getattr(row, name)!r}" for name in names if getattr(row, name) is not None), "")


def _readable(views: Views, found: Audit) -> dict[str, Workspace]:
    """Every workspace by its id; a finding is added for each that cannot be read."""
    stored = {}
    for each in views.every_workspace():
        if isinstance(each, DamageFault):
            found.projection.add(each.message)
        else:
            stored[str(each.id)] = each
    return stored
