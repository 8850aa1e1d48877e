"""Files that are there whole or not at all: written beside their place, then put into it."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from engine.errors import ConflictError, NotFoundError


def write_whole(path: Path, content: bytes, *, force: bool = False) -> None:
    """Write a file that is not there yet, or with `force` in place of the one that is.

    FILE_EXISTS when it is there and may not be replaced, FILE_NOT_FOUND when its place cannot be written to. Whoever
    reads the path meanwhile finds what was there before, or all of the new.
    """
    beside = path.parent / f".{path.name}.{token_hex(4)}.tmp"
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put(beside, path, force=force)
    except FileExistsError as error:
        raise ConflictError(
            "FILE_EXISTS", f"{path} exists", hint="name another file with --to, or say --force to replace it"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(
            "FILE_NOT_FOUND", f"{path} cannot be written: {reason}", hint="name another place with --to"
        ) from error
    finally:
        _forget(beside)


def _put(beside: Path, path: Path, *, force: bool) -> None:
    if force:
        beside.replace(path)
        return
    try:
        path.hardlink_to(beside)  # unlike a renaming, it refuses when somebody made the file meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(str(path)) from None
        beside.replace(path)


def _forget(beside: Path) -> None:
    try:
        beside.unlink(missing_ok=True)
    except (OSError, ValueError):  # what could not be made need not be removed
        return
