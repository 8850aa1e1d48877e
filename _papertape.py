"""Before any package of ours is imported: whether a file of somebody else's stands in its place; and the way in.

Our packages have the plain names `engine`, `storage`, `tui` and `api`. Python looks in the directory of the script, or
in the current one, before it looks where papertape is installed: a `storage.py` there is imported instead of ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib.util import find_spec

HOME = os.path.dirname(os.path.abspath(__file__))
"""Where `papertape.py` is, and the packages beside it: in a checkout, an editable installation and a wheel alike."""

FOR_SCRIPTS = ("engine", "storage")
"""What `import papertape` needs; a program of one's own may well have an `api.py` beside it."""

FOR_COMMANDS = (*FOR_SCRIPTS, "tui", "api")

CODE, EXIT = "PACKAGE_SHADOWED", 1


class ShadowedError(ImportError):
    """A file of another program is found where a package of papertape's should be; `path` is that file."""


def refuse_shadows(names: Iterable[str]) -> None:
    """ShadowedError for the first of our packages that Python would take from elsewhere. Nothing is imported."""
    for name in names:
        file = _found_instead(name)
        if file is not None:
            directory = _directory(file, name)
            raise ShadowedError(
                f"{file} stands in the place of papertape's own package {name!r}; rename it, or keep {directory} off"
                " Python's path: run `python -P`, and leave it out of PYTHONPATH",
                name=name,
                path=file,
            )


def main() -> int:
    """The command line, `papertape` and `python -m papertape`; what the process exits with."""
    try:
        refuse_shadows(FOR_COMMANDS)
    except ShadowedError as error:
        return _tell(str(error))
    from tui.__main__ import main as run  # noqa: PLC0415 - now that it is ours

    return run()


def _found_instead(name: str) -> str | None:
    """The file that an import of the name would take, or has taken; None when it is ours, or nobody's."""
    try:
        spec = find_spec(name)
    except ValueError:  # somebody put a module of that name in place that says nothing of itself
        return getattr(sys.modules[name], "__file__", None) or f"a module {name!r} that is imported already"
    if spec is None or spec.origin is None:  # a directory without an __init__.py comes after every package
        return None
    return None if os.path.realpath(_directory(spec.origin, name)) == os.path.realpath(HOME) else spec.origin


def _directory(file: str, name: str) -> str:
    """The directory on Python's path that a module's or a package's file was found in."""
    directory = os.path.dirname(file)
    is_package = os.path.basename(file).startswith("__init__.") and os.path.basename(directory) == name
    return os.path.dirname(directory) if is_package else directory


def _tell(sentence: str) -> int:
    """As a command tells of a failure, by hand: what does it elsewhere may be what is not found."""
    print(f"error {CODE}: {sentence}", file=sys.stderr)
    if "--json" in sys.argv:
        import json  # noqa: PLC0415 - only for this

        print(json.dumps({"success": False, "error": sentence, "error_code": CODE}, separators=(", ", ": ")))
    return EXIT
