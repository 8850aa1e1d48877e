"""Real daily bars that ship with papertape; their source is in README.md beside them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from engine.errors import NotFoundError

SAMPLES = ("AAPL", "GOOG", "IBM")


def sample_path(name: str) -> Path:
    """The file of daily bars of a sample, such as `AAPL`; NotFoundError when there is none of that name."""
    if name not in SAMPLES:
        hint = f"there are {', '.join(SAMPLES)}"
        raise NotFoundError("FILE_NOT_FOUND", f"there is no sample called {name!r}", hint=hint)
    return Path(str(files(__name__) / f"{name}_daily.csv.gz"))


def sample_of(path: Path) -> str | None:
    """The sample whose file this is; None for any other file."""
    return next((name for name in SAMPLES if sample_path(name) == path), None)
