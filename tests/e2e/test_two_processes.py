"""Two processes execute the same intents at once on one database: each is filled exactly once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid5

from engine.ports import EventFilter
from tests.support.desks import open_test_desk

ROOT = Path(__file__).parents[2]
INTENTS = 500
NAMESPACE = UUID("5b7d7a7e-3f43-4f0e-9f59-0d1f0c8b9a10")


def intents(workspace_id: UUID) -> list[dict[str, object]]:
    """Buys of five symbols in turn, an id each."""
    return [
        {
            "id": str(uuid5(NAMESPACE, str(i))),
            "workspace_id": str(workspace_id),
            "symbol": f"S{i % 5}",
            "action": "OPEN_LONG",
            "quantity": 0.01,
            "created_at": f"2024-03-01T{i // 60:02d}:{i % 60:02d}:00+00:00",
        }
        for i in range(INTENTS)
    ]


def execute_all(path: str, workspace_id: str) -> None:
    """The child: wait for the word, execute every intent, say what came of each."""
    from engine.desk.trading import parse_intent
    from engine.errors import ConflictError

    outcomes = {"filled": 0, "ALREADY_EXECUTED": 0, "INTENT_ID_REUSED": 0}
    with open_test_desk(Path(path)) as desk:
        print("ready", flush=True)
        sys.stdin.readline()
        for document in intents(UUID(workspace_id)):
            try:
                result = desk.trading.execute(parse_intent(json.dumps(document)), 10.0)
                outcomes["filled"] += result.success
            except ConflictError as error:
                outcomes[error.code] += 1
    print(json.dumps(outcomes), flush=True)


def test_500_intents_from_two_processes_fill_exactly_once(tmp_path: Path) -> None:
    path = tmp_path / "papertape.db"
    with open_test_desk(path) as desk:
        workspace = desk.accounts.create("shared")
    command = [sys.executable, "-m", "tests.e2e.test_two_processes", str(path), str(workspace.id)]
    children = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    outcomes = [json.loads(child.communicate(timeout=120)[0]) for child in children]
    assert sum(outcome["filled"] for outcome in outcomes) == INTENTS
    assert sum(outcome["ALREADY_EXECUTED"] for outcome in outcomes) == INTENTS
    with open_test_desk(path) as desk:
        report = desk.accounts.reconcile(workspace.id)
        fills = desk.journal.events(workspace.id, where=EventFilter(types=("ORDER_FILLED",)))
    assert (report.drift, report.errors, report.events_replayed) == ({}, [], INTENTS)
    assert len({event.intent_id for event in fills}) == len({event.order_id for event in fills}) == INTENTS


if __name__ == "__main__":
    execute_all(sys.argv[1], sys.argv[2])
