"""The desk: the one object that entry points talk to."""

from __future__ import annotations

from types import TracebackType

from engine.desk.accounts import Accounts
from engine.desk.config import DeskConfig
from engine.desk.journal import Journal
from engine.desk.research import Research
from engine.desk.trading import Trading
from engine.events import Stamps
from engine.ports import Store
from engine.strategies.registry import Registry


class Desk:
    """`accounts`, `trading`, `research` and `journal` over one store; use it as a context manager, or `close` it."""

    def __init__(self, store: Store, stamps: Stamps, config: DeskConfig, registry: Registry) -> None:
        self._store = store
        self.config = config
        self.accounts = Accounts(store, stamps, config)
        self.trading = Trading(store, stamps, self.accounts)
        self.research = Research(store, stamps, self.accounts, registry)
        self.journal = Journal(store, self.accounts)

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


__all__ = ["Desk", "DeskConfig"]
