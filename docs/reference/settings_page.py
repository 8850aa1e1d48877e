"""settings.md: settings, other variables, and the keys of the dashboard."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic_core import PydanticUndefined
from textual.binding import Binding

from docs.reference.markdown import MADE, table
from storage.settings import Settings
from tui.dashboard.keys import every_binding

SETTINGS_INTRO = """\
The strongest first: a flag (`--db`, `--workspace`), an environment variable, the settings file, the default.

The settings file is `config.toml` in the directory `papertape` of your configuration directory, or the file that
`PAPERTAPE_CONFIG` names. Paths in it are relative to it. An unknown key or a wrong value is `INVALID_SETTINGS`, and
nothing is done.
"""

SETTINGS_REST = """\
An example:

```toml
workspace = "paper"
strategies = ["strategies/dip.py"]
```

A file of strategies is Python. It runs with your rights when a strategy that does not ship is looked up, and when
strategies are listed. List only files that you have read.

## Other variables

| variable | meaning |
| --- | --- |
| `PAPERTAPE_CONFIG` | the settings file |
| `PAPERTAPE_DEBUG` | `1`: an error is followed by its traceback |
| `NO_COLOR` | anything: no colour |
| `COLUMNS` | the width of a terminal, where it does not say |

## What the system gives

Directories that papertape makes are for their user alone (mode 0700), whatever the umask is; those that are there stay
as they are. A command needs 12 file descriptors (`ulimit -n`), the service and `--web` some 45; with fewer it is
`TOO_MANY_FILES`, and nothing is made. A document, JSON or TOML, is nested 100 levels deep at most.
"""

KEYS_INTRO = """\
## Keys

The table `[keys]` gives an action of the dashboard another key, or several with commas between them:

```toml
[keys]
"positions.close" = "ctrl+k"
"table.down" = "j,down,ctrl+n"
```

The name of an action is in the first column below; `?` shows those of the screen that is shown. Keys are written as in
the second column. A name that is not here is told of when the dashboard opens, and nothing else is the worse for it.
"""


def settings() -> Iterator[str]:
    """Every setting with its environment variable, default and meaning."""
    yield from ("# Settings", "", MADE, "", SETTINGS_INTRO)
    prefix = Settings.model_config.get("env_prefix") or ""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default if field.default is not PydanticUndefined else None
        shown = f"`{default}`" if default else ""
        rows.append((f"`{name}`", f"`{prefix}{name}`".upper(), shown, field.description or ""))
    yield from table(("setting", "environment", "default", "meaning"), rows)
    yield SETTINGS_REST
    yield KEYS_INTRO
    yield from table(("action", "keys", "does", "why"), map(_key_row, every_binding().items()))


def _key_row(named: tuple[str, Binding]) -> tuple[str, ...]:
    name, binding = named
    return f"`{name}`", f"`{binding.key}`", binding.description, str(binding.tooltip)
