"""Sweeps over HTTP: generated, executed on an upload, refused without a trace, one at a time."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.models import GeneratedPlan
from api.service import Stoppable
from engine.errors import ConflictError
from engine.sweeps.record import lifecycle as watching
from engine.sweeps.results import PlanResult
from storage.datasets import load_again
from storage.samples import sample_path
from tests.api.held import Held
from tests.api.serving import (
    EXECUTE_PLAN,
    GENERATE,
    SPEC,
    WAIT_S,
    Served,
    code_of,
    execute,
    form,
    intent,
    sent,
    served,
    until,
    upload,
)
from tests.tui.console import BARS, Console, write_bars

HELD_SPEC = {"strategy_id": "held", "symbols": ["X"]}
HELD_DAYS = {"entry.day": [1, 2, 3, 4]}


def generate(client: httpx.Client, nobody: object, **changed: Any) -> httpx.Response:
    request = {"workspace_id": str(nobody), "base_spec": SPEC, "dataset_ref": "anything at all"}
    constraints = {"sweep": {"entry.lookback_days": [3, 4]}, "include_ablations": True, "max_variants": 1000}
    return client.post(GENERATE, json={**request, "constraints": constraints, "objective": "return", **changed})


def run_plan(client: httpx.Client, fields: dict[str, str], content: bytes | str = BARS) -> httpx.Response:
    return client.post(EXECUTE_PLAN, data=fields, files=upload(content))


def kept(service: Served) -> set[str]:
    """The names of the uploads that are kept."""
    return {path.name for path in (service.database.parent / "datasets").glob("*")}


def without_ids(document: dict[str, Any]) -> dict[str, Any]:
    """A result without what differs from one execution to the next."""
    results = [{**each, "workspace_id": None} for each in document["results"]]
    theirs = {"run_plan_id", "duplicate_of", "dataset_sha256", "fail_if"}
    return {**{name: value for name, value in document.items() if name not in theirs}, "results": results}


# generate


def test_variants_are_generated_and_nothing_is_written(
    client: httpx.Client, service: Served, workspace_id: UUID
) -> None:
    before = service.head()
    found = GeneratedPlan.model_validate_json(generate(client, workspace_id).content)
    assert (found.workspace_id, found.n_variants, found.objective) == (workspace_id, 4, "return")
    assert [each.tags for each in found.variants] == [["baseline"], ["grid"], ["grid"], ["ablation"]]
    assert [each.overrides for each in found.variants][1:3] == [{"entry.lookback_days": 3}, {"entry.lookback_days": 4}]
    assert service.head() == before
    assert service.desk.accounts.find(workspace_id) is None
    assert GeneratedPlan.model_validate_json(generate(client, workspace_id).content).run_plan_id != found.run_plan_id


def test_the_variants_are_those_of_the_command_line(
    client: httpx.Client, workspace_id: UUID, console: Console, tmp_path: Path
) -> None:
    flags = ("--strategy", "breakout_52w_high", "--symbol", "X", "--set", "entry.lookback_days=2")
    data = ("--data", f"X={write_bars(tmp_path / 'bars.csv')}", "--sweep", "entry.lookback_days=3,4")
    shown = console.json("plan", "generate", *flags, *data)
    assert generate(client, workspace_id).json()["variants"] == shown["variants"]


def test_every_field_can_be_swept_lists_among_them(
    client: httpx.Client, workspace_id: UUID, console: Console, tmp_path: Path
) -> None:
    flags = ("--strategy", "breakout_52w_high", "--symbol", "X", "--set", "entry.lookback_days=2")
    values = {"exit.take_profit_by_bars": "[[1,5]],[[2,3],[9,1]],none", "execution.fill": "next_open,pessimistic"}
    values |= {"exit.trail_pct": "5", "risk.short_of_cash": "scale", "exit.trail": "false"}
    sweeps = [part for path, text in values.items() for part in ("--sweep", f"{path}={text}")]
    data = ("--data", f"X={write_bars(tmp_path / 'bars.csv')}")
    shown = console.json("plan", "generate", *flags, *data, *sweeps)
    lists = [[[1, 5]], [[2, 3], [9, 1]], None]
    sweep = {"exit.take_profit_by_bars": lists, "execution.fill": ["next_open", "pessimistic"]}
    sweep |= {"exit.trail_pct": [5], "risk.short_of_cash": ["scale"], "exit.trail": [False]}
    answered = generate(client, workspace_id, constraints={"sweep": sweep}).json()
    assert answered["variants"] == shown["variants"]
    assert answered["variants"][1]["overrides"]["exit.take_profit_by_bars"] == [[1, 5.0]]
    spec = {**SPEC, "exit": {"take_profit_by_bars": [[0, 1.5]], "trail_pct": 9}, "execution": {"fill": "next_open"}}
    assert generate(client, workspace_id, base_spec=spec, constraints={"sweep": sweep}).status_code == 200


@pytest.mark.parametrize(
    "values",
    [[[1, 5]], [[[1, {}]]], [[[1, 5, 6]]], [[[[1, 5]]]], [[["1", 5]]], [5], [[[1.5, 5]]], [[[True, 5]]]],
)
def test_lists_that_are_none_are_refused(client: httpx.Client, workspace_id: UUID, values: Any) -> None:
    answered = generate(client, workspace_id, constraints={"sweep": {"exit.take_profit_by_bars": values}})
    assert (answered.status_code, answered.json()["error_code"]) == (422, "INVALID_SPEC")
    other = generate(client, workspace_id, constraints={"sweep": {"entry.lookback_days": [[1]]}})
    assert (other.status_code, other.json()["error_code"]) == (422, "INVALID_SPEC")


def test_a_dataset_ref_is_a_label(client: httpx.Client, workspace_id: UUID, tmp_path: Path) -> None:
    for label in ("/etc/passwd", str(tmp_path), "../../x.csv", "", None, "http://example.com/x"):
        assert generate(client, workspace_id, dataset_ref=label).status_code == 200


def test_a_huge_sweep_answers_at_once(client: httpx.Client, workspace_id: UUID) -> None:
    sweep = {path: list(range(1, 1001)) for path in ("entry.lookback_days", "risk.max_positions", "exit.max_bars")}
    found = generate(client, workspace_id, constraints={"sweep": sweep, "max_variants": 10_000}).json()
    assert (found["n_variants"], found["variants_dropped"]) == (10_000, 1 + 1000**3 + 1 - 10_000)


WRONG: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "a path for a strategy": ({"base_spec": {**SPEC, "strategy_id": "../mine.py"}}, (404, "STRATEGY_NOT_FOUND")),
    "a file for a strategy": ({"base_spec": {**SPEC, "strategy_id": "/tmp/m.py:Mine"}}, (404, "STRATEGY_NOT_FOUND")),
    "an unknown strategy": ({"base_spec": {**SPEC, "strategy_id": "nothing"}}, (404, "STRATEGY_NOT_FOUND")),
    "an unknown parameter": ({"constraints": {"sweep": {"entry.lookback": [2]}}}, (422, "INVALID_SPEC")),
    "a wrong value": ({"constraints": {"sweep": {"entry.lookback_days": ["x"]}}}, (422, "INVALID_SPEC")),
    "no values": ({"constraints": {"sweep": {"entry.lookback_days": []}}}, (422, "INVALID_SPEC")),
    "too many variants": ({"constraints": {"max_variants": 10_001}}, (422, "INVALID_SPEC")),
    "no variants": ({"constraints": {"max_variants": 0}}, (422, "INVALID_SPEC")),
    "an unknown objective": ({"objective": "luck"}, (422, "INVALID_SPEC")),
    "an unknown field": ({"seed": 1}, (422, "INVALID_SPEC")),
    "an unknown field of the spec": ({"base_spec": {**SPEC, "leverage": 2}}, (422, "INVALID_SPEC")),
    "a bad uuid": ({"workspace_id": "default"}, (422, "INVALID_SPEC")),
    "no spec": ({"base_spec": None}, (422, "INVALID_SPEC")),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_generated(client: httpx.Client, service: Served, workspace_id: UUID, name: str) -> None:
    changed, expected = WRONG[name]
    before = service.head()
    assert code_of(generate(client, workspace_id, **changed)) == expected
    assert service.head() == before


def test_a_spec_that_is_no_json(client: httpx.Client) -> None:
    for body in (b"", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff"):
        assert code_of(client.post(GENERATE, content=body)) == (422, "INVALID_JSON")
    assert code_of(client.post(GENERATE, content=b" " * ((1 << 20) + 1))) == (413, "TOO_LARGE")


# generate and execute


def test_a_sweep_is_executed_and_recorded(client: httpx.Client, service: Served, workspace_id: UUID) -> None:
    response = run_plan(client, form(workspace_id, objective="return", slippage_bps=5))
    assert response.status_code == 200
    result = PlanResult.model_validate_json(response.content)
    assert (result.status, result.objective, result.bar_count) == ("completed", "return", 7)
    assert [each.status for each in result.results] == ["succeeded"] * len(result.results)
    assert service.desk.plans.result(result.run_plan_id) == result
    detail = service.desk.plans.get(result.run_plan_id)
    assert (detail.workspace_id, detail.plan["slippage_bps"]) == (workspace_id, 5.0)
    for each in result.results:
        assert each.metrics is not None
        report = service.desk.accounts.reconcile(each.workspace_id, dry_run=True)
        assert (report.drift, report.cash_after) == ({}, each.metrics.ending_equity)


def test_the_result_is_that_of_the_command_line(
    client: httpx.Client, workspace_id: UUID, console: Console, tmp_path: Path
) -> None:
    flags = ("--strategy", "breakout_52w_high", "--symbol", "GOOG", "--data", sample_path("GOOG"))
    by_command = console.json("plan", "run", *flags, "--sweep", "entry.lookback_days=20,55", "--slippage-bps", "5")
    spec = {"strategy_id": "breakout_52w_high", "symbols": ["GOOG"]}
    fields = form(workspace_id, spec=spec, sweep={"entry.lookback_days": [20, 55]}, slippage_bps=5)
    for content in (sample_path("GOOG").read_bytes(), gzip.decompress(sample_path("GOOG").read_bytes())):
        over_http = run_plan(client, fields, content).json()
        assert {**without_ids(over_http), "fingerprint": ""} == {**without_ids(by_command), "fingerprint": ""}
        assert over_http["dataset_sha256"] == hashlib.sha256(content).hexdigest()


def test_statistics_come_unless_they_are_not_wanted(client: httpx.Client, workspace_id: UUID) -> None:
    asked = run_plan(client, form(workspace_id)).json()
    spared = run_plan(client, form(workspace_id, statistics="false")).json()
    assert asked["statistics"]["verdict"] == "TOO_LITTLE_DATA"
    assert spared["statistics"] is None
    assert asked["benchmark"] == spared["benchmark"]
    assert asked["benchmark"].keys() >= {"return_pct", "sharpe_annual"}


def test_the_first_sweep_creates_its_account_and_starts_from_its_terms(
    client: httpx.Client, service: Served, workspace_id: UUID
) -> None:
    assert service.desk.accounts.find(workspace_id) is None
    assert run_plan(client, form(workspace_id)).status_code == 200
    assert service.desk.accounts.require(workspace_id).name == f"http-{workspace_id}"
    kinds = [event.event_type.value for event in service.desk.journal.events(workspace_id)]
    assert (kinds[0], kinds[1], kinds[-1]) == ("WORKSPACE_CREATED", "RUN_STARTED", "RUN_COMPLETED")
    rich = service.desk.accounts.create(f"rich {workspace_id.hex[:8]}", 77_000.0)
    result = run_plan(client, form(rich.id)).json()
    assert {each["metrics"]["starting_equity"] for each in result["results"]} == {77_000.0}


def test_the_upload_is_kept_under_its_sha256_and_found_again(
    client: httpx.Client, service: Served, workspace_id: UUID
) -> None:
    content = BARS.encode() + b"2024-01-11,12.75,13,12,12.5,100\n"
    for packed, suffix in ((content, ".csv"), (gzip.compress(content), ".csv.gz")):
        result = run_plan(client, form(workspace_id), packed).json()
        name = f"{hashlib.sha256(packed).hexdigest()}{suffix}"
        assert name in kept(service)
        assert result["dataset_sha256"] == name.removesuffix(suffix)
        path = service.database.parent / "datasets" / name
        assert path.read_bytes() == packed
        assert path.stat().st_mode & 0o077 == 0
        plan = service.desk.plans.get(result["run_plan_id"]).plan
        assert plan["dataset"]["sources"] == [str(path)]
        assert load_again(plan["data"]).bar_count == 8
        trades = service.desk.plans.trades(result["run_plan_id"], "baseline", load_again)
        assert len(trades) == result["results"][0]["metrics"]["trade_count"]
        with pytest.raises(ConflictError, match="complete"):
            service.desk.plans.resume(result["run_plan_id"], load_again)


REFUSED: dict[str, tuple[dict[str, Any], bytes | str, tuple[int, str]]] = {
    "data with faults": ({}, BARS.replace("10.25", "-1"), (422, "INVALID_DATA")),
    "no data": ({}, "", (422, "INVALID_DATA")),
    "a picture": ({}, b"\x89PNG\r\n\x1a\n" + bytes(100), (422, "INVALID_DATA")),
    "Parquet": ({}, b"PAR1" + bytes(100), (422, "INVALID_DATA")),
    "a broken gzip": ({}, gzip.compress(BARS.encode())[:-9], (422, "INVALID_DATA")),
    "a symbol that is not there": (
        {"spec": {**SPEC, "symbols": ["X", "Y"]}},
        BARS.replace("ts,", "symbol,ts,").replace("2024", "X,2024"),
        (422, "INVALID_DATA"),
    ),
    "two symbols and no column": ({"spec": {**SPEC, "symbols": ["X", "Y"]}}, BARS, (422, "INVALID_DATA")),
    "an unknown strategy": ({"spec": {**SPEC, "strategy_id": "../x.py"}}, BARS, (404, "STRATEGY_NOT_FOUND")),
    "an unknown parameter": ({"sweep": {"entry.x": [1]}}, BARS, (422, "INVALID_SPEC")),
    "an unknown objective": ({"objective": "luck"}, BARS, (422, "INVALID_SPEC")),
    "a slippage below zero": ({"slippage_bps": -1}, BARS, (422, "INVALID_SPEC")),
    "a slippage of everything": ({"slippage_bps": 10_000}, BARS, (422, "INVALID_SPEC")),
    "a slippage that is none": ({"slippage_bps": "NaN"}, BARS, (422, "INVALID_JSON")),
    "statistics that are neither asked for nor not": ({"statistics": "1"}, BARS, (422, "INVALID_REQUEST")),
    "a slippage as text": ({"slippage_bps": '"5"'}, BARS, (422, "INVALID_REQUEST")),
    "an unknown part": ({"seed": 1}, BARS, (422, "INVALID_REQUEST")),
    "a spec that is no JSON": ({"base_spec_json": "{"}, BARS, (422, "INVALID_JSON")),
    "a spec that is no spec": ({"base_spec_json": "[]"}, BARS, (422, "INVALID_SPEC")),
    "a key twice": ({"constraints_json": '{"sweep": {}, "sweep": {}}'}, BARS, (422, "INVALID_JSON")),
    "too many variants": ({"constraints_json": '{"max_variants": 10001}'}, BARS, (422, "INVALID_SPEC")),
    "a bad uuid": ({"workspace_id": "default"}, BARS, (422, "INVALID_REQUEST")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_nothing(client: httpx.Client, service: Served, workspace_id: UUID, name: str) -> None:
    changed, content, expected = REFUSED[name]
    fields = {**form(workspace_id), **form(**{"workspace_id": workspace_id, **changed})}
    before, files = service.head(), kept(service)
    response = run_plan(client, fields, content)
    assert code_of(response) == expected
    assert (service.head(), kept(service)) == (before, files)
    assert service.desk.accounts.find(workspace_id) is None
    assert "/tmp" not in response.text
    assert "--data" not in response.text


def test_the_faults_of_an_upload_are_told(client: httpx.Client, workspace_id: UUID) -> None:
    body = run_plan(client, form(workspace_id), BARS.replace("10.25", "-1")).json()
    assert body["fault_count"] == len(body["faults"]) > 1
    assert body["faults"][0].startswith("the upload: row ")


def test_an_upload_whose_times_have_no_name_is_read_and_what_is_none_is_called_by_its_name(
    client: httpx.Client, workspace_id: UUID
) -> None:
    assert run_plan(client, form(workspace_id), BARS.removeprefix("ts")).json()["bar_count"] == 7
    refused = run_plan(client, form(workspace_id), b"BZh91AY&SY").json()
    assert refused["faults"] == [
        "the upload: row 1: the file is a bzip2 archive; `papertape data import FILE.csv --to FILE.bars.csv` makes"
        " a file that is read"
    ]
    headless = run_plan(client, form(workspace_id), BARS.partition("\n")[2]).json()
    assert headless["faults"][0].startswith("the upload: row 1 is data: there is no header")


def parts(*each: bytes) -> bytes:
    return b"".join(b"--xx\r\n" + part + b"\r\n" for part in each) + b"--xx--\r\n"


def part(name: str, value: bytes, file: bool = False) -> bytes:
    named = b'Content-Disposition: form-data; name="' + name.encode() + b'"'
    return named + (b'; filename="f"' if file else b"") + b"\r\n\r\n" + value


NOBODY = part("workspace_id", b"00000000-0000-4000-8000-000000000000")
SPEC_PART, FILE_PART = part("base_spec_json", json.dumps(SPEC).encode()), part("file", BARS.encode(), file=True)
WHOLE = parts(NOBODY, SPEC_PART, FILE_PART)
MULTIPART = "multipart/form-data; boundary=xx"
MALFORMED = {
    "JSON": ("application/json", b"{}"),
    "no type": ("", WHOLE),
    "no boundary": ("multipart/form-data", WHOLE),
    "another boundary": ("multipart/form-data; boundary=yy", WHOLE),
    "a boundary without end": (f"multipart/form-data; boundary={'x' * 400}", WHOLE),
    "nothing": (MULTIPART, b""),
    "cut off": (MULTIPART, WHOLE[:-10]),
    "no file": (MULTIPART, parts(NOBODY, SPEC_PART)),
    "no spec": (MULTIPART, parts(NOBODY, FILE_PART)),
    "a part twice": (MULTIPART, parts(NOBODY, NOBODY, SPEC_PART, FILE_PART)),
    "two files": (MULTIPART, parts(NOBODY, SPEC_PART, FILE_PART, FILE_PART)),
    "a field as a file": (MULTIPART, parts(NOBODY, part("base_spec_json", b"{}", file=True), FILE_PART)),
    "a part without a name": (MULTIPART, parts(b"Content-Type: text/plain\r\n\r\nx", NOBODY, SPEC_PART, FILE_PART)),
    "not UTF-8": (MULTIPART, parts(NOBODY, part("base_spec_json", b"\xff"), FILE_PART)),
}


def test_a_form_by_hand_is_taken(client: httpx.Client) -> None:
    assert client.post(EXECUTE_PLAN, content=WHOLE, headers={"Content-Type": MULTIPART}).status_code == 200


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_form_is_422(client: httpx.Client, service: Served, name: str) -> None:
    kind, body = MALFORMED[name]
    before = service.head()
    response = client.post(EXECUTE_PLAN, content=body, headers={"Content-Type": kind} if kind else {})
    assert code_of(response) == (422, "INVALID_REQUEST")
    assert service.head() == before


@pytest.fixture(scope="module")
def small(home: Path) -> Iterator[Served]:
    """A service that takes uploads of one MiB, and has the strategy that waits."""
    with served(home / "small" / "desk.db", upload_limit_mib=1) as running:
        running.desk.research.registry.add(Held, "the tests")
        yield running


def test_an_upload_beyond_the_limit_is_413(small: Served, workspace_id: UUID) -> None:
    large = BARS.encode() * (2 * (1 << 20) // len(BARS))
    fields = form(workspace_id)
    with small.client() as client:
        request = client.build_request("POST", EXECUTE_PLAN, data=fields, files=upload(large))
        assert code_of(run_plan(client, fields, large)) == (413, "TOO_LARGE")
        kind, body = {"Content-Type": request.headers["Content-Type"]}, request.read()
        pieces = (body[at : at + 65_536] for at in range(0, len(body), 65_536))  # without saying how large it is
        assert code_of(client.post(EXECUTE_PLAN, content=pieces, headers=kind)) == (413, "TOO_LARGE")
        assert code_of(run_plan(client, form(workspace_id), gzip.compress(large))) == (413, "TOO_LARGE")
        bomb = gzip.compress(bytes(200 << 20))
        assert len(bomb) < 1 << 20
        assert code_of(run_plan(client, form(workspace_id), bomb)) == (413, "TOO_LARGE")
    assert kept(small) == set()
    assert small.head() == 0


def test_an_upload_of_too_many_rows_is_413(small: Served, workspace_id: UUID) -> None:
    many = BARS.encode() + b"\n" * 32_768
    with small.client() as client:
        for content in (many, gzip.compress(many)):
            refused = run_plan(client, form(workspace_id), content)
            assert code_of(refused) == (413, "TOO_LARGE")
            assert refused.json()["error"].startswith("the upload has more; at most 32,768 rows are taken")
        assert run_plan(client, form(workspace_id), many[:-9]).status_code == 200


# one at a time


@pytest.fixture
def held() -> Iterator[type[Held]]:
    """The strategy, ready to be waited for."""
    Held.reached.clear()
    Held.go.clear()
    yield Held
    Held.go.set()


@pytest.fixture
def helper() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_beyond_the_sweeps_at_once_it_is_429_and_others_are_answered(
    small: Served, held: type[Held], helper: ThreadPoolExecutor, workspace_id: UUID
) -> None:
    fields = form(workspace_id, spec=HELD_SPEC, sweep=HELD_DAYS)
    with small.client() as client, small.client() as other:
        first: Future[httpx.Response] = helper.submit(run_plan, client, fields)
        assert held.reached.wait(WAIT_S)
        second = run_plan(other, fields)
        assert code_of(second) == (429, "TOO_MANY_SWEEPS")
        assert int(second.headers["Retry-After"]) > 0
        assert execute(other, intent(workspace_id)).json()["success"] is True
        assert generate(other, workspace_id).status_code == 200
        assert not first.done()
        held.go.set()
        assert first.result(WAIT_S).json()["status"] == "completed"
        assert run_plan(other, fields).status_code == 200


def test_it_says_429_before_it_takes_the_upload(
    small: Served, held: type[Held], helper: ThreadPoolExecutor, workspace_id: UUID
) -> None:
    with small.client() as client, small.client() as other:
        first = helper.submit(run_plan, client, form(workspace_id, spec=HELD_SPEC, sweep=HELD_DAYS))
        assert held.reached.wait(WAIT_S)
        assert code_of(other.post(EXECUTE_PLAN, content=b"anything")) == (429, "TOO_MANY_SWEEPS")
        held.go.set()
        assert first.result(WAIT_S).status_code == 200


def test_a_client_that_goes_away_cancels_its_sweep(
    small: Served, held: type[Held], workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    noticed = threading.Event()
    stop = Stoppable.stop

    def stopped(self: Stoppable) -> None:
        stop(self)
        noticed.set()

    monkeypatch.setattr(Stoppable, "stop", stopped)
    fields = form(workspace_id, spec=HELD_SPEC, sweep=HELD_DAYS)
    with small.client() as client:
        request = client.build_request("POST", EXECUTE_PLAN, data=fields, files=upload())
    with sent(request):
        assert held.reached.wait(WAIT_S)
        assert not noticed.is_set()
    assert noticed.wait(WAIT_S)
    (plan,) = [one for one in small.desk.plans.all() if one.status == "running"]
    held.go.set()
    until(lambda: small.desk.plans.get(plan.run_plan_id).status != "running")
    cancelled = small.desk.plans.get(plan.run_plan_id)
    assert cancelled.status == "cancelled"
    assert 0 < cancelled.done < cancelled.variants
    resumed = small.desk.plans.resume(plan.run_plan_id, load_again)
    with small.client() as again:
        assert without_ids(run_plan(again, fields).json()) == without_ids(resumed.model_dump(mode="json"))


def test_a_sweep_that_somebody_else_cancels_is_503_with_its_id(
    small: Served,
    held: type[Held],
    helper: ThreadPoolExecutor,
    workspace_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", 0)
    with small.client() as client:
        running = helper.submit(run_plan, client, form(workspace_id, spec=HELD_SPEC, sweep=HELD_DAYS))
        assert held.reached.wait(WAIT_S)
        (plan,) = [one for one in small.desk.plans.all() if one.status == "running"]
        small.desk.plans.cancel(plan.run_plan_id)
        held.go.set()
        answered = running.result(WAIT_S)
    assert code_of(answered) == (503, "CANCELLED")
    assert answered.json()["run_plan_id"] == str(plan.run_plan_id)
    assert "plan resume" in answered.json()["error"]


# out of sample


def open_holdout(client: httpx.Client, run_plan_id: str) -> httpx.Response:
    return client.post(f"/testing/run-plans/{run_plan_id}/open")


def test_a_holdout_is_kept_and_opened_once(client: httpx.Client, service: Served, workspace_id: UUID) -> None:
    fields = form(workspace_id, holdout="25%", walk_forward="train=2,test=1,anchored")
    result = run_plan(client, fields).json()
    assert (result["holdout"]["opened"], result["holdout"]["best"]) == (False, None)
    assert result["walk_forward"]["folds"][0]["train_from"] < result["walk_forward"]["folds"][0]["test_from"]
    assert result["walk_forward"]["folds"][-1]["test_to"] < result["holdout"]["from"]
    opened = open_holdout(client, result["run_plan_id"])
    assert opened.status_code == 200, opened.text
    assert opened.json()["holdout"]["opened"]
    assert opened.json()["holdout"]["baseline"]["starting_equity"] == 10_000.0
    head = service.head()
    assert open_holdout(client, result["run_plan_id"]).json() == opened.json()
    assert service.head() == head


def test_what_cannot_be_opened_is_told(client: httpx.Client, service: Served, workspace_id: UUID) -> None:
    plain = run_plan(client, form(workspace_id)).json()["run_plan_id"]
    head = service.head()
    for run_plan_id, expected in (
        (plain, (409, "HOLDOUT_NOT_OPENABLE")),
        (str(workspace_id), (404, "RUN_PLAN_NOT_FOUND")),
        ("last", (422, "INVALID_REQUEST")),
    ):
        answered = open_holdout(client, run_plan_id)
        assert (answered.status_code, answered.json()["error_code"]) == expected
    kept_plan = run_plan(client, form(workspace_id, holdout="25%")).json()["run_plan_id"]
    for path in (service.database.parent / "datasets").glob("*"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    answered = open_holdout(client, kept_plan)
    assert (answered.status_code, answered.json()["error_code"]) == (422, "DATASET_CHANGED")
    assert service.head() > head


@pytest.mark.parametrize(
    "more", [{"holdout": "all"}, {"holdout": "1%"}, {"walk_forward": "train=2"}, {"walk_forward": "train=900,test=9"}]
)
def test_windows_that_are_none_are_refused(
    client: httpx.Client, service: Served, workspace_id: UUID, more: dict[str, str]
) -> None:
    head = service.head()
    answered = run_plan(client, form(workspace_id, **more))
    assert (answered.status_code, answered.json()["error_code"]) == (422, "INVALID_SPEC")
    assert service.head() == head
