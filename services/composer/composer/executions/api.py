"""Starting and cancelling executions over HTTP; they are read at the status service."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Header
from pydantic import BaseModel, Field

from composer.executions import usecases
from composer.repository.executions import ExecutionRecord
from composer.rules.execution_requests import ExecutionRequest
from composer.rules.triggers import api_trigger
from composer.web.dependencies import CompositionPath, Heads, InTransaction
from queryflow.domain.ids import ExecutionId
from queryflow.domain.states import ExecutionState
from queryflow.http.app import new_router
from queryflow.http.refusals import refusals

router = new_router("/api", "executions")

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", description="A repeat with the same key starts nothing")
]


class ExecutionLinks(BaseModel):
    """Where to follow an execution."""

    self_: str = Field(alias="self")
    events: str


class ExecutionAccepted(BaseModel):
    """The execution that was stored and will be launched; of a single query, `composition_id` is its `query_…`."""

    execution_id: UUID
    composition_id: str
    version: str
    state: Literal[ExecutionState.REQUESTED]
    links: ExecutionLinks


class CancelAccepted(BaseModel):
    """The execution that was asked to end, and where it stood then."""

    execution_id: UUID
    composition_id: str
    state: ExecutionState
    cancel_requested_at: datetime | None
    links: ExecutionLinks


@router.post(
    "/compositions/{composition}/execute",
    status_code=202,
    responses=refusals(404, 409, 422),
    summary="Execute a composition",
)
async def execute_composition(
    transaction: InTransaction,
    version_cache: Heads,
    reference: CompositionPath,
    request: ExecutionRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> ExecutionAccepted:
    """Start a version of the composition (auto: the published one, else the head); follow it at the `self` link."""
    trigger = api_trigger(request or ExecutionRequest(), idempotency_key)
    return accepted(await usecases.request_execution(transaction, version_cache, reference, trigger))


@router.post(
    "/executions/{execution_id}/cancel",
    status_code=202,
    responses=refusals(404, 409, 422),
    summary="Cancel an execution",
)
async def cancel_execution(transaction: InTransaction, execution_id: UUID) -> CancelAccepted:
    """Ask for the execution to end; asking again changes nothing, and 409 says that it ended in another way."""
    cancelled = await usecases.cancel_execution(transaction, ExecutionId(execution_id))
    return CancelAccepted(
        execution_id=cancelled.execution_id,
        composition_id=cancelled.composition_id,
        state=cancelled.state,
        cancel_requested_at=cancelled.cancel_requested_at,
        links=_links(cancelled),
    )


def accepted(execution: ExecutionRecord) -> ExecutionAccepted:
    """The answer to whoever asked for an execution."""
    return ExecutionAccepted(
        execution_id=execution.execution_id,
        composition_id=execution.composition_id,
        version=execution.version,
        state=ExecutionState.REQUESTED,
        links=_links(execution),
    )


def _links(execution: ExecutionRecord) -> ExecutionLinks:
    address = f"/api/executions/{execution.execution_id}"
    return ExecutionLinks(self=address, events=f"{address}/events")
