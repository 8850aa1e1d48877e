"""`papertape`: the entry point. It imports what a help page needs, or the dashboard's first frame, and no more."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command that the process was called with and return its exit code."""
    try:
        if not sys.argv[1:]:
            from tui.dashboard.start import has_terminal, open_alone

            if has_terminal():
                return open_alone()
        from tui.commands.app import run_command

        return run_command(sys.argv[1:])
    except KeyboardInterrupt:  # pressed before there was a command, or while it was telling of its end
        print("error CANCELLED: stopped", file=sys.stderr)
        return 1


if __name__ == "__main__":
    from _papertape import main as checked

    sys.exit(checked())
