"""Sweeps as requests have them: generated only, or executed on an uploaded file of bars."""

from __future__ import annotations

import gzip
import io
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from api.accounts import unseen_workspace, workspace_id_in
from api.answers import RequestRefused
from api.bodies import Form, too_large
from api.models import Constraints, GeneratedPlan, GeneratedVariant, GenerateRequest
from engine.desk import Desk
from engine.drivers.bar_loop import check_slippage
from engine.errors import ConflictError, DataError, SystemFault
from engine.jsontext import parse_json
from engine.market.bars import Dataset
from engine.ports import Watch
from engine.strategies.spec import parse_spec
from engine.sweeps.objectives import objective
from engine.sweeps.plan.generator import generate
from engine.sweeps.plan.request import SweepRequest
from engine.sweeps.results import PlanResult, cancelled
from engine.validation import parse_model
from engine.vocabulary import DEFAULT_OBJECTIVE
from storage.datasets import keep_dataset, load_again, loading
from storage.market_files import import_command, infer_timeframe, load_dataset

CSV, CSV_GZ = ".csv", ".csv.gz"
CALLED = "the upload"
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_PIECE = 1 << 20
_BYTES_A_ROW = 32


@dataclass(frozen=True, slots=True)
class UploadLimit:
    """The largest upload, unpacked: its bytes, and its rows, on which memory and time depend."""

    size: int

    @property
    def rows(self) -> int:
        """The most rows: one for every 32 bytes. Real files have at least 64 bytes a row."""
        return self.size // _BYTES_A_ROW


def check_upload(content: bytes, limit: UploadLimit) -> str:
    """The suffix of a file with these bytes. TOO_LARGE when it is beyond the limit, unpacked where it is a gzip.

    DataError for Parquet, whose size unpacked cannot be known without unpacking it.
    """
    if content.startswith(_PARQUET):
        refused = f"{CALLED} is Parquet"
        raise DataError(refused, faults=(refused,), hint="upload CSV, plain or gzipped")
    is_packed = content.startswith(_GZIP)
    size = rows = 0
    for piece in _unpacked(content) if is_packed else (content,):
        size, rows = size + len(piece), rows + piece.count(b"\n")
        if size > limit.size:
            raise too_large(f"{CALLED} unpacks to more", limit.size)
        if rows > limit.rows:
            raise too_large(f"{CALLED} has more", limit.rows, "rows")
    return CSV_GZ if is_packed else CSV


@contextmanager
def named_after(path: Path) -> Iterator[None]:
    """Report faults of the file at `path` as faults of the upload: its path means nothing to a client."""
    try:
        yield
    except DataError as error:
        message, hint = _said(error.message, path), _said(error.hint, path)
        faults = [_said(fault, path) for fault in error.faults]
        raise DataError(message, faults=faults, fault_count=error.fault_count, hint=hint) from error


def _said(text: str, path: Path) -> str:
    """A sentence without the path; a command that imports the file has the client's own names."""
    return text.replace(import_command(str(path)), import_command("FILE.csv")).replace(str(path), CALLED)


def _unpacked(content: bytes) -> Iterator[bytes]:
    """Unpack a gzip piece by piece; damage is left to the reader."""
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as opened:
        try:
            while piece := opened.read(_PIECE):
                yield piece
        except (EOFError, OSError, zlib.error):
            pass


FILE = "file"
FIELDS = (
    "workspace_id",
    "base_spec_json",
    "constraints_json",
    "objective",
    "slippage_bps",
    "statistics",
    "holdout",
    "walk_forward",
)
_REQUIRED = ("workspace_id", "base_spec_json")


@dataclass(frozen=True, slots=True)
class SweepUpload:
    """A sweep to be executed on an upload, in a workspace that may not be there yet."""

    workspace_id: UUID
    request: SweepRequest
    content: bytes


def generated(desk: Desk, body: bytes) -> GeneratedPlan:
    """The variants of a JSON request; nothing is executed or written."""
    request = parse_model(GenerateRequest, body, code="INVALID_SPEC", what="the request")
    objective(request.objective)
    plan = generate(desk.research.compile(request.base_spec), **_bounds(request.constraints))
    variants = [GeneratedVariant(**{**variant.payload(), "tags": list(variant.tags)}) for variant in plan.variants]
    return GeneratedPlan(
        run_plan_id=uuid4(),
        workspace_id=request.workspace_id,
        n_variants=len(variants),
        variants_dropped=plan.dropped,
        objective=request.objective,
        variants=variants,
    )


def upload_of(form: Form) -> SweepUpload:
    """Read the form; raises INVALID_REQUEST, INVALID_JSON or INVALID_SPEC."""
    missing = [name for name in _REQUIRED if name not in form.fields]
    if form.file is None:
        missing.append(FILE)
    if missing or form.file is None:
        raise RequestRefused("INVALID_REQUEST", f"the form has no part {', '.join(missing)}")
    fields = form.fields
    name = fields.get("objective", DEFAULT_OBJECTIVE)
    objective(name)
    workspace_id = workspace_id_in(fields["workspace_id"])
    request = SweepRequest(
        spec=parse_spec(fields["base_spec_json"], "base_spec_json"),
        workspace=workspace_id,
        objective=name,
        **_bounds(_constraints(fields.get("constraints_json", "{}"))),
        slippage_bps=_slippage(fields.get("slippage_bps", "0")),
        statistics=_flag(fields.get("statistics", "true"), "statistics"),
        holdout=fields.get("holdout"),
        walk_forward=fields.get("walk_forward"),
    )
    request.check()
    return SweepUpload(workspace_id, request, form.file)


def executed(
    desk: Desk, wanted: SweepUpload, database: Path, limit: UploadLimit, workers: int, watch: Watch
) -> PlanResult:
    """Load the upload, keep it, run the sweep. What is wrong with any of it is said before anything is written.

    INVALID_DATA, TOO_LARGE, INVALID_SPEC, STRATEGY_NOT_FOUND; CANCELLED when it was stopped, with the id to resume.
    """
    compiled = desk.research.compile(wanted.request.spec)
    generate(compiled, wanted.request.sweep, max_variants=1)  # the values, refused before the data are read
    workspace = desk.accounts.find(wanted.workspace_id) or unseen_workspace(wanted.workspace_id)
    dataset, data = _kept(wanted, database, limit, workspace.limits.session_tz, watch)
    request = replace(wanted.request, timeframe=infer_timeframe(dataset), data=data)
    result = desk.plans.execute(request, dataset, workers=workers, watch=watch, to_create=workspace)
    if result.status == "cancelled":
        raise _stopped(result)
    return result


def opened(desk: Desk, run_plan_id: str, watch: Watch) -> PlanResult:
    """Open a run plan's holdout, on the data that were kept of it.

    RUN_PLAN_NOT_FOUND, HOLDOUT_NOT_OPENABLE, DATASET_CHANGED, STRATEGY_CHANGED, STRATEGY_UNTRUSTED.
    """

    def load(told: Mapping[str, Any]) -> Dataset:
        if "sources" not in told:
            raise ConflictError(
                "HOLDOUT_NOT_OPENABLE",
                "this run plan was started by a program that did not record where its data are",
                hint="open it from that program",
            )
        return load_again(told, watch)

    holdout = desk.plans.get(run_plan_id).holdout
    if holdout is not None and not holdout.opened:
        desk.plans.know_strategy(run_plan_id)
    return desk.plans.open(run_plan_id, load)


def _constraints(text: str) -> Constraints:
    return parse_model(Constraints, text, code="INVALID_SPEC", what="constraints_json")


def _bounds(constraints: Constraints) -> dict[str, Any]:
    return {
        "sweep": constraints.sweep,
        "include_ablations": constraints.include_ablations,
        "max_variants": constraints.max_variants,
        "sample": constraints.sample,
    }


def _slippage(text: str) -> float:
    value = parse_json(text, what="slippage_bps")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RequestRefused("INVALID_REQUEST", f"slippage_bps: {text[:40]!r} is not a number")
    check_slippage(value)
    return float(value)


def _flag(text: str, name: str) -> bool:
    value = parse_json(text, what=name)
    if not isinstance(value, bool):
        raise RequestRefused("INVALID_REQUEST", f"{name}: {text[:40]!r} is neither true nor false")
    return value


def _kept(
    wanted: SweepUpload, database: Path, limit: UploadLimit, session_tz: str, watch: Watch
) -> tuple[Dataset, Mapping[str, Any]]:
    """Load the upload's bars, then keep the file so that it can be loaded again; a faulty one is not kept."""
    suffix = check_upload(wanted.content, limit)
    symbols = wanted.request.spec.symbols
    with tempfile.TemporaryDirectory(prefix="papertape-") as room:
        path = Path(room) / f"upload{suffix}"
        path.write_bytes(wanted.content)
        with named_after(path):
            dataset = load_dataset([(None, path)], symbols=symbols, session_tz=session_tz, watch=watch)
    kept = keep_dataset(wanted.content, database, suffix)
    data = {**loading([(None, kept)], symbols=symbols, session_tz=session_tz), "warnings": list(dataset.warnings)}
    return replace(dataset, sources=(str(kept),)), data


def _stopped(result: PlanResult) -> SystemFault:
    error = cancelled(result)
    error.details.update(run_plan_id=str(result.run_plan_id), done=result.done, variants=len(result.results))
    return error
