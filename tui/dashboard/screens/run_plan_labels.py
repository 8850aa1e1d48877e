"""Variants in few words: as little of each parameter's name as tells it from the others, so that all rows differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.shared.leaderboard import scalar

if TYPE_CHECKING:
    from engine.sweeps.results import VariantResult

ROOM = 32
"""Cells that a label may take; what is longer is said with shorter names."""


def brief_labels(results: Sequence[VariantResult]) -> dict[str, str]:
    """Labels by variant id: `fast=10 slow=50`, `f=10 s=50` where that is too long, `baseline` as it is.

    A parameter that has one value in all of them is left out.
    """
    paths = _told(results)
    for names in _namings(paths):
        labels = {each.variant_id: _label(each, names) for each in results}
        if max(map(len, labels.values()), default=0) <= ROOM:
            break
    return labels


def abbreviated(names: Sequence[str], letters: int = 0) -> dict[str, str]:
    """Each name to the shortest beginning that no other has: of whole words, or of at least so many letters."""
    return {name: next(each for each in _beginnings(name, letters) if _is_only(each, name, names)) for name in names}


def _told(results: Sequence[VariantResult]) -> list[str]:
    """The paths that variants override with different values, in the order they first appear."""
    values: dict[str, set[Any]] = {}
    for each in results:
        for path, value in each.overrides.items():
            values.setdefault(path, set()).add(value)
    overriding = sum(1 for each in results if each.overrides)
    common = {path for path in values if sum(1 for each in results if path in each.overrides) == overriding}
    told = [path for path, found in values.items() if len(found) > 1 or path not in common]
    return told or list(values)


def _namings(paths: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Names of paths, from the clearest to the shortest."""
    ends = [path.split(".", 1)[1] for path in paths]
    names = paths if len(set(ends)) < len(ends) else ends
    for letters in (0, 4, 1):
        short = abbreviated(names, letters)
        yield {path: short[name] for path, name in zip(paths, names, strict=True)}


def _beginnings(name: str, letters: int) -> Iterator[str]:
    if letters:
        yield from (name[:end].rstrip("_.") for end in range(letters, len(name)))
    else:
        words = name.split("_")
        yield from ("_".join(words[:count]) for count in range(1, len(words)))
    yield name


def _is_only(beginning: str, name: str, names: Sequence[str]) -> bool:
    return beginning == name or not any(other.startswith(beginning) for other in names if other != name)


def _label(result: VariantResult, names: Mapping[str, str]) -> str:
    told = [f"{names[path]}={scalar(value)}" for path, value in result.overrides.items() if path in names]
    return " ".join(told) or result.label
