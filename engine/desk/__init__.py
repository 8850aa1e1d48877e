"""The desk: the one object that entry points talk to."""

from __future__ import annotations

from types import TracebackType

from engine.desk.accounts import Accounts, DeskConfig
from engine.desk.journal import Journal
from engine.desk.plans import Plans
from engine.desk.research import Distributions, Research, SourceSha256
from engine.desk.trading import Trading
from engine.events import Stamps
from engine.ports import Owners, Store
from engine.strategies.registry import Registry
from engine.sweeps.record.status import SoleOwners


class Desk:
    """`accounts`, `trading`, `research`, `plans` and `journal` over one store; a context manager, or call `close`.

    `owners` knows which processes are running; without it the desk knows only itself. `source_sha256` gives the sha256
    of a strategy's code, which this package cannot read; without it a changed source is not noticed. `distributions`
    gives the versions of the installed packages that a strategy imports.
    """

    def __init__(
        self,
        store: Store,
        stamps: Stamps,
        config: DeskConfig,
        registry: Registry,
        *,
        owners: Owners | None = None,
        source_sha256: SourceSha256 | None = None,
        distributions: Distributions | None = None,
    ) -> None:
        self._store = store
        self.config = config
        self.accounts = Accounts(store, stamps, config)
        self.trading = Trading(store, stamps, self.accounts)
        source_sha256 = source_sha256 or (lambda kind: "")
        self.research = Research(store, stamps, self.accounts, registry, source_sha256)
        self.plans = Plans(
            store,
            stamps,
            self.accounts,
            self.research,
            owners or SoleOwners(),
            source_sha256,
            distributions or (lambda kind: {}),
        )
        self.journal = Journal(store, self.accounts)

    @property
    def is_read_only(self) -> bool:
        """Whether the database can only be read: every change then raises a `ReadOnlyFault`."""
        return self._store.is_read_only

    def __repr__(self) -> str:
        where = getattr(self._store, "path", "memory")
        read_only = ", read-only" if self.is_read_only else ""
        return f"<Desk on {where}, workspace {self.config.workspace!r}{read_only}>"

    def close(self) -> None:
        """Close the store, and with it the database."""
        self._store.close()

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


__all__ = ["Desk", "DeskConfig"]
