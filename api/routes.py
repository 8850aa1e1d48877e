"""The routes: read the request, call the desk in a thread, answer with the engine's model."""

from __future__ import annotations

from fastapi import APIRouter, Request, Security
from fastapi.security import APIKeyHeader
from starlette.responses import Response

from api import sweeps
from api.accounts import reconcile, reset, state_of, unseen_workspace, uuid_in, workspace_id_in
from api.answers import answer
from api.bodies import read_form, read_json
from api.models import (
    EXECUTE_EXAMPLE,
    FORM,
    GENERATE_EXAMPLE,
    IN_PATH,
    INTENT,
    JSON_BODY,
    OPEN,
    RESET,
    RUN_PLAN,
    SPEC,
    SWEEP,
    WORKSPACE,
    ExecuteRequest,
    GeneratedPlan,
    GenerateRequest,
    json_body,
    refusals,
)
from api.service import service_of
from api.token import HEADER
from engine.account.state import PaperPosition, PaperState
from engine.broker.execute import ExecutionResult
from engine.broker.reconcile import ReconcileReport
from engine.ports import Watch
from engine.sweeps.results import PlanResult
from engine.validation import parse_model
from storage.system import processors

# the gate in front of the routes has looked at it; here it is documented
_TOKEN = APIKeyHeader(name=HEADER, auto_error=False, scheme_name="AdminToken")

router = APIRouter(dependencies=[Security(_TOKEN)], redirect_slashes=False)


@router.post(
    "/execute/intents",
    response_model=ExecutionResult,
    response_description="Filled; or refused by the policy: `success` is false, `error_code` is `POLICY_REJECTED`.",
    responses=refusals(JSON_BODY, INTENT),
    openapi_extra=json_body(ExecuteRequest, EXECUTE_EXAMPLE),
    tags=["execute"],
)
async def execute_intent(request: Request) -> Response:
    """Fill an intent in its workspace at the price given, once, or say why not."""
    service, body = service_of(request), await read_json(request)

    def work() -> Response:
        asked = parse_model(ExecuteRequest, body, code="INVALID_INTENT", what="the request")
        fresh = unseen_workspace(asked.intent.workspace_id)
        return answer(service.desk.trading.execute(asked.intent, asked.fill_price, asked.mode, to_create=fresh))

    return await service.call(work)


@router.get(
    "/execute/paper/state/{workspace_id}",
    response_model=PaperState,
    responses=refusals(IN_PATH),
    openapi_extra=WORKSPACE,
    tags=["execute"],
)
async def paper_state(request: Request) -> Response:
    """The account as of now."""
    service, workspace_id = service_of(request), workspace_id_in(request.path_params["workspace_id"])
    return await service.call(lambda: answer(state_of(service.desk, workspace_id)))


@router.get(
    "/execute/paper/positions/{workspace_id}",
    response_model=list[PaperPosition],
    responses=refusals(IN_PATH),
    openapi_extra=WORKSPACE,
    tags=["execute"],
)
async def paper_positions(request: Request) -> Response:
    """What is held, a position a symbol."""
    service, workspace_id = service_of(request), workspace_id_in(request.path_params["workspace_id"])
    return await service.call(lambda: answer(list(state_of(service.desk, workspace_id).positions.values())))


@router.post(
    "/execute/paper/reconcile/{workspace_id}",
    response_model=ReconcileReport,
    responses=refusals(IN_PATH),
    openapi_extra=WORKSPACE,
    tags=["execute"],
)
async def paper_reconcile(request: Request) -> Response:
    """Rebuild the account from its journal, and report what had drifted."""
    service, workspace_id = service_of(request), workspace_id_in(request.path_params["workspace_id"])
    return await service.call(lambda: answer(reconcile(service.desk, workspace_id, service.watch())))


@router.post(
    "/execute/paper/reset/{workspace_id}",
    response_model=PaperState,
    responses=refusals(IN_PATH, RESET),
    openapi_extra=WORKSPACE,
    tags=["execute"],
)
async def paper_reset(request: Request) -> Response:
    """Put the account back to its start. The journal stays: ids executed stay executed."""
    service, workspace_id = service_of(request), workspace_id_in(request.path_params["workspace_id"])
    return await service.call(lambda: answer(reset(service.desk, workspace_id)))


@router.post(
    "/testing/run-plans/generate",
    response_model=GeneratedPlan,
    responses=refusals(JSON_BODY, SPEC),
    openapi_extra=json_body(GenerateRequest, GENERATE_EXAMPLE),
    tags=["sweeps"],
)
async def generate_run_plan(request: Request) -> Response:
    """The variants of a sweep. Nothing is executed or written."""
    service, body = service_of(request), await read_json(request)
    return await service.call(lambda: answer(sweeps.generated(service.desk, body)))


@router.post(
    "/testing/run-plans/generate-and-execute",
    response_model=PlanResult,
    responses=refusals(SWEEP, SPEC),
    openapi_extra=FORM,
    tags=["sweeps"],
)
async def generate_and_execute(request: Request) -> Response:
    """Execute a sweep on an uploaded file. The file is kept, so that a run that was stopped can be resumed."""
    service = service_of(request)
    service.refuse_when_full()
    form = await read_form(request, fields=sweeps.FIELDS, file=sweeps.FILE, limit=service.upload_limit.size)

    def work(watch: Watch) -> Response:
        wanted = sweeps.upload_of(form)
        result = sweeps.executed(service.desk, wanted, service.database, service.upload_limit, _workers(), watch)
        return answer(result)

    return await service.sweep(request, work)


@router.post(
    "/testing/run-plans/{run_plan_id}/open",
    response_model=PlanResult,
    responses=refusals(OPEN),
    openapi_extra=RUN_PLAN,
    tags=["sweeps"],
)
async def open_holdout(request: Request) -> Response:
    """Open a run plan's holdout, once: trade the best and the baseline on it, and judge anew."""
    service, run_plan_id = service_of(request), uuid_in(request.path_params["run_plan_id"], "run_plan_id")
    service.refuse_when_full()
    return await service.sweep(request, lambda watch: answer(sweeps.opened(service.desk, str(run_plan_id), watch)))


def _workers() -> int:
    """A processor for each worker, and one for the service's other answers."""
    return max(1, processors() - 1)
