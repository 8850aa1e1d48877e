"""The command line, run in this process or in one of its own, on a database in a directory of the test's."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from storage.samples import sample_path
from tui.commands.app import run_command

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ran:
    """What a command printed, and what it exited with."""

    arguments: Sequence[str]
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The standard output as the one JSON document that it is."""
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def lines(self) -> list[Any]:
        """The standard output as JSON Lines."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]


def _refuse(literal: str) -> None:
    raise AssertionError(f"{literal} in JSON")


@dataclass
class Console:
    """A person's shell: one home, one database, one current directory."""

    home: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def db(self) -> Path:
        """The database of this console."""
        return self.home / "desk.db"

    def environment(self) -> dict[str, str]:
        """What a process of its own is started with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PAPERTAPE", "XDG_"))}
        return {**kept, "PYTHONPATH": str(ROOT), "HOME": str(self.home), "PAPERTAPE_DB": str(self.db), **self.extra}

    def run(self, *arguments: object, stdin: str | bytes = "") -> Ran:
        """Run a command in this process."""
        raw = stdin if isinstance(stdin, bytes) else stdin.encode()
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        self.capsys.readouterr()
        said = [str(argument) for argument in arguments]
        code = run_command(said)
        out, err = self.capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(said, code, out, err)

    def ok(self, *arguments: object, stdin: str | bytes = "") -> Ran:
        """Run a command that ends with 0."""
        ran = self.run(*arguments, stdin=stdin)
        assert ran.code == 0, ran
        return ran

    def json(self, *arguments: object, stdin: str | bytes = "") -> Any:
        """Run a command that ends with 0, with --json: its document."""
        return self.ok(*arguments, "--json", stdin=stdin).document

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "tui", *map(str, arguments)],
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            text=True,
            **options,
        )

    def spawn(self, *arguments: object) -> Ran:
        """Run a command in a process of its own, to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return Ran([str(argument) for argument in arguments], process.returncode, out, err)

    def journal(self, workspace: str = "default") -> list[Any]:
        """The events of a workspace."""
        return self.ok("events", "-w", workspace, "--json").lines

    def buy(self, symbol: str = "IBM", quantity: object = 10, price: object = 100.0, *more: object) -> Ran:
        """An order by hand."""
        return self.ok(
            *("execute", "--action", "OPEN_LONG", "--symbol", symbol),
            *("--quantity", quantity, "--fill-price", price, *more),
        )

    def sell(self, symbol: str = "IBM", quantity: object = 10, price: object = 110.0, *more: object) -> Ran:
        """The order that closes it."""
        return self.ok(
            *("execute", "--action", "CLOSE_LONG", "--symbol", symbol),
            *("--quantity", quantity, "--fill-price", price, *more),
        )


BARS = """ts,open,high,low,close,volume
2024-01-02,10,10.5,9,10,100
2024-01-03,10,10.5,9.5,10.25,100
2024-01-04,10.25,11.25,10,11,100
2024-01-05,11,11.25,10,10.5,100
2024-01-08,10.5,12.25,10.5,12,100
2024-01-09,12,12.5,11,12.25,100
2024-01-10,12.25,13,12,12.75,100
"""
"""With a lookback of 2, `breakout_52w_high` buys on the 4th and the 8th, and sells on the 5th and the 9th; it would buy
on the 10th, the last bar."""


def write_bars(path: Path, text: str = BARS) -> Path:
    """A small file, of daily bars if nothing else is given."""
    path.write_text(text, encoding="utf-8")
    return path


BREAKOUT = ("--strategy", "breakout_52w_high", "--symbol", "X", "--set", "entry.lookback_days=2")


def breakout(bars: Path) -> tuple[str, ...]:
    """The flags of a spec that trades on `write_bars`."""
    return (*BREAKOUT, "--data", f"X={bars}")


def goog() -> str:
    """The bundled prices of GOOG, as `--data` names them."""
    return f"GOOG={sample_path('GOOG')}"
