"""One browser's dashboard: a process that shows its screen on the standard output, in packets, to textual-serve."""

from __future__ import annotations

import argparse
import io
import os
import sys
from contextlib import redirect_stdout

DRIVER = "tui.web.driver:ServedDriver"


def main() -> int:
    """Show the dashboard until it is left or its reader has gone; return the exit code of the process."""
    given = _arguments()
    os.environ["TEXTUAL_DRIVER"] = DRIVER  # before textual is imported
    from tui.commands.calls import Call
    from tui.dashboard.start import open_dashboard
    from tui.shared.failures import DONE, as_papertape_error, tell

    try:
        with redirect_stdout(io.StringIO()):  # the driver has the real one; all else would break its packets
            open_dashboard(Call(given.workspace, given.db))
    except Exception as error:
        return tell(as_papertape_error(error), json=False)
    return DONE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="papertape --web")
    parser.add_argument("--db")
    parser.add_argument("--workspace")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
