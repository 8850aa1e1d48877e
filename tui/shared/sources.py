"""What strategies run on, as people name it: bundled samples, data files, and files with a strategy of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from engine.desk import Desk
    from engine.strategies.registry import Registry
    from storage.market_files import Source

SAMPLE = "sample:"
UNCHECKED = "its present source has not passed `papertape strategy check`"
_IS_FILE = re.compile(r"\.py(:\w*)?$")


def source_of(text: str, symbols: Sequence[str] = ()) -> Source:
    """`SYMBOL=file`, `file`, or `sample:GOOG`; `symbols` are the spec's, which may hold '=' too."""
    from storage.market_files import parse_source

    if text.startswith(SAMPLE) and not Path(text).exists():
        from storage.samples import sample_path

        name = text.removeprefix(SAMPLE)
        return name, sample_path(name)
    return parse_source(text, symbols)


def unchecked(registry: Registry, key: str) -> list[str]:
    """Notes on a strategy of a person's own whose current source has not passed a check."""
    from engine.strategies.registry import BUILTIN
    from storage.strategies.identity import strategy_code

    registered = registry.entry(key)
    strategy_class = type(registered.strategy)
    if strategy_class in BUILTIN or is_checked(strategy_code(strategy_class).sha256):
        return []
    return [f"the strategy {key} ({registered.origin}): {UNCHECKED}"]


def is_file(name: str) -> bool:
    """Whether a strategy is named by its file."""
    return _IS_FILE.search(name) is not None


def is_checked(sha256: str) -> bool:
    """Whether this source has passed `papertape strategy check` here."""
    from storage.strategies.identity import KnownCode

    return KnownCode().holds("checked", sha256)


def strategy_file(desk: Desk, key: str) -> str | None:
    """A strategy's absolute file with its class; None for a strategy that is not in a file of a person's own."""
    from storage.strategies.loading import split_ref

    origin = desk.research.registry.entry(key).origin
    path, class_name = split_ref(origin)
    path = path.expanduser()
    if not is_file(origin) or not path.is_file():
        return None
    return str(path.absolute()) if class_name is None else f"{path.absolute()}:{class_name}"


def packages_moved(desk: Desk, run_plan_id: UUID) -> list[str]:
    """A sentence for each package whose version differs from the one that a run plan was started with."""
    return [
        f"{moved}: results may differ from those that the run plan has"
        for moved in versions(desk.plans.know_strategy(run_plan_id))
    ]


def versions(packages: Mapping[str, tuple[str, str | None]]) -> list[str]:
    """A phrase for each package whose version has changed."""
    return [
        f"{name} was {then} then and is {'not imported' if now is None else now} now"
        for name, (then, now) in packages.items()
    ]
