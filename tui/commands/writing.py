"""Files that a command writes: new ones, never over another."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ConflictError, NotFoundError


def write_new(path: Path, text: str) -> Path:
    """Write a text file that is not there yet; FILE_EXISTS when it is."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConflictError(
            "FILE_EXISTS", f"{path} exists", hint="name another file with --to, or remove it"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(
            "FILE_NOT_FOUND", f"{path} cannot be written: {reason}", hint="name another place with --to"
        ) from error
    return path
