"""Running a single template or SQL text over HTTP; both are answered as every execution is."""

from composer.executions.api import ExecutionAccepted, IdempotencyKey, accepted
from composer.queries import usecases
from composer.queries.usecases import QueryRequest, TemplateRunRequest
from composer.templates.api import TemplatePath
from composer.web.dependencies import InTransaction
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api", "queries")


@router.post("/templates/{template_id}/run", status_code=202, responses=refusals(404, 422), summary="Run a template")
async def run_template(
    transaction: InTransaction,
    template_id: TemplatePath,
    request: TemplateRunRequest,
    idempotency_key: IdempotencyKey = None,
) -> ExecutionAccepted:
    """Run the template by itself, as a flow of one node `query`; follow it at the `self` link."""
    trigger = request.trigger(idempotency_key)
    return accepted(await usecases.run_template(transaction, template_id, request, trigger))


@router.post("/queries", status_code=202, responses=refusals(422), summary="Run a query")
async def run_query(
    transaction: InTransaction, request: QueryRequest, idempotency_key: IdempotencyKey = None
) -> ExecutionAccepted:
    """Run a text of SQL once, as a flow of one node `query`; nothing is saved but the execution."""
    return accepted(await usecases.run_text(transaction, request, request.trigger(idempotency_key)))
