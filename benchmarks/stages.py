"""A papertape command in this process, and where its time went.

    python -m benchmarks.stages FILE plan run …

FILE gets JSON: seconds by stage, each without the stages within it. The stages are told by wrappers around the
functions that begin and end them, so the command is the real one. `BENCHMARK_BEGAN` is when the process was started
(`time.time()`); without it the interpreter's own start is not counted.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Stages:
    """A clock that is always in one stage; a stage within another stops the outer's clock."""

    def __init__(self, began: float) -> None:
        self.seconds: dict[str, float] = {}
        self._within = ["start"]
        self._since = began
        self._thread = threading.get_ident()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time within is this stage's; on other threads nothing is told."""
        if threading.get_ident() != self._thread:
            yield
            return
        self.turn()
        self._within.append(name)
        try:
            yield
        finally:
            self.turn()
            self._within.pop()

    def turn(self, name: str | None = None) -> None:
        """Give the time so far to the stage it was spent in; with a name, be in that one from now on."""
        now = time.time()
        stage = self._within[-1]
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
        if name is not None:
            self._within[-1] = name

    def wrapped(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """The function as a stage."""

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return function(*args, **kwargs)

        return run

    def wrapped_iterator(self, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """A generator of results: what the first takes (columns laid out, compiled code loaded), then the others."""

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Iterator[Any]:
            results, name = function(*args, **kwargs), "first variant"
            while True:
                with self.stage(name):
                    found = next(results, None)
                if found is None:
                    return
                yield found
                name = "other variants"

        return run

    def wrapped_transaction(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A write transaction, from its beginning to its end."""

        @contextmanager
        def run(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with self.stage("write"), function(*args, **kwargs) as unit:
                yield unit

        return run


def main() -> int:
    """Import what the command imports, wrap what is a stage, run the command."""
    into, arguments = Path(sys.argv[1]), sys.argv[2:]
    stages = Stages(float(os.environ.get("BENCHMARK_BEGAN") or time.time()))
    import engine.sweeps.simulation.simulate as simulate  # noqa: PLC0415
    import storage.market_files as files  # noqa: PLC0415
    import storage.sqlite.unit_of_work as store  # noqa: PLC0415
    from engine.compiled import expect_much_work  # noqa: PLC0415
    from storage import desk  # noqa: F401, PLC0415
    from storage.sqlite.connection.opening import prepare  # noqa: PLC0415
    from tui.commands.app import run_command  # noqa: PLC0415
    from tui.commands.plan import plans  # noqa: F401, PLC0415

    wrap: Any = setattr  # the type checker need not be told that functions are replaced
    wrap(files, "load_dataset", stages.wrapped(files.load_dataset, "data"))
    wrap(store, "prepare", stages.wrapped(prepare, "open database"))
    wrap(simulate, "expect_much_work", stages.wrapped(expect_much_work, "load numba"))
    wrap(simulate.Simulation, "simulate_each", stages.wrapped_iterator(simulate.Simulation.simulate_each))
    wrap(store.SqliteStore, "write", stages.wrapped_transaction(store.SqliteStore.write))
    stages.turn("the rest")
    code = run_command(arguments)
    stages.turn()
    into.write_text(json.dumps(stages.seconds), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
