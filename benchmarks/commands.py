"""`papertape plan run` as a command, from process start to exit, and where its time goes."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.children import ChildError, ask, run
from benchmarks.work import Work


def measured(work: Work, times: int = 3) -> dict[str, Any]:
    """Seconds (best and median), peak memory and stages of `plan run --journal summary` on a CSV file of the work."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        ask("benchmarks.commands", {"work": work.document(), "path": str(room / "bars.csv")})
        ended, parts = [], []
        for nth in range(times):
            command = [*_plan_run(work, room, f"{nth}"), "--json"]
            ended.append(_succeeded(run([sys.executable, "-m", "tui", *command], _home(room))))
            command = [str(room / "stages.json"), *_plan_run(work, room, f"{nth}-stages"), "--json"]
            began = {"BENCHMARK_BEGAN": repr(time.time())}
            _succeeded(run([sys.executable, "-m", "benchmarks.stages", *command], _home(room) | began))
            parts.append(json.loads((room / "stages.json").read_text(encoding="utf-8")))
        size = (room / "bars.csv").stat().st_size
    return {
        "name": work.name,
        "variants": len(work.variants),
        "seconds": [each.seconds for each in ended],
        "cpu_seconds": [each.cpu_seconds for each in ended],
        "peak_mb": max(each.peak_mb for each in ended),
        "csv_mb": size / 1e6,
        "stages": {stage: statistics.median(part.get(stage, 0.0) for part in parts) for stage in parts[0]},
    }


def _plan_run(work: Work, room: Path, run_name: str) -> list[str]:
    sweep = [f"--sweep={path}={','.join(map(str, values))}" for path, values in work.sweep.items()]
    told = ["--strategy", "breakout_52w_high", "--symbol", "SYN", "--data", str(room / "bars.csv"), *sweep]
    terms = ["--journal", "summary", "--max-variants", "1000000", "--no-ablations", "--top", "1"]
    return ["plan", "run", *told, *terms, "--db", str(room / f"{run_name}.db")]


def _home(room: Path) -> dict[str, str]:
    """Nobody's settings and nobody's data."""
    settings = room / "config.toml"
    settings.touch()
    unset = dict.fromkeys(("PAPERTAPE_DB", "PAPERTAPE_STRATEGIES", "PAPERTAPE_WORKSPACE", "PAPERTAPE_ENVIRONMENT"), "")
    return {**unset, "PAPERTAPE_CONFIG": str(settings), "XDG_DATA_HOME": str(room)}


def _succeeded(ended: Any) -> Any:
    if ended.code != 0:
        raise ChildError(f"`plan run` ended with {ended.code}: {ended.printed[-2000:]}")
    return ended


def _write(question: dict[str, Any]) -> dict[str, Any]:
    from benchmarks.work import bars_of  # noqa: PLC0415
    from storage.market_files import write_csv  # noqa: PLC0415

    write_csv(bars_of(Work.of(question["work"])), Path(question["path"]))
    return {}


if __name__ == "__main__":
    from benchmarks.children import answer

    answer(_write)
